//! A call of a pinned contract, on a caller that is not pinned.

#[polyplug::contract(id = "demo.shelf", version = "1.0", pinned)]
pub trait Shelf {
    fn title(&self) -> &str;
}

fn main() -> polyplug::Result<()> {
    let shelf = polyplug::Runtime::new().get::<dyn Shelf>()?;
    println!("{}", shelf.title());
    Ok(())
}
