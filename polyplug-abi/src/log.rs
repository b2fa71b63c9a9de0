//! How records of a plugin's log reach the host's.
//!
//! A place in the source that can make a record is a *site*. The core knows each site by its content and keeps a
//! [`LogSite`] for it in its own memory, which is never freed; an image asks for it once, then reads one word of it to
//! learn that nobody wants its records. Only what is wanted is put into words and sent.
//!
//! All text is UTF-8; the core repairs what is not. Everything that an image passes is copied before the function returns.

use core::sync::atomic::AtomicU32;

use crate::Slice;

/// Who wants the records of a site.
pub mod log_interest {
    /// Nobody, until the host's filter changes.
    pub const NEVER: u32 = 0;
    /// To be asked for each record: [`LogTable::enabled`](super::LogTable::enabled).
    pub const SOMETIMES: u32 = 1;
    /// Somebody; asking is right here too, because it may not be the one who listens on this thread.
    pub const ALWAYS: u32 = 2;
}

/// How much a record matters.
pub mod log_level {
    /// Something failed.
    pub const ERROR: u32 = 1;
    /// Something is not as it should be.
    pub const WARN: u32 = 2;
    /// What happened, for everybody.
    pub const INFO: u32 = 3;
    /// What happened, for the author.
    pub const DEBUG: u32 = 4;
    /// Everything.
    pub const TRACE: u32 = 5;
}

/// What a site makes; flags.
pub mod log_kind {
    /// Events.
    pub const EVENT: u32 = 1;
    /// Spans.
    pub const SPAN: u32 = 2;
    /// Nothing: it only asks whether somebody listens.
    pub const HINT: u32 = 4;
    /// Its target may have been made at run time. When there are too many of them the core takes one for all.
    pub const DYNAMIC: u32 = 8;
}

/// What a [`LogValue`] holds.
pub mod log_value {
    /// Nothing: the field has no value yet.
    pub const NONE: u32 = 0;
    /// `bits[0]`, signed.
    pub const I64: u32 = 1;
    /// `bits[0]`.
    pub const U64: u32 = 2;
    /// `bits`, low first, signed.
    pub const I128: u32 = 3;
    /// `bits`, low first.
    pub const U128: u32 = 4;
    /// `bits[0]`, as the bits of a 64-bit float.
    pub const F64: u32 = 5;
    /// `bits[0]`: 0 or 1.
    pub const BOOL: u32 = 6;
    /// `text`.
    pub const TEXT: u32 = 7;
    /// `text`, which stands for a value that is no text.
    pub const FORMATTED: u32 = 8;
    /// `text`: any bytes.
    pub const BYTES: u32 = 9;
    /// `text`: what an error says.
    pub const ERROR: u32 = 10;
    /// `text`: what caused the value before it, an error.
    pub const CAUSE: u32 = 11;
}

/// Where a record or span hangs.
pub mod log_parent {
    /// In the span that this thread is in.
    pub const CONTEXT: u32 = 0;
    /// In none.
    pub const ROOT: u32 = 1;
    /// In the span that is named.
    pub const SPAN: u32 = 2;
}

/// Spans by number. Every other number is one that [`LogTable::new_span`] or [`LogTable::retain`] gave out; numbers that the
/// core does not know, or no longer, are spans in which nothing happens.
pub mod log_span {
    /// No span.
    pub const NONE: u64 = 0;
    /// A span that nobody wanted.
    pub const DISABLED: u64 = u64::MAX;
    /// The span of the host that this thread is in: to be retained, which answers its number.
    pub const CURRENT: u64 = u64::MAX - 1;
}

/// A site, in the memory of the core. Never freed.
#[repr(C)]
#[derive(Debug)]
pub struct LogSite {
    /// Size of this struct in bytes, as the core knows it.
    pub size: u32,
    /// One of [`log_interest`]. The core changes it when the host's filter changes.
    pub interest: AtomicU32,
    /// One of [`log_level`].
    pub level: u32,
    /// Line in the source file, from 1; 0 when unknown.
    pub line: u32,
    /// To whom the records of the site belong: a module path, or what the author wrote.
    pub target: Slice,
}

// SAFETY: an atomic, numbers and a text that never change.
unsafe impl Send for LogSite {}
// SAFETY: as above.
unsafe impl Sync for LogSite {}

frozen_layout!(LogSite { size: 32, size @ 0, interest @ 4, level @ 8, line @ 12, target @ 16 });

/// What there is to know of a site. Copied, once for all sites with the same content.
#[repr(C)]
#[derive(Debug)]
pub struct LogSiteParts {
    /// Size of this struct in bytes, as the image knows it.
    pub size: u32,
    /// Flags of [`log_kind`].
    pub kind: u32,
    /// One of [`log_level`].
    pub level: u32,
    /// Line in `file`, from 1; 0 when unknown.
    pub line: u32,
    /// Name of the span, or of the event.
    pub name: Slice,
    /// To whom it belongs.
    pub target: Slice,
    /// Path of the module, if known.
    pub module: Slice,
    /// Source file, if known.
    pub file: Slice,
    /// Names of the fields. [`LogValue::field`] is an index into them.
    pub fields: *const Slice,
    /// How many.
    pub field_count: usize,
}

frozen_layout!(LogSiteParts {
    size: 96, size @ 0, kind @ 4, level @ 8, line @ 12, name @ 16, target @ 32, module @ 48, file @ 64, fields @ 80,
    field_count @ 88,
});

/// The value of a field. Never grows: records have arrays of them.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LogValue {
    /// Which field of the site.
    pub field: u32,
    /// One of [`log_value`].
    pub kind: u32,
    /// A number.
    pub bits: [u64; 2],
    /// Text, or bytes.
    pub text: Slice,
}

frozen_layout!(LogValue { size: 40, field @ 0, kind @ 4, bits @ 8, text @ 24 });

/// An event, or a new span.
#[repr(C)]
#[derive(Debug)]
pub struct LogRecord {
    /// Size of this struct in bytes, as the image knows it.
    pub size: u32,
    /// One of [`log_parent`].
    pub parent_kind: u32,
    /// Whose record it is.
    pub site: *const LogSite,
    /// The number of the image: [`LogTable::attach`].
    pub image: u64,
    /// Name of the plugin, or of its module. Empty when there is none.
    pub plugin: Slice,
    /// The span to hang it in, for [`log_parent::SPAN`].
    pub parent: u64,
    /// Of a span: what [`LogTable::current`] answers beside its number, to this image only.
    pub tag: u64,
    /// Values of the fields.
    pub values: *const LogValue,
    /// How many.
    pub value_count: usize,
}

frozen_layout!(LogRecord {
    size: 72, size @ 0, parent_kind @ 4, site @ 8, image @ 16, plugin @ 24, parent @ 40, tag @ 48, values @ 56,
    value_count @ 64,
});

/// Where records go. Any thread may call any of these; none of them unwinds.
#[repr(C)]
#[derive(Debug)]
pub struct LogTable {
    /// Size of this struct in bytes, as the core knows it.
    pub size: u32,
    /// Zero.
    pub flags: u32,
    /// A number for an image, which no other has had.
    pub attach: extern "C" fn() -> u64,
    /// The site with this content. Never null.
    pub site: unsafe extern "C" fn(parts: *const LogSiteParts) -> *const LogSite,
    /// Whether somebody on this thread wants a record of the site now: 1, or 0.
    pub enabled: unsafe extern "C" fn(site: *const LogSite) -> u32,
    /// Something happened.
    pub event: unsafe extern "C" fn(record: *const LogRecord),
    /// A new span, with one owner. Not [`log_span::NONE`].
    pub new_span: unsafe extern "C" fn(record: *const LogRecord) -> u64,
    /// More values of a span.
    pub record: unsafe extern "C" fn(span: u64, values: *const LogValue, value_count: usize),
    /// A span came after another.
    pub follows: extern "C" fn(span: u64, before: u64),
    /// This thread is in the span now.
    pub enter: extern "C" fn(span: u64),
    /// This thread is not in the span any more.
    pub exit: extern "C" fn(span: u64),
    /// One more owner. Answers the number of the span from now on.
    pub retain: extern "C" fn(span: u64) -> u64,
    /// One owner less: 1 when it was the last, else 0.
    pub release: extern "C" fn(span: u64) -> u32,
    /// The span that this thread is in, without an owner, and its tag if it is one of this image.
    pub current: unsafe extern "C" fn(image: u64, tag: *mut u64) -> u64,
}

frozen_layout!(LogTable {
    size: 104, size @ 0, flags @ 4, attach @ 8, site @ 16, enabled @ 24, event @ 32, new_span @ 40, record @ 48,
    follows @ 56, enter @ 64, exit @ 72, retain @ 80, release @ 88, current @ 96,
});
