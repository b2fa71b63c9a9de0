//! Data with a destructor.

#[polyplug::data]
pub struct Style {
    pub bold: bool,
}

impl Drop for Style {
    fn drop(&mut self) {}
}

fn main() {}
