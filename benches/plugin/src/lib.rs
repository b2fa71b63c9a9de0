//! The plugin of the call benches: each method does the shared work and nothing else.

use bench_contract::{Body, Calls};
use bench_work as work;
use polyplug::Fault;

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
