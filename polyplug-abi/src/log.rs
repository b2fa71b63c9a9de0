//! How records of a plugin's log reach the host's.

/// Where records go. Any thread may call any of these; none of them unwinds.
#[repr(C)]
#[derive(Debug)]
pub struct LogTable {
    /// Size of this struct in bytes, as the core knows it.
    pub size: u32,
    /// Zero.
    pub flags: u32,
}

frozen_layout!(LogTable { size: 8, size @ 0, flags @ 4 });
