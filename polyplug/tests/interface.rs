//! The binary interface seen from outside: both faces of an interface called as a C program would, and callees that lie.

use polyplug::__private::abi::{fault_kind, invoke_code};
use polyplug::FaultKind;

/// A field-less enum.
#[polyplug::data]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Choice {
    /// The first.
    One,
    /// The second.
    Two,
}

/// A payload enum.
#[polyplug::data]
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// The end.
    Leaf(bool),
    /// And so on.
    Next(Box<Node>),
}

/// A struct.
#[polyplug::data]
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// A flag.
    pub flag: bool,
    /// Texts.
    pub names: Vec<String>,
}

/// Answered by functions that lie.
#[polyplug::contract(id = "test.lies", version = "1.0")]
pub trait Lies {
    /// A bool.
    fn flag(&self) -> bool;
    /// A char.
    fn letter(&self) -> char;
    /// Text.
    fn text(&self) -> String;
    /// A list.
    fn list(&self) -> Vec<u64>;
    /// A field-less enum.
    fn choice(&self) -> Choice;
    /// Nested.
    fn rows(&self) -> Vec<Option<Row>>;
    /// Nested without end.
    fn deep(&self) -> Node;
    /// Narrow.
    fn narrow(&self) -> u8;
}

/// Called through both faces.
#[polyplug::contract(id = "test.face", version = "1.0")]
pub trait Face {
    /// Narrow scalars.
    fn add(&self, a: u8, b: i8, carry: bool) -> i16;
    /// Text.
    fn greet(&self, name: &str) -> String;
    /// A list by address.
    fn sum(&self, values: &[u32]) -> u64;
    /// Data.
    fn put(&self, row: &Row, choice: Choice) -> u32;
    /// Nothing in, nothing out.
    fn nothing(&self);
    /// Panics, or answers.
    fn moody(&self, calm: bool) -> String;
}

/// A crate's own result, under another name.
type Answer<T> = core::result::Result<T, Trouble>;

/// An error that faults become.
#[polyplug::data]
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// What the plugin says.
    Said(String),
    /// A fault.
    Fault(polyplug::Fault),
}

impl From<polyplug::Fault> for Trouble {
    fn from(fault: polyplug::Fault) -> Self {
        Self::Fault(fault)
    }
}

/// An error that no fault becomes.
type Plain<T> = core::result::Result<T, u32>;

/// Results of several kinds, under names of their own.
#[polyplug::contract(id = "test.results", version = "1.0")]
pub trait Results {
    /// Takes faults.
    fn takes(&self) -> Answer<u32>;
    /// Does not.
    fn raises(&self) -> Plain<u32>;
}

struct Broken;

impl Results for Broken {
    fn takes(&self) -> Answer<u32> {
        panic!("broken")
    }
    fn raises(&self) -> Plain<u32> {
        panic!("broken")
    }
}

struct Honest;

impl Face for Honest {
    fn add(&self, a: u8, b: i8, carry: bool) -> i16 {
        i16::from(a) + i16::from(b) + i16::from(carry)
    }
    fn greet(&self, name: &str) -> String {
        format!("Hello, {name}!")
    }
    fn sum(&self, values: &[u32]) -> u64 {
        values.iter().map(|&value| u64::from(value)).sum()
    }
    fn put(&self, row: &Row, choice: Choice) -> u32 {
        row.names.len() as u32 + u32::from(row.flag) + u32::from(choice == Choice::Two)
    }
    fn nothing(&self) {}
    fn moody(&self, calm: bool) -> String {
        assert!(calm, "not today");
        "calm".to_owned()
    }
}

/// What a C program would write, in Rust.
mod c {
    #![expect(
        unsafe_code,
        reason = "stands in for a C program: it keeps, or breaks, the ABI by hand"
    )]

    use std::ffi::c_void;
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, Ordering};

    use super::{Face, Honest, Lies};
    use polyplug::__private::abi::{Buffer, InterfaceHeader, Object, Receiver, Slice};
    use polyplug::__private::{Contract, Fault, ImplementedBy, take_object};

    /// The functions of `Face`, as a header would declare them.
    #[repr(C)]
    pub(crate) struct FaceInterface {
        head: InterfaceHeader,
        add: unsafe extern "C" fn(*mut Receiver, u32, i32, u32) -> i32,
        greet: unsafe extern "C" fn(*mut Receiver, *const u8, usize, *mut Buffer),
        sum: unsafe extern "C" fn(*mut Receiver, *const u32, usize) -> u64,
        put: unsafe extern "C" fn(*mut Receiver, *const c_void, u32) -> u32,
        nothing: unsafe extern "C" fn(*mut Receiver),
        moody: unsafe extern "C" fn(*mut Receiver, u32, *mut Buffer),
    }

    /// What is left in the place for the result, the fault, and the state of the receiver, after a call that panics.
    pub(crate) fn panicked() -> (Buffer, Fault, bool) {
        let mark = Buffer {
            ptr: ptr::null_mut(),
            len: 12_345,
            capacity: 67,
            release: None,
        };
        let mut out = mark;
        let mut receiver = receiver();
        let state = receiver.state;
        // SAFETY: a fresh receiver with the state of the interface, and a place for the result.
        unsafe { (face().moody)(&raw mut receiver, 0, &raw mut out) };
        // SAFETY: a stored fault comes with one count.
        let fault = unsafe {
            <Fault as polyplug::Data>::receive(
                receiver.fault.cast_const(),
                &polyplug::__private::Arena::new(),
            )
        };
        (
            out,
            fault,
            receiver.state == state && receiver.call.is_null(),
        )
    }

    fn face() -> &'static FaceInterface {
        // SAFETY: K1 and K3: the interface of `Face`, whose layout is stated above.
        unsafe { &*<dyn Face as ImplementedBy<Honest>>::INTERFACE.cast::<FaceInterface>() }
    }

    fn receiver() -> Receiver {
        Receiver::new(ptr::from_ref(&Honest).cast_mut().cast())
    }

    pub(crate) fn head() -> InterfaceHeader {
        face().head
    }

    pub(crate) fn add(a: u32, b: i32, carry: u32) -> i32 {
        // SAFETY: a fresh receiver with the state of the interface.
        unsafe { (face().add)(&mut receiver(), a, b, carry) }
    }

    pub(crate) fn greet(name: &[u8], null: bool) -> String {
        let mut out = Buffer::EMPTY;
        let ptr = if null { ptr::null() } else { name.as_ptr() };
        // SAFETY: as above; the text is UTF-8, and there is a place for the result.
        unsafe { (face().greet)(&mut receiver(), ptr, name.len(), &raw mut out) };
        // SAFETY: no fault: a valid buffer, released once.
        let text = unsafe { out.slice().str() }.to_owned();
        // SAFETY: as above.
        unsafe { out.release() };
        text
    }

    pub(crate) fn sum(values: *const u32, len: usize) -> u64 {
        // SAFETY: as above; null only with length 0.
        unsafe { (face().sum)(&mut receiver(), values, len) }
    }

    pub(crate) fn nothing() {
        // SAFETY: as above.
        unsafe { (face().nothing)(&mut receiver()) }
    }

    /// The row's lent wire form.
    #[repr(C)]
    pub(crate) struct Row {
        pub(crate) flag: u8,
        pub(crate) names: Slice,
    }

    pub(crate) fn put(row: &Row) -> u32 {
        // SAFETY: as above; a valid row.
        unsafe { (face().put)(&mut receiver(), ptr::from_ref(row).cast(), 1) }
    }

    /// The erased face: the code, and the fault if there is one.
    pub(crate) fn invoke<F, O>(method: u32, frame: &F, out: &mut O) -> (i32, Option<Fault>) {
        invoke_at(
            method,
            ptr::from_ref(frame).cast(),
            ptr::from_mut(out).cast(),
        )
    }

    pub(crate) fn invoke_at(
        method: u32,
        frame: *const c_void,
        out: *mut c_void,
    ) -> (i32, Option<Fault>) {
        let mut receiver = receiver();
        // SAFETY: a fresh receiver; a frame and a place that are null or as described.
        let code = unsafe { (face().head.invoke)(&raw mut receiver, method, frame, out) };
        if receiver.fault.is_null() {
            return (code, None);
        }
        // SAFETY: a stored fault comes with one count.
        (
            code,
            Some(unsafe {
                <Fault as polyplug::Data>::receive(
                    receiver.fault.cast_const(),
                    &polyplug::__private::Arena::new(),
                )
            }),
        )
    }

    /// What the functions of `Lies` answer.
    #[derive(Default)]
    pub(crate) struct Answers {
        pub(crate) scalar: u32,
        pub(crate) buffer: Option<Buffer>,
    }

    fn answers<'a>(receiver: *mut Receiver) -> &'a Answers {
        // SAFETY: the state that `lie` put in.
        unsafe { &*(*receiver).state.cast::<Answers>() }
    }

    unsafe extern "C" fn scalar(receiver: *mut Receiver) -> u32 {
        answers(receiver).scalar
    }

    unsafe extern "C" fn buffer(receiver: *mut Receiver, out: *mut Buffer) {
        if let Some(buffer) = answers(receiver).buffer {
            // SAFETY: a place for a buffer.
            unsafe { out.write(buffer) }
        }
    }

    /// A node's owned wire form.
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct OwnedNode {
        tag: u32,
        next: Buffer,
    }

    unsafe extern "C" fn deep(_: *mut Receiver, out: *mut OwnedNode) {
        // A chain that bites its own tail: as deep as one cares to look. Nobody can own it, so it stays, where a leak
        // checker finds it.
        static CHAIN: AtomicPtr<OwnedNode> = AtomicPtr::new(ptr::null_mut());
        let node = Box::leak(Box::new(OwnedNode {
            tag: 1,
            next: Buffer::EMPTY,
        }));
        node.next = Buffer {
            ptr: ptr::from_mut(node).cast(),
            len: 1,
            capacity: 1,
            release: None,
        };
        CHAIN.store(node, Ordering::Relaxed);
        // SAFETY: a place for a node.
        unsafe { out.write(*node) }
    }

    unsafe extern "C" fn refused(
        _: *mut Receiver,
        _: u32,
        _: *const c_void,
        _: *mut c_void,
    ) -> i32 {
        1
    }

    /// Calls `Lies` on functions that answer this.
    pub(crate) fn lie<T>(answers: &Answers, call: impl FnOnce(&dyn Lies) -> T) -> T {
        #[repr(C)]
        struct Interface {
            head: InterfaceHeader,
            functions: [*const (); 8],
        }
        let contract = <dyn Lies as Contract>::DESCRIPTOR;
        let interface = Interface {
            head: InterfaceHeader {
                size: size_of::<Interface>() as u32,
                method_count: 8,
                flags: 0,
                reserved: 0,
                order: contract.order,
                contract,
                invoke: refused,
            },
            functions: [
                scalar as *const (),
                scalar as *const (),
                buffer as *const (),
                buffer as *const (),
                scalar as *const (),
                buffer as *const (),
                deep as *const (),
                scalar as *const (),
            ],
        };
        let object = Object {
            interface: (&raw const interface).cast(),
            state: ptr::from_ref(answers).cast_mut().cast(),
            retain: None,
            release: None,
        };
        let arena = polyplug::__private::Arena::new();
        // SAFETY: an object whose functions have the right signatures, whatever they answer.
        let object = unsafe { take_object::<dyn Lies>(&raw const object, &arena) };
        call(&object)
    }
}

fn lie_about_buffer(ptr: *const u8, len: usize, call: impl FnOnce(&dyn Lies)) -> polyplug::Fault {
    let buffer = polyplug::__private::abi::Buffer {
        ptr: ptr.cast_mut(),
        len,
        ..polyplug::__private::abi::Buffer::EMPTY
    };
    let answers = c::Answers {
        buffer: Some(buffer),
        ..c::Answers::default()
    };
    polyplug::catch(|| c::lie(&answers, call)).expect_err("a fault")
}

fn lie_about_scalar(scalar: u32, call: impl FnOnce(&dyn Lies)) -> polyplug::Fault {
    let answers = c::Answers {
        scalar,
        ..c::Answers::default()
    };
    polyplug::catch(|| c::lie(&answers, call)).expect_err("a fault")
}

#[test]
fn c04_the_receiver_narrows() {
    assert_eq!(c::add(200, -100, 1), 101);
    // Foreign callers may leave what they like in the upper bits.
    assert_eq!(c::add(0xFFFF_FF00 | 200, 0x7FFF_FF00 | 156, 0x100), 101);
    let narrow = c::Answers {
        scalar: 0xABCD_EF07,
        ..c::Answers::default()
    };
    assert_eq!(c::lie(&narrow, |lies| lies.narrow()), 7);
}

#[test]
fn c03_null_with_length_0_is_accepted_on_both_faces() {
    assert_eq!(c::greet(b"", true), "Hello, !");
    assert_eq!(c::sum(std::ptr::null(), 0), 0);
    let mut total = u64::MAX;
    let (code, fault) = c::invoke(2, &(std::ptr::null::<u32>(), 0_usize), &mut total);
    assert_eq!((code, total), (invoke_code::VALUE, 0));
    assert!(fault.is_none());
}

#[test]
fn the_typed_face_has_the_signatures_of_a_header() {
    assert_eq!(c::greet("größer".as_bytes(), false), "Hello, größer!");
    assert_eq!(c::sum([1_u32, 2, 3].as_ptr(), 3), 6);
    c::nothing();
    let names = [
        polyplug::__private::abi::Slice::text("a"),
        polyplug::__private::abi::Slice::text("b"),
    ];
    assert_eq!(
        c::put(&c::Row {
            flag: 1,
            names: polyplug::__private::abi::Slice::of(&names)
        }),
        4
    );
    let head = c::head();
    assert_eq!(
        (head.size, head.method_count, head.flags, head.reserved),
        (40 + 6 * 8, 6, 1, 0)
    );
}

#[test]
fn the_erased_face_reads_a_frame_and_writes_the_result() {
    let mut sum = 0_i32;
    assert_eq!(
        c::invoke(0, &(200_u32, -100_i32, 1_u32), &mut sum).0,
        invoke_code::VALUE
    );
    assert_eq!(sum, 101);
    let (code, fault) = c::invoke_at(4, std::ptr::null(), std::ptr::null_mut());
    assert_eq!(code, invoke_code::VALUE);
    assert!(fault.is_none());
}

#[test]
fn c03_the_erased_face_checks_every_argument() {
    let message = |method, frame: &[u64; 3]| {
        let mut out = [0_u64; 4];
        let (code, fault) = c::invoke(method, frame, &mut out);
        assert_eq!(code, invoke_code::FAULT);
        let fault = fault.expect("a fault");
        (fault.kind(), fault.message().to_owned())
    };
    let invalid = FaultKind::InvalidValue;
    // A bool of 2: the third 32-bit word of the first method's frame.
    assert_eq!(
        message(0, &[0, 2, 0]),
        (
            invalid,
            "argument `carry`: 2 is no bool, which is 0 or 1".to_owned()
        )
    );
    let bytes = [0xFF_u8, 0xFE];
    let (kind, text) = message(1, &[bytes.as_ptr().addr() as u64, 2, 0]);
    assert_eq!(kind, invalid);
    assert!(
        text.starts_with("argument `name`: text that is no UTF-8"),
        "{text}"
    );
    assert_eq!(
        message(1, &[0, 5, 0]).1,
        "argument `name`: a null pointer with length 5"
    );
    assert_eq!(
        message(2, &[4, u64::MAX, 0]).1,
        format!(
            "argument `values`: a length of {} is more than memory can hold",
            usize::MAX
        )
    );
    assert_eq!(
        message(2, &[5, 1, 0]).1,
        "argument `values`: a pointer that is not aligned to 4 bytes"
    );
    assert_eq!(
        message(3, &[0, 0, 0]).1,
        "argument `row`: a null pointer where a value was expected"
    );
    let mut row = c::Row {
        flag: 3,
        names: polyplug::__private::abi::Slice::EMPTY,
    };
    assert_eq!(
        message(3, &[std::ptr::from_ref(&row).addr() as u64, 0, 0]).1,
        "argument `row.flag`: 3 is no bool, which is 0 or 1"
    );
    row.flag = 0;
    let (kind, text) = message(3, &[std::ptr::from_ref(&row).addr() as u64, 9, 0]);
    assert_eq!(kind, FaultKind::UnknownVariant);
    assert_eq!(
        text,
        "argument `choice`: variant 9 is unknown, `Choice` has 2 here"
    );
    let bad = [
        polyplug::__private::abi::Slice::text("fine"),
        polyplug::__private::abi::Slice::of(&bytes),
    ];
    row.names = polyplug::__private::abi::Slice::of(&bad);
    let text = message(3, &[std::ptr::from_ref(&row).addr() as u64, 0, 0]).1;
    assert!(
        text.starts_with("argument `row.names[1]`: text that is no UTF-8"),
        "{text}"
    );
    assert_eq!(
        message(99, &[0; 3]),
        (
            FaultKind::UnknownMethod,
            "contract `test.face` has no method number 99".to_owned()
        )
    );
    let (code, fault) = c::invoke_at(0, std::ptr::null(), std::ptr::null_mut());
    assert_eq!(code, invoke_code::FAULT);
    assert!(
        fault
            .expect("a fault")
            .message()
            .starts_with("the frame is null")
    );
}

#[test]
fn c03_results_that_lie_are_faults() {
    let fault = lie_about_scalar(2, |lies| assert!(lies.flag()));
    assert_eq!(fault.message(), "result 2 is no bool, which is 0 or 1");
    assert_eq!((fault.contract(), fault.method()), ("test.lies", "flag"));
    assert_eq!(
        lie_about_scalar(0xD800, |lies| assert!(lies.letter() != char::MAX)).message(),
        "result 0xd800 is no Unicode scalar value"
    );
    let fault = lie_about_scalar(2, |lies| assert!(lies.choice() != Choice::One));
    assert_eq!(
        (fault.kind(), fault.message()),
        (
            FaultKind::UnknownVariant,
            "result variant 2 is unknown, `Choice` has 2 here"
        )
    );
    let bytes = [0xC0_u8, 0x80];
    let fault = lie_about_buffer(bytes.as_ptr(), 2, |lies| drop(lies.text()));
    assert!(
        fault.message().starts_with("result text that is no UTF-8"),
        "{fault}"
    );
    assert_eq!(
        lie_about_buffer(std::ptr::null(), 3, |lies| drop(lies.list())).message(),
        "result a null pointer with length 3"
    );
    let fault = lie_about_buffer(std::ptr::null(), 1 << 61, |lies| drop(lies.list()));
    assert!(
        fault.message().ends_with("more than memory can hold"),
        "{fault}"
    );
    let words = [0_u64; 3];
    let skewed = words.as_ptr().cast::<u8>().wrapping_add(4);
    assert_eq!(
        lie_about_buffer(skewed, 1, |lies| drop(lies.list())).message(),
        "result a pointer that is not aligned to 8 bytes"
    );
    // Options of rows: tag 1, then a row whose flag lies.
    let rows = [1_u64, 7, 0, 0, 0, 0];
    let fault = lie_about_buffer(rows.as_ptr().cast(), 1, |lies| drop(lies.rows()));
    assert_eq!(
        fault.message(),
        "result `[0].flag`: 7 is no bool, which is 0 or 1"
    );
    let fault = lie_about_buffer([5_u64; 6].as_ptr().cast(), 1, |lies| drop(lies.rows()));
    assert_eq!(
        (fault.kind(), fault.message()),
        (
            FaultKind::UnknownVariant,
            "result `[0]`: tag 5 is neither 0 nor 1"
        )
    );
}

#[test]
fn c10_nesting_without_end_is_a_fault() {
    let fault = polyplug::catch(|| c::lie(&c::Answers::default(), |lies| drop(lies.deep())))
        .expect_err("a fault");
    assert!(
        fault.message().ends_with("a value nested deeper than 128"),
        "{fault}"
    );
    assert_eq!(fault.code(), "invalid-value");
    assert_eq!(fault_kind::INVALID_VALUE, 4);
}

#[test]
fn c01_only_the_fault_of_a_receiver_is_the_callees() {
    let (_, fault, untouched) = c::panicked();
    assert!(untouched, "state and call are as the caller made them");
    assert_eq!(fault.kind(), FaultKind::Panicked);
}

#[test]
fn c07_out_is_written_last() {
    let (out, fault, _) = c::panicked();
    assert_eq!(
        (out.len, out.capacity),
        (12_345, 67),
        "on a fault the place is as it was"
    );
    assert_eq!(
        (fault.kind(), fault.message()),
        (FaultKind::Panicked, "not today")
    );
}

#[test]
fn c17_what_becomes_of_a_fault_is_decided_by_the_type() {
    let runtime = polyplug::Runtime::new();
    runtime.provide::<dyn Results>(Broken).expect("provided");
    let results = runtime.get::<dyn Results>().expect("a caller");
    let Err(Trouble::Fault(fault)) = results.takes() else {
        panic!("an error, although the alias says so nowhere")
    };
    assert_eq!(fault.message(), "broken");
    let fault =
        polyplug::catch(|| results.raises()).expect_err("raised: a `u32` is made of no fault");
    assert_eq!((fault.method(), fault.message()), ("raises", "broken"));
}
