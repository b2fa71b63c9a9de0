//! The assertion that a shared type still has the layout that was published.

/// Asserts size and field offsets, in bytes, on 64-bit targets. A moved field is a compile error that names it.
macro_rules! frozen_layout {
    ($type:ident { size: $size:expr, $($field:ident @ $offset:expr),* $(,)? }) => {
        #[cfg(target_pointer_width = "64")]
        const _: () = {
            assert!(
                ::core::mem::size_of::<$type>() == $size,
                concat!("the size of `", stringify!($type), "` changed: that is a new ABI version")
            );
            assert!(::core::mem::align_of::<$type>() <= 8);
            $(assert!(
                ::core::mem::offset_of!($type, $field) == $offset,
                concat!("`", stringify!($field), "` moved in `", stringify!($type), "`: that is a new ABI version")
            );)*
        };
    };
}
