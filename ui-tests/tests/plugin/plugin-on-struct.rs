//! The attribute on the type itself.

#[polyplug::plugin]
#[derive(Default)]
struct Hello {
    name: String,
}

fn main() {}
