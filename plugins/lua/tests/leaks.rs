//! That nothing is left behind by calls: memory of the process, before and after many of each kind.
#![cfg(target_os = "linux")]

mod support;

use std::time::Instant;

use greeter_api::Greeter;
use kinds_api as _;
use polyplug::{Caller, Runtime};
use support::{load, runtime};

/// What the host offers.
#[polyplug::host_contract(id = "test.echo", version = "1.0")]
pub trait Echo: Send + Sync {
    /// Answers the same.
    fn echo(&self, text: &str) -> String;
    /// Calls a closure.
    fn call(&self, work: &dyn Fn(&str) -> String) -> String;
    /// Makes a closure.
    fn make(&self) -> Box<dyn Fn(u32) -> u32 + Send + Sync>;
}

struct Host;

impl Echo for Host {
    fn echo(&self, text: &str) -> String {
        text.to_owned()
    }
    fn call(&self, work: &dyn Fn(&str) -> String) -> String {
        work("text")
    }
    fn make(&self) -> Box<dyn Fn(u32) -> u32 + Send + Sync> {
        Box::new(|value| value + 1)
    }
}

const PLUGIN: &str = r#"
local plugin = polyplug.plugin {
  name = "leaky", version = "1.0.0", implements = { "demo.greeter" }, requires = { "test.echo" },
  new = function(context) return { echo = context:host("test.echo"), count = 0 } end,
}
function plugin:greet(what)
  self.count = self.count + 1
  if what == "string" then return "a string that is made anew: " .. self.count end
  if what == "error" then error("an error that is made anew: " .. self.count) end
  if what == "number" then return 5 end
  if what == "echo" then return self.echo:echo("text " .. self.count) end
  if what == "closure" then return self.echo:call(function(text) return text .. self.count end) end
  if what == "make" then return tostring(self.echo:make()(1)) end
  collectgarbage() collectgarbage()
  return ""
end
return plugin
"#;

/// Resident memory, in bytes.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("statm");
    let pages: usize = text
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .expect("pages");
    pages * 4096
}

fn leaky(runtime: &Runtime) -> Caller<dyn Greeter> {
    runtime.provide::<dyn Echo>(Host).expect("provided");
    load(runtime, PLUGIN).expect("it loads");
    runtime.get_from::<dyn Greeter>("leaky").expect("a caller")
}

/// One test, for the memory is that of the process.
#[test]
fn memory_stays_as_it_was() {
    let runtime = runtime();
    let leaky = leaky(&runtime);
    // A million errors take most of a minute in a build for debugging: asked for with this variable.
    let all = std::env::var_os("POLYPLUG_ALL_LEAKS").is_some();
    let errors = if all { 1_000_000 } else { 100_000 };
    for (what, count) in [
        ("string", 1_000_000),
        ("error", errors),
        ("number", 100_000),
        ("echo", 100_000),
        ("closure", 50_000),
        ("make", 50_000),
    ] {
        let call = |count: u32| {
            for _ in 0..count {
                let _ = polyplug::catch(|| leaky.greet(what));
            }
            leaky.greet("collect");
        };
        call(count / 2);
        let before = resident();
        let start = Instant::now();
        call(count);
        let grown = resident().saturating_sub(before);
        println!(
            "{count} times `{what}`: {grown} bytes more, {:?}",
            start.elapsed()
        );
        assert!(
            grown < 3 << 20,
            "{count} times `{what}` left {grown} bytes behind"
        );
    }
    let folder = support::Folder::new();
    let text = PLUGIN.replace("leaky", "loaded");
    let path = folder.write("loaded.lua", text);
    let module = runtime.load(path).expect("it loads");
    let reload = |count: u32| {
        for _ in 0..count {
            module.reload().expect("it reloads");
        }
    };
    reload(200);
    let before = resident();
    reload(400);
    let grown = resident().saturating_sub(before);
    println!("400 reloads: {grown} bytes more");
    assert!(grown < 8 << 20, "400 reloads left {grown} bytes behind");
}
