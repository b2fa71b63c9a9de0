//! Nothing but its tests: they compile a file of `polyplug` for a model checker. A crate of its own, because under `--cfg loom`
//! the rest of `polyplug` does not compile.
