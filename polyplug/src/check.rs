//! Are these bytes a value of that type? The one place that decides, for everything that is not known to be Rust.
//!
//! Works on wire forms in memory, led by the descriptor that *this* image was compiled with, before any of the bytes
//! become a Rust value.
//!
//! What is always true:
//!
//! * **V1** The descriptor is this image's own, so it is well-formed and its functions may be called.
//! * **V2** A pointer is followed only when its run is not null (unless empty), aligned, and at most `isize::MAX` bytes.
//!   That it points to readable memory cannot be checked: that is what even a foreign module promises.
//! * **V3** Nesting deeper than [`MAX_DEPTH`] is refused, so a hostile value cannot exhaust the stack here or later.

use core::fmt;

use polyplug_abi::{
    ArgumentDescriptor, Buffer, FaultRecord, FieldDescriptor, InterfaceHeader, MethodDescriptor,
    OTHER_TAG, Object, Sink, Slice, TypeDescriptor, fault_kind, method_flags, passing, type_flags,
    type_kind,
};

use crate::data::is_time;
use crate::discard;

mod growing;

pub(crate) use growing::variant;

/// How deep a value may nest.
pub(crate) const MAX_DEPTH: usize = 128;

/// A value that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    kind: u32,
    path: String,
    reason: String,
}

impl Invalid {
    fn new(reason: impl Into<String>) -> Self {
        Self {
            kind: fault_kind::INVALID_VALUE,
            path: String::new(),
            reason: reason.into(),
        }
    }

    fn within(mut self, step: &str) -> Self {
        if self.path.is_empty() || self.path.starts_with('[') {
            self.path.insert_str(0, step);
        } else {
            self.path.insert(0, '.');
            self.path.insert_str(0, step);
        }
        self
    }

    /// One of [`fault_kind`].
    pub(crate) fn kind(&self) -> u32 {
        self.kind
    }

    /// What is wrong with an argument, whose name the path begins with; without one, with the frame.
    pub(crate) fn in_a_call(&self) -> String {
        if self.path.is_empty() {
            self.reason.clone()
        } else {
            format!("argument {self}")
        }
    }

    /// What is wrong with an argument that came back changed.
    pub(crate) fn in_changed(self, argument: &str) -> String {
        format!("changed argument {}", self.within(argument))
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.reason)
        } else {
            write!(f, "`{}`: {}", self.path, self.reason)
        }
    }
}

/// Which wire form the bytes are in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Lent,
    Owned,
}

/// Checks a value of the signature that travels by value.
///
/// # Errors
/// When the bits are no value of the type.
pub(crate) fn scalar(ty: &TypeDescriptor, bits: u64) -> Result<(), Invalid> {
    match ty.kind {
        type_kind::BOOL if bits > 1 => {
            Err(Invalid::new(format!("{bits} is no bool, which is 0 or 1")))
        }
        type_kind::CHAR => {
            let value = u32::try_from(bits).ok().and_then(char::from_u32);
            value
                .map(drop)
                .ok_or_else(|| Invalid::new(format!("{bits:#x} is no Unicode scalar value")))
        }
        type_kind::ENUM if bits >= ty.variants.len as u64 => Err(unknown_variant(ty, bits)),
        _ => Ok(()),
    }
}

/// A tag that no variant has.
pub(crate) fn unknown_variant(ty: &TypeDescriptor, tag: u64) -> Invalid {
    // SAFETY: V1.
    let name = unsafe { ty.name.str() };
    let reason = if tag == u64::from(OTHER_TAG) && ty.kind == type_kind::GROWING_ENUM {
        format!("a variant of `{name}` that its sender does not know either")
    } else {
        format!(
            "variant {tag} is unknown, `{name}` has {} here",
            ty.variants.len
        )
    };
    Invalid {
        kind: fault_kind::UNKNOWN_VARIANT,
        ..Invalid::new(reason)
    }
}

/// Checks an owned wire form.
///
/// # Safety
/// 1. `place` points to `owned_size` initialised bytes.
/// 2. What the bytes point to is readable.
///
/// # Errors
/// When the bytes are no value of the type.
pub(crate) unsafe fn owned(ty: &TypeDescriptor, place: *const u8) -> Result<(), Invalid> {
    // SAFETY: clauses 1 and 2, kept by the caller.
    unsafe { value(ty, place, Form::Owned, 0) }
}

/// Checks the flattened arguments of a method.
///
/// # Safety
/// 1. `method` is this image's own descriptor.
/// 2. `frame` points to `frame_size` initialised bytes.
/// 3. What the bytes point to is readable.
///
/// # Errors
/// When the frame or an argument is not what the descriptor says.
pub(crate) unsafe fn frame(method: &MethodDescriptor, frame: *const u8) -> Result<(), Invalid> {
    if method.frame_size != 0
        && (frame.is_null() || !frame.addr().is_multiple_of(method.frame_align))
    {
        return Err(Invalid::new(format!(
            "the frame is null or not aligned to {} bytes",
            method.frame_align
        )));
    }
    // SAFETY: V1, clause 1.
    for (position, argument) in unsafe { method.arguments.pointers() }.iter().enumerate() {
        // SAFETY: V1, clause 1.
        let argument = unsafe { &**argument };
        // SAFETY: V1, clause 1.
        let name = unsafe { argument.name.str() };
        // SAFETY: the offset lies inside the frame by V1, and clauses 2 and 3.
        unsafe { self::argument(argument, frame.add(argument.frame_offset)) }.map_err(
            |invalid| {
                // The arguments of closures have no names.
                if name.is_empty() {
                    invalid.within(&position.to_string())
                } else {
                    invalid.within(name)
                }
            },
        )?;
    }
    Ok(())
}

/// Whether `pointer` points to something, as far as that can be checked (V2).
fn pointed<T>(pointer: *const T, what: &str) -> Result<(), Invalid> {
    if pointer.is_null() {
        return Err(Invalid::new(format!(
            "a null pointer where {what} was expected"
        )));
    }
    aligned(pointer.cast(), align_of::<T>())
}

fn aligned(pointer: *const u8, align: usize) -> Result<(), Invalid> {
    if pointer.addr().is_multiple_of(align) {
        return Ok(());
    }
    Err(Invalid::new(format!(
        "a pointer that is not aligned to {align} bytes"
    )))
}

/// # Safety
/// 1. `place` points to the argument's slot in a frame.
/// 2. What it points to is readable.
unsafe fn argument(argument: &ArgumentDescriptor, place: *const u8) -> Result<(), Invalid> {
    // SAFETY: V1.
    let ty = unsafe { &*(argument.ty)() };
    match argument.passing {
        passing::VALUE if ty.flags & type_flags::BY_VALUE != 0 => {
            let bits = match ty.kind {
                type_kind::I64
                | type_kind::U64
                | type_kind::F64
                | type_kind::ISIZE
                | type_kind::USIZE => {
                    // SAFETY: clause 1: such an argument takes eight bytes (or a word, checked on 64-bit).
                    unsafe { place.cast::<u64>().read() }
                }
                // SAFETY: clause 1: every other argument by value takes 32 bits.
                _ => u64::from(unsafe { place.cast::<u32>().read() }),
            };
            scalar(ty, bits)
        }
        passing::TEXT | passing::SLICE | passing::SLICE_MUT => {
            // SAFETY: clause 1: pointer, then length.
            let slice = unsafe { place.cast::<Slice>().read() };
            if argument.passing == passing::TEXT {
                // SAFETY: clause 2.
                unsafe { text(slice) }
            } else {
                // SAFETY: clause 2.
                unsafe { run(ty, slice, Form::Lent, 0) }
            }
        }
        passing::OBJECT | passing::OBJECT_MUT => {
            // SAFETY: clause 1: a pointer.
            let object = unsafe { place.cast::<*const Object>().read() };
            // SAFETY: clause 2.
            unsafe { self::object(ty, object) }
        }
        passing::SINK => {
            // SAFETY: clause 1: a pointer.
            let sink = unsafe { place.cast::<*const Sink>().read() };
            pointed(sink, "a sink")?;
            // SAFETY: clause 2: the value before the call comes first.
            unsafe { value(ty, sink.cast(), Form::Lent, 0) }
        }
        _ => {
            // SAFETY: clause 1: a pointer to the lent form.
            let pointer = unsafe { place.cast::<*const u8>().read() };
            pointed(pointer, "a value")?;
            // SAFETY: clause 2.
            unsafe { value(ty, pointer, Form::Lent, 0) }
        }
    }
}

/// # Safety
/// 1. `object` is null or points to an object; what that points to is readable.
unsafe fn object(ty: &TypeDescriptor, object: *const Object) -> Result<(), Invalid> {
    pointed(object, "an object")?;
    // SAFETY: clause 1.
    let interface = unsafe { (*object).interface };
    pointed(interface, "the interface of an object")?;
    // SAFETY: clause 1. No reference is made: a function of the head may be null.
    let (size, count, order) = unsafe {
        (
            (*interface).size as usize,
            (*interface).method_count as usize,
            (*interface).order,
        )
    };
    let words = size.saturating_sub(size_of::<InterfaceHeader>()) / size_of::<usize>();
    if size < size_of::<InterfaceHeader>() || words < count {
        return Err(Invalid::new(format!(
            "an object with an interface of {size} bytes for {count} methods"
        )));
    }
    // SAFETY: clause 1: a word of the head.
    if unsafe { (&raw const (*interface).invoke).cast::<usize>().read() } == 0 {
        return Err(Invalid::new("an object with a null function `invoke`"));
    }
    let Some(contract) = ty.contract else {
        return Ok(());
    };
    // SAFETY: V1.
    let contract = unsafe { &*contract() };
    if order != contract.order {
        // Its methods are looked for by name.
        return Ok(());
    }
    // SAFETY: V1.
    let methods = unsafe { contract.methods.pointers() };
    for (index, method) in methods.iter().enumerate() {
        // SAFETY: V1.
        let method = unsafe { &**method };
        // SAFETY: clause 1: `count` words follow the head.
        let there =
            index < count && unsafe { interface.add(1).cast::<usize>().add(index).read() } != 0;
        if !there && method.flags & method_flags::DEFAULT == 0 {
            // SAFETY: V1.
            let name = unsafe { method.name.str() };
            return Err(Invalid::new(format!(
                "an object with a null function `{name}`"
            )));
        }
    }
    Ok(())
}

/// Checks a fault: one that was not made by the core may say anything.
///
/// # Safety
/// 1. `fault` is null or points to a record; what that points to is readable.
///
/// # Errors
/// When it is no record, or a text in it is none.
pub(crate) unsafe fn record(fault: *const FaultRecord) -> Result<(), Invalid> {
    pointed(fault, "a fault")?;
    // SAFETY: clause 1: every record starts with its size.
    let size = unsafe { (*fault).size } as usize;
    if size < size_of::<FaultRecord>() {
        return Err(Invalid::new(format!("a fault of {size} bytes")));
    }
    // SAFETY: clause 1, and large enough.
    let record = unsafe { &*fault };
    pointed(record.table, "the table of a fault")?;
    for (name, slice) in [
        ("message", record.message),
        ("file", record.file),
        ("trace", record.trace),
        ("plugin", record.plugin),
        ("contract", record.contract),
        ("method", record.method),
    ] {
        // SAFETY: clause 1.
        unsafe { text(slice) }.map_err(|invalid| invalid.within(name))?;
    }
    Ok(())
}

/// # Safety
/// 1. What `slice` points to is readable.
unsafe fn text(slice: Slice) -> Result<(), Invalid> {
    extent(slice, 1, 1)?;
    // SAFETY: clause 1; not null unless empty, and not too long (V2).
    let bytes = unsafe { slice.bytes() };
    match core::str::from_utf8(bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(Invalid::new(format!("text that is no UTF-8 ({error})"))),
    }
}

/// V2, as far as it can be checked.
fn extent(slice: Slice, size: usize, align: usize) -> Result<(), Invalid> {
    // Elements without bytes are counted like bytes.
    match slice.len.checked_mul(size.max(1)) {
        Some(bytes) if isize::try_from(bytes).is_ok() => {}
        _ => {
            return Err(Invalid::new(format!(
                "a length of {} is more than memory can hold",
                slice.len
            )));
        }
    }
    if slice.len == 0 {
        return Ok(());
    }
    if slice.ptr.is_null() {
        return Err(Invalid::new(format!(
            "a null pointer with length {}",
            slice.len
        )));
    }
    aligned(slice.ptr, align)
}

/// # Safety
/// 1. What `slice` points to is readable.
unsafe fn run(
    element: &TypeDescriptor,
    slice: Slice,
    form: Form,
    depth: usize,
) -> Result<(), Invalid> {
    let (size, align) = match form {
        Form::Lent => (element.lent_size, element.lent_align),
        Form::Owned => (element.owned_size, element.owned_align),
    };
    extent(slice, size, align)?;
    if any_bits(element) {
        return Ok(());
    }
    for index in 0..slice.len {
        // SAFETY: V2 holds for the whole run, and clause 1.
        unsafe { value(element, slice.ptr.add(index * size), form, depth + 1) }
            .map_err(|invalid| invalid.within(&format!("[{index}]")))?;
    }
    Ok(())
}

/// Whether every bit pattern is a value, so that a long run need not be walked.
pub(crate) fn any_bits(ty: &TypeDescriptor) -> bool {
    matches!(
        ty.kind,
        type_kind::I8..=type_kind::F64 | type_kind::U128 | type_kind::I128 | type_kind::FLAGS
    )
}

/// # Safety
/// 1. `place` points to a wire form of `ty`.
/// 2. What it points to is readable.
unsafe fn value(
    ty: &TypeDescriptor,
    place: *const u8,
    form: Form,
    depth: usize,
) -> Result<(), Invalid> {
    if depth > MAX_DEPTH {
        return Err(Invalid::new(format!(
            "a value nested deeper than {MAX_DEPTH}"
        )));
    }
    let align = if form == Form::Lent {
        ty.lent_align
    } else {
        ty.owned_align
    };
    aligned(place, align)?;
    match ty.kind {
        // SAFETY: clause 1: one byte.
        type_kind::BOOL => scalar(ty, u64::from(unsafe { place.read() })),
        // SAFETY: clause 1: four bytes, aligned.
        type_kind::CHAR => scalar(ty, u64::from(unsafe { place.cast::<u32>().read() })),
        type_kind::STRING | type_kind::LIST | type_kind::MAP | type_kind::SET | type_kind::PATH => {
            // SAFETY: clause 1.
            let slice = unsafe { sequence(place, form) };
            if ty.kind == type_kind::STRING {
                // SAFETY: clause 2.
                unsafe { text(slice) }
            } else {
                // SAFETY: V1; clause 2.
                unsafe { run(element(ty, 0), slice, form, depth) }
            }
        }
        // What is borrowed is lent in both forms.
        type_kind::TEXT => {
            // SAFETY: clause 1.
            let slice = unsafe { place.cast::<Slice>().read() };
            // SAFETY: clause 2.
            unsafe { text(slice) }
        }
        type_kind::SLICE | type_kind::BORROWED_PATH => {
            // SAFETY: clause 1.
            let slice = unsafe { place.cast::<Slice>().read() };
            // SAFETY: V1; clause 2.
            unsafe { run(element(ty, 0), slice, Form::Lent, depth) }
        }
        type_kind::REFERENCE => {
            // SAFETY: clause 1.
            let pointer = unsafe { place.cast::<*const u8>().read() };
            pointed(pointer, "a value")?;
            // SAFETY: V1; clause 2.
            unsafe { value(element(ty, 0), pointer, Form::Lent, depth + 1) }
        }
        // SAFETY: clause 1.
        type_kind::OBJECT => unsafe { self::object(ty, place.cast()) },
        type_kind::DURATION | type_kind::SYSTEM_TIME => {
            // SAFETY: clause 1: seconds, then nanoseconds.
            let (secs, nanos) = unsafe {
                (
                    place.cast::<i64>().read(),
                    place.add(8).cast::<u32>().read(),
                )
            };
            if nanos >= 1_000_000_000 {
                return Err(Invalid::new(format!(
                    "{nanos} nanoseconds are a second or more"
                )));
            }
            if ty.kind == type_kind::SYSTEM_TIME && !is_time(secs, nanos) {
                return Err(Invalid::new(format!(
                    "{secs} seconds since 1970 are no time on this platform"
                )));
            }
            Ok(())
        }
        type_kind::BOX => {
            // SAFETY: clause 1: a pointer comes first in both forms.
            let pointer = unsafe { place.cast::<*const u8>().read() };
            pointed(pointer, "a value")?;
            if form == Form::Owned {
                // SAFETY: clause 1: a buffer.
                let len = unsafe { place.cast::<Buffer>().read() }.len;
                if len != 1 {
                    return Err(Invalid::new(format!("a box with {len} values")));
                }
            }
            // SAFETY: V1; clause 2.
            unsafe { value(element(ty, 0), pointer, form, depth + 1) }
        }
        type_kind::ARRAY => {
            // SAFETY: V1.
            let element = unsafe { element(ty, 0) };
            let size = if form == Form::Lent {
                element.lent_size
            } else {
                element.owned_size
            };
            for index in 0..ty.length {
                // SAFETY: clause 1: the elements lie side by side.
                unsafe { value(element, place.add(index * size), form, depth + 1) }
                    .map_err(|invalid| invalid.within(&format!("[{index}]")))?;
            }
            Ok(())
        }
        type_kind::OPTION | type_kind::RESULT => {
            // SAFETY: clause 1: the tag comes first.
            let tag = unsafe { place.cast::<u32>().read() };
            if tag > 1 {
                return Err(Invalid {
                    kind: fault_kind::UNKNOWN_VARIANT,
                    ..Invalid::new(format!("tag {tag} is neither 0 nor 1"))
                });
            }
            if ty.kind == type_kind::OPTION && tag == 0 {
                return Ok(());
            }
            let index = if ty.kind == type_kind::OPTION {
                0
            } else {
                tag as usize
            };
            // SAFETY: V1; the payload lies behind the tag at the alignment of the whole.
            unsafe { value(element(ty, index), place.add(align.max(4)), form, depth + 1) }
        }
        // SAFETY: V1; clauses 1 and 2.
        type_kind::TUPLE | type_kind::STRUCT => unsafe {
            fields(ty.fields.pointers(), place, form, depth)
        },
        type_kind::ENUM => {
            // SAFETY: clause 1: the tag comes first.
            let tag = unsafe { place.cast::<u32>().read() };
            if u64::from(tag) >= ty.variants.len as u64 {
                return Err(unknown_variant(ty, u64::from(tag)));
            }
            // SAFETY: V1.
            let variant = unsafe { &**ty.variants.ptr.add(tag as usize) };
            // SAFETY: V1.
            let name = unsafe { variant.name.str() };
            // SAFETY: V1; clauses 1 and 2.
            unsafe { fields(variant.fields.pointers(), place, form, depth) }
                .map_err(|invalid| invalid.within(name))
        }
        // SAFETY: clauses 1 and 2.
        type_kind::GROWING_STRUCT => unsafe { growing::structure(ty, place, form, depth) },
        // SAFETY: clauses 1 and 2.
        type_kind::GROWING_ENUM => unsafe { growing::enumeration(ty, place, form, depth) },
        type_kind::FAULT => {
            // SAFETY: clause 1: a pointer.
            let fault = unsafe { place.cast::<*const FaultRecord>().read() };
            // SAFETY: clause 2.
            unsafe { record(fault) }
        }
        _ => Ok(()),
    }
}

/// # Safety
/// 1. A sequence in this form lies at `place`.
pub(crate) unsafe fn sequence(place: *const u8, form: Form) -> Slice {
    match form {
        // SAFETY: clause 1.
        Form::Lent => unsafe { place.cast::<Slice>().read() },
        // SAFETY: clause 1.
        Form::Owned => unsafe { place.cast::<Buffer>().read() }.slice(),
    }
}

/// Releases the objects in the arguments of a call that is not made, as far as they are what they say: from entry they
/// are the callee's (C7).
///
/// # Safety
/// 1. and 3. As for [`frame`].
/// 2. `frame` is null, or as there.
#[cold]
pub(crate) unsafe fn abandon(method: &MethodDescriptor, frame: *const u8) {
    if frame.is_null() || !frame.addr().is_multiple_of(method.frame_align) {
        return;
    }
    // SAFETY: V1, clause 1.
    for argument in unsafe { method.arguments.pointers() } {
        // SAFETY: V1, clause 1.
        let argument = unsafe { &**argument };
        // SAFETY: V1, clause 1.
        let ty = unsafe { &*(argument.ty)() };
        if argument.passing != passing::VALUE || ty.flags & type_flags::BY_VALUE != 0 {
            continue;
        }
        // SAFETY: V1: the offset lies inside the frame; clauses 2 and 3.
        let place = unsafe { frame.add(argument.frame_offset) };
        // SAFETY: clauses 2 and 3.
        if unsafe { self::argument(argument, place) }.is_ok() {
            // SAFETY: a pointer to a valid value, as was just checked.
            unsafe { discard::value(ty, place.cast::<*const u8>().read(), Form::Lent) };
        }
    }
}

/// # Safety
/// 1. `place` points to the value whose fields these are.
/// 2. What it points to is readable.
unsafe fn fields(
    fields: &[*const FieldDescriptor],
    place: *const u8,
    form: Form,
    depth: usize,
) -> Result<(), Invalid> {
    for field in fields {
        // SAFETY: V1.
        let field = unsafe { &**field };
        let offset = if form == Form::Lent {
            field.lent_offset
        } else {
            field.owned_offset
        };
        // SAFETY: V1.
        let ty = unsafe { &*(field.ty)() };
        // SAFETY: V1: the offset lies inside the value; clauses 1 and 2.
        let checked = unsafe { value(ty, place.add(offset), form, depth + 1) };
        // SAFETY: V1.
        checked.map_err(|invalid| invalid.within(unsafe { field.name.str() }))?;
    }
    Ok(())
}

/// # Safety
/// 1. V1, and `ty` has more than `index` element types.
pub(crate) unsafe fn element(ty: &TypeDescriptor, index: usize) -> &'static TypeDescriptor {
    // SAFETY: clause 1.
    let function = unsafe { *ty.elements.add(index) };
    // SAFETY: V1.
    unsafe { &*function() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Arena, Data};

    fn check_owned<T: Data>(owned: &T::Owned) -> Result<(), String> {
        // SAFETY: a real wire form of `T`, or one whose lie is not a wild pointer.
        unsafe { super::owned(T::TYPE, core::ptr::from_ref(owned).cast()) }
            .map_err(|invalid| invalid.to_string())
    }

    #[test]
    fn c03_good_values_pass() {
        let value = vec![Some(("text".to_owned(), [1.5_f64, 2.5])), None];
        let owned = value.clone().give();
        assert_eq!(
            check_owned::<Vec<Option<(String, [f64; 2])>>>(&owned),
            Ok(())
        );
        // SAFETY: checked, given a line above, received once.
        let received = unsafe { <Vec<Option<(String, [f64; 2])>>>::receive(owned, &Arena::new()) };
        assert_eq!(received, value);
        let _ = value.lend(&Arena::new());
    }

    #[test]
    fn c03_values_that_lie_are_named() {
        assert_eq!(check_owned::<(u32, bool)>(&(7_u32, true).give()), Ok(()));
        let mut lie = (7_u32, true).give();
        lie.1 = 2;
        assert_eq!(
            check_owned::<(u32, bool)>(&lie).unwrap_err(),
            "`1`: 2 is no bool, which is 0 or 1"
        );
        assert_eq!(
            check_owned::<char>(&0xD800).unwrap_err(),
            "0xd800 is no Unicode scalar value"
        );
        let bytes = [0xFF_u8];
        let text = Buffer {
            ptr: bytes.as_ptr().cast_mut(),
            len: 1,
            ..Buffer::EMPTY
        };
        assert!(
            check_owned::<String>(&text)
                .unwrap_err()
                .starts_with("text that is no UTF-8")
        );
        let long = Buffer {
            ptr: bytes.as_ptr().cast_mut(),
            len: usize::MAX,
            ..Buffer::EMPTY
        };
        assert!(
            check_owned::<Vec<u64>>(&long)
                .unwrap_err()
                .ends_with("more than memory can hold")
        );
        let null = Buffer {
            len: 3,
            ..Buffer::EMPTY
        };
        assert_eq!(
            check_owned::<String>(&null).unwrap_err(),
            "a null pointer with length 3"
        );
        let words = [0_u64; 2];
        let skewed = Buffer {
            ptr: words.as_ptr().cast::<u8>().wrapping_add(1).cast_mut(),
            len: 1,
            ..Buffer::EMPTY
        };
        assert_eq!(
            check_owned::<Vec<u64>>(&skewed).unwrap_err(),
            "a pointer that is not aligned to 8 bytes"
        );
    }

    #[test]
    fn c03_null_with_length_0_is_empty() {
        assert_eq!(check_owned::<String>(&Buffer::EMPTY), Ok(()));
        // SAFETY: checked above.
        let text = unsafe { <String as Data>::receive(Buffer::EMPTY, &Arena::new()) };
        assert_eq!(text, "");
        // SAFETY: as above.
        let lists = unsafe { <Vec<Vec<u8>> as Data>::receive(Buffer::EMPTY, &Arena::new()) };
        assert!(lists.is_empty());
    }
}
