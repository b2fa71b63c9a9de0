//! Data that may grow (`#[polyplug::data(non_exhaustive)]`): a pointer to the value as its writer knows it, and a function of
//! the writer's that lets go of what the reader does not know. So each side frees what it allocated, and drops what it alone
//! knows of.
//!
//! What is held: nothing. Who may touch it: what `#[polyplug::data(non_exhaustive)]` generates.
//!
//! What is always true:
//!
//! * **W1** A node of a struct starts with a `u32`, where its last field ends; the fields follow in C layout, so that those
//!   which two versions know lie in the same places. It is read field by field, never as a whole.
//! * **W2** A node of an enum is a [`GrownVariant`], whose payload holds the fields of the variant, in C layout.
//! * **W3** Whoever reads a node calls its `release` as [`Grown`] says: this is what [`Node`] and [`VariantNode`] do when
//!   they are dropped.

use core::alloc::Layout;
use core::fmt;
use core::mem::MaybeUninit;

use polyplug_abi::{Grown, GrownVariant, ReleaseGrownFunction, TypeDescriptor};

use super::{Arena, Data};
use crate::check::{self, Form};
use crate::describe::end_of;
use crate::discard;
use crate::fault::Fault;

/// What a node of a struct with these fields starts with; the first is this word itself.
#[must_use]
pub const fn size_word(fields: &[Layout]) -> u32 {
    let end = end_of(fields, fields.len());
    assert!(
        end <= u32::MAX as usize,
        "data that may grow is smaller than 4 GiB"
    );
    end as u32
}

/// A node with its payload behind it.
#[repr(C)]
struct WithPayload<P> {
    head: GrownVariant,
    payload: P,
}

impl<P> WithPayload<P> {
    fn new(tag: u32, payload: P) -> Self {
        Self {
            head: GrownVariant::bare(tag),
            payload,
        }
    }

    /// As it lies, for good.
    fn settled(&mut self) -> *mut u8 {
        let this: *mut Self = self;
        // SAFETY: this very value, which does not move from now on.
        unsafe { (*this).head.payload = (&raw const (*this).payload).cast() };
        this.cast()
    }
}

/// Lends a struct.
pub fn lend_struct<T: Data, N>(node: N, arena: &Arena) -> Grown {
    Grown {
        ptr: core::ptr::from_mut(arena.hold(node)).cast(),
        release: Some(let_go_lent::<T>),
    }
}

/// Hands a struct over.
#[must_use]
pub fn give_struct<T: Data, N>(node: N) -> Grown {
    Grown {
        ptr: Box::into_raw(Box::new(node)).cast(),
        release: Some(let_go_owned::<T, N>),
    }
}

/// Lends a variant with fields.
pub fn lend_variant<T: Data, P>(tag: u32, payload: P, arena: &Arena) -> Grown {
    Grown {
        ptr: arena.hold(WithPayload::new(tag, payload)).settled(),
        release: Some(let_go_lent::<T>),
    }
}

/// Hands a variant with fields over.
#[must_use]
pub fn give_variant<T: Data, P>(tag: u32, payload: P) -> Grown {
    Grown {
        ptr: Box::leak(Box::new(WithPayload::new(tag, payload))).settled(),
        release: Some(let_go_owned::<T, WithPayload<P>>),
    }
}

/// A variant without fields, lent or handed over.
#[must_use]
pub const fn bare_variant(head: &'static GrownVariant) -> Grown {
    Grown {
        ptr: core::ptr::from_ref(head).cast_mut().cast(),
        release: None,
    }
}

/// # Safety
/// 1. `ptr` is the node of a `T` that this image lent, for a call that is not over.
/// 2. What starts at `known` or later is let go only here.
unsafe extern "C" fn let_go_lent<T: Data>(ptr: *mut u8, known: usize) {
    // SAFETY: clauses 1 and 2.
    unsafe { discard::unknown(T::TYPE, ptr, Form::Lent, known) };
}

/// # Safety
/// 1. `ptr` is the node of a `T`, an `N` in a box that this image handed over.
/// 2. What starts before `known` was received; nobody uses the rest.
unsafe extern "C" fn let_go_owned<T: Data, N>(ptr: *mut u8, known: usize) {
    const {
        assert!(
            !core::mem::needs_drop::<N>(),
            "what wire forms own is let go by descriptor"
        )
    };
    // SAFETY: clauses 1 and 2.
    unsafe { discard::unknown(T::TYPE, ptr, Form::Owned, known) };
    // SAFETY: clause 1.
    drop(unsafe { Box::from_raw(ptr.cast::<MaybeUninit<N>>()) });
}

/// A struct that came, while its fields are taken.
pub struct Node {
    ptr: *mut u8,
    size: usize,
    known: usize,
    let_go: Option<ReleaseGrownFunction>,
}

impl Node {
    /// Of a struct that was lent, by a reader that knows so many bytes of it.
    ///
    /// # Safety
    /// 1. D2, and it is taken only here.
    #[must_use]
    pub unsafe fn lent(grown: &Grown, known: u32) -> Self {
        // SAFETY: clause 1.
        let mut node = unsafe { Self::owned(*grown, known) };
        if node.size <= node.known {
            node.let_go = None;
        }
        node
    }

    /// Of a struct that was handed over.
    ///
    /// # Safety
    /// 1. D2 and D5.
    #[must_use]
    pub unsafe fn owned(grown: Grown, known: u32) -> Self {
        Self {
            ptr: grown.ptr,
            // SAFETY: W1.
            size: unsafe { grown.ptr.cast::<u32>().read() } as usize,
            known: known as usize,
            let_go: grown.release,
        }
    }

    /// A field that every version has.
    ///
    /// # Safety
    /// 1. It is a `W` and lies there (W1), and its type has no default, so that a writer without it was refused.
    #[must_use]
    pub unsafe fn field<W>(&self, offset: usize) -> &W {
        // SAFETY: clause 1.
        unsafe { &*self.ptr.add(offset).cast() }
    }

    /// A field that was added, unless the writer does not know it.
    ///
    /// # Safety
    /// 1. It is a `W` and lies there if the writer knows it (W1).
    #[must_use]
    pub unsafe fn added<W>(&self, offset: usize) -> Option<&W> {
        if offset + size_of::<W>() <= self.size {
            // SAFETY: clause 1; the size covers it.
            Some(unsafe { self.field(offset) })
        } else {
            None
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(let_go) = self.let_go {
            // SAFETY: W3: what is known was taken, and this is done once.
            unsafe { let_go(self.ptr, self.known) };
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({} of {} bytes)", self.known, self.size)
    }
}

/// An enum that came, while the fields of its variant are taken.
pub struct VariantNode {
    ptr: *mut u8,
    tag: u32,
    payload: *const u8,
    known: usize,
    lent: bool,
    let_go: Option<ReleaseGrownFunction>,
}

impl VariantNode {
    /// Of an enum that was lent.
    ///
    /// # Safety
    /// 1. D2, and it is taken only here.
    #[must_use]
    pub unsafe fn lent(grown: &Grown) -> Self {
        // SAFETY: clause 1.
        let mut node = unsafe { Self::owned(*grown) };
        node.lent = true;
        node
    }

    /// Of an enum that was handed over.
    ///
    /// # Safety
    /// 1. D2 and D5.
    #[must_use]
    pub unsafe fn owned(grown: Grown) -> Self {
        // SAFETY: W2.
        let GrownVariant { tag, payload } = unsafe { grown.ptr.cast::<GrownVariant>().read() };
        Self {
            ptr: grown.ptr,
            tag,
            payload,
            known: 0,
            lent: false,
            let_go: grown.release,
        }
    }

    /// Which variant.
    #[must_use]
    pub fn tag(&self) -> u32 {
        self.tag
    }

    /// Its reader knows the variant, and takes its fields.
    pub fn know(&mut self) {
        self.known = size_of::<GrownVariant>();
        if self.lent {
            self.let_go = None;
        }
    }

    /// A field of the variant.
    ///
    /// # Safety
    /// 1. It is a `W` and lies there (W2).
    #[must_use]
    pub unsafe fn field<W>(&self, offset: usize) -> &W {
        // SAFETY: clause 1.
        unsafe { &*self.payload.add(offset).cast() }
    }
}

impl Drop for VariantNode {
    fn drop(&mut self) {
        if let Some(let_go) = self.let_go {
            // SAFETY: W3: what is known was taken, and this is done once.
            unsafe { let_go(self.ptr, self.known) };
        }
    }
}

impl fmt::Debug for VariantNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VariantNode({})", self.tag)
    }
}

/// A variant came that this side does not know, and nothing stands for such: raised once everything has changed hands.
#[cold]
pub fn unknown_variant(ty: &'static TypeDescriptor, tag: u32, arena: &Arena) {
    let invalid = check::unknown_variant(ty, u64::from(tag));
    arena.fail(Fault::of_kind(invalid.kind(), &invalid.to_string()));
}

/// What a `#[data(other)]` variant may hold: the tag that is unknown.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the tag of an unknown variant",
    label = "not `u32`",
    note = "help: write `u32`, or a variant without fields"
)]
pub trait OtherTag {
    /// It.
    fn of(tag: u32) -> Self;
}

impl OtherTag for u32 {
    fn of(tag: u32) -> Self {
        tag
    }
}
