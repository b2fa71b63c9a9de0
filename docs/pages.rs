//! The pages of the book, so that every block of code in them is compiled and run by `cargo test --doc`.

#[doc = include_str!("src/contracts.md")]
pub mod contracts {}

#[doc = include_str!("src/types.md")]
pub mod types {}

#[doc = include_str!("src/growing.md")]
pub mod growing {}

#[doc = include_str!("src/handles.md")]
pub mod handles {}

#[doc = include_str!("src/faults.md")]
pub mod faults {}

#[doc = include_str!("src/logging.md")]
pub mod logging {}
