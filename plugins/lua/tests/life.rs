//! What a plugin in Lua has of its runtime, and what becomes of it: host contracts, peers, configuration, the log, calls from
//! many threads and from inside calls, reloads and the end.

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use greeter_api::Greeter;
use guestbook_api::Guestbook;
use kinds_api as _;
use polyplug::{Caller, FaultKind, Runtime};
use support::{Folder, file, load, plugin, runtime};
use tracing_subscriber::layer::{Context, SubscriberExt as _};

/// What the host offers.
#[polyplug::host_contract(id = "test.desk", version = "1.0")]
pub trait Desk: Send + Sync {
    /// Writes a line, and answers it.
    fn write(&self, line: &str) -> String;
    /// Answers, or refuses.
    fn ask(&self, what: &str) -> Result<String, String>;
    /// Calls a closure.
    fn each(&self, count: u32, work: &dyn Fn(u32) -> u32);
    /// Calls the plugin.
    fn back(&self, number: u32) -> u32;
}

type Back = Arc<OnceLock<Caller<dyn Greeter>>>;

struct Host(Back);

impl Desk for Host {
    fn write(&self, line: &str) -> String {
        match line {
            "panic" => panic!("the desk broke"),
            "call me" => self.0.get().expect("a caller").greet("again"),
            _ => format!("wrote {line}"),
        }
    }
    fn ask(&self, what: &str) -> Result<String, String> {
        if what == "refuse" {
            return Err("no".to_owned());
        }
        Ok(format!("{what}?"))
    }
    fn each(&self, count: u32, work: &dyn Fn(u32) -> u32) {
        for number in 0..count {
            assert_eq!(work(number), number * 2);
        }
    }
    fn back(&self, number: u32) -> u32 {
        self.0.get().expect("a caller").add(number, 1)
    }
}

fn desk(runtime: &Runtime) -> Back {
    let back = Back::default();
    runtime
        .provide::<dyn Desk>(Host(Arc::clone(&back)))
        .expect("provided");
    back
}

fn alive(runtime: &Runtime) -> Caller<dyn Greeter> {
    let back = desk(runtime);
    runtime.load(file("life.lua")).expect("it loads");
    let greeter = runtime
        .get_from::<dyn Greeter>("lua-life")
        .expect("a caller");
    back.set(greeter.clone()).ok();
    greeter
}

#[test]
fn a_plugin_calls_the_host() {
    let runtime = runtime();
    let life = alive(&runtime);
    assert_eq!(life.greet("desk"), "wrote from Lua");
    assert_eq!(life.greet("refused"), "nil no");
    assert_eq!(life.greet("answered"), "fine?");
    assert_eq!(life.greet("fault"), "false panicked the desk broke write");
    let faulted = |what: &str| polyplug::catch(|| life.greet(what)).expect_err(what);
    let fault = faulted("raised");
    assert_eq!(
        (fault.kind(), fault.message()),
        (FaultKind::Panicked, "the desk broke")
    );
    assert_eq!((fault.contract(), fault.method()), ("test.desk", "write"));
    let fault = faulted("unknown");
    assert_eq!(fault.kind(), FaultKind::UnknownMethod);
    assert_eq!(
        fault.message(),
        "contract `test.desk` has no method `nothing_such`"
    );
    let fault = faulted("arguments");
    assert_eq!(fault.message(), "it takes 1 arguments, and was given 2");
    let fault = faulted("wrong");
    assert_eq!(
        fault.message(),
        "argument `line`: expected a string, got a number"
    );
    let fault = faulted("dot");
    assert_eq!(
        fault.message(),
        "a method was called with `.` where `:` is needed"
    );
    assert_eq!(life.greet("closure"), "0 1 2");
    let fault = faulted("closure_fails");
    assert_eq!(
        (fault.kind(), fault.message()),
        (FaultKind::Threw, "closure 0")
    );
}

#[test]
fn a_plugin_without_its_host_is_not_constructed() {
    let runtime = runtime();
    let error = runtime.load(file("life.lua")).expect_err("no desk");
    assert_eq!(error.code(), "missing-host-contract", "{error}");
}

#[test]
fn a_plugin_reads_its_configuration() {
    let runtime = runtime();
    let config = serde_json::json!({
        "text": "größer", "big": u64::MAX, "list": [1, null], "names": ["Ada"],
    });
    runtime.configure("lua-life", &config).expect("plain data");
    let life = alive(&runtime);
    assert_eq!(
        life.greet("config"),
        "größer 18446744073709551615ULL none nil"
    );
    assert_eq!(
        runtime.get::<dyn Guestbook>().expect("a caller").names(),
        ["Ada"]
    );
    assert_eq!(life.greet("plugin"), "lua-life");
}

#[test]
fn a_plugin_calls_its_peers() {
    let runtime = runtime();
    runtime.load(file("kinds.lua")).expect("a peer");
    runtime.load(file("greeter.lua")).expect("another");
    let life = alive(&runtime);
    assert_eq!(life.greet("peer"), "Hello, peer!");
    assert_eq!(life.greet("peers"), "42");
    assert_eq!(life.greet("left_out"), "42", "a default body");
    let alone = support::runtime();
    let life = alive(&alone);
    let fault = polyplug::catch(|| life.greet("peer")).expect_err("no peer");
    assert!(fault.message().contains("fixture.kinds"), "{fault}");
    assert_eq!(life.greet("peers"), "");
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Records(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Records {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Fields(BTreeMap<&'static str, String>);
        impl tracing::field::Visit for Fields {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0.insert(field.name(), format!("{value:?}"));
            }
        }
        let mut fields = Fields(BTreeMap::new());
        event.record(&mut fields);
        self.0.lock().expect("records").push(format!(
            "{} {} {:?}",
            event.metadata().target(),
            event.metadata().level(),
            fields.0
        ));
    }
}

#[test]
fn what_is_printed_is_logged() {
    let records = Records::default();
    let subscriber = tracing_subscriber::registry().with(records.clone());
    tracing::subscriber::with_default(subscriber, || {
        let runtime = runtime();
        alive(&runtime).greet("print");
    });
    let records = records.0.lock().expect("records");
    let records: Vec<_> = records
        .iter()
        .filter(|line| line.starts_with("lua "))
        .collect();
    assert_eq!(
        records,
        [
            r#"lua DEBUG {"message": "made", "plugin": "\"lua-life\""}"#,
            r#"lua INFO {"message": "one\t2\tnil", "plugin": "\"lua-life\""}"#,
            r#"lua WARN {"message": "careful", "plugin": "\"lua-life\""}"#,
        ]
    );
}

#[test]
fn calls_from_inside_calls_arrive() {
    let runtime = runtime();
    let life = alive(&runtime);
    assert_eq!(life.greet("lock"), "Hello, again!");
    assert_eq!(life.greet("coroutine"), "Hello, again!Hello, again!");
    // Hot enough to be compiled.
    for _ in 0..5 {
        assert_eq!(
            life.greet("hot"),
            (1..=20_000_u64)
                .map(|number| number + 1)
                .sum::<u64>()
                .to_string()
        );
    }
}

#[test]
fn calls_from_many_threads_arrive() {
    let runtime = runtime();
    let life = alive(&runtime);
    thread::scope(|scope| {
        for number in 0..8_u32 {
            let life = life.clone();
            scope.spawn(move || {
                for turn in 0..2_000 {
                    assert_eq!(life.add(number, turn), number + turn);
                    assert_eq!(life.greet("x"), "Hello, x!");
                    if turn % 100 == 0 {
                        assert_eq!(life.greet("lock"), "Hello, again!");
                    }
                }
            });
        }
    });
}

#[test]
fn a_reload_brings_the_new_text_and_keeps_the_state() {
    let runtime = runtime();
    let _back = desk(&runtime);
    let folder = Folder::new();
    let text = std::fs::read_to_string(file("life.lua")).expect("the plugin");
    let path = folder.write("life.lua", &text);
    let module = runtime.load(&path).expect("it loads");
    let guestbook = module.get::<dyn Guestbook>().expect("a caller");
    let life = module.get::<dyn Greeter>().expect("a caller");
    assert_eq!((guestbook.sign("Ada"), guestbook.sign("Grace")), (1, 2));
    assert_eq!(life.greet("previous"), "none");
    folder.write(
        "life.lua",
        text.replace("\"1.0.0\"", "\"1.1.0\"")
            .replace("Hello", "Salut"),
    );
    let report = module.reload().expect("it reloads");
    drop(report);
    assert_eq!(life.greet("you"), "Salut, you!");
    assert_eq!(life.greet("previous"), "1.0.0");
    assert_eq!(guestbook.names(), ["Ada", "Grace"]);
    // One that cannot be loaded changes nothing.
    folder.write("life.lua", text.replace("return life\n", "return lief\n"));
    let error = module.reload().expect_err("it returns nothing");
    assert!(error.to_string().contains("it returned nothing"), "{error}");
    folder.write(
        "life.lua",
        text.replace(
            "save = function(self)",
            "save = function(self) if true then return 5 end",
        ),
    );
    module.reload().expect("the old one saved");
    let error = module.reload().expect_err("this one does not save");
    assert!(
        format!("{error:?}").contains("`save` returned a number"),
        "{error:?}"
    );
    assert_eq!(guestbook.names(), ["Ada", "Grace"]);
}

#[test]
fn without_save_a_reload_starts_anew() {
    let runtime = runtime();
    let text = plugin(
        "demo.guestbook",
        "local count = 0\nfunction plugin:sign() count = count + 1; return count end\nfunction plugin:names() return {} end",
    );
    let folder = Folder::new();
    let module = runtime.load(folder.write("p.lua", text)).expect("it loads");
    let guestbook = module.get::<dyn Guestbook>().expect("a caller");
    assert_eq!((guestbook.sign("a"), guestbook.sign("b")), (1, 2));
    module.reload().expect("it reloads");
    assert_eq!(guestbook.sign("c"), 1);
}

#[test]
fn an_unload_closes_the_machine() {
    // The end of the machine runs the finalizers of everything in it.
    let runtime = runtime();
    let folder = Folder::new();
    let gone = folder.write("gone", "");
    let text = format!(
        "local plugin = polyplug.plugin {{ name = 'p', version = '1.0.0', implements = {{ 'demo.greeter' }} }}\n\
         local guard = newproxy(true)\n\
         getmetatable(guard).__gc = function() os.remove({:?}) end\n\
         function plugin:greet(name) return guard and name end\n\
         return plugin",
        gone.display().to_string()
    );
    let module = load(&runtime, text).expect("it loads");
    let greeter = module.get::<dyn Greeter>().expect("a caller");
    assert_eq!(greeter.greet("x"), "x");
    assert!(gone.exists());
    let report = module.unload();
    drop(report);
    let fault = polyplug::catch(|| greeter.greet("x")).expect_err("unloaded");
    assert_eq!(fault.kind(), FaultKind::Unloaded);
    for _ in 0..500 {
        if !gone.exists() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("the machine was not closed");
}

#[test]
fn plugins_that_wait_for_each_other_are_told() {
    let runtime = runtime();
    let text = |name: &str| {
        format!(
            "local plugin = polyplug.plugin {{ name = '{name}', version = '1.0.0', implements = {{ 'demo.greeter' }},\n\
               new = function(context) return {{ context = context }} end }}\n\
             function plugin:greet(what)\n\
               if what == 'end' then return '{name}' end\n\
               local until_then = os.clock() + 0.002\n\
               while os.clock() < until_then do end\n\
               return self.context:peer('demo.greeter'):greet('end')\n\
             end\n\
             return plugin"
        )
    };
    let folder = Folder::new();
    for name in ["one", "other"] {
        runtime
            .load(folder.write(&format!("{name}.lua"), text(name)))
            .expect("it loads");
    }
    let told: u32 = thread::scope(|scope| {
        let threads = [("one", "other"), ("other", "one")].map(|(name, peer)| {
            let greeter = runtime.get_from::<dyn Greeter>(name).expect("a caller");
            scope.spawn(move || {
                let mut told = 0;
                for _ in 0..100 {
                    match polyplug::catch(|| greeter.greet("go")) {
                        Ok(answer) => assert_eq!(answer, peer),
                        Err(fault) => {
                            assert!(fault.message().contains("for ever"), "{fault}");
                            told += 1;
                        }
                    }
                }
                told
            })
        });
        threads
            .map(|thread| thread.join().expect("no panic"))
            .iter()
            .sum()
    });
    assert!(told > 0, "they never met");
}
