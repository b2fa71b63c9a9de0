//! A caller of a pinned contract.

#[polyplug::contract(id = "demo.shelf", version = "1.0", pinned)]
pub trait Shelf {
    fn title(&self) -> &str;
}

fn show(shelf: &impl Shelf) {
    println!("{}", shelf.title());
}

fn main() -> polyplug::Result<()> {
    show(&polyplug::Runtime::new().get::<dyn Shelf>()?);
    Ok(())
}
