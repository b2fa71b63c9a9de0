//! The C functions that the generated calls are measured against, written by hand as a C programmer would: no state,
//! no receiver, no containment of panics.
//!
//! Each exists twice: with its arguments and its result by value where C allows it, and with pointers in and out.

#![expect(
    unsafe_code,
    reason = "a C interface: exported names, and pointers that the caller vouches for"
)]

use std::mem;
use std::slice;
use std::str;

use bench_work as work;
use bench_work::header::{Body, Buffer, CallBack, Checked, Eight, Node, Pair, Slice};

fn lend_out<T>(mut items: Vec<T>) -> Buffer<T> {
    let buffer = Buffer {
        pointer: items.as_mut_ptr(),
        length: items.len(),
        capacity: items.capacity(),
    };
    mem::forget(items);
    buffer
}

/// # Safety
///
/// `pointer` and `capacity` came from `lend_out`, in this library, and are not used again.
unsafe fn free<T: Copy>(pointer: *mut T, capacity: usize) {
    // SAFETY: parts of a forgotten vector, as the caller promises; its items need no destructor.
    drop(unsafe { Vec::from_raw_parts(pointer, 0, capacity) });
}

/// By value.
#[unsafe(no_mangle)]
pub extern "C" fn raw_scalar(x: u64) -> u64 {
    work::scalar(x)
}

/// By value; aborts on zero.
#[unsafe(no_mangle)]
pub extern "C" fn raw_guarded(x: u64) -> u64 {
    work::guarded(x)
}

/// By value.
#[unsafe(no_mangle)]
pub extern "C" fn raw_pair(a: u64, b: u64) -> u64 {
    work::pair(a, b)
}

/// By value.
#[unsafe(no_mangle)]
pub extern "C" fn raw_eight(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64) -> u64 {
    work::eight(a, b, c, d, e, f, g, h)
}

/// Pointer and length.
///
/// # Safety
///
/// They describe UTF-8 text that stays readable during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn raw_text(pointer: *const u8, length: usize) -> u64 {
    // SAFETY: readable, as the caller promises.
    let bytes = unsafe { slice::from_raw_parts(pointer, length) };
    // SAFETY: UTF-8, as the caller promises.
    work::text(unsafe { str::from_utf8_unchecked(bytes) })
}

/// Pointer and length.
///
/// # Safety
///
/// They describe memory that stays readable during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn raw_bytes(pointer: *const u8, length: usize) -> u64 {
    // SAFETY: readable, as the caller promises.
    work::bytes(unsafe { slice::from_raw_parts(pointer, length) })
}

/// The buffer by value.
#[unsafe(no_mangle)]
pub extern "C" fn raw_greeting(seed: u64) -> Buffer<u8> {
    lend_out(work::greeting(seed).into_bytes())
}

/// Takes a greeting back.
///
/// # Safety
///
/// They came in a buffer of a greeting function of this library and are not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn raw_greeting_free(pointer: *mut u8, capacity: usize) {
    // SAFETY: the same promise.
    unsafe { free(pointer, capacity) }
}

/// The buffer by value.
#[unsafe(no_mangle)]
pub extern "C" fn raw_numbers(seed: u32) -> Buffer<u32> {
    lend_out(work::numbers(seed))
}

/// Takes numbers back.
///
/// # Safety
///
/// They came in a buffer of a number function of this library and are not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn raw_numbers_free(pointer: *mut u32, capacity: usize) {
    // SAFETY: the same promise.
    unsafe { free(pointer, capacity) }
}

/// Structs by value.
#[unsafe(no_mangle)]
pub extern "C" fn raw_turn(body: Body) -> Body {
    work::turn(body.into()).into()
}

/// The status and the number by value, in two registers.
#[unsafe(no_mangle)]
pub extern "C" fn raw_checked(x: u64) -> Checked {
    work::checked(x).into()
}

/// Declares the form with pointers in and out of one function.
macro_rules! by_pointer {
    ($($name:ident: $input:ty => $output:ty, |$argument:pat_param| $body:expr;)*) => {$(
        /// Pointers in and out.
        ///
        /// # Safety
        ///
        /// `input` is readable and `output` writable during the call, and what `input` points at is as its twin by
        /// value asks for.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(input: *const $input, output: *mut $output) {
            // SAFETY: readable, as the caller promises.
            let $argument = unsafe { *input };
            let result = $body;
            // SAFETY: writable, as the caller promises.
            unsafe { output.write(result) }
        }
    )*};
}

by_pointer! {
    raw_scalar_pointer: u64 => u64, |x| work::scalar(x);
    raw_guarded_pointer: u64 => u64, |x| work::guarded(x);
    raw_pair_pointer: Pair => u64, |Pair { a, b }| work::pair(a, b);
    raw_eight_pointer: Eight => u64, |Eight { arguments: [a, b, c, d, e, f, g, h] }| work::eight(a, b, c, d, e, f, g, h);
    raw_text_pointer: Slice => u64, |Slice { pointer, length }| {
        // SAFETY: the same promise.
        unsafe { raw_text(pointer, length) }
    };
    raw_bytes_pointer: Slice => u64, |Slice { pointer, length }| {
        // SAFETY: the same promise.
        unsafe { raw_bytes(pointer, length) }
    };
    raw_greeting_pointer: u64 => Buffer<u8>, |seed| raw_greeting(seed);
    raw_numbers_pointer: u32 => Buffer<u32>, |seed| raw_numbers(seed);
    raw_turn_pointer: Body => Body, |body| raw_turn(body);
    raw_checked_pointer: u64 => Checked, |x| raw_checked(x);
}

/// Pointer and length.
///
/// # Safety
///
/// They describe bodies that stay readable during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn raw_bodies(pointer: *const [u64; 3], length: usize) -> u64 {
    // SAFETY: readable, as the caller promises.
    let bodies = unsafe { slice::from_raw_parts(pointer, length) };
    work::ends(bodies.first().map(|body| body[0]), bodies.len() as u64)
}

/// A pointer.
///
/// # Safety
///
/// It points to a body that stays readable during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn raw_body(body: *const [u64; 3]) -> u64 {
    // SAFETY: readable, as the caller promises.
    let body = unsafe { &*body };
    work::ends(Some(body[0]), body[2])
}

/// A mebibyte, lent out.
#[unsafe(no_mangle)]
pub extern "C" fn raw_blob(seed: u8) -> Buffer<u8> {
    lend_out(work::blob(seed))
}

/// Takes a blob back.
///
/// # Safety
///
/// The parts came from `raw_blob`, and are not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn raw_blob_free(pointer: *mut u8, capacity: usize) {
    // SAFETY: the caller's promise.
    unsafe { free(pointer, capacity) }
}

/// A document of the library's own.
struct Document {
    title: Vec<u8>,
    value: u64,
    parts: Vec<Document>,
}

impl Document {
    /// A copy of what was lent.
    ///
    /// # Safety
    ///
    /// The node and all below it are readable.
    unsafe fn copy(node: &Node) -> Self {
        // SAFETY: readable, as the caller promises.
        let title = unsafe { slice::from_raw_parts(node.title, node.title_length) };
        // SAFETY: as above.
        let parts = unsafe { slice::from_raw_parts(node.parts, node.part_count) };
        Self {
            title: title.to_vec(),
            value: node.value,
            // SAFETY: as above, for each.
            parts: parts
                .iter()
                .map(|part| unsafe { Self::copy(part) })
                .collect(),
        }
    }

    fn sum(&self) -> u64 {
        let parts: u64 = self.parts.iter().map(Self::sum).sum();
        self.value + self.title.len() as u64 + parts
    }

    /// The same, for somebody who gives it back.
    fn lend_out(self) -> Node {
        let title = self.title.leak();
        let parts: Vec<_> = self.parts.into_iter().map(Self::lend_out).collect();
        let parts = parts.into_boxed_slice();
        let (count, parts) = (parts.len(), Box::into_raw(parts));
        Node {
            title: title.as_ptr(),
            title_length: title.len(),
            value: self.value,
            parts: parts.cast(),
            part_count: count,
        }
    }
}

/// Copies a document and looks at all of it.
///
/// # Safety
///
/// The node and all below it stay readable during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn raw_read(node: *const Node) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { Document::copy(&*node) }.sum()
}

/// A copy of a document, lent out.
///
/// # Safety
///
/// The node and all below it stay readable during the call; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn raw_write(node: *const Node, out: *mut Node) {
    // SAFETY: the caller's promise.
    let document = unsafe { Document::copy(&*node) };
    // SAFETY: writable, as the caller promises.
    unsafe { out.write(document.lend_out()) }
}

/// Takes a document back.
///
/// # Safety
///
/// The node came from `raw_write`, and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn raw_write_free(node: *const Node) {
    // SAFETY: the caller's promise.
    let Node {
        title,
        title_length,
        parts,
        part_count,
        ..
    } = unsafe { *node };
    let parts = std::ptr::slice_from_raw_parts_mut(parts.cast_mut(), part_count);
    // SAFETY: the box that `lend_out` forgot.
    let parts = unsafe { Box::from_raw(parts) };
    for part in &parts {
        // SAFETY: made by `lend_out`, too.
        unsafe { raw_write_free(part) };
    }
    // SAFETY: the text that `lend_out` forgot, which had no room to spare.
    drop(unsafe { Vec::from_raw_parts(title.cast_mut(), title_length, title_length) });
}

/// Calls back a thousand times.
///
/// # Safety
///
/// `work` may be called with `context`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn raw_call_back(
    mut x: u64,
    work: CallBack,
    context: *const std::ffi::c_void,
) -> u64 {
    for _ in 0..work::CALLS_BACK {
        // SAFETY: the caller's promise.
        x = unsafe { work(context, x) };
    }
    x
}
