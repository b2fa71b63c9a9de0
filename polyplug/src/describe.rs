//! Constructors of descriptors, so that what the macros print is short.

use core::alloc::Layout;
use core::ffi::c_void;

use polyplug_abi::{
    ArgumentDescriptor, BridgeFunction, ContractDescriptor, FieldDescriptor, InterfaceHeader,
    InvokeFunction, List, MethodDescriptor, Slice, TypeDescriptor, TypeFunction, VariantDescriptor,
    field_flags, interface_flags, type_flags, type_kind,
};

use crate::contract::order_of;
use crate::data::{Data, type_function};

/// A contract.
#[expect(
    clippy::too_many_arguments,
    reason = "one for each thing a contract says"
)]
#[must_use]
pub const fn contract(
    flags: u32,
    major: u32,
    minor: u32,
    id: &'static str,
    name: &'static str,
    docs: &'static str,
    names: &[&str],
    methods: &'static [&'static MethodDescriptor],
    bridge: BridgeFunction,
    defaults: Option<InvokeFunction>,
) -> ContractDescriptor {
    ContractDescriptor {
        size: size_of::<ContractDescriptor>() as u32,
        flags,
        major,
        minor,
        id: Slice::text(id),
        name: Slice::text(name),
        docs: Slice::text(docs),
        order: order_of(names),
        methods: List::of(methods),
        bridge: Some(bridge),
        defaults,
    }
}

/// A method whose flattened arguments have these layouts.
#[must_use]
pub const fn method(
    flags: u32,
    name: &'static str,
    docs: &'static str,
    arguments: &'static [&'static ArgumentDescriptor],
    frame: &[Layout],
    result: TypeFunction,
) -> MethodDescriptor {
    let mut align = 1;
    let mut index = 0;
    while index < frame.len() {
        if frame[index].align() > align {
            align = frame[index].align();
        }
        index += 1;
    }
    MethodDescriptor {
        size: size_of::<MethodDescriptor>() as u32,
        flags,
        name: Slice::text(name),
        docs: Slice::text(docs),
        arguments: List::of(arguments),
        result,
        frame_size: end_of(frame, frame.len()).next_multiple_of(align),
        frame_align: align,
    }
}

/// Where the first `count` fields of a `repr(C)` struct end.
pub(crate) const fn end_of(fields: &[Layout], count: usize) -> usize {
    let mut end = 0_usize;
    let mut at = 0;
    while at < count {
        end = end.next_multiple_of(fields[at].align()) + fields[at].size();
        at += 1;
    }
    end
}

/// Where a field lies in the `repr(C)` struct of these fields.
#[must_use]
pub const fn offset_in_frame(fields: &[Layout], index: usize) -> usize {
    end_of(fields, index).next_multiple_of(fields[index].align())
}

/// Reads a flattened argument.
///
/// # Safety
/// 1. A `T` lies in the frame at `offset`.
#[inline(always)]
#[must_use]
pub unsafe fn read<T>(frame: *const c_void, offset: usize) -> T {
    // SAFETY: clause 1, kept by the caller.
    unsafe { frame.byte_add(offset).cast::<T>().read() }
}

/// An argument.
#[must_use]
pub const fn argument(
    passing: u32,
    name: &'static str,
    ty: TypeFunction,
    frame_offset: usize,
) -> ArgumentDescriptor {
    ArgumentDescriptor {
        size: size_of::<ArgumentDescriptor>() as u32,
        passing,
        name: Slice::text(name),
        ty,
        frame_offset,
    }
}

/// Where a method stands in its contract.
#[must_use]
pub const fn index_of(names: &[&str], name: &str) -> u32 {
    let mut index = 0;
    while index < names.len() {
        if same(names[index].as_bytes(), name.as_bytes()) {
            return index as u32;
        }
        index += 1;
    }
    panic!("a method that is not in its own contract")
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The head of an interface that is an `I`.
#[must_use]
pub const fn interface_header<I>(
    contract: &'static ContractDescriptor,
    invoke: InvokeFunction,
) -> InterfaceHeader {
    let size = size_of::<InterfaceHeader>() + contract.methods.len * size_of::<usize>();
    assert!(
        size_of::<I>() == size,
        "an interface is its head and one word a method"
    );
    InterfaceHeader {
        size: size as u32,
        method_count: contract.methods.len as u32,
        flags: interface_flags::RUST,
        reserved: 0,
        order: contract.order,
        contract,
        invoke,
    }
}

/// The head of a bridged interface: what its functions return is checked.
#[must_use]
pub const fn bridge_header<I>(
    contract: &'static ContractDescriptor,
    invoke: InvokeFunction,
) -> InterfaceHeader {
    InterfaceHeader {
        flags: 0,
        ..interface_header::<I>(contract, invoke)
    }
}

const fn layout<T: Data>(kind: u32, name: &'static str, docs: &'static str) -> TypeDescriptor {
    let (lent, owned) = (align_of::<T::Lent>(), align_of::<T::Owned>());
    assert!(
        lent <= 8 && owned <= 8,
        "nothing that crosses is aligned to more than 8 bytes"
    );
    TypeDescriptor {
        name: Slice::text(name),
        docs: Slice::text(docs),
        lent_size: size_of::<T::Lent>(),
        lent_align: lent,
        owned_size: size_of::<T::Owned>(),
        owned_align: owned,
        ..TypeDescriptor::of_kind(kind)
    }
}

/// A struct.
#[must_use]
pub const fn structure<T: Data>(
    name: &'static str,
    docs: &'static str,
    fields: &'static [&'static FieldDescriptor],
) -> TypeDescriptor {
    if T::PLAIN {
        assert!(
            size_of::<T>() == size_of::<T::Lent>(),
            "plain data has the layout of its wire form"
        );
    }
    TypeDescriptor {
        flags: if T::PLAIN { type_flags::PLAIN } else { 0 },
        fields: List::of(fields),
        ..layout::<T>(type_kind::STRUCT, name, docs)
    }
}

/// An enum.
#[must_use]
pub const fn enumeration<T: Data>(
    by_value: bool,
    name: &'static str,
    docs: &'static str,
    variants: &'static [&'static VariantDescriptor],
) -> TypeDescriptor {
    TypeDescriptor {
        flags: if by_value { type_flags::BY_VALUE } else { 0 },
        variants: List::of(variants),
        ..layout::<T>(type_kind::ENUM, name, docs)
    }
}

/// A struct that may grow.
#[must_use]
pub const fn growing_structure<T: Data>(
    name: &'static str,
    docs: &'static str,
    fields: &'static [&'static FieldDescriptor],
) -> TypeDescriptor {
    TypeDescriptor {
        fields: List::of(fields),
        ..layout::<T>(type_kind::GROWING_STRUCT, name, docs)
    }
}

/// An enum that may grow.
#[must_use]
pub const fn growing_enumeration<T: Data>(
    name: &'static str,
    docs: &'static str,
    variants: &'static [&'static VariantDescriptor],
) -> TypeDescriptor {
    TypeDescriptor {
        variants: List::of(variants),
        ..layout::<T>(type_kind::GROWING_ENUM, name, docs)
    }
}

/// A variant of an enum.
#[must_use]
pub const fn variant(
    tag: u32,
    name: &'static str,
    docs: &'static str,
    fields: &'static [&'static FieldDescriptor],
) -> VariantDescriptor {
    VariantDescriptor {
        size: size_of::<VariantDescriptor>() as u32,
        tag,
        name: Slice::text(name),
        docs: Slice::text(docs),
        fields: List::of(fields),
    }
}

/// A field.
#[must_use]
pub const fn field(
    name: &'static str,
    docs: &'static str,
    ty: TypeFunction,
    lent_offset: usize,
    owned_offset: usize,
) -> FieldDescriptor {
    FieldDescriptor {
        size: size_of::<FieldDescriptor>() as u32,
        flags: 0,
        name: Slice::text(name),
        docs: Slice::text(docs),
        ty,
        lent_offset,
        owned_offset,
    }
}

/// The same field, which who reads a value without it fills in.
#[must_use]
pub const fn defaulted(field: FieldDescriptor) -> FieldDescriptor {
    FieldDescriptor {
        flags: field.flags | field_flags::DEFAULT,
        ..field
    }
}

/// Where a field of a variant lies in a `repr(C, u32)` enum: behind the tag, at the alignment of all fields of the enum, in C
/// order. (Reference, "Type layout", on `repr(C)` enums with fields.)
#[must_use]
pub const fn offset_in_variant(all: &[Layout], fields: &[Layout], index: usize) -> usize {
    let mut start = 4;
    let mut at = 0;
    while at < all.len() {
        if all[at].align() > start {
            start = all[at].align();
        }
        at += 1;
    }
    start + offset_in_frame(fields, index)
}

/// The descriptor of `str`.
#[must_use]
pub const fn text_function() -> TypeFunction {
    type_function::<String>()
}

/// A set of bits in an integer.
#[must_use]
pub const fn flags<T: Data, I: Data>(name: &'static str, docs: &'static str) -> TypeDescriptor {
    struct Integer<I>(core::marker::PhantomData<I>);
    impl<I: Data> Integer<I> {
        const FUNCTIONS: &'static [TypeFunction] = &[type_function::<I>()];
    }
    TypeDescriptor {
        flags: type_flags::PLAIN | type_flags::BY_VALUE,
        elements: Integer::<I>::FUNCTIONS.as_ptr(),
        element_count: 1,
        ..layout::<T>(type_kind::FLAGS, name, docs)
    }
}
