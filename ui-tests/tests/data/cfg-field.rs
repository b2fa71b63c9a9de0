//! A field that is not always there.

#[polyplug::data]
pub struct Style {
    pub loud: bool,
    #[cfg(unix)]
    pub mode: u32,
}

fn main() {}
