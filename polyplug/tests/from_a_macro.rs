//! Contracts that a `macro_rules` macro emits, and lists that are changed.

use std::sync::Arc;

use polyplug::Runtime;

macro_rules! as_it_is {
    ($item:item) => {
        $item
    };
}

macro_rules! marked {
    ($id:literal $item:item) => {
        #[polyplug::contract(id = $id, version = "1.0")]
        $item
    };
}

as_it_is! {
    #[polyplug::contract(id = "macro.passed", version = "1.0")]
    trait Passed {
        fn twice(&self, text: &str) -> String {
            text.repeat(2)
        }
        fn length(&self, text: Option<&str>) -> usize;
    }
}

marked! {
    "macro.marked"
    trait Marked {
        fn twice(&self, text: &str) -> String {
            text.repeat(2)
        }
        fn push(&mut self, text: &mut String, list: &mut Vec<Tree>);
    }
}

/// Data that contains itself, and shares an object.
#[polyplug::data]
struct Tree {
    /// Its own kind.
    below: Vec<Tree>,
    /// Shared, so it may be on both sides.
    name: Option<Arc<dyn Named>>,
}

#[polyplug::contract(id = "macro.named", version = "1.0")]
trait Named: Send + Sync {
    fn name(&self) -> String;
}

struct Plain;

impl Passed for Plain {
    fn length(&self, text: Option<&str>) -> usize {
        text.map_or(0, str::len)
    }
}

impl Named for Plain {
    fn name(&self) -> String {
        "plain".to_owned()
    }
}

#[derive(Default)]
struct Grower;

#[polyplug::plugin(name = "grower")]
impl Marked for Grower {
    fn push(&mut self, text: &mut String, list: &mut Vec<Tree>) {
        text.push('!');
        let below = std::mem::take(list);
        list.push(Tree {
            below,
            name: Some(Arc::new(Plain)),
        });
    }
}

#[polyplug::plugin(name = "passed")]
impl Passed for Linked {
    fn length(&self, text: Option<&str>) -> usize {
        Plain.length(text)
    }
}

#[derive(Default)]
struct Linked;

#[test]
fn a_contract_that_a_macro_passes_on_works() {
    let runtime = Runtime::new();
    let _module = runtime.load_linked().unwrap();
    let passed = runtime.get::<dyn Passed>().unwrap();
    assert_eq!(
        (passed.twice("ab").as_str(), passed.length(Some("abc"))),
        ("abab", 3)
    );
    assert_eq!(Plain.twice("c"), "cc");
}

#[test]
fn a_list_of_data_that_contains_itself_is_changed() {
    let runtime = Runtime::new();
    let _module = runtime.load_linked().unwrap();
    let mut marked = runtime.create::<dyn Marked>().unwrap();
    let (mut text, mut list) = (String::from("grow"), Vec::new());
    marked.push(&mut text, &mut list);
    marked.push(&mut text, &mut list);
    assert_eq!(
        (text.as_str(), marked.twice("d").as_str()),
        ("grow!!", "dd")
    );
    let [tree] = &list[..] else {
        panic!("one tree")
    };
    let below = tree.below[0].name.as_ref().map(|named| named.name());
    assert_eq!(below.as_deref(), Some("plain"));
}
