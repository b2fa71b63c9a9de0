//! A plugin that implements what the host provides.

#[polyplug::host_contract(id = "demo.log", version = "1.0")]
pub trait Log {
    fn write(&self, line: &str);
}

#[derive(Default)]
struct Hello;

#[polyplug::plugin]
impl Log for Hello {
    fn write(&self, line: &str) {
        println!("{line}");
    }
}

fn main() {}
