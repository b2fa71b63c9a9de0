//! Values of the host of which every plugin that asks has one of its own.
//!
//! What is held: what makes them, and those that were made, by plugin. Who may touch it: contexts and loads ask; the withdrawal
//! and the end of a plugin's module take away.
//!
//! What is always true:
//!
//! * **V1** No lock is held while the host's closure runs. It runs once for a plugin: whoever asks meanwhile waits.
//! * **V2** A value belongs to a module, by its stamp, and to a plugin of it, by name. So it stays over reloads. It ends with
//!   the last version of the module, or when it is withdrawn, whichever comes first.
//! * **V3** What is made is counted by its factory, or retired: never dropped where it was asked for.

use core::fmt;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use polyplug_abi::{InterfaceHeader, Link, fault_kind};

use super::cell::{CellCore, Shape, immortal};
use super::diff::{self, Side};
use super::generation::{GenerationCore, OfferCell, Parts, PluginCell};
use super::info::{ContractInfo, PluginInfo};
use super::state::Destroy;
use super::{domain, reaper};
use crate::error::Error;
use crate::fault::Fault;

/// Who asks for a value of its own.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) plugin: &'a str,
    pub(crate) cell: &'static CellCore,
    pub(crate) stamp: u64,
}

/// A value of the host's, in parts: what it is under, what it looks like, how it goes away.
pub(crate) struct ProvidedParts {
    pub(crate) name: &'static str,
    pub(crate) info: PluginInfo,
    pub(crate) source: String,
    pub(crate) shape: Arc<Shape>,
}

impl ProvidedParts {
    /// The version of a module that has nothing but this value, or offers nothing.
    pub(crate) fn generation(
        &self,
        (cell, stamp): (&'static CellCore, u64),
        interface: Option<*const InterfaceHeader>,
        state: *mut (),
        destroy: Destroy,
    ) -> Arc<GenerationCore> {
        let offer =
            interface.map(|interface| OfferCell::new(self.shape.contract, interface, Vec::new()));
        let plugin = PluginCell::new(
            self.info.clone(),
            self.name,
            state,
            destroy,
            None,
            offer.into_iter().collect(),
        );
        let parts = Parts {
            source: self.source.clone(),
            catalog: Arc::clone(&self.shape.catalog),
            described: vec![self.shape.contract],
            origins: Vec::new(),
            plugins: vec![plugin],
            mapped: None,
        };
        GenerationCore::new(cell, stamp, 1, parts)
    }
}

/// What makes values, and those that it made.
pub(crate) struct Each {
    parts: ProvidedParts,
    /// The host's closure: a value for the plugin of that name, given up.
    make: Box<dyn Fn(&str) -> *mut () + Send + Sync>,
    interface: fn() -> *const InterfaceHeader,
    free: unsafe fn(*mut ()),
    values: Mutex<Values>,
    changed: Condvar,
}

#[derive(Default)]
struct Values {
    withdrawn: bool,
    by_plugin: HashMap<(u64, &'static str), Slot>,
}

enum Slot {
    /// By the thread of that number.
    Making(u64),
    Made(Arc<GenerationCore>),
}

/// The factories in which plugins have values, by the stamps of their modules.
static ASKED: Mutex<Option<HashMap<u64, Vec<Weak<Each>>>>> = Mutex::new(None);

fn asked() -> MutexGuard<'static, Option<HashMap<u64, Vec<Weak<Each>>>>> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A module has ended: so do the values that its plugins had. After its cell was vacated, so that no others are made.
pub(crate) fn module_ended(stamp: u64) {
    let factories = asked().as_mut().and_then(|asked| asked.remove(&stamp));
    for factory in factories.into_iter().flatten() {
        if let Some(factory) = factory.upgrade() {
            factory.forget(stamp);
        }
    }
}

impl Each {
    pub(crate) fn new(
        parts: ProvidedParts,
        make: Box<dyn Fn(&str) -> *mut () + Send + Sync>,
        interface: fn() -> *const InterfaceHeader,
        free: unsafe fn(*mut ()),
    ) -> Arc<Self> {
        Arc::new(Self {
            parts,
            make,
            interface,
            free,
            values: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Values> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn contract(&self) -> String {
        ContractInfo::new(&self.parts.shape.catalog, self.parts.shape.contract).to_string()
    }

    /// A link to the asker's value, which is made when it is the first time.
    ///
    /// # Errors
    /// When the asker knows another shape of the contract; when the closure panicked, of kind `Panicked`; when the asker or the
    /// provision is gone.
    pub(crate) fn link(self: &Arc<Self>, asker: Asker<'_>, shape: &Shape) -> Result<Link, Fault> {
        let ours = &self.parts.shape;
        let differences = diff::differences(
            Side {
                catalog: &ours.catalog,
                contract: ours.contract,
                name: "the provider",
            },
            Side {
                catalog: &shape.catalog,
                contract: shape.contract,
                name: "the caller",
            },
        );
        if !differences.is_empty() {
            let error = Error::ContractMismatch {
                plugin: self.parts.name.to_owned(),
                path: PathBuf::from(&self.parts.source),
                contract: self.contract(),
                differences,
            };
            return Err(Fault::new(format!("{error:#}")));
        }
        let value = self.value(asker)?;
        match value.cell.link(value.stamp(), self.parts.name, shape) {
            Some(Ok(link)) => Ok(link),
            Some(Err(error)) => Err(Fault::new(format!("{error:#}"))),
            None => Err(self.gone()),
        }
    }

    /// The asker's value, which is made when it is the first time.
    ///
    /// # Errors
    /// As for [`Each::link`].
    pub(crate) fn value(self: &Arc<Self>, asker: Asker<'_>) -> Result<Arc<GenerationCore>, Fault> {
        let key = (asker.stamp, immortal(asker.plugin));
        let me = domain::current_thread();
        let mut values = self.lock();
        loop {
            if values.withdrawn {
                return Err(self.gone());
            }
            match values.by_plugin.get(&key) {
                Some(Slot::Made(value)) => return Ok(Arc::clone(value)),
                Some(Slot::Making(thread)) if *thread == me => {
                    return Err(Fault::new(format!(
                        "the closure that makes the value of `{}` for plugin `{}` asked, through that plugin, for this very value",
                        self.contract(),
                        asker.plugin
                    )));
                }
                Some(Slot::Making(_)) => {
                    let woken = self.changed.wait(values);
                    values = woken.unwrap_or_else(PoisonError::into_inner);
                }
                None => break,
            }
        }
        if !asker.cell.is_of(asker.stamp) {
            return Err(ended(asker));
        }
        values.by_plugin.insert(key, Slot::Making(me));
        drop(values);
        // V1.
        let made = crate::panics::contain(|| (self.make)(asker.plugin));
        let made = made.map_err(|fault| match fault.kind() {
            crate::FaultKind::Panicked => fault,
            _ => Fault::of_kind(fault_kind::PANICKED, &fault.to_string()),
        });
        let made = made.map(|state| {
            let place = CellCore::take();
            let interface = Some((self.interface)());
            let value = self
                .parts
                .generation(place, interface, state, Destroy::Host(self.free));
            value.cell.swap(Some(Arc::clone(&value)));
            value
        });
        let mut values = self.lock();
        values.by_plugin.remove(&key);
        let kept = match &made {
            Ok(_) if values.withdrawn => Err(self.gone()),
            Ok(_) if !self.is_noted(asker) => Err(ended(asker)),
            Ok(value) => {
                let slot = Slot::Made(Arc::clone(value));
                values.by_plugin.insert(key, slot);
                Ok(())
            }
            Err(_) => Ok(()),
        };
        drop(values);
        self.changed.notify_all();
        let value = made?;
        if let Err(why) = kept {
            end(vec![value]);
            return Err(why);
        }
        Ok(value)
    }

    /// Notes that the asker's module has a value here, unless that has ended.
    fn is_noted(self: &Arc<Self>, asker: Asker<'_>) -> bool {
        let mut asked = asked();
        // With the lock held: what ends a module vacates its cell first, then asks here.
        if !asker.cell.is_of(asker.stamp) {
            return false;
        }
        let factories = asked.get_or_insert_default();
        let factories = factories.entry(asker.stamp).or_default();
        factories.retain(|factory| factory.strong_count() > 0);
        if !factories
            .iter()
            .any(|factory| Weak::as_ptr(factory) == Arc::as_ptr(self))
        {
            factories.push(Arc::downgrade(self));
        }
        true
    }

    /// Ends what the plugins of a module have.
    fn forget(&self, stamp: u64) {
        let ended = {
            let mut values = self.lock();
            let of_module = |key: &(u64, &str), slot: &mut Slot| {
                key.0 == stamp && matches!(slot, Slot::Made(_))
            };
            let taken = values.by_plugin.extract_if(of_module);
            taken.map(|(_, slot)| slot).collect()
        };
        end(made(ended));
    }

    /// Ends all values; no others are made. Returns them, so that who waits can look at them.
    pub(crate) fn withdraw(&self) -> Vec<Arc<GenerationCore>> {
        let ended = {
            let mut values = self.lock();
            values.withdrawn = true;
            values.by_plugin.drain().map(|(_, slot)| slot).collect()
        };
        self.changed.notify_all();
        let ended = made(ended);
        end(ended.clone());
        ended
    }

    fn gone(&self) -> Fault {
        let why = format!(
            "what the host provided as `{}` was withdrawn",
            self.contract()
        );
        Fault::of_kind(fault_kind::UNLOADED, &why)
    }
}

fn ended(asker: Asker<'_>) -> Fault {
    let why = format!("plugin `{}` is no longer loaded", asker.plugin);
    Fault::of_kind(fault_kind::UNLOADED, &why)
}

fn made(slots: Vec<Slot>) -> Vec<Arc<GenerationCore>> {
    let made = slots.into_iter().filter_map(|slot| match slot {
        Slot::Made(value) => Some(value),
        Slot::Making(_) => None,
    });
    made.collect()
}

/// Makes values unreachable and hands them to the reaper.
fn end(values: Vec<Arc<GenerationCore>>) {
    if values.is_empty() {
        return;
    }
    for value in &values {
        value.cell.swap(None);
        value.is_last();
    }
    domain::pass_barrier();
    for value in values {
        reaper::retire(value);
    }
}

impl fmt::Debug for Each {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Each({})", self.parts.source)
    }
}
