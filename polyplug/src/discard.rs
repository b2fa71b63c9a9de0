//! Letting go of a value on the wire that will not become a Rust value, led by its descriptor.
//!
//! What is let go is what the value owns: in both forms objects, in the owned form also memory and faults.
//!
//! What is always true:
//!
//! * **G1** The descriptor is this image's own, so it is well-formed and its functions may be called.
//! * **G2** The value is a valid one of its type and form, and nobody else lets go of it, or reads it afterwards.

use polyplug_abi::{
    Buffer, FaultRecord, FieldDescriptor, Grown, GrownVariant, Object, TypeDescriptor, type_kind,
};

use crate::check::{Form, any_bits, element, sequence, variant};
use crate::object;

/// Lets go of a value.
///
/// # Safety
/// 1. `place` points to a value of `ty` in this form, and G1 and G2 hold.
pub(crate) unsafe fn value(ty: &TypeDescriptor, place: *const u8, form: Form) {
    match ty.kind {
        type_kind::OBJECT => {
            // SAFETY: clause 1.
            let object = unsafe { place.cast::<Object>().read() };
            // SAFETY: clause 1.
            unsafe { object::let_go(&object) };
        }
        type_kind::STRING | type_kind::PATH => {
            // SAFETY: clause 1.
            unsafe { memory(place, form) };
        }
        type_kind::LIST | type_kind::MAP | type_kind::SET => {
            // SAFETY: G1.
            let element = unsafe { element(ty, 0) };
            // SAFETY: clause 1.
            let slice = unsafe { sequence(place, form) };
            if !any_bits(element) {
                for index in 0..slice.len {
                    // SAFETY: clause 1, for each element.
                    unsafe { value(element, slice.ptr.add(index * form.size(element)), form) };
                }
            }
            // SAFETY: clause 1.
            unsafe { memory(place, form) };
        }
        type_kind::BOX => {
            // SAFETY: clause 1: a pointer to a valid value comes first in both forms; G1.
            unsafe { value(element(ty, 0), place.cast::<*const u8>().read(), form) };
            // SAFETY: clause 1.
            unsafe { memory(place, form) };
        }
        type_kind::ARRAY => {
            // SAFETY: G1.
            let element = unsafe { element(ty, 0) };
            for index in 0..ty.length {
                // SAFETY: clause 1, for each element.
                unsafe { value(element, place.add(index * form.size(element)), form) };
            }
        }
        type_kind::OPTION | type_kind::RESULT => {
            // SAFETY: clause 1: the tag comes first, and is 0 or 1.
            let tag = unsafe { place.cast::<u32>().read() } as usize;
            if ty.kind == type_kind::OPTION && tag == 0 {
                return;
            }
            let index = if ty.kind == type_kind::OPTION { 0 } else { tag };
            // SAFETY: clause 1; G1.
            unsafe { value(element(ty, index), place.add(form.align(ty).max(4)), form) };
        }
        // SAFETY: clause 1; G1.
        type_kind::TUPLE | type_kind::STRUCT => unsafe {
            fields(ty.fields.pointers(), place, form, 0);
        },
        type_kind::ENUM => {
            // SAFETY: clause 1: the tag comes first, and is one of the variants.
            let tag = unsafe { place.cast::<u32>().read() };
            // SAFETY: G1.
            let variant = unsafe { &**ty.variants.ptr.add(tag as usize) };
            // SAFETY: clause 1.
            unsafe { fields(variant.fields.pointers(), place, form, 0) };
        }
        type_kind::GROWING_STRUCT | type_kind::GROWING_ENUM => {
            // SAFETY: clause 1.
            let grown = unsafe { place.cast::<Grown>().read() };
            if let Some(release) = grown.release {
                // SAFETY: clause 1: its writer lets go of all of it, for nothing of it was taken.
                unsafe { release(grown.ptr, 0) };
            }
        }
        type_kind::FAULT if form == Form::Owned => {
            // SAFETY: clause 1: a live record, with one count.
            let record = unsafe { place.cast::<*const FaultRecord>().read() };
            // SAFETY: as above.
            unsafe { ((*(*record).table).release)(record) };
        }
        // Borrowed, or without anything of its own.
        _ => {}
    }
}

/// Lets go of what its reader does not know in a value that may grow, as
/// [`ReleaseGrownFunction`](polyplug_abi::ReleaseGrownFunction) says; its memory stays.
///
/// # Safety
/// 1. `node` points to what a [`Grown`] of `ty` points to, made by this image with all of its fields, and G1 holds.
/// 2. G2 holds for what is not known.
pub(crate) unsafe fn unknown(ty: &TypeDescriptor, node: *const u8, form: Form, known: usize) {
    if ty.kind == type_kind::GROWING_STRUCT {
        // SAFETY: clauses 1 and 2.
        unsafe { fields(ty.fields.pointers(), node, form, known) };
    } else if known == 0 {
        // SAFETY: clause 1.
        let GrownVariant { tag, payload } = unsafe { node.cast::<GrownVariant>().read() };
        // SAFETY: G1.
        if let Some(variant) = unsafe { variant(ty, tag) } {
            // SAFETY: clauses 1 and 2: a variant with fields has a payload.
            unsafe { fields(variant.fields.pointers(), payload, form, 0) };
        }
    }
}

/// Lets go of the fields that start at `from` or later.
///
/// # Safety
/// 1. As for [`value`], of the value whose fields these are.
unsafe fn fields(fields: &[*const FieldDescriptor], place: *const u8, form: Form, from: usize) {
    for &field in fields {
        // SAFETY: G1.
        let field = unsafe { &*field };
        if form.offset(field) >= from {
            // SAFETY: G1; clause 1.
            unsafe { value(&*(field.ty)(), place.add(form.offset(field)), form) };
        }
    }
}

/// Gives the memory of a run back.
///
/// # Safety
/// 1. As for [`value`], of a sequence or a box.
unsafe fn memory(place: *const u8, form: Form) {
    if form == Form::Owned {
        // SAFETY: clause 1: handed over, and released only here.
        unsafe { place.cast::<Buffer>().read().release() };
    }
}
