//! Interfaces in the method order of the image that asks for them.
//!
//! What is held: tables of function pointers that were made for objects. Who may touch it: generations make theirs, and keep
//! them; images that receive an object ask for one, which is kept here until one of the two images is unmapped.
//!
//! What is always true:
//!
//! * **W1** The functions of a view are those of the provider, found by name; a word is null only for a method with a
//!   default body.
//! * **W2** A view for an object is used only while the object's image and the asking image are mapped.

use core::ops::Range;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use polyplug_abi::{ContractDescriptor, InterfaceHeader, method_flags};

/// What the asking side needs: names of methods, whether they have a default body, and the number of that order.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) methods: Vec<(String, bool)>,
    pub(crate) order: u64,
}

/// An interface as the asking side needs it.
pub(crate) enum View {
    /// The provider's own will do.
    AsItIs,
    /// One that was made: the words of it.
    Made(Box<[usize]>),
}

/// Arranges an interface, or says which methods are missing.
///
/// # Safety
/// 1. The interface is well-formed data of an image that is mapped.
pub(crate) unsafe fn arrange(
    interface: *const InterfaceHeader,
    wanted: &Wanted,
) -> Result<View, Vec<String>> {
    // SAFETY: clause 1.
    let header = unsafe { &*interface };
    let functions = interface.wrapping_add(1).cast::<usize>();
    let count = header.method_count as usize;
    // SAFETY: clause 1: `method_count` words follow the header.
    let function = |index: usize| unsafe { *functions.add(index) };
    let as_it_is = header.order == wanted.order && count == wanted.methods.len();
    // SAFETY: clause 1.
    let provided = unsafe { methods(header.contract) };
    let mut words = vec![0; HEADER_WORDS + wanted.methods.len()];
    let mut missing = Vec::new();
    for (at, (name, has_default)) in wanted.methods.iter().enumerate() {
        let position = if as_it_is {
            Some(at)
        } else {
            let mut known = provided.iter().take(count);
            known.position(|(provided, _)| provided == name)
        };
        let function = position.map_or(0, function);
        if function == 0 && !has_default {
            missing.push(name.clone());
        }
        words[HEADER_WORDS + at] = function;
    }
    if !missing.is_empty() {
        return Err(missing);
    }
    if as_it_is {
        return Ok(View::AsItIs);
    }
    let head = InterfaceHeader {
        size: (words.len() * size_of::<usize>()) as u32,
        method_count: wanted.methods.len() as u32,
        order: wanted.order,
        ..*header
    };
    // SAFETY: the words have room for the head, and are aligned to a word.
    unsafe { words.as_mut_ptr().cast::<InterfaceHeader>().write(head) };
    Ok(View::Made(words.into_boxed_slice()))
}

const HEADER_WORDS: usize = size_of::<InterfaceHeader>() / size_of::<usize>();
const _: () = assert!(size_of::<InterfaceHeader>().is_multiple_of(size_of::<usize>()));

/// Names of the methods, and whether they have a default body.
///
/// # Safety
/// 1. `contract` is null or points to a well-formed descriptor, which lives for `'a`.
unsafe fn methods<'a>(contract: *const ContractDescriptor) -> Vec<(&'a str, bool)> {
    if contract.is_null() {
        return Vec::new();
    }
    // SAFETY: clause 1.
    let pointers = unsafe { (*contract).methods.pointers() };
    pointers
        .iter()
        .map(|&method| {
            // SAFETY: clause 1.
            let method = unsafe { &*method };
            // SAFETY: clause 1.
            (
                unsafe { method.name.str() },
                method.flags & method_flags::DEFAULT != 0,
            )
        })
        .collect()
}

/// What an image needs that describes the contract so.
///
/// # Safety
/// 1. `contract` points to a well-formed descriptor.
pub(crate) unsafe fn wanted_by(contract: *const ContractDescriptor) -> Wanted {
    // SAFETY: clause 1.
    let (methods, order) = unsafe { (methods(contract), (*contract).order) };
    let methods = methods.into_iter();
    Wanted {
        methods: methods
            .map(|(name, has_default)| (name.to_owned(), has_default))
            .collect(),
        order,
    }
}

/// Views that were made for objects, by the interface and the descriptor of the asking image.
type Views = HashMap<(usize, usize), Box<[usize]>>;

static VIEWS: Mutex<Option<Views>> = Mutex::new(None);

/// See [`Host::adapt`](polyplug_abi::Host::adapt).
///
/// # Safety
/// 1. Both are well-formed data of images that are mapped.
pub(crate) unsafe extern "C" fn adapt(
    interface: *const InterfaceHeader,
    wanted: *const ContractDescriptor,
) -> *const InterfaceHeader {
    let mut views = VIEWS.lock().unwrap_or_else(PoisonError::into_inner);
    let views = views.get_or_insert_with(HashMap::new);
    let key = (interface.addr(), wanted.addr());
    if let Some(view) = views.get(&key) {
        return view.as_ptr().cast();
    }
    // SAFETY: clause 1.
    match unsafe { arrange(interface, &wanted_by(wanted)) } {
        Ok(View::AsItIs) => interface,
        Ok(View::Made(words)) => views.entry(key).or_insert(words).as_ptr().cast(),
        Err(_) => core::ptr::null(),
    }
}

/// Forgets what was made for an image that goes (W2): its addresses will be another's.
pub(crate) fn forget(range: Range<usize>) {
    let mut views = VIEWS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(views) = views.as_mut() {
        views
            .retain(|(interface, wanted), _| !range.contains(interface) && !range.contains(wanted));
    }
}
