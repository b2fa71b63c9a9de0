//! From the wire to values of a language, led by descriptors.
//!
//! What is always true:
//!
//! * **D1** What is read is valid: arguments were made or checked on the way, results are checked before.
//! * **D2** An owned object that was read is the reader's. In the owned form its place, which is this side's, has no `release`
//!   any more, so who lets go of the rest does not let go of it; in the lent form nothing is written to, and the scope
//!   says that there was one, so that nobody reads it again.

use std::time::Duration;

use polyplug_abi::{
    ArgumentDescriptor, Buffer, FaultRecord, FieldDescriptor, Grown, GrownVariant, OTHER_TAG,
    Object, Sink, Slice, TypeDescriptor, passing, type_flags, type_kind,
};

use super::language::Language;
use super::remote::{Remote, Scope};
use super::views::{Type, Variant};
use crate::Data as _;
use crate::check::{Form, element, sequence, variant};
use crate::data::Arena;
use crate::fault::Fault;

/// A flattened argument.
///
/// # Safety
/// 1. `frame` points to a valid frame with this argument, which lives for the call of `scope`.
pub(super) unsafe fn argument<L: Language>(
    language: &mut L,
    argument: &ArgumentDescriptor,
    frame: *const u8,
    scope: &Scope,
) -> Result<L::Value, Fault> {
    // SAFETY: clause 1.
    unsafe {
        let place = frame.add(argument.frame_offset);
        let ty = &*(argument.ty)();
        match argument.passing {
            passing::VALUE if ty.flags & type_flags::BY_VALUE != 0 => scalar(language, ty, place),
            passing::TEXT => language.text(place.cast::<Slice>().read().str()),
            passing::SLICE | passing::SLICE_MUT => {
                let slice = place.cast::<Slice>().read();
                run(language, ty, slice, Form::Lent, scope)
            }
            passing::SINK => {
                let sink = place.cast::<*mut Sink>().read();
                value(
                    language,
                    ty,
                    (&raw mut (*sink).input).cast(),
                    Form::Lent,
                    scope,
                )
            }
            _ => value(
                language,
                ty,
                place.cast::<*mut u8>().read(),
                Form::Lent,
                scope,
            ),
        }
    }
}

/// What stands in a frame, or is returned, as a scalar.
///
/// # Safety
/// 1. `place` points to the widened scalar.
pub(super) unsafe fn scalar<L: Language>(
    language: &mut L,
    ty: &TypeDescriptor,
    place: *const u8,
) -> Result<L::Value, Fault> {
    // SAFETY: clause 1; V1 of the views.
    unsafe {
        match ty.kind {
            type_kind::BOOL => language.boolean(place.cast::<u32>().read() != 0),
            type_kind::CHAR => {
                let character = char::from_u32(place.cast::<u32>().read());
                language.character(character.unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            type_kind::I8 | type_kind::I16 | type_kind::I32 => {
                language.signed(i64::from(place.cast::<i32>().read()))
            }
            type_kind::U8 | type_kind::U16 | type_kind::U32 => {
                language.unsigned(u64::from(place.cast::<u32>().read()))
            }
            type_kind::I64 => language.signed(place.cast::<i64>().read()),
            type_kind::U64 => language.unsigned(place.cast::<u64>().read()),
            type_kind::ISIZE => language.signed(place.cast::<isize>().read() as i64),
            type_kind::USIZE => language.unsigned(place.cast::<usize>().read() as u64),
            type_kind::F32 => language.float(f64::from(place.cast::<f32>().read())),
            type_kind::F64 => language.float(place.cast::<f64>().read()),
            type_kind::ENUM => {
                let tag = place.cast::<u32>().read();
                let variant = Variant::of(*ty.variants.ptr.add(tag as usize));
                language.variant(Type::of(ty), variant, Vec::new())
            }
            type_kind::FLAGS => {
                let bits = match element(ty, 0).kind {
                    type_kind::U64 | type_kind::I64 => place.cast::<u64>().read(),
                    _ => u64::from(place.cast::<u32>().read()),
                };
                language.flags(Type::of(ty), bits)
            }
            kind => Err(unknown(kind)),
        }
    }
}

fn unknown(kind: u32) -> Fault {
    Fault::new(format!(
        "a type of kind {kind}, which this version of its loader does not know"
    ))
}

/// A run of values.
///
/// # Safety
/// 1. D1: `slice` is a run of `ty` in this form.
unsafe fn run<L: Language>(
    language: &mut L,
    ty: &TypeDescriptor,
    slice: Slice,
    form: Form,
    scope: &Scope,
) -> Result<L::Value, Fault> {
    if ty.kind == type_kind::U8 {
        // SAFETY: clause 1.
        return language.bytes(unsafe { slice.bytes() });
    }
    // SAFETY: clause 1.
    let values = unsafe { items(language, ty, slice, form, scope) }?;
    language.list(values)
}

/// # Safety
/// 1. As for [`run`].
unsafe fn items<L: Language>(
    language: &mut L,
    ty: &TypeDescriptor,
    slice: Slice,
    form: Form,
    scope: &Scope,
) -> Result<Vec<L::Value>, Fault> {
    let mut values = Vec::with_capacity(slice.len);
    for index in 0..slice.len {
        // SAFETY: clause 1.
        let place = unsafe { slice.ptr.add(index * form.size(ty)) };
        // SAFETY: clause 1.
        values.push(unsafe { value(language, ty, place.cast_mut(), form, scope) }?);
    }
    Ok(values)
}

/// A value in memory.
///
/// # Safety
/// 1. D1: a value of `ty` in this form lies at `place`, which may be written to in the owned form (D2).
pub(super) unsafe fn value<L: Language>(
    language: &mut L,
    ty: &TypeDescriptor,
    place: *mut u8,
    form: Form,
    scope: &Scope,
) -> Result<L::Value, Fault> {
    // SAFETY: clause 1; V1 of the views.
    unsafe {
        match ty.kind {
            type_kind::UNIT => language.unit(),
            type_kind::BOOL => language.boolean(place.read() != 0),
            type_kind::CHAR => {
                let character = char::from_u32(place.cast::<u32>().read());
                language.character(character.unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            type_kind::I8 => language.signed(i64::from(place.cast::<i8>().read())),
            type_kind::I16 => language.signed(i64::from(place.cast::<i16>().read())),
            type_kind::I32 => language.signed(i64::from(place.cast::<i32>().read())),
            type_kind::I64 => language.signed(place.cast::<i64>().read()),
            type_kind::U8 => language.unsigned(u64::from(place.read())),
            type_kind::U16 => language.unsigned(u64::from(place.cast::<u16>().read())),
            type_kind::U32 => language.unsigned(u64::from(place.cast::<u32>().read())),
            type_kind::U64 => language.unsigned(place.cast::<u64>().read()),
            type_kind::ISIZE => language.signed(place.cast::<isize>().read() as i64),
            type_kind::USIZE => language.unsigned(place.cast::<usize>().read() as u64),
            type_kind::F32 => language.float(f64::from(place.cast::<f32>().read())),
            type_kind::F64 => language.float(place.cast::<f64>().read()),
            type_kind::U128 | type_kind::I128 => {
                let [low, high] = place.cast::<[u64; 2]>().read();
                let value = u128::from(low) | u128::from(high) << 64;
                if ty.kind == type_kind::U128 {
                    language.wide_unsigned(value)
                } else {
                    language.wide_signed(value.cast_signed())
                }
            }
            type_kind::STRING => language.text(sequence(place, form).str()),
            type_kind::TEXT => language.text(place.cast::<Slice>().read().str()),
            type_kind::LIST => run(language, element(ty, 0), sequence(place, form), form, scope),
            type_kind::SLICE => {
                let slice = place.cast::<Slice>().read();
                run(language, element(ty, 0), slice, Form::Lent, scope)
            }
            type_kind::ARRAY => {
                let slice = Slice {
                    ptr: place,
                    len: ty.length,
                };
                run(language, element(ty, 0), slice, form, scope)
            }
            type_kind::MAP => {
                let slice = sequence(place, form);
                let pair = element(ty, 0);
                let fields = pair.fields.pointers();
                let mut pairs = Vec::with_capacity(slice.len);
                for index in 0..slice.len {
                    let place = slice.ptr.add(index * form.size(pair)).cast_mut();
                    let mut parts = self::fields(language, fields, place, form, scope)?.into_iter();
                    if let (Some(key), Some(value)) = (parts.next(), parts.next()) {
                        pairs.push((key, value));
                    }
                }
                language.map(pairs)
            }
            type_kind::SET => {
                let slice = sequence(place, form);
                let items = items(language, element(ty, 0), slice, form, scope)?;
                language.set(items)
            }
            type_kind::OPTION => {
                let value = if place.cast::<u32>().read() == 0 {
                    None
                } else {
                    let payload = place.add(form.align(ty).max(4));
                    Some(value(language, element(ty, 0), payload, form, scope)?)
                };
                if matches!(element(ty, 0).kind, type_kind::OPTION | type_kind::UNIT) {
                    language.nested_option(value)
                } else {
                    language.option(value)
                }
            }
            type_kind::RESULT => {
                let tag = place.cast::<u32>().read();
                let payload = place.add(form.align(ty).max(4));
                let value = value(language, element(ty, tag as usize), payload, form, scope)?;
                language.result(if tag == 0 { Ok(value) } else { Err(value) })
            }
            type_kind::BOX => {
                let pointer = place.cast::<*mut u8>().read();
                value(language, element(ty, 0), pointer, form, scope)
            }
            type_kind::REFERENCE => {
                let pointer = place.cast::<*mut u8>().read();
                value(language, element(ty, 0), pointer, Form::Lent, scope)
            }
            type_kind::TUPLE => {
                let values = fields(language, ty.fields.pointers(), place, form, scope)?;
                language.tuple(values)
            }
            type_kind::STRUCT => {
                let values = fields(language, ty.fields.pointers(), place, form, scope)?;
                language.record(Type::of(ty), values.into_iter().map(Some).collect())
            }
            type_kind::ENUM => {
                let tag = place.cast::<u32>().read();
                let variant = *ty.variants.ptr.add(tag as usize);
                let values = fields(language, (*variant).fields.pointers(), place, form, scope)?;
                language.variant(Type::of(ty), Variant::of(variant), values)
            }
            type_kind::GROWING_STRUCT => grown_struct(language, ty, place, form, scope),
            type_kind::GROWING_ENUM => grown_enum(language, ty, place, form, scope),
            type_kind::DURATION => {
                let (seconds, nanoseconds) = (
                    place.cast::<u64>().read(),
                    place.add(8).cast::<u32>().read(),
                );
                language.duration(Duration::new(seconds, nanoseconds))
            }
            type_kind::SYSTEM_TIME => {
                let (seconds, nanoseconds) = (
                    place.cast::<i64>().read(),
                    place.add(8).cast::<u32>().read(),
                );
                language.time(seconds, nanoseconds)
            }
            type_kind::PATH => language.path(&crate::data::take_path(sequence(place, form))),
            type_kind::BORROWED_PATH => {
                language.path(&crate::data::take_path(place.cast::<Slice>().read()))
            }
            type_kind::FLAGS => {
                let bits = match element(ty, 0).kind {
                    type_kind::U8 | type_kind::I8 => u64::from(place.read()),
                    type_kind::U16 | type_kind::I16 => u64::from(place.cast::<u16>().read()),
                    type_kind::U32 | type_kind::I32 => u64::from(place.cast::<u32>().read()),
                    _ => place.cast::<u64>().read(),
                };
                language.flags(Type::of(ty), bits)
            }
            type_kind::FAULT => {
                let record = place.cast::<*const FaultRecord>().read();
                language.fault(Fault::take(&record, &Arena::new()))
            }
            type_kind::OBJECT => {
                let object = place.cast::<Object>();
                let taken = *object;
                match form {
                    Form::Owned => (*object).release = None,
                    Form::Lent => scope.takes(&taken),
                }
                language.object(Remote::of(taken, ty.flags, scope))
            }
            kind => Err(unknown(kind)),
        }
    }
}

/// # Safety
/// 1. As for [`value`], of the value whose fields these are.
unsafe fn fields<L: Language>(
    language: &mut L,
    fields: &[*const FieldDescriptor],
    place: *mut u8,
    form: Form,
    scope: &Scope,
) -> Result<Vec<L::Value>, Fault> {
    let mut values = Vec::with_capacity(fields.len());
    for &field in fields {
        // SAFETY: clause 1; V1 of the views.
        unsafe {
            let (ty, place) = (&*((*field).ty)(), place.add(form.offset(&*field)));
            values.push(value(language, ty, place, form, scope)?);
        }
    }
    Ok(values)
}

/// # Safety
/// 1. As for [`value`].
unsafe fn grown_struct<L: Language>(
    language: &mut L,
    ty: &TypeDescriptor,
    place: *mut u8,
    form: Form,
    scope: &Scope,
) -> Result<L::Value, Fault> {
    // SAFETY: clause 1; V1 of the views.
    unsafe {
        let grown = place.cast::<Grown>().read();
        let size = grown.ptr.cast::<u32>().read() as usize;
        let mut known = size_of::<u32>();
        let mut values = Vec::new();
        for &field in ty.fields.pointers() {
            let (field_ty, offset) = (&*((*field).ty)(), form.offset(&*field));
            let end = offset + form.size(field_ty);
            known = known.max(end);
            values.push(if end <= size {
                let place = grown.ptr.add(offset);
                Some(value(language, field_ty, place, form, scope)?)
            } else {
                None
            });
        }
        if form == Form::Lent
            && size > known
            && let Some(release) = grown.release
        {
            // There is something that this reader does not know.
            release(grown.ptr, known);
        }
        language.record(Type::of(ty), values)
    }
}

/// # Safety
/// 1. As for [`value`].
unsafe fn grown_enum<L: Language>(
    language: &mut L,
    ty: &TypeDescriptor,
    place: *mut u8,
    form: Form,
    scope: &Scope,
) -> Result<L::Value, Fault> {
    // SAFETY: clause 1; V1 of the views.
    unsafe {
        let grown = place.cast::<Grown>().read();
        let GrownVariant { tag, payload } = grown.ptr.cast::<GrownVariant>().read();
        let Some(variant) = variant(ty, tag) else {
            if form == Form::Lent
                && let Some(release) = grown.release
            {
                release(grown.ptr, 0);
            }
            if let Some(other) = variant(ty, OTHER_TAG) {
                let mut values = Vec::new();
                if other.fields.len != 0 {
                    values.push(language.unsigned(u64::from(tag))?);
                }
                return language.variant(Type::of(ty), Variant::of(other), values);
            }
            let invalid = crate::check::unknown_variant(ty, u64::from(tag));
            return Err(Fault::of_kind(invalid.kind(), &invalid.to_string()));
        };
        let payload = payload.cast_mut();
        let values = fields(language, variant.fields.pointers(), payload, form, scope)?;
        language.variant(Type::of(ty), Variant::of(variant), values)
    }
}

/// What came back of a sink, in the owned form; its memory is given back.
///
/// # Safety
/// 1. `sink` holds what the callee wrote, which was checked.
pub(super) unsafe fn sink<L: Language>(
    language: &mut L,
    ty: &TypeDescriptor,
    sink: *mut Sink,
    scope: &Scope,
) -> Result<L::Value, Fault> {
    // SAFETY: clause 1.
    unsafe {
        let place = (&raw mut (*sink).output).cast::<u8>();
        let value = value(language, ty, place, Form::Owned, scope);
        crate::discard::value(ty, place, Form::Owned);
        (*sink).output = Buffer::EMPTY;
        value
    }
}
