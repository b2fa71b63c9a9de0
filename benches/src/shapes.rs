//! The shapes of a call, and the loop that makes each of them. Every result feeds the next call, or a sum where a
//! text cannot be made from a number, so that no call is left out. The loops are plain ones: an adaptor with a closure
//! would be one function for all copies of a loop.

use std::hint::black_box;
use std::sync::LazyLock;

use bench_contract::{Body, Calls};
use bench_work as work;

use crate::arms::{RAW, RAW_POINTERS};

/// One shape of a signature.
pub trait Shape {
    /// What the table calls it.
    const NAME: &'static str;

    /// The arm that the others are compared with.
    const BASE: &'static str = RAW;

    /// What a [`Pinned`](polyplug::Pinned) or [`Instance`](polyplug::Instance) may cost, as a ratio to the raw arm.
    const HELD: Option<f64> = None;

    /// What a [`Caller`](polyplug::Caller) may cost.
    const FOLLOWING: Option<f64> = None;

    /// Whether the arm that looks everything up for each call is measured too.
    const LOOKED_UP: bool = false;

    /// Makes `count` calls. The result depends on all of them and is the same for every arm.
    fn run<C: Calls + ?Sized>(calls: &C, count: u64) -> u64;
}

/// One of several copies of the loop of a shape and an arm, each at a place of its own.
#[inline(never)]
pub fn run_copy<S: Shape, C: Calls + ?Sized, const COPY: usize>(calls: &C, count: u64) -> u64 {
    // Keeps the linker from taking one copy for all.
    black_box(COPY);
    S::run(calls, count)
}

/// A ratio for calls that pass scalars, or lend text and bytes.
const SCALAR_HELD: Option<f64> = Some(1.15);
const SCALAR_FOLLOWING: Option<f64> = Some(1.4);

/// A chain of `u64 -> u64`.
#[derive(Debug)]
pub struct Scalar;

impl Shape for Scalar {
    const NAME: &'static str = "u64 -> u64";
    const HELD: Option<f64> = SCALAR_HELD;
    const FOLLOWING: Option<f64> = SCALAR_FOLLOWING;
    const LOOKED_UP: bool = true;

    #[inline(always)]
    fn run<C: Calls + ?Sized>(calls: &C, count: u64) -> u64 {
        let mut x = 1;
        for _ in 0..count {
            x = calls.scalar(x);
        }
        x
    }
}

/// The same chain, where there is a panic to contain.
#[derive(Debug)]
pub struct Guarded;

impl Shape for Guarded {
    const NAME: &'static str = "u64 -> u64, may panic";
    const HELD: Option<f64> = SCALAR_HELD;
    const FOLLOWING: Option<f64> = SCALAR_FOLLOWING;

    #[inline(always)]
    fn run<C: Calls + ?Sized>(calls: &C, count: u64) -> u64 {
        let mut x = 1;
        for _ in 0..count {
            x = calls.guarded(x);
        }
        x
    }
}

/// A chain of `(u64, u64) -> u64`.
#[derive(Debug)]
pub struct Pair;

impl Shape for Pair {
    const NAME: &'static str = "two u64 -> u64";
    const HELD: Option<f64> = SCALAR_HELD;
    const FOLLOWING: Option<f64> = SCALAR_FOLLOWING;

    #[inline(always)]
    fn run<C: Calls + ?Sized>(calls: &C, count: u64) -> u64 {
        let (mut a, mut b) = (1, 2);
        for _ in 0..count {
            (a, b) = (calls.pair(a, b), a);
        }
        a ^ b
    }
}

/// A chain of eight numbers in: more than the registers take.
#[derive(Debug)]
pub struct Eight;

impl Shape for Eight {
    const NAME: &'static str = "eight u64 -> u64";
    const HELD: Option<f64> = SCALAR_HELD;
    const FOLLOWING: Option<f64> = SCALAR_FOLLOWING;

    #[inline(always)]
    fn run<C: Calls + ?Sized>(calls: &C, count: u64) -> u64 {
        let mut x = 1;
        for _ in 0..count {
            x = calls.eight(x, 2, 3, 4, 5, 6, 7, 8);
        }
        x
    }
}

/// 64 bytes of text in.
#[derive(Debug)]
pub struct Text;

impl Shape for Text {
    const NAME: &'static str = "&str of 64 B";
    const HELD: Option<f64> = SCALAR_HELD;
    const FOLLOWING: Option<f64> = SCALAR_FOLLOWING;

    #[inline(always)]
    fn run<C: Calls + ?Sized>(calls: &C, count: u64) -> u64 {
        let text = black_box(work::TEXT);
        let mut sum: u64 = 0;
        for _ in 0..count {
            sum = sum.rotate_left(5) ^ calls.text(text);
        }
        sum
    }
}

/// 4 KiB in.
#[derive(Debug)]
pub struct Bytes;

impl Shape for Bytes {
    const NAME: &'static str = "&[u8] of 4 KiB";
    const HELD: Option<f64> = SCALAR_HELD;
    const FOLLOWING: Option<f64> = SCALAR_FOLLOWING;

    #[inline(always)]
    fn run<C: Calls + ?Sized>(calls: &C, count: u64) -> u64 {
        static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| (0..=255).cycle().take(4096).collect());
        let bytes = black_box(BYTES.as_slice());
        let mut sum: u64 = 0;
        for _ in 0..count {
            sum = sum.rotate_left(5) ^ calls.bytes(bytes);
        }
        sum
    }
}

/// 64 bytes of text out, owned by the caller.
#[derive(Debug)]
pub struct Greeting;

impl Shape for Greeting {
    const NAME: &'static str = "String of 64 B out";
    const HELD: Option<f64> = Some(1.2);
    const FOLLOWING: Option<f64> = SCALAR_FOLLOWING;

    #[inline(always)]
    fn run<C: Calls + ?Sized>(calls: &C, count: u64) -> u64 {
        let mut seed: u64 = 1;
        for _ in 0..count {
            let text = calls.greeting(seed);
            let last = text.as_bytes()[text.len() - 1];
            seed = seed.wrapping_mul(3).wrapping_add(u64::from(last));
        }
        seed
    }
}

/// A thousand numbers out, owned by the caller.
#[derive(Debug)]
pub struct Numbers;

impl Shape for Numbers {
    const NAME: &'static str = "Vec<u32> of 1000 out";

    #[inline(always)]
    fn run<C: Calls + ?Sized>(calls: &C, count: u64) -> u64 {
        let mut seed: u32 = 1;
        for _ in 0..count {
            let numbers = calls.numbers(seed);
            seed = seed
                .wrapping_mul(3)
                .wrapping_add(numbers[numbers.len() - 1]);
        }
        u64::from(seed)
    }
}

/// A plain struct in and out.
#[derive(Debug)]
pub struct Turn;

impl Shape for Turn {
    const NAME: &'static str = "plain struct in and out";
    const BASE: &'static str = RAW_POINTERS;

    #[inline(always)]
    fn run<C: Calls + ?Sized>(calls: &C, count: u64) -> u64 {
        let mut x = 1;
        for _ in 0..count {
            let body = calls.turn(&Body { x, y: 2, z: 3 });
            x = body.x ^ body.y ^ body.z;
        }
        x
    }
}

/// A `Result` that is always `Ok`.
#[derive(Debug)]
pub struct Checked;

impl Shape for Checked {
    const NAME: &'static str = "Result<u64, _>, ok";

    #[inline(always)]
    fn run<C: Calls + ?Sized>(calls: &C, count: u64) -> u64 {
        let mut x = 1;
        for _ in 0..count {
            x = calls.checked(x).unwrap_or_else(|fault| panic!("{fault}"));
        }
        x
    }
}
