//! Every kind of value through a plugin in Python, and what is no value of its kind.

mod support;

use greeter_api::Greeter;
use kinds_api::{Kinds, KindsError};
use polyplug::{Caller, FaultKind};
use support::{file, load, plugin, runtime};

#[test]
fn every_kind_crosses_through_every_handle() {
    let Some(runtime) = runtime() else { return };
    runtime.load(file("kinds.py")).expect("the plugin");
    let caller = runtime.get::<dyn Kinds>().expect("a caller");
    kinds_api::exercise(&caller);
    kinds_api::exercise(&Caller::pin(&caller).expect("pinned"));
    kinds_api::exercise(&runtime.create::<dyn Kinds>().expect("an instance"));
}

#[test]
fn exceptions_are_faults_with_a_traceback() {
    let Some(runtime) = runtime() else { return };
    runtime.load(file("kinds.py")).expect("the plugin");
    let kinds = runtime.get::<dyn Kinds>().expect("a caller");
    let raised = |message: &str| polyplug::catch(|| kinds.panic(message)).expect_err("a fault");
    let fault = raised("nowhere");
    assert_eq!(fault.kind(), FaultKind::Threw);
    assert_eq!(fault.message(), "RuntimeError: boom");
    assert_eq!(
        (fault.plugin(), fault.contract(), fault.method()),
        ("python-kinds", "fixture.kinds", "panic")
    );
    let place = fault.location().expect("a place");
    assert!(place.file().ends_with("kinds.py"), "{place}");
    let text = std::fs::read_to_string(file("kinds.py")).expect("the plugin");
    let line = text.lines().nth(place.line() as usize - 1);
    assert_eq!(line.map(str::trim), Some("raise RuntimeError(\"boom\")"));
    let trace = fault.trace().expect("a trace");
    assert!(
        trace.starts_with("Traceback (most recent call last):"),
        "{trace}"
    );
    assert!(trace.contains("raise RuntimeError(\"boom\")"), "{trace}");
    assert_eq!(raised("own").message(), "OwnError");
    assert_eq!(raised("assert").message(), "AssertionError: not so");
    assert!(
        raised("deep")
            .message()
            .starts_with("RecursionError: maximum")
    );
    assert_eq!(raised("text").message(), "WithoutText");
    assert_eq!(raised("exit").message(), "SystemExit: 3");
    let half = raised("surrogate");
    assert!(half.message().contains("half \\ud800 of a pair"), "{half}");
    let chain = raised("chain");
    assert_eq!(chain.message(), "ValueError: second");
    assert!(
        chain
            .trace()
            .expect("a trace")
            .contains("KeyError: 'first'")
    );
    // The plugin's own line, not that of the library which it called.
    let place = raised("elsewhere").location().expect("a place").to_string();
    assert!(place.contains("kinds.py"), "{place}");
    let Err(KindsError::Fault(fault)) = kinds.panic_into("again") else {
        panic!("no fault")
    };
    assert_eq!(
        (fault.message(), fault.method()),
        ("RuntimeError: again", "panic_into")
    );
    assert_eq!(kinds.greet("still"), "Hello, still!");
}

/// Calls `greet` of a plugin whose `greet` is this.
fn greeting(runtime: &polyplug::Runtime, body: &str) -> polyplug::Fault {
    let text = plugin("demo.greeter", &format!("def greet(self, name): {body}"));
    let module = load(runtime, text).expect("it loads");
    let greeter = module.get::<dyn Greeter>().expect("a caller");
    let fault = polyplug::catch(|| greeter.greet("you")).expect_err("a fault");
    drop(module.unload());
    fault
}

#[test]
fn what_is_no_value_of_its_type_is_a_fault() {
    let Some(runtime) = runtime() else { return };
    for (body, message) in [
        (
            "return 'half \\ud800'",
            "result: the text is no Unicode: 'utf-8' codec can't encode character '\\ud800' in position 5: surrogates not allowed",
        ),
        ("return 5", "result: expected a text (str), got an int"),
        ("pass", "result: expected a text (str), got None"),
        ("return b''", "result: expected a text (str), got a bytes"),
        ("return {}", "result: expected a text (str), got a dict"),
        (
            "return self",
            "result: expected a text (str), got a Written",
        ),
    ] {
        let fault = greeting(&runtime, body);
        assert_eq!(fault.kind(), FaultKind::InvalidValue, "{body}: {fault}");
        assert_eq!(fault.message(), message, "{body}");
        assert_eq!(fault.plugin(), "written");
    }
}

#[test]
fn numbers_and_variants_are_checked() {
    let Some(runtime) = runtime() else { return };
    // Answers with what the text says, as Python.
    let text = std::fs::read_to_string(file("kinds.py")).expect("the plugin")
        + "
    def greet(self, text):
        self.given = text
        return ''

for name in ['narrow', 'not_', 'next_char', 'next_colour', 'grow', 'eight', 'mirror', 'double', 'rotate', 'swap', 'length', 'parse']:
    setattr(Kinds, name, lambda self, *arguments: eval(self.given))
";
    load(&runtime, text).expect("it loads");
    let kinds = runtime.get::<dyn Kinds>().expect("a caller");
    let faulted = |text: &str, call: &dyn Fn()| {
        kinds.greet(text);
        let fault = polyplug::catch(call).expect_err(text);
        assert_eq!(fault.kind(), FaultKind::InvalidValue, "{fault}");
        fault.message().to_owned()
    };
    let narrow = || _ = kinds.narrow(0);
    for (text, message) in [
        ("128", "result: 128 is out of range, which is -128 to 127"),
        (
            "10 ** 30",
            "result: 1000000000000000000000000000000 is out of range, which is -128 to 127",
        ),
        (
            "10 ** 50",
            "result: 100000000000000000000000000000000000000000000000000 is out of range",
        ),
        ("0.5", "result: expected an integer, got a float"),
        ("1.0", "result: expected an integer, got a float"),
        ("'1'", "result: expected an integer, got a str"),
        ("None", "result: expected an integer, got None"),
    ] {
        assert_eq!(faulted(text, &narrow), message);
    }
    let not = || _ = kinds.not(false);
    assert_eq!(faulted("1", &not), "result: expected a bool, got an int");
    let next_char = || _ = kinds.next_char('a');
    assert_eq!(
        faulted("'ab'", &next_char),
        "result: expected a text of one character, got one of 2"
    );
    let colour = || _ = kinds.next_colour(kinds_api::Colour::Red);
    assert_eq!(
        faulted("'Pink'", &colour),
        "result: `Colour` has no variant `Pink`"
    );
    assert_eq!(
        faulted("7", &colour),
        "result: `Colour` has no variant of the number 7"
    );
    assert_eq!(
        faulted("True", &colour),
        "result: expected a `Colour` (Red, Green, Blue), got a bool"
    );
    let grow = || _ = kinds.grow(kinds_api::Shape::Empty);
    assert_eq!(
        faulted("'Circle'", &grow),
        "result: variant `Circle` has fields: make one of its class, `Shape.Circle(..)`"
    );
    assert_eq!(
        faulted("KindsError.Refused('')", &grow),
        "result: expected a `Shape` (Empty, Circle, Label), got a Refused"
    );
    assert_eq!(
        faulted("Shape.Label('', 300, 0)", &grow),
        "result `Label.size`: 300 is out of range, which is 0 to 255"
    );
    let eight = || _ = kinds.eight(0, 0, 0, 0, 0, 0, 0, 0);
    assert_eq!(
        faulted("-1", &eight),
        "result: -1 is out of range, which is 0 to 18446744073709551615"
    );
    let mirror = || _ = kinds.mirror(kinds_api::Point::default());
    assert_eq!(
        faulted("{ 'x': 1, 'y': 2 }", &mirror),
        "result: field `visible` is missing"
    );
    assert_eq!(
        faulted("Point(1, 'a', True)", &mirror),
        "result `y`: expected a number, got a str"
    );
    assert_eq!(
        faulted("5", &mirror),
        "result: expected an object or a dict with the fields of a struct, got an int"
    );
    let double = || _ = kinds.double(vec![1]);
    assert_eq!(
        faulted("[1, -1]", &double),
        "result `[1]`: -1 is out of range, which is 0 to 4294967295"
    );
    assert_eq!(
        faulted("{1: 1}", &double),
        "result: expected a list, got a dict"
    );
    let rotate = || _ = kinds.rotate([1, 2, 3]);
    assert_eq!(
        faulted("[1]", &rotate),
        "result: expected a list of 3 items, got 1"
    );
    let swap = || _ = kinds.swap((1, String::new()));
    assert_eq!(
        faulted("('a', 1, 2)", &swap),
        "result: expected 2 parts, got 3"
    );
    assert_eq!(
        faulted("'ab'", &swap),
        "result: expected a tuple, got a str"
    );
    let parse = || _ = kinds.parse("");
    assert_eq!(
        faulted("polyplug.Err(5)", &parse),
        "result: expected a text (str), got an int"
    );
    // And what is a value, at the ends.
    kinds.greet("2 ** 64 - 1");
    assert_eq!(kinds.eight(0, 0, 0, 0, 0, 0, 0, 0), u64::MAX);
    kinds.greet("2 ** 63");
    assert_eq!(kinds.eight(0, 0, 0, 0, 0, 0, 0, 0), 1 << 63);
    kinds.greet("True");
    assert_eq!(kinds.narrow(0), 1, "Python's bools are integers");
    kinds.greet("4");
    assert_eq!(kinds.length(&kinds_api::Point::default()), 4.0);
    kinds.greet("Point(float('nan'), -0.0, True)");
    let point = kinds.mirror(kinds_api::Point::default());
    assert!(point.x.is_nan() && point.y == 0.0 && point.y.is_sign_negative());
    kinds.greet("range(3)");
    assert_eq!(kinds.double(vec![]), [0, 1, 2]);
}
