//! A module's entry point, called as a host would call it.
#![expect(
    unsafe_code,
    reason = "stands in for a host: it calls the entry point by hand"
)]

use std::ffi::c_void;
use std::mem::ManuallyDrop;

use fixture_harness::{Folder, fixture};
use libloading::Library;
use polyplug::__private::abi::{
    ABI_VERSION, ENTRY_SYMBOL, FaultParts, FaultRecord, Host, InitFunction, InterfaceHeader, List,
    Registration, Slice, init_code, module_flags,
};
use polyplug::__private::abi::{ContractDescriptor, Hold, Link, Receiver, ThreadRecord, Way};

unsafe extern "C" fn no_fault(_: *const FaultParts) -> *mut FaultRecord {
    std::process::abort()
}

unsafe extern "C" fn no_report(_: *const FaultRecord) {}

unsafe extern "C" fn no_text(_: *const u8, _: usize) {}

unsafe extern "C" fn no_view(
    _: *const InterfaceHeader,
    _: *const polyplug::__private::abi::ContractDescriptor,
) -> *const InterfaceHeader {
    std::ptr::null()
}

unsafe extern "C" fn no_thread() -> *const ThreadRecord {
    std::process::abort()
}

unsafe extern "C" fn no_way(
    _: *const Link,
    _: *const std::sync::atomic::AtomicPtr<()>,
    _: *mut Way,
) -> *mut FaultRecord {
    std::process::abort()
}

unsafe extern "C" fn no_pin(_: *const Link, _: *mut *mut FaultRecord) -> *const Hold {
    std::process::abort()
}

unsafe extern "C" fn no_cast(
    _: *const Link,
    _: *const ContractDescriptor,
    _: *mut Link,
) -> *mut FaultRecord {
    std::process::abort()
}

unsafe extern "C" fn no_image(_: *const (), _: *const ()) -> *const () {
    std::ptr::null()
}

unsafe extern "C" fn nothing_kept(_: *const ()) {}

unsafe extern "C" fn nothing_sent(_: *const (), _: *const ()) {}

unsafe extern "C" fn no_body(
    _: *mut Receiver,
    _: *const InterfaceHeader,
    _: *const ContractDescriptor,
    _: u32,
    _: *const c_void,
    _: *mut c_void,
) -> i32 {
    std::process::abort()
}

const fn host(abi: u32) -> Host {
    Host {
        size: size_of::<Host>() as u32,
        abi,
        fault_new: no_fault,
        fault_unhandled: no_report,
        report: no_text,
        adapt: no_view,
        thread: no_thread,
        enter: no_way,
        pin: no_pin,
        cast: no_cast,
        keep_image: no_image,
        release_image: nothing_kept,
        threads: std::ptr::null(),
        log: std::ptr::null(),
        send_image: nothing_sent,
        take_image: no_image,
        default_body: no_body,
    }
}

static HOST: Host = host(ABI_VERSION);
static NEWER: Host = host(ABI_VERSION + 1);

fn init(library: &Library, host: &'static Host) -> (i32, Registration) {
    let mut registration = Registration {
        size: size_of::<Registration>() as u32,
        abi: 0,
        options: 0,
        flags: 0,
        offers: List::EMPTY,
        contracts: List::EMPTY,
        expected_offers: 0,
        name: Slice::text("module"),
        image: std::ptr::null(),
    };
    // SAFETY: the type that ABI 1 gives the symbol.
    let entry = unsafe { library.get::<InitFunction>(ENTRY_SYMBOL) }.expect("the entry point");
    // SAFETY: an immortal host, and a registration of this version.
    let code = unsafe { entry(host, &raw mut registration) };
    (code, registration)
}

/// An image of its own, which stays mapped.
fn image(folder: &Folder) -> ManuallyDrop<Library> {
    let bytes = std::fs::read(fixture("counter")).expect("the library");
    let copy = folder.file("libcopy.so", &bytes);
    // SAFETY: a library of this project; its initialisers only count.
    let library = unsafe { Library::new(copy) }.expect("a library");
    ManuallyDrop::new(library)
}

#[test]
fn a06_a_second_init_of_one_image_is_refused() {
    let folder = Folder::new("second-init");
    let library = image(&folder);
    let (code, registration) = init(&library, &HOST);
    assert_eq!(code, init_code::READY);
    assert_eq!(
        (registration.abi, registration.flags),
        (ABI_VERSION, module_flags::RUST)
    );
    assert_eq!(
        (registration.offers.len, registration.expected_offers),
        (1, 1)
    );
    assert_eq!(
        registration.contracts.len, 3,
        "what the contract crate describes"
    );
    let (code, registration) = init(&library, &HOST);
    assert_eq!(code, init_code::ALREADY_INITIALISED);
    assert_eq!(registration.offers.len, 0);
}

#[test]
fn a_module_refuses_a_host_of_another_abi() {
    let folder = Folder::new("newer-host");
    let library = image(&folder);
    let (code, registration) = init(&library, &NEWER);
    assert_eq!(
        (code, registration.abi),
        (init_code::ABI_MISMATCH, ABI_VERSION)
    );
    // Nothing was done: the right host is still welcome.
    assert_eq!(init(&library, &HOST).0, init_code::READY);
}
