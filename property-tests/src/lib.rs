//! Random values and random contracts, through really loaded libraries. What is here is what the random contracts are made
//! of: values that follow from a seed, and a digest that two sides can compare.

mod look;
mod make;
mod objects;

pub use look::{Digest, Look};
pub use make::{Make, Rng, part, part_of};
pub use objects::{Job, Peer, PeerOf, Stream, StreamOf};
