//! Reflection: a contract as C structs with direct pointers. Types point at each other; recursive ones come back to themselves.
//!
//! What is always true:
//!
//! * **N1** What a contract's handle points to, directly or not, lies still until that handle is released.

use core::ffi::c_void;
use core::ptr;
use std::collections::HashMap;
use std::sync::OnceLock;

use polyplug::{ContractInfo, DynamicContract, FieldInfo, MethodInfo, TypeInfo};
use polyplug_abi::{
    ContractDescriptor as PolyplugContractDescriptor, Slice as PolyplugSlice, contract_flags,
    field_flags, method_flags,
};

use crate::error::{Failure, PolyplugError};
use crate::handle::{Kind, Texts, contained, give_open, is, open};
use crate::module::Lent;

/// A contract.
#[repr(C)]
#[derive(Clone, Debug)]
pub struct PolyplugContract {
    /// What every handle starts with.
    pub tag: u64,
    /// This library's.
    pub own: *const c_void,
    /// The dotted id; empty for a closure.
    pub id: PolyplugSlice,
    /// The name of the trait.
    pub name: PolyplugSlice,
    /// Its documentation, or nothing.
    pub docs: PolyplugSlice,
    /// Majors are different contracts.
    pub major: u32,
    /// Grows when methods are added.
    pub minor: u32,
    /// `POLYPLUG_CONTRACT_FLAGS_..`
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
    /// A number made of the names of its methods, in order.
    pub order: u64,
    /// How many methods.
    pub method_count: usize,
    /// Its methods; the number of one is its place here.
    pub methods: *const PolyplugMethod,
}

/// A method.
#[repr(C)]
#[derive(Debug)]
pub struct PolyplugMethod {
    /// The name.
    pub name: PolyplugSlice,
    /// Its documentation, or nothing.
    pub docs: PolyplugSlice,
    /// Name, arguments and result, as in Rust.
    pub signature: PolyplugSlice,
    /// Its number.
    pub number: u32,
    /// `POLYPLUG_METHOD_FLAGS_..`
    pub flags: u32,
    /// How many arguments.
    pub argument_count: usize,
    /// Its arguments.
    pub arguments: *const PolyplugArgument,
    /// The type of its result, which comes in the owned form.
    pub result: *const PolyplugType,
    /// Bytes of the frame that holds its arguments.
    pub frame_size: usize,
    /// Alignment of that frame.
    pub frame_align: usize,
}

/// An argument.
#[repr(C)]
#[derive(Debug)]
pub struct PolyplugArgument {
    /// The name, or nothing.
    pub name: PolyplugSlice,
    /// Its type, as in Rust.
    pub text: PolyplugSlice,
    /// `POLYPLUG_PASSING_..`: how it stands in the frame.
    pub passing: u32,
    /// Zero.
    pub reserved: u32,
    /// The type of what crosses, in the lent form: of a slice that of its elements.
    pub ty: *const PolyplugType,
    /// Where it lies in the frame, in bytes.
    pub frame_offset: usize,
}

/// A type.
#[repr(C)]
#[derive(Debug)]
pub struct PolyplugType {
    /// This library's.
    pub own: *const c_void,
    /// `POLYPLUG_TYPE_KIND_..`
    pub kind: u32,
    /// `POLYPLUG_TYPE_FLAGS_..`
    pub flags: u32,
    /// The name that its author gave it, or nothing.
    pub name: PolyplugSlice,
    /// Its documentation, or nothing.
    pub docs: PolyplugSlice,
    /// As in Rust.
    pub text: PolyplugSlice,
    /// Bytes of the lent form.
    pub lent_size: usize,
    /// Alignment of the lent form.
    pub lent_align: usize,
    /// Bytes of the owned form.
    pub owned_size: usize,
    /// Alignment of the owned form.
    pub owned_align: usize,
    /// How many elements an array has.
    pub length: usize,
    /// How many types it is made of.
    pub element_count: usize,
    /// The types that it is made of, as its kind says.
    pub elements: *const *const PolyplugType,
    /// How many fields.
    pub field_count: usize,
    /// The fields of a struct or a tuple.
    pub fields: *const PolyplugField,
    /// How many variants.
    pub variant_count: usize,
    /// The variants of an enum.
    pub variants: *const PolyplugVariant,
    /// The contract of an object, which is not to be released; null for what is none.
    pub contract: *const PolyplugContract,
}

/// A field of a struct, a tuple or a variant.
#[repr(C)]
#[derive(Debug)]
pub struct PolyplugField {
    /// The name, or its place in digits.
    pub name: PolyplugSlice,
    /// Its documentation, or nothing.
    pub docs: PolyplugSlice,
    /// Its type.
    pub ty: *const PolyplugType,
    /// Where it lies in the lent form, in bytes.
    pub lent_offset: usize,
    /// Where it lies in the owned form, in bytes.
    pub owned_offset: usize,
    /// `POLYPLUG_FIELD_FLAGS_..`
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
}

/// A variant of an enum.
#[repr(C)]
#[derive(Debug)]
pub struct PolyplugVariant {
    /// The name.
    pub name: PolyplugSlice,
    /// Its documentation, or nothing.
    pub docs: PolyplugSlice,
    /// The number that a value of it starts with.
    pub tag: u32,
    /// 1 when it stands for variants that are not known here.
    pub is_other: u32,
    /// How many fields.
    pub field_count: usize,
    /// What it carries.
    pub fields: *const PolyplugField,
}

/// What only this library knows of a contract.
struct OwnContract {
    info: ContractInfo,
    dynamic: OnceLock<DynamicContract>,
    is_handle: bool,
}

impl OwnContract {
    fn new(info: &ContractInfo, is_handle: bool) -> Box<Self> {
        Box::new(Self {
            info: info.clone(),
            dynamic: OnceLock::new(),
            is_handle,
        })
    }
}

/// Everything that a description points to. Runs are boxed, so that they lie still.
#[derive(Default)]
struct Description {
    texts: Texts,
    contracts: HashMap<usize, Box<PolyplugContract>>,
    types: HashMap<usize, Box<PolyplugType>>,
    #[expect(clippy::vec_box, reason = "they are pointed to, and lie still")]
    own_contracts: Vec<Box<OwnContract>>,
    #[expect(clippy::vec_box, reason = "they are pointed to, and lie still")]
    own_types: Vec<Box<TypeInfo>>,
    methods: Vec<Box<[PolyplugMethod]>>,
    arguments: Vec<Box<[PolyplugArgument]>>,
    elements: Vec<Box<[*const PolyplugType]>>,
    fields: Vec<Box<[PolyplugField]>>,
    variants: Vec<Box<[PolyplugVariant]>>,
}

/// Keeps a run, and says where it lies.
fn keep<T>(runs: &mut Vec<Box<[T]>>, run: Vec<T>) -> *const T {
    let run = run.into_boxed_slice();
    let first = run.as_ptr();
    runs.push(run);
    first
}

impl Description {
    fn contract(&mut self, info: &ContractInfo) -> *const PolyplugContract {
        if let Some(known) = self.contracts.get(&info.number()) {
            return ptr::from_ref(&**known);
        }
        let own = OwnContract::new(info, false);
        let flags = [
            (info.is_host_contract(), contract_flags::HOST),
            (info.is_exclusive(), contract_flags::EXCLUSIVE),
            (info.is_pinned(), contract_flags::PINNED),
        ];
        let version = info.version();
        let contract = Box::new(PolyplugContract {
            tag: PolyplugContract::TAG,
            own: ptr::from_ref(&*own).cast(),
            id: self.texts.add(info.id()),
            name: self.texts.add(info.name()),
            docs: self.texts.add(info.docs()),
            major: version.major,
            minor: version.minor,
            flags: set(&flags),
            reserved: 0,
            order: info.order(),
            method_count: 0,
            methods: ptr::null(),
        });
        let place = ptr::from_ref(&*contract);
        self.own_contracts.push(own);
        self.contracts.insert(info.number(), contract);
        let methods = info.methods();
        let methods: Vec<_> = (0..)
            .zip(&methods)
            .map(|(number, method)| self.method(number, method))
            .collect();
        let count = methods.len();
        let methods = keep(&mut self.methods, methods);
        if let Some(contract) = self.contracts.get_mut(&info.number()) {
            contract.method_count = count;
            contract.methods = methods;
        }
        place
    }

    fn method(&mut self, number: u32, method: &MethodInfo) -> PolyplugMethod {
        let arguments = method.arguments();
        let arguments: Vec<_> = arguments
            .iter()
            .map(|argument| PolyplugArgument {
                name: self.texts.add(argument.name()),
                text: self.texts.add(&argument.ty()),
                passing: argument.passing().number(),
                reserved: 0,
                ty: self.ty(&argument.type_info()),
                frame_offset: argument.offset(),
            })
            .collect();
        let flags = [
            (method.has_default(), method_flags::DEFAULT),
            (method.is_exclusive(), method_flags::EXCLUSIVE),
            (method.borrows_from_arguments(), method_flags::BORROWS),
            (method.borrows_from_plugin(), method_flags::BORROWS_OBJECT),
        ];
        let frame = method.frame();
        PolyplugMethod {
            name: self.texts.add(method.name()),
            docs: self.texts.add(method.docs()),
            signature: self.texts.add(&method.signature()),
            number,
            flags: set(&flags),
            argument_count: arguments.len(),
            arguments: keep(&mut self.arguments, arguments),
            result: self.ty(&method.result_type()),
            frame_size: frame.size,
            frame_align: frame.align,
        }
    }

    fn ty(&mut self, info: &TypeInfo) -> *const PolyplugType {
        if let Some(known) = self.types.get(&info.number()) {
            return ptr::from_ref(&**known);
        }
        let own = Box::new(info.clone());
        let (lent, owned) = (info.lent(), info.owned());
        let ty = Box::new(PolyplugType {
            own: ptr::from_ref(&*own).cast(),
            kind: info.kind().number(),
            flags: info.flags(),
            name: self.texts.add(info.name()),
            docs: self.texts.add(info.docs()),
            text: self.texts.add(&info.to_string()),
            lent_size: lent.size,
            lent_align: lent.align,
            owned_size: owned.size,
            owned_align: owned.align,
            length: info.length(),
            element_count: 0,
            elements: ptr::null(),
            field_count: 0,
            fields: ptr::null(),
            variant_count: 0,
            variants: ptr::null(),
            contract: ptr::null(),
        });
        let place = ptr::from_ref(&*ty);
        self.own_types.push(own);
        self.types.insert(info.number(), ty);
        let elements: Vec<_> = info
            .elements()
            .iter()
            .map(|element| self.ty(element))
            .collect();
        let (field_count, fields) = self.fields(&info.fields());
        let variants = info.variants();
        let variants: Vec<_> = variants
            .iter()
            .map(|variant| {
                let (field_count, fields) = self.fields(variant.fields());
                PolyplugVariant {
                    name: self.texts.add(variant.name()),
                    docs: self.texts.add(variant.docs()),
                    tag: variant.tag(),
                    is_other: u32::from(variant.is_other()),
                    field_count,
                    fields,
                }
            })
            .collect();
        let contract = info
            .contract()
            .map_or(ptr::null(), |contract| self.contract(&contract));
        let (element_count, variant_count) = (elements.len(), variants.len());
        let elements = keep(&mut self.elements, elements);
        let variants = keep(&mut self.variants, variants);
        if let Some(ty) = self.types.get_mut(&info.number()) {
            ty.element_count = element_count;
            ty.elements = elements;
            ty.field_count = field_count;
            ty.fields = fields;
            ty.variant_count = variant_count;
            ty.variants = variants;
            ty.contract = contract;
        }
        place
    }

    fn fields(&mut self, fields: &[FieldInfo]) -> (usize, *const PolyplugField) {
        let fields: Vec<_> = fields
            .iter()
            .map(|field| PolyplugField {
                name: self.texts.add(field.name()),
                docs: self.texts.add(field.docs()),
                ty: self.ty(field.ty()),
                lent_offset: field.lent_offset(),
                owned_offset: field.owned_offset(),
                flags: set(&[(field.has_default(), field_flags::DEFAULT)]),
                reserved: 0,
            })
            .collect();
        (fields.len(), keep(&mut self.fields, fields))
    }
}

/// The flags that hold.
fn set(flags: &[(bool, u32)]) -> u32 {
    let flags = flags.iter().filter(|(holds, _)| *holds);
    flags.fold(0, |all, (_, flag)| all | flag)
}

/// Describes a contract. The handle is a copy of what its own types point to, so that these need not be handles.
pub(crate) fn described(info: &ContractInfo) -> *mut PolyplugContract {
    let mut description = Description::default();
    let inner = description.contract(info);
    let own = OwnContract::new(info, true);
    // SAFETY: N1: just made, and kept below.
    let inner = unsafe { (*inner).clone() };
    let handle = PolyplugContract {
        own: ptr::from_ref(&*own).cast(),
        ..inner
    };
    description.own_contracts.push(own);
    give_open(handle, Lent(description))
}

/// A contract as a program describes it that was compiled with its header: `demo_greeter_contract()`. All of it is copied. What is
/// found with it is compared with it, and what does not fit is an error that says what differs.
///
/// # Safety
/// The crate's. The description is one that `cargo polyplug headers` wrote.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_contract_described(
    descriptor: *const PolyplugContractDescriptor,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugContract {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            if descriptor.is_null() || !descriptor.is_aligned() {
                let message = "a description was expected, and this is null or not aligned";
                return Err(Failure::new("wrong-handle", message.to_owned()));
            }
            let contract = DynamicContract::described(descriptor).map_err(|reason| {
                Failure::new(
                    "malformed-description",
                    format!("the description of a contract is none: {reason}"),
                )
            })?;
            Ok(described(contract.info()))
        })
    }
}

/// A contract, ready to be called.
///
/// # Safety
/// 1. The crate's first: or a contract that a type points to.
pub(crate) unsafe fn dynamic<'h>(
    contract: *const PolyplugContract,
) -> Result<&'h DynamicContract, Failure> {
    // SAFETY: clause 1.
    let own = unsafe { own(contract) }?;
    Ok(own.dynamic.get_or_init(|| DynamicContract::new(&own.info)))
}

/// # Safety
/// 1. As for [`dynamic`].
unsafe fn own<'h>(contract: *const PolyplugContract) -> Result<&'h OwnContract, Failure> {
    // SAFETY: clause 1.
    let contract = unsafe { open(contract) }?;
    // SAFETY: N1: written by `described` or `Description::contract`.
    Ok(unsafe { &*contract.own.cast::<OwnContract>() })
}

/// A type, as it was described.
///
/// # Safety
/// 1. Null, or a type of a contract that is not released.
pub(crate) unsafe fn type_info<'h>(ty: *const PolyplugType) -> Result<&'h TypeInfo, Failure> {
    if ty.is_null() || !ty.is_aligned() {
        let message = "a type was expected, and this is null or not aligned";
        return Err(Failure::new("wrong-handle", message.to_owned()));
    }
    // SAFETY: clause 1, N1.
    Ok(unsafe { &*(*ty).own.cast::<TypeInfo>() })
}

/// Whether it is a contract that a type points to, which goes with that.
///
/// # Safety
/// 1. The crate's first.
pub(crate) unsafe fn belongs_to_another(handle: *const c_void) -> bool {
    // SAFETY: clause 1.
    unsafe {
        is::<PolyplugContract>(handle)
            && own(handle.cast()).is_ok_and(|contract| !contract.is_handle)
    }
}
