//! Values on the wire for who knows only a catalog: moving what a callee handed over into memory of the core, so that it
//! outlives the callee's library, and letting go of it.
//!
//! What is held: runs of memory that the core allocated, given back through the function in the value itself.
//!
//! What is always true:
//!
//! * **Y1** A value that is walked is a valid one of its type: a Rust callee promises that, any other was checked.
//! * **Y2** What was moved owns only memory of the core, objects (whose images are kept: W1) and faults (which are
//!   the core's).

use std::alloc::{self, Layout};
use std::sync::Arc;

use polyplug_abi::{
    Buffer, FaultRecord, Grown, GrownVariant, Object, Slice, type_flags, type_kind,
};

use super::owners;
use crate::host::model::{Catalog, FieldModel, TypeModel};

/// The largest alignment of anything on the wire.
const ALIGN: usize = 8;

/// One of the two forms of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Lent,
    Owned,
}

impl Form {
    fn layout(self, ty: &TypeModel) -> (usize, usize) {
        match self {
            Self::Lent => ty.lent,
            Self::Owned => ty.owned,
        }
    }

    fn offset(self, field: &FieldModel) -> usize {
        match self {
            Self::Lent => field.offsets.0,
            Self::Owned => field.offsets.1,
        }
    }
}

/// Whether no value of the type owns anything. Says no when it is not sure.
fn is_flat(ty: &TypeModel) -> bool {
    ty.flags & (type_flags::PLAIN | type_flags::BY_VALUE) != 0
        || matches!(
            ty.kind,
            type_kind::UNIT
                ..=type_kind::F64
                    | type_kind::U128
                    | type_kind::I128
                    | type_kind::DURATION
                    | type_kind::SYSTEM_TIME
                    | type_kind::FLAGS
                    | type_kind::TEXT
                    | type_kind::SLICE
                    | type_kind::REFERENCE
                    | type_kind::BORROWED_PATH
        )
}

fn layout(bytes: usize) -> Layout {
    // At most `isize::MAX`: the size of a run that exists.
    Layout::from_size_align(bytes, ALIGN).unwrap_or_else(|_| unreachable!("a run that is too long"))
}

/// Room for that many bytes, at least one.
fn allocate(bytes: usize) -> *mut u8 {
    let layout = layout(bytes);
    // SAFETY: not of size 0, as the callers see to.
    let place = unsafe { alloc::alloc(layout) };
    if place.is_null() {
        alloc::handle_alloc_error(layout);
    }
    place
}

/// Frees a run that was moved: the release function of its buffer, whose capacity counts bytes.
///
/// # Safety
/// 1. `ptr` and `capacity` are those of a buffer that [`run`] wrote.
unsafe extern "C" fn free(ptr: *mut u8, capacity: usize) {
    // SAFETY: clause 1.
    unsafe { alloc::dealloc(ptr, layout(capacity)) };
}

/// Moves what a value owns into memory of the core.
///
/// # Safety
/// 1. `place` points to the owned form of a value of type `index` (Y1), which is the caller's.
pub(super) unsafe fn rehome(catalog: &Arc<Catalog>, index: usize, place: *mut u8) {
    let ty = &catalog.types[index];
    if is_flat(ty) {
        return;
    }
    match ty.kind {
        type_kind::STRING => {
            // SAFETY: clause 1.
            unsafe { run(catalog, None, 1, place, None) };
        }
        type_kind::LIST | type_kind::MAP | type_kind::SET | type_kind::PATH => {
            if let Some(&element) = ty.elements.first() {
                let size = catalog.types[element].owned.0;
                // SAFETY: clause 1.
                unsafe { run(catalog, Some(element), size, place, None) };
            }
        }
        type_kind::BOX => {
            if let Some(&element) = ty.elements.first() {
                let size = catalog.types[element].owned.0;
                // SAFETY: clause 1.
                unsafe { run(catalog, Some(element), size, place, Some(1)) };
            }
        }
        type_kind::GROWING_STRUCT | type_kind::GROWING_ENUM => {
            // SAFETY: clause 1.
            unsafe { grown(catalog, index, place.cast()) };
        }
        type_kind::OBJECT => {
            // SAFETY: clause 1.
            owners::came(unsafe { &*place.cast::<Object>() });
        }
        _ => {
            // SAFETY: clause 1.
            unsafe {
                parts(catalog, ty, place, Form::Owned, |part, at| {
                    rehome(catalog, part, at);
                });
            };
        }
    }
}

/// Moves a run, and what its elements own.
///
/// # Safety
/// 1. `place` points to a buffer (Y1) of elements of that type and size; of `count`, if that is given.
unsafe fn run(
    catalog: &Arc<Catalog>,
    element: Option<usize>,
    size: usize,
    place: *mut u8,
    count: Option<usize>,
) {
    // SAFETY: clause 1.
    let theirs = unsafe { place.cast::<Buffer>().read() };
    let len = count.unwrap_or(theirs.len);
    let bytes = len * size;
    let mut ours = Buffer {
        len: theirs.len,
        ..Buffer::EMPTY
    };
    if bytes == 0 {
        if len != 0 {
            ours.ptr = core::ptr::without_provenance_mut(ALIGN);
        }
    } else {
        ours.ptr = allocate(bytes);
        ours.capacity = bytes;
        ours.release = Some(free);
        // SAFETY: clause 1; room for as many bytes, in a run of its own.
        unsafe { ours.ptr.copy_from_nonoverlapping(theirs.ptr, bytes) };
        if let Some(element) = element
            && !is_flat(&catalog.types[element])
        {
            for at in 0..len {
                // SAFETY: clause 1, for each element: moved with the run.
                unsafe { rehome(catalog, element, ours.ptr.add(at * size)) };
            }
        }
    }
    // SAFETY: clause 1: what the elements own was moved out.
    unsafe { theirs.release() };
    // SAFETY: clause 1.
    unsafe { place.cast::<Buffer>().write(ours) };
}

/// What lies before a growing value that was moved.
#[repr(C)]
struct Before {
    catalog: *const Catalog,
    index: usize,
    /// Bytes of the whole, this included.
    bytes: usize,
    /// Bytes of the payload of a variant, which lies in a run of its own.
    payload: usize,
}

/// Moves a growing value: as much of it as the catalog knows.
///
/// # Safety
/// 1. `place` points to a [`Grown`] (Y1) of type `index`.
unsafe fn grown(catalog: &Arc<Catalog>, index: usize, place: *mut Grown) {
    let ty = &catalog.types[index];
    // SAFETY: clause 1.
    let theirs = unsafe { place.read() };
    if theirs.ptr.is_null() {
        return;
    }
    let end = |fields: &[FieldModel]| {
        let ends = fields
            .iter()
            .map(|field| field.offsets.1 + catalog.types[field.ty].owned.0);
        ends.max().unwrap_or(0)
    };
    let is_struct = ty.kind == type_kind::GROWING_STRUCT;
    let (node, known, payload);
    if is_struct {
        // SAFETY: clause 1: its size comes first.
        let size = unsafe { theirs.ptr.cast::<u32>().read() } as usize;
        known = end(&ty.fields).max(size_of::<u32>());
        node = size.min(known);
        payload = 0;
    } else {
        node = size_of::<GrownVariant>();
        // SAFETY: clause 1.
        let tag = unsafe { theirs.ptr.cast::<u32>().read() };
        let variant = ty
            .variants
            .iter()
            .find(|variant| variant.tag == tag && !variant.other);
        known = if variant.is_some() { node } else { 0 };
        payload = variant.map_or(0, |variant| end(&variant.fields));
    }
    let bytes = size_of::<Before>() + node;
    let before = allocate(bytes);
    // SAFETY: there is room for both.
    let ours = unsafe { before.add(size_of::<Before>()) };
    // SAFETY: as above; clause 1.
    unsafe {
        before.cast::<Before>().write(Before {
            catalog: Arc::into_raw(Arc::clone(catalog)),
            index,
            bytes,
            payload,
        });
        ours.copy_from_nonoverlapping(theirs.ptr, node);
    }
    if is_struct {
        // SAFETY: a struct of as many bytes starts with their number.
        unsafe { ours.cast::<u32>().write(node as u32) };
    } else {
        let mut moved = core::ptr::null_mut();
        if payload != 0 {
            moved = allocate(payload);
            // SAFETY: clause 1: a known variant with fields has a payload of at least that size.
            unsafe {
                let source = theirs.ptr.cast::<GrownVariant>().read().payload;
                moved.copy_from_nonoverlapping(source, payload);
            }
        }
        // SAFETY: there is room for a variant.
        unsafe { (*ours.cast::<GrownVariant>()).payload = moved };
    }
    // SAFETY: what was just written: a value of that type.
    unsafe {
        inside(catalog, ty, ours, |part, at| rehome(catalog, part, at));
    }
    if let Some(release) = theirs.release {
        // SAFETY: clause 1: what is known was moved, and is not let go of again.
        unsafe { release(theirs.ptr, known) };
    }
    // SAFETY: clause 1.
    unsafe {
        place.write(Grown {
            ptr: ours,
            release: Some(release_grown),
        });
    }
}

/// Visits the fields of a growing value.
///
/// # Safety
/// 1. `node` points to what a [`Grown`] of that type points to (Y1).
unsafe fn inside(
    catalog: &Arc<Catalog>,
    ty: &TypeModel,
    node: *mut u8,
    mut visit: impl FnMut(usize, *mut u8),
) {
    // SAFETY: clause 1: a size or a tag comes first.
    let first = unsafe { node.cast::<u32>().read() };
    if ty.kind == type_kind::GROWING_STRUCT {
        for field in &ty.fields {
            if field.offsets.1 + catalog.types[field.ty].owned.0 <= first as usize {
                // SAFETY: clause 1: its size covers the field.
                visit(field.ty, unsafe { node.add(field.offsets.1) });
            }
        }
        return;
    }
    // SAFETY: clause 1.
    let payload = unsafe { node.cast::<GrownVariant>().read().payload }.cast_mut();
    let mut variants = ty.variants.iter();
    let variant = variants.find(|variant| variant.tag == first && !variant.other);
    for field in variant.into_iter().flat_map(|variant| &variant.fields) {
        // SAFETY: clause 1: a known variant has its payload.
        visit(field.ty, unsafe { payload.add(field.offsets.1) });
    }
}

/// Lets go of a growing value that was moved, but for what its reader took.
///
/// # Safety
/// 1. `node` is that of a value that [`grown`] wrote, and `known` as its reader's rules say.
unsafe extern "C" fn release_grown(node: *mut u8, known: usize) {
    // SAFETY: clause 1.
    let before = unsafe { node.sub(size_of::<Before>()) }.cast::<Before>();
    // SAFETY: clause 1.
    let Before {
        catalog,
        index,
        bytes,
        payload,
    } = unsafe { before.read() };
    // SAFETY: clause 1: counted when it was written.
    let catalog = unsafe { Arc::from_raw(catalog) };
    let ty = &catalog.types[index];
    let is_struct = ty.kind == type_kind::GROWING_STRUCT;
    if is_struct || known == 0 {
        // SAFETY: clause 1.
        unsafe {
            inside(&catalog, ty, node, |part, at| {
                if !is_struct || at.addr() - node.addr() >= known {
                    discard(&catalog, part, at, Form::Owned);
                }
            });
        }
    }
    if payload != 0 {
        // SAFETY: clause 1.
        unsafe {
            let place = node.cast::<GrownVariant>().read().payload.cast_mut();
            alloc::dealloc(place, layout(payload));
        }
    }
    // SAFETY: clause 1: allocated as one.
    unsafe { alloc::dealloc(before.cast(), layout(bytes)) };
}

/// Visits what a value has inside itself, not behind pointers.
///
/// # Safety
/// 1. `place` points to a value of that type and form (Y1).
unsafe fn parts(
    catalog: &Arc<Catalog>,
    ty: &TypeModel,
    place: *mut u8,
    form: Form,
    mut visit: impl FnMut(usize, *mut u8),
) {
    let mut at = |index: usize, offset: usize| {
        // SAFETY: clause 1: the offset lies inside the value.
        visit(index, unsafe { place.add(offset) });
    };
    match ty.kind {
        type_kind::ARRAY => {
            if let Some(&element) = ty.elements.first() {
                let (size, _) = form.layout(&catalog.types[element]);
                for number in 0..ty.length {
                    at(element, number * size);
                }
            }
        }
        type_kind::OPTION | type_kind::RESULT => {
            // SAFETY: clause 1: the tag comes first.
            let tag = unsafe { place.cast::<u32>().read() } as usize;
            let which = match (ty.kind, tag) {
                (type_kind::OPTION, 0) => return,
                (type_kind::OPTION, _) => 0,
                _ => tag,
            };
            if let Some(&element) = ty.elements.get(which) {
                let (_, align) = form.layout(ty);
                at(element, align.max(size_of::<u32>()));
            }
        }
        type_kind::TUPLE | type_kind::STRUCT => {
            for field in &ty.fields {
                at(field.ty, form.offset(field));
            }
        }
        type_kind::ENUM => {
            // SAFETY: clause 1: the tag comes first.
            let tag = unsafe { place.cast::<u32>().read() };
            let variant = ty.variants.iter().find(|variant| variant.tag == tag);
            for field in variant.into_iter().flat_map(|variant| &variant.fields) {
                at(field.ty, form.offset(field));
            }
        }
        _ => {}
    }
}

/// Lets go of all that a value owns.
///
/// # Safety
/// 1. `place` points to a value of type `index` in that form (Y1), whose owner gives it up.
pub(super) unsafe fn discard(catalog: &Arc<Catalog>, index: usize, place: *mut u8, form: Form) {
    let ty = &catalog.types[index];
    if is_flat(ty) {
        return;
    }
    let elements = |element: Option<&usize>, first: *mut u8, len: usize| {
        let Some(&element) = element else {
            return;
        };
        let model = &catalog.types[element];
        if is_flat(model) {
            return;
        }
        let (size, _) = form.layout(model);
        for at in 0..len {
            // SAFETY: clause 1, for each element.
            unsafe { discard(catalog, element, first.add(at * size), form) };
        }
    };
    match ty.kind {
        type_kind::STRING | type_kind::PATH => {
            // SAFETY: clause 1.
            unsafe { memory(place, form) };
        }
        type_kind::LIST | type_kind::MAP | type_kind::SET => {
            // SAFETY: clause 1: both forms begin with pointer and length.
            let Slice { ptr, len } = unsafe { place.cast::<Slice>().read() };
            elements(ty.elements.first(), ptr.cast_mut(), len);
            // SAFETY: clause 1.
            unsafe { memory(place, form) };
        }
        type_kind::BOX => {
            // SAFETY: clause 1: both forms begin with a pointer.
            let first = unsafe { place.cast::<*mut u8>().read() };
            elements(ty.elements.first(), first, 1);
            // SAFETY: clause 1.
            unsafe { memory(place, form) };
        }
        type_kind::GROWING_STRUCT | type_kind::GROWING_ENUM => {
            // SAFETY: clause 1.
            let grown = unsafe { place.cast::<Grown>().read() };
            if let Some(release) = grown.release {
                // SAFETY: clause 1: all of it is let go.
                unsafe { release(grown.ptr, 0) };
            }
        }
        type_kind::OBJECT => {
            // SAFETY: clause 1.
            unsafe { owners::give_up(&*place.cast::<Object>()) };
        }
        type_kind::FAULT if form == Form::Owned => {
            // SAFETY: clause 1: a live record, with one count.
            unsafe {
                let record = place.cast::<*const FaultRecord>().read();
                ((*(*record).table).release)(record);
            }
        }
        _ => {
            // SAFETY: clause 1.
            unsafe {
                parts(catalog, ty, place, form, |part, at| {
                    discard(catalog, part, at, form);
                });
            }
        }
    }
}

/// Visits the objects in a value, but for those in growing data that is lent.
///
/// # Safety
/// 1. `place` points to a value of type `index` in that form (Y1).
pub(super) unsafe fn objects(
    catalog: &Arc<Catalog>,
    index: usize,
    place: *mut u8,
    form: Form,
    visit: fn(&Object),
) {
    if !catalog.carries_objects(index) {
        return;
    }
    let ty = &catalog.types[index];
    let run = |first: *mut u8, len: usize| {
        let Some(&element) = ty.elements.first() else {
            return;
        };
        let (size, _) = form.layout(&catalog.types[element]);
        for at in 0..len {
            // SAFETY: clause 1, for each element.
            unsafe { objects(catalog, element, first.add(at * size), form, visit) };
        }
    };
    match ty.kind {
        // SAFETY: clause 1.
        type_kind::OBJECT => visit(unsafe { &*place.cast::<Object>() }),
        type_kind::LIST | type_kind::MAP | type_kind::SET => {
            // SAFETY: clause 1: both forms begin with pointer and length.
            let Slice { ptr, len } = unsafe { place.cast::<Slice>().read() };
            run(ptr.cast_mut(), len);
        }
        // SAFETY: clause 1: both forms begin with a pointer.
        type_kind::BOX => run(unsafe { place.cast::<*mut u8>().read() }, 1),
        type_kind::GROWING_STRUCT | type_kind::GROWING_ENUM if form == Form::Owned => {
            // SAFETY: clause 1.
            let node = unsafe { place.cast::<Grown>().read() }.ptr;
            if !node.is_null() {
                // SAFETY: clause 1.
                unsafe {
                    inside(catalog, ty, node, |part, at| {
                        objects(catalog, part, at, form, visit);
                    });
                }
            }
        }
        _ => {
            // SAFETY: clause 1.
            unsafe {
                parts(catalog, ty, place, form, |part, at| {
                    objects(catalog, part, at, form, visit);
                });
            }
        }
    }
}

/// Gives the memory of a run back.
///
/// # Safety
/// 1. As for [`discard`], of a sequence or a box.
unsafe fn memory(place: *mut u8, form: Form) {
    if form == Form::Owned {
        // SAFETY: clause 1.
        unsafe { place.cast::<Buffer>().read().release() };
    }
}

/// Bytes of an argument that crossed uncopied.
pub(super) type Region = (usize, usize);

/// Whether everything that a value borrows lies in one of the regions.
///
/// # Safety
/// 1. `place` points to the owned form of a value of type `index` (Y1).
pub(super) unsafe fn borrows_from(
    catalog: &Arc<Catalog>,
    index: usize,
    place: *mut u8,
    regions: &[Region],
) -> bool {
    let ty = &catalog.types[index];
    let lies = |start: usize, bytes: usize| {
        bytes == 0
            || regions.iter().any(|&(from, size)| {
                start >= from
                    && start
                        .checked_add(bytes)
                        .is_some_and(|end| end <= from + size)
            })
    };
    let size = |ty: &TypeModel| {
        ty.elements
            .first()
            .map_or(0, |&at| catalog.types[at].lent.0)
    };
    match ty.kind {
        type_kind::TEXT | type_kind::SLICE | type_kind::BORROWED_PATH => {
            // SAFETY: clause 1.
            let slice = unsafe { place.cast::<Slice>().read() };
            let size = if ty.kind == type_kind::TEXT {
                1
            } else {
                size(ty)
            };
            lies(slice.ptr.addr(), slice.len.saturating_mul(size))
        }
        type_kind::REFERENCE => {
            // SAFETY: clause 1.
            lies(unsafe { place.cast::<usize>().read() }, size(ty))
        }
        type_kind::LIST | type_kind::MAP | type_kind::SET | type_kind::BOX => {
            let Some(&element) = ty.elements.first() else {
                return true;
            };
            // SAFETY: clause 1: both begin so.
            let Slice { ptr, len } = unsafe { place.cast::<Slice>().read() };
            let (size, _) = catalog.types[element].owned;
            let len = if ty.kind == type_kind::BOX { 1 } else { len };
            let flat = catalog.types[element].flags & type_flags::PLAIN != 0;
            flat || (0..len).all(|at| {
                // SAFETY: clause 1, for each element.
                unsafe { borrows_from(catalog, element, ptr.add(at * size).cast_mut(), regions) }
            })
        }
        _ => {
            let mut all = true;
            // SAFETY: clause 1.
            unsafe {
                parts(catalog, ty, place, Form::Owned, |part, at| {
                    all &= borrows_from(catalog, part, at, regions);
                });
            }
            all
        }
    }
}
