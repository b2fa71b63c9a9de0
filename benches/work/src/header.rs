//! The C interface of the raw arms: the structs that the hand-written library and its hand-written caller share, as a
//! header would declare them.

/// A struct as C declares it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Body {
    /// First word.
    pub x: u64,
    /// Second word.
    pub y: u64,
    /// Third word.
    pub z: u64,
}

/// A number, or a reason why there is none.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Checked {
    /// 0: `value` holds; anything else: it does not.
    pub status: u32,
    /// The number.
    pub value: u64,
}

/// What `eight` takes, for the pointer form.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Eight {
    /// The arguments, in order.
    pub arguments: [u64; 8],
}

/// Two numbers, for the pointer form.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Pair {
    /// First number.
    pub a: u64,
    /// Second number.
    pub b: u64,
}

/// Memory lent for a call.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Slice {
    /// First byte.
    pub pointer: *const u8,
    /// Number of bytes.
    pub length: usize,
}

/// Memory handed out; goes back through the free function of the one that handed it out.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Buffer<T> {
    /// First item.
    pub pointer: *mut T,
    /// Number of items.
    pub length: usize,
    /// Room for so many items.
    pub capacity: usize,
}

impl From<crate::Body> for Body {
    fn from([x, y, z]: crate::Body) -> Self {
        Self { x, y, z }
    }
}

impl From<Body> for crate::Body {
    fn from(Body { x, y, z }: Body) -> Self {
        [x, y, z]
    }
}

impl From<Option<u64>> for Checked {
    fn from(value: Option<u64>) -> Self {
        match value {
            Some(value) => Self { status: 0, value },
            None => Self {
                status: 1,
                value: 0,
            },
        }
    }
}

/// A node of a document, as a C programmer would lend or give it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// Text.
    pub title: *const u8,
    /// Its bytes.
    pub title_length: usize,
    /// A number.
    pub value: u64,
    /// More of them.
    pub parts: *const Node,
    /// How many.
    pub part_count: usize,
}

/// A function that is called back, with what it was given.
pub type CallBack = unsafe extern "C" fn(context: *const core::ffi::c_void, x: u64) -> u64;
