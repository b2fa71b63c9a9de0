//! A plugin that leaves a method out.

use kinds_api::Listener;

#[derive(Default)]
struct Hello;

#[polyplug::plugin]
impl Listener for Hello {}

fn main() {}
