//! What a call of a plugin in Python costs, beside the same function through `PyObject_Vectorcall` alone. Run it with
//! `cargo bench -p polyplug-python`.
//!
//! Each pair is measured in turns, and the medians are compared. The floor is called with the lock of the interpreter held; what
//! taking and giving back the lock costs is measured by itself, and a row says how a call compares with both together.
#![expect(unsafe_code, reason = "the floor is the C interface of Python")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::hint::black_box;
use std::path::Path;
use std::ptr;
use std::time::Instant;

use greeter_api::Greeter;
use libloading::os::unix::Library;
use polyplug::{Caller, Runtime};
use polyplug_python as _;

const FUNCTIONS: &CStr = c"
class Greeter:
    def greet(self, name): return f'Hello, {name}!'
    def add(self, a, b): return a + b
greeter = Greeter()
greet, add = greeter.greet, greeter.add
";

type Object = *mut c_void;

/// Functions of the interpreter that the loader found, and two bound methods in it.
struct Floor {
    call: unsafe extern "C" fn(Object, *const Object, usize, Object) -> Object,
    integer: unsafe extern "C" fn(u64) -> Object,
    value: unsafe extern "C" fn(Object) -> u64,
    text: unsafe extern "C" fn(*const c_char, isize) -> Object,
    utf8: unsafe extern "C" fn(Object, *mut isize) -> *const u8,
    release: unsafe extern "C" fn(Object),
    save: unsafe extern "C" fn() -> *mut c_void,
    restore: unsafe extern "C" fn(*mut c_void),
    greet: Object,
    add: Object,
}

const OFFSET: usize = 1 << (usize::BITS - 1);

impl Floor {
    /// The interpreter must be there; this thread holds its lock from here on.
    fn new() -> Self {
        let this = Library::this();
        // SAFETY: functions of Python with these signatures, which are called as its rules say.
        unsafe {
            macro_rules! get {
                ($name:literal: $ty:ty) => {
                    *this.get::<$ty>($name).expect($name)
                };
            }
            let ensure = get!("PyGILState_Ensure": unsafe extern "C" fn() -> c_int);
            let import = get!("PyImport_AddModule": unsafe extern "C" fn(*const c_char) -> Object);
            let space = get!("PyModule_GetDict": unsafe extern "C" fn(Object) -> Object);
            let run = get!("PyRun_String": unsafe extern "C" fn(*const c_char, c_int, Object, Object) -> Object);
            let item =
                get!("PyDict_GetItemString": unsafe extern "C" fn(Object, *const c_char) -> Object);
            ensure();
            let space = space(import(c"floor".as_ptr()));
            assert!(!run(FUNCTIONS.as_ptr(), 257, space, space).is_null());
            let get_item = |name: &str| {
                let name = CString::new(name).expect("a name");
                item(space, name.as_ptr())
            };
            Self {
                call: get!("PyObject_Vectorcall": unsafe extern "C" fn(Object, *const Object, usize, Object) -> Object),
                integer: get!("PyLong_FromUnsignedLong": unsafe extern "C" fn(u64) -> Object),
                value: get!("PyLong_AsUnsignedLong": unsafe extern "C" fn(Object) -> u64),
                text: get!("PyUnicode_FromStringAndSize": unsafe extern "C" fn(*const c_char, isize) -> Object),
                utf8: get!("PyUnicode_AsUTF8AndSize": unsafe extern "C" fn(Object, *mut isize) -> *const u8),
                release: get!("Py_DecRef": unsafe extern "C" fn(Object)),
                save: get!("PyEval_SaveThread": unsafe extern "C" fn() -> *mut c_void),
                restore: get!("PyEval_RestoreThread": unsafe extern "C" fn(*mut c_void)),
                greet: get_item("greet"),
                add: get_item("add"),
            }
        }
    }

    fn add(&self, a: u32, b: u32) -> u32 {
        // SAFETY: the lock is held.
        unsafe {
            let arguments = [
                ptr::null_mut(),
                (self.integer)(a.into()),
                (self.integer)(b.into()),
            ];
            let sum = (self.call)(
                self.add,
                arguments.as_ptr().add(1),
                2 | OFFSET,
                ptr::null_mut(),
            );
            (self.release)(arguments[1]);
            (self.release)(arguments[2]);
            let value = (self.value)(sum);
            (self.release)(sum);
            value as u32
        }
    }

    fn greet(&self, name: &str) -> String {
        // SAFETY: the lock is held.
        unsafe {
            let text = (self.text)(name.as_ptr().cast(), name.len().cast_signed());
            let arguments = [ptr::null_mut(), text];
            let text = (self.call)(
                self.greet,
                arguments.as_ptr().add(1),
                1 | OFFSET,
                ptr::null_mut(),
            );
            (self.release)(arguments[1]);
            let mut len = 0;
            let bytes = (self.utf8)(text, &raw mut len);
            let bytes = std::slice::from_raw_parts(bytes, len.cast_unsigned());
            let copied = std::str::from_utf8(bytes).expect("text").to_owned();
            (self.release)(text);
            copied
        }
    }
}

/// Nanoseconds a call, the median of many rounds.
fn compare(name: &str, count: u32, mut floor: impl FnMut(u32), mut ours: impl FnMut(u32)) {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..801 {
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
    let [floor, ours] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    println!(
        "{name:<44} floor {floor:8.1} ns   polyplug {ours:8.1} ns   {:5.2}x",
        ours / floor
    );
}

fn main() {
    let runtime = Runtime::new();
    runtime.load_linked().expect("the loader");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/greeter.py");
    let start = Instant::now();
    let module = match runtime.load(&file) {
        Ok(module) => module,
        Err(error) if error.to_string().contains("no library of Python") => {
            println!("MISSING: {error}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    println!(
        "start of the interpreter, and load of a file: {:?}",
        start.elapsed()
    );
    let caller = module.get::<dyn Greeter>().expect("a caller");
    let greeter = Caller::pin(&caller).expect("pinned");
    let floor = Floor::new();
    assert_eq!(floor.add(1, 2), caller.add(1, 2));
    assert_eq!(floor.greet("x"), caller.greet("x"));
    let text = "sixteen bytes ok";
    println!("the lock held by the thread on both sides: a vectorcall alone is the floor");
    compare(
        "u32, u32 -> u32, pinned",
        5_000,
        |number| _ = black_box(floor.add(number, 1)),
        |number| _ = black_box(greeter.add(number, 1)),
    );
    compare(
        "u32, u32 -> u32, caller",
        5_000,
        |number| _ = black_box(floor.add(number, 1)),
        |number| _ = black_box(caller.add(number, 1)),
    );
    compare(
        "16 bytes -> text, pinned",
        2_500,
        |_| _ = black_box(floor.greet(text)),
        |_| _ = black_box(greeter.greet(text)),
    );
    println!("the lock taken for each call, on both sides");
    // SAFETY: this thread holds the lock, and gives it back for the rest.
    let state = unsafe { (floor.save)() };
    compare(
        "u32, u32 -> u32, lock and vectorcall",
        5_000,
        // SAFETY: the state of this thread.
        |number| unsafe {
            (floor.restore)(state);
            black_box(floor.add(number, 1));
            (floor.save)();
        },
        |number| _ = black_box(greeter.add(number, 1)),
    );
    compare(
        "16 bytes -> text, lock and vectorcall",
        2_500,
        // SAFETY: the state of this thread.
        |_| unsafe {
            (floor.restore)(state);
            black_box(floor.greet(text));
            (floor.save)();
        },
        |_| _ = black_box(greeter.greet(text)),
    );
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let start = Instant::now();
            let count = 200_000;
            for number in 0..count {
                black_box(greeter.add(number, 1));
            }
            let each = start.elapsed().as_nanos() as f64 / f64::from(count);
            println!("u32, u32 -> u32, on a thread of the host's: {each:.1} ns");
        });
    });
    let rounds = 100;
    let start = Instant::now();
    for _ in 0..rounds {
        module.reload().expect("it reloads");
    }
    println!("reload {:?}", start.elapsed() / rounds);
}
