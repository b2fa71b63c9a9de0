//! Owners of objects in the hands of who calls, or answers, by descriptor. Compiled code makes a proxy of an object that came, and the
//! proxy keeps the maker's image; who knows only a descriptor has nothing but the object itself, so the count is kept here.
//!
//! What is held: a count of the maker's image for every owner that came and was neither released nor passed on, by the object.
//!
//! What is always true:
//!
//! * **W1** There are as many counts of an object here as the host has owners of it that came from an image that may be
//!   unmapped.
//! * **W2** An owner that is passed on takes its count along (O5), and one that is released gives it up once the object's own
//!   code has returned.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use polyplug_abi::Object;

use crate::host::mapped::{self, Mapped};

/// The counts, by the addresses of an object's release function and of its state.
static HELD: Mutex<BTreeMap<(usize, usize), Vec<Arc<Mapped>>>> = Mutex::new(BTreeMap::new());

fn held() -> MutexGuard<'static, BTreeMap<(usize, usize), Vec<Arc<Mapped>>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What an object is known by; nothing for one that is only lent.
fn key(object: &Object) -> Option<(usize, usize)> {
    let release = object.release? as *const ();
    Some((release.addr(), object.state.addr()))
}

fn hold(key: (usize, usize), image: Option<Arc<Mapped>>) {
    if let Some(image) = image {
        held().entry(key).or_default().push(image);
    }
}

fn take(key: (usize, usize)) -> Option<Arc<Mapped>> {
    let mut held = held();
    let images = held.get_mut(&key)?;
    let image = images.pop();
    if images.is_empty() {
        held.remove(&key);
    }
    image
}

/// An owner has come. The image is there: a call of it is not over, or a count came along.
pub(super) fn came(object: &Object) {
    if let Some(key) = key(object) {
        hold(
            key,
            mapped::arriving(key).or_else(|| mapped::hold_image_of(key.0)),
        );
    }
}

/// An owner goes on to somebody who takes its count over, or keeps the image himself.
pub(super) fn passes_on(object: &Object) {
    if let Some(key) = key(object)
        && let Some(image) = take(key)
    {
        mapped::send(key, image);
    }
}

/// Adds an owner to an object. Whether it is one that many may own.
///
/// # Safety
/// 1. The object lives: the host has an owner of it.
pub(super) unsafe fn add(object: &Object) -> bool {
    let (Some(retain), Some(key)) = (object.retain, key(object)) else {
        return false;
    };
    // SAFETY: clause 1.
    unsafe { retain(object.state) };
    hold(key, mapped::hold_image_of(key.0));
    true
}

/// Gives an owner up.
///
/// # Safety
/// 1. The host has it, and gives it up only here.
pub(super) unsafe fn give_up(object: &Object) {
    let (Some(release), Some(key)) = (object.release, key(object)) else {
        return;
    };
    let image = take(key);
    // SAFETY: clause 1; the count keeps its code.
    unsafe { release(object.state) };
    if let Some(image) = image {
        image.give_up();
    }
}
