//! What a plugin in Python has of its runtime, and what becomes of it: host contracts, peers, configuration, the log, calls from
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
    runtime.load(file("life.py")).expect("it loads");
    let greeter = runtime
        .get_from::<dyn Greeter>("python-life")
        .expect("a caller");
    back.set(greeter.clone()).ok();
    greeter
}

#[test]
fn a_plugin_calls_the_host() {
    let Some(runtime) = runtime() else { return };
    let life = alive(&runtime);
    assert_eq!(life.greet("desk"), "wrote from Python");
    assert_eq!(life.greet("refused"), "refused: no");
    assert_eq!(life.greet("answered"), "fine?");
    assert_eq!(life.greet("fault"), "panicked the desk broke write");
    let faulted = |what: &str| polyplug::catch(|| life.greet(what)).expect_err(what);
    let fault = faulted("raised");
    assert_eq!(
        (fault.kind(), fault.message()),
        (FaultKind::Panicked, "the desk broke")
    );
    assert_eq!((fault.contract(), fault.method()), ("test.desk", "write"));
    let fault = faulted("unknown");
    assert_eq!(
        fault.message(),
        "AttributeError: 'Desk' object has no attribute 'nothing_such'"
    );
    let fault = faulted("arguments");
    assert_eq!(
        fault.message(),
        "TypeError: write() takes 1 arguments (line), and was given 2"
    );
    let fault = faulted("wrong");
    assert_eq!(
        fault.message(),
        "argument `line`: expected a text (str), got an int"
    );
    assert_eq!(life.greet("named"), "wrote by name");
    let fault = faulted("twice");
    assert_eq!(
        fault.message(),
        "TypeError: write() has no argument `line` that was not given already; it takes (line)"
    );
    assert_eq!(life.greet("closure"), "0 1 2");
    let fault = faulted("closure_fails");
    assert_eq!(
        (fault.kind(), fault.message()),
        (FaultKind::Threw, "RuntimeError: closure 0")
    );
}

#[test]
fn a_plugin_without_its_host_is_not_constructed() {
    let Some(runtime) = runtime() else { return };
    let error = runtime.load(file("life.py")).expect_err("no desk");
    assert_eq!(error.code(), "missing-host-contract", "{error}");
}

#[test]
fn a_plugin_reads_its_configuration() {
    let Some(runtime) = runtime() else { return };
    let config = serde_json::json!({
        "text": "größer", "big": u64::MAX, "list": [1, null], "names": ["Ada"],
    });
    runtime
        .configure("python-life", &config)
        .expect("plain data");
    let life = alive(&runtime);
    assert_eq!(
        life.greet("config"),
        "größer 18446744073709551615 None None"
    );
    assert_eq!(
        runtime.get::<dyn Guestbook>().expect("a caller").names(),
        ["Ada"]
    );
    assert_eq!(life.greet("plugin"), "python-life");
}

#[test]
fn a_plugin_calls_its_peers() {
    let Some(runtime) = runtime() else { return };
    runtime.load(file("kinds.py")).expect("a peer");
    runtime.load(file("greeter.py")).expect("another");
    let life = alive(&runtime);
    assert_eq!(life.greet("peer"), "Hello, peer!");
    assert_eq!(life.greet("peers"), "python-kinds 42");
    assert_eq!(life.greet("left_out"), "42", "a default body");
    let Some(alone) = support::runtime() else {
        return;
    };
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
    let mut said = false;
    let subscriber = tracing_subscriber::registry().with(records.clone());
    tracing::subscriber::with_default(subscriber, || {
        let Some(runtime) = runtime() else { return };
        alive(&runtime).greet("print");
        said = true;
    });
    if !said {
        return;
    }
    let records = records.0.lock().expect("records");
    let records: Vec<_> = records
        .iter()
        .filter(|line| line.starts_with("python "))
        .collect();
    assert_eq!(
        records,
        [
            r#"python DEBUG {"message": "made", "plugin": "\"python-life\""}"#,
            r#"python INFO {"message": "one\t2\tNone", "plugin": "\"python-life\""}"#,
            r#"python WARN {"message": "careful", "plugin": "\"python-life\""}"#,
            r#"python ERROR {"message": "failed 3 times", "plugin": "\"python-life\""}"#,
            r#"python DEBUG {"message": "no matter", "plugin": "\"python-life\""}"#,
        ]
    );
}

#[test]
fn calls_from_inside_calls_arrive() {
    let Some(runtime) = runtime() else { return };
    let life = alive(&runtime);
    assert_eq!(life.greet("lock"), "Hello, again!");
    assert_eq!(life.greet("thread"), "Hello, again!");
}

#[test]
fn calls_from_many_threads_arrive() {
    let Some(runtime) = runtime() else { return };
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
    let Some(runtime) = runtime() else { return };
    let _back = desk(&runtime);
    let folder = Folder::new();
    let text = std::fs::read_to_string(file("life.py")).expect("the plugin");
    let path = folder.write("life.py", &text);
    let module = runtime.load(&path).expect("it loads");
    let guestbook = module.get::<dyn Guestbook>().expect("a caller");
    let life = module.get::<dyn Greeter>().expect("a caller");
    assert_eq!((guestbook.sign("Ada"), guestbook.sign("Grace")), (1, 2));
    assert_eq!(life.greet("previous"), "none");
    folder.write(
        "life.py",
        text.replace("\"1.0.0\"", "\"1.1.0\"")
            .replace("Hello", "Salut"),
    );
    let report = module.reload().expect("it reloads");
    drop(report);
    assert_eq!(life.greet("you"), "Salut, you!");
    assert_eq!(life.greet("previous"), "1.0.0");
    assert_eq!(guestbook.names(), ["Ada", "Grace"]);
    // One that cannot be loaded changes nothing.
    folder.write("life.py", text.replace("class Life:", "clas Life:"));
    let error = module.reload().expect_err("it is no Python");
    assert!(error.to_string().contains("SyntaxError"), "{error}");
    folder.write(
        "life.py",
        text.replace("return \"\\n\".join(self.signed)", "return 5"),
    );
    module.reload().expect("the old one saved");
    let error = module.reload().expect_err("this one does not save");
    assert!(
        format!("{error:?}").contains("`to_text` returned a int, and must return bytes or a text"),
        "{error:?}"
    );
    assert_eq!(guestbook.names(), ["Ada", "Grace"]);
}

#[test]
fn without_save_a_reload_starts_anew() {
    let Some(runtime) = runtime() else { return };
    let text = plugin(
        "demo.guestbook",
        "count = 0\ndef sign(self, name):\n    Written.count += 1\n    return Written.count\ndef names(self): return []",
    );
    let folder = Folder::new();
    let module = runtime.load(folder.write("p.py", text)).expect("it loads");
    let guestbook = module.get::<dyn Guestbook>().expect("a caller");
    assert_eq!((guestbook.sign("a"), guestbook.sign("b")), (1, 2));
    module.reload().expect("it reloads");
    assert_eq!(guestbook.sign("c"), 1);
}

#[test]
fn an_unload_lets_go_of_everything() {
    let Some(runtime) = runtime() else { return };
    let folder = Folder::new();
    let gone = folder.write("gone", "");
    let text = format!(
        "import os, sys\nimport polyplug\n\
         class Guard:\n    def __del__(self, remove=os.remove): remove({:?})\n\
         guard = Guard()\n\
         @polyplug.plugin(implements='demo.greeter', name='p')\n\
         class P:\n    def greet(self, name): return f'{{__name__ in sys.modules}} {{name}}' if guard else ''\n",
        gone.display().to_string()
    );
    let module = load(&runtime, text).expect("it loads");
    let greeter = module.get::<dyn Greeter>().expect("a caller");
    assert_eq!(greeter.greet("x"), "True x");
    assert!(gone.exists());
    drop(module.unload());
    let fault = polyplug::catch(|| greeter.greet("x")).expect_err("unloaded");
    assert_eq!(fault.kind(), FaultKind::Unloaded);
    for _ in 0..500 {
        if !gone.exists() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("something of the plugin is still there");
}

#[test]
fn plugins_that_call_one_another_do_not_wait_for_ever() {
    let Some(runtime) = runtime() else { return };
    let folder = Folder::new();
    for name in ["one", "other"] {
        let text = format!(
            "import time\nimport polyplug\n\
             @polyplug.plugin(implements='demo.greeter', name='{name}')\n\
             class P:\n\
             \x20   def greet(self, what):\n\
             \x20       if what == 'end': return '{name}'\n\
             \x20       time.sleep(0.001)\n\
             \x20       return self.context.peer('demo.greeter').greet('end')\n"
        );
        runtime
            .load(folder.write(&format!("{name}.py"), text))
            .expect("it loads");
    }
    thread::scope(|scope| {
        for (name, peer) in [("one", "other"), ("other", "one")] {
            let greeter = runtime.get_from::<dyn Greeter>(name).expect("a caller");
            scope.spawn(move || {
                for _ in 0..100 {
                    assert_eq!(greeter.greet("go"), peer);
                }
            });
        }
    });
}

#[test]
fn a_reload_under_calls_loses_none() {
    // Both sides wait for one another: calls at the gate of the reload, the reload for the lock of the interpreter.
    let Some(runtime) = runtime() else { return };
    let folder = Folder::new();
    let peer = folder.write(
        "peer.py",
        plugin("demo.greeter", "def greet(self, name): return name").replace("written", "peer"),
    );
    let caller = folder.write(
        "caller.py",
        "import polyplug\n\
         @polyplug.plugin(implements='demo.guestbook', wants='demo.greeter', name='caller')\n\
         class Caller:\n\
         \x20   def sign(self, name): return 0\n\
         \x20   def names(self):\n\
         \x20       peer = self.context.peer('demo.greeter')\n\
         \x20       return [peer.greet(str(number)) for number in range(50)]\n",
    );
    let peer = runtime.load(peer).expect("it loads");
    runtime.load(caller).expect("it loads");
    thread::scope(|scope| {
        for _ in 0..3 {
            let caller = runtime.get::<dyn Guestbook>().expect("a caller");
            scope.spawn(move || {
                for _ in 0..100 {
                    assert_eq!(caller.names().len(), 50);
                }
            });
        }
        for _ in 0..30 {
            drop(peer.reload().expect("it reloads"));
        }
    });
}
