//! Objects that random contracts pass around.
#![expect(missing_debug_implementations, reason = "types that nobody prints")]

use crate::{Digest, Make, Rng};

/// An object that many may ask.
#[polyplug::contract(id = "property.peer", version = "1.0")]
pub trait Peer {
    /// Answers.
    fn ask(&self, text: &str, number: u64) -> String;
}

/// An object that one alone reads.
#[polyplug::contract(id = "property.stream", version = "1.0")]
pub trait Stream {
    /// The next number.
    fn next(&mut self) -> Option<u64>;
    /// How many are left.
    fn left(&self) -> u32;
}

/// A peer of this seed.
#[derive(Clone)]
pub struct PeerOf(u64);

impl Make for PeerOf {
    fn make(rng: &mut Rng) -> Self {
        Self(rng.number())
    }
}

impl Peer for PeerOf {
    fn ask(&self, text: &str, number: u64) -> String {
        Digest::new(self.0).look(&(text, number)).rng().make()
    }
}

/// A stream of this seed.
#[derive(Clone)]
pub struct StreamOf(Rng, u32);

impl Make for StreamOf {
    fn make(rng: &mut Rng) -> Self {
        Self(Rng::new(rng.number()), 3)
    }
}

impl Stream for StreamOf {
    fn next(&mut self) -> Option<u64> {
        self.1 = self.1.checked_sub(1)?;
        Some(self.0.number())
    }
    fn left(&self) -> u32 {
        self.1
    }
}

type Work = Box<dyn FnMut(String, &[u8]) -> Option<String> + Send>;

/// Data that holds objects and closures.
#[polyplug::data]
pub struct Job {
    name: String,
    peer: Option<Box<dyn Peer + Send>>,
    stream: Box<dyn Stream + Send>,
    work: Work,
}

impl Make for Job {
    fn make(rng: &mut Rng) -> Self {
        let mut inner = Rng::new(rng.number());
        let peer = rng.make::<Option<PeerOf>>();
        Self {
            name: rng.make(),
            peer: peer.map(|peer| Box::new(peer) as _),
            stream: Box::new(rng.make::<StreamOf>()),
            work: Box::new(move |text, bytes| {
                let number = inner.number();
                Digest::new(number).look(&(text, bytes)).rng().make()
            }),
        }
    }
}

impl Job {
    /// Looks at all that is in it, and uses it up.
    pub fn spend(mut self, digest: &mut Digest) {
        digest.look(&self.name);
        digest.look(&self.peer.map(|peer| peer.ask(&self.name, 1)));
        while let Some(number) = self.stream.next() {
            digest.number(number);
        }
        for bytes in [&[][..], &[1, 2]] {
            digest.look(&(self.work)(self.name.clone(), bytes));
        }
    }
}
