//! Images that this core has mapped: the libraries of modules, who holds them, and how they go.
//!
//! What is held: an open library and its private copy. Who may touch it: the load that opened it, objects and instances by
//! count, the reaper at the end.
//!
//! What is always true:
//!
//! * **M1** A library is closed only by [`Mapped::unmap`], on a thread outside every plugin call, when nobody holds it: no
//!   generation's state, no instance, no object, no thread, and no destructor of a thread-local.
//! * **M2** A count of an image is given up by code that lies elsewhere, after the image's own code has returned.
//! * **M3** [`TRAVELLING`] has one count for each owner of an object that somebody else than its maker gave away, from
//!   before the giver gives up its own count until the owner has arrived; [`UNDER_WAY`] is how many those are.

use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use libloading::Library;

use super::copy::PrivateCopy;
use super::sources::GuestHold;
use super::threads::{self, Ledger, ThreadHolder};
use super::{describers, domain, reaper, views};

/// A mapped library.
pub(crate) struct Mapped {
    content: Mutex<Option<Content>>,
    /// Nothing for a guest.
    copy: Option<PrivateCopy>,
    /// Where it lies: start and end of the addresses, when the system tells.
    range: OnceLock<(usize, usize)>,
    /// Objects and instances of it.
    holds: AtomicUsize,
    /// How often that was counted up, written after it.
    rises: AtomicUsize,
    /// Its threads, and destructors on other threads.
    pub(crate) ledger: Arc<Ledger>,
    /// Why it is never unmapped, if so.
    stays: Mutex<Option<String>>,
    closed: AtomicBool,
}

// SAFETY: the library is only opened, asked for symbols and closed, which any thread may do.
unsafe impl Send for Mapped {}
// SAFETY: as above.
unsafe impl Sync for Mapped {}

/// What is closed in the end.
enum Content {
    Library(Library),
    /// No image, but what a loader opened.
    Guest(#[expect(dead_code, reason = "kept for its drop")] GuestHold),
}

/// The images that are mapped, by where they lie.
static MAPPED: RwLock<Vec<(usize, usize, Arc<Mapped>)>> = RwLock::new(Vec::new());

impl Mapped {
    pub(crate) fn new(library: Library, copy: PrivateCopy) -> Arc<Self> {
        let ledger = Ledger::new();
        threads::set_on_clear(reaper::wake);
        let mapped = Arc::new(Self {
            content: Mutex::new(Some(Content::Library(library))),
            copy: Some(copy),
            range: OnceLock::new(),
            holds: AtomicUsize::new(0),
            rises: AtomicUsize::new(0),
            ledger,
            stays: Mutex::new(None),
            closed: AtomicBool::new(false),
        });
        if let Some((start, end)) = system::range_of(&copy_path(&mapped)) {
            let _ = mapped.range.set((start, end));
            MAPPED
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .push((start, end, Arc::clone(&mapped)));
        } else {
            mapped.stay("this system does not tell where a library lies");
        }
        mapped
    }

    /// What a loader opened.
    pub(crate) fn guest(guest: GuestHold) -> Arc<Self> {
        Arc::new(Self {
            content: Mutex::new(Some(Content::Guest(guest))),
            copy: None,
            range: OnceLock::new(),
            holds: AtomicUsize::new(0),
            rises: AtomicUsize::new(0),
            ledger: Ledger::new(),
            stays: Mutex::new(None),
            closed: AtomicBool::new(false),
        })
    }

    /// Asks the library something.
    pub(crate) fn with_library<T>(&self, ask: impl FnOnce(&Library) -> T) -> Option<T> {
        let content = self.content.lock().unwrap_or_else(PoisonError::into_inner);
        match content.as_ref() {
            Some(Content::Library(library)) => Some(ask(library)),
            _ => None,
        }
    }

    /// It is never unmapped from now on.
    pub(crate) fn stay(&self, why: &str) {
        let mut stays = self.stays.lock().unwrap_or_else(PoisonError::into_inner);
        stays.get_or_insert_with(|| why.to_owned());
    }

    /// Why it is never unmapped, if so.
    pub(crate) fn stays(&self) -> Option<String> {
        if domain::was_forked() {
            return Some("this process was forked from the one that loaded it".to_owned());
        }
        let stays = self.stays.lock().unwrap_or_else(PoisonError::into_inner);
        stays.clone()
    }

    pub(crate) fn hold(&self) {
        self.holds.fetch_add(1, Ordering::SeqCst);
        self.rises.fetch_add(1, Ordering::SeqCst);
    }

    /// M2 is the caller's to keep.
    pub(crate) fn give_up(&self) {
        if self.holds.fetch_sub(1, Ordering::SeqCst) == 1 {
            reaper::wake();
        }
    }

    /// How many instances and objects hold it.
    pub(crate) fn holds(&self) -> usize {
        self.holds.load(Ordering::SeqCst)
    }

    pub(crate) fn threads(&self) -> Vec<ThreadHolder> {
        self.ledger.holders()
    }

    /// Runs what the calling thread would run at its end for this image.
    ///
    /// # Safety
    /// 1. Nobody is inside a generation of the image, its states are gone, and no instance or object of it is left: so no frame
    ///    of it is on this thread's stack, and this thread will not call it again.
    pub(crate) unsafe fn end_thread_locals_here(&self) {
        // SAFETY: clause 1.
        unsafe { self.ledger.end_thread_locals_here() };
    }

    /// Whether nobody holds it. Only when nobody is inside a generation of it.
    ///
    /// A thread of the image may give an object away and end between the two looks. Then the count rose between them, and
    /// that was written before the thread ended. What the other way round goes unseen is none: what registers a thread
    /// holds the image until it has done so.
    pub(crate) fn is_free(&self) -> bool {
        let rises = self.rises.load(Ordering::SeqCst);
        self.holds() == 0 && self.ledger.is_clear() && self.rises.load(Ordering::SeqCst) == rises
    }

    /// Closes the library, and says whether it is gone. May be called again when it was not.
    ///
    /// # Safety
    /// 1. M1.
    pub(crate) unsafe fn unmap(&self) -> bool {
        if !self.closed.swap(true, Ordering::SeqCst) {
            MAPPED
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .retain(|(_, _, mapped)| !core::ptr::eq(&raw const **mapped, self));
            if let Some(&(start, end)) = self.range.get() {
                views::forget(start..end);
                describers::forget(start..end);
            }
            let content = self
                .content
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            match content {
                // Whether it is gone is asked of the system, below.
                Some(Content::Library(library)) => drop(library.close()),
                other => drop(other),
            }
        } else if let Some(copy) = &self.copy {
            system::collect(&copy.path);
        }
        let Some(copy) = &self.copy else {
            return true;
        };
        let gone = system::range_of(&copy.path).is_none();
        if gone {
            copy.remove();
        }
        gone
    }
}

impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mapped({})", copy_path(self).display())
    }
}

/// The counts that travel with owners of objects, by the release function and the state of the object (M3): how many, of
/// which image.
static TRAVELLING: Mutex<BTreeMap<Object, (usize, Arc<Mapped>)>> = Mutex::new(BTreeMap::new());

/// How many counts travel. Whoever receives an owner sees that of its giver, for what hands the owner over orders the two.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// An object, as it is known while it travels: by the addresses of its release function and of its state.
type Object = (usize, usize);

/// The image that an address lies in, with one more count.
pub(crate) fn hold_image_of(address: usize) -> Option<Arc<Mapped>> {
    let mapped = MAPPED.read().unwrap_or_else(PoisonError::into_inner);
    let (_, _, mapped) = mapped
        .iter()
        .find(|(start, end, _)| (*start..*end).contains(&address))?;
    mapped.hold();
    Some(Arc::clone(mapped))
}

/// The count that came with an owner of an object, if one did.
pub(crate) fn arriving(object: Object) -> Option<Arc<Mapped>> {
    travelling(object)
}

/// A count goes with an owner of an object.
pub(crate) fn send(object: Object, mapped: Arc<Mapped>) {
    let mut travelling = TRAVELLING.lock().unwrap_or_else(PoisonError::into_inner);
    let (count, _) = travelling.entry(object).or_insert((0, mapped));
    *count += 1;
    UNDER_WAY.fetch_add(1, Ordering::Relaxed);
}

/// The count that travels with an owner of an object.
#[inline]
fn travelling(object: Object) -> Option<Arc<Mapped>> {
    if UNDER_WAY.load(Ordering::Relaxed) == 0 {
        return None;
    }
    arrived(object)
}

#[cold]
fn arrived(object: Object) -> Option<Arc<Mapped>> {
    let mut travelling = TRAVELLING.lock().unwrap_or_else(PoisonError::into_inner);
    let (count, mapped) = travelling.get_mut(&object)?;
    let mapped = Arc::clone(mapped);
    *count -= 1;
    if *count == 0 {
        travelling.remove(&object);
    }
    UNDER_WAY.fetch_sub(1, Ordering::Relaxed);
    Some(mapped)
}

/// A count, as the outside knows it.
fn kept(mapped: Option<Arc<Mapped>>) -> *const () {
    mapped.map_or(core::ptr::null(), |mapped| Arc::into_raw(mapped).cast())
}

/// See [`Host::keep_image`](polyplug_abi::Host::keep_image).
pub(crate) unsafe extern "C" fn keep_image(release: *const (), state: *const ()) -> *const () {
    let release = release.addr();
    kept(travelling((release, state.addr())).or_else(|| hold_image_of(release)))
}

/// See [`Host::send_image`](polyplug_abi::Host::send_image).
pub(crate) unsafe extern "C" fn send_image(release: *const (), state: *const ()) {
    if let Some(mapped) = hold_image_of(release.addr()) {
        send((release.addr(), state.addr()), mapped);
    }
}

/// See [`Host::take_image`](polyplug_abi::Host::take_image).
pub(crate) unsafe extern "C" fn take_image(release: *const (), state: *const ()) -> *const () {
    kept(travelling((release.addr(), state.addr())))
}

/// See [`Host::release_image`](polyplug_abi::Host::release_image).
///
/// # Safety
/// 1. `kept` is null, or was returned by [`keep_image`] or [`take_image`] and is given up now.
pub(crate) unsafe extern "C" fn release_image(kept: *const ()) {
    if kept.is_null() {
        return;
    }
    // SAFETY: clause 1.
    let mapped = unsafe { Arc::from_raw(kept.cast::<Mapped>()) };
    mapped.give_up();
}

/// Where an address's image was copied from, for messages.
pub(crate) fn copy_path(mapped: &Mapped) -> PathBuf {
    let copy = mapped.copy.as_ref();
    copy.map_or_else(PathBuf::new, |copy| copy.path.clone())
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod system {
    //! What the dynamic loader has mapped, and how it is made to let go.

    use std::ffi::{CStr, CString, OsStr, c_int, c_void};
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::Path;

    struct Search<'p> {
        path: &'p Path,
        found: Option<(usize, usize)>,
    }

    unsafe extern "C" fn visit(
        info: *mut libc::dl_phdr_info,
        _: libc::size_t,
        search: *mut c_void,
    ) -> c_int {
        // SAFETY: the loader calls with a live description and what was given to it.
        let (info, search) = unsafe { (&*info, &mut *search.cast::<Search<'_>>()) };
        if info.dlpi_name.is_null() {
            return 0;
        }
        // SAFETY: a text of the loader's, which lives for the call.
        let name = unsafe { CStr::from_ptr(info.dlpi_name) };
        if Path::new(OsStr::from_bytes(name.to_bytes())) != search.path {
            return 0;
        }
        // SAFETY: the loader's table of that many segments.
        let segments =
            unsafe { core::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
        let loaded = segments
            .iter()
            .filter(|segment| segment.p_type == libc::PT_LOAD);
        let start = loaded.clone().map(|segment| segment.p_vaddr).min();
        let end = loaded
            .map(|segment| segment.p_vaddr + segment.p_memsz)
            .max();
        if let (Some(start), Some(end)) = (start, end) {
            let base = info.dlpi_addr as usize;
            search.found = Some((base + start as usize, base + end as usize));
        }
        1
    }

    /// Where the library of that path lies, if it is mapped.
    pub(super) fn range_of(path: &Path) -> Option<(usize, usize)> {
        let mut search = Search { path, found: None };
        // SAFETY: `visit` takes what is given here.
        unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut search).cast()) };
        search.found
    }

    /// A library that thread-locals held when it was closed goes at the next close of anything (A3): of itself.
    pub(super) fn collect(path: &Path) {
        let Ok(name) = CString::new(path.as_os_str().as_bytes()) else {
            return;
        };
        // SAFETY: only finds what is mapped.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_NOLOAD) };
        if !handle.is_null() {
            // SAFETY: gives back the line above.
            unsafe { libc::dlclose(handle) };
        }
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod system {
    //! Nothing is known of threads and thread-locals here, so nothing is unmapped.
    use std::path::Path;

    pub(super) fn range_of(_: &Path) -> Option<(usize, usize)> {
        None
    }

    pub(super) fn collect(_: &Path) {}
}
