//! From values of a language to the wire, led by descriptors.
//!
//! What is always true:
//!
//! * **W1** Until it is settled, a [`Writer`] owns everything that it made: memory, objects, faults. One that is dropped
//!   lets go of all of it, so a value that turns out to be none half-way leaves nothing behind.
//! * **W2** Memory is freed by the image that made it: each piece has a head that says how large it is.

use core::alloc::Layout;
use core::ptr;
use std::alloc::{alloc_zeroed, dealloc, handle_alloc_error};

use polyplug_abi::{
    ArgumentDescriptor, Buffer, FaultRecord, FieldDescriptor, Grown, GrownVariant, Object, Sink,
    Slice, TypeDescriptor, VariantDescriptor, fault_kind, passing, type_flags, type_kind,
};

use super::implementation::Behind;
use super::language::{Handed, Language, Unfit};
use super::remote::Remote;
use super::views::{ContractView, Type};
use crate::check::{Form, element};
use crate::discard;
use crate::fault::Fault;

/// What lies before each piece of memory (W2).
#[repr(C, align(16))]
struct Head {
    size: usize,
    /// Of data that may grow: what it is.
    ty: *const TypeDescriptor,
}

/// Memory of zeros, aligned to 16 bytes.
fn allocate(size: usize, ty: *const TypeDescriptor) -> *mut u8 {
    let whole = size + size_of::<Head>();
    let Ok(layout) = Layout::from_size_align(whole, align_of::<Head>()) else {
        unreachable!("no value is larger than memory")
    };
    // SAFETY: not empty.
    let head = unsafe { alloc_zeroed(layout) };
    if head.is_null() {
        handle_alloc_error(layout);
    }
    // SAFETY: there is room for the head, and for `size` bytes behind it.
    unsafe {
        head.cast::<Head>().write(Head { size, ty });
        head.add(size_of::<Head>())
    }
}

/// # Safety
/// 1. `pointer` came from [`allocate`], and is given up.
unsafe fn free(pointer: *mut u8) {
    // SAFETY: clause 1, W2.
    unsafe {
        let head = pointer.sub(size_of::<Head>());
        let size = (*head.cast::<Head>()).size + size_of::<Head>();
        dealloc(
            head,
            Layout::from_size_align_unchecked(size, align_of::<Head>()),
        );
    }
}

/// # Safety
/// 1. `pointer` is that of a [`Buffer`] that this file made, and is given up.
unsafe extern "C" fn release(pointer: *mut u8, _: usize) {
    // SAFETY: clause 1.
    unsafe { free(pointer) };
}

/// # Safety
/// 1. `pointer` is the node of a [`Grown`] that this file handed over, and is given up; what starts before `known` was taken.
unsafe extern "C" fn let_go_owned(pointer: *mut u8, known: usize) {
    // SAFETY: clause 1, W2.
    unsafe {
        let ty = (*pointer.sub(size_of::<Head>()).cast::<Head>()).ty;
        discard::unknown(&*ty, pointer, Form::Owned, known);
        free(pointer);
    }
}

/// # Safety
/// 1. `pointer` is the node of a [`Grown`] that this file lent; what starts before `known` was taken.
unsafe extern "C" fn let_go_lent(pointer: *mut u8, known: usize) {
    // SAFETY: clause 1, W2.
    unsafe {
        let ty = (*pointer.sub(size_of::<Head>()).cast::<Head>()).ty;
        discard::unknown(&*ty, pointer, Form::Lent, known);
    }
}

/// Where in a value something is wrong, and what.
#[derive(Debug)]
pub(super) struct Misfit {
    path: String,
    reason: String,
}

impl Misfit {
    fn within(mut self, step: &str) -> Self {
        if !self.path.is_empty() && !self.path.starts_with('[') {
            self.path.insert(0, '.');
        }
        self.path.insert_str(0, step);
        self
    }

    /// As a fault, of the argument or result that is named.
    pub(super) fn into_fault(self, what: &str) -> Fault {
        let message = if self.path.is_empty() {
            format!("{what}: {}", self.reason)
        } else {
            format!("{what} `{}`: {}", self.path, self.reason)
        };
        Fault::of_kind(fault_kind::INVALID_VALUE, &message)
    }
}

impl From<Unfit> for Misfit {
    fn from(unfit: Unfit) -> Self {
        Self {
            path: String::new(),
            reason: unfit.0,
        }
    }
}

fn misfit(reason: impl Into<String>) -> Misfit {
    Misfit {
        path: String::new(),
        reason: reason.into(),
    }
}

/// Writes values, and owns what it made for them (W1).
pub(super) struct Writer {
    form: Form,
    /// Behind a reference: objects stay the writer's.
    referred: bool,
    memory: Vec<*mut u8>,
    /// Handed over.
    objects: Vec<Object>,
    /// Lent: kept for the length of the call.
    kept: Vec<Object>,
    remotes: Vec<Remote>,
    faults: Vec<*const FaultRecord>,
    /// Texts of the caller's, of which a borrowed result is a part.
    sources: Vec<Slice>,
}

impl Writer {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            referred: false,
            memory: Vec::new(),
            objects: Vec::new(),
            kept: Vec::new(),
            remotes: Vec::new(),
            faults: Vec::new(),
            sources: Vec::new(),
        }
    }

    /// Lets texts of a result be parts of these.
    pub(super) fn borrow_from(&mut self, sources: Vec<Slice>) {
        self.sources = sources;
    }

    /// Where a text lies in the sources.
    ///
    /// # Safety
    /// 1. The sources are text that is readable.
    unsafe fn borrowed(&self, text: &str) -> Option<Slice> {
        self.sources.iter().find_map(|source| {
            // SAFETY: clause 1.
            let whole = unsafe { source.str() };
            let at = whole.find(text)?;
            Some(Slice::text(&whole[at..at + text.len()]))
        })
    }

    /// Handed over: everything is the reader's.
    pub(super) fn settle(mut self) {
        self.memory.clear();
        self.faults.clear();
        self.objects.clear();
    }

    /// Lent, and the call was made: the objects in it are the callee's.
    pub(super) fn surrender(&mut self) {
        self.objects.clear();
    }

    fn piece(&mut self, size: usize, ty: *const TypeDescriptor) -> *mut u8 {
        let pointer = allocate(size, ty);
        self.memory.push(pointer);
        pointer
    }

    /// Memory for a frame or for a result.
    pub(super) fn room(&mut self, size: usize) -> *mut u8 {
        self.piece(size, ptr::null())
    }

    /// A flattened argument.
    ///
    /// # Safety
    /// 1. `frame` points to the frame of a method with this argument.
    pub(super) unsafe fn argument<L: Language>(
        &mut self,
        language: &mut L,
        argument: &ArgumentDescriptor,
        value: &L::Value,
        frame: *mut u8,
    ) -> Result<(), Misfit> {
        // SAFETY: clause 1; V1 of the views.
        unsafe {
            let place = frame.add(argument.frame_offset);
            let ty = &*(argument.ty)();
            match argument.passing {
                passing::VALUE if ty.flags & type_flags::BY_VALUE != 0 => {
                    scalar(language, ty, value, place)
                }
                passing::TEXT => {
                    let text = language.to_text(value)?;
                    let slice = self.copy(text.as_bytes());
                    place.cast::<Slice>().write(slice);
                    Ok(())
                }
                passing::SLICE | passing::SLICE_MUT => {
                    let slice = self.referred(|writer| writer.run(language, ty, value))?;
                    place.cast::<Slice>().write(slice);
                    Ok(())
                }
                passing::SINK => {
                    let sink = self.piece(size_of::<Sink>(), ptr::null()).cast::<Sink>();
                    (*sink).output = Buffer::EMPTY;
                    self.value(language, ty, value, (&raw mut (*sink).input).cast())?;
                    place.cast::<*mut Sink>().write(sink);
                    Ok(())
                }
                passing => {
                    let pointed = self.piece(ty.lent_size.max(size_of::<Object>()), ptr::null());
                    if passing == passing::VALUE {
                        self.value(language, ty, value, pointed)?;
                    } else {
                        self.referred(|writer| writer.value(language, ty, value, pointed))?;
                    }
                    place.cast::<*mut u8>().write(pointed);
                    Ok(())
                }
            }
        }
    }

    fn referred<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        let before = core::mem::replace(&mut self.referred, true);
        let written = write(self);
        self.referred = before;
        written
    }

    /// Bytes that live as long as this writer, or as what it wrote.
    fn copy(&mut self, bytes: &[u8]) -> Slice {
        if bytes.is_empty() {
            return Slice::EMPTY;
        }
        let pointer = self.piece(bytes.len(), ptr::null());
        // SAFETY: room for them.
        unsafe { pointer.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Slice {
            ptr: pointer,
            len: bytes.len(),
        }
    }

    /// A run as a sequence of this form.
    ///
    /// # Safety
    /// 1. `place` is a place for one.
    unsafe fn sequence(&self, slice: Slice, place: *mut u8) {
        // SAFETY: clause 1.
        unsafe {
            match self.form {
                Form::Lent => place.cast::<Slice>().write(slice),
                Form::Owned => place.cast::<Buffer>().write(Buffer {
                    ptr: slice.ptr.cast_mut(),
                    len: slice.len,
                    capacity: slice.len,
                    release: (!slice.ptr.is_null()).then_some(release as _),
                }),
            }
        }
    }

    /// # Safety
    /// 1. V1 of the views.
    unsafe fn run<L: Language>(
        &mut self,
        language: &mut L,
        ty: &TypeDescriptor,
        value: &L::Value,
    ) -> Result<Slice, Misfit> {
        if ty.kind == type_kind::U8
            && let Some(bytes) = language.to_bytes(value)
        {
            return Ok(self.copy(&bytes));
        }
        let values = language.to_list(value)?;
        // SAFETY: clause 1.
        unsafe { self.items(language, ty, &values) }
    }

    /// # Safety
    /// 1. V1 of the views.
    unsafe fn items<L: Language>(
        &mut self,
        language: &mut L,
        ty: &TypeDescriptor,
        values: &[L::Value],
    ) -> Result<Slice, Misfit> {
        let size = self.form.size(ty);
        if values.is_empty() {
            return Ok(Slice::EMPTY);
        }
        let run = self.piece((size * values.len()).max(1), ptr::null());
        for (index, value) in values.iter().enumerate() {
            // SAFETY: room for all of them.
            unsafe { self.value(language, ty, value, run.add(index * size)) }
                .map_err(|misfit| misfit.within(&format!("[{index}]")))?;
        }
        Ok(Slice {
            ptr: run,
            len: values.len(),
        })
    }

    /// The elements of a slice that is changed in place: all of them, or none.
    ///
    /// # Safety
    /// 1. `slice` is a run of plain values of `ty` that may be written to.
    pub(super) unsafe fn in_place<L: Language>(
        &mut self,
        language: &mut L,
        ty: &TypeDescriptor,
        value: &L::Value,
        slice: Slice,
    ) -> Result<(), Misfit> {
        let before = self.memory.len();
        // SAFETY: clause 1.
        let new = unsafe { self.run(language, ty, value) }?;
        if new.len != slice.len {
            return Err(misfit(format!(
                "expected a list of {} items, as it came, got {}",
                slice.len, new.len
            )));
        }
        // SAFETY: clause 1: as many, of one layout.
        unsafe {
            let bytes = new.len * self.form.size(ty);
            slice
                .ptr
                .cast_mut()
                .copy_from_nonoverlapping(new.ptr, bytes);
        }
        for pointer in self.memory.drain(before..) {
            // SAFETY: W1: it was copied from, and plain values point to nothing else.
            unsafe { free(pointer) };
        }
        Ok(())
    }

    /// A value in memory.
    ///
    /// # Safety
    /// 1. `place` is a place of zeros for a value of `ty` in this writer's form; V1 of the views.
    pub(super) unsafe fn value<L: Language>(
        &mut self,
        language: &mut L,
        ty: &TypeDescriptor,
        value: &L::Value,
        place: *mut u8,
    ) -> Result<(), Misfit> {
        let form = self.form;
        // SAFETY: clause 1.
        unsafe {
            match ty.kind {
                type_kind::UNIT => {}
                type_kind::BOOL => place.write(u8::from(language.to_boolean(value)?)),
                type_kind::CHAR => {
                    place
                        .cast::<u32>()
                        .write(language.to_character(value)?.into());
                }
                type_kind::F32 => place.cast::<f32>().write(language.to_float(value)? as f32),
                type_kind::F64 => place.cast::<f64>().write(language.to_float(value)?),
                type_kind::I8..=type_kind::USIZE => {
                    let bits = integer(language, ty, value)?;
                    match ty.owned_size.max(ty.lent_size) {
                        1 => place.write(bits as u8),
                        2 => place.cast::<u16>().write(bits as u16),
                        4 => place.cast::<u32>().write(bits as u32),
                        _ => place.cast::<u64>().write(bits),
                    }
                }
                type_kind::U128 | type_kind::I128 => {
                    let bits = if ty.kind == type_kind::U128 {
                        language.to_wide_unsigned(value)?
                    } else {
                        language.to_integer(value)?.cast_unsigned()
                    };
                    place
                        .cast::<[u64; 2]>()
                        .write([bits as u64, (bits >> 64) as u64]);
                }
                type_kind::STRING => {
                    let text = language.to_text(value)?;
                    let slice = self.copy(text.as_bytes());
                    self.sequence(slice, place);
                }
                type_kind::TEXT if form == Form::Lent => {
                    let text = language.to_text(value)?;
                    let slice = self.copy(text.as_bytes());
                    place.cast::<Slice>().write(slice);
                }
                type_kind::SLICE if form == Form::Lent => {
                    let element = element(ty, 0);
                    let slice = self.referred(|writer| writer.run(language, element, value))?;
                    place.cast::<Slice>().write(slice);
                }
                type_kind::REFERENCE if form == Form::Lent => {
                    let element = element(ty, 0);
                    let pointed = self.piece(element.lent_size.max(1), ptr::null());
                    self.referred(|writer| writer.value(language, element, value, pointed))?;
                    place.cast::<*mut u8>().write(pointed);
                }
                type_kind::LIST => {
                    let slice = self.run(language, element(ty, 0), value)?;
                    self.sequence(slice, place);
                }
                type_kind::SET => {
                    let values = language.to_set(value)?;
                    let slice = self.items(language, element(ty, 0), &values)?;
                    self.sequence(slice, place);
                }
                type_kind::MAP => self.map(language, ty, value, place)?,
                type_kind::ARRAY => {
                    let values = language.to_list(value)?;
                    if values.len() != ty.length {
                        return Err(misfit(format!(
                            "expected a list of {} items, got {}",
                            ty.length,
                            values.len()
                        )));
                    }
                    let element = element(ty, 0);
                    for (index, value) in values.iter().enumerate() {
                        self.value(
                            language,
                            element,
                            value,
                            place.add(index * form.size(element)),
                        )
                        .map_err(|misfit| misfit.within(&format!("[{index}]")))?;
                    }
                }
                type_kind::OPTION => {
                    if let Some(value) = language.to_option(value)? {
                        let payload = place.add(form.align(ty).max(4));
                        self.value(language, element(ty, 0), &value, payload)?;
                        place.cast::<u32>().write(1);
                    }
                }
                type_kind::RESULT => {
                    let (tag, value) = match language.to_result(value)? {
                        Ok(value) => (0, value),
                        Err(value) => (1, value),
                    };
                    let payload = place.add(form.align(ty).max(4));
                    self.value(language, element(ty, tag), &value, payload)?;
                    place.cast::<u32>().write(tag as u32);
                }
                type_kind::BOX => {
                    let element = element(ty, 0);
                    let pointed = self.piece(form.size(element).max(1), ptr::null());
                    self.value(language, element, value, pointed)?;
                    match form {
                        Form::Lent => place.cast::<*mut u8>().write(pointed),
                        Form::Owned => self.sequence(
                            Slice {
                                ptr: pointed,
                                len: 1,
                            },
                            place,
                        ),
                    }
                }
                type_kind::TUPLE => {
                    let values = language.to_tuple(value)?;
                    self.fields(language, ty.fields.pointers(), &values, place)?;
                }
                type_kind::STRUCT => {
                    self.record(language, ty.fields.pointers(), value, place)?;
                }
                type_kind::GROWING_STRUCT => self.grown_struct(language, ty, value, place)?,
                type_kind::ENUM => {
                    let (number, values) = language.to_variant(value, Type::of(ty))?;
                    let variant = variant(ty, number)?;
                    self.fields(language, (*variant).fields.pointers(), &values, place)
                        .map_err(|misfit| misfit.within((*variant).name.str()))?;
                    place.cast::<u32>().write((*variant).tag);
                }
                type_kind::GROWING_ENUM => self.grown_enum(language, ty, value, place)?,
                type_kind::DURATION => {
                    let duration = language.to_duration(value)?;
                    place.cast::<u64>().write(duration.as_secs());
                    place.add(8).cast::<u32>().write(duration.subsec_nanos());
                }
                type_kind::SYSTEM_TIME => {
                    let (seconds, nanoseconds) = language.to_time(value)?;
                    place.cast::<i64>().write(seconds);
                    place.add(8).cast::<u32>().write(nanoseconds);
                }
                type_kind::PATH | type_kind::BORROWED_PATH => {
                    let path = language.to_path(value)?;
                    let slice = self.path(&path);
                    if ty.kind == type_kind::PATH {
                        self.sequence(slice, place);
                    } else {
                        place.cast::<Slice>().write(slice);
                    }
                }
                type_kind::FLAGS => {
                    let bits = language.to_flags(value, Type::of(ty))?;
                    match ty.owned_size {
                        1 => place.write(bits as u8),
                        2 => place.cast::<u16>().write(bits as u16),
                        4 => place.cast::<u32>().write(bits as u32),
                        _ => place.cast::<u64>().write(bits),
                    }
                }
                type_kind::FAULT => {
                    let record = language.to_fault(value)?.into_raw().cast_const();
                    self.faults.push(record);
                    place.cast::<*const FaultRecord>().write(record);
                }
                type_kind::OBJECT => self.object(language, ty, value, place)?,
                type_kind::TEXT if !self.sources.is_empty() => {
                    let text = language.to_text(value)?;
                    let Some(part) = self.borrowed(&text) else {
                        return Err(misfit(
                            "a text that is a part of no argument, where the contract says that it is one",
                        ));
                    };
                    place.cast::<Slice>().write(part);
                }
                type_kind::TEXT | type_kind::SLICE | type_kind::REFERENCE => {
                    return Err(misfit(
                        "a guest has nothing that a result could borrow from",
                    ));
                }
                kind => {
                    return Err(misfit(format!(
                        "a type of kind {kind}, which this version of its loader does not know"
                    )));
                }
            }
        }
        Ok(())
    }

    fn path(&mut self, path: &std::path::Path) -> Slice {
        let arena = crate::data::Arena::new();
        let lent = crate::data::lend_path(path, &arena);
        let unit = size_of::<crate::data::PathUnit>();
        // SAFETY: units that lie in the path or in the arena.
        let bytes = unsafe {
            Slice {
                ptr: lent.ptr,
                len: lent.len * unit,
            }
            .bytes()
        };
        Slice {
            len: lent.len,
            ..self.copy(bytes)
        }
    }

    /// # Safety
    /// 1. As for [`Writer::value`].
    unsafe fn map<L: Language>(
        &mut self,
        language: &mut L,
        ty: &TypeDescriptor,
        value: &L::Value,
        place: *mut u8,
    ) -> Result<(), Misfit> {
        let pairs = language.to_map(value)?;
        // SAFETY: clause 1.
        unsafe {
            let pair = element(ty, 0);
            let size = self.form.size(pair);
            let mut slice = Slice::EMPTY;
            if !pairs.is_empty() {
                let run = self.piece(size * pairs.len(), ptr::null());
                for (index, (key, value)) in pairs.into_iter().enumerate() {
                    let place = run.add(index * size);
                    self.fields(language, pair.fields.pointers(), &[key, value], place)
                        .map_err(|misfit| misfit.within(&format!("[{index}]")))?;
                    slice.len = index + 1;
                }
                slice.ptr = run;
            }
            self.sequence(slice, place);
        }
        Ok(())
    }

    /// # Safety
    /// 1. As for [`Writer::value`], of the value whose fields these are.
    unsafe fn fields<L: Language>(
        &mut self,
        language: &mut L,
        fields: &[*const FieldDescriptor],
        values: &[L::Value],
        place: *mut u8,
    ) -> Result<(), Misfit> {
        if fields.len() != values.len() {
            return Err(misfit(format!(
                "expected {} parts, got {}",
                fields.len(),
                values.len()
            )));
        }
        for (&field, value) in fields.iter().zip(values) {
            // SAFETY: clause 1.
            unsafe {
                let (ty, place) = (&*((*field).ty)(), place.add(self.form.offset(&*field)));
                self.value(language, ty, value, place)
                    .map_err(|misfit| misfit.within((*field).name.str()))?;
            }
        }
        Ok(())
    }

    /// # Safety
    /// 1. As for [`Writer::fields`].
    unsafe fn record<L: Language>(
        &mut self,
        language: &mut L,
        fields: &[*const FieldDescriptor],
        value: &L::Value,
        place: *mut u8,
    ) -> Result<(), Misfit> {
        for &field in fields {
            // SAFETY: clause 1.
            unsafe {
                let (ty, name) = (&*((*field).ty)(), (*field).name.str());
                let place = place.add(self.form.offset(&*field));
                let Some(value) = language.to_field(value, name)? else {
                    if ty.kind == type_kind::OPTION {
                        // What is not there is none.
                        continue;
                    }
                    return Err(misfit(format!("field `{name}` is missing")));
                };
                self.value(language, ty, &value, place)
                    .map_err(|misfit| misfit.within(name))?;
            }
        }
        Ok(())
    }

    /// Where the last of these fields ends; 0 without any.
    ///
    /// # Safety
    /// 1. V1 of the views.
    unsafe fn end_of(&self, fields: &[*const FieldDescriptor]) -> usize {
        // SAFETY: clause 1.
        let end = |&field: &*const FieldDescriptor| unsafe {
            self.form.offset(&*field) + self.form.size(&*((*field).ty)())
        };
        fields.iter().map(end).max().unwrap_or(0)
    }

    fn grown(&self, pointer: *mut u8) -> Grown {
        Grown {
            ptr: pointer,
            release: Some(match self.form {
                Form::Lent => let_go_lent,
                Form::Owned => let_go_owned,
            }),
        }
    }

    /// # Safety
    /// 1. As for [`Writer::value`].
    unsafe fn grown_struct<L: Language>(
        &mut self,
        language: &mut L,
        ty: &TypeDescriptor,
        value: &L::Value,
        place: *mut u8,
    ) -> Result<(), Misfit> {
        // SAFETY: clause 1.
        unsafe {
            let fields = ty.fields.pointers();
            let size = self.end_of(fields).max(size_of::<u32>());
            let node = self.piece(size, ty);
            node.cast::<u32>().write(size as u32);
            self.record(language, fields, value, node)?;
            place.cast::<Grown>().write(self.grown(node));
        }
        Ok(())
    }

    /// # Safety
    /// 1. As for [`Writer::value`].
    unsafe fn grown_enum<L: Language>(
        &mut self,
        language: &mut L,
        ty: &TypeDescriptor,
        value: &L::Value,
        place: *mut u8,
    ) -> Result<(), Misfit> {
        // SAFETY: clause 1.
        unsafe {
            let (number, values) = language.to_variant(value, Type::of(ty))?;
            let variant = variant(ty, number)?;
            let fields = (*variant).fields.pointers();
            let size = self.end_of(fields);
            // One piece: the head, and the payload behind it.
            let node = self.piece(size_of::<GrownVariant>() + size, ty);
            let payload = node.add(size_of::<GrownVariant>());
            self.fields(language, fields, &values, payload)
                .map_err(|misfit| misfit.within((*variant).name.str()))?;
            node.cast::<GrownVariant>().write(GrownVariant {
                tag: (*variant).tag,
                payload: if size == 0 { ptr::null() } else { payload },
            });
            place.cast::<Grown>().write(self.grown(node));
        }
        Ok(())
    }

    /// # Safety
    /// 1. As for [`Writer::value`].
    unsafe fn object<L: Language>(
        &mut self,
        language: &mut L,
        ty: &TypeDescriptor,
        value: &L::Value,
        place: *mut u8,
    ) -> Result<(), Misfit> {
        let Some(contract) = ty.contract else {
            return Err(misfit("an object without a contract"));
        };
        // SAFETY: clause 1.
        let contract = unsafe { ContractView::of(contract()) };
        let is_shared = ty.flags & type_flags::SHARED != 0;
        let is_owned = is_shared || ty.flags & type_flags::UNIQUE != 0;
        let object = match language.to_object(value, contract)? {
            Handed::Own(implementation) => {
                let Some(object) = Behind::object(implementation, contract, is_shared) else {
                    return Err(misfit("its contract has no bridge to other languages"));
                };
                if !is_owned || self.referred {
                    self.kept.push(object);
                    Object {
                        retain: None,
                        release: None,
                        ..object
                    }
                } else {
                    self.objects.push(object);
                    object
                }
            }
            Handed::Remote(remote) => {
                let object = if is_owned && !self.referred {
                    let object = remote.hand_over(is_shared).map_err(misfit)?;
                    self.objects.push(object);
                    object
                } else {
                    let object = remote.lend().map_err(misfit)?;
                    self.remotes.push(remote);
                    object
                };
                // SAFETY: a live object.
                let order = unsafe { (*object.interface).order };
                if order != contract.raw().order {
                    return Err(misfit(format!(
                        "an object of another contract than `{}`",
                        contract.id()
                    )));
                }
                object
            }
        };
        // SAFETY: clause 1.
        unsafe { place.cast::<Object>().write(object) };
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        for object in self.objects.drain(..).chain(self.kept.drain(..)) {
            // SAFETY: W1: one owner, which nobody else has.
            unsafe { crate::object::let_go(&object) };
        }
        for fault in self.faults.drain(..) {
            // SAFETY: W1: one count, which nobody else has.
            drop(unsafe { Fault::from_raw(fault) });
        }
        for pointer in self.memory.drain(..) {
            // SAFETY: W1.
            unsafe { free(pointer) };
        }
    }
}

/// A variant, by its number among those of the type.
///
/// # Safety
/// 1. V1 of the views.
unsafe fn variant(ty: &TypeDescriptor, number: usize) -> Result<*const VariantDescriptor, Misfit> {
    // SAFETY: clause 1.
    let variants = unsafe { ty.variants.pointers() };
    let missing = || misfit(format!("there is no variant number {number}"));
    variants.get(number).copied().ok_or_else(missing)
}

/// The bits of an integer to 64 bits, which the type can hold.
fn integer<L: Language>(
    language: &mut L,
    ty: &TypeDescriptor,
    value: &L::Value,
) -> Result<u64, Misfit> {
    let value = language.to_integer(value)?;
    let (least, most): (i128, i128) = match ty.kind {
        type_kind::I8 => (i8::MIN.into(), i8::MAX.into()),
        type_kind::I16 => (i16::MIN.into(), i16::MAX.into()),
        type_kind::I32 => (i32::MIN.into(), i32::MAX.into()),
        type_kind::I64 => (i64::MIN.into(), i64::MAX.into()),
        type_kind::ISIZE => (isize::MIN as i128, isize::MAX as i128),
        type_kind::U8 => (0, u8::MAX.into()),
        type_kind::U16 => (0, u16::MAX.into()),
        type_kind::U32 => (0, u32::MAX.into()),
        type_kind::U64 => (0, u64::MAX.into()),
        _ => (0, usize::MAX as i128),
    };
    if value < least || value > most {
        return Err(misfit(format!(
            "{value} is out of range, which is {least} to {most}"
        )));
    }
    Ok(value as u64)
}

/// The bits of a widened scalar.
///
/// # Safety
/// 1. `place` points to one of `ty`.
pub(super) unsafe fn bits(ty: &TypeDescriptor, place: *const u8) -> u64 {
    match ty.kind {
        type_kind::I64 | type_kind::U64 | type_kind::F64 | type_kind::ISIZE | type_kind::USIZE => {
            // SAFETY: clause 1.
            unsafe { place.cast::<u64>().read() }
        }
        // SAFETY: clause 1.
        _ => u64::from(unsafe { place.cast::<u32>().read() }),
    }
}

/// What stands in a frame, or is returned, as a scalar.
///
/// # Safety
/// 1. `place` is a place for the widened scalar of `ty`; V1 of the views.
pub(super) unsafe fn scalar<L: Language>(
    language: &mut L,
    ty: &TypeDescriptor,
    value: &L::Value,
    place: *mut u8,
) -> Result<(), Misfit> {
    // SAFETY: clause 1.
    unsafe {
        match ty.kind {
            type_kind::BOOL => place
                .cast::<u32>()
                .write(language.to_boolean(value)?.into()),
            type_kind::CHAR => place
                .cast::<u32>()
                .write(language.to_character(value)?.into()),
            type_kind::F32 => place.cast::<f32>().write(language.to_float(value)? as f32),
            type_kind::F64 => place.cast::<f64>().write(language.to_float(value)?),
            type_kind::I64 | type_kind::U64 | type_kind::ISIZE | type_kind::USIZE => {
                place.cast::<u64>().write(integer(language, ty, value)?);
            }
            type_kind::I8..=type_kind::U32 => {
                place
                    .cast::<u32>()
                    .write(integer(language, ty, value)? as u32);
            }
            type_kind::ENUM => {
                let (number, _) = language.to_variant(value, Type::of(ty))?;
                let variant = variant(ty, number)?;
                place.cast::<u32>().write((*variant).tag);
            }
            type_kind::FLAGS => {
                let bits = language.to_flags(value, Type::of(ty))?;
                match element(ty, 0).kind {
                    type_kind::U64 | type_kind::I64 => place.cast::<u64>().write(bits),
                    _ => place.cast::<u32>().write(bits as u32),
                }
            }
            kind => return Err(misfit(format!("a scalar of kind {kind} is not known"))),
        }
    }
    Ok(())
}
