//! libpolyplug: the runtime of polyplug behind a C API, for hosts in other languages. The header is
//! `include/polyplug_host.h`, written from these sources by the test `header`.
//!
//! What a binding does: makes a runtime, loads modules, takes a contract from what is loaded, walks its description (C structs
//! with direct pointers), and calls its methods with frames that it lays out as the description says. It needs no code that
//! is generated for a contract.
//!
//! # Safety
//!
//! These hold for every function here, and are what its `# Safety` means:
//!
//! 1. A pointer to a handle is null, or was returned by this library and not released since. What kind of handle it is is
//!    checked; null and the wrong kind are errors.
//! 2. A text is a pointer and a length in bytes, or [`handle::POLYPLUG_TERMINATED`] and a zero at its end. A null pointer is no text.
//! 3. A place for an answer (`error`, `fault`, `out`) is null or writable. When it is null the answer is dropped.
//! 4. Functions that are handed over (with their `user`) may be called from any thread until their `destroy` was called.
//! 5. Frames, results, objects and buffers are what the description of the contract says.
//!
//! Any thread may call any function, also from inside a call of a plugin. Nothing unwinds into the caller.
#![expect(
    unsafe_code,
    reason = "a C API: each function states what it asks of its caller in one place, above"
)]

pub mod call;
pub mod contract;
pub mod error;
pub mod events;
pub mod fault;
pub mod handle;
pub mod log;
pub mod module;
pub mod provide;
pub mod runtime;
