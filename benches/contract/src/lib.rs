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
