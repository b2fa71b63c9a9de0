//! Objects: somebody's implementation of a contract, or somebody's closure, as a value. Lent for a call ([`Borrowed`]),
//! or owned ([`Proxy`], behind the `Box` or `Arc` that the author wrote).
//!
//! What is held: a [`Kept`] value for each object that this image gave away, and the addresses of shared proxies.
//! Who may touch it: the forms of pointers ([`data`](crate::data)), and what `#[contract]` generates.
//!
//! What is always true:
//!
//! * **O1** The state of an object that was lent is the address of a reference that lives for the call.
//! * **O2** The state of an object that this image gave away is a [`Kept`] value, whose owners are counted; the last one to
//!   release it drops the value, here, with its panics contained.
//! * **O3** A [`Proxy`] owns one owner of its object, and `interface` has the methods of its contract in the order of
//!   this image.
//! * **O4** [`SHARED`] holds exactly the addresses of the shared proxies of this image that live.
//! * **O5** An owner of somebody else's object is given away together with a count of its maker's image, which whoever
//!   receives it, or lets go of it on its way, takes over.

use core::any::TypeId;
use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicUsize, Ordering, fence};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use polyplug_abi::{
    ContractDescriptor, InterfaceHeader, Object, TypeDescriptor, TypeFunction, fault_kind,
    type_kind,
};

use crate::call::{Entered, Handle};
use crate::contract::{Access, ByExclusiveReference, ByReference, Contract};
use crate::data::Arena;
use crate::fault::Fault;
use crate::{image, panics};

/// What an `unsafe` trait would say, for traits whose impls shall lie where the author's own words lie: that somebody
/// answers for them. `P` is what is answered for.
pub struct Proof<P: ?Sized>(PhantomData<*const P>);

impl<P: ?Sized> Proof<P> {
    /// # Safety
    /// What the trait says under "Safety" holds.
    #[must_use]
    pub const unsafe fn new() -> Self {
        Self(PhantomData)
    }
}

impl<P: ?Sized> fmt::Debug for Proof<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof")
    }
}

/// `dyn Trait` of a contract, or `dyn Fn`, with the markers that were written.
///
/// # Safety
/// `table` is an interface of `contract` (K1) that works on `Self`; `PROOF` says so.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a contract",
    label = "not a contract",
    note = "help: put `#[polyplug::contract(id = \"..\", version = \"1.0\")]` on the trait, and write `dyn Trait` here; a closure takes and returns what may stand in a contract"
)]
pub trait Dynamic {
    /// Somebody answers for it.
    const PROOF: Proof<Self>;

    /// The same, for a shorter life.
    type Short<'c>: ?Sized + 'c;
    /// `SEND`, `SYNC`, `ONCE`.
    const FLAGS: u32;

    /// What it implements.
    fn contract() -> &'static ContractDescriptor;
    /// The functions that reach it through `S`.
    fn table<S: Access<Target = Self>>() -> *const InterfaceHeader;
    /// Somebody else's, owned.
    fn boxed(proxy: Proxy<Self>) -> Box<Self>
    where
        Self: 'static;
    /// Somebody else's, shared.
    fn shared(proxy: Proxy<Self>) -> Arc<Self>
    where
        Self: 'static;
    /// Somebody else's, for a call.
    fn borrow<'c>(
        borrowed: Borrowed<'c, Self::Short<'c>>,
        arena: &'c Arena,
    ) -> &'c mut Self::Short<'c>;
    /// Ours, given away.
    fn give_box(value: Box<Self>) -> Object
    where
        Self: 'static,
    {
        Object {
            interface: Self::table::<InBox<Self>>(),
            state: Kept::state(value),
            retain: None,
            release: Some(release),
        }
    }
}

/// Every [`Dynamic`]. A second trait, so that the compiler does not list them all when something is none.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a contract",
    label = "not a contract",
    note = "help: put `#[polyplug::contract(id = \"..\", version = \"1.0\")]` on the trait, and write `dyn Trait` here; a closure takes and returns what may stand in a contract"
)]
pub trait AnyObject: Dynamic {
    /// The descriptor of an object that is lent.
    const LENT: TypeFunction;
}

#[diagnostic::do_not_recommend]
impl<D: ?Sized + Dynamic> AnyObject for D {
    const LENT: TypeFunction = lent_type::<Self>;
}

unsafe extern "C" fn lent_type<D: ?Sized + Dynamic>() -> *const TypeDescriptor {
    Described::<D, 0>::TYPE
}

/// `Self` is an object of contract `C`: `dyn C`, perhaps with markers.
///
/// # Safety
/// `Self` is `dyn C` with markers; `PROOF` says so.
#[doc(hidden)]
pub trait ObjectOf<C: ?Sized>: Dynamic {
    /// Somebody answers for it.
    const PROOF: Proof<(Proof<Self>, Proof<C>)>;
}

/// The descriptor of an object of type `D`, owned as `OWNERSHIP` says: not at all, `UNIQUE` or `SHARED`.
pub(crate) struct Described<D: ?Sized, const OWNERSHIP: u32>(PhantomData<D>);

impl<D: ?Sized + Dynamic, const OWNERSHIP: u32> Described<D, OWNERSHIP> {
    pub(crate) const TYPE: &'static TypeDescriptor = &TypeDescriptor {
        flags: D::FLAGS | OWNERSHIP,
        lent_size: size_of::<Object>(),
        lent_align: align_of::<Object>(),
        owned_size: size_of::<Object>(),
        owned_align: align_of::<Object>(),
        contract: Some(contract_of::<D>),
        ..TypeDescriptor::of_kind(type_kind::OBJECT)
    };
}

unsafe extern "C" fn contract_of<D: ?Sized + Dynamic>() -> *const ContractDescriptor {
    D::contract()
}

/// An object's functions in the order of this image. When it lacks a method, that is raised once the values of the call have
/// changed hands, before anybody can call it.
///
/// # Safety
/// 1. `interface` is the live interface of an object.
#[inline(always)]
unsafe fn in_our_order(
    interface: *const InterfaceHeader,
    contract: &'static ContractDescriptor,
    arena: &Arena,
) -> *const InterfaceHeader {
    // SAFETY: clause 1.
    let order = unsafe { (*interface).order };
    if order == contract.order {
        interface
    } else {
        adapted(interface, contract, arena)
    }
}

#[cold]
fn adapted(
    interface: *const InterfaceHeader,
    contract: &'static ContractDescriptor,
    arena: &Arena,
) -> *const InterfaceHeader {
    // SAFETY: the core's function, with a live interface and this image's descriptor.
    let adapted = unsafe { (image::host().adapt)(interface, contract) };
    if adapted.is_null() {
        // SAFETY: this image's descriptor: static text.
        let id = unsafe { contract.id.str() };
        arena.fail(Fault::of_kind(
            fault_kind::UNKNOWN_METHOD,
            &format!("an object of `{id}` lacks a method that this side needs"),
        ));
        return interface;
    }
    adapted
}

/// Somebody else's object, borrowed for a call. Implements the contract.
pub struct Borrowed<'o, D: ?Sized> {
    interface: *const InterfaceHeader,
    state: *mut (),
    plugin: &'o str,
    lifetime: PhantomData<&'o ()>,
    object: PhantomData<*const D>,
}

// SAFETY: the object behind is a `D`, or a plugin, which is more.
unsafe impl<D: ?Sized + Send> Send for Borrowed<'_, D> {}
// SAFETY: as above.
unsafe impl<D: ?Sized + Sync> Sync for Borrowed<'_, D> {}

impl<'o, D: ?Sized> Borrowed<'o, D> {
    /// # Safety
    /// 1. `object` is an object of this contract that lives for `'o`, until the arena settles.
    #[inline(always)]
    pub(crate) unsafe fn of(
        object: &Object,
        contract: &'static ContractDescriptor,
        arena: &'o Arena,
    ) -> Self {
        Self {
            // SAFETY: clause 1.
            interface: unsafe { in_our_order(object.interface, contract, arena) },
            state: object.state,
            plugin: "",
            lifetime: PhantomData,
            object: PhantomData,
        }
    }

    /// # Safety
    /// 1. Interface and state belong together, in the order of this image, and live for `'o`.
    pub(crate) unsafe fn within(
        interface: *const InterfaceHeader,
        state: *mut (),
        plugin: &'o str,
    ) -> Self {
        Self {
            interface,
            state,
            plugin,
            lifetime: PhantomData,
            object: PhantomData,
        }
    }

    pub(crate) fn parts(&self) -> (*const InterfaceHeader, *mut ()) {
        (self.interface, self.state)
    }
}

impl<D: ?Sized> fmt::Debug for Borrowed<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Borrowed")
    }
}

// SAFETY: E1: O1.
unsafe impl<C: Contract + ?Sized, D: ?Sized + ObjectOf<C>> Handle<C> for Borrowed<'_, D> {
    type Hold = ();

    #[inline(always)]
    fn enter(&self) -> Result<Entered<()>, Fault> {
        Ok(Entered {
            interface: self.interface,
            state: self.state,
            hold: (),
        })
    }

    fn plugin(&self) -> &str {
        self.plugin
    }
}

/// Somebody else's object, owned: what lies behind a `Box<dyn Trait>` or `Arc<dyn Trait>` that came from the other side.
/// Implements the contract. Dropping it gives its owner up, here and now.
pub struct Proxy<D: ?Sized> {
    /// As it came, to be passed on.
    object: Object,
    interface: *const InterfaceHeader,
    /// What keeps the image of the object's maker mapped.
    image: *const (),
    registered: bool,
    kind: PhantomData<*const D>,
}

// SAFETY: the object behind is a `D`; its functions may be called wherever `D` may be.
unsafe impl<D: ?Sized + Send> Send for Proxy<D> {}
// SAFETY: as above.
unsafe impl<D: ?Sized + Sync> Sync for Proxy<D> {}

impl<D: ?Sized> Proxy<D> {
    /// # Safety
    /// 1. `object` is an object of this contract, one owner of which is handed over.
    #[inline]
    pub(crate) unsafe fn of(
        object: Object,
        contract: &'static ContractDescriptor,
        arena: &Arena,
    ) -> Self {
        Self {
            // SAFETY: clause 1.
            interface: unsafe { in_our_order(object.interface, contract, arena) },
            image: keep_image(&object),
            object,
            registered: false,
            kind: PhantomData,
        }
    }

    pub(crate) fn parts(&self) -> (*const InterfaceHeader, *mut ()) {
        (self.interface, self.object.state)
    }
}

impl<D: ?Sized> Drop for Proxy<D> {
    fn drop(&mut self) {
        if self.registered {
            shared_proxies(|shared| {
                shared.remove(&core::ptr::from_ref(self).addr());
                if shared.is_empty() {
                    // Nothing may be left of an image that is unmapped, not even an empty node.
                    *shared = BTreeSet::new();
                }
            });
        }
        if let Some(release) = self.object.release {
            // SAFETY: O3: the owner that this proxy has.
            unsafe { release(self.object.state) };
        }
        // After the object's own code has returned.
        // SAFETY: what the core kept for this proxy.
        unsafe { (image::host().release_image)(self.image) };
    }
}

/// Keeps the image that an object's owners are given up in mapped. The caller is inside a call of that image, or its thread
/// is one of its own, or a count of it came with the object (O5), so the image is there meanwhile.
fn keep_image(object: &Object) -> *const () {
    match object.release {
        // SAFETY: the core's function takes any address.
        Some(release) => unsafe { (image::host().keep_image)(release as *const (), object.state) },
        None => core::ptr::null(),
    }
}

/// Gives up one owner of an object that came, without keeping it.
///
/// # Safety
/// 1. One owner of the object was handed over, and is given up only here. A borrowed object has none.
pub(crate) unsafe fn let_go(object: &Object) {
    let Some(release) = object.release else {
        return;
    };
    // SAFETY: the core's function takes any address. O5.
    let image = unsafe { (image::host().take_image)(release as *const (), object.state) };
    // SAFETY: clause 1.
    unsafe { release(object.state) };
    // After the object's own code has returned.
    // SAFETY: what the core gave for this owner.
    unsafe { (image::host().release_image)(image) };
}

impl<D: ?Sized> fmt::Debug for Proxy<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxy")
    }
}

// SAFETY: E1: O3.
unsafe impl<C: Contract + ?Sized, D: ?Sized + ObjectOf<C>> Handle<C> for Proxy<D> {
    type Hold = ();

    #[inline(always)]
    fn enter(&self) -> Result<Entered<()>, Fault> {
        Ok(Entered {
            interface: self.interface,
            state: self.object.state,
            hold: (),
        })
    }

    fn plugin(&self) -> &str {
        ""
    }
}

/// Where the shared proxies of this image lie: an `Arc` of one is passed on as the object that it stands for.
static SHARED: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

fn shared_proxies<T>(work: impl FnOnce(&mut BTreeSet<usize>) -> T) -> T {
    work(&mut SHARED.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A shared proxy, known as one (O4).
#[doc(hidden)]
#[must_use]
pub fn share<D: ?Sized>(mut proxy: Proxy<D>) -> Arc<Proxy<D>> {
    proxy.registered = true;
    let proxy = Arc::new(proxy);
    shared_proxies(|shared| shared.insert(Arc::as_ptr(&proxy).addr()));
    proxy
}

/// What this image gave away.
#[repr(C)]
struct Kept<P> {
    head: Head,
    value: P,
}

#[repr(C)]
struct Head {
    owners: AtomicUsize,
    /// What the value is.
    identity: TypeId,
    /// Drops the whole.
    drop: unsafe fn(*mut Head),
}

impl<P: 'static> Kept<P> {
    /// One owner of the value.
    fn state(value: P) -> *mut () {
        let kept = Self {
            head: Head {
                owners: AtomicUsize::new(1),
                identity: TypeId::of::<P>(),
                drop: Self::drop,
            },
            value,
        };
        Box::into_raw(Box::new(kept)).cast()
    }

    /// # Safety
    /// 1. `head` is that of a `Kept<P>` without owners.
    unsafe fn drop(head: *mut Head) {
        // SAFETY: clause 1; the head lies at the start.
        drop(unsafe { Box::from_raw(head.cast::<Self>()) });
    }
}

/// One more owner of what this image gave away.
unsafe extern "C" fn retain(state: *mut ()) {
    // SAFETY: O2: the state of a live object.
    let owners = unsafe { &(*state.cast::<Head>()).owners };
    owners.fetch_add(1, Ordering::Relaxed);
}

/// One owner less of what this image gave away.
unsafe extern "C" fn release(state: *mut ()) {
    let head = state.cast::<Head>();
    // SAFETY: O2: the state of a live object.
    let (owners, drop) = unsafe { (&(*head).owners, (*head).drop) };
    if owners.fetch_sub(1, Ordering::Release) != 1 {
        return;
    }
    fence(Ordering::Acquire);
    // SAFETY: O2: the last owner.
    if let Err(fault) = panics::contain(|| unsafe { drop(head) }) {
        panics::report_drop(&fault);
    }
}

/// The state is a kept `Box` of the object.
pub(crate) struct InBox<D: ?Sized>(PhantomData<D>);

// SAFETY: K4: such a state is a `Kept<Box<D>>`, with one owner.
unsafe impl<D: ?Sized + 'static> Access for InBox<D> {
    type Target = D;

    #[inline(always)]
    unsafe fn get<'a>(state: *mut ()) -> &'a D {
        // SAFETY: clause 1, kept by the caller.
        unsafe { &(*state.cast::<Kept<Box<D>>>()).value }
    }
    #[inline(always)]
    unsafe fn get_mut<'a>(state: *mut ()) -> Result<&'a mut D, Fault> {
        // SAFETY: clauses 1 and 2, kept by the caller.
        Ok(unsafe { &mut (*state.cast::<Kept<Box<D>>>()).value })
    }
}

/// The state is a kept `Arc` of the object.
pub(crate) struct InArc<D: ?Sized>(PhantomData<D>);

// SAFETY: K4: such a state is a `Kept<Arc<D>>`.
unsafe impl<D: ?Sized + 'static> Access for InArc<D> {
    type Target = D;

    #[inline(always)]
    unsafe fn get<'a>(state: *mut ()) -> &'a D {
        // SAFETY: clause 1, kept by the caller.
        unsafe { &(*state.cast::<Kept<Arc<D>>>()).value }
    }
}

/// The state is a kept closure that can be called once.
pub(crate) struct InBoxOnce<D: ?Sized>(PhantomData<D>);

// SAFETY: K4: such a state is a `Kept<Option<Box<D>>>`, with one owner.
unsafe impl<D: ?Sized + 'static> Access for InBoxOnce<D> {
    type Target = D;

    unsafe fn get<'a>(_: *mut ()) -> &'a D {
        Fault::of_kind(
            fault_kind::UNKNOWN_METHOD,
            "a closure that can be called once was called by reference",
        )
        .raise()
    }
    unsafe fn once(state: *mut ()) -> Result<Box<D>, Fault> {
        // SAFETY: clauses 1 and 2, kept by the caller.
        let value = unsafe { &mut (*state.cast::<Kept<Option<Box<D>>>>()).value };
        value.take().ok_or_else(|| {
            Fault::of_kind(
                fault_kind::UNKNOWN_METHOD,
                "a closure that can be called once was called again",
            )
        })
    }
}

/// Gives away a closure that can be called once.
pub(crate) fn give_once<D: ?Sized + Dynamic + 'static>(value: Box<D>) -> Object {
    Object {
        interface: D::table::<InBoxOnce<D>>(),
        state: Kept::state(Some(value)),
        retain: None,
        release: Some(release),
    }
}

/// Lends an object for a call.
#[inline(always)]
pub fn lend<'o, D: ?Sized + AnyObject + 'o>(object: &'o &'o D) -> Object {
    Object {
        interface: D::table::<ByReference<D>>(),
        state: core::ptr::from_ref(object).cast_mut().cast(),
        retain: None,
        release: None,
    }
}

/// Lends an object for a call, to be called by nobody else meanwhile.
#[inline(always)]
pub fn lend_mut<'o, D: ?Sized + AnyObject + 'o>(object: &'o mut &'o mut D) -> Object {
    Object {
        interface: D::table::<ByExclusiveReference<D>>(),
        state: core::ptr::from_mut(object).cast(),
        retain: None,
        release: None,
    }
}

/// Callee's side of `&dyn Trait` and `&mut dyn Trait`.
///
/// # Safety
/// 1. `object` points to an object of this contract that lives as long as the arena.
#[inline(always)]
#[must_use]
pub unsafe fn take_object<'c, D: ?Sized + AnyObject>(
    object: *const Object,
    arena: &'c Arena,
) -> Borrowed<'c, D::Short<'c>> {
    // SAFETY: clause 1.
    unsafe { Borrowed::of(&*object, D::contract(), arena) }
}

/// Callee's side of `&dyn Fn` and `&mut dyn FnMut`.
///
/// # Safety
/// 1. As for [`take_object`].
#[inline]
#[must_use]
#[expect(
    clippy::mut_from_ref,
    reason = "every call makes a proxy of its own in the arena"
)]
pub unsafe fn borrow_object<'c, D: ?Sized + AnyObject>(
    object: *const Object,
    arena: &'c Arena,
) -> &'c mut D::Short<'c> {
    // SAFETY: clause 1.
    D::borrow(unsafe { take_object::<D>(object, arena) }, arena)
}

/// One owner of a shared object, given away: of ours, or of somebody else's that we have a proxy of.
pub(crate) fn give_shared<D: ?Sized + Dynamic + 'static>(value: Arc<D>) -> Object {
    let address = Arc::as_ptr(&value).cast::<()>();
    if shared_proxies(|shared| shared.contains(&address.addr())) {
        // SAFETY: O4: a shared proxy of this image lies there, and lives as long as `value` does; what a proxy is made of
        // does not depend on its parameter.
        let Proxy { object, image, .. } = unsafe { &*address.cast::<Proxy<()>>() };
        if let Some(retain) = object.retain {
            // SAFETY: O3: the proxy has an owner.
            unsafe { retain(object.state) };
            if let (Some(release), false) = (object.release, image.is_null()) {
                // `value` may be the last that keeps the image: a count of its own goes with the object (O5).
                // SAFETY: the core's function takes any address.
                unsafe { (image::host().send_image)(release as *const (), object.state) };
            }
            return *object;
        }
    }
    Object {
        interface: D::table::<InArc<D>>(),
        state: Kept::state(value),
        retain: Some(retain),
        release: Some(release),
    }
}

/// A shared object that came: unwrapped if it was made in this image, otherwise a proxy of it.
///
/// # Safety
/// 1. `object` is an object of `D`'s contract, one owner of which is handed over.
pub(crate) unsafe fn receive_shared<D: ?Sized + Dynamic + 'static>(
    object: Object,
    arena: &Arena,
) -> Arc<D> {
    let ours = object
        .retain
        .is_some_and(|theirs| core::ptr::fn_addr_eq(theirs, retain as unsafe extern "C" fn(_)));
    if ours {
        let kept = object.state.cast::<Kept<Arc<D>>>();
        // SAFETY: O2: this image's `retain` belongs to a `Kept`, whose head is the same for all.
        if unsafe { (*kept).head.identity } == TypeId::of::<Arc<D>>() {
            // SAFETY: it is this very type.
            let value = Arc::clone(unsafe { &(*kept).value });
            // SAFETY: clause 1.
            unsafe { let_go(&object) };
            return value;
        }
    }
    // SAFETY: clause 1.
    D::shared(unsafe { Proxy::of(object, D::contract(), arena) })
}

impl<D: ?Sized> fmt::Debug for InBox<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InBox")
    }
}

impl<D: ?Sized> fmt::Debug for InArc<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InArc")
    }
}
