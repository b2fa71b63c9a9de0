//! No variant that can stand for unknown ones.

#[polyplug::data(non_exhaustive)]
enum Value {
    Number(u32),
    Text(String),
}

fn main() {}
