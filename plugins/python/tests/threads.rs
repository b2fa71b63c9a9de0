//! Calls from many threads, of Rust's and of Python's, and what a thread costs that Python has not seen before.

mod support;

use std::thread;
use std::time::{Duration, Instant};

use greeter_api::Greeter;
use support::{file, load, plugin, runtime};

#[test]
fn eight_threads_call_at_once() {
    let Some(runtime) = runtime() else { return };
    let module = runtime.load(file("greeter.py")).expect("it loads");
    let greeter = module.get::<dyn Greeter>().expect("a caller");
    thread::scope(|scope| {
        for number in 0..8 {
            let greeter = greeter.clone();
            scope.spawn(move || {
                for turn in 0..5_000 {
                    let name = format!("{number} {turn}");
                    assert_eq!(greeter.greet(&name), format!("Hello, {name}!"));
                }
            });
        }
    });
}

#[test]
fn threads_that_end_leave_nothing() {
    let Some(runtime) = runtime() else { return };
    let text = plugin(
        "demo.greeter",
        "def greet(self, name):\n    import sys, threading\n    return f'{len(sys._current_frames())} {threading.active_count()}'",
    );
    let module = load(&runtime, text).expect("it loads");
    let greeter = module.get::<dyn Greeter>().expect("a caller");
    greeter.greet("");
    for _ in 0..200 {
        let greeter = greeter.clone();
        thread::spawn(move || greeter.greet(""))
            .join()
            .expect("no panic");
    }
    let counts = greeter.greet("");
    let counts: Vec<usize> = counts
        .split(' ')
        .map(|count| count.parse().expect("a number"))
        .collect();
    assert!(
        counts.iter().all(|&count| count < 20),
        "{counts:?} threads after 200 that ended"
    );
}

/// The least that one call took, of many.
fn least(count: u32, mut call: impl FnMut()) -> Duration {
    let one = |()| {
        let start = Instant::now();
        for _ in 0..100 {
            call();
        }
        start.elapsed() / 100
    };
    (0..count).map(|_| ()).map(one).min().unwrap_or_default()
}

#[test]
fn a_foreign_thread_pays_once() {
    let Some(runtime) = runtime() else { return };
    let module = runtime.load(file("greeter.py")).expect("it loads");
    let greeter = module.get::<dyn Greeter>().expect("a caller");
    let here = least(50, || drop(greeter.greet("x")));
    let there = thread::spawn(move || least(50, || drop(greeter.greet("x")))).join();
    let there = there.expect("no panic");
    // A state that is made for each call costs nine microseconds more, and several times this.
    assert!(
        there < here * 2 + Duration::from_micros(3),
        "{there:?} there, {here:?} here"
    );
}
