//! Every kind of type, through a really loaded library and back, and through each handle.

use fixture_harness::fixture;
use kinds_api::{Colour, Document, Id, Kinds, KindsError, Listener, Point, Shape};
use polyplug::{Caller, Fault, FaultKind, Runtime};

fn document(title: &str, parts: Vec<Document>) -> Document {
    Document {
        title: title.to_owned(),
        place: Point {
            x: 1.0,
            y: -0.5,
            visible: true,
        },
        parts,
        next: None,
        shapes: vec![
            Shape::Empty,
            Shape::Circle(Point::default(), 2.5),
            Shape::Label {
                text: "größer 🎈".to_owned(),
                size: 255,
                weight: u64::MAX,
            },
        ],
    }
}

struct Counting(std::sync::atomic::AtomicU32);

impl Listener for Counting {
    fn hear(&self, what: &str) -> u32 {
        assert!(what.starts_with("time "));
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst)
    }
}

/// All of it, against whatever implements the contract.
fn exercise(kinds: &impl Kinds) {
    assert_eq!(
        kinds.scalars(
            true,
            'ß',
            i8::MIN,
            i16::MIN,
            i32::MIN,
            i64::MIN,
            u8::MAX,
            u16::MAX,
            u32::MAX,
            u64::MAX
        ),
        "true ß -128 -32768 -2147483648 -9223372036854775808 255 65535 4294967295 18446744073709551615"
    );
    assert_eq!(kinds.more_scalars(-1, 2, 0.5, 0.25), 1.75);
    assert_eq!(kinds.narrow(i8::MAX), i8::MIN);
    assert!(kinds.not(false));
    assert_eq!(kinds.next_char('a'), 'b');
    kinds.nothing();
    assert_eq!(kinds.greet("world"), "Hello, world!");
    assert_eq!(kinds.greet(""), "Hello, !");
    assert_eq!(kinds.greet("nul \0 and 🎈"), "Hello, nul \0 and 🎈!");
    assert_eq!(kinds.shout("loud".repeat(100_000)), "LOUD".repeat(100_000));
    assert_eq!(kinds.sum(&[1, 2, 3]), 6);
    assert_eq!(kinds.sum(&[]), 0);
    assert_eq!(
        kinds.join(&["a".to_owned(), String::new(), "c".to_owned()], "-"),
        "a--c"
    );
    assert_eq!(kinds.join(&[], "-"), "");
    assert_eq!(
        kinds.double((0..1000).collect()),
        (0..1000).map(|value| value * 2).collect::<Vec<_>>()
    );
    assert_eq!(kinds.double(Vec::new()), Vec::<u32>::new());
    let rows = |texts: [[&str; 2]; 2]| texts.map(|row| row.map(str::to_owned).to_vec()).to_vec();
    assert_eq!(
        kinds.transpose(rows([["a", "b"], ["c", "d"]])),
        rows([["a", "c"], ["b", "d"]])
    );
    assert_eq!(kinds.rotate([1, 2, 3]), [2, 3, 1]);
    assert_eq!(kinds.pair(["a".to_owned(), "b".to_owned()]), ["b", "a"]);
    assert_eq!(kinds.half(Some(8)), Some(4));
    assert_eq!(kinds.half(None), None);
    assert_eq!(
        kinds.maybe(Some(Some("x".to_owned()))),
        Some(Some("<x>".to_owned()))
    );
    assert_eq!(kinds.maybe(Some(None)), Some(None));
    assert_eq!(kinds.maybe(None), None);
    assert_eq!(kinds.divide(7, 2).expect("a quotient"), 3);
    assert_eq!(
        kinds.divide(7, -1),
        Err(KindsError::Refused("not by minus one".to_owned()))
    );
    assert_eq!(kinds.parse("12"), Ok(12));
    assert_eq!(
        kinds.parse("x"),
        Err("invalid digit found in string".to_owned())
    );
    assert_eq!(kinds.settle(Ok(3)), "ok 3");
    assert_eq!(kinds.settle(Err("no".to_owned())), "err no");
    assert_eq!(kinds.swap((9, "nine".to_owned())), ("nine".to_owned(), 9));
    let point = Point {
        x: 3.0,
        y: 4.0,
        visible: true,
    };
    assert_eq!(kinds.length(&point), 5.0);
    assert_eq!(
        kinds.mirror(point),
        Point {
            x: 4.0,
            y: 3.0,
            visible: false
        }
    );
    assert_eq!(
        kinds.centre(&[point, Point::default()]),
        Some(Point {
            x: 1.5,
            y: 2.0,
            visible: false
        })
    );
    assert_eq!(kinds.centre(&[]), None);
    let mut tree = document(
        "root",
        vec![
            document("a", vec![]),
            document("b", vec![document("c", vec![])]),
        ],
    );
    tree.next = Some(Box::new(document("next", vec![])));
    assert_eq!(kinds.count(&tree), 5);
    let renamed = kinds.rename(tree.clone(), "other");
    assert_eq!(
        renamed,
        Document {
            title: "other".to_owned(),
            ..tree
        }
    );
    assert_eq!(
        kinds.grow(Shape::Empty),
        Shape::Circle(Point::default(), 1.0)
    );
    assert_eq!(
        kinds.grow(Shape::Label {
            text: "ab".to_owned(),
            size: 1,
            weight: 1 << 40
        }),
        Shape::Label {
            text: "abab".to_owned(),
            size: 2,
            weight: 1 << 40
        }
    );
    assert_eq!(kinds.next_colour(Colour::Red), Colour::Green);
    assert_eq!(kinds.next_colour(Colour::Blue), Colour::Red);
    assert_eq!(kinds.next_id(Id(1, 2)), Id(2, 3));
    let fault = kinds.forward(Fault::new("on purpose"));
    assert_eq!(
        (fault.kind(), fault.message()),
        (FaultKind::Raised, "on purpose")
    );
    assert_eq!(*kinds.boxed(Box::new(u64::MAX)), u64::MAX.to_string());
    assert_eq!(kinds.eight(1, 2, 3, 4, 5, 6, 7, 8), 204);
    let listener = Counting(10.into());
    assert_eq!(kinds.call_back(&listener, 3), 10 + 11 + 12);
    assert_eq!(kinds.greet_twice("you"), "Hello, you! Hello, you!");
    assert_eq!(kinds.answer(), 42);
}

#[test]
fn every_kind_crosses_through_every_handle() {
    let runtime = Runtime::new();
    runtime.load(fixture("kinds")).expect("the plugin");
    let caller = runtime.get::<dyn Kinds>().expect("a caller");
    exercise(&caller);
    exercise(&Caller::pin(&caller).expect("pinned"));
    exercise(&runtime.create::<dyn Kinds>().expect("an instance"));
}

#[test]
fn faults_arrive_with_their_place() {
    let runtime = Runtime::new();
    runtime.load(fixture("kinds")).expect("the plugin");
    let kinds = runtime.get::<dyn Kinds>().expect("a caller");
    let fault = polyplug::catch(|| kinds.panic("boom")).expect_err("a fault");
    assert_eq!(fault.kind(), FaultKind::Panicked);
    assert_eq!(fault.message(), "boom");
    assert_eq!(
        (fault.plugin(), fault.contract(), fault.method()),
        ("kinds", "fixture.kinds", "panic")
    );
    let location = fault.location().expect("a place");
    assert!(location.file().ends_with("lib.rs"), "{location}");
    assert!(location.line() > 100);
    let Err(KindsError::Fault(fault)) = kinds.panic_into("again") else {
        panic!("no fault")
    };
    assert_eq!((fault.message(), fault.method()), ("again", "panic_into"));
    let Err(KindsError::Fault(fault)) = kinds.divide(1, 0) else {
        panic!("no fault")
    };
    assert_eq!(fault.message(), "attempt to divide by zero");
    assert_eq!(kinds.greet("still"), "Hello, still!");
}
