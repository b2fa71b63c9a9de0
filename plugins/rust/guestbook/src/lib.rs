//! A plugin whose state survives reloads: `save` turns it into bytes, `restore` makes it of them in the next version.

use std::sync::Mutex;

use guestbook_api::Guestbook;
use polyplug::Context;

#[derive(Default)]
struct Book {
    names: Mutex<Vec<String>>,
}

impl Book {
    /// What the next version shall know: the names, one a line.
    fn save(&self) -> Vec<u8> {
        self.lock().join("\n").into_bytes()
    }

    /// An error here, and the old version serves on.
    fn restore(_: &Context, saved: &[u8]) -> Result<Self, std::str::Utf8Error> {
        let names = std::str::from_utf8(saved)?;
        Ok(Self {
            names: Mutex::new(names.lines().map(str::to_owned).collect()),
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.names
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[polyplug::plugin(save = Book::save, restore = Book::restore)]
impl Guestbook for Book {
    fn sign(&self, name: &str) -> u32 {
        let mut names = self.lock();
        names.push(name.replace('\n', " "));
        names.len() as u32
    }

    fn names(&self) -> Vec<String> {
        self.lock().clone()
    }
}
