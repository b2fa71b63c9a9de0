//! Contracts and types as the core knows them: copies of descriptors, so that nothing points into a module.
//!
//! What is held: strings and numbers. Who may touch it: this file alone reads descriptors of other images.
//!
//! What is always true:
//!
//! * **M1** Descriptors are followed only while their image is mapped, during a load or an inspection.
//! * **M2** Null pointers, foreign sizes and absurd counts are errors, not crashes. That a pointer that is not null points
//!   to readable memory is what even a foreign module promises.

use core::mem::offset_of;
use std::collections::HashMap;
use std::sync::OnceLock;

use polyplug_abi::{
    ArgumentDescriptor, ContractDescriptor, FieldDescriptor, InterfaceHeader, List,
    MethodDescriptor, OTHER_TAG, Offer, PluginDescriptor, Slice, TypeDescriptor, TypeFunction,
    VariantDescriptor, contract_flags, field_flags, method_flags, passing, type_flags, type_kind,
};

/// More entries than this in one list are a lie.
const MOST: usize = 65_536;

/// A text of more bytes than this is a lie.
const LONGEST: usize = 1 << 24;

/// What a descriptor gets wrong.
pub(crate) type Malformed = String;

/// The contracts of one image, and every type they reach.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) types: Vec<TypeModel>,
    pub(crate) contracts: Vec<ContractModel>,
    /// Which types may have objects in them; found out when somebody asks.
    carriers: OnceLock<Box<[bool]>>,
}

#[derive(Debug)]
pub(crate) struct ContractModel {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) host: bool,
    /// Some methods take `&mut self`.
    pub(crate) exclusive: bool,
    /// Results may borrow from the plugin.
    pub(crate) pinned: bool,
    /// The number of its order of methods.
    pub(crate) order: u64,
    pub(crate) methods: Vec<MethodModel>,
}

#[derive(Debug)]
pub(crate) struct MethodModel {
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) has_default: bool,
    /// It takes `&mut self`.
    pub(crate) exclusive: bool,
    /// `BORROWS`, `BORROWS_OBJECT`, or nothing.
    pub(crate) borrows: u32,
    pub(crate) arguments: Vec<ArgumentModel>,
    pub(crate) result: usize,
    /// Size and alignment of its frame.
    pub(crate) frame: (usize, usize),
}

#[derive(Debug)]
pub(crate) struct ArgumentModel {
    pub(crate) name: String,
    pub(crate) passing: u32,
    pub(crate) ty: usize,
    /// Where it lies in the frame.
    pub(crate) offset: usize,
}

#[derive(Debug, Default)]
pub(crate) struct TypeModel {
    pub(crate) kind: u32,
    pub(crate) flags: u32,
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) length: usize,
    pub(crate) elements: Vec<usize>,
    pub(crate) fields: Vec<FieldModel>,
    pub(crate) variants: Vec<VariantModel>,
    pub(crate) contract: Option<usize>,
    pub(crate) lent: (usize, usize),
    pub(crate) owned: (usize, usize),
}

#[derive(Debug)]
pub(crate) struct FieldModel {
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) ty: usize,
    /// Where it lies in the lent, and in the owned form.
    pub(crate) offsets: (usize, usize),
    /// Who reads a value without it fills it in.
    pub(crate) has_default: bool,
}

#[derive(Debug)]
pub(crate) struct VariantModel {
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) tag: u32,
    /// It stands for those that are unknown.
    pub(crate) other: bool,
    pub(crate) fields: Vec<FieldModel>,
}

impl Catalog {
    /// Of these types and contracts.
    #[cfg(test)]
    pub(crate) fn of(types: Vec<TypeModel>, contracts: Vec<ContractModel>) -> Self {
        Self {
            types,
            contracts,
            carriers: OnceLock::new(),
        }
    }

    /// Whether a value of a type may have objects in it.
    pub(crate) fn carries_objects(&self, ty: usize) -> bool {
        self.carriers.get_or_init(|| self.carriers())[ty]
    }

    fn carriers(&self) -> Box<[bool]> {
        let mut found: Box<[bool]> = self
            .types
            .iter()
            .map(|ty| ty.kind == type_kind::OBJECT)
            .collect();
        loop {
            let mut changed = false;
            for (at, ty) in self.types.iter().enumerate() {
                let fields = ty.variants.iter().flat_map(|variant| &variant.fields);
                let mut inside = ty
                    .elements
                    .iter()
                    .copied()
                    .chain(ty.fields.iter().chain(fields).map(|field| field.ty));
                if !found[at] && inside.any(|part| found[part]) {
                    found[at] = true;
                    changed = true;
                }
            }
            if !changed {
                return found;
            }
        }
    }

    /// All versions of the contract with this id and major.
    pub(crate) fn all(&self, id: &str, major: u32) -> impl Iterator<Item = usize> {
        let contracts = self.contracts.iter().enumerate();
        let same =
            contracts.filter(move |(_, contract)| contract.id == id && contract.major == major);
        same.map(|(index, _)| index)
    }

    /// The type as its author would write it.
    pub(crate) fn type_name(&self, index: usize) -> String {
        let ty = &self.types[index];
        let element = |at: usize| {
            ty.elements
                .get(at)
                .map_or_else(String::new, |&index| self.type_name(index))
        };
        match ty.kind {
            type_kind::UNIT => "()".to_owned(),
            type_kind::STRING => "String".to_owned(),
            type_kind::LIST => format!("Vec<{}>", element(0)),
            type_kind::ARRAY => format!("[{}; {}]", element(0), ty.length),
            type_kind::OPTION => format!("Option<{}>", element(0)),
            type_kind::RESULT => format!("Result<{}, {}>", element(0), element(1)),
            type_kind::BOX => format!("Box<{}>", element(0)),
            type_kind::FAULT => "Fault".to_owned(),
            type_kind::TUPLE => {
                let names: Vec<_> = ty
                    .fields
                    .iter()
                    .map(|field| self.type_name(field.ty))
                    .collect();
                if names.len() == 1 {
                    format!("({},)", names[0])
                } else {
                    format!("({})", names.join(", "))
                }
            }
            type_kind::OBJECT => {
                let object = self.object_name(ty);
                if ty.flags & type_flags::UNIQUE != 0 {
                    format!("Box<{object}>")
                } else if ty.flags & type_flags::SHARED != 0 {
                    format!("Arc<{object}>")
                } else {
                    format!("&{}", grouped(&object))
                }
            }
            type_kind::TEXT => "&str".to_owned(),
            type_kind::SLICE => format!("&[{}]", element(0)),
            type_kind::REFERENCE => format!("&{}", element(0)),
            type_kind::MAP => {
                let pair = ty.elements.first().map(|&pair| &self.types[pair].fields);
                let names: Vec<_> = pair
                    .into_iter()
                    .flatten()
                    .map(|field| self.type_name(field.ty))
                    .collect();
                format!("Map<{}>", names.join(", "))
            }
            type_kind::SET => format!("Set<{}>", element(0)),
            type_kind::STRUCT
            | type_kind::ENUM
            | type_kind::FLAGS
            | type_kind::GROWING_STRUCT
            | type_kind::GROWING_ENUM => ty.name.clone(),
            kind => scalar_name(kind).to_owned(),
        }
    }

    /// `dyn Greeter + Send`, `dyn Fn(u32) -> bool`.
    fn object_name(&self, ty: &TypeModel) -> String {
        let markers = [(type_flags::SEND, " + Send"), (type_flags::SYNC, " + Sync")];
        let markers = markers.iter().filter(|(flag, _)| ty.flags & flag != 0);
        let markers: String = markers.map(|(_, marker)| *marker).collect();
        let Some(contract) = ty.contract.map(|contract| &self.contracts[contract]) else {
            return format!("dyn ?{markers}");
        };
        if !contract.id.is_empty() {
            return format!("dyn {}{markers}", contract.name);
        }
        let kind = if ty.flags & type_flags::ONCE != 0 {
            "FnOnce"
        } else if contract.exclusive {
            "FnMut"
        } else {
            "Fn"
        };
        let Some(call) = contract.methods.first() else {
            return format!("dyn {kind}(?){markers}");
        };
        let arguments: Vec<_> = call
            .arguments
            .iter()
            .map(|argument| self.argument_type(argument))
            .collect();
        let result = match self.type_name(call.result).as_str() {
            "()" => String::new(),
            result => format!(" -> {result}"),
        };
        format!("dyn {kind}({}){result}{markers}", arguments.join(", "))
    }

    /// The argument's type as its author would write it.
    pub(crate) fn argument_type(&self, argument: &ArgumentModel) -> String {
        let name = self.type_name(argument.ty);
        match argument.passing {
            passing::TEXT => "&str".to_owned(),
            passing::SLICE => format!("&[{name}]"),
            passing::SLICE_MUT => format!("&mut [{name}]"),
            passing::SINK => format!("&mut {name}"),
            passing::OBJECT_MUT => {
                let object = self.object_name(&self.types[argument.ty]);
                format!("&mut {}", grouped(&object))
            }
            // Some types say themselves that they are references.
            passing::REFERENCE if !name.starts_with('&') => format!("&{name}"),
            _ => name,
        }
    }

    /// `greet(name: &str) -> String`.
    pub(crate) fn signature(&self, method: &MethodModel) -> String {
        let arguments: Vec<_> = method
            .arguments
            .iter()
            .map(|argument| {
                let name = if argument.name.is_empty() {
                    "_"
                } else {
                    &argument.name
                };
                format!("{name}: {}", self.argument_type(argument))
            })
            .collect();
        let result = self.type_name(method.result);
        let result = if result == "()" {
            String::new()
        } else {
            format!(" -> {result}")
        };
        format!("{}({}){result}", method.name, arguments.join(", "))
    }
}

/// A type that can stand behind `&`.
fn grouped(object: &str) -> String {
    if object.contains(" + ") {
        format!("({object})")
    } else {
        object.to_owned()
    }
}

fn scalar_name(kind: u32) -> &'static str {
    match kind {
        type_kind::BOOL => "bool",
        type_kind::CHAR => "char",
        type_kind::I8 => "i8",
        type_kind::I16 => "i16",
        type_kind::I32 => "i32",
        type_kind::I64 => "i64",
        type_kind::U8 => "u8",
        type_kind::U16 => "u16",
        type_kind::U32 => "u32",
        type_kind::U64 => "u64",
        type_kind::ISIZE => "isize",
        type_kind::USIZE => "usize",
        type_kind::F32 => "f32",
        type_kind::F64 => "f64",
        type_kind::U128 => "u128",
        type_kind::I128 => "i128",
        type_kind::DURATION => "Duration",
        type_kind::SYSTEM_TIME => "SystemTime",
        type_kind::PATH => "PathBuf",
        type_kind::BORROWED_PATH => "&Path",
        _ => "a type unknown to this version",
    }
}

/// Copies descriptors into a catalog, each once.
#[derive(Default)]
pub(crate) struct Copier {
    catalog: Catalog,
    types: HashMap<*const TypeDescriptor, usize>,
    contracts: HashMap<*const ContractDescriptor, usize>,
}

impl Copier {
    pub(crate) fn finish(self) -> Catalog {
        self.catalog
    }

    /// Where the contracts were copied from, by their place in the catalog. Of use only while the image is mapped.
    pub(crate) fn origins(&self) -> Vec<*const ContractDescriptor> {
        let mut origins = vec![core::ptr::null(); self.catalog.contracts.len()];
        for (&origin, &index) in &self.contracts {
            origins[index] = origin;
        }
        origins
    }

    /// Whether two descriptors that were copied are of one contract: a contract may have several in one image.
    pub(crate) fn are_one(&self, one: usize, other: usize) -> bool {
        let key = |index: usize| {
            let contract = &self.catalog.contracts[index];
            (contract.id.as_str(), contract.major)
        };
        key(one) == key(other)
    }

    /// How many methods a contract has that was copied.
    pub(crate) fn method_count(&self, contract: usize) -> usize {
        self.catalog.contracts[contract].methods.len()
    }

    /// # Safety
    /// 1. M1 and the promise of M2.
    pub(crate) unsafe fn contract(
        &mut self,
        pointer: *const ContractDescriptor,
    ) -> Result<usize, Malformed> {
        if let Some(&index) = self.contracts.get(&pointer) {
            return Ok(index);
        }
        // SAFETY: clause 1.
        let contract = unsafe { entry(pointer, "a contract") }?;
        let index = self.catalog.contracts.len();
        if index > MOST {
            return Err("more contracts than can be".to_owned());
        }
        // SAFETY: clause 1.
        let (id, name, docs) = unsafe {
            (
                text(contract.id)?,
                text(contract.name)?,
                text(contract.docs)?,
            )
        };
        self.contracts.insert(pointer, index);
        self.catalog.contracts.push(ContractModel {
            id,
            name,
            docs,
            major: contract.major,
            minor: contract.minor,
            host: contract.flags & contract_flags::HOST != 0,
            exclusive: contract.flags & contract_flags::EXCLUSIVE != 0,
            pinned: contract.flags & contract_flags::PINNED != 0,
            order: contract.order,
            methods: Vec::new(),
        });
        // SAFETY: clause 1.
        for &method in unsafe { list(&contract.methods) }? {
            // SAFETY: clause 1.
            let method = unsafe { self.method(method) }?;
            self.catalog.contracts[index].methods.push(method);
        }
        Ok(index)
    }

    /// # Safety
    /// 1. As for [`Copier::contract`].
    unsafe fn method(
        &mut self,
        pointer: *const MethodDescriptor,
    ) -> Result<MethodModel, Malformed> {
        // SAFETY: clause 1.
        let method = unsafe { entry(pointer, "a method") }?;
        let mut arguments = Vec::new();
        // SAFETY: clause 1.
        for &argument in unsafe { list(&method.arguments) }? {
            // SAFETY: clause 1.
            let argument = unsafe { entry(argument, "an argument") }?;
            // SAFETY: clause 1.
            let ty = unsafe { self.ty((argument.ty)()) }?;
            // SAFETY: clause 1.
            let name = unsafe { text(argument.name) }?;
            arguments.push(ArgumentModel {
                name,
                passing: argument.passing,
                ty,
                offset: argument.frame_offset,
            });
        }
        // SAFETY: clause 1.
        unsafe {
            Ok(MethodModel {
                name: text(method.name)?,
                docs: text(method.docs)?,
                has_default: method.flags & method_flags::DEFAULT != 0,
                exclusive: method.flags & method_flags::EXCLUSIVE != 0,
                borrows: method.flags & (method_flags::BORROWS | method_flags::BORROWS_OBJECT),
                arguments,
                result: self.ty((method.result)())?,
                frame: (method.frame_size, method.frame_align),
            })
        }
    }

    /// # Safety
    /// 1. As for [`Copier::contract`].
    unsafe fn ty(&mut self, pointer: *const TypeDescriptor) -> Result<usize, Malformed> {
        if let Some(&index) = self.types.get(&pointer) {
            return Ok(index);
        }
        // SAFETY: clause 1.
        let ty = unsafe { entry(pointer, "a type") }?;
        let index = self.catalog.types.len();
        if index > MOST || ty.element_count > MOST {
            return Err("more types than can be".to_owned());
        }
        self.types.insert(pointer, index);
        // SAFETY: clause 1.
        let (name, docs) = unsafe { (text(ty.name)?, text(ty.docs)?) };
        self.catalog.types.push(TypeModel {
            kind: ty.kind,
            flags: ty.flags,
            name,
            docs,
            length: ty.length,
            lent: (ty.lent_size, ty.lent_align),
            owned: (ty.owned_size, ty.owned_align),
            ..TypeModel::default()
        });
        let mut elements = Vec::new();
        for at in 0..ty.element_count {
            if ty.elements.is_null() {
                return Err("a null list of element types".to_owned());
            }
            // SAFETY: clause 1: `element_count` functions, each null at worst.
            let function = unsafe { ty.elements.add(at).cast::<Option<TypeFunction>>().read() };
            let Some(function) = function else {
                return Err("a null function for an element type".to_owned());
            };
            // SAFETY: clause 1.
            elements.push(unsafe { self.ty(function()) }?);
        }
        // SAFETY: clause 1.
        let fields = unsafe { self.fields(&ty.fields) }?;
        let mut variants = Vec::new();
        // SAFETY: clause 1.
        for &variant in unsafe { list(&ty.variants) }? {
            // SAFETY: clause 1.
            let variant = unsafe { entry(variant, "a variant") }?;
            // SAFETY: clause 1.
            let (name, docs, fields) = unsafe {
                (
                    text(variant.name)?,
                    text(variant.docs)?,
                    self.fields(&variant.fields)?,
                )
            };
            variants.push(VariantModel {
                name,
                docs,
                tag: variant.tag,
                other: ty.kind == type_kind::GROWING_ENUM && variant.tag == OTHER_TAG,
                fields,
            });
        }
        let contract = match ty.contract {
            // SAFETY: clause 1.
            Some(function) => Some(unsafe { self.contract(function()) }?),
            None => None,
        };
        let model = &mut self.catalog.types[index];
        model.elements = elements;
        model.fields = fields;
        model.variants = variants;
        model.contract = contract;
        Ok(index)
    }

    /// # Safety
    /// 1. As for [`Copier::contract`].
    unsafe fn fields(
        &mut self,
        fields: &List<FieldDescriptor>,
    ) -> Result<Vec<FieldModel>, Malformed> {
        let mut models = Vec::new();
        // SAFETY: clause 1.
        for &field in unsafe { list(fields) }? {
            // SAFETY: clause 1.
            let field = unsafe { entry(field, "a field") }?;
            // SAFETY: clause 1.
            let ty = unsafe { self.ty((field.ty)()) }?;
            // SAFETY: clause 1.
            let (name, docs) = unsafe { (text(field.name)?, text(field.docs)?) };
            models.push(FieldModel {
                name,
                docs,
                ty,
                offsets: (field.lent_offset, field.owned_offset),
                has_default: field.flags & field_flags::DEFAULT != 0,
            });
        }
        Ok(models)
    }
}

/// An entry that starts with its size in a `u32`.
///
/// A reference to one whose functions are null would be undefined behaviour: they are looked at first.
pub(crate) trait Entry {
    /// Where its functions lie, and their names.
    const FUNCTIONS: &'static [(usize, &'static str)];
}

macro_rules! entries {
    ($($type:ident { $($function:ident),* })*) => {$(
        impl Entry for $type {
            const FUNCTIONS: &'static [(usize, &'static str)] =
                &[$((offset_of!($type, $function), stringify!($function))),*];
        }
    )*};
}

entries! {
    ContractDescriptor {}
    MethodDescriptor { result }
    ArgumentDescriptor { ty }
    TypeDescriptor {}
    FieldDescriptor { ty }
    VariantDescriptor {}
    Offer {}
    InterfaceHeader { invoke }
    PluginDescriptor { construct, destroy }
}

/// A size-prefixed entry.
///
/// # Safety
/// 1. The promise of M2.
pub(crate) unsafe fn entry<'a, T: Entry>(
    pointer: *const T,
    what: &str,
) -> Result<&'a T, Malformed> {
    if pointer.is_null() {
        return Err(format!("a null pointer where {what} was expected"));
    }
    if !pointer.is_aligned() {
        return Err(format!(
            "a pointer that is not aligned where {what} was expected"
        ));
    }
    // SAFETY: clause 1; every entry starts with its size.
    let stated = unsafe { pointer.cast::<u32>().read() } as usize;
    if stated < size_of::<T>() {
        return Err(format!(
            "{what} of {stated} bytes, fewer than the {} of this version",
            size_of::<T>()
        ));
    }
    for (offset, name) in T::FUNCTIONS {
        // SAFETY: clause 1; the offset of a word of the entry, which is large enough.
        if unsafe { pointer.byte_add(*offset).cast::<usize>().read() } == 0 {
            return Err(format!("{what} with a null function `{name}`"));
        }
    }
    // SAFETY: clause 1; large enough, and its functions are not null.
    let entry = unsafe { &*pointer };
    Ok(entry)
}

/// The pointers of a list.
///
/// # Safety
/// 1. The promise of M2.
pub(crate) unsafe fn list<'a, T>(list: &List<T>) -> Result<&'a [*const T], Malformed> {
    if list.len > MOST {
        return Err(format!(
            "a list of {} entries, more than the {MOST} that can be",
            list.len
        ));
    }
    if list.len != 0 && (list.ptr.is_null() || !list.ptr.is_aligned()) {
        return Err(format!("a null list of {} entries", list.len));
    }
    // SAFETY: clause 1.
    Ok(unsafe { list.pointers() })
}

/// A text.
///
/// # Safety
/// 1. The promise of M2.
pub(crate) unsafe fn text(slice: Slice) -> Result<String, Malformed> {
    if slice.len != 0 && slice.ptr.is_null() {
        return Err(format!("a null text of {} bytes", slice.len));
    }
    if slice.len > LONGEST {
        return Err(format!(
            "a text of {} bytes, more than the {LONGEST} that can be",
            slice.len
        ));
    }
    // SAFETY: clause 1.
    let bytes = unsafe { slice.bytes() };
    String::from_utf8(bytes.to_vec()).map_err(|error| format!("a text that is no UTF-8: {error}"))
}
