//! The plugins on the page "Plugins in Python" of the book.

mod support;

use std::sync::{Arc, Mutex};

use greeter_api::Greeter;
use guestbook_api::Guestbook;
use support::{Folder, runtime};

/// What the page's host offers.
#[polyplug::host_contract(id = "demo.desk", version = "1.0")]
pub trait Desk: Send + Sync {
    /// Writes a line.
    fn write(&self, line: &str);
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Desk for Lines {
    fn write(&self, line: &str) {
        self.0.lock().expect("lines").push(line.to_owned());
    }
}

#[test]
fn the_plugins_of_the_page_work() {
    let page = include_str!("../../../docs/src/python-plugins.md");
    let mut blocks = page.split("```python\n").skip(1);
    let mut next = || {
        let block = blocks.next().expect("a block of Python");
        block.split("```").next().expect("its end").to_owned()
    };
    let (greeter, guestbook) = (next(), next());
    assert_eq!(blocks.count(), 0, "a block that nobody runs");
    let Some(runtime) = runtime() else { return };
    let lines = Lines::default();
    runtime
        .provide::<dyn Desk>(lines.clone())
        .expect("provided");
    let config = serde_json::json!({ "guests": ["Ada"] });
    runtime
        .configure("python-guestbook", &config)
        .expect("plain data");
    let folder = Folder::new();
    runtime
        .load(folder.write("greeter.py", greeter))
        .expect("the greeter");
    assert_eq!(
        runtime.get::<dyn Greeter>().expect("a caller").greet("x"),
        "Hello, x!"
    );
    let module = runtime
        .load(folder.write("guestbook.py", guestbook))
        .expect("the guestbook");
    let guestbook = module.get::<dyn Guestbook>().expect("a caller");
    assert_eq!(guestbook.sign("Grace"), 2);
    module.reload().expect("it reloads");
    assert_eq!(guestbook.names(), ["Ada", "Grace"]);
    assert_eq!(lines.0.lock().expect("lines")[..], ["Grace was here"]);
    let fault = polyplug::catch(|| guestbook.sign("")).expect_err("no name");
    assert_eq!(fault.message(), "ValueError: a guest without a name");
}
