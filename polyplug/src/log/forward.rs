//! An image's end of the log: a `tracing` subscriber and a `log` logger that forward to the core.
//!
//! The filter is the host's. For each place in the source that makes records the core keeps one word, which says whether
//! anybody wants them; it is read before anything is formatted, so that a record nobody wants costs a few nanoseconds, and a
//! filter that changes is felt at the next record. Nothing of this image is handed over but numbers, and text for the length
//! of a call.
//!
//! What is held: the core's table, and the core's sites by the address of the metadata here. Who may touch it: this file.
//!
//! What is always true:
//!
//! * **G1** The table, and every site that it answers, lie in the memory of the core, which is never freed.
//! * **G2** A record, its values and their texts are readable until the function of the table returns.
//! * **G3** A tag that the core answers is one that this image gave: it is the address of a `Metadata` of this image.
//! * **G4** Nothing here registers a thread-local destructor, or allocates what outlives the call (`tracing` itself keeps a
//!   hundred bytes or so for the subscriber): this runs on threads of the host, in an image that is unmapped later.

use core::fmt::{self, Write as _};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::error::Error;
use std::sync::OnceLock;

use polyplug_abi::{
    Host, LogRecord, LogSite, LogSiteParts, LogTable, LogValue, Slice, log_interest, log_kind,
    log_level, log_parent, log_span, log_value,
};
use tracing_core::callsite::Callsite;
use tracing_core::dispatcher::{self, Dispatch};
use tracing_core::field::{Field, FieldSet, Visit};
use tracing_core::metadata::{Kind, Level, Metadata};
use tracing_core::span::{Attributes, Current, Id, Record};
use tracing_core::subscriber::{Interest, Subscriber};
use tracing_core::{Event, identify_callsite};

use crate::image;

/// Where everything goes.
struct Core {
    table: &'static LogTable,
    image: u64,
    name: [u8; Core::ROOM],
    name_len: usize,
}

impl Core {
    const ROOM: usize = 120;
}

static CORE: OnceLock<Core> = OnceLock::new();

/// Makes this image forward what it logs.
pub(super) fn install(host: &'static Host, plugin: Option<&str>) {
    if host.log.is_null() {
        return;
    }
    // SAFETY: G1.
    let table = unsafe { &*host.log };
    let name = plugin.map_or_else(image::name, ToOwned::to_owned);
    let name_len = name.len().min(Core::ROOM);
    let mut core = Core {
        table,
        image: (table.attach)(),
        name: [0; Core::ROOM],
        name_len,
    };
    core.name[..name_len].copy_from_slice(&name.as_bytes()[..name_len]);
    if CORE.set(core).is_err() {
        return;
    }
    if !dispatcher::has_been_set() {
        // Whoever was faster may stay.
        let _ = dispatcher::set_global_default(Dispatch::new(Forward));
    }
    if log::set_logger(&Forward).is_ok() {
        log::set_max_level(log::LevelFilter::Trace);
    }
}

impl Core {
    fn record_of(
        &self,
        site: &'static LogSite,
        (parent_kind, parent): (u32, u64),
        tag: u64,
        values: &[LogValue],
    ) -> LogRecord {
        LogRecord {
            size: size_of::<LogRecord>() as u32,
            parent_kind,
            site,
            image: self.image,
            plugin: Slice::of(&self.name[..self.name_len]),
            parent,
            tag,
            values: values.as_ptr(),
            value_count: values.len(),
        }
    }

    fn event(&self, site: &'static LogSite, parent: (u32, u64), values: &[LogValue]) {
        let record = self.record_of(site, parent, 0, values);
        // SAFETY: G1, G2.
        unsafe { (self.table.event)(&raw const record) };
    }

    fn site(&self, parts: &LogSiteParts) -> &'static LogSite {
        // SAFETY: G2: parts whose texts live for the call. G1: a site of the core.
        unsafe { &*(self.table.site)(parts) }
    }

    /// Whether the host wants a record of the site now.
    #[inline]
    fn wants(&self, site: &'static LogSite) -> bool {
        if site.interest.load(Ordering::Acquire) == log_interest::NEVER {
            return false;
        }
        // SAFETY: G1.
        unsafe { (self.table.enabled)(site) != 0 }
    }

    /// The site for metadata of this image. It need not be static: the bridges of other libraries make theirs on the stack.
    #[inline]
    fn site_of(&self, metadata: &Metadata<'_>) -> &'static LogSite {
        let key = ptr::from_ref(metadata).addr();
        match BY_METADATA.find(key) {
            Some(site)
                if is_site(
                    site,
                    number(*metadata.level()),
                    metadata.line().unwrap_or(0),
                    metadata.target(),
                ) =>
            {
                site
            }
            _ => self.new_site(key, metadata),
        }
    }

    #[cold]
    fn new_site(&self, key: usize, metadata: &Metadata<'_>) -> &'static LogSite {
        let names = metadata.fields().iter();
        let fields: Vec<Slice> = names.map(|field| Slice::text(field.name())).collect();
        let kind = if metadata.is_span() {
            log_kind::SPAN
        } else if metadata.is_event() {
            log_kind::EVENT
        } else {
            log_kind::HINT
        };
        let site = self.site(&LogSiteParts {
            size: size_of::<LogSiteParts>() as u32,
            kind,
            level: number(*metadata.level()),
            line: metadata.line().unwrap_or(0),
            name: Slice::text(metadata.name()),
            target: Slice::text(metadata.target()),
            module: Slice::text(metadata.module_path().unwrap_or_default()),
            file: Slice::text(metadata.file().unwrap_or_default()),
            fields: fields.as_ptr(),
            field_count: fields.len(),
        });
        BY_METADATA.put(key, site);
        site
    }
}

/// Whether it is a site for this, and not for what lay at the same address before.
#[inline]
fn is_site(site: &LogSite, level: u32, line: u32, target: &str) -> bool {
    // SAFETY: G1: text of the core, which never changes.
    let known = unsafe { site.target.bytes() };
    site.level == level && site.line == line && known == target.as_bytes()
}

fn number(level: Level) -> u32 {
    match level {
        Level::ERROR => log_level::ERROR,
        Level::WARN => log_level::WARN,
        Level::INFO => log_level::INFO,
        Level::DEBUG => log_level::DEBUG,
        Level::TRACE => log_level::TRACE,
    }
}

// Sites that are known already.

/// Sites by a number that is not 0. A fixed place, because of G4; what does not fit is asked for each time.
struct Known<const ROOM: usize> {
    keys: [AtomicUsize; ROOM],
    sites: [AtomicPtr<LogSite>; ROOM],
}

static BY_METADATA: Known<4096> = Known::new();
static BY_RECORD: Known<1024> = Known::new();

impl<const ROOM: usize> Known<ROOM> {
    /// So many places are looked at.
    const NEAR: usize = 8;

    const fn new() -> Self {
        assert!(ROOM.is_power_of_two());
        Self {
            keys: [const { AtomicUsize::new(0) }; ROOM],
            sites: [const { AtomicPtr::new(ptr::null_mut()) }; ROOM],
        }
    }

    #[inline]
    fn places(key: usize) -> impl Iterator<Item = usize> {
        let first = (key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        (0..Self::NEAR).map(move |near| (first as usize + near) % ROOM)
    }

    #[inline]
    fn find(&self, key: usize) -> Option<&'static LogSite> {
        for at in Self::places(key) {
            match self.keys[at].load(Ordering::Relaxed) {
                found if found == key => {
                    // SAFETY: G1: null, or a site that `put` stored.
                    return unsafe { self.sites[at].load(Ordering::Acquire).as_ref() };
                }
                0 => return None,
                _ => {}
            }
        }
        None
    }

    /// Two that put the same key put the same site, or sites that are as good.
    fn put(&self, key: usize, site: &'static LogSite) {
        for at in Self::places(key) {
            let taken =
                self.keys[at].compare_exchange(0, key, Ordering::Relaxed, Ordering::Relaxed);
            if taken.is_ok() || taken == Err(key) {
                self.sites[at].store(ptr::from_ref(site).cast_mut(), Ordering::Release);
                return;
            }
        }
    }
}

// Values.

/// Text on the stack; in memory of its own when it gets long.
struct Text {
    short: [u8; Self::SHORT],
    len: usize,
    /// All of it, once it has been too long.
    long: Vec<u8>,
}

impl Text {
    const SHORT: usize = 128;

    const fn new() -> Self {
        Self {
            short: [0; Self::SHORT],
            len: 0,
            long: Vec::new(),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if self.len <= Self::SHORT
            && let Some(place) = self.short.get_mut(self.len..end)
        {
            place.copy_from_slice(bytes);
        } else {
            if self.long.is_empty() {
                self.long.extend_from_slice(&self.short[..self.len]);
            }
            self.long.extend_from_slice(bytes);
        }
        self.len = end;
    }

    fn bytes(&self) -> &[u8] {
        if self.long.is_empty() {
            &self.short[..self.len]
        } else {
            &self.long
        }
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

const NOTHING: LogValue = LogValue {
    field: 0,
    kind: log_value::NONE,
    bits: [0; 2],
    text: Slice::EMPTY,
};

/// Puts values into the form in which they are sent. Text is copied, because a visitor is lent it for a moment only.
struct Values {
    few: [LogValue; Self::FEW],
    len: usize,
    /// All of them, once there have been too many.
    many: Vec<LogValue>,
    text: Text,
}

impl Values {
    const FEW: usize = 6;
    /// Errors with a longer chain than that are cut off.
    const CAUSES: usize = 32;

    const fn new() -> Self {
        Self {
            few: [NOTHING; Self::FEW],
            len: 0,
            many: Vec::new(),
            text: Text::new(),
        }
    }

    fn push(&mut self, value: LogValue) {
        if let Some(place) = self.few.get_mut(self.len) {
            *place = value;
        } else {
            if self.many.is_empty() {
                self.many.extend_from_slice(&self.few);
            }
            self.many.push(value);
        }
        self.len += 1;
    }

    fn number(&mut self, field: &Field, kind: u32, bits: u128) {
        self.push(LogValue {
            field: field.index() as u32,
            kind,
            bits: [bits as u64, (bits >> 64) as u64],
            text: Slice::EMPTY,
        });
    }

    /// Whatever `write` writes. Where it lies is noted as an offset, until all is written.
    fn words(&mut self, field: usize, kind: u32, write: impl FnOnce(&mut Text)) {
        let start = self.text.len;
        write(&mut self.text);
        self.push(LogValue {
            field: field as u32,
            kind,
            bits: [start as u64, 0],
            text: Slice {
                ptr: ptr::null(),
                len: self.text.len - start,
            },
        });
    }

    fn formatted(&mut self, field: usize, kind: u32, value: fmt::Arguments<'_>) {
        // What it wrote before it failed is better than nothing.
        self.words(field, kind, |text| {
            let _ = text.write_fmt(value);
        });
    }

    /// All values, with their texts.
    fn all(&mut self) -> &[LogValue] {
        let values = if self.many.is_empty() {
            &mut self.few[..self.len]
        } else {
            &mut self.many[..]
        };
        let text = self.text.bytes();
        for value in values.iter_mut() {
            if value.kind >= log_value::TEXT {
                let start = value.bits[0] as usize;
                value.text = Slice::of(&text[start..start + value.text.len]);
            }
        }
        values
    }
}

impl Visit for Values {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, log_value::F64, value.to_bits().into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, log_value::I64, (value as u64).into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, log_value::U64, value.into());
    }
    fn record_i128(&mut self, field: &Field, value: i128) {
        self.number(field, log_value::I128, value as u128);
    }
    fn record_u128(&mut self, field: &Field, value: u128) {
        self.number(field, log_value::U128, value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, log_value::BOOL, value.into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.words(field.index(), log_value::TEXT, |text| {
            text.push(value.as_bytes())
        });
    }
    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.words(field.index(), log_value::BYTES, |text| text.push(value));
    }
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.formatted(field.index(), log_value::ERROR, format_args!("{value}"));
        let causes = core::iter::successors(value.source(), |&cause| cause.source());
        for cause in causes.take(Self::CAUSES) {
            self.formatted(field.index(), log_value::CAUSE, format_args!("{cause}"));
        }
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.formatted(
            field.index(),
            log_value::FORMATTED,
            format_args!("{value:?}"),
        );
    }
}

// What `tracing` and `log` call.

#[derive(Debug)]
struct Forward;

/// The span of the host, for those who ask for the current one. Its name and fields are the host's.
struct HostSpan;

static HOST_SPAN: Metadata<'static> = Metadata::new(
    "host",
    "polyplug",
    Level::ERROR,
    None,
    None,
    None,
    FieldSet::new(&[], identify_callsite!(&HostSpan)),
    Kind::SPAN,
);

impl Callsite for HostSpan {
    fn set_interest(&self, _: Interest) {}
    fn metadata(&self) -> &Metadata<'_> {
        &HOST_SPAN
    }
}

fn id(number: u64) -> Id {
    Id::from_u64(if number == log_span::NONE {
        log_span::DISABLED
    } else {
        number
    })
}

fn parent(is_contextual: bool, parent: Option<&Id>) -> (u32, u64) {
    match parent {
        Some(parent) => (log_parent::SPAN, parent.into_u64()),
        None if is_contextual => (log_parent::CONTEXT, log_span::NONE),
        None => (log_parent::ROOT, log_span::NONE),
    }
}

impl Subscriber for Forward {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if let Some(core) = CORE.get() {
            core.site_of(metadata);
        }
        // The host's filter may change, and then nothing of this image is called.
        Interest::sometimes()
    }

    #[inline]
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        CORE.get()
            .is_some_and(|core| core.wants(core.site_of(metadata)))
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let Some(core) = CORE.get() else {
            return id(log_span::DISABLED);
        };
        let metadata = span.metadata();
        let mut values = Values::new();
        span.record(&mut values);
        let parent = parent(span.is_contextual(), span.parent());
        let tag = ptr::from_ref(metadata).expose_provenance() as u64;
        let record = core.record_of(core.site_of(metadata), parent, tag, values.all());
        // SAFETY: G1, G2.
        id(unsafe { (core.table.new_span)(&raw const record) })
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let Some(core) = CORE.get() else { return };
        let mut visitor = Values::new();
        values.record(&mut visitor);
        let values = visitor.all();
        // SAFETY: G1, G2.
        unsafe { (core.table.record)(span.into_u64(), values.as_ptr(), values.len()) };
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        if let Some(core) = CORE.get() {
            (core.table.follows)(span.into_u64(), follows.into_u64());
        }
    }

    fn event(&self, event: &Event<'_>) {
        let Some(core) = CORE.get() else { return };
        let mut values = Values::new();
        event.record(&mut values);
        let parent = parent(event.is_contextual(), event.parent());
        core.event(core.site_of(event.metadata()), parent, values.all());
    }

    fn enter(&self, span: &Id) {
        if let Some(core) = CORE.get() {
            (core.table.enter)(span.into_u64());
        }
    }

    fn exit(&self, span: &Id) {
        if let Some(core) = CORE.get() {
            (core.table.exit)(span.into_u64());
        }
    }

    fn clone_span(&self, span: &Id) -> Id {
        CORE.get().map_or_else(
            || span.clone(),
            |core| id((core.table.retain)(span.into_u64())),
        )
    }

    fn try_close(&self, span: Id) -> bool {
        CORE.get()
            .is_some_and(|core| (core.table.release)(span.into_u64()) != 0)
    }

    fn current_span(&self) -> Current {
        let Some(core) = CORE.get() else {
            return Current::none();
        };
        let mut tag = 0;
        // SAFETY: G1: a place for the answer.
        let number = unsafe { (core.table.current)(core.image, &raw mut tag) };
        if number == log_span::NONE {
            return Current::none();
        }
        let metadata = ptr::with_exposed_provenance::<Metadata<'static>>(tag as usize);
        // SAFETY: G3: null, or metadata of this image, which is mapped as long as this code.
        let metadata = unsafe { metadata.as_ref() };
        Current::new(id(number), metadata.unwrap_or(&HOST_SPAN))
    }
}

/// The field of a record that was made with `log`.
const MESSAGE: usize = 0;

impl Core {
    /// The site of a record made with `log`, which has no metadata of its own.
    fn site_of_record(
        &self,
        metadata: &log::Metadata<'_>,
        record: Option<&log::Record<'_>>,
    ) -> &'static LogSite {
        let (level, target) = (metadata.level() as u32, metadata.target());
        let line = record.and_then(log::Record::line).unwrap_or(0);
        let file = record.and_then(log::Record::file);
        let is_fixed = record.is_none_or(|record| record.file_static().is_some() == file.is_some());
        let parts = [
            target.as_ptr().addr(),
            target.len(),
            level as usize,
            line as usize,
            file.map_or(0, |file| file.as_ptr().addr()),
        ];
        let key = parts.iter().fold(1_usize, |key, part| {
            (key.rotate_left(5) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as usize)
        }) | 1;
        if is_fixed
            && let Some(site) = BY_RECORD.find(key)
            && is_site(site, level, line, target)
        {
            return site;
        }
        let module = record.and_then(log::Record::module_path_static);
        let is_module = module.is_some_and(|module| ptr::eq(module, target));
        let kind = match (record.is_some(), is_module) {
            (true, true) => log_kind::EVENT,
            (true, false) => log_kind::EVENT | log_kind::DYNAMIC,
            (false, _) => log_kind::EVENT | log_kind::HINT | log_kind::DYNAMIC,
        };
        let fields = [Slice::text("message")];
        let module = record.and_then(log::Record::module_path);
        let site = self.site(&LogSiteParts {
            size: size_of::<LogSiteParts>() as u32,
            kind,
            level,
            line,
            name: Slice::text("log record"),
            target: Slice::text(target),
            module: Slice::text(module.unwrap_or_default()),
            file: Slice::text(file.unwrap_or_default()),
            fields: fields.as_ptr(),
            field_count: fields.len(),
        });
        if is_fixed {
            BY_RECORD.put(key, site);
        }
        site
    }
}

impl log::Log for Forward {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        CORE.get()
            .is_some_and(|core| core.wants(core.site_of_record(metadata, None)))
    }

    fn log(&self, record: &log::Record<'_>) {
        let Some(core) = CORE.get() else { return };
        let site = core.site_of_record(record.metadata(), Some(record));
        if !core.wants(site) {
            return;
        }
        let mut values = Values::new();
        values.formatted(MESSAGE, log_value::FORMATTED, *record.args());
        core.event(site, (log_parent::CONTEXT, log_span::NONE), values.all());
    }

    fn flush(&self) {}
}

const _: () = assert!(
    log::Level::Error as u32 == log_level::ERROR && log::Level::Trace as u32 == log_level::TRACE
);
