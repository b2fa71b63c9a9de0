//! Names for the numbers by which descriptors say what a type is and how an argument crosses.

use core::fmt;

use polyplug_abi::{passing, type_kind};

/// Size and alignment of something in memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Memory {
    /// In bytes; a multiple of `align`.
    pub size: usize,
    /// In bytes; a power of two of at most 8.
    pub align: usize,
}

impl Memory {
    #[cfg(feature = "host")]
    pub(crate) fn of((size, align): (usize, usize)) -> Self {
        Self { size, align }
    }
}

/// Numbers of the binary interface, with names. (Not enums: a variant called `Option` would make the compiler spell
/// `std::option::Option` in every message of a program that uses this crate.)
macro_rules! numbered {
    ($(#[$attribute:meta])* $name:ident of $module:ident { $($(#[$docs:meta])* $constant:ident,)* }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(u32);

        impl $name {
            $($(#[$docs])* pub const $constant: Self = Self($module::$constant);)*

            pub(crate) fn of(number: u32) -> Self {
                Self(number)
            }

            /// Its number in the binary interface.
            #[must_use]
            pub const fn number(self) -> u32 {
                self.0
            }

            /// The name that it has here; nothing for one that this version does not know.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$constant => stringify!($constant),)*
                    _ => "",
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    "" => write!(f, "{}({})", stringify!($name), self.0),
                    name => f.write_str(name),
                }
            }
        }
    };
}

numbered! {
    /// What kind of type it is.
    TypeKind of type_kind {
        /// `()`.
        UNIT,
        /// `bool`.
        BOOL,
        /// `char`.
        CHAR,
        /// `i8`.
        I8,
        /// `i16`.
        I16,
        /// `i32`.
        I32,
        /// `i64`.
        I64,
        /// `u8`.
        U8,
        /// `u16`.
        U16,
        /// `u32`.
        U32,
        /// `u64`.
        U64,
        /// `isize`.
        ISIZE,
        /// `usize`.
        USIZE,
        /// `f32`.
        F32,
        /// `f64`.
        F64,
        /// `String`.
        STRING,
        /// `Vec<T>`; one element.
        LIST,
        /// `[T; N]`; one element, and a length.
        ARRAY,
        /// `Option<T>`; one element.
        OPTION,
        /// `Result<T, E>`; two elements.
        RESULT,
        /// A tuple; its fields have no names.
        TUPLE,
        /// A struct.
        STRUCT,
        /// An enum.
        ENUM,
        /// `Box<T>`; one element.
        BOX,
        /// `Fault`.
        FAULT,
        /// A contract's object, or a closure.
        OBJECT,
        /// `&str`.
        TEXT,
        /// `&[T]`; one element.
        SLICE,
        /// `&T`; one element.
        REFERENCE,
        /// `u128`.
        U128,
        /// `i128`.
        I128,
        /// A map; one element, the pair.
        MAP,
        /// A set; one element.
        SET,
        /// `Duration`.
        DURATION,
        /// `SystemTime`.
        SYSTEM_TIME,
        /// `PathBuf`.
        PATH,
        /// `&Path`.
        BORROWED_PATH,
        /// A set of bits; one element, the integer.
        FLAGS,
        /// A struct that may grow.
        GROWING_STRUCT,
        /// An enum that may grow.
        GROWING_ENUM,
    }
}

numbered! {
    /// How an argument stands in the C signature and in the frame.
    Passing of passing {
        /// `T`: a scalar in a register, anything else by address.
        VALUE,
        /// `&T`: by address.
        REFERENCE,
        /// `&[T]`: address of the first element, then how many.
        SLICE,
        /// `&str`: address of the first byte, then how many.
        TEXT,
        /// `&dyn Trait`: address of the object.
        OBJECT,
        /// `&mut [T]`: as a slice; changed in place.
        SLICE_MUT,
        /// `&mut dyn Trait`: address of the object.
        OBJECT_MUT,
        /// `&mut String`, `&mut Vec<T>`: address of a sink.
        SINK,
    }
}
