//! Data that may grow. What is always true is what is true one level up.

use polyplug_abi::{
    FieldDescriptor, Grown, GrownVariant, OTHER_TAG, TypeDescriptor, VariantDescriptor, field_flags,
};

use super::{Form, Invalid, fields, unknown_variant, value};

impl Form {
    /// Where a field lies.
    pub(crate) fn offset(self, field: &FieldDescriptor) -> usize {
        match self {
            Self::Lent => field.lent_offset,
            Self::Owned => field.owned_offset,
        }
    }

    /// How large a value is.
    pub(crate) fn size(self, ty: &TypeDescriptor) -> usize {
        match self {
            Self::Lent => ty.lent_size,
            Self::Owned => ty.owned_size,
        }
    }

    /// How a value is aligned.
    pub(crate) fn align(self, ty: &TypeDescriptor) -> usize {
        match self {
            Self::Lent => ty.lent_align,
            Self::Owned => ty.owned_align,
        }
    }
}

/// The variant of a growing enum with this tag.
///
/// # Safety
/// 1. V1.
pub(crate) unsafe fn variant(ty: &TypeDescriptor, tag: u32) -> Option<&VariantDescriptor> {
    // SAFETY: clause 1.
    let mut variants = unsafe { ty.variants.pointers() }.iter();
    // SAFETY: clause 1.
    variants.find_map(|&variant| Some(unsafe { &*variant }).filter(|known| known.tag == tag))
}

/// What data that may grow points to.
///
/// # Safety
/// 1. A [`Grown`] lies at `place`.
unsafe fn grown(ty: &TypeDescriptor, place: *const u8, align: usize) -> Result<*const u8, Invalid> {
    // SAFETY: clause 1.
    let pointer = unsafe { place.cast::<Grown>().read() }.ptr;
    // SAFETY: V1.
    let name = unsafe { ty.name.str() };
    if pointer.is_null() {
        return Err(Invalid::new(format!(
            "a null pointer where `{name}` was expected"
        )));
    }
    if !pointer.addr().is_multiple_of(align) {
        return Err(Invalid::new(format!(
            "a pointer to `{name}` that is not aligned to {align} bytes"
        )));
    }
    Ok(pointer)
}

/// The largest alignment among fields.
///
/// # Safety
/// 1. V1.
unsafe fn align_of_fields(fields: &[*const FieldDescriptor], form: Form) -> usize {
    let aligns = fields.iter().map(|&field| {
        // SAFETY: clause 1.
        form.align(unsafe { &*((*field).ty)() })
    });
    aligns.max().unwrap_or(1)
}

/// # Safety
/// 1. and 2. As for [`value`], of a growing struct.
pub(super) unsafe fn structure(
    ty: &TypeDescriptor,
    place: *const u8,
    form: Form,
    depth: usize,
) -> Result<(), Invalid> {
    // SAFETY: V1.
    let fields = unsafe { ty.fields.pointers() };
    // SAFETY: V1.
    let align = unsafe { align_of_fields(fields, form) }.max(align_of::<u32>());
    // SAFETY: clause 1.
    let node = unsafe { grown(ty, place, align) }?;
    // SAFETY: clause 2: the size comes first.
    let size = unsafe { node.cast::<u32>().read() } as usize;
    if size < size_of::<u32>() {
        return Err(Invalid::new(format!(
            "a size of {size} bytes, which does not cover itself"
        )));
    }
    for &field in fields {
        // SAFETY: V1.
        let field = unsafe { &*field };
        // SAFETY: V1.
        let (ty, name) = unsafe { (&*(field.ty)(), field.name.str()) };
        let (start, length) = (form.offset(field), form.size(ty));
        if start + length <= size {
            // SAFETY: the size covers it; clause 2.
            unsafe { value(ty, node.add(start), form, depth + 1) }
                .map_err(|invalid| invalid.within(name))?;
        } else if start < size {
            return Err(Invalid::new(format!(
                "a size of {size} bytes ends inside it, it takes those from {start} to {}",
                start + length
            ))
            .within(name));
        } else if field.flags & field_flags::DEFAULT == 0 {
            return Err(Invalid::new(format!(
                "a size of {size} bytes does not cover it, and it has no default"
            ))
            .within(name));
        }
    }
    Ok(())
}

/// # Safety
/// 1. and 2. As for [`value`], of a growing enum.
pub(super) unsafe fn enumeration(
    ty: &TypeDescriptor,
    place: *const u8,
    form: Form,
    depth: usize,
) -> Result<(), Invalid> {
    // SAFETY: clause 1.
    let head = unsafe { grown(ty, place, align_of::<GrownVariant>()) }?;
    // SAFETY: clause 2; aligned.
    let GrownVariant { tag, payload } = unsafe { head.cast::<GrownVariant>().read() };
    // SAFETY: V1.
    let (known, other) = unsafe { (variant(ty, tag), variant(ty, OTHER_TAG)) };
    let Some(known) = known.or(other) else {
        return Err(unknown_variant(ty, u64::from(tag)));
    };
    // SAFETY: V1.
    let (name, types) = unsafe { (known.name.str(), known.fields.pointers()) };
    if types.is_empty() {
        return Ok(());
    }
    let checked = if payload.is_null() {
        Err(Invalid::new(
            "a null pointer where its fields were expected",
        ))
    } else {
        // SAFETY: V1.
        let align = unsafe { align_of_fields(types, form) };
        if payload.addr().is_multiple_of(align) {
            // SAFETY: V1; clause 2.
            unsafe { fields(types, payload, form, depth) }
        } else {
            Err(Invalid::new(format!(
                "a pointer to its fields that is not aligned to {align} bytes"
            )))
        }
    };
    checked.map_err(|invalid| invalid.within(name))
}
