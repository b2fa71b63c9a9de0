//! Reflection: everything that a loaded module describes, as values that outlive it.

use core::mem::{align_of, offset_of, size_of};

use every_api::Mark;
use fixture_harness::fixture;
use polyplug::{ContractInfo, Memory, MethodInfo, Passing, Runtime, TypeKind};

fn contract(id: &str) -> ContractInfo {
    let runtime = Runtime::new();
    let module = runtime.load(fixture("every")).expect("it loads");
    let contracts = runtime.contracts();
    let _ = module.unload();
    // From here on the module is gone.
    let mut contracts = contracts.into_iter();
    contracts
        .find(|contract| contract.id() == id)
        .expect("described")
}

fn method(contract: &ContractInfo, name: &str) -> MethodInfo {
    let mut methods = contract.methods().into_iter();
    methods.find(|method| method.name() == name).expect("there")
}

#[test]
fn methods_say_how_their_arguments_cross() {
    let every = contract("every.every");
    let passings = |name: &str| -> Vec<Passing> {
        let arguments = method(&every, name).arguments();
        arguments
            .iter()
            .map(polyplug::ArgumentInfo::passing)
            .collect()
    };
    assert_eq!(passings("wide"), [Passing::VALUE, Passing::VALUE]);
    assert_eq!(passings("first_word"), [Passing::TEXT, Passing::TEXT]);
    assert_eq!(
        passings("scale"),
        [Passing::SLICE_MUT, Passing::SLICE_MUT, Passing::VALUE]
    );
    assert_eq!(passings("append"), [Passing::SINK, Passing::SINK]);
    assert_eq!(passings("tell"), [Passing::OBJECT, Passing::VALUE]);
    assert_eq!(passings("read_all"), [Passing::OBJECT_MUT]);
    assert_eq!(passings("field"), [Passing::REFERENCE]);

    let scale = method(&every, "scale");
    let offsets: Vec<_> = scale
        .arguments()
        .iter()
        .map(|argument| argument.offset())
        .collect();
    assert_eq!(offsets, [0, 16, 32], "two slices of 16 bytes, then a float");
    assert_eq!(scale.frame(), Memory { size: 40, align: 8 });
    assert!(method(&every, "first_word").borrows_from_arguments());
    assert!(!scale.borrows_from_arguments());
    assert_eq!(scale.arguments()[0].to_string(), "samples: &mut [Sample]");
}

#[test]
fn types_say_what_they_are_made_of_and_where_it_lies() {
    let every = contract("every.every");
    let mark = method(&every, "mark").result_type();
    assert_eq!((mark.kind(), mark.name()), (TypeKind::STRUCT, "Mark"));
    assert!(
        mark.docs()
            .contains("Plain, but not every pattern is a value.")
    );
    let layout = Memory {
        size: size_of::<Mark>(),
        align: align_of::<Mark>(),
    };
    assert_eq!((mark.lent(), mark.owned()), (layout, layout));
    let fields = mark.fields();
    let names: Vec<_> = fields.iter().map(polyplug::FieldInfo::name).collect();
    assert_eq!(names, ["at", "set"]);
    assert_eq!(fields[1].lent_offset(), offset_of!(Mark, set));
    assert_eq!(fields[1].ty().kind(), TypeKind::BOOL);
    assert!(fields[1].docs().contains("Whether it is set."));

    let maps = method(&every, "maps").result_type();
    assert_eq!(maps.to_string(), "Map<String, Map<i32, Vec<u8>>>");
    assert_eq!(maps.kind(), TypeKind::MAP);
    let pair = &maps.elements()[0];
    assert_eq!(pair.fields()[1].ty().kind(), TypeKind::MAP);

    let style = method(&every, "style").result_type();
    assert!(style.is_scalar() && style.is_plain());
    assert_eq!(style.elements()[0].kind(), TypeKind::U16);

    let keep = method(&every, "keep").result_type();
    let closure = &keep.elements()[0];
    assert!(closure.is_owned_object() && closure.is_send() && !closure.is_sync());
    let call = closure.contract().expect("its contract");
    assert_eq!((call.id(), call.is_exclusive()), ("", true));
    assert_eq!(call.methods()[0].name(), "call");
    assert_eq!(call.methods()[0].result_type().kind(), TypeKind::U32);
    assert_eq!(format!("{:?}", closure.kind()), "OBJECT");
}

#[test]
fn contracts_say_how_they_are_used() {
    let lines = contract("every.lines");
    assert!(lines.is_exclusive() && !lines.is_pinned() && !lines.is_host_contract());
    assert!(method(&lines, "next").is_exclusive() && !method(&lines, "read").is_exclusive());
    assert!(method(&lines, "skip").has_default() && !method(&lines, "next").has_default());
    assert!(method(&lines, "skip").docs().contains("Leaves some out."));
    let shelf = contract("every.shelf");
    assert!(shelf.is_pinned() && method(&shelf, "title").borrows_from_plugin());
    assert_eq!(shelf.order(), contract("every.shelf").order());
    assert_ne!(shelf.order(), lines.order());
}
