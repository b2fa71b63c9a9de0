//! The contract of the call benches: one method for each shape of a signature whose price is asked for.

use polyplug::Fault;

/// A plain struct of three words.
#[polyplug::data]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Body {
    /// First word.
    pub x: u64,
    /// Second word.
    pub y: u64,
    /// Third word.
    pub z: u64,
}

/// Data that holds data of its own kind.
#[polyplug::data]
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// A text of its own.
    pub title: String,
    /// A number.
    pub value: u64,
    /// More of them.
    pub parts: Vec<Document>,
}

impl Document {
    /// A document of a thousand nodes: itself, nine parts, and 110 parts of each.
    #[must_use]
    pub fn of_a_thousand() -> Self {
        let node = |value: u64, parts| Self {
            title: format!("node number {value:>4}"),
            value,
            parts,
        };
        let leaves = |part: u64| (0..110).map(move |leaf| node(part * 110 + leaf, Vec::new()));
        node(
            0,
            (1..=9)
                .map(|part| node(part, leaves(part).collect()))
                .collect(),
        )
    }

    /// What all nodes hold, so that each must be looked at.
    #[must_use]
    pub fn sum(&self) -> u64 {
        let parts: u64 = self.parts.iter().map(Self::sum).sum();
        self.value + self.title.len() as u64 + parts
    }
}

/// An object that is called like an instance.
#[polyplug::contract(id = "bench.counter", version = "1.0")]
pub trait Counter {
    /// One number in, one out.
    fn add(&self, x: u64) -> u64;
}

/// Makes records of the log, so many in one call.
#[polyplug::contract(id = "bench.logs", version = "1.0")]
pub trait Logs {
    /// With `tracing`, which nobody wants.
    fn filtered(&self, count: u64) -> u64;
    /// With `tracing`.
    fn delivered(&self, count: u64) -> u64;
    /// With `log`, which nobody wants.
    fn log_filtered(&self, count: u64) -> u64;
    /// With `log`.
    fn log_delivered(&self, count: u64) -> u64;
    /// A span, entered and left, with `tracing`.
    fn spans(&self, count: u64) -> u64;
}

/// What the host offers.
#[polyplug::host_contract(id = "bench.source", version = "1.0")]
pub trait Source {
    /// One number in, one out.
    fn next(&self, x: u64) -> u64;
}

/// Calls that a plugin makes itself, so many in one call.
#[polyplug::contract(id = "bench.inside", version = "1.0")]
pub trait Inside {
    /// To a function of its own.
    fn own(&self, count: u64) -> u64;
    /// To the host.
    fn host(&self, count: u64) -> u64;
    /// To another plugin.
    fn peer(&self, count: u64) -> u64;
}

/// Calls that pass more than scalars and texts.
#[polyplug::contract(id = "bench.kinds", version = "1.0")]
pub trait Kinds {
    /// Plain structs by address.
    fn bodies(&self, bodies: &[Body]) -> u64;
    /// One of them.
    fn body(&self, body: &Body) -> u64;
    /// A mebibyte out.
    fn blob(&self, seed: u8) -> Vec<u8>;
    /// A document in.
    fn read(&self, document: &Document) -> u64;
    /// The same document out.
    fn write(&self) -> Document;
    /// A thousand calls back.
    fn call_back(&self, x: u64, work: &dyn Fn(u64) -> u64) -> u64;
    /// An object out.
    fn counter(&self) -> Box<dyn Counter + Send>;
}

/// The calls that are measured.
#[polyplug::contract(id = "bench.calls", version = "1.0")]
pub trait Calls {
    /// One number in, one out.
    fn scalar(&self, x: u64) -> u64;
    /// The same, where the body may panic.
    fn guarded(&self, x: u64) -> u64;
    /// Two numbers in.
    fn pair(&self, a: u64, b: u64) -> u64;
    /// Eight numbers in.
    #[expect(clippy::too_many_arguments, reason = "that is what is measured")]
    fn eight(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64) -> u64;
    /// A text in.
    fn text(&self, text: &str) -> u64;
    /// Bytes in.
    fn bytes(&self, bytes: &[u8]) -> u64;
    /// A text out.
    fn greeting(&self, seed: u64) -> String;
    /// Numbers out.
    fn numbers(&self, seed: u32) -> Vec<u32>;
    /// A plain struct in and out.
    fn turn(&self, body: &Body) -> Body;
    /// A number or a fault.
    fn checked(&self, x: u64) -> Result<u64, Fault>;
}

impl From<[u64; 3]> for Body {
    fn from([x, y, z]: [u64; 3]) -> Self {
        Self { x, y, z }
    }
}

impl From<Body> for [u64; 3] {
    fn from(Body { x, y, z }: Body) -> Self {
        [x, y, z]
    }
}
