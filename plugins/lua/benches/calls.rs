//! What a call of a plugin in Lua costs, beside the same function through `lua_pcall` alone. Run it with
//! `cargo bench -p polyplug-lua`.
//!
//! Each pair is measured in turns, and the medians are compared.
#![expect(unsafe_code, reason = "the floor is the C interface of Lua")]

use std::fmt;
use std::hint::black_box;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use greeter_api::Greeter;
use mlua::ffi;
use polyplug::{Caller, Runtime};
use polyplug_lua as _;

const FUNCTIONS: &str = "return function(self, a, b) return a + b end, function(self, name) return 'Hello, ' .. name .. '!' end";

/// A state of its own, with the functions of the plugin at places 1 and 2 of its stack, and a receiver at 3.
struct Floor(*mut ffi::lua_State);

impl fmt::Debug for Floor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Floor")
    }
}

impl Floor {
    fn new() -> Self {
        // SAFETY: a new state, used here only.
        unsafe {
            let state = ffi::luaL_newstate();
            ffi::luaL_openlibs(state);
            let text = FUNCTIONS.as_ptr().cast();
            let loaded = ffi::luaL_loadbufferx(
                state,
                text,
                FUNCTIONS.len(),
                c"floor".as_ptr(),
                core::ptr::null(),
            );
            assert_eq!(loaded, 0);
            assert_eq!(ffi::lua_pcall(state, 0, 2, 0), 0);
            ffi::lua_createtable(state, 0, 0);
            Self(state)
        }
    }

    fn add(&self, a: u32, b: u32) -> u32 {
        // SAFETY: the stack as `new` left it.
        unsafe {
            ffi::lua_pushvalue(self.0, 1);
            ffi::lua_pushvalue(self.0, 3);
            ffi::lua_pushnumber(self.0, a.into());
            ffi::lua_pushnumber(self.0, b.into());
            assert_eq!(ffi::lua_pcall(self.0, 3, 1, 0), 0);
            let sum = ffi::lua_tonumber(self.0, -1) as u32;
            ffi::lua_settop(self.0, 3);
            sum
        }
    }

    fn greet(&self, name: &str) -> String {
        // SAFETY: the stack as `new` left it.
        unsafe {
            ffi::lua_pushvalue(self.0, 2);
            ffi::lua_pushvalue(self.0, 3);
            ffi::lua_pushlstring(self.0, name.as_ptr().cast(), name.len());
            assert_eq!(ffi::lua_pcall(self.0, 2, 1, 0), 0);
            let mut len = 0;
            let text = ffi::lua_tolstring(self.0, -1, &raw mut len);
            let text = core::slice::from_raw_parts(text.cast::<u8>(), len);
            let text = core::str::from_utf8(text).expect("text").to_owned();
            ffi::lua_settop(self.0, 3);
            text
        }
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // SAFETY: nobody uses it any more.
        unsafe { ffi::lua_close(self.0) };
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Nanoseconds a call, the median of many rounds.
fn compare(name: &str, count: u32, mut floor: impl FnMut(u32), mut ours: impl FnMut(u32)) {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..41 {
        for (round, times) in times.iter_mut().enumerate() {
            let start = Instant::now();
            for number in 0..count {
                if round == 0 {
                    floor(number);
                } else {
                    ours(number);
                }
            }
            times.push(start.elapsed().as_nanos() as f64 / f64::from(count));
        }
    }
    let [floor, ours] = times.map(median);
    println!(
        "{name:<28} lua_pcall {floor:8.1} ns   polyplug {ours:8.1} ns   {:5.2}x",
        ours / floor
    );
}

fn main() {
    let runtime = Runtime::new();
    runtime.load_linked().expect("the loader");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/greeter.lua");
    let start = Instant::now();
    let module = runtime.load(&file).expect("it loads");
    println!("load of a file {:?}", start.elapsed());
    let caller = module.get::<dyn Greeter>().expect("a caller");
    let greeter = Caller::pin(&caller).expect("pinned");
    let floor = Floor::new();
    assert_eq!(floor.add(1, 2), caller.add(1, 2));
    assert_eq!(floor.greet("x"), caller.greet("x"));
    let text = "sixteen bytes ok";
    compare(
        "u32, u32 -> u32, pinned",
        200_000,
        |number| _ = black_box(floor.add(number, 1)),
        |number| _ = black_box(greeter.add(number, 1)),
    );
    compare(
        "u32, u32 -> u32, caller",
        200_000,
        |number| _ = black_box(floor.add(number, 1)),
        |number| _ = black_box(caller.add(number, 1)),
    );
    compare(
        "16 bytes -> text, pinned",
        100_000,
        |_| _ = black_box(floor.greet(text)),
        |_| _ = black_box(greeter.greet(text)),
    );
    let source = std::fs::read(&file).expect("the file");
    let machine = || {
        // SAFETY: the libraries of a plugin.
        let lua = unsafe { mlua::Lua::unsafe_new() };
        let face = "polyplug = { plugin = function(description) return description end }";
        lua.load(face).exec().expect("the face");
        lua.load(&source[..]).exec().expect("the file runs");
    };
    let reload = || drop(module.reload().expect("it reloads"));
    let mut times = [Vec::new(), Vec::new()];
    let works: [&dyn Fn(); 2] = [&machine, &reload];
    for _ in 0..400 {
        for (work, times) in works.into_iter().zip(&mut times) {
            // The machine that a reload replaced is closed on a thread of the runtime, which would slow down either.
            thread::sleep(Duration::from_millis(2));
            let start = Instant::now();
            work();
            times.push(start.elapsed().as_nanos() as f64 / 1e3);
        }
    }
    report_loads("reload, alone", times.map(median));
    let in_a_row = |work: &dyn Fn()| {
        let start = Instant::now();
        (0..200).for_each(|_| work());
        start.elapsed().as_nanos() as f64 / 2e5
    };
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..5 {
        for (work, times) in works.into_iter().zip(&mut times) {
            times.push(in_a_row(work));
            thread::sleep(Duration::from_millis(50));
        }
    }
    report_loads("reload, in a row", times.map(median));
}

fn report_loads(name: &str, [floor, ours]: [f64; 2]) {
    println!(
        "{name:<28} a machine and the file {floor:8.1} us   polyplug {ours:8.1} us   {:5.2}x",
        ours / floor
    );
}
