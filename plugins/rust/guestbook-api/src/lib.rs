//! The contract of the guestbook.

/// Keeps the names of guests.
#[polyplug::contract(id = "demo.guestbook", version = "1.0")]
pub trait Guestbook {
    /// Adds a name, and says how many there are.
    fn sign(&self, name: &str) -> u32;
    /// All names, in the order in which they were added.
    fn names(&self) -> Vec<String>;
}
