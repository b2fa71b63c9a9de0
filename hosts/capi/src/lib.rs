//! libpolyplug.
