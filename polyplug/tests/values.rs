//! Every kind of type, through a really loaded library and back, and through each handle.

use fixture_harness::fixture;
use kinds_api::{Kinds, KindsError};
use polyplug::{Caller, FaultKind, Runtime};

#[test]
fn every_kind_crosses_through_every_handle() {
    let runtime = Runtime::new();
    runtime.load(fixture("kinds")).expect("the plugin");
    let caller = runtime.get::<dyn Kinds>().expect("a caller");
    kinds_api::exercise(&caller);
    kinds_api::exercise(&Caller::pin(&caller).expect("pinned"));
    kinds_api::exercise(&runtime.create::<dyn Kinds>().expect("an instance"));
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
