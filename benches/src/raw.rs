//! The arms that call the hand-written C functions of `bench-raw`, as a careful C programmer would call them.
//!
//! *What is held.* The opened library and the addresses of its functions. *Who may touch it.* Only this file; the
//! fields are private. *What is always true.* (1) Each address was found in the library under the name, and is called
//! with the signature, that `bench-raw` declares. (2) The library stays open as long as this value, so long are the
//! addresses good. *Why that suffices.* The functions ask for readable and writable memory during the call, which
//! references give, and for buffers to come back once, which each method sees to.

use std::fmt;
use std::mem::MaybeUninit;
use std::path::Path;
use std::slice;

use bench_contract::{Body, Calls};
use bench_work::header;
use libloading::Library;
use polyplug::Fault;

type ByPointer<I, O> = unsafe extern "C" fn(*const I, *mut O);

/// Arguments and results by value where C allows it; text and bytes as pointer and length. The arm that the others
/// are compared with.
pub struct ByValue {
    scalar: extern "C" fn(u64) -> u64,
    guarded: extern "C" fn(u64) -> u64,
    pair: extern "C" fn(u64, u64) -> u64,
    eight: extern "C" fn(u64, u64, u64, u64, u64, u64, u64, u64) -> u64,
    text: unsafe extern "C" fn(*const u8, usize) -> u64,
    bytes: unsafe extern "C" fn(*const u8, usize) -> u64,
    greeting: extern "C" fn(u64) -> header::Buffer<u8>,
    greeting_free: unsafe extern "C" fn(*mut u8, usize),
    numbers: extern "C" fn(u32) -> header::Buffer<u32>,
    numbers_free: unsafe extern "C" fn(*mut u32, usize),
    turn: extern "C" fn(header::Body) -> header::Body,
    checked: extern "C" fn(u64) -> header::Checked,
    // Last: closed after nothing above can be called any more.
    _library: Library,
}

/// A pointer to the arguments in, a pointer to the result out.
pub struct ByPointers {
    scalar: ByPointer<u64, u64>,
    guarded: ByPointer<u64, u64>,
    pair: ByPointer<header::Pair, u64>,
    eight: ByPointer<header::Eight, u64>,
    text: ByPointer<header::Slice, u64>,
    bytes: ByPointer<header::Slice, u64>,
    greeting: ByPointer<u64, header::Buffer<u8>>,
    greeting_free: unsafe extern "C" fn(*mut u8, usize),
    numbers: ByPointer<u32, header::Buffer<u32>>,
    numbers_free: unsafe extern "C" fn(*mut u32, usize),
    turn: ByPointer<header::Body, header::Body>,
    checked: ByPointer<u64, header::Checked>,
    // Last, as above.
    _library: Library,
}

/// Finds the named functions and makes a value of them and the library.
macro_rules! find {
    ($library:ident, $($field:ident: $name:literal),* $(,)?) => {
        Self {
            $($field: {
                // SAFETY: the type of the field is the one that `bench-raw` declares under this name.
                *unsafe { $library.get(concat!($name, "\0").as_bytes()) }.expect($name)
            },)*
            _library: $library,
        }
    };
}

fn open(path: &Path) -> Library {
    // SAFETY: a library of ours, whose initializers do nothing.
    unsafe { Library::new(path) }
        .unwrap_or_else(|error| panic!("cannot open `{}`: {error}", path.display()))
}

impl ByValue {
    /// Opens the library at `path`, which is `bench-raw`'s.
    ///
    /// # Panics
    ///
    /// When it cannot be opened, or lacks a function.
    pub fn open(path: &Path) -> Self {
        let library = open(path);
        find! {
            library,
            scalar: "raw_scalar",
            guarded: "raw_guarded",
            pair: "raw_pair",
            eight: "raw_eight",
            text: "raw_text",
            bytes: "raw_bytes",
            greeting: "raw_greeting",
            greeting_free: "raw_greeting_free",
            numbers: "raw_numbers",
            numbers_free: "raw_numbers_free",
            turn: "raw_turn",
            checked: "raw_checked",
        }
    }
}

impl ByPointers {
    /// Opens the library at `path`, which is `bench-raw`'s.
    ///
    /// # Panics
    ///
    /// When it cannot be opened, or lacks a function.
    pub fn open(path: &Path) -> Self {
        let library = open(path);
        find! {
            library,
            scalar: "raw_scalar_pointer",
            guarded: "raw_guarded_pointer",
            pair: "raw_pair_pointer",
            eight: "raw_eight_pointer",
            text: "raw_text_pointer",
            bytes: "raw_bytes_pointer",
            greeting: "raw_greeting_pointer",
            greeting_free: "raw_greeting_free",
            numbers: "raw_numbers_pointer",
            numbers_free: "raw_numbers_free",
            turn: "raw_turn_pointer",
            checked: "raw_checked_pointer",
        }
    }
}

impl fmt::Debug for ByValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByValue").finish_non_exhaustive()
    }
}

impl fmt::Debug for ByPointers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByPointers").finish_non_exhaustive()
    }
}

/// Calls a function with pointers in and out.
///
/// # Safety
///
/// `function` asks for nothing but a readable input, whose own pointers are good, and writes its whole output.
unsafe fn through<I, O>(function: ByPointer<I, O>, input: &I) -> O {
    let mut output = MaybeUninit::uninit();
    // SAFETY: a reference is readable, the local is writable; the rest is the caller's promise.
    unsafe { function(input, output.as_mut_ptr()) };
    // SAFETY: written whole, as the caller promises.
    unsafe { output.assume_init() }
}

/// The copy that the caller keeps.
///
/// # Safety
///
/// `buffer` has not gone back to its library.
unsafe fn copy<T: Copy>(buffer: &header::Buffer<T>) -> Vec<T> {
    // SAFETY: the library filled it, and has not got it back.
    unsafe { slice::from_raw_parts(buffer.pointer, buffer.length) }.to_vec()
}

fn outcome(checked: header::Checked) -> Result<u64, Fault> {
    if checked.status == 0 {
        Ok(checked.value)
    } else {
        Err(Fault::new("no number"))
    }
}

impl Calls for ByValue {
    fn scalar(&self, x: u64) -> u64 {
        (self.scalar)(x)
    }

    fn guarded(&self, x: u64) -> u64 {
        (self.guarded)(x)
    }

    fn pair(&self, a: u64, b: u64) -> u64 {
        (self.pair)(a, b)
    }

    fn eight(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64) -> u64 {
        (self.eight)(a, b, c, d, e, f, g, h)
    }

    fn text(&self, text: &str) -> u64 {
        // SAFETY: 1, 2; a `&str` is readable UTF-8.
        unsafe { (self.text)(text.as_ptr(), text.len()) }
    }

    fn bytes(&self, bytes: &[u8]) -> u64 {
        // SAFETY: 1, 2; a slice is readable.
        unsafe { (self.bytes)(bytes.as_ptr(), bytes.len()) }
    }

    fn greeting(&self, seed: u64) -> String {
        let buffer = (self.greeting)(seed);
        // SAFETY: it goes back below.
        let bytes = unsafe { copy(&buffer) };
        // SAFETY: 1, 2; it came from `greeting`, and this is its last use.
        unsafe { (self.greeting_free)(buffer.pointer, buffer.capacity) };
        // SAFETY: `bench-raw` made it from a `String`.
        unsafe { String::from_utf8_unchecked(bytes) }
    }

    fn numbers(&self, seed: u32) -> Vec<u32> {
        let buffer = (self.numbers)(seed);
        // SAFETY: it goes back below.
        let numbers = unsafe { copy(&buffer) };
        // SAFETY: 1, 2; it came from `numbers`, and this is its last use.
        unsafe { (self.numbers_free)(buffer.pointer, buffer.capacity) };
        numbers
    }

    fn turn(&self, body: &Body) -> Body {
        let words: [u64; 3] = (*body).into();
        let words: [u64; 3] = (self.turn)(words.into()).into();
        words.into()
    }

    fn checked(&self, x: u64) -> Result<u64, Fault> {
        outcome((self.checked)(x))
    }
}

impl Calls for ByPointers {
    fn scalar(&self, x: u64) -> u64 {
        // SAFETY: 1, 2.
        unsafe { through(self.scalar, &x) }
    }

    fn guarded(&self, x: u64) -> u64 {
        // SAFETY: 1, 2.
        unsafe { through(self.guarded, &x) }
    }

    fn pair(&self, a: u64, b: u64) -> u64 {
        // SAFETY: 1, 2.
        unsafe { through(self.pair, &header::Pair { a, b }) }
    }

    fn eight(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64) -> u64 {
        // SAFETY: 1, 2.
        unsafe {
            through(
                self.eight,
                &header::Eight {
                    arguments: [a, b, c, d, e, f, g, h],
                },
            )
        }
    }

    fn text(&self, text: &str) -> u64 {
        // SAFETY: 1, 2; a `&str` is readable UTF-8.
        unsafe {
            through(
                self.text,
                &header::Slice {
                    pointer: text.as_ptr(),
                    length: text.len(),
                },
            )
        }
    }

    fn bytes(&self, bytes: &[u8]) -> u64 {
        // SAFETY: 1, 2; a slice is readable.
        unsafe {
            through(
                self.bytes,
                &header::Slice {
                    pointer: bytes.as_ptr(),
                    length: bytes.len(),
                },
            )
        }
    }

    fn greeting(&self, seed: u64) -> String {
        // SAFETY: 1, 2.
        let buffer = unsafe { through(self.greeting, &seed) };
        // SAFETY: it goes back below.
        let bytes = unsafe { copy(&buffer) };
        // SAFETY: 1, 2; it came from `greeting`, and this is its last use.
        unsafe { (self.greeting_free)(buffer.pointer, buffer.capacity) };
        // SAFETY: `bench-raw` made it from a `String`.
        unsafe { String::from_utf8_unchecked(bytes) }
    }

    fn numbers(&self, seed: u32) -> Vec<u32> {
        // SAFETY: 1, 2.
        let buffer = unsafe { through(self.numbers, &seed) };
        // SAFETY: it goes back below.
        let numbers = unsafe { copy(&buffer) };
        // SAFETY: 1, 2; it came from `numbers`, and this is its last use.
        unsafe { (self.numbers_free)(buffer.pointer, buffer.capacity) };
        numbers
    }

    fn turn(&self, body: &Body) -> Body {
        let words: [u64; 3] = (*body).into();
        // SAFETY: 1, 2.
        let words: [u64; 3] = unsafe { through(self.turn, &words.into()) }.into();
        words.into()
    }

    fn checked(&self, x: u64) -> Result<u64, Fault> {
        // SAFETY: 1, 2.
        outcome(unsafe { through(self.checked, &x) })
    }
}
