//! What a call yields instead of a value.

use crate::Slice;

/// The kinds of fault. A reader keeps kinds that it does not know.
pub mod fault_kind {
    /// The callee panicked (Rust).
    pub const PANICKED: u32 = 1;
    /// The callee threw (any other language).
    pub const THREW: u32 = 2;
    /// The plugin is no longer there.
    pub const UNLOADED: u32 = 3;
    /// A value broke the rules of its type.
    pub const INVALID_VALUE: u32 = 4;
    /// A borrowed result did not come from an argument.
    pub const ESCAPED_BORROW: u32 = 5;
    /// An enum value that this side does not know.
    pub const UNKNOWN_VARIANT: u32 = 6;
    /// A method that the other side does not have.
    pub const UNKNOWN_METHOD: u32 = 7;
    /// Made by user code, on purpose.
    pub const RAISED: u32 = 8;
}

/// A fault. Read-only once made; counted through `table`.
///
/// All text is UTF-8 and lives as long as the record. Empty text means unknown.
#[repr(C)]
#[derive(Debug)]
pub struct FaultRecord {
    /// Size of this struct in bytes, as its maker knows it.
    pub size: u32,
    /// One of [`fault_kind`].
    pub kind: u32,
    /// How to count it.
    pub table: *const FaultTable,
    /// What happened, in the words of the plugin.
    pub message: Slice,
    /// Source file, if known.
    pub file: Slice,
    /// Line in `file`, from 1; 0 when unknown.
    pub line: u32,
    /// Column in `file`, from 1; 0 when unknown.
    pub column: u32,
    /// Traceback, if the language of the callee makes one.
    pub trace: Slice,
    /// Name of the plugin in which it happened.
    pub plugin: Slice,
    /// Id of the contract that was called.
    pub contract: Slice,
    /// Name of the method that was called.
    pub method: Slice,
}

frozen_layout!(FaultRecord {
    size: 120, size @ 0, kind @ 4, table @ 8, message @ 16, file @ 32, line @ 48, column @ 52, trace @ 56,
    plugin @ 72, contract @ 88, method @ 104,
});

/// How to count a [`FaultRecord`]. Any thread may call any of these.
#[repr(C)]
#[derive(Debug)]
pub struct FaultTable {
    /// Size of this struct in bytes, as its maker knows it.
    pub size: u32,
    /// Zero.
    pub flags: u32,
    /// One more owner.
    pub retain: unsafe extern "C" fn(fault: *const FaultRecord),
    /// One owner less; the last one frees it.
    pub release: unsafe extern "C" fn(fault: *const FaultRecord),
}

frozen_layout!(FaultTable { size: 24, size @ 0, flags @ 4, retain @ 8, release @ 16 });

/// What a new fault is made of. The texts are copied.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct FaultParts {
    /// Size of this struct in bytes, as its maker knows it.
    pub size: u32,
    /// One of [`fault_kind`].
    pub kind: u32,
    /// What happened.
    pub message: Slice,
    /// Source file, if known.
    pub file: Slice,
    /// Line in `file`, from 1; 0 when unknown.
    pub line: u32,
    /// Column in `file`, from 1; 0 when unknown.
    pub column: u32,
    /// Traceback, if there is one.
    pub trace: Slice,
    /// Name of the plugin in which it happened.
    pub plugin: Slice,
    /// Id of the contract that was called.
    pub contract: Slice,
    /// Name of the method that was called.
    pub method: Slice,
}

frozen_layout!(FaultParts {
    size: 112, size @ 0, kind @ 4, message @ 8, file @ 24, line @ 40, column @ 44, trace @ 48,
    plugin @ 64, contract @ 80, method @ 96,
});

impl FaultParts {
    /// Parts with a kind and a message, and nothing else known.
    #[must_use]
    pub const fn new(kind: u32, message: Slice) -> Self {
        Self {
            size: size_of::<Self>() as u32,
            kind,
            message,
            file: Slice::EMPTY,
            line: 0,
            column: 0,
            trace: Slice::EMPTY,
            plugin: Slice::EMPTY,
            contract: Slice::EMPTY,
            method: Slice::EMPTY,
        }
    }
}
