//! Stand-in until the ledger is merged.
use std::sync::Arc;
#[derive(Clone, Debug)]
pub struct ThreadHolder { pub id: u64, pub name: String }
impl core::fmt::Display for ThreadHolder { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { write!(f, "thread {} `{}`", self.id, self.name) } }
impl ThreadHolder { pub(crate) fn ends_by_itself(&self) -> bool { true } }
#[derive(Debug)]
pub(crate) struct Ledger;
impl Ledger {
    pub(crate) fn new() -> Arc<Self> { Arc::new(Self) }
    pub(crate) fn token(this: &Arc<Self>) -> *const () { Arc::as_ptr(this).cast() }
    pub(crate) fn is_clear(&self) -> bool { true }
    pub(crate) fn holders(&self) -> Vec<ThreadHolder> { Vec::new() }
    pub(crate) fn set_on_clear(&self, _: fn()) {}
}
