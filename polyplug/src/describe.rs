//! Constructors of descriptors, so that what the macros print is short.

use core::alloc::Layout;

use polyplug_abi::{
    ArgumentDescriptor, ContractDescriptor, FieldDescriptor, InterfaceHeader, InvokeFunction, List,
    MethodDescriptor, Slice, TypeDescriptor, TypeFunction, VariantDescriptor, contract_flags,
    interface_flags, method_flags, type_flags, type_kind,
};

use crate::contract::{Contract, order_of};
use crate::data::{Data, type_function};

/// A contract.
#[expect(
    clippy::too_many_arguments,
    reason = "one for each thing a contract says"
)]
#[must_use]
pub const fn contract(
    host: bool,
    major: u32,
    minor: u32,
    id: &'static str,
    name: &'static str,
    docs: &'static str,
    names: &[&str],
    methods: &'static [&'static MethodDescriptor],
) -> ContractDescriptor {
    ContractDescriptor {
        size: size_of::<ContractDescriptor>() as u32,
        flags: if host { contract_flags::HOST } else { 0 },
        major,
        minor,
        id: Slice::text(id),
        name: Slice::text(name),
        docs: Slice::text(docs),
        order: order_of(names),
        methods: List::of(methods),
    }
}

/// A method whose flattened arguments are an `F`.
#[must_use]
pub const fn method<F>(
    has_default: bool,
    name: &'static str,
    docs: &'static str,
    arguments: &'static [&'static ArgumentDescriptor],
    result: TypeFunction,
) -> MethodDescriptor {
    MethodDescriptor {
        size: size_of::<MethodDescriptor>() as u32,
        flags: if has_default {
            method_flags::DEFAULT
        } else {
            0
        },
        name: Slice::text(name),
        docs: Slice::text(docs),
        arguments: List::of(arguments),
        result,
        frame_size: size_of::<F>(),
        frame_align: align_of::<F>(),
    }
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

/// A field of type `T`.
#[must_use]
pub const fn field<T: Data>(
    name: &'static str,
    docs: &'static str,
    lent_offset: usize,
    owned_offset: usize,
) -> FieldDescriptor {
    FieldDescriptor {
        size: size_of::<FieldDescriptor>() as u32,
        flags: 0,
        name: Slice::text(name),
        docs: Slice::text(docs),
        ty: type_function::<T>(),
        lent_offset,
        owned_offset,
    }
}

/// Where a field of a variant lies in the `repr(C, u32)` enum `W`: behind the tag, at the alignment of the whole, in C order.
/// (Reference, "Type layout", on `repr(C)` enums with fields.)
#[must_use]
pub const fn offset_in_variant<W>(fields: &[Layout], index: usize) -> usize {
    let align = align_of::<W>();
    let start = if align > 4 { align } else { 4 };
    start + offset_in_frame(fields, index)
}

/// Where a field of a `repr(C)` struct lies.
#[must_use]
pub const fn offset_in_frame(fields: &[Layout], index: usize) -> usize {
    let mut offset = 0_usize;
    let mut at = 0;
    while at < index {
        offset = offset.next_multiple_of(fields[at].align()) + fields[at].size();
        at += 1;
    }
    offset.next_multiple_of(fields[index].align())
}

/// The descriptor of `str`.
#[must_use]
pub const fn text_function() -> TypeFunction {
    type_function::<String>()
}

/// The descriptor of an object of contract `C`.
#[must_use]
pub const fn object_function<C: ?Sized + Contract>() -> TypeFunction {
    unsafe extern "C" fn object<C: ?Sized + Contract>() -> *const TypeDescriptor {
        const {
            &TypeDescriptor {
                lent_size: size_of::<polyplug_abi::Object>(),
                lent_align: align_of::<polyplug_abi::Object>(),
                owned_size: size_of::<polyplug_abi::Object>(),
                owned_align: align_of::<polyplug_abi::Object>(),
                contract: Some(contract_of::<C>),
                ..TypeDescriptor::of_kind(type_kind::OBJECT)
            }
        }
    }
    unsafe extern "C" fn contract_of<C: ?Sized + Contract>() -> *const ContractDescriptor {
        C::DESCRIPTOR
    }
    object::<C>
}
