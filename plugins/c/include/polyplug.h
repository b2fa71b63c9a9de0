// The binary interface of polyplug, ABI 1: every type and constant that both sides of a plugin boundary read.
//
// Written from the crate `polyplug-abi` by its test `header`; do not edit. C11 and C++17.
//
// * Signatures hold only scalars and pointers, never a struct by value.
// * Every struct that can grow starts with its own size in bytes, and grows only at its end: write `sizeof` the struct into
//   `size`, and read only fields that lie below the `size` that the other side wrote.
// * Arrays of such structs are arrays of pointers, so that both sides may know a different size.

#ifndef POLYPLUG_H
#define POLYPLUG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct PolyplugSlice PolyplugSlice;
typedef struct PolyplugBuffer PolyplugBuffer;
typedef struct PolyplugObject PolyplugObject;
typedef struct PolyplugSink PolyplugSink;
typedef struct PolyplugGrown PolyplugGrown;
typedef struct PolyplugGrownVariant PolyplugGrownVariant;
typedef struct PolyplugReceiver PolyplugReceiver;
typedef struct PolyplugCall PolyplugCall;
typedef struct PolyplugFaultRecord PolyplugFaultRecord;
typedef struct PolyplugFaultTable PolyplugFaultTable;
typedef struct PolyplugFaultParts PolyplugFaultParts;
typedef struct PolyplugInterfaceHeader PolyplugInterfaceHeader;
typedef struct PolyplugImplementor PolyplugImplementor;
typedef struct PolyplugTypeDescriptor PolyplugTypeDescriptor;
typedef struct PolyplugFieldDescriptor PolyplugFieldDescriptor;
typedef struct PolyplugVariantDescriptor PolyplugVariantDescriptor;
typedef struct PolyplugArgumentDescriptor PolyplugArgumentDescriptor;
typedef struct PolyplugMethodDescriptor PolyplugMethodDescriptor;
typedef struct PolyplugContractDescriptor PolyplugContractDescriptor;
typedef struct PolyplugGuest PolyplugGuest;
typedef struct PolyplugGuestModule PolyplugGuestModule;
typedef struct PolyplugThreadRecord PolyplugThreadRecord;
typedef struct PolyplugCell PolyplugCell;
typedef struct PolyplugGeneration PolyplugGeneration;
typedef struct PolyplugWay PolyplugWay;
typedef struct PolyplugLink PolyplugLink;
typedef struct PolyplugHold PolyplugHold;
typedef struct PolyplugHoldTable PolyplugHoldTable;
typedef struct PolyplugContextRecord PolyplugContextRecord;
typedef struct PolyplugContextTable PolyplugContextTable;
typedef struct PolyplugRegistration PolyplugRegistration;
typedef struct PolyplugOffer PolyplugOffer;
typedef struct PolyplugPluginDescriptor PolyplugPluginDescriptor;
typedef struct PolyplugThreadTable PolyplugThreadTable;
typedef struct PolyplugLogSite PolyplugLogSite;
typedef struct PolyplugLogSiteParts PolyplugLogSiteParts;
typedef struct PolyplugLogValue PolyplugLogValue;
typedef struct PolyplugLogRecord PolyplugLogRecord;
typedef struct PolyplugLogTable PolyplugLogTable;
typedef struct PolyplugHost PolyplugHost;
typedef struct PolyplugArgumentDescriptorList PolyplugArgumentDescriptorList;
typedef struct PolyplugContractDescriptorList PolyplugContractDescriptorList;
typedef struct PolyplugFieldDescriptorList PolyplugFieldDescriptorList;
typedef struct PolyplugMethodDescriptorList PolyplugMethodDescriptorList;
typedef struct PolyplugOfferList PolyplugOfferList;
typedef struct PolyplugVariantDescriptorList PolyplugVariantDescriptorList;

/// Yields a type's descriptor. A function, so that recursive types can point at themselves.
typedef const PolyplugTypeDescriptor *(*PolyplugTypeFunction)(void);
/// Yields a contract's descriptor.
typedef const PolyplugContractDescriptor *(*PolyplugContractFunction)(void);
/// The bridged interface of a contract: typed functions that pack their arguments into a frame and call the
/// `GuestFunction` of their state.
typedef const PolyplugInterfaceHeader *(*PolyplugBridgeFunction)(void);

/// The version of this binary interface. A module that speaks another one is refused at load.
#define POLYPLUG_ABI_VERSION 1

/// The callee panicked (Rust).
#define POLYPLUG_FAULT_KIND_PANICKED 1

/// The callee threw (any other language).
#define POLYPLUG_FAULT_KIND_THREW 2

/// The plugin is no longer there.
#define POLYPLUG_FAULT_KIND_UNLOADED 3

/// A value broke the rules of its type.
#define POLYPLUG_FAULT_KIND_INVALID_VALUE 4

/// A borrowed result did not come from an argument.
#define POLYPLUG_FAULT_KIND_ESCAPED_BORROW 5

/// An enum value that this side does not know.
#define POLYPLUG_FAULT_KIND_UNKNOWN_VARIANT 6

/// A method that the other side does not have.
#define POLYPLUG_FAULT_KIND_UNKNOWN_METHOD 7

/// Made by user code, on purpose.
#define POLYPLUG_FAULT_KIND_RAISED 8

/// The value was written.
#define POLYPLUG_INVOKE_CODE_VALUE 0

/// A fault was stored.
#define POLYPLUG_INVOKE_CODE_FAULT 1

/// Of a `GuestFunction` alone: the method has a default body, and is left to it. Nothing of the
/// arguments was taken, and nothing was written.
#define POLYPLUG_INVOKE_CODE_LEFT_OUT 2

/// The functions were generated for Rust: their results need no check.
#define POLYPLUG_INTERFACE_FLAGS_RUST 1

/// `()`: no bytes.
#define POLYPLUG_TYPE_KIND_UNIT 0

/// `bool`: one byte, 0 or 1.
#define POLYPLUG_TYPE_KIND_BOOL 1

/// `char`: a Unicode scalar value in 32 bits.
#define POLYPLUG_TYPE_KIND_CHAR 2

/// Signed integers.
#define POLYPLUG_TYPE_KIND_I8 3

/// Signed integers.
#define POLYPLUG_TYPE_KIND_I16 4

/// Signed integers.
#define POLYPLUG_TYPE_KIND_I32 5

/// Signed integers.
#define POLYPLUG_TYPE_KIND_I64 6

/// Unsigned integers.
#define POLYPLUG_TYPE_KIND_U8 7

/// Unsigned integers.
#define POLYPLUG_TYPE_KIND_U16 8

/// Unsigned integers.
#define POLYPLUG_TYPE_KIND_U32 9

/// Unsigned integers.
#define POLYPLUG_TYPE_KIND_U64 10

/// Signed, one word.
#define POLYPLUG_TYPE_KIND_ISIZE 11

/// Unsigned, one word.
#define POLYPLUG_TYPE_KIND_USIZE 12

/// IEEE 754.
#define POLYPLUG_TYPE_KIND_F32 13

/// IEEE 754.
#define POLYPLUG_TYPE_KIND_F64 14

/// Text: `Slice` as an argument, `Buffer` as a result.
#define POLYPLUG_TYPE_KIND_STRING 15

/// A list: `Slice` as an argument, `Buffer` as a result; one element type.
#define POLYPLUG_TYPE_KIND_LIST 16

/// `[T; N]`: `length` elements in order; one element type.
#define POLYPLUG_TYPE_KIND_ARRAY 17

/// `{ u32 tag; T value }`, 0 = none, 1 = some; one element type.
#define POLYPLUG_TYPE_KIND_OPTION 18

/// `{ u32 tag; union { T; E } }`, 0 = ok, 1 = err; two element types.
#define POLYPLUG_TYPE_KIND_RESULT 19

/// Fields in order, named `0`, `1`, ...
#define POLYPLUG_TYPE_KIND_TUPLE 20

/// Fields in order.
#define POLYPLUG_TYPE_KIND_STRUCT 21

/// `{ u32 tag; union of payload structs }`; field-less: the `u32`.
#define POLYPLUG_TYPE_KIND_ENUM 22

/// A pointer to one value: `const T *` as an argument, a `Buffer` of one as a result; one element type.
#define POLYPLUG_TYPE_KIND_BOX 23

/// A pointer to a fault record.
#define POLYPLUG_TYPE_KIND_FAULT 24

/// Something that implements a contract: an `Object`. A closure implements a contract without an id and with one
/// method, `call`.
#define POLYPLUG_TYPE_KIND_OBJECT 25

/// `&str` inside another type, or as a result that borrows: a `Slice` of UTF-8.
#define POLYPLUG_TYPE_KIND_TEXT 26

/// `&[T]` inside another type, or as a result that borrows: a `Slice`; one element type.
#define POLYPLUG_TYPE_KIND_SLICE 27

/// `&T` inside another type, or as a result that borrows: a pointer to the lent form; one element type.
#define POLYPLUG_TYPE_KIND_REFERENCE 28

/// Unsigned, 128 bits: two `u64`, low first, aligned to 8 bytes.
#define POLYPLUG_TYPE_KIND_U128 29

/// Signed, 128 bits, two's complement: two `u64`, low first, aligned to 8 bytes.
#define POLYPLUG_TYPE_KIND_I128 30

/// A map: a list whose one element type is the tuple of key and value. Of two pairs with one key the later counts.
#define POLYPLUG_TYPE_KIND_MAP 31

/// A set: a list; one element type.
#define POLYPLUG_TYPE_KIND_SET 32

/// `{ u64 secs; u32 nanos }`, fewer than 1,000,000,000 nanoseconds.
#define POLYPLUG_TYPE_KIND_DURATION 33

/// `{ i64 secs; u32 nanos }` since 1970, fewer than 1,000,000,000 nanoseconds, which count forwards.
#define POLYPLUG_TYPE_KIND_SYSTEM_TIME 34

/// A path: `Slice` as an argument, `Buffer` as a result, of bytes on Unix and of UTF-16 units on Windows; one element
/// type, the unit.
#define POLYPLUG_TYPE_KIND_PATH 35

/// `&Path`: a `Slice` of the units; one element type, the unit.
#define POLYPLUG_TYPE_KIND_BORROWED_PATH 36

/// A set of bits: the integer that is its one element type. Unknown bits are kept.
#define POLYPLUG_TYPE_KIND_FLAGS 37

/// A struct that may get more fields: a `Grown` that points to `{ u32 size; fields.. }`. The size is
/// where the last field of the writer ends; offsets of fields are from the start of what is pointed to.
#define POLYPLUG_TYPE_KIND_GROWING_STRUCT 38

/// An enum that may get more variants: a `Grown` that points to a
/// `GrownVariant`. Offsets of fields are from the start of the payload.
#define POLYPLUG_TYPE_KIND_GROWING_ENUM 39

/// The tag of a value of a growing enum that its writer did not know itself. Its payload is null.
#define POLYPLUG_OTHER_TAG 4294967295

/// A scalar of at most 64 bits, or an array or struct of such: passes by address, uncopied.
#define POLYPLUG_TYPE_FLAGS_PLAIN 1

/// Travels by value: integers and floats as themselves, `bool`, `char`, field-less enums and integers
/// under 32 bits as 32 bits.
#define POLYPLUG_TYPE_FLAGS_BY_VALUE 2

/// Of an object: it may be sent to another thread.
#define POLYPLUG_TYPE_FLAGS_SEND 4

/// Of an object: it may be called by several threads at once.
#define POLYPLUG_TYPE_FLAGS_SYNC 8

/// Of an object: there is one owner, who gives it away with the value (`Box`).
#define POLYPLUG_TYPE_FLAGS_UNIQUE 16

/// Of an object: owners count themselves (`Arc`).
#define POLYPLUG_TYPE_FLAGS_SHARED 32

/// Of a closure: it may be called once only (`FnOnce`).
#define POLYPLUG_TYPE_FLAGS_ONCE 64

/// Of a growing struct: who reads a value without it fills it in.
#define POLYPLUG_FIELD_FLAGS_DEFAULT 1

/// `T`: by value when the type says so, otherwise `const T *` to the lent form.
#define POLYPLUG_PASSING_VALUE 0

/// `&T`: `const T *` to the lent form.
#define POLYPLUG_PASSING_REFERENCE 1

/// `&[T]`: pointer, then length; the argument's type is the element.
#define POLYPLUG_PASSING_SLICE 2

/// `&str`: pointer, then length.
#define POLYPLUG_PASSING_TEXT 3

/// `&dyn C`, `&dyn Fn(..)`: `const Object *`, borrowed for the call.
#define POLYPLUG_PASSING_OBJECT 4

/// `&mut [T]`: pointer, then length, changed in place; the argument's type is the element.
#define POLYPLUG_PASSING_SLICE_MUT 5

/// `&mut dyn C`, `&mut dyn FnMut(..)`: `const Object *`, borrowed for the call, and called by one at a time.
#define POLYPLUG_PASSING_OBJECT_MUT 6

/// `&mut String`, `&mut Vec<T>`: `Sink *`.
#define POLYPLUG_PASSING_SINK 7

/// It has a default body.
#define POLYPLUG_METHOD_FLAGS_DEFAULT 1

/// It takes `&mut self`: nobody else may be inside the object meanwhile.
#define POLYPLUG_METHOD_FLAGS_EXCLUSIVE 2

/// Its result borrows from its arguments: it must lie inside one that crosses by address.
#define POLYPLUG_METHOD_FLAGS_BORROWS 4

/// Its result borrows from the object, in a pinned contract.
#define POLYPLUG_METHOD_FLAGS_BORROWS_OBJECT 8

/// Only the host provides it.
#define POLYPLUG_CONTRACT_FLAGS_HOST 1

/// Some of its methods take `&mut self`: it is offered as an object of one's own only.
#define POLYPLUG_CONTRACT_FLAGS_EXCLUSIVE 2

/// Results may borrow from the object.
#define POLYPLUG_CONTRACT_FLAGS_PINNED 4

/// How many entries a thread has: calls of `Caller`s inside each other on one thread. For what goes beyond the core has more.
#define POLYPLUG_HAZARDS 8

/// Nothing: whoever retires a generation makes every thread pass a barrier.
#define POLYPLUG_BARRIER_ASYMMETRIC 0

/// A sequentially consistent fence between the two steps of entering.
#define POLYPLUG_BARRIER_FENCE 1

/// The host's value for a host contract.
#define POLYPLUG_ASKED_HOST 0

/// Another plugin's offer of a contract.
#define POLYPLUG_ASKED_PEER 1

/// The registration is filled in.
#define POLYPLUG_INIT_CODE_READY 0

/// The module speaks another ABI than the host.
#define POLYPLUG_INIT_CODE_ABI_MISMATCH 1

/// This image was initialised before.
#define POLYPLUG_INIT_CODE_ALREADY_INITIALISED 2

/// Fewer offers were found than were compiled in.
#define POLYPLUG_INIT_CODE_LOST_REGISTRATIONS 3

/// The entry point panicked.
#define POLYPLUG_INIT_CODE_PANICKED 4

/// Only to look at what the module offers: nothing will be constructed.
#define POLYPLUG_INIT_OPTIONS_INSPECT 1

/// Panics print their usual message on standard error.
#define POLYPLUG_INIT_OPTIONS_PANIC_OUTPUT 2

/// Built by the Rust side of polyplug.
#define POLYPLUG_MODULE_FLAGS_RUST 1

/// A panic in it ends the process.
#define POLYPLUG_MODULE_FLAGS_PANIC_ABORT 2

/// It can be unmapped: nothing in it outlives its last call unseen.
#define POLYPLUG_MODULE_FLAGS_MAY_UNMAP 4

/// It must never be unmapped.
#define POLYPLUG_MODULE_FLAGS_NEVER_UNMAP 8

/// With the other thread-locals, the last registered first.
#define POLYPLUG_EXIT_ORDER_THREAD_LOCAL 0

/// After all thread-locals of the image on that thread: what pthread keys want.
#define POLYPLUG_EXIT_ORDER_KEYS 1

/// Nobody, until the host's filter changes.
#define POLYPLUG_LOG_INTEREST_NEVER 0

/// To be asked for each record: `LogTable::enabled`.
#define POLYPLUG_LOG_INTEREST_SOMETIMES 1

/// Somebody; asking is right here too, because it may not be the one who listens on this thread.
#define POLYPLUG_LOG_INTEREST_ALWAYS 2

/// Something failed.
#define POLYPLUG_LOG_LEVEL_ERROR 1

/// Something is not as it should be.
#define POLYPLUG_LOG_LEVEL_WARN 2

/// What happened, for everybody.
#define POLYPLUG_LOG_LEVEL_INFO 3

/// What happened, for the author.
#define POLYPLUG_LOG_LEVEL_DEBUG 4

/// Everything.
#define POLYPLUG_LOG_LEVEL_TRACE 5

/// Events.
#define POLYPLUG_LOG_KIND_EVENT 1

/// Spans.
#define POLYPLUG_LOG_KIND_SPAN 2

/// Nothing: it only asks whether somebody listens.
#define POLYPLUG_LOG_KIND_HINT 4

/// Its target may have been made at run time. When there are too many of them the core takes one for all.
#define POLYPLUG_LOG_KIND_DYNAMIC 8

/// Nothing: the field has no value yet.
#define POLYPLUG_LOG_VALUE_NONE 0

/// `bits[0]`, signed.
#define POLYPLUG_LOG_VALUE_I64 1

/// `bits[0]`.
#define POLYPLUG_LOG_VALUE_U64 2

/// `bits`, low first, signed.
#define POLYPLUG_LOG_VALUE_I128 3

/// `bits`, low first.
#define POLYPLUG_LOG_VALUE_U128 4

/// `bits[0]`, as the bits of a 64-bit float.
#define POLYPLUG_LOG_VALUE_F64 5

/// `bits[0]`: 0 or 1.
#define POLYPLUG_LOG_VALUE_BOOL 6

/// `text`.
#define POLYPLUG_LOG_VALUE_TEXT 7

/// `text`, which stands for a value that is no text.
#define POLYPLUG_LOG_VALUE_FORMATTED 8

/// `text`: any bytes.
#define POLYPLUG_LOG_VALUE_BYTES 9

/// `text`: what an error says.
#define POLYPLUG_LOG_VALUE_ERROR 10

/// `text`: what caused the value before it, an error.
#define POLYPLUG_LOG_VALUE_CAUSE 11

/// In the span that this thread is in.
#define POLYPLUG_LOG_PARENT_CONTEXT 0

/// In none.
#define POLYPLUG_LOG_PARENT_ROOT 1

/// In the span that is named.
#define POLYPLUG_LOG_PARENT_SPAN 2

/// No span.
#define POLYPLUG_LOG_SPAN_NONE 0

/// A span that nobody wanted.
#define POLYPLUG_LOG_SPAN_DISABLED 18446744073709551615ull

/// The span of the host that this thread is in: to be retained, which answers its number.
#define POLYPLUG_LOG_SPAN_CURRENT 18446744073709551614ull

/// Values lent for one call, or for as long as the module that holds them is mapped.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `ptr` | first element; may be null when `len` is 0 |
/// | 8 | `len` | elements, not bytes; the whole is at most `isize::MAX` bytes |
///
/// Owner: the side that wrote it. Text is UTF-8.
struct PolyplugSlice {
    /// First element; may be null when `len` is 0.
    const uint8_t *ptr;
    /// Number of elements.
    size_t len;
};

/// Gives the memory of a `Buffer` back: its pointer, then its capacity in elements.
typedef void (*PolyplugReleaseFunction)(uint8_t *ptr, size_t capacity);

/// Values handed over with a result. The receiver copies them into its own memory, then calls `release` once.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `ptr` | first element; may be null when `len` is 0 |
/// | 8 | `len` | elements, not bytes; the whole is at most `isize::MAX` bytes |
/// | 16 | `capacity` | passed back to `release`, otherwise without meaning |
/// | 24 | `release` | frees the memory of this run, not what its elements own; null: nothing to free |
///
/// Owner: the receiver, from the moment the call returns without a fault.
struct PolyplugBuffer {
    /// First element; may be null when `len` is 0.
    uint8_t *ptr;
    /// Number of elements.
    size_t len;
    /// Passed back to `release`.
    size_t capacity;
    /// Frees the memory of this run.
    PolyplugReleaseFunction release;
};

/// An argument of a method.
struct PolyplugArgumentDescriptor {
    /// Size of this struct in bytes, as its maker knows it.
    uint32_t size;
    /// One of `passing`.
    uint32_t passing;
    /// Its name, or empty.
    PolyplugSlice name;
    /// Its type.
    PolyplugTypeFunction ty;
    /// Where it lies in the frame, in bytes.
    size_t frame_offset;
};

/// A run of pointers to `PolyplugArgumentDescriptor`.
struct PolyplugArgumentDescriptorList {
    /// First pointer; may be null when `len` is 0.
    const PolyplugArgumentDescriptor *const *ptr;
    /// Number of pointers.
    size_t len;
};

/// A method of a contract.
struct PolyplugMethodDescriptor {
    /// Size of this struct in bytes, as its maker knows it.
    uint32_t size;
    /// `method_flags`.
    uint32_t flags;
    /// Its name.
    PolyplugSlice name;
    /// Its documentation, or empty.
    PolyplugSlice docs;
    /// Its arguments, without the receiver.
    PolyplugArgumentDescriptorList arguments;
    /// Its result.
    PolyplugTypeFunction result;
    /// Bytes of the frame that holds its flattened arguments.
    size_t frame_size;
    /// Alignment of that frame.
    size_t frame_align;
};

/// A run of pointers to `PolyplugMethodDescriptor`.
struct PolyplugMethodDescriptorList {
    /// First pointer; may be null when `len` is 0.
    const PolyplugMethodDescriptor *const *ptr;
    /// Number of pointers.
    size_t len;
};

/// How to count a `FaultRecord`. Any thread may call any of these.
struct PolyplugFaultTable {
    /// Size of this struct in bytes, as its maker knows it.
    uint32_t size;
    /// Zero.
    uint32_t flags;
    /// One more owner.
    void (*retain)(const PolyplugFaultRecord *fault);
    /// One owner less; the last one frees it.
    void (*release)(const PolyplugFaultRecord *fault);
};

/// A fault. Read-only once made; counted through `table`.
///
/// All text is UTF-8 and lives as long as the record. Empty text means unknown.
struct PolyplugFaultRecord {
    /// Size of this struct in bytes, as its maker knows it.
    uint32_t size;
    /// One of `fault_kind`.
    uint32_t kind;
    /// How to count it.
    const PolyplugFaultTable *table;
    /// What happened, in the words of the plugin.
    PolyplugSlice message;
    /// Source file, if known.
    PolyplugSlice file;
    /// Line in `file`, from 1; 0 when unknown.
    uint32_t line;
    /// Column in `file`, from 1; 0 when unknown.
    uint32_t column;
    /// Traceback, if the language of the callee makes one.
    PolyplugSlice trace;
    /// Name of the plugin in which it happened.
    PolyplugSlice plugin;
    /// Id of the contract that was called.
    PolyplugSlice contract;
    /// Name of the method that was called.
    PolyplugSlice method;
};

/// What a call carries along besides its arguments. Nothing yet; size-prefixed, so that it can.
struct PolyplugCall {
    /// Size of this struct in bytes, as its writer knows it.
    uint32_t size;
    /// Zero.
    uint32_t flags;
};

/// The call context, built by the caller on its stack for one call.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `state` | the object of the plugin; never changed by the callee |
/// | 8 | `fault` | null on entry; the callee stores what went wrong, then returns zero |
/// | 16 | `call` | may be null; reserved for deadline, cancellation and span |
struct PolyplugReceiver {
    /// The object the method works on.
    void *state;
    /// Null, or what went wrong. Owner: the caller, once set.
    PolyplugFaultRecord *fault;
    /// Reserved; null in this version.
    const PolyplugCall *call;
};

/// Calls method number `method` with the arguments in `frame`, writes the result to `out`: one that travels by value as it
/// travels, in at least 32 bits, any other in its owned form. Every argument is checked. Answers one of `invoke_code`.
typedef int32_t (*PolyplugInvokeFunction)(PolyplugReceiver *receiver,
                                          uint32_t method,
                                          const void *frame,
                                          void *out);

/// A contract.
struct PolyplugContractDescriptor {
    /// Size of this struct in bytes, as its maker knows it.
    uint32_t size;
    /// `contract_flags`.
    uint32_t flags;
    /// Contracts with different majors are different contracts.
    uint32_t major;
    /// Grows when methods are added.
    uint32_t minor;
    /// The dotted id.
    PolyplugSlice id;
    /// The name of the trait.
    PolyplugSlice name;
    /// Its documentation, or empty.
    PolyplugSlice docs;
    /// A number made of the method names in order; the same that interfaces carry.
    uint64_t order;
    /// Its methods, in order.
    PolyplugMethodDescriptorList methods;
    /// Makes the interface for implementations in other languages; null when there is none.
    PolyplugBridgeFunction bridge;
    /// Runs the default body of a method, as an interface's `invoke` runs a method: the state is a
    /// `*const Implementor`. Null when no method has one, or in another language.
    PolyplugInvokeFunction defaults;
};

/// The head of every interface. The functions of the contract follow, one word each, in declaration order;
/// a word may be null when the method has a default body.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `size` | bytes of the whole interface, functions included |
/// | 4 | `method_count` | number of functions |
/// | 8 | `flags` | `interface_flags` |
/// | 12 | `reserved` | zero |
/// | 16 | `order` | a number made of the method names in order: equal numbers, equal order |
/// | 24 | `contract` | the descriptor the functions were generated from |
/// | 32 | `invoke` | the erased entry |
struct PolyplugInterfaceHeader {
    /// Bytes of the whole interface, functions included.
    uint32_t size;
    /// Number of functions that follow.
    uint32_t method_count;
    /// `interface_flags`.
    uint32_t flags;
    /// Zero.
    uint32_t reserved;
    /// Equal numbers mean equal method names in equal order.
    uint64_t order;
    /// The descriptor the functions were generated from.
    const PolyplugContractDescriptor *contract;
    /// The erased entry.
    PolyplugInvokeFunction invoke;
};

/// Something that implements a contract, passed as a value.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `interface` | its functions |
/// | 8 | `state` | what they take as `Receiver::state` |
/// | 16 | `retain` | one more owner of `state`; null for an object borrowed for the call |
/// | 24 | `release` | one owner of `state` less; null for an object borrowed for the call |
struct PolyplugObject {
    /// The functions of the object.
    const PolyplugInterfaceHeader *interface;
    /// What the functions work on.
    void *state;
    /// One more owner; null when borrowed for the call.
    void (*retain)(void *state);
    /// One owner less; null when borrowed for the call.
    void (*release)(void *state);
};

/// A value that the callee may change: `&mut String`, `&mut Vec<T>`.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `input` | the value before the call, lent |
/// | 16 | `output` | the value after the call, handed over; empty on entry, and ignored when the call faults |
struct PolyplugSink {
    /// The value before the call.
    PolyplugSlice input;
    /// The value after the call. Owner: the caller, once the call returned without a fault.
    PolyplugBuffer output;
};

/// Lets go of a value behind a `Grown`: its pointer, then how many of its bytes the reader knows and took.
///
/// * A struct: what the fields own that start before `known` is the reader's; what the others own is let go.
/// * An enum: with `known` 0 what the payload owns is let go, otherwise it is the reader's.
/// * Handed over, the memory of the value is freed too. Lent, it is not: what is let go are the objects alone.
typedef void (*PolyplugReleaseGrownFunction)(uint8_t *ptr, size_t known);

/// Data that may grow, lent or handed over.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `ptr` | a struct: `{ u32 size; fields.. }`; an enum: a `GrownVariant` |
/// | 8 | `release` | see `ReleaseGrownFunction`; null: nothing to let go |
///
/// Handed over: the reader calls `release` once, when it has copied what it knows. Lent: the reader calls it once, and only
/// when there is something that it does not know: `size` is larger than its own, or the tag is unknown.
struct PolyplugGrown {
    /// The value, as its writer knows it.
    uint8_t *ptr;
    /// Lets go of it, on the writer's side.
    PolyplugReleaseGrownFunction release;
};

/// A value of an enum that may grow.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `tag` | the position of the variant, or `OTHER_TAG` |
/// | 8 | `payload` | the fields of the variant, C layout; may be null when it has none |
struct PolyplugGrownVariant {
    /// Which variant.
    uint32_t tag;
    /// Its fields.
    const uint8_t *payload;
};

/// What a new fault is made of. The texts are copied.
struct PolyplugFaultParts {
    /// Size of this struct in bytes, as its maker knows it.
    uint32_t size;
    /// One of `fault_kind`.
    uint32_t kind;
    /// What happened.
    PolyplugSlice message;
    /// Source file, if known.
    PolyplugSlice file;
    /// Line in `file`, from 1; 0 when unknown.
    uint32_t line;
    /// Column in `file`, from 1; 0 when unknown.
    uint32_t column;
    /// Traceback, if there is one.
    PolyplugSlice trace;
    /// Name of the plugin in which it happened.
    PolyplugSlice plugin;
    /// Id of the contract that was called.
    PolyplugSlice contract;
    /// Name of the method that was called.
    PolyplugSlice method;
};

/// An object for a default body: what `ContractDescriptor::defaults` takes as the state of its receiver points to one.
struct PolyplugImplementor {
    /// The functions of the object, in the order of the contract; those that are left out are null.
    const PolyplugInterfaceHeader *interface;
    /// What they take as the state of their receiver.
    void *state;
    /// Whose it is, for faults; may be empty.
    PolyplugSlice plugin;
};

/// A field of a struct, a tuple or a variant. Offsets are from the start of the whole value, of growing data from what the
/// kind says.
struct PolyplugFieldDescriptor {
    /// Size of this struct in bytes, as its maker knows it.
    uint32_t size;
    /// `field_flags`.
    uint32_t flags;
    /// Its name, or its position in digits.
    PolyplugSlice name;
    /// Its documentation, or empty.
    PolyplugSlice docs;
    /// Its type.
    PolyplugTypeFunction ty;
    /// Where it lies in the lent form, in bytes.
    size_t lent_offset;
    /// Where it lies in the owned form, in bytes.
    size_t owned_offset;
};

/// A run of pointers to `PolyplugFieldDescriptor`.
struct PolyplugFieldDescriptorList {
    /// First pointer; may be null when `len` is 0.
    const PolyplugFieldDescriptor *const *ptr;
    /// Number of pointers.
    size_t len;
};

/// A variant of an enum.
struct PolyplugVariantDescriptor {
    /// Size of this struct in bytes, as its maker knows it.
    uint32_t size;
    /// The tag on the wire: its position. `OTHER_TAG` marks, at the end of a growing enum, the variant that stands for
    /// those that this side does not know.
    uint32_t tag;
    /// Its name.
    PolyplugSlice name;
    /// Its documentation, or empty.
    PolyplugSlice docs;
    /// What it carries.
    PolyplugFieldDescriptorList fields;
};

/// A run of pointers to `PolyplugVariantDescriptor`.
struct PolyplugVariantDescriptorList {
    /// First pointer; may be null when `len` is 0.
    const PolyplugVariantDescriptor *const *ptr;
    /// Number of pointers.
    size_t len;
};

/// A type that can cross.
///
/// It has two wire forms of its own size: *lent* (an argument: sequences are `Slice`) and *owned* (a result:
/// sequences are `Buffer`). Field offsets are given for both.
struct PolyplugTypeDescriptor {
    /// Size of this struct in bytes, as its maker knows it.
    uint32_t size;
    /// One of `type_kind`.
    uint32_t kind;
    /// `type_flags`.
    uint32_t flags;
    /// Zero.
    uint32_t reserved;
    /// The name that its author gave it, or empty.
    PolyplugSlice name;
    /// Its documentation, or empty.
    PolyplugSlice docs;
    /// Bytes of the lent form.
    size_t lent_size;
    /// Alignment of the lent form.
    size_t lent_align;
    /// Bytes of the owned form.
    size_t owned_size;
    /// Alignment of the owned form.
    size_t owned_align;
    /// Number of elements of an array.
    size_t length;
    /// Element types.
    const PolyplugTypeFunction *elements;
    /// Number of element types.
    size_t element_count;
    /// Fields of a struct or tuple.
    PolyplugFieldDescriptorList fields;
    /// Variants of an enum.
    PolyplugVariantDescriptorList variants;
    /// The contract of an object.
    PolyplugContractFunction contract;
};

/// Calls method number `method` of `contract` on the guest that `receiver.state` points to.
///
/// `contract` is the descriptor that the bridge belongs to: one that the loader was given when it opened the guest, or that
/// such a descriptor points to. `frame` is the `repr(C)` struct of the flattened arguments, `out` the place for the result:
/// for a scalar, what the typed face would return; otherwise its owned form. The arguments are valid.
///
/// Returns one of `invoke_code`: a value was written to `out`, or a fault was stored in the receiver.
typedef int32_t (*PolyplugGuestFunction)(PolyplugReceiver *receiver,
                                         const PolyplugContractDescriptor *contract,
                                         uint32_t method,
                                         const void *frame,
                                         void *out);

/// What the state of a bridged interface starts with. The rest is the loader's own.
struct PolyplugGuest {
    /// Size of this struct in bytes.
    uint32_t size;
    /// None is defined; 0.
    uint32_t flags;
    /// Calls a method.
    PolyplugGuestFunction invoke;
};

/// A run of pointers to `PolyplugContractDescriptor`.
struct PolyplugContractDescriptorList {
    /// First pointer; may be null when `len` is 0.
    const PolyplugContractDescriptor *const *ptr;
    /// Number of pointers.
    size_t len;
};

/// The way to one provider, in the method order of one asking image.
struct PolyplugWay {
    /// The functions; null when the long way must be taken.
    const PolyplugInterfaceHeader *interface;
    /// What the functions work on.
    void *state;
    /// Written by `Host::enter` only: the entry to be set to null.
    size_t hold;
};

/// A loaded version of a module: the head of it.
struct PolyplugGeneration {
    /// Which module this is of, of those that used the cell.
    uint64_t stamp;
    /// The ways to its providers. A `Link`'s index is in range when its stamp is this one's.
    /// Atomic: other threads change it.
    PolyplugWay *ways;
};

/// A provider's module: the place that outlives its reloads. In core memory, never freed, used again for another module
/// once this one has ended.
struct PolyplugCell {
    /// The current generation; null when there is none.
    /// Atomic: other threads change it.
    PolyplugGeneration *generation;
};

/// What a caller holds. A value: it may be copied, and needs no giving back, but for its keeper.
struct PolyplugLink {
    /// The module's place.
    const PolyplugCell *cell;
    /// Which of the modules that used the place.
    uint64_t stamp;
    /// Which of the generation's ways.
    size_t index;
    /// Name of the plugin; immortal.
    PolyplugSlice plugin;
    /// What keeps the runtime alive; null for what a plugin got from its context.
    const void *keeper;
};

/// What can be asked of a `ContextRecord`. Any thread may call any of these.
struct PolyplugContextTable {
    /// Size of this struct in bytes, as the core knows it.
    uint32_t size;
    /// Zero.
    uint32_t flags;
    /// One more owner.
    void (*retain)(const PolyplugContextRecord *context);
    /// One owner less.
    void (*release)(const PolyplugContextRecord *context);
    /// Provider number `number` of a contract, in load order; a fault when there is none. Who is `asked`.
    PolyplugFaultRecord *(*find)(const PolyplugContextRecord *context,
                                        uint32_t asked,
                                        const PolyplugContractDescriptor *contract,
                                        size_t number,
                                        PolyplugLink *link);
    /// What the plugin was configured with, as JSON text (a buffer of bytes); `null` when with nothing.
    PolyplugFaultRecord *(*config)(const PolyplugContextRecord *context, PolyplugBuffer *out);
    /// The version of the plugin that this one replaces; empty on the first load. Lives as long as the context.
    void (*previous_version)(const PolyplugContextRecord *context, PolyplugSlice *version);
};

/// The context of one plugin in one runtime, in the memory of the core. Counted.
struct PolyplugContextRecord {
    /// Size of this struct in bytes, as the core knows it.
    uint32_t size;
    /// Zero.
    uint32_t flags;
    /// What can be asked of it.
    const PolyplugContextTable *table;
    /// Name of the plugin.
    PolyplugSlice plugin;
};

/// A plugin: who it is, what it needs, how to make and destroy its state.
struct PolyplugPluginDescriptor {
    /// Size of this struct in bytes, as the module knows it.
    uint32_t size;
    /// Zero.
    uint32_t flags;
    /// Unique in a runtime.
    PolyplugSlice name;
    /// Semantic version.
    PolyplugSlice version;
    /// One line, or empty.
    PolyplugSlice description;
    /// As in Cargo.toml: separated by colons; or empty.
    PolyplugSlice authors;
    /// SPDX expression, or empty.
    PolyplugSlice license;
    /// Address of the source, or empty.
    PolyplugSlice repository;
    /// Contracts that must be provided before it is constructed: the host's, and those of other plugins.
    PolyplugContractDescriptorList requires_;
    /// Makes a state. Null with a fault in `receiver` (panic), or null with the chain of an error in `error`
    /// (a buffer of texts, outermost first). `receiver.state` is null.
    void *(*construct)(PolyplugReceiver *receiver,
                       const PolyplugContextRecord *context,
                       PolyplugBuffer *error);
    /// Destroys `receiver.state`; a panic on the way is a fault in `receiver`, and the state is gone all the same.
    void (*destroy)(PolyplugReceiver *receiver);
    /// Contracts whose providers shall be loaded before it, if they are there.
    PolyplugContractDescriptorList wants;
    /// Writes what `receiver.state` wants to keep over a reload to `out` (a buffer of bytes); a panic is a fault in
    /// `receiver`. Null when the plugin keeps nothing.
    void (*save)(PolyplugReceiver *receiver, PolyplugBuffer *out);
    /// As `construct`, from what an earlier version saved. Null when the plugin restores nothing.
    void *(*restore)(PolyplugReceiver *receiver,
                     const PolyplugContextRecord *context,
                     const uint8_t *saved,
                     size_t saved_len,
                     PolyplugBuffer *error);
    /// What `construct` and `restore` find as the state of their receiver: for who makes descriptions while it runs. Null
    /// otherwise.
    void *data;
};

/// One plugin's offer of one contract. Offers with the same `plugin` pointer share one state.
struct PolyplugOffer {
    /// Size of this struct in bytes, as the module knows it.
    uint32_t size;
    /// Zero.
    uint32_t flags;
    /// The plugin that offers.
    const PolyplugPluginDescriptor *plugin;
    /// Its functions; the contract is named in their head.
    const PolyplugInterfaceHeader *interface;
    /// Names of the methods that the plugin wrote itself; the others are left to their default bodies.
    const PolyplugSlice *written;
    /// Number of those names.
    size_t written_count;
};

/// A run of pointers to `PolyplugOffer`.
struct PolyplugOfferList {
    /// First pointer; may be null when `len` is 0.
    const PolyplugOffer *const *ptr;
    /// Number of pointers.
    size_t len;
};

/// What host and module tell each other at the entry point. Fields marked *in* are written by the host, *out* by
/// the module.
struct PolyplugRegistration {
    /// In: size of this struct in bytes, as the host knows it.
    uint32_t size;
    /// Out: `ABI_VERSION` of the module.
    uint32_t abi;
    /// In: `init_options`.
    uint32_t options;
    /// Out: `module_flags`.
    uint32_t flags;
    /// Out: what the plugins of the module offer.
    PolyplugOfferList offers;
    /// Out: contracts that the module describes, offered or not.
    PolyplugContractDescriptorList contracts;
    /// Out: how many offers were compiled in.
    size_t expected_offers;
    /// In: name of the module, for faults that arise outside a known plugin. Copied by the module.
    PolyplugSlice name;
    /// In: what the core calls the image of the module; what `ThreadTable` wants to know. Lives as
    /// long as the image is mapped.
    const void *image;
};

/// A source that a loader opened: the registration of its plugins, and how it is closed.
struct PolyplugGuestModule {
    /// Size of this struct in bytes.
    uint32_t size;
    /// None is defined; 0.
    uint32_t flags;
    /// As `polyplug_init` would have filled it in. It lives as long as the module.
    const PolyplugRegistration *registration;
    /// Closes it: nobody uses the registration, nor a state that was made through it.
    void (*release)(PolyplugGuestModule *module);
};

/// A thread, as the core knows it: which generations it is inside. In core memory, never freed.
struct PolyplugThreadRecord {
    /// Null, or busy, or the generation that a call is inside.
    /// Atomic: other threads change it.
    void *entries[POLYPLUG_HAZARDS];
    /// One of `barrier`; decided before the first thread.
    uint32_t barrier;
    /// Zero.
    uint32_t reserved;
};

/// What can be done with a `Hold`. Any thread may call any of these.
struct PolyplugHoldTable {
    /// Size of this struct in bytes, as the core knows it.
    uint32_t size;
    /// Zero.
    uint32_t flags;
    /// One more owner.
    void (*retain)(const PolyplugHold *hold);
    /// One owner less. The last owner of an instance destroys its state, here and now.
    void (*release)(const PolyplugHold *hold);
    /// Whether it is of the generation that callers reach now: 1 or 0.
    uint32_t (*is_current)(const PolyplugHold *hold);
    /// The same state through another contract of its plugin, with one owner; null and a fault when it does not offer it.
    const PolyplugHold *(*cast)(const PolyplugHold *hold,
                                       const PolyplugContractDescriptor *wanted,
                                       PolyplugFaultRecord **fault);
    /// An instance of the current generation made from what this one saves, with one owner; null and a fault, and this
    /// one as it was, when that fails.
    const PolyplugHold *(*migrate)(const PolyplugHold *hold,
                                          const PolyplugContractDescriptor *wanted,
                                          PolyplugFaultRecord **fault);
};

/// What holds a provider still: a pinned one, or an instance. Counted, in core memory, read-only but for its count.
struct PolyplugHold {
    /// Size of this struct in bytes, as the core knows it.
    uint32_t size;
    /// Zero.
    uint32_t flags;
    /// What can be done with it.
    const PolyplugHoldTable *table;
    /// The functions, in the order of the image that asked for them.
    const PolyplugInterfaceHeader *interface;
    /// What the functions work on.
    void *state;
    /// Name of the plugin; immortal.
    PolyplugSlice plugin;
};

/// The body of a thread.
typedef void *(*PolyplugThreadStart)(void *argument);

/// A destructor of a thread-local.
typedef void (*PolyplugThreadDestructor)(void *object);

/// What an image tells of its threads. `image` is `Registration::image`.
struct PolyplugThreadTable {
    /// Size of this struct in bytes, as the core knows it.
    uint32_t size;
    /// Zero.
    uint32_t flags;
    /// `pthread_create`: the thread holds the image from now on until its body has returned.
    int32_t (*spawn)(const void *image, void *thread, const void *attributes, PolyplugThreadStart start, void *argument);
    /// Runs a destructor of the image when the calling thread ends, and holds the image until then. Answers 0; anything
    /// else means that this thread is past that, and nothing was registered.
    int32_t (*at_exit)(const void *image, uint32_t order, PolyplugThreadDestructor destructor, void *object);
    /// The image that started the calling thread through `spawn`; null when none did.
    const void *(*started_by)(void);
};

/// A site, in the memory of the core. Never freed.
struct PolyplugLogSite {
    /// Size of this struct in bytes, as the core knows it.
    uint32_t size;
    /// One of `log_interest`. The core changes it when the host's filter changes.
    /// Atomic: other threads change it.
    uint32_t interest;
    /// One of `log_level`.
    uint32_t level;
    /// Line in the source file, from 1; 0 when unknown.
    uint32_t line;
    /// To whom the records of the site belong: a module path, or what the author wrote.
    PolyplugSlice target;
};

/// What there is to know of a site. Copied, once for all sites with the same content.
struct PolyplugLogSiteParts {
    /// Size of this struct in bytes, as the image knows it.
    uint32_t size;
    /// Flags of `log_kind`.
    uint32_t kind;
    /// One of `log_level`.
    uint32_t level;
    /// Line in `file`, from 1; 0 when unknown.
    uint32_t line;
    /// Name of the span, or of the event.
    PolyplugSlice name;
    /// To whom it belongs.
    PolyplugSlice target;
    /// Path of the module, if known.
    PolyplugSlice module;
    /// Source file, if known.
    PolyplugSlice file;
    /// Names of the fields. `LogValue::field` is an index into them.
    const PolyplugSlice *fields;
    /// How many.
    size_t field_count;
};

/// The value of a field. Never grows: records have arrays of them.
struct PolyplugLogValue {
    /// Which field of the site.
    uint32_t field;
    /// One of `log_value`.
    uint32_t kind;
    /// A number.
    uint64_t bits[2];
    /// Text, or bytes.
    PolyplugSlice text;
};

/// An event, or a new span.
struct PolyplugLogRecord {
    /// Size of this struct in bytes, as the image knows it.
    uint32_t size;
    /// One of `log_parent`.
    uint32_t parent_kind;
    /// Whose record it is.
    const PolyplugLogSite *site;
    /// The number of the image: `LogTable::attach`.
    uint64_t image;
    /// Name of the plugin, or of its module. Empty when there is none.
    PolyplugSlice plugin;
    /// The span to hang it in, for `log_parent::SPAN`.
    uint64_t parent;
    /// Of a span: what `LogTable::current` answers beside its number, to this image only.
    uint64_t tag;
    /// Values of the fields.
    const PolyplugLogValue *values;
    /// How many.
    size_t value_count;
};

/// Where records go. Any thread may call any of these; none of them unwinds.
struct PolyplugLogTable {
    /// Size of this struct in bytes, as the core knows it.
    uint32_t size;
    /// Zero.
    uint32_t flags;
    /// A number for an image, which no other has had.
    uint64_t (*attach)(void);
    /// The site with this content. Never null.
    const PolyplugLogSite *(*site)(const PolyplugLogSiteParts *parts);
    /// Whether somebody on this thread wants a record of the site now: 1, or 0.
    uint32_t (*enabled)(const PolyplugLogSite *site);
    /// Something happened.
    void (*event)(const PolyplugLogRecord *record);
    /// A new span, with one owner. Not `log_span::NONE`.
    uint64_t (*new_span)(const PolyplugLogRecord *record);
    /// More values of a span.
    void (*record)(uint64_t span, const PolyplugLogValue *values, size_t value_count);
    /// A span came after another.
    void (*follows)(uint64_t span, uint64_t before);
    /// This thread is in the span now.
    void (*enter)(uint64_t span);
    /// This thread is not in the span any more.
    void (*exit)(uint64_t span);
    /// One more owner. Answers the number of the span from now on.
    uint64_t (*retain)(uint64_t span);
    /// One owner less: 1 when it was the last, else 0.
    uint32_t (*release)(uint64_t span);
    /// The span that this thread is in, without an owner, and its tag if it is one of this image.
    uint64_t (*current)(uint64_t image, uint64_t *tag);
};

/// The services of the core. Process-wide and immortal; knows no runtime.
///
/// Every function may be called from any thread at any time, and never unwinds.
struct PolyplugHost {
    /// Size of this struct in bytes, as the core knows it.
    uint32_t size;
    /// `ABI_VERSION` of the core.
    uint32_t abi;
    /// Makes a fault in the memory of the core, with one owner. Texts that are no UTF-8 are repaired.
    PolyplugFaultRecord *(*fault_new)(const PolyplugFaultParts *parts);
    /// Says that nobody took this fault as a value: the first of each (plugin, method) is written to
    /// standard error, later ones are counted.
    void (*fault_unhandled)(const PolyplugFaultRecord *fault);
    /// Writes a line for people: something happened in a plugin outside every call.
    void (*report)(const uint8_t *text, size_t len);
    /// An interface with the same functions in the order of `wanted`; null when one without a default is
    /// missing. Lives as long as the image of `interface`.
    const PolyplugInterfaceHeader *(*adapt)(const PolyplugInterfaceHeader *interface,
                                                   const PolyplugContractDescriptor *wanted);
    /// The record of the calling thread, made when there is none. Never null, never freed, and of no other thread as long
    /// as this one runs.
    const PolyplugThreadRecord *(*thread)(void);
    /// The long way into a provider, when the short one found none: waits for a reload to end, or says why not. Takes over
    /// the entry, which is either occupied by this caller or null; answers what is to be left (`Way::hold`).
    /// Atomic: other threads change it.
    PolyplugFaultRecord *(*enter)(const PolyplugLink *link, void *const *entry, PolyplugWay *way);
    /// Holds the provider behind a link still, with one owner; null and a fault when it is gone.
    const PolyplugHold *(*pin)(const PolyplugLink *link, PolyplugFaultRecord **fault);
    /// Another contract of the same plugin; a fault when it does not offer it.
    PolyplugFaultRecord *(*cast)(const PolyplugLink *link,
                                        const PolyplugContractDescriptor *wanted,
                                        PolyplugLink *other);
    /// Keeps the image that an object's `release` lies in mapped, on behalf of one owner of the object that arrived; null
    /// when it is no module's. Takes over the count that travels with an owner, if any does (`Host::send_image`).
    const void *(*keep_image)(const void *release, const void *state);
    /// Gives up what `keep_image` or `take_image` returned; null is nothing. Nobody is inside the object any more.
    void (*release_image)(const void *kept);
    /// Who holds an image: threads and their destructors. Null where images are not told of threads.
    const PolyplugThreadTable *threads;
    /// Where records of the log go. Null when the core has no log.
    const PolyplugLogTable *log;
    /// One owner of an object, known by its `release` and its state, is about to be given away: a count of the image that
    /// `release` lies in travels with it from now on, so that the giver may give up its own. To be called by whoever
    /// passes on an object that another image made, and by a maker that gives one state away more than once.
    void (*send_image)(const void *release, const void *state);
    /// Takes the count that travels with an owner of an object that ends where it arrived, without having been kept; null
    /// when none travels. `release` is called in between, and then `Host::release_image`.
    const void *(*take_image)(const void *release, const void *state);
    /// Runs the default body of a method that the provider of `interface` leaves out: for callers who have no such body of
    /// their own. `receiver`, `frame` and `out` are those of the call, `method` a number of `wanted`, which describes the
    /// contract as the caller knows it. The body is code of `wanted`'s image, or of a module that is loaded and describes
    /// the same contract; a fault when there is none. What is written needs no check. Answers as an interface's `invoke`.
    int32_t (*default_body)(PolyplugReceiver *receiver,
                            const PolyplugInterfaceHeader *interface,
                            const PolyplugContractDescriptor *wanted,
                            uint32_t method,
                            const void *frame,
                            void *out);
};

/// The type of the exported symbol. Fills in the registration and answers one of `init_code`.
///
/// Called once per image, before anything else in it.
typedef int32_t (*PolyplugInitFunction)(const PolyplugHost *host, PolyplugRegistration *registration);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  /* POLYPLUG_H */
