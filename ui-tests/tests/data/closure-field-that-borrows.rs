//! A closure that borrows.

#[polyplug::data]
pub struct Job {
    pub work: Box<dyn Fn(&str) -> &str>,
}

fn main() {}
