//! Static reflection data: what a contract, a method, an argument and a type look like.
//!
//! Descriptors lie in the image that was compiled with the contract. The core copies what it keeps.

use crate::{BridgeFunction, InvokeFunction, List, Slice};

/// Yields a type's descriptor. A function, so that recursive types can point at themselves.
pub type TypeFunction = unsafe extern "C" fn() -> *const TypeDescriptor;

/// Yields a contract's descriptor.
pub type ContractFunction = unsafe extern "C" fn() -> *const ContractDescriptor;

/// The kinds of type.
pub mod type_kind {
    /// `()`: no bytes.
    pub const UNIT: u32 = 0;
    /// `bool`: one byte, 0 or 1.
    pub const BOOL: u32 = 1;
    /// `char`: a Unicode scalar value in 32 bits.
    pub const CHAR: u32 = 2;
    /// Signed integers.
    pub const I8: u32 = 3;
    /// Signed integers.
    pub const I16: u32 = 4;
    /// Signed integers.
    pub const I32: u32 = 5;
    /// Signed integers.
    pub const I64: u32 = 6;
    /// Unsigned integers.
    pub const U8: u32 = 7;
    /// Unsigned integers.
    pub const U16: u32 = 8;
    /// Unsigned integers.
    pub const U32: u32 = 9;
    /// Unsigned integers.
    pub const U64: u32 = 10;
    /// Signed, one word.
    pub const ISIZE: u32 = 11;
    /// Unsigned, one word.
    pub const USIZE: u32 = 12;
    /// IEEE 754.
    pub const F32: u32 = 13;
    /// IEEE 754.
    pub const F64: u32 = 14;
    /// Text: `Slice` as an argument, `Buffer` as a result.
    pub const STRING: u32 = 15;
    /// A list: `Slice` as an argument, `Buffer` as a result; one element type.
    pub const LIST: u32 = 16;
    /// `[T; N]`: `length` elements in order; one element type.
    pub const ARRAY: u32 = 17;
    /// `{ u32 tag; T value }`, 0 = none, 1 = some; one element type.
    pub const OPTION: u32 = 18;
    /// `{ u32 tag; union { T; E } }`, 0 = ok, 1 = err; two element types.
    pub const RESULT: u32 = 19;
    /// Fields in order, named `0`, `1`, ...
    pub const TUPLE: u32 = 20;
    /// Fields in order.
    pub const STRUCT: u32 = 21;
    /// `{ u32 tag; union of payload structs }`; field-less: the `u32`.
    pub const ENUM: u32 = 22;
    /// A pointer to one value: `const T *` as an argument, a `Buffer` of one as a result; one element type.
    pub const BOX: u32 = 23;
    /// A pointer to a fault record.
    pub const FAULT: u32 = 24;
    /// Something that implements a contract: an `Object`. A closure implements a contract without an id and with one
    /// method, `call`.
    pub const OBJECT: u32 = 25;
    /// `&str` inside another type, or as a result that borrows: a `Slice` of UTF-8.
    pub const TEXT: u32 = 26;
    /// `&[T]` inside another type, or as a result that borrows: a `Slice`; one element type.
    pub const SLICE: u32 = 27;
    /// `&T` inside another type, or as a result that borrows: a pointer to the lent form; one element type.
    pub const REFERENCE: u32 = 28;
    /// Unsigned, 128 bits: two `u64`, low first, aligned to 8 bytes.
    pub const U128: u32 = 29;
    /// Signed, 128 bits, two's complement: two `u64`, low first, aligned to 8 bytes.
    pub const I128: u32 = 30;
    /// A map: a list whose one element type is the tuple of key and value. Of two pairs with one key the later counts.
    pub const MAP: u32 = 31;
    /// A set: a list; one element type.
    pub const SET: u32 = 32;
    /// `{ u64 secs; u32 nanos }`, fewer than 1,000,000,000 nanoseconds.
    pub const DURATION: u32 = 33;
    /// `{ i64 secs; u32 nanos }` since 1970, fewer than 1,000,000,000 nanoseconds, which count forwards.
    pub const SYSTEM_TIME: u32 = 34;
    /// A path: `Slice` as an argument, `Buffer` as a result, of bytes on Unix and of UTF-16 units on Windows; one element
    /// type, the unit.
    pub const PATH: u32 = 35;
    /// `&Path`: a `Slice` of the units; one element type, the unit.
    pub const BORROWED_PATH: u32 = 36;
    /// A set of bits: the integer that is its one element type. Unknown bits are kept.
    pub const FLAGS: u32 = 37;
    /// A struct that may get more fields: a [`Grown`](crate::Grown) that points to `{ u32 size; fields.. }`. The size is
    /// where the last field of the writer ends; offsets of fields are from the start of what is pointed to.
    pub const GROWING_STRUCT: u32 = 38;
    /// An enum that may get more variants: a [`Grown`](crate::Grown) that points to a
    /// [`GrownVariant`](crate::GrownVariant). Offsets of fields are from the start of the payload.
    pub const GROWING_ENUM: u32 = 39;
}

/// The tag of a value of a growing enum that its writer did not know itself. Its payload is null.
pub const OTHER_TAG: u32 = u32::MAX;

/// What is true of a type.
pub mod type_flags {
    /// A scalar of at most 64 bits, or an array or struct of such: passes by address, uncopied.
    pub const PLAIN: u32 = 1;
    /// Travels by value: integers and floats as themselves, `bool`, `char`, field-less enums and integers
    /// under 32 bits as 32 bits.
    pub const BY_VALUE: u32 = 2;
    /// Of an object: it may be sent to another thread.
    pub const SEND: u32 = 4;
    /// Of an object: it may be called by several threads at once.
    pub const SYNC: u32 = 8;
    /// Of an object: there is one owner, who gives it away with the value (`Box`).
    pub const UNIQUE: u32 = 16;
    /// Of an object: owners count themselves (`Arc`).
    pub const SHARED: u32 = 32;
    /// Of a closure: it may be called once only (`FnOnce`).
    pub const ONCE: u32 = 64;
}

/// A type that can cross.
///
/// It has two wire forms of its own size: *lent* (an argument: sequences are `Slice`) and *owned* (a result:
/// sequences are `Buffer`). Field offsets are given for both.
#[repr(C)]
#[derive(Debug)]
pub struct TypeDescriptor {
    /// Size of this struct in bytes, as its maker knows it.
    pub size: u32,
    /// One of [`type_kind`].
    pub kind: u32,
    /// [`type_flags`].
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
    /// The name that its author gave it, or empty.
    pub name: Slice,
    /// Its documentation, or empty.
    pub docs: Slice,
    /// Bytes of the lent form.
    pub lent_size: usize,
    /// Alignment of the lent form.
    pub lent_align: usize,
    /// Bytes of the owned form.
    pub owned_size: usize,
    /// Alignment of the owned form.
    pub owned_align: usize,
    /// Number of elements of an array.
    pub length: usize,
    /// Element types.
    pub elements: *const TypeFunction,
    /// Number of element types.
    pub element_count: usize,
    /// Fields of a struct or tuple.
    pub fields: List<FieldDescriptor>,
    /// Variants of an enum.
    pub variants: List<VariantDescriptor>,
    /// The contract of an object.
    pub contract: Option<ContractFunction>,
}

frozen_layout!(TypeDescriptor {
    size: 144, size @ 0, kind @ 4, flags @ 8, reserved @ 12, name @ 16, docs @ 32, lent_size @ 48, lent_align @ 56,
    owned_size @ 64, owned_align @ 72, length @ 80, elements @ 88, element_count @ 96, fields @ 104, variants @ 120,
    contract @ 136,
});

/// What is true of a field.
pub mod field_flags {
    /// Of a growing struct: who reads a value without it fills it in.
    pub const DEFAULT: u32 = 1;
}

/// A field of a struct, a tuple or a variant. Offsets are from the start of the whole value, of growing data from what the
/// kind says.
#[repr(C)]
#[derive(Debug)]
pub struct FieldDescriptor {
    /// Size of this struct in bytes, as its maker knows it.
    pub size: u32,
    /// [`field_flags`].
    pub flags: u32,
    /// Its name, or its position in digits.
    pub name: Slice,
    /// Its documentation, or empty.
    pub docs: Slice,
    /// Its type.
    pub ty: TypeFunction,
    /// Where it lies in the lent form, in bytes.
    pub lent_offset: usize,
    /// Where it lies in the owned form, in bytes.
    pub owned_offset: usize,
}

frozen_layout!(FieldDescriptor {
    size: 64, size @ 0, flags @ 4, name @ 8, docs @ 24, ty @ 40, lent_offset @ 48, owned_offset @ 56,
});

/// A variant of an enum.
#[repr(C)]
#[derive(Debug)]
pub struct VariantDescriptor {
    /// Size of this struct in bytes, as its maker knows it.
    pub size: u32,
    /// The tag on the wire: its position. [`OTHER_TAG`] marks, at the end of a growing enum, the variant that stands for
    /// those that this side does not know.
    pub tag: u32,
    /// Its name.
    pub name: Slice,
    /// Its documentation, or empty.
    pub docs: Slice,
    /// What it carries.
    pub fields: List<FieldDescriptor>,
}

frozen_layout!(VariantDescriptor { size: 56, size @ 0, tag @ 4, name @ 8, docs @ 24, fields @ 40 });

/// How an argument stands in a signature.
pub mod passing {
    /// `T`: by value when the type says so, otherwise `const T *` to the lent form.
    pub const VALUE: u32 = 0;
    /// `&T`: `const T *` to the lent form.
    pub const REFERENCE: u32 = 1;
    /// `&[T]`: pointer, then length; the argument's type is the element.
    pub const SLICE: u32 = 2;
    /// `&str`: pointer, then length.
    pub const TEXT: u32 = 3;
    /// `&dyn C`, `&dyn Fn(..)`: `const Object *`, borrowed for the call.
    pub const OBJECT: u32 = 4;
    /// `&mut [T]`: pointer, then length, changed in place; the argument's type is the element.
    pub const SLICE_MUT: u32 = 5;
    /// `&mut dyn C`, `&mut dyn FnMut(..)`: `const Object *`, borrowed for the call, and called by one at a time.
    pub const OBJECT_MUT: u32 = 6;
    /// `&mut String`, `&mut Vec<T>`: `Sink *`.
    pub const SINK: u32 = 7;
}

/// An argument of a method.
#[repr(C)]
#[derive(Debug)]
pub struct ArgumentDescriptor {
    /// Size of this struct in bytes, as its maker knows it.
    pub size: u32,
    /// One of [`passing`].
    pub passing: u32,
    /// Its name, or empty.
    pub name: Slice,
    /// Its type.
    pub ty: TypeFunction,
    /// Where it lies in the frame, in bytes.
    pub frame_offset: usize,
}

frozen_layout!(ArgumentDescriptor { size: 40, size @ 0, passing @ 4, name @ 8, ty @ 24, frame_offset @ 32 });

/// What is true of a method.
pub mod method_flags {
    /// It has a default body.
    pub const DEFAULT: u32 = 1;
    /// It takes `&mut self`: nobody else may be inside the object meanwhile.
    pub const EXCLUSIVE: u32 = 2;
    /// Its result borrows from its arguments: it must lie inside one that crosses by address.
    pub const BORROWS: u32 = 4;
    /// Its result borrows from the object, in a pinned contract.
    pub const BORROWS_OBJECT: u32 = 8;
}

/// A method of a contract.
#[repr(C)]
#[derive(Debug)]
pub struct MethodDescriptor {
    /// Size of this struct in bytes, as its maker knows it.
    pub size: u32,
    /// [`method_flags`].
    pub flags: u32,
    /// Its name.
    pub name: Slice,
    /// Its documentation, or empty.
    pub docs: Slice,
    /// Its arguments, without the receiver.
    pub arguments: List<ArgumentDescriptor>,
    /// Its result.
    pub result: TypeFunction,
    /// Bytes of the frame that holds its flattened arguments.
    pub frame_size: usize,
    /// Alignment of that frame.
    pub frame_align: usize,
}

frozen_layout!(MethodDescriptor {
    size: 80, size @ 0, flags @ 4, name @ 8, docs @ 24, arguments @ 40, result @ 56, frame_size @ 64, frame_align @ 72,
});

/// What is true of a contract.
pub mod contract_flags {
    /// Only the host provides it.
    pub const HOST: u32 = 1;
    /// Some of its methods take `&mut self`: it is offered as an object of one's own only.
    pub const EXCLUSIVE: u32 = 2;
    /// Results may borrow from the object.
    pub const PINNED: u32 = 4;
}

/// A contract.
#[repr(C)]
#[derive(Debug)]
pub struct ContractDescriptor {
    /// Size of this struct in bytes, as its maker knows it.
    pub size: u32,
    /// [`contract_flags`].
    pub flags: u32,
    /// Contracts with different majors are different contracts.
    pub major: u32,
    /// Grows when methods are added.
    pub minor: u32,
    /// The dotted id.
    pub id: Slice,
    /// The name of the trait.
    pub name: Slice,
    /// Its documentation, or empty.
    pub docs: Slice,
    /// A number made of the method names in order; the same that interfaces carry.
    pub order: u64,
    /// Its methods, in order.
    pub methods: List<MethodDescriptor>,
    /// Makes the interface for implementations in other languages; null when there is none.
    pub bridge: Option<BridgeFunction>,
    /// Runs the default body of a method, as an interface's `invoke` runs a method: the state is a
    /// [`*const Implementor`](crate::Implementor). Null when no method has one, or in another language.
    pub defaults: Option<InvokeFunction>,
}

frozen_layout!(ContractDescriptor {
    size: 104, size @ 0, flags @ 4, major @ 8, minor @ 12, id @ 16, name @ 32, docs @ 48, order @ 64, methods @ 72,
    bridge @ 88, defaults @ 96,
});

macro_rules! shared_between_threads {
    ($($type:ident),*) => {$(
        // SAFETY: read-only data of an image; its pointers are never written through.
        unsafe impl Send for $type {}
        // SAFETY: as above.
        unsafe impl Sync for $type {}
    )*};
}

shared_between_threads!(
    TypeDescriptor,
    FieldDescriptor,
    VariantDescriptor,
    ArgumentDescriptor,
    MethodDescriptor,
    ContractDescriptor
);

impl TypeDescriptor {
    /// A type of this kind with nothing in it; the rest is filled in by struct update.
    #[must_use]
    pub const fn of_kind(kind: u32) -> Self {
        Self {
            size: size_of::<Self>() as u32,
            kind,
            flags: 0,
            reserved: 0,
            name: Slice::EMPTY,
            docs: Slice::EMPTY,
            lent_size: 0,
            lent_align: 1,
            owned_size: 0,
            owned_align: 1,
            length: 0,
            elements: core::ptr::null(),
            element_count: 0,
            fields: List::EMPTY,
            variants: List::EMPTY,
            contract: None,
        }
    }
}
