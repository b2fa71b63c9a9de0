//! Gives the library its own name, and keeps it in the process for good: cells and thread records are never freed.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libpolyplug.so");
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
        // The ends of the lists that the macros fill: nobody outside asks for them.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,start-stop-visibility=hidden");
    }
}
