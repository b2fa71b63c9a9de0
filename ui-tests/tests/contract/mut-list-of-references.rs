//! Lists whose items are borrowed, to be changed by the other side.

use std::borrow::Cow;

#[polyplug::contract(id = "demo.lines", version = "1.0")]
pub trait Lines {
    fn texts(&self, lines: &mut Vec<&str>);
    fn deep<'a>(&self, lines: &mut Vec<Option<(u32, &'a [u8])>>);
    fn slice(&self, lines: &mut [&str]);
    fn hidden(&self, lines: &mut Vec<Cow<str>>);
}

fn main() {}
