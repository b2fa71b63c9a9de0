//! Calls by descriptor: a caller of one version of a contract and a plugin of another, whose methods have other numbers.
#![expect(
    unsafe_code,
    reason = "a call by descriptor is unsafe: a binding makes it safe"
)]

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;
use core::time::Duration;

use fixture_harness::fixture;
use polyplug::{ContractInfo, DynamicCaller, DynamicContract, FaultKind, Runtime, UnloadOutcome};
use polyplug_abi::{Buffer, Object, Sink, Slice};

#[allow(unreachable_pub, dead_code, reason = "it is a plugin's as well")]
#[path = "../../plugins/fixtures/matrix-1-2/src/contract.rs"]
mod contract;

use contract::{Desk, TheDesk};

/// The number of a method in that very contract.
fn number(contract: &ContractInfo, name: &str) -> u32 {
    let methods = contract.methods();
    let at = methods.iter().position(|method| method.name() == name);
    at.expect("such a method") as u32
}

/// Calls a method without arguments that answers a text.
fn text(caller: &DynamicCaller, name: &str) -> String {
    let contract = caller.contract().info();
    let method = number(contract, name);
    let mut out = Buffer::EMPTY;
    // SAFETY: no arguments; a place for the owned form of a `String`.
    unsafe { caller.call(method, ptr::null(), (&raw mut out).cast()) }.expect(name);
    // SAFETY: a text that a call returned.
    let text = unsafe { out.slice().str() }.to_owned();
    let ty = contract.methods()[method as usize].result_type();
    // SAFETY: released once, and not read afterwards.
    unsafe { DynamicContract::release(&ty, (&raw mut out).cast()) };
    text
}

/// A runtime with a plugin of one version, and the contract as another version has it.
fn pair(plugin: &str, other: &str) -> (Runtime, DynamicContract) {
    let teacher = Runtime::new();
    teacher.provide::<dyn Desk>(TheDesk).expect("provided");
    teacher.load(fixture(other)).expect(other);
    let contract = teacher.contract("matrix.plan", 1).expect("described");
    let runtime = Runtime::new();
    runtime.provide::<dyn Desk>(TheDesk).expect("provided");
    runtime.load(fixture(plugin)).expect(plugin);
    (runtime, DynamicContract::new(&contract))
}

#[test]
fn c12_a_method_is_found_by_its_name() {
    for plugin in ["matrix-1-0", "matrix-1-1", "matrix-1-2"] {
        for other in ["matrix-1-0", "matrix-1-1", "matrix-1-2"] {
            let (runtime, contract) = pair(plugin, other);
            let caller = runtime.dynamic_get(&contract, None).expect("a caller");
            let version = plugin.replace("matrix-", "").replace('-', ".");
            assert_eq!(
                text(&caller, "version"),
                format!("plan {version}"),
                "{other}"
            );
            assert_eq!(
                text(&caller, "version"),
                format!("plan {version}"),
                "{other}"
            );
            assert!(
                text(&caller, "desk").starts_with("desk 1.2"),
                "{plugin} {other}"
            );
        }
    }
    let (_, old) = pair("matrix-1-0", "matrix-1-0");
    let (_, new) = pair("matrix-1-0", "matrix-1-2");
    assert_ne!(
        number(old.info(), "version"),
        number(new.info(), "version"),
        "otherwise nothing was shown"
    );
}

#[test]
fn c13_a_method_that_the_plugin_lacks_is_a_fault() {
    let (runtime, contract) = pair("matrix-1-0", "matrix-1-2");
    let caller = runtime.dynamic_get(&contract, None).expect("a caller");
    let mut out = 0_u64;
    let method = number(contract.info(), "twice");
    let out = ptr::from_mut(&mut out).cast::<c_void>();
    // SAFETY: no arguments; a place for a number.
    let fault = unsafe { caller.call(method, ptr::null(), out) }.expect_err("no such method");
    assert_eq!(fault.kind(), FaultKind::UnknownMethod);
    assert_eq!(
        fault.to_string(),
        "matrix-1-0, matrix.plan.twice: the plugin has no such method, and a default body is run by callers that are compiled with the contract only"
    );
}

#[test]
fn what_comes_back_changed_outlives_the_plugin() {
    let runtime = Runtime::new();
    let module = runtime.load(fixture("every")).expect("it loads");
    let info = runtime.contract("every.every", 1).expect("described");
    let contract = DynamicContract::new(&info);
    let caller = runtime.dynamic_get(&contract, None).expect("a caller");
    let sink = |input: Slice| Sink {
        input,
        output: Buffer::EMPTY,
    };
    let (mut text, mut list) = (sink(Slice::text("text")), sink(Slice::EMPTY));
    let frame = [&raw mut text, &raw mut list];
    let mut count = 0_usize;
    // SAFETY: the frame of two sinks, and a place for a number.
    unsafe {
        caller
            .call(
                number(&info, "append"),
                frame.as_ptr().cast(),
                (&raw mut count).cast(),
            )
            .expect("appended");
    }
    let report = module.unload_within(Duration::from_secs(10));
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
    // SAFETY: what a call changed: a text.
    let changed = unsafe { text.output.slice().str() };
    assert!(
        changed.starts_with("text") && changed.len() > 4,
        "{changed}"
    );
    assert_ne!(list.output.len, 0);
    let append = &info.methods()[number(&info, "append") as usize];
    for (sink, argument) in [text, list].iter_mut().zip(append.arguments()) {
        // SAFETY: released once, and not read afterwards.
        unsafe {
            DynamicContract::release(&argument.type_info(), (&raw mut sink.output).cast());
        }
    }
}

/// The text that a method without arguments of an object answers.
fn text_of(contract: &DynamicContract, object: &Object, name: &str) -> String {
    let method = number(contract.info(), name);
    let mut out = Buffer::EMPTY;
    // SAFETY: an object that lives; no arguments; a place for the owned form of a `String`.
    unsafe { contract.call_object(object, method, ptr::null(), (&raw mut out).cast()) }
        .expect(name);
    // SAFETY: a text that a call returned.
    let text = unsafe { out.slice().str() }.to_owned();
    let ty = contract.info().methods()[method as usize].result_type();
    // SAFETY: released once, and not read afterwards.
    unsafe { DynamicContract::release(&ty, (&raw mut out).cast()) };
    text
}

#[test]
fn w1_an_owner_without_a_proxy_keeps_the_makers_image() {
    let runtime = Runtime::new();
    let module = runtime.load(fixture("every")).expect("it loads");
    let described = |id| DynamicContract::new(&runtime.contract(id, 1).expect("described"));
    let (every, listener) = (described("every.every"), described("every.listener"));
    let caller = runtime.dynamic_get(&every, None).expect("a caller");
    let name = Slice::text("later");
    let mut object = MaybeUninit::<Object>::uninit();
    // SAFETY: the frame of one text, and a place for an object, which is written.
    let object = unsafe {
        caller
            .call(
                number(every.info(), "listener"),
                (&raw const name).cast(),
                object.as_mut_ptr().cast(),
            )
            .expect("an object");
        object.assume_init()
    };
    drop(caller);
    let report = module.unload_within(Duration::from_millis(100));
    assert_ne!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
    assert_eq!(report.holders().objects(), 1, "{report}");
    assert!(text_of(&listener, &object, "name").starts_with("later"));
    // SAFETY: a live object, of one owner, which is given up.
    unsafe {
        assert!(!DynamicContract::retain_object(&object), "it has one owner");
        DynamicContract::release_object(&object);
    }
    let report = module.unload_within(Duration::from_secs(10));
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
}
