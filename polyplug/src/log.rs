//! The log: what an image gives to `tracing` or `log` goes to the core, which gives it to the host's subscriber.
//!
//! Only an image that was loaded as a module forwards: the records of a program, and of plugins linked into it, are in
//! its own subscriber already. See [`forward`].

use polyplug_abi::{Host, LogTable};

#[cfg(feature = "tracing")]
mod forward;

/// The log of the core in this image; null when it has none.
#[cfg(all(feature = "host", feature = "tracing"))]
pub(crate) const TABLE: *const LogTable = &raw const crate::host::log::TABLE;

/// The log of the core in this image; null when it has none.
#[cfg(not(all(feature = "host", feature = "tracing")))]
pub(crate) const TABLE: *const LogTable = core::ptr::null();

/// Called once in an image that was loaded as a module, with the name of its plugin if there is just one. What the author
/// installed before stays.
pub(crate) fn install(host: &'static Host, plugin: Option<&str>) {
    #[cfg(feature = "tracing")]
    forward::install(host, plugin);
    #[cfg(not(feature = "tracing"))]
    let _ = (host, plugin);
}

/// Gives a line for people to the subscriber of this program. Whether somebody listened.
pub(crate) fn report(line: &str) -> bool {
    #[cfg(all(feature = "host", feature = "tracing"))]
    return crate::host::log::say(line.strip_prefix("polyplug: ").unwrap_or(line));
    #[cfg(not(all(feature = "host", feature = "tracing")))]
    {
        let _ = line;
        false
    }
}
