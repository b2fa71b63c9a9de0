//! The host's own listeners and streams.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use conformance_api::{Lines, Listener};

/// Hears, and keeps what it heard where the host can see it.
#[derive(Default)]
pub(crate) struct Ears {
    name: String,
    pub(crate) heard: Arc<Mutex<Vec<String>>>,
}

impl Ears {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            heard: Arc::default(),
        }
    }
}

impl Listener for Ears {
    fn hear(&self, what: &str) -> u32 {
        let mut heard = self.heard.lock().expect("nobody panics with it");
        heard.push(what.to_owned());
        heard.len() as u32 - 1
    }
    fn name(&self) -> String {
        self.name.clone()
    }
}

/// What was heard.
pub(crate) fn heard(heard: &Mutex<Vec<String>>) -> Vec<String> {
    heard.lock().expect("nobody panics with it").clone()
}

/// Fails whenever it hears.
pub(crate) struct Deaf;

impl Listener for Deaf {
    fn hear(&self, _: &str) -> u32 {
        std::panic::resume_unwind(Box::new("deaf 🎈".to_owned()))
    }
    fn name(&self) -> String {
        String::new()
    }
}

/// A stream of the host's, and a mark that is gone with it.
pub(crate) struct Stream {
    lines: VecDeque<String>,
    read: u32,
    _alive: Arc<()>,
}

impl Stream {
    pub(crate) fn new(lines: &[&str], alive: &Arc<()>) -> Self {
        Self {
            lines: lines.iter().map(|&line| line.to_owned()).collect(),
            read: 0,
            _alive: Arc::clone(alive),
        }
    }
}

impl Lines for Stream {
    fn next(&mut self) -> Option<String> {
        let line = self.lines.pop_front()?;
        self.read += 1;
        Some(line)
    }
    fn rewind(&mut self) {
        unreachable!("nobody of the kit rewinds a stream of the host")
    }
    fn read(&self) -> u32 {
        self.read
    }
}
