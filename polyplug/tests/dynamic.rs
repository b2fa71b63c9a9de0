//! Calls by descriptor: a caller of one version of a contract and a plugin of another, whose methods have other numbers.
#![expect(
    unsafe_code,
    reason = "a call by descriptor is unsafe: a binding makes it safe"
)]

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::thread;

use fixture_harness::fixture;
use polyplug::{
    ContractInfo, DynamicCaller, DynamicContract, Fault, FaultKind, Runtime, UnloadOutcome,
};
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

/// Calls a method that version 1.0 has not.
fn twice(caller: &DynamicCaller) -> Result<u64, Fault> {
    let mut out = u64::MAX;
    let method = number(caller.contract().info(), "twice");
    let place = ptr::from_mut(&mut out).cast::<c_void>();
    // SAFETY: no arguments; a place for a number.
    unsafe { caller.call(method, ptr::null(), place) }.map(|()| out)
}

#[test]
fn c13_what_a_plugin_lacks_is_run_by_a_module_that_describes_the_contract() {
    let runtime = Runtime::new();
    runtime.provide::<dyn Desk>(TheDesk).expect("provided");
    let describer = runtime.load(fixture("matrix-1-2")).expect("it loads");
    runtime.load(fixture("matrix-1-0")).expect("it loads");
    let contract = runtime.contract("matrix.plan", 1).expect("described");
    let contract = DynamicContract::new(&contract);
    let caller = runtime.dynamic_get(&contract, Some("matrix-1-0"));
    let caller = caller.expect("a caller");
    let plan = "plan 1.0".len() as u64 * 2;
    assert_eq!(twice(&caller), Ok(plan), "the body sees the plugin's own");
    describer.reload().expect("reloaded");
    assert_eq!(twice(&caller), Ok(plan), "of the module as it is now");

    // Nobody is kept by it, and nobody runs it any more.
    let report = describer.unload_within(Duration::from_secs(10));
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
    let fault = twice(&caller).expect_err("no default body");
    assert_eq!(fault.kind(), FaultKind::UnknownMethod);
    assert_eq!(
        fault.to_string(),
        "matrix-1-0, matrix.plan.twice: the plugin leaves the method out, and no module is loaded that describes the contract \
         and has a default body for it"
    );
    let again = runtime.load(fixture("matrix-1-2")).expect("it loads again");
    assert_eq!(twice(&caller), Ok(plan));
    drop(again);
}

#[test]
fn c13_a_default_body_of_another_version_is_not_run() {
    let (runtime, contract) = pair("matrix-1-0", "matrix-1-2");
    let caller = runtime.dynamic_get(&contract, None).expect("a caller");
    runtime.load(fixture("matrix-1-1")).expect("it loads");
    let fault = twice(&caller).expect_err("no such body");
    assert_eq!(fault.kind(), FaultKind::UnknownMethod);
}

#[test]
fn c13_an_object_of_another_order_runs_a_default_body_too() {
    let (runtime, old) = pair("matrix-1-0", "matrix-1-0");
    let caller = runtime.dynamic_get(&old, None).expect("a caller");
    let pinned = caller.pin().expect("pinned");
    let (interface, state) = pinned.typed_face();
    // As it would lie in an argument that is lent.
    let object = Object {
        interface,
        state,
        retain: None,
        release: None,
    };
    runtime.load(fixture("matrix-1-2")).expect("it loads");
    let (_teacher, new) = pair("matrix-1-2", "matrix-1-2");
    assert_ne!(
        number(old.info(), "version"),
        number(new.info(), "version"),
        "otherwise nothing was shown"
    );
    assert_eq!(text_of(&new, &object, "version"), "plan 1.0");
    let mut out = 0_u64;
    let method = number(new.info(), "twice");
    let place = ptr::from_mut(&mut out).cast::<c_void>();
    // SAFETY: an object that lives; no arguments; a place for a number.
    unsafe { new.call_object(&object, method, ptr::null(), place) }.expect("a default body");
    assert_eq!(out, "plan 1.0".len() as u64 * 2);
}

struct AtTheEnd<'d>(&'d AtomicBool);

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn c13_default_bodies_are_found_while_modules_come_and_go() {
    let runtime = Runtime::new();
    runtime.provide::<dyn Desk>(TheDesk).expect("provided");
    let first = runtime.load(fixture("matrix-1-2")).expect("it loads");
    runtime.load(fixture("matrix-1-0")).expect("it loads");
    let contract = runtime.contract("matrix.plan", 1).expect("described");
    let contract = DynamicContract::new(&contract);
    let caller = runtime.dynamic_get(&contract, Some("matrix-1-0"));
    let caller = caller.expect("a caller");
    let done = AtomicBool::new(false);
    let (answered, missed) = thread::scope(|scope| {
        let callers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut answered, mut missed) = (0, 0);
                    while !done.load(Ordering::SeqCst) {
                        match twice(&caller) {
                            Ok(16) => answered += 1,
                            Err(fault) if fault.kind() == FaultKind::UnknownMethod => missed += 1,
                            other => panic!("{other:?}"),
                        }
                    }
                    (answered, missed)
                })
            })
            .collect();
        // Also when this thread panics: the others are waited for.
        let end = AtTheEnd(&done);
        let mut module = first;
        for _ in 0..25 {
            let report = module.unload_within(Duration::from_secs(10));
            assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
            module = runtime.load(fixture("matrix-1-2")).expect("it loads again");
        }
        drop(end);
        let counts = callers
            .into_iter()
            .map(|thread| thread.join().expect("calls"));
        counts.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    });
    assert!(answered > 100 && missed > 0, "{answered} {missed}");
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
