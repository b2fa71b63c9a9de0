//! Panics on their way to becoming faults: containment, the place where they happened, and who waits for them.
//!
//! Nothing here registers a thread-local destructor: this code runs on host threads, inside a plugin's image.

use core::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::OnceLock;

use crate::fault::{self, Fault};
use crate::{image, own_thread};

/// Where the last panic of this thread, in this image, happened. A copy: nothing points into the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    bytes: [u8; Self::ROOM],
    len: usize,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Place {
    const ROOM: usize = 232;
    const NONE: Self = Self {
        bytes: [0; Self::ROOM],
        len: 0,
        line: 0,
        column: 0,
    };

    fn of(location: &panic::Location<'_>) -> Self {
        let file = location.file();
        // The end of a long path says more than its start.
        let start = (file.len().saturating_sub(Self::ROOM)..=file.len())
            .find(|&at| file.is_char_boundary(at));
        let tail = &file.as_bytes()[start.unwrap_or(file.len())..];
        let mut place = Self {
            len: tail.len(),
            line: location.line(),
            column: location.column(),
            ..Self::NONE
        };
        place.bytes[..tail.len()].copy_from_slice(tail);
        place
    }

    pub(crate) fn file(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

/// The hook that was there before, where panics are printed.
static PRINTED_BY: OnceLock<PanicHook> = OnceLock::new();

type PanicHook = Box<dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync>;

thread_local! {
    static LAST: Cell<Place> = const { Cell::new(Place::NONE) };
    static AWAITED: Cell<u32> = const { Cell::new(0) };
}

/// Takes the place of the last panic; nothing when no hook is installed in this image.
pub(crate) fn last_place() -> Place {
    LAST.try_with(|last| last.replace(Place::NONE))
        .unwrap_or(Place::NONE)
}

/// Installs this image's panic hook: it remembers the place, and prints only when asked to. A panic on a thread that this
/// image started itself is nobody's fault to take: it is reported to the host.
///
/// Only for images loaded as a module, which have their own copy of the standard library. The hook captures nothing, and
/// what it needs lies in statics: memory that only the image knows would be lost with each image that is unmapped.
pub(crate) fn install_hook(output: bool) {
    let previous = panic::take_hook();
    if output {
        let _ = PRINTED_BY.set(previous);
    }
    panic::set_hook(Box::new(|info| {
        if let Some(location) = info.location() {
            let _ = LAST.try_with(|last| last.set(Place::of(location)));
        }
        if let Some(print) = PRINTED_BY.get() {
            print(info);
        } else if own_thread::is_of_this_image() {
            report(info);
        }
    }));
}

/// Tells the host of a panic on a thread of this image.
#[cold]
fn report(info: &panic::PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("a payload that is no text");
    let place = info.location().map_or_else(String::new, |place| {
        format!(" ({}:{})", place.file(), place.line())
    });
    let text = format!(
        "polyplug: a thread of `{}` panicked: {message}{place}",
        image::name()
    );
    // SAFETY: the core's function, with text that lives for the call.
    unsafe { (image::host().report)(text.as_ptr(), text.len()) };
}

/// Tells the host of a panic in the destructor of an object that the other side dropped.
#[cold]
pub(crate) fn report_drop(fault: &Fault) {
    let text = format!(
        "polyplug: an object of `{}` panicked while it was dropped: {fault}",
        image::name()
    );
    // SAFETY: the core's function, with text that lives for the call.
    unsafe { (image::host().report)(text.as_ptr(), text.len()) };
}

/// Runs `f`; a panic in it is a fault.
#[inline(always)]
pub(crate) fn contain<T>(f: impl FnOnce() -> T) -> Result<T, Fault> {
    match panic::catch_unwind(AssertUnwindSafe(f)) {
        Ok(value) => Ok(value),
        Err(payload) => Err(fault::caught(payload)),
    }
}

/// While it lives, a fault raised on this thread is somebody's value, not news.
pub(crate) struct Awaiting(());

impl Awaiting {
    pub(crate) fn begin() -> Self {
        let _ = AWAITED.try_with(|awaited| awaited.set(awaited.get() + 1));
        Self(())
    }
}

impl Drop for Awaiting {
    fn drop(&mut self) {
        let _ = AWAITED.try_with(|awaited| awaited.set(awaited.get().saturating_sub(1)));
    }
}

/// Whether somebody will take a fault raised here as a value: a [`catch`](crate::catch) further up, or, in an
/// image loaded as a module, the shim that contains every call into it.
pub(crate) fn is_awaited() -> bool {
    image::is_module() || AWAITED.try_with(Cell::get).unwrap_or(0) > 0
}
