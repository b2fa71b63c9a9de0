//! The loader as a library, loaded like any other module.

mod support;

use std::path::Path;
use std::sync::{Arc, Mutex};

use fixture_harness::fixture;
use greeter_api::Greeter;
use kinds_api::Kinds;
use polyplug::{FaultKind, Module, Runtime};
use tracing_subscriber::layer::{Context, SubscriberExt as _};

fn file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/plugins")
        .join(name)
}

/// A runtime with the loader as a library.
fn loaded() -> Option<(Runtime, Module)> {
    let runtime = Runtime::new();
    let loader = runtime
        .load(fixture("polyplug-python"))
        .expect("the loader");
    support::is_there(&runtime).then_some((runtime, loader))
}

#[test]
fn without_a_loader_a_file_says_what_is_missing() {
    let runtime = Runtime::new();
    let error = runtime.load(file("greeter.py")).expect_err("no loader");
    assert_eq!(error.code(), "no-loader");
    assert!(error.to_string().contains("py"), "{error}");
}

#[test]
fn a_loader_that_was_loaded_loads() {
    let Some((runtime, loader)) = loaded() else {
        return;
    };
    let module = runtime.load(file("greeter.py")).expect("it loads");
    let greeter = module.get::<dyn Greeter>().expect("a caller");
    assert_eq!(greeter.greet("Python"), "Hello, Python!");
    runtime.load(file("kinds.py")).expect("it loads");
    let kinds = runtime.get::<dyn Kinds>().expect("a caller");
    kinds_api::exercise(&kinds);
    let fault = polyplug::catch(|| kinds.panic("boom")).expect_err("a fault");
    assert_eq!(fault.kind(), FaultKind::Threw);
    for module in runtime.modules() {
        if module.path() != loader.path() {
            drop(module.unload());
        }
    }
    let report = loader.unload_within(std::time::Duration::from_secs(5));
    // Python has functions of it, and so have the threads that were in Python.
    assert!(
        report
            .to_string()
            .contains("stays mapped: it asks never to be unmapped"),
        "{report}"
    );
    let fault = polyplug::catch(|| greeter.greet("Python")).expect_err("unloaded");
    assert_eq!(fault.kind(), FaultKind::Unloaded);
}

#[test]
fn two_copies_of_the_loader_share_the_interpreter() {
    let (Some((one, _)), Some((other, loader))) = (loaded(), loaded()) else {
        return;
    };
    let modules = [&one, &other].map(|runtime| runtime.load(file("kinds.py")).expect("it loads"));
    for module in &modules {
        kinds_api::exercise(&module.get::<dyn Kinds>().expect("a caller"));
    }
    drop(modules[1].unload());
    drop(loader.unload());
    let again = other
        .load(fixture("polyplug-python"))
        .expect("the loader, again");
    drop(other.load(file("greeter.py")).expect("it loads").unload());
    drop(again.unload());
    kinds_api::exercise(&modules[0].get::<dyn Kinds>().expect("a caller"));
}

#[derive(Clone, Default)]
struct Texts(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Texts {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Fields(String);
        impl tracing::field::Visit for Fields {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0 += &format!(" {}={value:?}", field.name());
            }
        }
        let mut fields = Fields(event.metadata().target().to_owned());
        event.record(&mut fields);
        self.0.lock().expect("texts").push(fields.0);
    }
}

#[test]
fn what_is_printed_arrives_in_the_host() {
    let texts = Texts::default();
    let subscriber = tracing_subscriber::registry().with(texts.clone());
    let mut said = false;
    tracing::subscriber::with_default(subscriber, || {
        let Some((runtime, _)) = loaded() else { return };
        let folder = fixture_harness::Folder::new("python-library");
        let text =
            b"import polyplug\n@polyplug.plugin(implements='demo.greeter')\nclass Talker:\n    \
            def greet(self, name):\n        print('hears', name)\n        return name\n";
        let path = folder.file("talker.py", text);
        runtime.load(path).expect("it loads");
        runtime.get::<dyn Greeter>().expect("a caller").greet("you");
        said = true;
    });
    if !said {
        return;
    }
    let texts = texts.0.lock().expect("texts");
    let said: Vec<_> = texts.iter().filter(|text| text.contains("hears")).collect();
    assert_eq!(said.len(), 1, "{texts:?}");
    assert!(said[0].starts_with("python "), "{said:?}");
    assert!(said[0].contains("talker"), "{said:?}");
}
