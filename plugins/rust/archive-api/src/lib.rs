//! The contract of an archive of texts: structs, lists, options, results, and an object that is returned.

/// Keeps texts.
#[polyplug::contract(id = "demo.archive", version = "1.0")]
pub trait Archive {
    /// Adds entries, and says how many there are.
    fn add(&self, entries: Vec<Entry>) -> u64;
    /// The entry with a title.
    fn find(&self, title: &str) -> Option<Entry>;
    /// Takes an entry out; an error that says why not.
    fn remove(&self, title: &str) -> Result<Entry, String>;
    /// All titles, in order.
    fn titles(&self) -> Vec<String>;
    /// Reads the lines of an entry, one by one.
    fn read(&self, title: &str) -> Box<dyn Reader + Send>;
}

/// Reads a text.
#[polyplug::contract(id = "demo.reader", version = "1.0")]
pub trait Reader {
    /// The next line.
    fn next(&mut self) -> Option<String>;
}

/// A text with what is known of it.
#[polyplug::data]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub title: String,
    /// The text.
    pub text: String,
    /// When it was written.
    pub year: Option<u16>,
    /// Words to find it by.
    pub tags: Vec<String>,
}
