//! The loader as a library, loaded like any other module.

use std::path::Path;
use std::sync::{Arc, Mutex};

use fixture_harness::fixture;
use greeter_api::Greeter;
use kinds_api::Kinds;
use polyplug::{FaultKind, Runtime};
use tracing_subscriber::layer::{Context, SubscriberExt as _};

fn file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/plugins")
        .join(name)
}

#[test]
fn without_a_loader_a_file_says_what_is_missing() {
    let runtime = Runtime::new();
    let error = runtime.load(file("greeter.lua")).expect_err("no loader");
    assert_eq!(error.code(), "no-loader");
    assert!(error.to_string().contains("lua"), "{error}");
}

#[test]
fn a_loader_that_was_loaded_loads() {
    let runtime = Runtime::new();
    let loader = runtime.load(fixture("polyplug-lua")).expect("the loader");
    let module = runtime.load(file("greeter.lua")).expect("it loads");
    let greeter = module.get::<dyn Greeter>().expect("a caller");
    assert_eq!(greeter.greet("Lua"), "Hello, Lua!");
    runtime.load(file("kinds.lua")).expect("it loads");
    let kinds = runtime.get::<dyn Kinds>().expect("a caller");
    kinds_api::exercise(&kinds);
    let fault = polyplug::catch(|| kinds.panic("boom")).expect_err("a fault");
    assert_eq!(fault.kind(), FaultKind::Threw);
    for module in runtime.modules() {
        if module.path() != loader.path() {
            drop(module.unload());
        }
    }
    drop(loader.unload());
    let fault = polyplug::catch(|| greeter.greet("Lua")).expect_err("unloaded");
    assert_eq!(fault.kind(), FaultKind::Unloaded);
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
    tracing::subscriber::with_default(subscriber, || {
        let runtime = Runtime::new();
        runtime.load(fixture("polyplug-lua")).expect("the loader");
        let folder = fixture_harness::Folder::new("lua-library");
        let text = b"local plugin = polyplug.plugin { name = 'talker', version = '1.0.0', implements = { 'demo.greeter' } }\n\
            function plugin:greet(name) print('hears', name) return name end\n\
            return plugin";
        let path = folder.file("talker.lua", text);
        runtime.load(path).expect("it loads");
        let greeter = runtime.get::<dyn Greeter>().expect("a caller");
        greeter.greet("you");
    });
    let texts = texts.0.lock().expect("texts");
    let said: Vec<_> = texts.iter().filter(|text| text.contains("hears")).collect();
    assert_eq!(said.len(), 1, "{texts:?}");
    assert!(said[0].starts_with("lua "), "{said:?}");
    assert!(said[0].contains("talker"), "{said:?}");
}
