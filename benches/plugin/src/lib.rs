//! The plugin of the call benches: each method does the shared work and nothing else.

use std::sync::{LazyLock, OnceLock};

use bench_contract::{Body, Calls, Counter, Document, Inside, Kinds, Logs, Source};
use bench_work as work;
use polyplug::{Caller, Context, Fault};

#[derive(Default)]
struct Plugin;

#[polyplug::plugin]
impl Calls for Plugin {
    fn scalar(&self, x: u64) -> u64 {
        work::scalar(x)
    }

    fn guarded(&self, x: u64) -> u64 {
        work::guarded(x)
    }

    fn pair(&self, a: u64, b: u64) -> u64 {
        work::pair(a, b)
    }

    fn eight(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64) -> u64 {
        work::eight(a, b, c, d, e, f, g, h)
    }

    fn text(&self, text: &str) -> u64 {
        work::text(text)
    }

    fn bytes(&self, bytes: &[u8]) -> u64 {
        work::bytes(bytes)
    }

    fn greeting(&self, seed: u64) -> String {
        work::greeting(seed)
    }

    fn numbers(&self, seed: u32) -> Vec<u32> {
        work::numbers(seed)
    }

    fn turn(&self, body: &Body) -> Body {
        work::turn((*body).into()).into()
    }

    fn checked(&self, x: u64) -> Result<u64, Fault> {
        work::checked(x).ok_or_else(|| Fault::new("no number"))
    }
}

static DOCUMENT: LazyLock<Document> = LazyLock::new(Document::of_a_thousand);

#[polyplug::plugin]
impl Kinds for Plugin {
    fn bodies(&self, bodies: &[Body]) -> u64 {
        work::ends(bodies.first().map(|body| body.x), bodies.len() as u64)
    }

    fn body(&self, body: &Body) -> u64 {
        work::ends(Some(body.x), body.z)
    }

    fn blob(&self, seed: u8) -> Vec<u8> {
        work::blob(seed)
    }

    fn read(&self, document: &Document) -> u64 {
        document.sum()
    }

    fn write(&self) -> Document {
        DOCUMENT.clone()
    }

    fn call_back(&self, mut x: u64, work: &dyn Fn(u64) -> u64) -> u64 {
        for _ in 0..work::CALLS_BACK {
            x = work(x);
        }
        x
    }

    fn counter(&self) -> Box<dyn Counter + Send> {
        Box::new(Plugin)
    }
}

#[polyplug::plugin]
impl Counter for Plugin {
    fn add(&self, x: u64) -> u64 {
        work::scalar(x)
    }
}

#[polyplug::plugin]
impl Logs for Plugin {
    fn filtered(&self, count: u64) -> u64 {
        for number in 0..count {
            tracing::debug!(number, text = "text", "record {number}");
        }
        count
    }

    fn delivered(&self, count: u64) -> u64 {
        for number in 0..count {
            tracing::info!(number, text = "text", "record {number}");
        }
        count
    }

    fn log_filtered(&self, count: u64) -> u64 {
        for number in 0..count {
            log::debug!("record {number}");
        }
        count
    }

    fn log_delivered(&self, count: u64) -> u64 {
        for number in 0..count {
            log::info!("record {number}");
        }
        count
    }

    fn spans(&self, count: u64) -> u64 {
        for number in 0..count {
            tracing::info_span!("span", number).in_scope(|| ());
        }
        count
    }
}

/// Calls the host, and the plugin above as another's.
struct Asker {
    context: Context,
    source: OnceLock<Caller<dyn Source>>,
    peer: OnceLock<Caller<dyn Calls>>,
}

impl Asker {
    fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            source: OnceLock::new(),
            peer: OnceLock::new(),
        }
    }
}

#[polyplug::plugin(name = "asker", new = Asker::new)]
impl Inside for Asker {
    fn own(&self, count: u64) -> u64 {
        let function = std::hint::black_box(work::scalar as fn(u64) -> u64);
        (0..count).fold(1, |x, _| function(x))
    }

    fn host(&self, count: u64) -> u64 {
        let source = self.source.get_or_init(|| {
            let source = self.context.host();
            source.unwrap_or_else(|error| panic!("{error}"))
        });
        (0..count).fold(1, |x, _| source.next(x))
    }

    fn peer(&self, count: u64) -> u64 {
        let peer = self.peer.get_or_init(|| {
            let peer = self.context.peer();
            peer.unwrap_or_else(|error| panic!("{error}"))
        });
        (0..count).fold(1, |x, _| peer.scalar(x))
    }
}
