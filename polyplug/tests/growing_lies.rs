//! Data that grows, seen from outside: written by hand, as a C program would, in both faces, true and false.

use polyplug::__private::abi::{Buffer, Grown, GrownVariant, Slice};
use polyplug::FaultKind;

/// A struct whose lent form is `{ u32 size; u8 flag; u16 width; u64 depth; Slice name }`.
#[polyplug::data(non_exhaustive)]
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// At 4.
    pub flag: bool,
    /// At 6.
    pub width: u16,
    /// At 8.
    #[data(default = 5)]
    pub depth: u64,
    /// At 16.
    #[data(default)]
    pub name: String,
}

/// An enum.
#[polyplug::data(non_exhaustive)]
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Nothing in it.
    Empty,
    /// Something in it.
    Full(bool, u64),
}

/// An enum that knows what it does not know.
#[polyplug::data(non_exhaustive)]
#[derive(Clone, Debug, PartialEq)]
pub enum Open {
    /// Something in it.
    Full(u32),
    /// Anything else.
    #[data(other)]
    Other(u32),
}

/// Answered and called by hand.
#[polyplug::contract(id = "test.growing-lies", version = "1.0")]
pub trait Lies {
    /// A struct in.
    fn style(&self, style: Style) -> String;
    /// Structs in.
    fn styles(&self, styles: &[Style]) -> u32;
    /// An enum in.
    fn shape(&self, shape: Option<Shape>) -> u64;
    /// An enum in, which may be unknown.
    fn open(&self, open: &Open) -> u32;
    /// A struct out.
    fn out_style(&self) -> Style;
    /// An enum out.
    fn out_shape(&self) -> Shape;
    /// An enum out, which may be unknown.
    fn out_open(&self) -> Open;
}

struct Honest;

impl Lies for Honest {
    fn style(&self, style: Style) -> String {
        format!(
            "{} {} {} {:?}",
            style.flag, style.width, style.depth, style.name
        )
    }
    fn styles(&self, styles: &[Style]) -> u32 {
        styles.len() as u32
    }
    fn shape(&self, shape: Option<Shape>) -> u64 {
        match shape {
            Some(Shape::Full(flag, number)) => number + u64::from(flag),
            Some(Shape::Empty) => 1000,
            None => 2000,
        }
    }
    fn open(&self, open: &Open) -> u32 {
        match open {
            Open::Full(number) => *number,
            Open::Other(tag) => tag + 100,
        }
    }
    fn out_style(&self) -> Style {
        Style {
            flag: true,
            width: 3,
            depth: 4,
            name: "name".to_owned(),
        }
    }
    fn out_shape(&self) -> Shape {
        Shape::Full(true, 6)
    }
    fn out_open(&self) -> Open {
        Open::Other(1)
    }
}

/// A style as somebody writes it.
#[repr(C)]
#[derive(Clone, Copy)]
struct Written {
    size: u32,
    flag: u8,
    width: u16,
    depth: u64,
    name: Slice,
}

const WRITTEN: Written = Written {
    size: 32,
    flag: 1,
    width: 2,
    depth: 9,
    name: Slice::text("by hand"),
};

/// The payload of `Full`.
#[repr(C)]
struct Full(u8, u64);

/// An option as it lies.
#[repr(C)]
struct Maybe(u32, Grown);

mod c {
    #![expect(
        unsafe_code,
        reason = "stands in for a C program: it keeps, or breaks, the ABI by hand"
    )]

    use std::cell::Cell;
    use std::ffi::c_void;
    use std::ptr;

    use super::{Honest, Lies};
    use polyplug::__private::abi::{Grown, InterfaceHeader, Object, Receiver, invoke_code};
    use polyplug::__private::{Arena, Contract, Fault, ImplementedBy, take_object};

    thread_local! {
        /// How often something was let go, and with how many bytes known the last time.
        pub(crate) static LET_GO: Cell<(u32, usize)> = const { Cell::new((0, 0)) };
    }

    /// Frees nothing, and counts.
    pub(crate) unsafe extern "C" fn let_go(_: *mut u8, known: usize) {
        LET_GO.set((LET_GO.get().0 + 1, known));
    }

    pub(crate) fn at<T>(value: &T) -> Grown {
        Grown {
            ptr: ptr::from_ref(value).cast_mut().cast(),
            release: Some(let_go),
        }
    }

    /// Calls the erased face: the result, or the fault.
    pub(crate) fn invoke<F, O: Copy>(method: u32, frame: &F) -> Result<O, Fault> {
        let interface = <dyn Lies as ImplementedBy<Honest>>::INTERFACE;
        let mut receiver = Receiver::new(ptr::from_ref(&Honest).cast_mut().cast());
        let mut out = [0_u64; 8];
        assert!(size_of::<O>() <= size_of_val(&out));
        let place: *mut c_void = (&raw mut out).cast();
        // SAFETY: a live interface with a state of its own; a frame of the method, and a place for any result here.
        let code = unsafe {
            ((*interface).invoke)(
                &raw mut receiver,
                method,
                ptr::from_ref(frame).cast(),
                place,
            )
        };
        if receiver.fault.is_null() {
            assert_eq!(code, invoke_code::VALUE);
            // SAFETY: a result was written, and is read as what the contract says.
            return Ok(unsafe { place.cast::<O>().read() });
        }
        assert_eq!(code, invoke_code::FAULT);
        // SAFETY: a stored fault comes with one count.
        Err(unsafe {
            <Fault as polyplug::Data>::receive(receiver.fault.cast_const(), &Arena::new())
        })
    }

    /// The text of a result, released.
    pub(crate) fn text(buffer: polyplug::__private::abi::Buffer) -> String {
        // SAFETY: a result of a call that returned it.
        unsafe { <String as polyplug::Data>::receive(buffer, &Arena::new()) }
    }

    /// A result that grows, released.
    pub(crate) fn receive<T: polyplug::Data<Owned = Grown>>(grown: Grown) -> T {
        // SAFETY: a result of a call that returned it.
        unsafe { T::receive(grown, &Arena::new()) }
    }

    /// A result that nobody wants.
    pub(crate) fn discard(grown: Grown) {
        let release = grown.release.expect("something to let go");
        // SAFETY: a result of a call that returned it, of which nothing was taken.
        unsafe { release(grown.ptr, 0) };
    }

    unsafe extern "C" fn answer(receiver: *mut Receiver, out: *mut Grown) {
        // SAFETY: the state that `lie` put in, and a place for the result.
        unsafe { out.write(*(*receiver).state.cast::<Grown>()) };
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
    pub(crate) fn lie<T>(answered: &Grown, call: impl FnOnce(&dyn Lies) -> T) -> T {
        #[repr(C)]
        struct Interface {
            head: InterfaceHeader,
            functions: [*const (); 7],
        }
        let contract = <dyn Lies as Contract>::DESCRIPTOR;
        let interface = Interface {
            head: InterfaceHeader {
                size: size_of::<Interface>() as u32,
                method_count: 7,
                flags: 0,
                reserved: 0,
                order: contract.order,
                contract,
                invoke: refused,
            },
            functions: [answer as *const (); 7],
        };
        let object = Object {
            interface: (&raw const interface).cast(),
            state: ptr::from_ref(answered).cast_mut().cast(),
            retain: None,
            release: None,
        };
        let arena = Arena::new();
        // SAFETY: an object whose functions have the right signatures, whatever they answer.
        let object = unsafe { take_object::<dyn Lies>(&raw const object, &arena) };
        call(&object)
    }
}

/// What `style` answers.
fn style(style: &Grown) -> Result<String, String> {
    c::invoke::<_, Buffer>(0, &std::ptr::from_ref(style))
        .map(c::text)
        .map_err(|fault| {
            assert_eq!(fault.kind(), FaultKind::InvalidValue);
            fault.message().to_owned()
        })
}

fn let_go() -> (u32, usize) {
    c::LET_GO.take()
}

#[test]
fn c09_a_struct_may_end_behind_any_field_that_was_added() {
    assert_eq!(style(&c::at(&WRITTEN)).unwrap(), "true 2 9 \"by hand\"");
    // Larger: the rest is let go by its writer, who is told what was known.
    assert_eq!(let_go(), (0, 0));
    let larger = Written {
        size: 40,
        ..WRITTEN
    };
    assert_eq!(style(&c::at(&larger)).unwrap(), "true 2 9 \"by hand\"");
    assert_eq!(let_go(), (1, 32));
    let without_name = Written {
        size: 16,
        ..WRITTEN
    };
    assert_eq!(style(&c::at(&without_name)).unwrap(), "true 2 9 \"\"");
    let without_depth = Written { size: 8, ..WRITTEN };
    assert_eq!(style(&c::at(&without_depth)).unwrap(), "true 2 5 \"\"");
    assert_eq!(let_go(), (0, 0));
}

#[test]
fn c09_a_struct_that_lies_is_a_fault_that_names_the_field() {
    let sized = |size| style(&c::at(&Written { size, ..WRITTEN })).unwrap_err();
    assert_eq!(
        sized(0),
        "argument `style`: a size of 0 bytes, which does not cover itself"
    );
    assert_eq!(
        sized(4),
        "argument `style.flag`: a size of 4 bytes does not cover it, and it has no default"
    );
    assert_eq!(
        sized(7),
        "argument `style.width`: a size of 7 bytes ends inside it, it takes those from 6 to 8"
    );
    assert_eq!(
        sized(17),
        "argument `style.name`: a size of 17 bytes ends inside it, it takes those from 16 to 32"
    );
    // Whoever is refused lets nothing leak: all of it is its writer's.
    assert_eq!(let_go(), (0, 0), "what is not valid cannot be let go");
    let lie = Written { flag: 2, ..WRITTEN };
    assert_eq!(
        style(&c::at(&lie)).unwrap_err(),
        "argument `style.flag`: 2 is no bool, which is 0 or 1"
    );
    // What the size does not cover is not looked at.
    let lie = Written {
        size: 16,
        name: Slice {
            ptr: std::ptr::null(),
            len: 9,
        },
        ..WRITTEN
    };
    assert!(style(&c::at(&lie)).is_ok());
    let null = Grown {
        ptr: std::ptr::null_mut(),
        release: None,
    };
    assert_eq!(
        style(&null).unwrap_err(),
        "argument `style`: a null pointer where `Style` was expected"
    );
    let words = [8_u64; 8];
    let skewed = Grown {
        ptr: words.as_ptr().cast::<u8>().wrapping_add(4).cast_mut(),
        release: None,
    };
    assert_eq!(
        style(&skewed).unwrap_err(),
        "argument `style`: a pointer to `Style` that is not aligned to 8 bytes"
    );
    let list = [c::at(&WRITTEN), null];
    let fault = c::invoke::<_, u32>(1, &Slice::of(&list)).unwrap_err();
    assert_eq!(
        fault.message(),
        "argument `styles[1]`: a null pointer where `Style` was expected"
    );
}

#[test]
fn c09_an_enum_is_a_tag_and_a_pointer() {
    let shape = |tag: u32, variant: &GrownVariant| {
        let option = Maybe(tag, c::at(variant));
        c::invoke::<_, u64>(2, &std::ptr::from_ref(&option))
            .map_err(|fault| (fault.kind(), fault.message().to_owned()))
    };
    let fields = Full(1, 41);
    let full = GrownVariant {
        tag: 1,
        payload: std::ptr::from_ref(&fields).cast(),
    };
    assert_eq!(shape(1, &full), Ok(42));
    assert_eq!(shape(1, &GrownVariant::bare(0)), Ok(1000));
    assert_eq!(shape(0, &full), Ok(2000));
    assert_eq!(let_go(), (0, 0));
    let lies = |variant: &GrownVariant| shape(1, variant).unwrap_err();
    let invalid = |text: &str| (FaultKind::InvalidValue, text.to_owned());
    let unknown = |text: &str| (FaultKind::UnknownVariant, text.to_owned());
    assert_eq!(
        lies(&GrownVariant::bare(1)),
        invalid("argument `shape.Full`: a null pointer where its fields were expected")
    );
    let skewed = GrownVariant {
        payload: full.payload.wrapping_add(4),
        ..full
    };
    assert_eq!(
        lies(&skewed),
        invalid("argument `shape.Full`: a pointer to its fields that is not aligned to 8 bytes")
    );
    let fields = Full(2, 0);
    let lie = GrownVariant {
        tag: 1,
        payload: std::ptr::from_ref(&fields).cast(),
    };
    assert_eq!(
        lies(&lie),
        invalid("argument `shape.Full.0`: 2 is no bool, which is 0 or 1")
    );
    assert_eq!(
        lies(&GrownVariant::bare(2)),
        unknown("argument `shape`: variant 2 is unknown, `Shape` has 2 here")
    );
    assert_eq!(
        lies(&GrownVariant::bare(u32::MAX)),
        unknown("argument `shape`: a variant of `Shape` that its sender does not know either")
    );
    let number = 1_u32;
    let payload = std::ptr::from_ref(&number).cast();
    let open = |tag| {
        let variant = GrownVariant { tag, payload };
        let grown = c::at(&variant);
        c::invoke::<_, u32>(3, &std::ptr::from_ref(&grown)).expect("a value")
    };
    assert_eq!(open(0), 1);
    assert_eq!(let_go(), (0, 0));
    assert_eq!(open(7), 107);
    assert_eq!(
        let_go(),
        (1, 0),
        "the payload of an unknown variant is its writer's"
    );
}

#[test]
fn c09_results_that_lie_are_faults() {
    /// As it is handed over: the name is a buffer.
    #[repr(C)]
    struct Given(u32, u8, u16, u64, Buffer);
    let given = |size| Given(size, 1, 2, 3, Buffer::EMPTY);
    let answer = c::lie(&c::at(&given(48)), |lies| lies.out_style());
    assert_eq!(
        answer,
        Style {
            flag: true,
            width: 2,
            depth: 3,
            name: String::new()
        }
    );
    assert_eq!(
        let_go(),
        (1, 48),
        "handed over, it is let go whatever is known"
    );
    let answer = c::lie(&c::at(&given(8)), |lies| lies.out_style());
    assert_eq!(answer.depth, 5);
    assert_eq!(let_go(), (1, 48));
    let refused = |grown: &Grown, call: fn(&dyn Lies)| {
        polyplug::catch(|| c::lie(grown, call))
            .unwrap_err()
            .message()
            .to_owned()
    };
    assert_eq!(
        refused(&c::at(&given(40)), |lies| drop(lies.out_style())),
        "result `name`: a size of 40 bytes ends inside it, it takes those from 16 to 48"
    );
    let null = Grown {
        ptr: std::ptr::null_mut(),
        release: None,
    };
    assert_eq!(
        refused(&null, |lies| {
            lies.out_shape();
        }),
        "result a null pointer where `Shape` was expected"
    );
    assert_eq!(
        refused(&c::at(&GrownVariant::bare(1)), |lies| {
            lies.out_shape();
        }),
        "result `Full`: a null pointer where its fields were expected"
    );
    assert_eq!(
        refused(&c::at(&GrownVariant::bare(5)), |lies| {
            lies.out_shape();
        }),
        "result variant 5 is unknown, `Shape` has 2 here"
    );
    let_go();
    assert_eq!(
        c::lie(&c::at(&GrownVariant::bare(5)), |lies| lies.out_open()),
        Open::Other(5)
    );
    assert_eq!(let_go(), (1, 0));
}

#[test]
fn c09_what_is_handed_over_is_let_go_by_its_maker() {
    let grown: Grown = c::invoke(4, &()).expect("a value");
    let answer = c::receive::<Style>(grown);
    assert_eq!(
        answer,
        Style {
            flag: true,
            width: 3,
            depth: 4,
            name: "name".to_owned()
        }
    );
    // Nothing of it taken: all of it goes.
    c::discard(c::invoke(4, &()).expect("a value"));
    c::discard(c::invoke(5, &()).expect("a value"));
    assert_eq!(
        c::receive::<Shape>(c::invoke(5, &()).expect("a value")),
        Shape::Full(true, 6)
    );
    assert_eq!(
        c::receive::<Open>(c::invoke(6, &()).expect("a value")),
        Open::Other(u32::MAX)
    );
}
