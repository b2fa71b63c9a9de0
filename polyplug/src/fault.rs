//! What a call yields instead of a value: [`Fault`], its record, and the ways to get one as a value.
//!
//! What is held: a counted pointer to a [`FaultRecord`]. Who may touch it: only this file builds and frees records.
//!
//! What is always true:
//!
//! * **F1** A `Fault` owns one count of its record, whose `table` counts it, whichever image made it.
//! * **F2** A record never changes after it was made, and its texts are UTF-8 that live as long as it does.

use core::any::Any;
use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering, fence};
use std::collections::HashMap;
use std::error::Error;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};

use polyplug_abi::{
    FaultParts, FaultRecord, FaultTable, Slice, TypeDescriptor, fault_kind, type_kind,
};

use crate::data::{Arena, ByAddress, Data, NotPlain};
use crate::{image, panics};

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// The plugin panicked.
    Panicked,
    /// The plugin threw an exception or raised an error, in another language than Rust.
    Threw,
    /// The plugin is no longer there.
    Unloaded,
    /// A value broke the rules of its type.
    InvalidValue,
    /// A borrowed result did not come from an argument.
    EscapedBorrow,
    /// An enum value that this side does not know.
    UnknownVariant,
    /// A method that the other side does not have.
    UnknownMethod,
    /// Made on purpose, with [`Fault::new`].
    Raised,
    /// A kind that this version does not know.
    Other(u32),
}

impl FaultKind {
    const NAMES: [(Self, u32, &'static str); 8] = [
        (Self::Panicked, fault_kind::PANICKED, "panicked"),
        (Self::Threw, fault_kind::THREW, "threw"),
        (Self::Unloaded, fault_kind::UNLOADED, "unloaded"),
        (
            Self::InvalidValue,
            fault_kind::INVALID_VALUE,
            "invalid-value",
        ),
        (
            Self::EscapedBorrow,
            fault_kind::ESCAPED_BORROW,
            "escaped-borrow",
        ),
        (
            Self::UnknownVariant,
            fault_kind::UNKNOWN_VARIANT,
            "unknown-variant",
        ),
        (
            Self::UnknownMethod,
            fault_kind::UNKNOWN_METHOD,
            "unknown-method",
        ),
        (Self::Raised, fault_kind::RAISED, "raised"),
    ];

    fn from_number(number: u32) -> Self {
        Self::NAMES
            .iter()
            .find(|row| row.1 == number)
            .map_or(Self::Other(number), |row| row.0)
    }
}

/// Where in the source of a plugin something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    file: &'a str,
    line: u32,
    column: u32,
}

impl<'a> Location<'a> {
    /// The file, as the compiler of the plugin named it.
    #[must_use]
    pub fn file(&self) -> &'a str {
        self.file
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The column, from 1; 0 when unknown.
    #[must_use]
    pub fn column(&self) -> u32 {
        self.column
    }
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What a call yields instead of a value when the other side panicked, threw, broke a rule, or is gone.
///
/// A contract method that returns `Result<T, E>` with `E: From<Fault>` gives it to you as `Err`. Any other method
/// raises it in the caller, as a joined thread would: catch it with [`catch`].
///
/// Prints as `plugin, contract.method: message (file:line)`. Cloning is cheap.
pub struct Fault(NonNull<FaultRecord>);

// SAFETY: F1 counts atomically, F2 makes the rest read-only.
unsafe impl Send for Fault {}
// SAFETY: as above.
unsafe impl Sync for Fault {}

impl Fault {
    /// A fault of your own, with [`FaultKind::Raised`].
    #[must_use]
    pub fn new(message: impl AsRef<str>) -> Self {
        Self::of_kind(fault_kind::RAISED, message.as_ref())
    }

    /// A fault that code in another language raised, with [`FaultKind::Threw`]: in this plugin, at this file and line if that
    /// is known, with a traceback or nothing. For loaders.
    #[cfg(feature = "loader")]
    #[must_use]
    pub fn thrown(plugin: &str, message: &str, place: Option<(&str, u32)>, trace: &str) -> Self {
        let (file, line) = place.unwrap_or_default();
        Self::from_parts(&FaultParts {
            file: Slice::text(file),
            line,
            trace: Slice::text(trace),
            plugin: Slice::text(plugin),
            ..FaultParts::new(fault_kind::THREW, Slice::text(message))
        })
    }

    /// What kind of thing went wrong.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        FaultKind::from_number(self.record().kind)
    }

    /// A stable word for the kind, for logs and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        let kind = self.kind();
        FaultKind::NAMES
            .iter()
            .find(|row| row.0 == kind)
            .map_or("other", |row| row.2)
    }

    /// What happened, in the words of the plugin.
    #[must_use]
    pub fn message(&self) -> &str {
        self.text(self.record().message)
    }

    /// Where in the plugin's source it happened, when that is known.
    #[must_use]
    pub fn location(&self) -> Option<Location<'_>> {
        let record = self.record();
        let file = self.text(record.file);
        (!file.is_empty()).then_some(Location {
            file,
            line: record.line,
            column: record.column,
        })
    }

    /// The traceback, in languages that make one.
    #[must_use]
    pub fn trace(&self) -> Option<&str> {
        Some(self.text(self.record().trace)).filter(|text| !text.is_empty())
    }

    /// The plugin in which it happened; `host` for the program itself.
    #[must_use]
    pub fn plugin(&self) -> &str {
        self.text(self.record().plugin)
    }

    /// The id of the contract that was called, or nothing when it was no call.
    #[must_use]
    pub fn contract(&self) -> &str {
        self.text(self.record().contract)
    }

    /// The method that was called, or nothing when it was no call.
    #[must_use]
    pub fn method(&self) -> &str {
        self.text(self.record().method)
    }

    pub(crate) fn of_kind(kind: u32, message: &str) -> Self {
        Self::from_parts(&FaultParts::new(kind, Slice::text(message)))
    }

    pub(crate) fn from_parts(parts: &FaultParts) -> Self {
        // SAFETY: the core's function, with parts whose texts live for the call.
        let record = unsafe { (image::host().fault_new)(parts) };
        // SAFETY: F1: it returns a record with one count.
        unsafe { Self::from_raw(record) }
    }

    /// # Safety
    /// 1. `record` is not null, and one count of it is handed over.
    pub(crate) unsafe fn from_raw(record: *const FaultRecord) -> Self {
        // SAFETY: clause 1, kept by the caller.
        Self(unsafe { NonNull::new_unchecked(record.cast_mut()) })
    }

    /// A fault of these parts: for a binding. Text that is no UTF-8 is repaired.
    ///
    /// # Safety
    /// 1. The texts are readable.
    #[must_use]
    pub unsafe fn from_record_parts(parts: &FaultParts) -> Self {
        Self::from_parts(parts)
    }

    /// Its record, with the one count that this value had: for a binding that hands faults over.
    pub fn into_record(self) -> *mut FaultRecord {
        self.into_raw()
    }

    /// A fault by its record.
    ///
    /// # Safety
    /// 1. The record lives, and one count of it is handed over.
    #[must_use]
    pub unsafe fn from_record(record: NonNull<FaultRecord>) -> Self {
        Self(record)
    }

    pub(crate) fn into_raw(self) -> *mut FaultRecord {
        let record = self.0.as_ptr();
        core::mem::forget(self);
        record
    }

    pub(crate) fn record(&self) -> &FaultRecord {
        // SAFETY: F1, F2.
        unsafe { self.0.as_ref() }
    }

    #[expect(
        clippy::unused_self,
        reason = "ties the text to the record that holds it"
    )]
    fn text(&self, slice: Slice) -> &str {
        // SAFETY: F2.
        unsafe { slice.str() }
    }

    /// Fills in who was called, unless an inner call already did. `plugin` is empty for an object, whose
    /// maker put its own name in.
    #[cold]
    pub(crate) fn called(self, plugin: &str, contract: &str, method: &str) -> Self {
        let record = self.record();
        if record.contract.len != 0 {
            return self;
        }
        Self::from_parts(&FaultParts {
            size: size_of::<FaultParts>() as u32,
            kind: record.kind,
            message: record.message,
            file: record.file,
            line: record.line,
            column: record.column,
            trace: record.trace,
            plugin: if plugin.is_empty() {
                record.plugin
            } else {
                Slice::text(plugin)
            },
            contract: Slice::text(contract),
            method: Slice::text(method),
        })
    }

    /// Raises the fault in the caller. The first of each (plugin, method) is written to standard error, unless a
    /// [`catch`] waits for it.
    #[cold]
    pub(crate) fn raise(self) -> ! {
        if !panics::is_awaited() {
            // SAFETY: the core's function, with a live record.
            unsafe { (image::host().fault_unhandled)(self.0.as_ptr()) };
        }
        panic::resume_unwind(Box::new(self))
    }
}

impl Clone for Fault {
    fn clone(&self) -> Self {
        // SAFETY: F1: the table of a live record.
        unsafe { ((*self.record().table).retain)(self.0.as_ptr()) };
        Self(self.0)
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        // SAFETY: F1: gives up the count that this value owns.
        unsafe { ((*self.record().table).release)(self.0.as_ptr()) };
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.plugin().is_empty() {
            f.write_str(self.plugin())?;
            if self.contract().is_empty() {
                f.write_str(": ")?;
            } else {
                write!(f, ", {}.{}: ", self.contract(), self.method())?;
            }
        }
        f.write_str(self.message())?;
        if let Some(location) = self.location() {
            write!(f, " ({location})")?;
        }
        if f.alternate()
            && let Some(trace) = self.trace()
        {
            write!(f, "\n{trace}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

impl Error for Fault {}

impl PartialEq for Fault {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
            || (self.kind() == other.kind()
                && self.message() == other.message()
                && self.location() == other.location()
                && self.plugin() == other.plugin()
                && self.contract() == other.contract()
                && self.method() == other.method())
    }
}

// SAFETY: D1: a pointer to a record. D4: lent without a count, D5: given with one.
unsafe impl Data for Fault {
    type Lent = *const FaultRecord;
    type Owned = *const FaultRecord;
    type Taken<'c> = Self;
    type Travel = ByAddress;
    type Bits = NotPlain;
    type Objects = ();
    const TYPE: &'static TypeDescriptor = &TypeDescriptor {
        lent_size: size_of::<*const FaultRecord>(),
        lent_align: align_of::<*const FaultRecord>(),
        owned_size: size_of::<*const FaultRecord>(),
        owned_align: align_of::<*const FaultRecord>(),
        ..TypeDescriptor::of_kind(type_kind::FAULT)
    };

    fn lend(&self, _: &Arena) -> *const FaultRecord {
        self.0.as_ptr()
    }
    unsafe fn take(lent: &*const FaultRecord, _: &Arena) -> Self {
        // SAFETY: D2: a live record for the call; the value made here is forgotten, only its clone is counted.
        let lent = core::mem::ManuallyDrop::new(unsafe { Self::from_raw(*lent) });
        Self::clone(&lent)
    }
    fn give(self) -> *const FaultRecord {
        self.into_raw()
    }
    unsafe fn receive(owned: *const FaultRecord, _: &Arena) -> Self {
        // SAFETY: D5: the count comes with the value.
        unsafe { Self::from_raw(owned) }
    }
    fn error_of(fault: Fault) -> Result<Self, Fault> {
        Ok(fault)
    }
}

/// Runs `f`, and gives back as a value whatever fault or panic it raises, silently.
///
/// # Errors
/// The fault that `f` raised; a panic of `f` itself as a fault of kind [`FaultKind::Panicked`].
pub fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Fault> {
    let awaiting = panics::Awaiting::begin();
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    drop(awaiting);
    result.map_err(caught)
}

/// Turns a panic's payload into a fault, and gets rid of the payload whatever its destructor does.
#[cold]
#[inline(never)]
pub(crate) fn caught(payload: Box<dyn Any + Send>) -> Fault {
    let payload = match payload.downcast::<Fault>() {
        Ok(fault) => return *fault,
        Err(payload) => payload,
    };
    let place = panics::last_place();
    let message = if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "panicked with a payload that is no text"
    };
    let name = image::name();
    let fault = Fault::from_parts(&FaultParts {
        file: Slice::text(place.file()),
        line: place.line,
        column: place.column,
        plugin: Slice::text(&name),
        ..FaultParts::new(fault_kind::PANICKED, Slice::text(message))
    });
    discard(payload);
    fault
}

/// Gets rid of a payload. A destructor that panics makes a second payload, whose destructor may panic as well: text is
/// dropped, anything else is left behind rather than end the process.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(second) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)))
        && !second.is::<&'static str>()
        && !second.is::<String>()
    {
        core::mem::forget(second);
    }
}

// The record, and the functions that the core offers for it.

#[repr(C)]
struct OwnedRecord {
    record: FaultRecord,
    count: AtomicUsize,
    texts: String,
}

static TABLE: FaultTable = FaultTable {
    size: size_of::<FaultTable>() as u32,
    flags: 0,
    retain: fault_retain,
    release: fault_release,
};

/// # Safety
/// 1. `fault` is a live record made by [`fault_new`] of this image.
unsafe extern "C" fn fault_retain(fault: *const FaultRecord) {
    // SAFETY: clause 1: the record is the first field of an `OwnedRecord`.
    let owned = unsafe { &*fault.cast::<OwnedRecord>() };
    owned.count.fetch_add(1, Ordering::Relaxed);
}

/// # Safety
/// 1. As for [`fault_retain`]; one count is given up.
unsafe extern "C" fn fault_release(fault: *const FaultRecord) {
    // SAFETY: clause 1.
    let owned = unsafe { &*fault.cast::<OwnedRecord>() };
    // Pairs with itself in other threads: the last one sees all uses before it frees.
    if owned.count.fetch_sub(1, Ordering::Release) == 1 {
        fence(Ordering::Acquire);
        // SAFETY: clause 1, and nobody else counts any more.
        drop(unsafe { Box::from_raw(fault.cast::<OwnedRecord>().cast_mut()) });
    }
}

/// See [`Host::fault_new`](polyplug_abi::Host::fault_new).
///
/// # Safety
/// 1. `parts` is readable to its stated size, its texts for the call.
pub(crate) unsafe extern "C" fn fault_new(parts: *const FaultParts) -> *mut FaultRecord {
    // SAFETY: clause 1; ABI 1 has no smaller version of the struct.
    let parts = unsafe { &*parts };
    let mut texts = String::new();
    let mut spans = [(0_usize, 0_usize); 6];
    let given = [
        parts.message,
        parts.file,
        parts.trace,
        parts.plugin,
        parts.contract,
        parts.method,
    ];
    for (span, slice) in spans.iter_mut().zip(given) {
        // SAFETY: clause 1.
        let text = String::from_utf8_lossy(unsafe { slice.bytes() });
        *span = (texts.len(), text.len());
        texts.push_str(&text);
    }
    let at = |index: usize| -> Slice {
        let (start, len) = spans[index];
        Slice::text(&texts[start..start + len])
    };
    let record = FaultRecord {
        size: size_of::<FaultRecord>() as u32,
        kind: parts.kind,
        table: &raw const TABLE,
        message: at(0),
        file: at(1),
        line: parts.line,
        column: parts.column,
        trace: at(2),
        plugin: at(3),
        contract: at(4),
        method: at(5),
    };
    // Moving the string does not move its bytes, to which the record points.
    Box::into_raw(Box::new(OwnedRecord {
        record,
        count: AtomicUsize::new(1),
        texts,
    }))
    .cast()
}

static UNHANDLED: Mutex<Option<HashMap<String, u64>>> = Mutex::new(None);

/// See [`Host::fault_unhandled`](polyplug_abi::Host::fault_unhandled).
///
/// # Safety
/// 1. `fault` is a live record.
pub(crate) unsafe extern "C" fn fault_unhandled(fault: *const FaultRecord) {
    // SAFETY: clause 1; the value made here is forgotten, so no count is given up.
    let fault = core::mem::ManuallyDrop::new(unsafe { Fault::from_raw(fault) });
    let key = format!(
        "{}\0{}\0{}",
        fault.plugin(),
        fault.contract(),
        fault.method()
    );
    let mut seen = UNHANDLED.lock().unwrap_or_else(PoisonError::into_inner);
    let count = seen
        .get_or_insert_with(HashMap::new)
        .entry(key)
        .or_insert(0);
    *count += 1;
    if *count == 1 {
        report_line(&format!("polyplug: {}", *fault));
    }
}

/// Writes a line to standard error, and does not mind when that is closed.
pub(crate) fn report_line(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// See [`Host::report`](polyplug_abi::Host::report).
///
/// # Safety
/// 1. `text` points to `len` bytes.
pub(crate) unsafe extern "C" fn report(text: *const u8, len: usize) {
    // SAFETY: clause 1.
    let bytes = unsafe { Slice { ptr: text, len }.bytes() };
    let line = String::from_utf8_lossy(bytes);
    if !crate::log::report(&line) {
        report_line(&line);
    }
}

const _: () = assert!(core::mem::offset_of!(OwnedRecord, record) == 0);

impl fmt::Debug for OwnedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.texts)
    }
}
