//! A default body with a static in it.

use std::sync::atomic::{AtomicU32, Ordering};

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn count(&self) -> u32 {
        static CALLS: AtomicU32 = AtomicU32::new(0);
        CALLS.fetch_add(1, Ordering::Relaxed)
    }
}

fn main() {}
