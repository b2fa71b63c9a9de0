//! Records of the log: made by a plugin for the subscriber of this program, beside the same made here.

use std::fmt::{self, Write as _};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use bench_contract::Logs;
use polyplug::{Caller, Pinned, Runtime};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

use crate::arms::Group;
use crate::interleave::{Arm, COPIES};

/// The arm that the others are compared with.
const HERE: &str = "tracing, in the host";

/// What the arms call.
#[derive(Debug)]
pub struct World {
    plugin: Pinned<dyn Logs>,
}

impl World {
    /// What the arms need, of a library that was loaded.
    ///
    /// # Errors
    ///
    /// What the runtime says about the plugin.
    pub fn open(runtime: &Runtime) -> polyplug::Result<Self> {
        // The bench opens one world; whoever opens a second one finds the subscriber there.
        let _ = tracing::subscriber::set_global_default(Counting(AtomicU64::new(0)));
        Ok(Self {
            plugin: Caller::pin(&runtime.get::<dyn Logs>()?)?,
        })
    }

    /// All arms.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let plugin = &self.plugin;
        vec![
            Group {
                name: "log record, filtered",
                base: HERE,
                arms: vec![
                    arm(HERE, |count| {
                        for number in 0..count {
                            tracing::debug!(number, text = "text", "record {number}");
                        }
                        count
                    }),
                    arm("tracing, in a plugin", |count| plugin.filtered(count)),
                    arm("log, in a plugin", |count| plugin.log_filtered(count)),
                ],
            },
            Group {
                name: "log record, delivered",
                base: HERE,
                arms: vec![
                    arm(HERE, |count| {
                        for number in 0..count {
                            tracing::info!(number, text = "text", "record {number}");
                        }
                        count
                    }),
                    arm("tracing, in a plugin", |count| plugin.delivered(count)),
                    arm("log, in a plugin", |count| plugin.log_delivered(count)),
                ],
            },
            Group {
                name: "log span, entered and left",
                base: HERE,
                arms: vec![
                    arm(HERE, |count| {
                        for number in 0..count {
                            tracing::info_span!("span", number).in_scope(|| ());
                        }
                        count
                    }),
                    arm("tracing, in a plugin", |count| plugin.spans(count)),
                ],
            },
        ]
    }
}

fn arm<'a>(name: &'static str, run: impl Fn(u64) -> u64 + 'a) -> Arm<'a> {
    Arm {
        name,
        target: None,
        run: Box::new(move |count| (0..COPIES).map(|_| run(count)).sum()),
    }
}

/// A subscriber that formats what it is given and keeps nothing: the least that one can do.
struct Counting(AtomicU64);

/// Text that is thrown away.
#[derive(Default)]
struct Written(u64);

impl fmt::Write for Written {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += black_box(text).len() as u64;
        Ok(())
    }
}

impl Visit for Written {
    fn record_u64(&mut self, _: &Field, value: u64) {
        self.0 += value;
    }
    fn record_str(&mut self, _: &Field, value: &str) {
        let _ = self.write_str(value);
    }
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self, "{value:?}");
    }
}

impl Subscriber for Counting {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }
    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        attributes.record(&mut Written::default());
        Id::from_u64(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut written = Written::default();
        event.record(&mut written);
        black_box(written.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
