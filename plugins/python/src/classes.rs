//! The Python classes for the data and the objects of contracts: made when one is first met, once for each file.
//!
//! Found again by the address of a description, and then by all the names in it: where a description lay, another may lie
//! when its module is gone.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use polyplug::guest::{ContractView, Field, Method, Remote, Type};
use polyplug::{Fault, Passing, TypeKind};

use crate::file::{File, face};
use crate::interpreter::{Entered, outside};
use crate::python::{Answer, Object};

/// What is known of a file's types.
#[derive(Default)]
pub(crate) struct Classes {
    types: RefCell<HashMap<usize, Known<Made>>>,
    proxies: RefCell<HashMap<usize, Known<Object>>>,
}

/// What was made of something with these names.
struct Known<T> {
    names: Box<[Box<str>]>,
    made: T,
}

/// What was made of a type.
#[derive(Clone)]
pub(crate) enum Made {
    Struct(Rc<Record>),
    Enum(Rc<Variants>),
    Flags(Object),
}

/// A dataclass.
pub(crate) struct Record {
    pub(crate) class: Object,
    /// The fields, by their numbers, in the order in which it takes them: those that may be missing are last.
    pub(crate) order: Box<[usize]>,
}

/// An enum.
pub(crate) struct Variants {
    class: Object,
    /// Members if none carries anything, else classes.
    pub(crate) variants: Vec<Record>,
    pub(crate) names: Box<[Box<str>]>,
    pub(crate) is_plain: bool,
}

impl<T: Clone> Known<T> {
    fn find<'n>(
        known: &RefCell<HashMap<usize, Self>>,
        address: usize,
        names: impl Iterator<Item = &'n str>,
    ) -> Option<T> {
        let known = known.borrow();
        let found = known.get(&address)?;
        let same = names.eq(found.names.iter().map(|name| &**name));
        same.then(|| found.made.clone())
    }

    fn keep<'n>(
        known: &RefCell<HashMap<usize, Self>>,
        address: usize,
        names: impl Iterator<Item = &'n str>,
        made: T,
    ) {
        let names = names.map(Box::from).collect();
        let before = known.borrow_mut().insert(address, Self { names, made });
        // Outside the borrow: what is let go of may run code.
        drop(before);
    }
}

/// All names in a type's own description.
fn names(ty: Type<'_>) -> impl Iterator<Item = &str> {
    let variants = ty.variants().flat_map(|variant| {
        core::iter::once(variant.name()).chain(variant.fields().map(Field::name))
    });
    let bits = (ty.kind() == TypeKind::FLAGS).then(|| match width(ty) {
        8 => "8",
        16 => "16",
        32 => "32",
        _ => "64",
    });
    core::iter::once(ty.name())
        .chain(ty.fields().map(Field::name))
        .chain(variants)
        .chain(bits)
}

/// How many bits a set of them has.
pub(crate) fn width(ty: Type<'_>) -> u32 {
    match ty.element(0).kind() {
        TypeKind::U8 | TypeKind::I8 => 8,
        TypeKind::U16 | TypeKind::I16 => 16,
        TypeKind::U32 | TypeKind::I32 => 32,
        _ => 64,
    }
}

/// Fields by number, those that may be missing last.
fn order<'d>(fields: impl Iterator<Item = Field<'d>>) -> Box<[usize]> {
    let mut numbered: Vec<_> = fields.map(Field::has_default).enumerate().collect();
    numbered.sort_by_key(|&(_, optional)| optional);
    numbered.into_iter().map(|(number, _)| number).collect()
}

/// Pairs of a field's name, and whether it may be missing.
fn fields<'d>(py: &Entered, fields: impl Iterator<Item = Field<'d>>) -> Answer {
    let mut pairs = Vec::new();
    for (number, field) in fields.enumerate() {
        let name = match field.name() {
            "" => py.text(&number.to_string())?,
            name => py.text(name)?,
        };
        pairs.push(py.tuple([name, py.boolean(field.has_default())].into_iter())?);
    }
    py.tuple(pairs.into_iter())
}

impl Classes {
    /// What a struct, an enum or a set of bits is in Python.
    pub(crate) fn of(&self, py: &Entered, file: &File, ty: Type<'_>) -> Answer<Made> {
        if let Some(made) = Known::find(&self.types, ty.address(), names(ty)) {
            return Ok(made);
        }
        let face = face(py)?;
        let make = |kind: &str, parts: Object| {
            let arguments = [
                py.text(kind)?,
                py.text(ty.name())?,
                parts,
                file.made.clone(),
            ];
            py.call(&face.make_class, &arguments)
        };
        let made = match ty.kind() {
            TypeKind::FLAGS => Made::Flags(make("flags", py.unsigned(width(ty).into())?)?),
            TypeKind::ENUM | TypeKind::GROWING_ENUM => {
                let mut parts = Vec::new();
                for variant in ty.variants() {
                    let name = py.text(variant.name())?;
                    let tag = py.unsigned(variant.tag().into())?;
                    let fields = fields(py, variant.fields())?;
                    parts.push(py.tuple([name, tag, fields].into_iter())?);
                }
                let made = make("enum", py.tuple(parts.into_iter())?)?;
                let mut made = py.items(&made)?.into_iter();
                let (Some(class), Some(variants)) = (made.next(), made.next()) else {
                    unreachable!("`make_class` answers with two")
                };
                let variants = py.items(&variants)?.into_iter().zip(ty.variants());
                let variants = variants.map(|(class, variant)| Record {
                    class,
                    order: order(variant.fields()),
                });
                Made::Enum(Rc::new(Variants {
                    class,
                    variants: variants.collect(),
                    names: ty.variants().map(|variant| variant.name().into()).collect(),
                    is_plain: ty.variants().all(|variant| variant.fields().len() == 0),
                }))
            }
            _ => Made::Struct(Rc::new(Record {
                class: make("struct", fields(py, ty.fields())?)?,
                order: order(ty.fields()),
            })),
        };
        Known::keep(&self.types, ty.address(), names(ty), made.clone());
        Ok(made)
    }

    /// Something on the other side as an object.
    pub(crate) fn proxy(&self, py: &Entered, file: &File, remote: Remote) -> Result<Object, Fault> {
        let known = remote.describe(|contract| {
            let names = method_names(contract);
            Known::find(&self.proxies, contract.address(), names)
                .ok_or_else(|| Proxied::of(contract))
        })?;
        self.proxied(py, file, remote, known)
    }

    /// A host contract or a peer as an object: looking at it waits while it is being reloaded.
    pub(crate) fn proxy_of_link(
        &self,
        py: &Entered,
        file: &File,
        remote: Remote,
    ) -> Result<Object, Fault> {
        let described = outside(py, || remote.describe(Proxied::of))?;
        self.proxied(py, file, remote, Err(described))
    }

    fn proxied(
        &self,
        py: &Entered,
        file: &File,
        remote: Remote,
        known: Result<Object, Proxied>,
    ) -> Result<Object, Fault> {
        let made = known.or_else(|described| {
            let class = described.class(py, file)?;
            let names = described.names.iter().map(String::as_str);
            Known::keep(&self.proxies, described.address, names, class.clone());
            Ok(class)
        });
        let made = made.and_then(|class| {
            let handle = py.capsule(file.remote(remote))?;
            py.call(&class, &[handle])
        });
        made.map_err(|raised| file.fault(py, raised))
    }

    /// The classes for the data of a contract, by name.
    pub(crate) fn of_contract(
        &self,
        py: &Entered,
        file: &File,
        contract: ContractView<'_>,
    ) -> Answer {
        let mut found = Vec::new();
        let (mut seen, mut contracts) = (Vec::new(), Vec::new());
        self.gather(
            py,
            file,
            contract,
            &mut (&mut seen, &mut contracts),
            &mut found,
        )?;
        py.dictionary(found.into_iter())
    }

    fn gather(
        &self,
        py: &Entered,
        file: &File,
        contract: ContractView<'_>,
        seen: &mut (&mut Vec<usize>, &mut Vec<usize>),
        found: &mut Vec<(Object, Object)>,
    ) -> Answer<()> {
        if seen.1.contains(&contract.address()) {
            return Ok(());
        }
        seen.1.push(contract.address());
        for method in contract.methods() {
            for argument in method.arguments() {
                self.gather_type(py, file, argument.ty(), seen, found)?;
            }
            self.gather_type(py, file, method.result(), seen, found)?;
        }
        Ok(())
    }

    fn gather_type(
        &self,
        py: &Entered,
        file: &File,
        ty: Type<'_>,
        seen: &mut (&mut Vec<usize>, &mut Vec<usize>),
        found: &mut Vec<(Object, Object)>,
    ) -> Answer<()> {
        if seen.0.contains(&ty.address()) {
            return Ok(());
        }
        seen.0.push(ty.address());
        if let TypeKind::STRUCT
        | TypeKind::GROWING_STRUCT
        | TypeKind::ENUM
        | TypeKind::GROWING_ENUM
        | TypeKind::FLAGS = ty.kind()
        {
            let class = match self.of(py, file, ty)? {
                Made::Struct(record) => record.class.clone(),
                Made::Enum(variants) => variants.class.clone(),
                Made::Flags(class) => class,
            };
            found.push((py.text(ty.name())?, class));
        }
        for element in ty.elements() {
            self.gather_type(py, file, element, seen, found)?;
        }
        let variants = ty.variants().flat_map(|variant| variant.fields());
        for field in ty.fields().chain(variants) {
            self.gather_type(py, file, field.ty(), seen, found)?;
        }
        match ty.contract() {
            Some(contract) => self.gather(py, file, contract, seen, found),
            None => Ok(()),
        }
    }
}

fn method_names(contract: ContractView<'_>) -> impl Iterator<Item = &str> {
    core::iter::once(contract.id())
        .chain(contract.methods().map(Method::name))
        .chain(
            contract
                .methods()
                .flat_map(Method::arguments)
                .map(|argument| argument.name()),
        )
}

/// What the class for an object is made from.
struct Proxied {
    address: usize,
    names: Vec<String>,
    id: String,
    name: String,
    methods: Vec<(String, Vec<String>, bool, Vec<usize>)>,
}

impl Proxied {
    fn of(contract: ContractView<'_>) -> Self {
        let methods = contract.methods().map(|method| {
            let arguments = method.arguments();
            let changing = arguments.clone().enumerate();
            let changing = changing.filter(|(_, argument)| is_changing(argument.passing()));
            (
                method.name().to_owned(),
                arguments
                    .map(|argument| argument.name().to_owned())
                    .collect(),
                method.result().kind() == TypeKind::RESULT,
                changing.map(|(number, _)| number).collect(),
            )
        });
        Self {
            address: contract.address(),
            names: method_names(contract).map(ToOwned::to_owned).collect(),
            id: contract.id().to_owned(),
            name: contract.name().to_owned(),
            methods: methods.collect(),
        }
    }

    fn class(&self, py: &Entered, file: &File) -> Answer {
        let mut methods = Vec::new();
        for (name, parameters, is_result, changing) in &self.methods {
            let parameters: Answer<Vec<_>> = parameters.iter().map(|name| py.text(name)).collect();
            let changing: Answer<Vec<_>> = changing
                .iter()
                .map(|&number| py.unsigned(number as u64))
                .collect();
            let method = [
                py.text(name)?,
                py.tuple(parameters?.into_iter())?,
                py.boolean(*is_result),
                py.tuple(changing?.into_iter())?,
            ];
            methods.push(py.tuple(method.into_iter())?);
        }
        let arguments = [
            py.text(&self.name)?,
            py.text(&self.id)?,
            py.tuple(methods.into_iter())?,
            file.made.clone(),
        ];
        py.call(&face(py)?.proxy_class, &arguments)
    }
}

/// Whether a callee may change such an argument.
pub(crate) fn is_changing(passing: Passing) -> bool {
    passing == Passing::SINK || passing == Passing::SLICE_MUT
}
