//! The threads and thread-locals of this image, as the core that loaded it wants to know them: who still needs it mapped.
//!
//! An image that is unmapped must leave nothing behind that runs later: no thread in its code, no destructor of a
//! thread-local, no key of the system with a destructor in it. So where images can be unmapped, [`redirect`] and [`keys`]
//! stand between this image and the system, and tell the core. Elsewhere nothing is redefined and nothing is unmapped.

use polyplug_abi::ThreadTable;

#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(target_feature = "crt-static"),
    not(miri)
))]
mod keys;
#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(target_feature = "crt-static"),
    not(miri)
))]
mod redirect;
#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(target_feature = "crt-static"),
    not(miri)
))]
mod symbols;
#[cfg(not(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(target_feature = "crt-static"),
    not(miri)
)))]
mod redirect {
    use polyplug_abi::ThreadTable;

    pub(super) fn become_module(_: *const ThreadTable, _: *const ()) {}

    pub(super) fn may_unmap() -> bool {
        false
    }

    pub(super) fn started_here() -> bool {
        false
    }
}

/// From now on the core is told, unless one of the two is null. Called once, by the entry point.
pub(crate) fn become_module(table: *const ThreadTable, image: *const ()) {
    redirect::become_module(table, image);
}

/// Whether the core is told of everything that could outlive this image's last call.
pub(crate) fn may_unmap() -> bool {
    redirect::may_unmap()
}

/// Whether the core knows that this image started the calling thread.
pub(crate) fn started_here() -> bool {
    redirect::started_here()
}
