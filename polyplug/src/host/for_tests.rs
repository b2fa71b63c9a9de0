//! The place of a plugin that is tested without a host: a module that has nothing.

use super::cell::CellCore;
use super::context::ContextCore;
use super::each;
use super::runtime::Runtime;
use crate::context::Context;

/// What the plugin is of; it has ended when this is dropped.
pub(crate) struct Home {
    cell: &'static CellCore,
    stamp: u64,
}

impl Home {
    pub(crate) fn new() -> Self {
        let (cell, stamp) = CellCore::take();
        Self { cell, stamp }
    }

    /// A context of a plugin of that name.
    pub(crate) fn context(&self, runtime: &Runtime, name: &str, previous: &str) -> Context {
        let place = (self.cell, self.stamp);
        ContextCore::new(runtime.inner(), name, previous, place, None).context()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.cell.vacate();
        each::module_ended(self.stamp);
    }
}
