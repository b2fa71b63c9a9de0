//! Contracts and their types, as a loader sees them: views of descriptors that lie in the image which described them.
//!
//! What is always true:
//!
//! * **V1** A descriptor behind a view was checked by the core, and its image is mapped while the [`Contract`] lives.

use core::fmt;
use core::marker::PhantomData;

use polyplug_abi::{
    ArgumentDescriptor, ContractDescriptor, FieldDescriptor, List, MethodDescriptor, Slice,
    TypeDescriptor, VariantDescriptor, contract_flags, field_flags, method_flags, type_flags,
};

use crate::image;
use crate::kinds::{Passing, TypeKind};

/// A contract that is known to the host. It keeps the module that described it mapped.
pub struct Contract {
    descriptor: *const ContractDescriptor,
    image: *const (),
}

// SAFETY: read-only data, and a count that any thread may give up.
unsafe impl Send for Contract {}
// SAFETY: as above.
unsafe impl Sync for Contract {}

impl Contract {
    /// # Safety
    /// 1. `descriptor` was checked by the core, and its image is mapped now.
    pub(crate) unsafe fn keep(descriptor: *const ContractDescriptor) -> Self {
        // SAFETY: the core's function takes any address.
        let image = unsafe { (image::host().keep_image)(descriptor.cast(), core::ptr::null()) };
        Self { descriptor, image }
    }

    pub(crate) fn descriptor(&self) -> *const ContractDescriptor {
        self.descriptor
    }

    /// A view of it.
    #[must_use]
    pub fn view(&self) -> ContractView<'_> {
        // SAFETY: V1.
        unsafe { ContractView::of(self.descriptor) }
    }
}

impl Clone for Contract {
    fn clone(&self) -> Self {
        // SAFETY: V1.
        unsafe { Self::keep(self.descriptor) }
    }
}

impl Drop for Contract {
    fn drop(&mut self) {
        // SAFETY: what the core kept for this value.
        unsafe { (image::host().release_image)(self.image) };
    }
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contract({:?})", self.view())
    }
}

macro_rules! views {
    ($($(#[$attribute:meta])* $name:ident of $descriptor:ident;)*) => {$(
        $(#[$attribute])*
        #[derive(Clone, Copy)]
        pub struct $name<'d>(&'d $descriptor, PhantomData<&'d ()>);

        impl<'d> $name<'d> {
            /// # Safety
            /// 1. V1, for `'d`.
            #[inline]
            pub(crate) unsafe fn of(descriptor: *const $descriptor) -> Self {
                // SAFETY: clause 1.
                Self(unsafe { &*descriptor }, PhantomData)
            }

            #[allow(dead_code, reason = "not every view is looked behind")]
            pub(crate) fn raw(self) -> &'d $descriptor {
                self.0
            }

            fn text(self, text: Slice) -> &'d str {
                // SAFETY: V1: checked text of the descriptor.
                unsafe { text.str() }
            }
        }
    )*};
}

views! {
    /// A contract.
    ContractView of ContractDescriptor;
    /// A method of a contract.
    Method of MethodDescriptor;
    /// An argument of a method.
    Argument of ArgumentDescriptor;
    /// A type that crosses.
    Type of TypeDescriptor;
    /// A field of a struct, a tuple or a variant.
    Field of FieldDescriptor;
    /// A variant of an enum.
    Variant of VariantDescriptor;
}

macro_rules! listed {
    ($(#[$attribute:meta])* $name:ident: $list:ident of $view:ident in $owner:ident) => {
        impl<'d> $owner<'d> {
            $(#[$attribute])*
            pub fn $name(self) -> impl ExactSizeIterator<Item = $view<'d>> + Clone {
                // SAFETY: V1: a well-formed list.
                let pointers: &'d [_] = unsafe { pointers(&self.0.$list) };
                // SAFETY: V1.
                pointers.iter().map(|&pointer| unsafe { $view::of(pointer) })
            }
        }
    };
}

/// # Safety
/// 1. V1, for `'d`.
unsafe fn pointers<'d, T>(list: &List<T>) -> &'d [*const T] {
    // SAFETY: clause 1.
    unsafe { list.pointers() }
}

listed!(
    /// The methods, in order.
    methods: methods of Method in ContractView
);
listed!(
    /// The arguments, without the receiver.
    arguments: arguments of Argument in Method
);
listed!(
    /// The fields of a struct or a tuple.
    fields: fields of Field in Type
);
listed!(
    /// The variants of an enum.
    variants: variants of Variant in Type
);
listed!(
    /// The fields.
    fields: fields of Field in Variant
);

impl<'d> ContractView<'d> {
    /// The dotted id; nothing for a closure.
    #[must_use]
    pub fn id(self) -> &'d str {
        self.text(self.0.id)
    }

    /// The name of the trait.
    #[must_use]
    pub fn name(self) -> &'d str {
        self.text(self.0.name)
    }

    /// The documentation, or nothing.
    #[must_use]
    pub fn docs(self) -> &'d str {
        self.text(self.0.docs)
    }

    /// Majors are different contracts; minors grow.
    #[must_use]
    pub fn version(self) -> (u32, u32) {
        (self.0.major, self.0.minor)
    }

    /// Whether only the host provides it.
    #[must_use]
    pub fn is_host_contract(self) -> bool {
        self.0.flags & contract_flags::HOST != 0
    }

    /// Whether each caller has an instance of its own, and calls it from one thread at a time.
    #[must_use]
    pub fn is_exclusive(self) -> bool {
        self.0.flags & contract_flags::EXCLUSIVE != 0
    }

    /// Keeps it beyond the view.
    #[must_use]
    pub fn keep(self) -> Contract {
        // SAFETY: V1.
        unsafe { Contract::keep(self.0) }
    }

    /// A number that is the same for the same contract of the same module, while that is mapped.
    #[must_use]
    pub fn address(self) -> usize {
        core::ptr::from_ref(self.0).addr()
    }
}

impl<'d> Method<'d> {
    /// The name.
    #[must_use]
    pub fn name(self) -> &'d str {
        self.text(self.0.name)
    }

    /// The documentation, or nothing.
    #[must_use]
    pub fn docs(self) -> &'d str {
        self.text(self.0.docs)
    }

    /// Whether it may be left out.
    #[must_use]
    pub fn has_default(self) -> bool {
        self.0.flags & method_flags::DEFAULT != 0
    }

    /// Whether its result is a part of an argument.
    #[must_use]
    pub fn borrows(self) -> bool {
        self.0.flags & (method_flags::BORROWS | method_flags::BORROWS_OBJECT) != 0
    }

    /// The type of the result.
    #[must_use]
    pub fn result(self) -> Type<'d> {
        // SAFETY: V1.
        unsafe { Type::of((self.0.result)()) }
    }

    /// Size of its frame, in bytes.
    #[must_use]
    pub fn frame_size(self) -> usize {
        self.0.frame_size
    }
}

impl<'d> Argument<'d> {
    /// The name; nothing when the contract has a pattern there.
    #[must_use]
    pub fn name(self) -> &'d str {
        self.text(self.0.name)
    }

    /// How it stands in the frame.
    #[must_use]
    pub fn passing(self) -> Passing {
        Passing::of(self.0.passing)
    }

    /// Its type; of a slice, that of the elements.
    #[must_use]
    pub fn ty(self) -> Type<'d> {
        // SAFETY: V1.
        unsafe { Type::of((self.0.ty)()) }
    }

    /// Where it lies in the frame, in bytes.
    #[must_use]
    pub fn offset(self) -> usize {
        self.0.frame_offset
    }
}

impl<'d> Type<'d> {
    /// The kind.
    #[must_use]
    pub fn kind(self) -> TypeKind {
        TypeKind::of(self.0.kind)
    }

    /// The name that its author gave it, or nothing.
    #[must_use]
    pub fn name(self) -> &'d str {
        self.text(self.0.name)
    }

    /// A number that is the same for the same type of the same module, while that is mapped.
    #[must_use]
    pub fn address(self) -> usize {
        core::ptr::from_ref(self.0).addr()
    }

    /// How many elements an array has.
    #[must_use]
    pub fn length(self) -> usize {
        self.0.length
    }

    /// What it is made of, as its kind says.
    ///
    /// # Panics
    /// When there is no such element.
    #[must_use]
    pub fn element(self, index: usize) -> Self {
        assert!(index < self.0.element_count, "no such element");
        // SAFETY: V1.
        unsafe { Self::of((*self.0.elements.add(index))()) }
    }

    /// Everything that it is made of, as its kind says.
    pub fn elements(self) -> impl ExactSizeIterator<Item = Self> {
        (0..self.0.element_count).map(move |index| self.element(index))
    }

    /// Whether it stands in a frame as a scalar.
    #[must_use]
    pub fn is_scalar(self) -> bool {
        self.0.flags & type_flags::BY_VALUE != 0
    }

    /// Whether its values are bytes in memory that anybody may copy.
    #[must_use]
    pub fn is_plain(self) -> bool {
        self.0.flags & type_flags::PLAIN != 0
    }

    /// Whether an object has any number of owners.
    #[must_use]
    pub fn is_shared_object(self) -> bool {
        self.0.flags & type_flags::SHARED != 0
    }

    /// The contract of an object. That of a closure has no id, and one method, `call`.
    #[must_use]
    pub fn contract(self) -> Option<ContractView<'d>> {
        let contract = self.0.contract?;
        // SAFETY: V1.
        Some(unsafe { ContractView::of(contract()) })
    }
}

impl<'d> Field<'d> {
    /// The name; nothing in a tuple.
    #[must_use]
    pub fn name(self) -> &'d str {
        self.text(self.0.name)
    }

    /// The type.
    #[must_use]
    pub fn ty(self) -> Type<'d> {
        // SAFETY: V1.
        unsafe { Type::of((self.0.ty)()) }
    }

    /// Whether who reads a value that was made without it fills it in.
    #[must_use]
    pub fn has_default(self) -> bool {
        self.0.flags & field_flags::DEFAULT != 0
    }
}

impl<'d> Variant<'d> {
    /// The name.
    #[must_use]
    pub fn name(self) -> &'d str {
        self.text(self.0.name)
    }

    /// The number that a value of it starts with.
    #[must_use]
    pub fn tag(self) -> u32 {
        self.0.tag
    }
}

macro_rules! shown {
    ($($view:ident)*) => {$(
        impl fmt::Debug for $view<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    )*};
}

shown!(Method Argument Field Variant);

impl fmt::Debug for ContractView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.version();
        write!(f, "{} {major}.{minor}", self.id())
    }
}

impl fmt::Debug for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.kind(), self.name())
    }
}
