//! The core's end of the log: records of other images, given to the subscriber of this one as if it had made them.
//!
//! What is held: sites, forever; spans, until their last owner goes. Who may touch it: any image, through [`TABLE`].
//!
//! What is always true:
//!
//! * **L1** A site is made once for its content, is never freed or moved, and begins with the [`LogSite`] that images read.
//! * **L2** The metadata of a site is set before anybody else sees the site. Its texts are copies made here: whatever a
//!   subscriber gets to keep lies in memory that outlives every image.
//! * **L3** What an image passes to a function of the table is as the table says, and readable until the function returns.
//! * **L4** Spans are found by number, never by address: a number that nobody knows finds nothing.

use core::cell::{Cell, RefCell};
use core::fmt;
use core::hash::{BuildHasherDefault, Hasher};
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::sync::{LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use polyplug_abi::{
    LogRecord, LogSite, LogSiteParts, LogTable, LogValue, Slice, log_interest, log_kind, log_level,
    log_parent, log_span, log_value,
};
use tracing_core::callsite::{self, Callsite};
use tracing_core::dispatcher::{self, Dispatch};
use tracing_core::field::{self, FieldSet, ValueSet};
use tracing_core::metadata::{Kind, Level, LevelFilter, Metadata};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::subscriber::{Interest, NoSubscriber};
use tracing_core::{Event, identify_callsite};

use crate::panics;

/// The functions that images are given.
pub(crate) static TABLE: LogTable = LogTable {
    size: size_of::<LogTable>() as u32,
    flags: 0,
    attach,
    site,
    enabled,
    event,
    new_span,
    record,
    follows,
    enter,
    exit,
    retain,
    release,
    current,
};

/// The first field of every site of another image.
const PLUGIN: &str = "plugin";

// Sites.

/// A place that makes records, as the subscriber of this image sees it.
#[repr(C)]
struct Site {
    shared: LogSite,
    metadata: OnceLock<Metadata<'static>>,
}

impl Site {
    fn metadata(&self) -> &Metadata<'static> {
        self.metadata.get().expect("L2: set before it is seen")
    }
}

impl Callsite for Site {
    fn set_interest(&self, interest: Interest) {
        let interest = if interest.is_never() {
            log_interest::NEVER
        } else if interest.is_always() {
            log_interest::ALWAYS
        } else {
            log_interest::SOMETIMES
        };
        self.shared.interest.store(interest, Ordering::Release);
    }

    fn metadata(&self) -> &Metadata<'_> {
        Site::metadata(self)
    }
}

/// What makes two sites the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Content<'a> {
    kind: u32,
    level: u32,
    line: u32,
    name: &'a str,
    target: &'a str,
    module: &'a str,
    file: &'a str,
    fields: &'a [&'a str],
}

#[derive(Default)]
struct Sites {
    known: HashMap<Content<'static>, &'static Site>,
    texts: HashSet<&'static str>,
    /// How many may have been made of text that only existed at run time.
    dynamic: usize,
}

/// So many targets made at run time are told apart. Their sites are never freed, and a filter that changes looks at each.
const DYNAMIC_ROOM: usize = 4096;

static SITES: LazyLock<Mutex<Sites>> = LazyLock::new(Mutex::default);

impl Sites {
    /// The one copy of a text.
    fn text(&mut self, text: &str) -> &'static str {
        if let Some(known) = self.texts.get(text) {
            return known;
        }
        let copy: &'static str = Box::leak(Box::from(text));
        self.texts.insert(copy);
        copy
    }

    fn find(&self, content: &Content<'_>) -> Option<&'static Site> {
        // Keys that live forever can be compared with one that does not.
        let known: &HashMap<Content<'_>, &'static Site> = &self.known;
        known.get(content).copied()
    }

    /// A new site, which is not registered yet.
    fn make(&mut self, content: &Content<'_>) -> &'static Site {
        let fields: Vec<&'static str> = content.fields.iter().map(|name| self.text(name)).collect();
        let content = Content {
            name: self.text(content.name),
            target: self.text(content.target),
            module: self.text(content.module),
            file: self.text(content.file),
            fields: Box::leak(fields.into_boxed_slice()),
            ..*content
        };
        let site: &'static Site = Box::leak(Box::new(Site {
            shared: LogSite {
                size: size_of::<LogSite>() as u32,
                // Ask, until the subscriber has been asked.
                interest: AtomicU32::new(log_interest::SOMETIMES),
                level: content.level,
                line: content.line,
                target: Slice::text(content.target),
            },
            metadata: OnceLock::new(),
        }));
        let names = core::iter::once(PLUGIN).chain(content.fields.iter().copied());
        let names: &'static [&'static str] = Box::leak(names.collect());
        let known = |text: &'static str| (!text.is_empty()).then_some(text);
        let metadata = Metadata::new(
            content.name,
            content.target,
            level(content.level),
            known(content.file),
            (content.line != 0).then_some(content.line),
            known(content.module),
            FieldSet::new(names, identify_callsite!(site)),
            kind(content.kind),
        );
        site.metadata.get_or_init(|| metadata);
        self.known.insert(content, site);
        site
    }
}

fn level(number: u32) -> Level {
    match number {
        log_level::ERROR => Level::ERROR,
        log_level::WARN => Level::WARN,
        log_level::INFO => Level::INFO,
        log_level::DEBUG => Level::DEBUG,
        _ => Level::TRACE,
    }
}

fn kind(flags: u32) -> Kind {
    let kind = if flags & log_kind::SPAN != 0 {
        Kind::SPAN
    } else if flags & log_kind::EVENT != 0 {
        Kind::EVENT
    } else {
        Kind::HINT
    };
    if flags & log_kind::HINT != 0 {
        kind.hint()
    } else {
        kind
    }
}

/// The site with this content.
fn site_of(content: &Content<'_>) -> &'static Site {
    let mut sites = SITES.lock().unwrap_or_else(PoisonError::into_inner);
    let mut content = *content;
    if let Some(known) = sites.find(&content) {
        return known;
    }
    if content.kind & log_kind::DYNAMIC != 0 {
        if sites.dynamic == DYNAMIC_ROOM {
            content = Content {
                line: 0,
                target: "log",
                module: "",
                file: "",
                ..content
            };
            if let Some(known) = sites.find(&content) {
                return known;
            }
        } else {
            sites.dynamic += 1;
        }
    }
    let site = sites.make(&content);
    // A subscriber is asked now, and may log.
    drop(sites);
    drop(panics::contain(|| callsite::register(site)));
    site
}

/// Text of another image.
///
/// # Safety
/// 1. It is readable for `'a`.
unsafe fn text<'a>(slice: Slice) -> Cow<'a, str> {
    // SAFETY: clause 1.
    let bytes = unsafe { slice.bytes() };
    match core::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        // Far slower on good text, too.
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// See [`LogTable::attach`].
extern "C" fn attach() -> u64 {
    static ATTACHED: AtomicU64 = AtomicU64::new(0);
    ATTACHED.fetch_add(1, Ordering::Relaxed) + 1
}

/// See [`LogTable::site`].
///
/// # Safety
/// 1. L3.
unsafe extern "C" fn site(parts: *const LogSiteParts) -> *const LogSite {
    // SAFETY: clause 1; ABI 1 has no smaller version of the struct.
    let parts = unsafe { &*parts };
    let mut names = Vec::with_capacity(parts.field_count);
    for at in 0..parts.field_count {
        // SAFETY: clause 1: so many texts.
        names.push(unsafe { text(*parts.fields.add(at)) });
    }
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    // SAFETY: clause 1.
    let [name, target, module, file] =
        [parts.name, parts.target, parts.module, parts.file].map(|slice| unsafe { text(slice) });
    let site = site_of(&Content {
        kind: parts.kind,
        level: parts.level,
        line: parts.line,
        name: &name,
        target: &target,
        module: &module,
        file: &file,
        fields: &names,
    });
    // L1.
    ptr::from_ref(site).cast()
}

/// The site that an image means.
///
/// # Safety
/// 1. `site` came from [`site`].
unsafe fn known(site: *const LogSite) -> &'static Site {
    // SAFETY: L1, clause 1.
    unsafe { &*site.cast::<Site>() }
}

// Filtering.

thread_local! {
    /// The site that was asked for last and wanted, until its record comes. No destructor.
    static WANTED: Cell<*const Site> = const { Cell::new(ptr::null()) };
}

/// What the macros of `tracing` would ask here. `always` asks even those who always say yes.
fn is_wanted(site: &'static Site, always: bool) -> bool {
    let metadata = site.metadata();
    if *metadata.level() > LevelFilter::current() {
        return false;
    }
    match site.shared.interest.load(Ordering::Acquire) {
        log_interest::NEVER => false,
        // By all who were asked; there may be nobody on this thread.
        log_interest::ALWAYS if !always => {
            dispatcher::get_default(|here| !here.is::<NoSubscriber>())
        }
        _ => dispatcher::get_default(|here| here.enabled(metadata)),
    }
}

/// Whether a record that comes now is wanted. Filters remember what they said last, until the record comes. So whoever was
/// asked for one record is asked again, when another comes first: what is formatted may log.
fn is_still_wanted(site: &'static Site) -> bool {
    let last = WANTED.try_with(|wanted| wanted.replace(ptr::null()));
    last.is_ok_and(|last| ptr::eq(last, site)) || is_wanted(site, true)
}

/// See [`LogTable::enabled`].
///
/// # Safety
/// 1. `site` came from [`site`].
unsafe extern "C" fn enabled(site: *const LogSite) -> u32 {
    // SAFETY: clause 1.
    let site = unsafe { known(site) };
    let pending = WANTED.try_with(|wanted| !wanted.get().is_null());
    let ask = || is_wanted(site, pending.unwrap_or(true));
    let is_wanted = panics::contain(ask).unwrap_or(false);
    let last = if is_wanted {
        ptr::from_ref(site)
    } else {
        ptr::null()
    };
    let _ = WANTED.try_with(|wanted| wanted.set(last));
    u32::from(is_wanted)
}

// Values.

/// A value in a form that a subscriber takes.
enum Value<'a> {
    None,
    I64(i64),
    U64(u64),
    I128(i128),
    U128(u128),
    F64(f64),
    Bool(bool),
    Text(&'a str),
    Words(field::DebugValue<Words<'a>>),
    Bytes(&'a [u8]),
    Error(&'a (dyn Error + 'static)),
}

/// Text that was formatted before it came here, or that is no text.
struct Words<'a>(&'a [u8]);

impl fmt::Debug for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match core::str::from_utf8(self.0) {
            Ok(text) => f.write_str(text),
            Err(_) => f.write_str(&String::from_utf8_lossy(self.0)),
        }
    }
}

/// An error of another image, by its words.
struct Chain {
    words: String,
    cause: Option<Box<Chain>>,
}

impl Chain {
    /// The error that comes first, and its causes.
    ///
    /// # Safety
    /// 1. The texts of the values are readable.
    unsafe fn of(values: &[LogValue]) -> Self {
        let field = values[0].field;
        let causes = values[1..]
            .iter()
            .take_while(|next| (next.field, next.kind) == (field, log_value::CAUSE));
        let count = causes.count();
        let mut cause = None;
        for value in values[1..=count].iter().rev() {
            // SAFETY: clause 1.
            let words = unsafe { text(value.text) }.into_owned();
            cause = Some(Box::new(Self { words, cause }));
        }
        // SAFETY: clause 1.
        let words = unsafe { text(values[0].text) }.into_owned();
        Self { words, cause }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.words, f)
    }
}

impl Error for Chain {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl<'a> Value<'a> {
    /// All but errors.
    ///
    /// # Safety
    /// 1. The text of the value is readable for `'a`.
    unsafe fn read(value: &LogValue) -> Self {
        let [low, high] = value.bits;
        let wide = u128::from(low) | u128::from(high) << 64;
        // SAFETY: clause 1.
        let bytes = || unsafe { value.text.bytes::<'a>() };
        match value.kind {
            log_value::I64 => Self::I64(low as i64),
            log_value::U64 => Self::U64(low),
            log_value::I128 => Self::I128(wide as i128),
            log_value::U128 => Self::U128(wide),
            log_value::F64 => Self::F64(f64::from_bits(low)),
            log_value::BOOL => Self::Bool(low != 0),
            log_value::TEXT => match core::str::from_utf8(bytes()) {
                Ok(text) => Self::Text(text),
                Err(_) => Self::Words(field::debug(Words(bytes()))),
            },
            log_value::FORMATTED => Self::Words(field::debug(Words(bytes()))),
            log_value::BYTES => Self::Bytes(bytes()),
            _ => Self::None,
        }
    }

    fn lend(&self) -> Option<&dyn field::Value> {
        Some(match self {
            Self::None => return None,
            Self::I64(value) => value,
            Self::U64(value) => value,
            Self::I128(value) => value,
            Self::U128(value) => value,
            Self::F64(value) => value,
            Self::Bool(value) => value,
            Self::Text(value) => value,
            Self::Words(value) => value,
            Self::Bytes(value) => value,
            Self::Error(value) => value,
        })
    }
}

/// So many fields need no memory but the stack.
const FEW: usize = 8;

/// Gives `f` the values of a site's fields, the name of the plugin as the first.
///
/// # Safety
/// 1. L3: the name, so many values, and their texts.
unsafe fn with_values<T>(
    site: &'static Site,
    plugin: Slice,
    values: *const LogValue,
    value_count: usize,
    f: impl FnOnce(&ValueSet<'_>) -> T,
) -> T {
    let values = if value_count == 0 {
        &[]
    } else {
        // SAFETY: clause 1.
        unsafe { core::slice::from_raw_parts(values, value_count) }
    };
    let errors = values.iter().enumerate();
    let errors: Vec<(u32, Chain)> = errors
        .filter(|(_, value)| value.kind == log_value::ERROR)
        // SAFETY: clause 1.
        .map(|(at, value)| (value.field, unsafe { Chain::of(&values[at..]) }))
        .collect();
    let fields = site.metadata().fields();
    let (mut few, mut many);
    let taken: &mut [Value<'_>] = if fields.len() <= FEW {
        few = [const { Value::None }; FEW];
        &mut few[..fields.len()]
    } else {
        many = Vec::new();
        many.resize_with(fields.len(), || Value::None);
        &mut many
    };
    if plugin.len != 0 {
        // SAFETY: clause 1.
        taken[0] = match core::str::from_utf8(unsafe { plugin.bytes() }) {
            Ok(name) => Value::Text(name),
            Err(_) => Value::None,
        };
    }
    for value in values {
        if value.kind < log_value::ERROR
            && let Some(place) = taken.get_mut((value.field as usize).saturating_add(1))
        {
            // SAFETY: clause 1.
            *place = unsafe { Value::read(value) };
        }
    }
    for (field, error) in &errors {
        if let Some(place) = taken.get_mut((*field as usize).saturating_add(1)) {
            *place = Value::Error(error);
        }
    }
    let (mut few, many);
    let lent: &[Option<&dyn field::Value>] = if taken.len() <= FEW {
        few = [None; FEW];
        for (place, value) in few.iter_mut().zip(&*taken) {
            *place = value.lend();
        }
        &few[..taken.len()]
    } else {
        many = taken.iter().map(Value::lend).collect::<Vec<_>>();
        &many
    };
    f(&fields.value_set_all(lent))
}

// Events.

/// Where something hangs.
enum Parent {
    Context,
    Root,
    Span(Id),
}

impl Parent {
    fn of(record: &LogRecord) -> Self {
        match record.parent_kind {
            log_parent::CONTEXT => Self::Context,
            log_parent::SPAN if record.parent == log_span::CURRENT => Self::Context,
            log_parent::SPAN => match find(record.parent) {
                Some(span) => Self::Span(span.id.clone()),
                None => Self::Root,
            },
            _ => Self::Root,
        }
    }
}

/// See [`LogTable::event`].
///
/// # Safety
/// 1. L3.
unsafe extern "C" fn event(record: *const LogRecord) {
    // SAFETY: clause 1; ABI 1 has no smaller version of the struct.
    let record = unsafe { &*record };
    // SAFETY: clause 1.
    let site = unsafe { known(record.site) };
    let send = || {
        if !is_still_wanted(site) {
            return;
        }
        let parent = Parent::of(record);
        let metadata = site.metadata();
        let dispatch = |values: &ValueSet<'_>| {
            dispatcher::get_default(|here| {
                let event = match &parent {
                    Parent::Context => Event::new(metadata, values),
                    Parent::Root => Event::new_child_of(None, metadata, values),
                    Parent::Span(id) => Event::new_child_of(id.clone(), metadata, values),
                };
                here.event(&event);
            });
        };
        // SAFETY: clause 1.
        unsafe {
            with_values(
                site,
                record.plugin,
                record.values,
                record.value_count,
                dispatch,
            )
        };
    };
    drop(panics::contain(send));
}

/// An error of the core itself, or what it was told of one. Whether somebody listened.
pub(crate) fn say(text: &str) -> bool {
    let site = site_of(&Content {
        kind: log_kind::EVENT,
        level: log_level::ERROR,
        line: 0,
        name: "report",
        target: "polyplug",
        module: "polyplug",
        file: "",
        fields: &["message"],
    });
    let send = || {
        if !is_wanted(site, true) {
            return false;
        }
        let message = field::debug(Words(text.as_bytes()));
        let values = [None, Some(&message as &dyn field::Value)];
        let metadata = site.metadata();
        let values = metadata.fields().value_set_all(&values);
        dispatcher::get_default(|here| here.event(&Event::new(metadata, &values)));
        true
    };
    panics::contain(send).unwrap_or(false)
}

// Spans.

/// A span of another image, as the subscriber that made it knows it.
#[derive(Clone)]
struct Span {
    dispatch: Dispatch,
    id: Id,
    /// None for a span of the host that an image holds on to.
    site: Option<&'static Site>,
    image: u64,
    tag: u64,
}

struct Owned {
    span: Span,
    owners: usize,
}

/// Numbers are given out one after the other: all that a hash must do is to spread them.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0 ^ u64::from(byte));
        }
    }
    fn write_u64(&mut self, number: u64) {
        self.0 = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

type Shard = HashMap<u64, Owned, BuildHasherDefault<Spread>>;

/// Threads that are in different spans rarely meet at one lock. No lock is held while a subscriber runs.
static SPANS: [Mutex<Shard>; 16] =
    [const { Mutex::new(HashMap::with_hasher(BuildHasherDefault::new())) }; 16];

fn shard(number: u64) -> MutexGuard<'static, Shard> {
    let shard = &SPANS[(number % SPANS.len() as u64) as usize];
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn find(number: u64) -> Option<Span> {
    shard(number).get(&number).map(|owned| owned.span.clone())
}

fn keep(span: Span) -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(log_span::NONE);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed) + 1;
    let owned = Owned { span, owners: 1 };
    shard(number).insert(number, owned);
    number
}

/// See [`LogTable::new_span`].
///
/// # Safety
/// 1. L3.
unsafe extern "C" fn new_span(record: *const LogRecord) -> u64 {
    // SAFETY: clause 1; ABI 1 has no smaller version of the struct.
    let record = unsafe { &*record };
    // SAFETY: clause 1.
    let site = unsafe { known(record.site) };
    let make = || {
        if !is_still_wanted(site) {
            return log_span::DISABLED;
        }
        let parent = Parent::of(record);
        let metadata = site.metadata();
        let dispatch = |values: &ValueSet<'_>| {
            dispatcher::get_default(|here| {
                let attributes = match &parent {
                    Parent::Context => Attributes::new(metadata, values),
                    Parent::Root => Attributes::new_root(metadata, values),
                    Parent::Span(id) => Attributes::child_of(id.clone(), metadata, values),
                };
                keep(Span {
                    id: here.new_span(&attributes),
                    dispatch: here.clone(),
                    site: Some(site),
                    image: record.image,
                    tag: record.tag,
                })
            })
        };
        // SAFETY: clause 1.
        unsafe {
            with_values(
                site,
                record.plugin,
                record.values,
                record.value_count,
                dispatch,
            )
        }
    };
    panics::contain(make).unwrap_or(log_span::DISABLED)
}

/// See [`LogTable::record`].
///
/// # Safety
/// 1. L3.
unsafe extern "C" fn record(span: u64, values: *const LogValue, value_count: usize) {
    let add = || {
        let Some(span) = find(span) else { return };
        let Some(site) = span.site else { return };
        let dispatch = |values: &ValueSet<'_>| span.dispatch.record(&span.id, &Record::new(values));
        // SAFETY: clause 1.
        unsafe { with_values(site, Slice::EMPTY, values, value_count, dispatch) };
    };
    drop(panics::contain(add));
}

/// See [`LogTable::follows`].
extern "C" fn follows(span: u64, before: u64) {
    if let (Some(span), Some(before)) = (find(span), find(before)) {
        let tell = move || span.dispatch.record_follows_from(&span.id, &before.id);
        drop(panics::contain(tell));
    }
}

/// A span that a thread is in.
#[derive(Clone, Copy)]
struct Entered {
    number: u64,
    id: u64,
    image: u64,
    tag: u64,
}

thread_local! {
    /// The spans of other images that this thread is in, the innermost last.
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
}

/// See [`LogTable::enter`].
extern "C" fn enter(span: u64) {
    let Some(found) = find(span) else { return };
    let entered = Entered {
        number: span,
        id: found.id.into_u64(),
        image: found.image,
        tag: found.tag,
    };
    let _ = ENTERED.try_with(|all| all.borrow_mut().push(entered));
    drop(panics::contain(move || found.dispatch.enter(&found.id)));
}

/// See [`LogTable::exit`].
extern "C" fn exit(span: u64) {
    let _ = ENTERED.try_with(|all| {
        let mut all = all.borrow_mut();
        let last = all.iter().rposition(|entered| entered.number == span);
        last.map(|last| all.remove(last))
    });
    if let Some(found) = find(span) {
        drop(panics::contain(move || found.dispatch.exit(&found.id)));
    }
}

/// See [`LogTable::retain`].
extern "C" fn retain(span: u64) -> u64 {
    if span == log_span::CURRENT {
        let hold = || {
            dispatcher::get_default(|here| {
                let current = here.current_span();
                let Some(id) = current.id() else {
                    return log_span::DISABLED;
                };
                keep(Span {
                    id: here.clone_span(id),
                    dispatch: here.clone(),
                    site: None,
                    image: 0,
                    tag: 0,
                })
            })
        };
        return panics::contain(hold).unwrap_or(log_span::DISABLED);
    }
    if let Some(owned) = shard(span).get_mut(&span) {
        owned.owners += 1;
    }
    span
}

/// See [`LogTable::release`].
extern "C" fn release(span: u64) -> u32 {
    let mut shard = shard(span);
    let Some(owned) = shard.get_mut(&span) else {
        return 0;
    };
    owned.owners -= 1;
    if owned.owners > 0 {
        return 0;
    }
    let last = shard.remove(&span);
    drop(shard);
    let close = move || last.map(|last| last.span.dispatch.try_close(last.span.id.clone()));
    drop(panics::contain(close));
    1
}

/// See [`LogTable::current`].
///
/// # Safety
/// 1. L3: `tag` is writable.
unsafe extern "C" fn current(image: u64, tag: *mut u64) -> u64 {
    let last = ENTERED.try_with(|all| all.borrow().last().copied());
    let last = last.ok().flatten();
    let look = || {
        dispatcher::get_default(|here| {
            let current = here.current_span();
            current.is_known().then(|| current.id().map(Id::into_u64))
        })
    };
    let (number, found) = match (panics::contain(look).unwrap_or(Some(None)), last) {
        (Some(None), _) | (None, None) => (log_span::NONE, 0),
        (Some(Some(id)), Some(last)) if last.id == id && last.image == image => {
            (last.number, last.tag)
        }
        (Some(Some(_)), _) => (log_span::CURRENT, 0),
        // A subscriber that does not say: what was entered last, then.
        (None, Some(last)) if last.image == image => (last.number, last.tag),
        (None, Some(_)) => (log_span::NONE, 0),
    };
    // SAFETY: clause 1.
    unsafe { *tag = found };
    number
}
