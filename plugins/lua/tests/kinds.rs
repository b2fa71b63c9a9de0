//! Every kind of value through a plugin in Lua, and what is no value of its kind.

mod support;

use greeter_api::Greeter;
use kinds_api::{Kinds, KindsError};
use polyplug::{Caller, FaultKind};
use support::{file, load, plugin, runtime};

#[test]
fn every_kind_crosses_through_every_handle() {
    let runtime = runtime();
    runtime.load(file("kinds.lua")).expect("the plugin");
    let caller = runtime.get::<dyn Kinds>().expect("a caller");
    kinds_api::exercise(&caller);
    kinds_api::exercise(&Caller::pin(&caller).expect("pinned"));
    kinds_api::exercise(&runtime.create::<dyn Kinds>().expect("an instance"));
}

#[test]
fn errors_are_faults_with_a_traceback() {
    let runtime = runtime();
    runtime.load(file("kinds.lua")).expect("the plugin");
    let kinds = runtime.get::<dyn Kinds>().expect("a caller");
    let raised = |message: &str| polyplug::catch(|| kinds.panic(message)).expect_err("a fault");
    let fault = raised("nowhere");
    assert_eq!(fault.kind(), FaultKind::Threw);
    assert_eq!(fault.message(), "boom");
    assert_eq!(
        (fault.plugin(), fault.contract(), fault.method()),
        ("lua-kinds", "fixture.kinds", "panic")
    );
    let place = fault.location().expect("a place");
    assert!(place.file().ends_with("kinds.lua"), "{place}");
    let trace = fault.trace().expect("a trace");
    assert!(trace.starts_with("stack traceback:"), "{trace}");
    assert!(trace.contains("kinds.lua:"), "{trace}");
    assert_eq!(raised("table").message(), "in a table");
    assert_eq!(raised("nothing").message(), "nil");
    assert!(raised("deep").message().contains("stack overflow"));
    assert!(raised("nil_index").message().contains("nothing"));
    let Err(KindsError::Fault(fault)) = kinds.panic_into("again") else {
        panic!("no fault")
    };
    assert_eq!((fault.message(), fault.method()), ("again", "panic_into"));
    assert_eq!(kinds.greet("still"), "Hello, still!");
}

/// Calls `greet` of a plugin whose `greet` is this.
fn greeting(body: &str) -> polyplug::Fault {
    let runtime = runtime();
    let text = plugin(
        "demo.greeter",
        &format!("function plugin:greet(name) {body} end"),
    );
    let module = load(&runtime, text).expect("it loads");
    let greeter = module.get::<dyn Greeter>().expect("a caller");
    polyplug::catch(|| greeter.greet("you")).expect_err("a fault")
}

#[test]
fn what_is_no_value_of_its_type_is_a_fault() {
    for (body, message) in [
        (
            "return '\\255'",
            "result: the string is not UTF-8 at byte 0",
        ),
        (
            "return 'ab\\237\\160\\128'",
            "result: the string is not UTF-8 at byte 2",
        ),
        ("return 5", "result: expected a string, got a number"),
        ("", "result: expected a string, got nil"),
        ("return {}", "result: expected a string, got a table"),
    ] {
        let fault = greeting(body);
        assert_eq!(fault.kind(), FaultKind::InvalidValue, "{body}");
        assert_eq!(fault.message(), message, "{body}");
        assert_eq!(fault.plugin(), "written");
    }
}

#[test]
fn numbers_and_variants_are_checked() {
    let runtime = runtime();
    // Answers with what the text says, as Lua.
    let text = include_str!("plugins/kinds.lua").replace(
        "return kinds\n",
        "local answer\n\
         function kinds:greet(text) answer = assert(loadstring('return ' .. text)) return '' end\n\
         for _, name in ipairs { 'narrow', 'not', 'next_char', 'next_colour', 'grow', 'eight', 'mirror', 'double', 'rotate' } do\n\
           kinds[name] = function() return answer() end\n\
         end\n\
         return kinds\n",
    );
    load(&runtime, text).expect("it loads");
    let kinds = runtime.get::<dyn Kinds>().expect("a caller");
    let faulted = |text: &str, call: &dyn Fn()| {
        kinds.greet(text);
        let fault = polyplug::catch(call).expect_err(text);
        assert_eq!(fault.kind(), FaultKind::InvalidValue, "{fault}");
        fault.message().to_owned()
    };
    let narrow = || {
        let _ = kinds.narrow(0);
    };
    assert_eq!(
        faulted("128", &narrow),
        "result: 128 is out of range, which is -128 to 127"
    );
    assert_eq!(
        faulted("0.5", &narrow),
        "result: expected an integer, got 0.5"
    );
    assert_eq!(
        faulted("0/0", &narrow),
        "result: expected an integer, got NaN"
    );
    assert_eq!(
        faulted("1/0", &narrow),
        "result: expected an integer, got inf"
    );
    assert_eq!(
        faulted("'1'", &narrow),
        "result: expected an integer, got a string"
    );
    assert_eq!(
        faulted("true", &narrow),
        "result: expected an integer, got a boolean"
    );
    let not = || {
        let _ = kinds.not(false);
    };
    assert_eq!(
        faulted("1", &not),
        "result: expected a boolean, got a number"
    );
    let next_char = || {
        let _ = kinds.next_char('a');
    };
    assert_eq!(
        faulted("'ab'", &next_char),
        "result: expected a text of one character, got one of 2"
    );
    assert_eq!(
        faulted("'\\237\\160\\128'", &next_char),
        "result: the string is not UTF-8 at byte 0"
    );
    let colour = || {
        let _ = kinds.next_colour(kinds_api::Colour::Red);
    };
    assert_eq!(
        faulted("'Pink'", &colour),
        "result: `Colour` has no variant `Pink`"
    );
    assert_eq!(
        faulted("7", &colour),
        "result: expected the name of a variant, got a number"
    );
    let grow = || {
        let _ = kinds.grow(kinds_api::Shape::Empty);
    };
    assert_eq!(
        faulted("'Circle'", &grow),
        "result: variant `Circle` has fields: give a table with `variant` and them"
    );
    let eight = || {
        let _ = kinds.eight(0, 0, 0, 0, 0, 0, 0, 0);
    };
    assert_eq!(
        faulted("-1", &eight),
        "result: -1 is out of range, which is 0 to 18446744073709551615"
    );
    let mirror = || {
        let _ = kinds.mirror(kinds_api::Point::default());
    };
    assert_eq!(
        faulted("{ x = 1, y = 2 }", &mirror),
        "result: field `visible` is missing"
    );
    assert_eq!(
        faulted("{ x = 1, y = 'a', visible = true }", &mirror),
        "result `y`: expected a number, got a string"
    );
    let double = || {
        let _ = kinds.double(vec![1]);
    };
    assert_eq!(
        faulted("{ 1, -1 }", &double),
        "result `[1]`: -1 is out of range, which is 0 to 4294967295"
    );
    let rotate = || {
        let _ = kinds.rotate([1, 2, 3]);
    };
    assert_eq!(
        faulted("{ 1 }", &rotate),
        "result: expected a list of 3 items, got 1"
    );
    // And what is a value, at the ends.
    kinds.greet("18446744073709551615ULL");
    assert_eq!(kinds.eight(0, 0, 0, 0, 0, 0, 0, 0), u64::MAX);
    kinds.greet("2^53");
    assert_eq!(kinds.eight(0, 0, 0, 0, 0, 0, 0, 0), 1 << 53);
    kinds.greet("-128LL");
    assert_eq!(kinds.narrow(0), -128);
    kinds.greet("{ x = 0/0, y = -0.0, visible = true }");
    let point = kinds.mirror(kinds_api::Point::default());
    assert!(point.x.is_nan() && point.y == 0.0 && point.y.is_sign_negative());
}
