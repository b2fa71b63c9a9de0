//! A layer of the host that keeps what it is given, as text, and every address that it could keep for good.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test that includes this uses a part of it"
)]

use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// What a record was.
#[derive(Clone, Debug)]
pub struct Seen {
    pub metadata: &'static Metadata<'static>,
    /// `name=value` in the order in which they came.
    pub fields: Vec<String>,
    /// The spans around it, the outermost first, as `name{fields}`.
    pub spans: Vec<String>,
}

impl Seen {
    pub fn text(&self) -> String {
        let target = self.metadata.target();
        format!(
            "{} {target}: {}",
            self.spans.join(">"),
            self.fields.join(" ")
        )
    }

    /// What came as `message`.
    pub fn message(&self) -> &str {
        let message = self
            .fields
            .iter()
            .find_map(|field| field.strip_prefix("message="));
        message.expect("a message")
    }
}

/// Keeps what it is given.
#[derive(Clone, Debug, Default)]
pub struct Records(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    events: Vec<Seen>,
    happened: Vec<String>,
    metadata: Vec<&'static Metadata<'static>>,
}

impl Records {
    /// The events so far; they are forgotten.
    pub fn events(&self) -> Vec<Seen> {
        std::mem::take(&mut self.0.lock().expect("never poisoned").events)
    }

    /// Their messages.
    pub fn messages(&self) -> Vec<String> {
        self.events()
            .iter()
            .map(|seen| seen.message().to_owned())
            .collect()
    }

    /// What became of spans.
    pub fn happened(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("never poisoned").happened)
    }

    /// All metadata that was ever seen.
    pub fn metadata(&self) -> Vec<&'static Metadata<'static>> {
        self.0.lock().expect("never poisoned").metadata.clone()
    }

    fn happens(&self, what: String) {
        self.0.lock().expect("never poisoned").happened.push(what);
    }

    fn sees(&self, metadata: &'static Metadata<'static>) {
        self.0
            .lock()
            .expect("never poisoned")
            .metadata
            .push(metadata);
    }
}

/// The fields of a span.
struct Fields(Vec<String>);

impl Fields {
    fn push(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.0.push(format!("{}={value}", field.name()));
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, format_args!("f64:{value}"));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, format_args!("i64:{value}"));
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, format_args!("u64:{value}"));
    }
    fn record_i128(&mut self, field: &Field, value: i128) {
        self.push(field, format_args!("i128:{value}"));
    }
    fn record_u128(&mut self, field: &Field, value: u128) {
        self.push(field, format_args!("u128:{value}"));
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, format_args!("bool:{value}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, format_args!("str:{value}"));
    }
    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.push(field, format_args!("bytes:{value:?}"));
    }
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let chain = std::iter::successors(Some(value), |&error| error.source());
        let chain: Vec<String> = chain.map(ToString::to_string).collect();
        self.push(field, format_args!("error:{}", chain.join(" < ")));
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.push(field, format_args!("{value:?}"));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Records {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields(Vec::new());
        attributes.record(&mut fields);
        self.sees(attributes.metadata());
        let span = context.span(id).expect("a span");
        self.happens(format!("new {}", span.name()));
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).expect("a span");
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        let name = |id| context.span(id).expect("a span").name();
        self.happens(format!("{} follows {}", name(id), name(follows)));
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        self.happens(format!(
            "enter {}",
            context.span(id).expect("a span").name()
        ));
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        self.happens(format!("exit {}", context.span(id).expect("a span").name()));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        self.happens(format!(
            "close {}",
            context.span(&id).expect("a span").name()
        ));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields(Vec::new());
        event.record(&mut fields);
        self.sees(event.metadata());
        let mut spans = Vec::new();
        for span in context.event_scope(event).into_iter().flatten() {
            self.sees(span.metadata());
            let extensions = span.extensions();
            let fields = extensions.get::<Fields>().expect("its fields");
            spans.push(format!("{}{{{}}}", span.name(), fields.0.join(" ")));
        }
        spans.reverse();
        self.0.lock().expect("never poisoned").events.push(Seen {
            metadata: event.metadata(),
            fields: fields.0,
            spans,
        });
    }
}

/// Every address in some metadata that a subscriber may keep.
pub fn addresses(metadata: &'static Metadata<'static>) -> Vec<usize> {
    let text = |text: &str| text.as_ptr().addr();
    let mut all = vec![
        std::ptr::from_ref(metadata).addr(),
        text(metadata.name()),
        text(metadata.target()),
        std::ptr::from_ref(metadata.callsite().0)
            .cast::<()>()
            .addr(),
    ];
    all.extend(metadata.file().map(text));
    all.extend(metadata.module_path().map(text));
    all.extend(metadata.fields().iter().map(|field| text(field.name())));
    all
}

/// Where the files whose names contain `name` are mapped, by the kernel's account.
pub fn mapped(name: &str) -> Vec<Range<usize>> {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("the kernel's account");
    let lines = maps.lines().filter(|line| line.contains(name));
    let range = |line: &str| {
        let (start, end) = line.split_once(' ')?.0.split_once('-')?;
        let number = |digits| usize::from_str_radix(digits, 16).ok();
        Some(number(start)?..number(end)?)
    };
    lines.filter_map(range).collect()
}
