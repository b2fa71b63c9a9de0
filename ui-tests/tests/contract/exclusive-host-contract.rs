//! A host contract with an exclusive method.

#[polyplug::host_contract(id = "demo.log", version = "1.0")]
pub trait Log {
    fn write(&mut self, line: &str);
}

fn main() {}
