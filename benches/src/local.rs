//! The arms that stay in this program: the work inlined into the loop, called as a function, called through a trait
//! object. The compiler sees them whole, so what a loop does not change is hidden from it; calls into a library need
//! no such thing.

use std::hint::black_box;

use bench_contract::{Body, Calls};
use bench_work as work;
use polyplug::Fault;

/// Implements the contract for a type by the shared work, each method with the given attribute.
macro_rules! local {
    ($(#[$doc:meta])* $name:ident, #[$inline:meta]) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Calls for $name {
            #[$inline]
            fn scalar(&self, x: u64) -> u64 {
                work::scalar(x)
            }

            #[$inline]
            fn guarded(&self, x: u64) -> u64 {
                work::guarded(x)
            }

            #[$inline]
            fn pair(&self, a: u64, b: u64) -> u64 {
                work::pair(a, b)
            }

            #[$inline]
            fn eight(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64) -> u64 {
                work::eight(a, b, c, d, e, f, g, h)
            }

            #[$inline]
            fn text(&self, text: &str) -> u64 {
                work::text(black_box(text))
            }

            #[$inline]
            fn bytes(&self, bytes: &[u8]) -> u64 {
                work::bytes(black_box(bytes))
            }

            #[$inline]
            fn greeting(&self, seed: u64) -> String {
                black_box(work::greeting(seed))
            }

            #[$inline]
            fn numbers(&self, seed: u32) -> Vec<u32> {
                black_box(work::numbers(seed))
            }

            #[$inline]
            fn turn(&self, body: &Body) -> Body {
                work::turn((*body).into()).into()
            }

            #[$inline]
            fn checked(&self, x: u64) -> Result<u64, Fault> {
                work::checked(x).ok_or_else(|| Fault::new("no number"))
            }
        }
    };
}

local! {
    /// The work itself, in the loop.
    Inlined, #[inline(always)]
}

local! {
    /// A Rust function that is called.
    NeverInlined, #[inline(never)]
}
