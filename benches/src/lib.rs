//! What the call bench is made of: the shapes of the calls, the arms that make them, and the harness that compares
//! the arms block by block.
//!
//! Every arm implements the contract's trait, so that one generic loop per shape drives them all: a handle of the
//! runtime, the hand-written C functions, and plain Rust code differ in nothing but the call.

pub mod arms;
pub mod interleave;
#[expect(unsafe_code, reason = "the arms that call C functions by hand")]
pub mod kinds;
pub mod libraries;
#[expect(unsafe_code, reason = "the arm that opens a library by hand")]
pub mod life;
pub mod local;
pub mod logs;
#[expect(unsafe_code, reason = "the arms that call C functions by hand")]
pub mod raw;
pub mod report;
pub mod shapes;
