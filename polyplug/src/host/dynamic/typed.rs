//! For bindings that are compiled with a contract: descriptions that a program brings along, typed faces, and interfaces of its
//! own. What is true of the rest of [`dynamic`](super) is true here.

use core::ffi::c_void;
use core::mem;
use core::sync::atomic::AtomicPtr;

use polyplug_abi::{ContractDescriptor, Host, InterfaceHeader};

use super::{DynamicCaller, DynamicContract, DynamicInstance};
use crate::call::Entered;
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::handles;
use crate::host::cell::Shape;
use crate::host::info::ContractInfo;
use crate::host::module::Module;
use crate::host::runtime::Runtime;
use crate::host::state::Destroy;
use crate::image;

/// The services that the core has for plugins, for code that runs in the host as it does in a plugin: what headers of contracts make in C
/// and C++.
#[must_use]
pub fn services() -> *const Host {
    image::host()
}

impl DynamicContract {
    /// A contract as a program describes it that was compiled with it. All of it is copied.
    ///
    /// # Safety
    /// 1. `descriptor` points to a descriptor, and so does what it points to.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub unsafe fn described(descriptor: *const ContractDescriptor) -> Result<Self, String> {
        // SAFETY: clause 1.
        let shape = unsafe { Shape::of(descriptor) }?;
        Ok(Self::new(&ContractInfo::new(
            &shape.catalog,
            shape.contract,
        )))
    }
}

/// A call that is inside a plugin, in parts that another language can hold. Until [`DynamicEntered::leave`] the functions and the state
/// live.
#[derive(Clone, Copy, Debug)]
pub struct DynamicEntered {
    /// The functions, in the order of the contract that was asked with; null for a method that the plugin leaves to its default body.
    pub interface: *const InterfaceHeader,
    /// What they take as the state of their receiver.
    pub state: *mut (),
    /// What [`DynamicEntered::leave`] takes.
    pub entry: *const (),
}

impl DynamicEntered {
    /// Leaves.
    ///
    /// # Safety
    /// 1. `entry` is of a call that this thread entered and did not leave; what the call returned that lies in the plugin is not used
    ///    any more.
    pub unsafe fn leave(entry: *const ()) {
        // SAFETY: clause 1: an entry of this thread's record.
        crate::reclaim::leave(unsafe { &*entry.cast::<AtomicPtr<()>>() });
    }
}

impl DynamicCaller {
    /// Enters the plugin for one call through its typed face. The plugin is not unmapped, and a reload that keeps the state waits, until it
    /// is left: that is to be soon, and on this thread.
    ///
    /// # Errors
    /// A fault of kind `Unloaded`, or why a reload does not end.
    pub fn enter(&self) -> Result<DynamicEntered, Fault> {
        let Entered {
            interface,
            state,
            hold,
        } = handles::enter(&self.link)?;
        let entry = hold.entry();
        mem::forget(hold);
        Ok(DynamicEntered {
            interface,
            state,
            entry,
        })
    }
}

impl DynamicInstance {
    /// The typed face, as [`DynamicPinned::typed_face`](super::DynamicPinned::typed_face); until the instance is dropped or migrated. When the contract is exclusive, it
    /// is called by one at a time.
    #[must_use]
    pub fn typed_face(&self) -> (*const InterfaceHeader, *mut ()) {
        let entered = self.hold.entered();
        (entered.interface, entered.state)
    }
}

impl Runtime {
    /// Provides a contract with functions of the program's own, under a name. No module need describe the contract. `destroy` is called
    /// with the state when nobody calls it any more, but not when this fails.
    ///
    /// # Safety
    /// 1. `interface` is one of this contract, in its order of methods, and lives as long as the state.
    /// 2. The state belongs to it, and any thread may use it, by several at once. Nothing of it unwinds.
    ///
    /// # Errors
    /// [`Error::OnlyInstances`] when the contract is exclusive; [`Error::DuplicateName`] as [`Runtime::provide_as`].
    pub unsafe fn dynamic_provide_interface(
        &self,
        contract: &DynamicContract,
        name: &str,
        interface: *const InterfaceHeader,
        state: *mut c_void,
        destroy: Option<unsafe extern "C" fn(*mut c_void)>,
    ) -> Result<Module> {
        if contract.info().is_exclusive() {
            return Err(Error::OnlyInstances {
                contract: contract.info().to_string(),
            });
        }
        let destroy = Destroy::Foreign(destroy);
        // SAFETY: clauses 1 and 2.
        unsafe { self.provide_raw(name, &contract.0.shape, interface, || state.cast(), destroy) }
    }
}
