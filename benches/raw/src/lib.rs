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
use bench_work::header::{Body, Buffer, Checked, Eight, Pair, Slice};

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
