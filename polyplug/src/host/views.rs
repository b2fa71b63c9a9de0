//! Interfaces in the method order of the image that asks for them.
//!
//! What is held: tables of function pointers, made here and kept for the life of the process, because images stay mapped.
//! Who may touch it: whoever resolves a provider, and images that receive an object.
//!
//! What is always true:
//!
//! * **W1** The functions of a view are those of the provider, found by name; a word is null only for a method with a
//!   default body.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use polyplug_abi::{ContractDescriptor, InterfaceHeader, method_flags};

/// Views that were made: (interface, descriptor of the asking image) to view, all as addresses.
static VIEWS: Mutex<Option<HashMap<(usize, usize), usize>>> = Mutex::new(None);

/// An interface in the order of `wanted`, or the methods that are missing.
///
/// # Safety
/// 1. Both point to well-formed data of images that stay mapped.
pub(crate) unsafe fn view(
    interface: *const InterfaceHeader,
    wanted: *const ContractDescriptor,
) -> Result<*const InterfaceHeader, Vec<String>> {
    // SAFETY: clause 1.
    let (header, wanted_contract) = unsafe { (&*interface, &*wanted) };
    // SAFETY: clause 1.
    let provided = unsafe { methods(header.contract) };
    // SAFETY: clause 1.
    let needed = unsafe { methods(wanted) };
    let functions = interface.wrapping_add(1).cast::<usize>();
    let count = header.method_count as usize;
    if header.order == wanted_contract.order && count == needed.len() {
        let missing: Vec<_> = needed
            .iter()
            .enumerate()
            .filter(|(index, (_, has_default))| {
                // SAFETY: clause 1: `method_count` words follow the header.
                let function = unsafe { *functions.add(*index) };
                !has_default && function == 0
            })
            .map(|(_, (name, _))| (*name).to_owned())
            .collect();
        return if missing.is_empty() {
            Ok(interface)
        } else {
            Err(missing)
        };
    }
    let mut views = VIEWS.lock().unwrap_or_else(PoisonError::into_inner);
    let views = views.get_or_insert_with(HashMap::new);
    if let Some(&view) = views.get(&(interface.addr(), wanted.addr())) {
        return Ok(core::ptr::with_exposed_provenance(view));
    }
    let mut missing = Vec::new();
    let mut words = vec![0_usize; size_of::<InterfaceHeader>() / size_of::<usize>() + needed.len()];
    for (at, (name, has_default)) in needed.iter().enumerate() {
        let function = provided
            .iter()
            .take(count)
            .position(|(provided, _)| provided == name)
            // SAFETY: clause 1: `method_count` words follow the header.
            .map_or(0, |index| unsafe { *functions.add(index) });
        if function == 0 && !has_default {
            missing.push((*name).to_owned());
        }
        words[size_of::<InterfaceHeader>() / size_of::<usize>() + at] = function;
    }
    if !missing.is_empty() {
        return Err(missing);
    }
    let view = words.leak().as_mut_ptr().cast::<InterfaceHeader>();
    let head = InterfaceHeader {
        size: (size_of::<InterfaceHeader>() + needed.len() * size_of::<usize>()) as u32,
        method_count: needed.len() as u32,
        order: wanted_contract.order,
        ..*header
    };
    // SAFETY: the words were just allocated, with room for the head, and are aligned to a word.
    unsafe { view.write(head) };
    views.insert((interface.addr(), wanted.addr()), view.expose_provenance());
    Ok(view)
}

/// Names of the methods, and whether they have a default body.
///
/// # Safety
/// 1. `contract` is null or points to a well-formed descriptor.
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

/// See [`Host::adapt`](polyplug_abi::Host::adapt).
///
/// # Safety
/// 1. As for [`view`].
pub(crate) unsafe extern "C" fn adapt(
    interface: *const InterfaceHeader,
    wanted: *const ContractDescriptor,
) -> *const InterfaceHeader {
    // SAFETY: clause 1.
    unsafe { view(interface, wanted) }.unwrap_or(core::ptr::null())
}

const _: () = assert!(size_of::<InterfaceHeader>().is_multiple_of(size_of::<usize>()));
