//! Small types of the standard library: `Cow<str>`, `Duration`, `SystemTime`, `PathBuf`.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use polyplug_abi::{Buffer, Slice, TypeDescriptor, type_kind};

use super::sequences::{buffer_of, sequence};
use super::{Arena, ByAddress, Data, NotPlain, type_function};

// SAFETY: D1, D4, D5: those of `String`. D8: what is taken borrows nothing.
unsafe impl Data for Cow<'_, str> {
    type Lent = Slice;
    type Owned = Buffer;
    type Taken<'c> = Cow<'static, str>;
    type Travel = ByAddress;
    type Bits = NotPlain;
    type Objects = ();
    const TYPE: &'static TypeDescriptor = <String as Data>::TYPE;

    #[inline]
    fn lend(&self, _: &Arena) -> Slice {
        Slice::text(self)
    }
    #[inline]
    unsafe fn take(lent: &Slice, arena: &Arena) -> Cow<'static, str> {
        // SAFETY: D2.
        Cow::Owned(unsafe { String::take(lent, arena) })
    }
    #[inline]
    fn give(self) -> Buffer {
        self.into_owned().give()
    }
    #[inline]
    unsafe fn receive(owned: Buffer, arena: &Arena) -> Self {
        // SAFETY: D2, D5.
        Cow::Owned(unsafe { String::receive(owned, arena) })
    }
}

/// `{ u64 secs; u32 nanos }`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct DurationWire {
    secs: u64,
    nanos: u32,
}

/// `{ i64 secs; u32 nanos }` since 1970.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SystemTimeWire {
    secs: i64,
    nanos: u32,
}

const fn time<T>(kind: u32) -> TypeDescriptor {
    TypeDescriptor {
        lent_size: size_of::<T>(),
        lent_align: align_of::<T>(),
        owned_size: size_of::<T>(),
        owned_align: align_of::<T>(),
        ..TypeDescriptor::of_kind(kind)
    }
}

// SAFETY: D1: two numbers. It owns nothing (D4, D5).
unsafe impl Data for Duration {
    type Lent = DurationWire;
    type Owned = DurationWire;
    type Taken<'c> = Self;
    type Travel = ByAddress;
    type Bits = NotPlain;
    type Objects = ();
    const TYPE: &'static TypeDescriptor = &time::<DurationWire>(type_kind::DURATION);

    #[inline]
    fn lend(&self, _: &Arena) -> DurationWire {
        (*self).give()
    }
    #[inline]
    unsafe fn take(lent: &DurationWire, _: &Arena) -> Self {
        // A nanosecond count that is too large was refused before (D2), so this cannot overflow.
        Self::from_secs(lent.secs).saturating_add(Self::from_nanos(u64::from(lent.nanos)))
    }
    #[inline]
    fn give(self) -> DurationWire {
        DurationWire {
            secs: self.as_secs(),
            nanos: self.subsec_nanos(),
        }
    }
    #[inline]
    unsafe fn receive(owned: DurationWire, arena: &Arena) -> Self {
        // SAFETY: D2.
        unsafe { Self::take(&owned, arena) }
    }
}

/// Whether this platform has such a time.
pub(crate) fn is_time(secs: i64, nanos: u32) -> bool {
    SystemTimeWire { secs, nanos }.time().is_some()
}

impl SystemTimeWire {
    /// The time; nothing when this platform has no such time.
    fn time(self) -> Option<SystemTime> {
        let whole = Duration::from_secs(self.secs.unsigned_abs());
        let second = if self.secs < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(whole)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(whole)
        };
        second?.checked_add(Duration::from_nanos(u64::from(self.nanos)))
    }
}

// SAFETY: D1: two numbers. It owns nothing (D4, D5).
unsafe impl Data for SystemTime {
    type Lent = SystemTimeWire;
    type Owned = SystemTimeWire;
    type Taken<'c> = Self;
    type Travel = ByAddress;
    type Bits = NotPlain;
    type Objects = ();
    const TYPE: &'static TypeDescriptor = &time::<SystemTimeWire>(type_kind::SYSTEM_TIME);

    #[inline]
    fn lend(&self, _: &Arena) -> SystemTimeWire {
        (*self).give()
    }
    #[inline]
    unsafe fn take(lent: &SystemTimeWire, _: &Arena) -> Self {
        // A time that this platform does not have was refused before (D2).
        lent.time().unwrap_or(Self::UNIX_EPOCH)
    }
    fn give(self) -> SystemTimeWire {
        match self.duration_since(Self::UNIX_EPOCH) {
            Ok(after) => SystemTimeWire {
                secs: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
                nanos: after.subsec_nanos(),
            },
            Err(before) => {
                let before = before.duration();
                // Nanoseconds count forwards: a quarter before the epoch is second -1 and three quarters.
                let borrowed = i64::from(before.subsec_nanos() != 0);
                SystemTimeWire {
                    secs: (-borrowed).saturating_sub_unsigned(before.as_secs()),
                    nanos: (1_000_000_000 - before.subsec_nanos()) % 1_000_000_000,
                }
            }
        }
    }
    #[inline]
    unsafe fn receive(owned: SystemTimeWire, arena: &Arena) -> Self {
        // SAFETY: D2.
        unsafe { Self::take(&owned, arena) }
    }
}

/// What paths are made of: bytes, on Windows UTF-16 units.
#[cfg(not(windows))]
pub(crate) type PathUnit = u8;
/// What paths are made of: bytes, on Windows UTF-16 units.
#[cfg(windows)]
pub(crate) type PathUnit = u16;

/// The units of a path, as they lie or in the arena.
#[cfg(not(windows))]
pub(crate) fn lend_path(path: &Path, _: &Arena) -> Slice {
    #[cfg(unix)]
    let bytes = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str());
    #[cfg(not(unix))]
    let bytes = path.as_os_str().as_encoded_bytes();
    Slice::of(bytes)
}

/// The units of a path, as they lie or in the arena.
#[cfg(windows)]
pub(crate) fn lend_path(path: &Path, arena: &Arena) -> Slice {
    use std::os::windows::ffi::OsStrExt as _;
    let units: Vec<u16> = path.as_os_str().encode_wide().collect();
    arena.keep(units.into_iter())
}

/// The path that is made of these units.
///
/// # Safety
/// 1. `lent` is a run of units.
pub(crate) unsafe fn take_path(lent: Slice) -> PathBuf {
    let units: &[PathUnit] = if lent.len == 0 {
        &[]
    } else {
        // SAFETY: clause 1, and not empty.
        unsafe { core::slice::from_raw_parts(lent.ptr.cast(), lent.len) }
    };
    #[cfg(unix)]
    let path: OsString = std::os::unix::ffi::OsStringExt::from_vec(units.to_vec());
    #[cfg(windows)]
    let path: OsString = std::os::windows::ffi::OsStringExt::from_wide(units);
    #[cfg(not(any(unix, windows)))]
    let path = OsString::from(String::from_utf8_lossy(units).into_owned());
    PathBuf::from(path)
}

// SAFETY: D1: a run of units. D4, D5: the memory of `self` or of the arena, and of the vector below it.
unsafe impl Data for PathBuf {
    type Lent = Slice;
    type Owned = Buffer;
    type Taken<'c> = Self;
    type Travel = ByAddress;
    type Bits = NotPlain;
    type Objects = ();
    const TYPE: &'static TypeDescriptor = &TypeDescriptor {
        elements: &[type_function::<PathUnit>()] as *const _,
        element_count: 1,
        ..sequence(type_kind::PATH)
    };

    fn lend(&self, arena: &Arena) -> Slice {
        lend_path(self, arena)
    }
    unsafe fn take(lent: &Slice, _: &Arena) -> Self {
        // SAFETY: D2.
        unsafe { take_path(*lent) }
    }
    fn give(self) -> Buffer {
        #[cfg(unix)]
        let units = std::os::unix::ffi::OsStringExt::into_vec(self.into_os_string());
        #[cfg(windows)]
        let units: Vec<u16> =
            std::os::windows::ffi::OsStrExt::encode_wide(self.as_os_str()).collect();
        #[cfg(not(any(unix, windows)))]
        let units = self.into_os_string().into_encoded_bytes();
        buffer_of(units)
    }
    unsafe fn receive(owned: Buffer, _: &Arena) -> Self {
        // SAFETY: D2.
        let path = unsafe { take_path(owned.slice()) };
        // SAFETY: D5: received here, once.
        unsafe { owned.release() };
        path
    }
}
