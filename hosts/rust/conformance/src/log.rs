//! Keeps what guests log.

use std::fmt::Debug;
use std::sync::Mutex;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// A line of the log.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) level: Level,
    pub(crate) message: String,
    /// Whose it is: a plugin, or its file.
    pub(crate) plugin: String,
}

static RECORDS: Mutex<Vec<Record>> = Mutex::new(Vec::new());

struct Keeper;

impl Visit for Record {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            "plugin" => value.clone_into(&mut self.plugin),
            _ => {}
        }
    }
}

impl<S: Subscriber> Layer<S> for Keeper {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut record = Record {
            level: *event.metadata().level(),
            message: String::new(),
            plugin: String::new(),
        };
        event.record(&mut record);
        RECORDS.lock().expect("nobody panics with it").push(record);
    }
}

/// Keeps everything from here on.
pub(crate) fn begin() {
    tracing_subscriber::registry().with(Keeper).init();
}

/// What was kept of that text.
pub(crate) fn find(message: &str) -> Option<Record> {
    let records = RECORDS.lock().expect("nobody panics with it");
    records
        .iter()
        .find(|record| record.message == message)
        .cloned()
}
