//! Reflection of types: what crosses, how it lies in memory, as values that outlive the module that described it.

use core::fmt;
use std::sync::Arc;

use polyplug_abi::{type_flags, type_kind};

use super::info::ContractInfo;
use super::model::{Catalog, FieldModel, TypeModel, VariantModel};
use crate::kinds::{Memory, TypeKind};

/// A type that crosses.
#[derive(Clone)]
pub struct TypeInfo {
    catalog: Arc<Catalog>,
    index: usize,
}

impl PartialEq for TypeInfo {
    /// Whether both are one type of one module's description.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.catalog, &other.catalog) && self.index == other.index
    }
}

impl Eq for TypeInfo {}

impl TypeInfo {
    pub(crate) fn new(catalog: &Arc<Catalog>, index: usize) -> Self {
        Self {
            catalog: Arc::clone(catalog),
            index,
        }
    }

    /// Where it stands.
    pub(crate) fn place(&self) -> (&Arc<Catalog>, usize) {
        (&self.catalog, self.index)
    }

    fn model(&self) -> &TypeModel {
        &self.catalog.types[self.index]
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> TypeKind {
        TypeKind::of(self.model().kind)
    }

    /// The name that its author gave it; nothing for a type of the language.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.model().name
    }

    /// Its documentation, or nothing.
    #[must_use]
    pub fn docs(&self) -> &str {
        &self.model().docs
    }

    /// A number that is equal for equal types of one module's description. (A recursive type comes back to itself.)
    #[must_use]
    pub fn number(&self) -> usize {
        self.index
    }

    /// Layout of the form that an argument has, borrowed for the call.
    #[must_use]
    pub fn lent(&self) -> Memory {
        Memory::of(self.model().lent)
    }

    /// Layout of the form that a result has, which belongs to who receives it.
    #[must_use]
    pub fn owned(&self) -> Memory {
        Memory::of(self.model().owned)
    }

    /// How many elements an array has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.model().length
    }

    /// What it is made of, as its kind says.
    #[must_use]
    pub fn elements(&self) -> Vec<Self> {
        let elements = self.model().elements.iter();
        elements
            .map(|&index| Self::new(&self.catalog, index))
            .collect()
    }

    /// The fields of a struct or a tuple.
    #[must_use]
    pub fn fields(&self) -> Vec<FieldInfo> {
        FieldInfo::all(&self.catalog, &self.model().fields)
    }

    /// The variants of an enum.
    #[must_use]
    pub fn variants(&self) -> Vec<VariantInfo> {
        let variants = self.model().variants.iter();
        variants
            .map(|variant| VariantInfo::new(&self.catalog, variant))
            .collect()
    }

    /// The contract of an object. That of a closure has no id, and one method, `call`.
    #[must_use]
    pub fn contract(&self) -> Option<ContractInfo> {
        let contract = self.model().contract?;
        Some(ContractInfo::new(&self.catalog, contract))
    }

    fn has(&self, flag: u32) -> bool {
        self.model().flags & flag != 0
    }

    /// Whether Rust's form of it is the wire form: it crosses by address.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.has(type_flags::PLAIN)
    }

    /// Whether it stands in a C signature as a scalar. Scalars do; and enums without fields, and sets of bits.
    #[must_use]
    pub fn is_scalar(&self) -> bool {
        self.has(type_flags::BY_VALUE)
            || matches!(self.model().kind, type_kind::BOOL..=type_kind::F64)
    }

    /// Whether an object has one owner, as `Box<dyn ..>`.
    #[must_use]
    pub fn is_owned_object(&self) -> bool {
        self.has(type_flags::UNIQUE)
    }

    /// Whether an object has any number of owners, as `Arc<dyn ..>`.
    #[must_use]
    pub fn is_shared_object(&self) -> bool {
        self.has(type_flags::SHARED)
    }

    /// Whether an object may be sent to another thread.
    #[must_use]
    pub fn is_send(&self) -> bool {
        self.has(type_flags::SEND)
    }

    /// Whether an object may be called from several threads.
    #[must_use]
    pub fn is_sync(&self) -> bool {
        self.has(type_flags::SYNC)
    }

    /// Whether a closure can be called once only.
    #[must_use]
    pub fn is_once(&self) -> bool {
        self.has(type_flags::ONCE)
    }

    /// The flags of the binary interface.
    #[must_use]
    pub fn flags(&self) -> u32 {
        self.model().flags
    }
}

impl fmt::Display for TypeInfo {
    /// As in Rust.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.catalog.type_name(self.index))
    }
}

impl fmt::Debug for TypeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypeInfo({self})")
    }
}

/// A field of a struct, a tuple or a variant.
#[derive(Clone, Debug)]
pub struct FieldInfo {
    name: String,
    docs: String,
    ty: TypeInfo,
    offsets: (usize, usize),
    has_default: bool,
}

impl FieldInfo {
    fn all(catalog: &Arc<Catalog>, fields: &[FieldModel]) -> Vec<Self> {
        let fields = fields.iter();
        fields
            .map(|field| Self {
                name: field.name.clone(),
                docs: field.docs.clone(),
                ty: TypeInfo::new(catalog, field.ty),
                offsets: field.offsets,
                has_default: field.has_default,
            })
            .collect()
    }

    /// The name; nothing in a tuple.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its documentation, or nothing.
    #[must_use]
    pub fn docs(&self) -> &str {
        &self.docs
    }

    /// The type.
    #[must_use]
    pub fn ty(&self) -> &TypeInfo {
        &self.ty
    }

    /// Where it lies in the form that an argument has, in bytes.
    #[must_use]
    pub fn lent_offset(&self) -> usize {
        self.offsets.0
    }

    /// Where it lies in the form that a result has, in bytes.
    #[must_use]
    pub fn owned_offset(&self) -> usize {
        self.offsets.1
    }

    /// Whether who reads a value that was made without it fills it in.
    #[must_use]
    pub fn has_default(&self) -> bool {
        self.has_default
    }
}

/// A variant of an enum.
#[derive(Clone, Debug)]
pub struct VariantInfo {
    name: String,
    docs: String,
    tag: u32,
    other: bool,
    fields: Vec<FieldInfo>,
}

impl VariantInfo {
    fn new(catalog: &Arc<Catalog>, variant: &VariantModel) -> Self {
        Self {
            name: variant.name.clone(),
            docs: variant.docs.clone(),
            tag: variant.tag,
            other: variant.other,
            fields: FieldInfo::all(catalog, &variant.fields),
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its documentation, or nothing.
    #[must_use]
    pub fn docs(&self) -> &str {
        &self.docs
    }

    /// The number that a value of it starts with.
    #[must_use]
    pub fn tag(&self) -> u32 {
        self.tag
    }

    /// Whether it stands for variants that are not known here.
    #[must_use]
    pub fn is_other(&self) -> bool {
        self.other
    }

    /// The fields.
    #[must_use]
    pub fn fields(&self) -> &[FieldInfo] {
        &self.fields
    }
}
