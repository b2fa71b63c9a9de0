// The C API of libpolyplug: the runtime of polyplug for hosts in other languages.
//
// Written from the crate `polyplug-capi` by its test `header`; do not edit. C11 and C++17.
//
// * Handles start with a word that says what they are. Null and handles of another kind are errors, never a crash. A handle is
//   released once, with `polyplug_release`, whatever it is.
// * A text is a pointer and a length in bytes; or `POLYPLUG_TERMINATED` in the place of the length, and a zero at its end.
//   Texts that come back end with a zero as well.
// * What fails answers null or `POLYPLUG_FAILED`, and gives an error to who hands in a place for one.
// * Any thread may call any function. Functions that are handed over may be called on any thread, and must not unwind; those of a
//   `PolyplugHome` are called on its thread only.

#ifndef POLYPLUG_HOST_H
#define POLYPLUG_HOST_H

#include <stddef.h>
#include <stdint.h>
#include "polyplug.h"

/// In the place of the length of a text: it ends with a zero.
#define POLYPLUG_TERMINATED SIZE_MAX



/// The answer of a function that did what it was asked for.
#define POLYPLUG_OK 0

/// The answer of a function that failed: its error or fault says why.
#define POLYPLUG_FAILED 1

/// The answer of a host's function that leaves a method to its default body.
#define POLYPLUG_LEFT_OUT 2

/// In the place of a number of milliseconds: nothing is waited for.
#define POLYPLUG_NO_WAIT UINT64_MAX

/// Follows a plugin over its reloads.
typedef struct PolyplugCaller PolyplugCaller;

/// The thread that functions of a host stay on.
typedef struct PolyplugHome PolyplugHome;

/// An object of one's own.
typedef struct PolyplugInstance PolyplugInstance;

/// What a load returns. Releasing it unloads nothing.
typedef struct PolyplugModule PolyplugModule;

/// Holds a plugin still.
typedef struct PolyplugPinned PolyplugPinned;

/// Where plugins are loaded and found.
typedef struct PolyplugRuntime PolyplugRuntime;

/// Events, or what is logged, are told until it is released.
typedef struct PolyplugSubscription PolyplugSubscription;

/// A plugin.
typedef struct PolyplugPlugin {
    /// The name, unique in a runtime.
    PolyplugSlice name;
    /// The semantic version.
    PolyplugSlice version;
    /// One line about it, or nothing.
    PolyplugSlice description;
    /// Its licence, or nothing.
    PolyplugSlice license;
    /// The address of its source, or nothing.
    PolyplugSlice repository;
    /// How many contracts it offers.
    size_t contract_count;
    /// The contracts that it offers: `id major.minor`.
    const PolyplugSlice *contracts;
} PolyplugPlugin;

/// Plugins. They live until it is released.
typedef struct PolyplugPlugins {
    /// What every handle starts with.
    uint64_t tag;
    /// How many.
    size_t count;
    /// The plugins.
    const struct PolyplugPlugin *items;
} PolyplugPlugins;

/// What went wrong. The texts end with a zero, and live until it is released.
typedef struct PolyplugError {
    /// What every handle starts with.
    uint64_t tag;
    /// A stable word, for programs.
    PolyplugSlice code;
    /// What happened, what was expected, what to do.
    PolyplugSlice message;
    /// The same with its causes, one a line.
    PolyplugSlice text;
} PolyplugError;

/// Texts. They end with a zero, and live until it is released.
typedef struct PolyplugList {
    /// What every handle starts with.
    uint64_t tag;
    /// How many.
    size_t count;
    /// The texts.
    const PolyplugSlice *items;
} PolyplugList;

/// What was done. The texts end with a zero, and live until it is released.
typedef struct PolyplugReport {
    /// What every handle starts with.
    uint64_t tag;
    /// A stable word: of an unload `unmapped`, `retiring`, `held`, `stays-mapped`, `refused`, `busy`; of a reload `reloaded`;
    /// of a folder `loaded`, `failed`.
    PolyplugSlice code;
    /// In words.
    PolyplugSlice text;
} PolyplugReport;

/// A field of a struct, a tuple or a variant.
typedef struct PolyplugField {
    /// The name, or its place in digits.
    PolyplugSlice name;
    /// Its documentation, or nothing.
    PolyplugSlice docs;
    /// Its type.
    const struct PolyplugType *ty;
    /// Where it lies in the lent form, in bytes.
    size_t lent_offset;
    /// Where it lies in the owned form, in bytes.
    size_t owned_offset;
    /// `POLYPLUG_FIELD_FLAGS_..`
    uint32_t flags;
    /// Zero.
    uint32_t reserved;
} PolyplugField;

/// A variant of an enum.
typedef struct PolyplugVariant {
    /// The name.
    PolyplugSlice name;
    /// Its documentation, or nothing.
    PolyplugSlice docs;
    /// The number that a value of it starts with.
    uint32_t tag;
    /// 1 when it stands for variants that are not known here.
    uint32_t is_other;
    /// How many fields.
    size_t field_count;
    /// What it carries.
    const struct PolyplugField *fields;
} PolyplugVariant;

/// A type.
typedef struct PolyplugType {
    /// This library's.
    const void *own;
    /// `POLYPLUG_TYPE_KIND_..`
    uint32_t kind;
    /// `POLYPLUG_TYPE_FLAGS_..`
    uint32_t flags;
    /// The name that its author gave it, or nothing.
    PolyplugSlice name;
    /// Its documentation, or nothing.
    PolyplugSlice docs;
    /// As in Rust.
    PolyplugSlice text;
    /// Bytes of the lent form.
    size_t lent_size;
    /// Alignment of the lent form.
    size_t lent_align;
    /// Bytes of the owned form.
    size_t owned_size;
    /// Alignment of the owned form.
    size_t owned_align;
    /// How many elements an array has.
    size_t length;
    /// How many types it is made of.
    size_t element_count;
    /// The types that it is made of, as its kind says.
    const struct PolyplugType *const *elements;
    /// How many fields.
    size_t field_count;
    /// The fields of a struct or a tuple.
    const struct PolyplugField *fields;
    /// How many variants.
    size_t variant_count;
    /// The variants of an enum.
    const struct PolyplugVariant *variants;
    /// The contract of an object, which is not to be released; null for what is none.
    const struct PolyplugContract *contract;
} PolyplugType;

/// An argument.
typedef struct PolyplugArgument {
    /// The name, or nothing.
    PolyplugSlice name;
    /// Its type, as in Rust.
    PolyplugSlice text;
    /// `POLYPLUG_PASSING_..`: how it stands in the frame.
    uint32_t passing;
    /// Zero.
    uint32_t reserved;
    /// The type of what crosses, in the lent form: of a slice that of its elements.
    const struct PolyplugType *ty;
    /// Where it lies in the frame, in bytes.
    size_t frame_offset;
} PolyplugArgument;

/// A method.
typedef struct PolyplugMethod {
    /// The name.
    PolyplugSlice name;
    /// Its documentation, or nothing.
    PolyplugSlice docs;
    /// Name, arguments and result, as in Rust.
    PolyplugSlice signature;
    /// Its number.
    uint32_t number;
    /// `POLYPLUG_METHOD_FLAGS_..`
    uint32_t flags;
    /// How many arguments.
    size_t argument_count;
    /// Its arguments.
    const struct PolyplugArgument *arguments;
    /// The type of its result, which comes in the owned form.
    const struct PolyplugType *result;
    /// Bytes of the frame that holds its arguments.
    size_t frame_size;
    /// Alignment of that frame.
    size_t frame_align;
} PolyplugMethod;

/// A contract.
typedef struct PolyplugContract {
    /// What every handle starts with.
    uint64_t tag;
    /// This library's.
    const void *own;
    /// The dotted id; empty for a closure.
    PolyplugSlice id;
    /// The name of the trait.
    PolyplugSlice name;
    /// Its documentation, or nothing.
    PolyplugSlice docs;
    /// Majors are different contracts.
    uint32_t major;
    /// Grows when methods are added.
    uint32_t minor;
    /// `POLYPLUG_CONTRACT_FLAGS_..`
    uint32_t flags;
    /// Zero.
    uint32_t reserved;
    /// A number made of the names of its methods, in order.
    uint64_t order;
    /// How many methods.
    size_t method_count;
    /// Its methods; the number of one is its place here.
    const struct PolyplugMethod *methods;
} PolyplugContract;

/// A call that is inside a plugin, through its typed face.
typedef struct PolyplugEntered {
    /// The functions, in the order of the contract; null for a method that the plugin leaves to its default body.
    const PolyplugInterfaceHeader *interface;
    /// What they take as the state of their receiver.
    void *state;
    /// What `polyplug_leave` takes.
    const void *entry;
} PolyplugEntered;

/// Answers a call: reads the arguments from `frame`, writes the result to `out` in the owned form (or, when it travels by value,
/// as the typed face returns it), and answers `POLYPLUG_OK`. Or stores a fault of `polyplug_fault_new` in `fault` and answers
/// `POLYPLUG_FAILED`; or, before it takes anything of the arguments, `POLYPLUG_LEFT_OUT` for a method that it leaves to its default
/// body. Called on any thread, and by several at once. Must not unwind.
typedef int32_t (*PolyplugInvoke)(void *user,
                                  const struct PolyplugContract *contract,
                                  uint32_t method,
                                  const void *frame,
                                  void *out,
                                  PolyplugFaultRecord **fault);

/// Called once, on any thread, when nobody calls a value any more.
typedef void (*PolyplugDestroy)(void *user);

/// Something happened to a module. Lives for the call only.
typedef struct PolyplugEvent {
    /// A stable word: `loaded`, `reloading`, `reloaded`, `failed`, `unloading`, `unloaded`.
    PolyplugSlice code;
    /// The file of the module, or what it is otherwise.
    PolyplugSlice module;
    /// In words.
    PolyplugSlice text;
} PolyplugEvent;

/// Is told of an event, on the thread that made the change; it may use the runtime. Must not unwind.
typedef void (*PolyplugListener)(void *user, const struct PolyplugEvent *event);

/// Something was logged. Lives for the call only.
typedef struct PolyplugLogLine {
    /// 1 for an error, 2 for a warning, 3 for information, 4 for what helps to find a mistake, 5 for every step.
    uint32_t level;
    /// The plugin that logged, or its file when it has several; empty when it was libpolyplug.
    PolyplugSlice plugin;
    /// The part of the program that it is about.
    PolyplugSlice target;
    /// The message.
    PolyplugSlice message;
    /// The message, and after it the other fields as `name=value`.
    PolyplugSlice text;
} PolyplugLogLine;

/// Is told of a line of the log, on the thread that logged; it may use the library. Must not unwind.
typedef void (*PolyplugLogListener)(void *user, const struct PolyplugLogLine *line);

/// Answers a call as `PolyplugInvoke` does, on the thread of the home; `key` says which value is called.
typedef int32_t (*PolyplugHomeInvoke)(uint32_t key,
                                      uint32_t method,
                                      const void *frame,
                                      void *out,
                                      PolyplugFaultRecord **fault);

/// Is told of an event, on the thread of the home; `key` says which subscription it is for.
typedef void (*PolyplugHomeListener)(uint32_t key, const struct PolyplugEvent *event);

/// What a host and the library tell each other without a call. It lives as long as the home.
typedef struct PolyplugHomeState {
    /// Written by the host: not 0 while it may be called. It starts with 0.
    uint32_t entered;
    /// Written by the library: how much waits for `polyplug_home_settle`.
    uint32_t waiting;
} PolyplugHomeState;

/// Modules.
typedef struct PolyplugModules {
    /// What every handle starts with.
    uint64_t tag;
    /// How many.
    size_t count;
    /// The modules; each is to be released.
    struct PolyplugModule *const *items;
} PolyplugModules;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// Releases a handle of any kind. Answers `POLYPLUG_FAILED`, and does nothing, for null, for what is no handle, and for one
/// that belongs to another: a contract that a type points to.
///
/// Nobody uses the handle afterwards.
int32_t polyplug_release(void *handle);

/// The plugins of a module; those of its last version after an unload.
struct PolyplugPlugins *polyplug_module_plugins(const struct PolyplugModule *module, struct PolyplugError **error);

/// The file that a module was loaded from, as a list of one; an empty list for what has none.
struct PolyplugList *polyplug_module_path(const struct PolyplugModule *module, struct PolyplugError **error);

/// Whether callers reach a module: 1 or 0 in `loaded`.
int32_t polyplug_module_is_loaded(const struct PolyplugModule *module, int32_t *loaded, struct PolyplugError **error);

/// Puts the file as it is now in the place of what is loaded. Waits for calls inside, when a state is to be kept, at most as
/// many milliseconds; with `POLYPLUG_NO_WAIT`, 5 seconds.
struct PolyplugReport *polyplug_module_reload(const struct PolyplugModule *module,
                                              uint64_t milliseconds,
                                              struct PolyplugError **error);

/// Takes a module away, and waits for its end at most as many milliseconds; with `POLYPLUG_NO_WAIT` for nothing.
struct PolyplugReport *polyplug_module_unload(const struct PolyplugModule *module,
                                              uint64_t milliseconds,
                                              struct PolyplugError **error);

/// As an unload that waits for nothing, after all modules that depend on it.
struct PolyplugReport *polyplug_module_unload_cascade(const struct PolyplugModule *module,
                                                      struct PolyplugError **error);

/// A contract as a program describes it that was compiled with its header: `demo_greeter_contract()`. All of it is copied. What is
/// found with it is compared with it, and what does not fit is an error that says what differs.
///
/// The description is one that `cargo polyplug headers` wrote.
struct PolyplugContract *polyplug_contract_described(const PolyplugContractDescriptor *descriptor,
                                                     struct PolyplugError **error);

/// Makes a fault, to be stored as the answer to a call, or released. Text that is no UTF-8 is repaired. Null when `kind` is 0.
PolyplugFaultRecord *polyplug_fault_new(uint32_t kind,
                                        const uint8_t *message,
                                        size_t message_length,
                                        const uint8_t *trace,
                                        size_t trace_length);

/// Gives up one count of a fault.
int32_t polyplug_fault_release(PolyplugFaultRecord *fault);

/// A fault in words: its code is the stable word of its kind, its text all that is known of it, with the traceback. The fault
/// itself stays the caller's.
struct PolyplugError *polyplug_fault_error(const PolyplugFaultRecord *fault);

/// The services that the core has for plugins. What the headers of contracts make in a host uses them as it does in a plugin: counts
/// of images, and faults. Lives as long as the process.
const PolyplugHost *polyplug_services(void);

/// Calls a method of what a caller, a pinned handle or an instance leads to.
///
/// `method` is its number in the contract that the handle was made for. `frame` holds the arguments, as the contract
/// describes, and may be null when there are none. The result is written to `out`: what travels by value in at least 32 bits,
/// anything else in the owned form; give it 8 bytes at least. What it owns is the caller's, and outlives the plugin: see
/// `polyplug_value_release`.
///
/// Answers `POLYPLUG_OK`, or `POLYPLUG_FAILED` with a fault in `fault`, which is to be released with `polyplug_fault_release`, and
/// then `out` means nothing. `fault` is left alone otherwise. The objects in the arguments are the callee's in both cases.
int32_t polyplug_call(const void *handle,
                      uint32_t method,
                      const void *frame,
                      void *out,
                      PolyplugFaultRecord **fault);

/// Calls a method of an object that a call returned, or that came as an argument. Otherwise as `polyplug_call`.
///
/// The object lives, and may be called on this thread.
int32_t polyplug_object_call(const struct PolyplugContract *contract,
                             const PolyplugObject *object,
                             uint32_t method,
                             const void *frame,
                             void *out,
                             PolyplugFaultRecord **fault);

/// Releases what a value in the owned form owns: memory, objects, faults. Not for one that travels by value, which owns nothing.
///
/// `value` is of that type, and is not released again.
int32_t polyplug_value_release(const struct PolyplugType *ty,
                               void *value);

/// Releases the memory of one run: of a text, say. What its elements own is not released.
///
/// The buffer came from a call, and is not released again.
int32_t polyplug_buffer_release(const PolyplugBuffer *buffer);

/// Copies `count` elements of `element_size` bytes into a buffer that can be handed over as a result.
///
/// `elements` points to as many; it may be null when there are none.
int32_t polyplug_buffer_new(const void *elements, size_t count, size_t element_size, PolyplugBuffer *buffer);

/// Whether bytes are text: 1 for UTF-8, 0 for anything else. A typed function of a plugin takes a text without looking at it.
///
/// There are `count` bytes.
int32_t polyplug_is_text(const uint8_t *bytes,
                         size_t count);

/// Copies bytes from an address: for languages that cannot read one. `POLYPLUG_FAILED` when one of the two is null.
///
/// There are `count` bytes at both.
int32_t polyplug_read(const void *source, void *destination, size_t count);

/// Calls the erased face of an interface, for languages that can call only exported functions.
///
/// The interface lives, and its state is the receiver's.
int32_t polyplug_invoke(const PolyplugInterfaceHeader *interface,
                        PolyplugReceiver *receiver,
                        uint32_t method,
                        const void *frame,
                        void *out);

/// Holds the plugin of a caller still, until the pinned handle is released.
struct PolyplugPinned *polyplug_caller_pin(const struct PolyplugCaller *caller, struct PolyplugError **error);

/// The typed face of a pinned plugin: its functions, in the order of the contract, and the state for their receiver. They live
/// as long as the pinned handle, and so must what they return be released before it.
int32_t polyplug_pinned_face(const struct PolyplugPinned *pinned,
                             const PolyplugInterfaceHeader **interface,
                             void **state,
                             struct PolyplugError **error);

/// As `polyplug_pinned_face`, of an instance: until it is released or migrated. When the contract is exclusive, it is called by one at a
/// time.
int32_t polyplug_instance_face(const struct PolyplugInstance *instance,
                               const PolyplugInterfaceHeader **interface,
                               void **state,
                               struct PolyplugError **error);

/// Enters what a caller leads to, for one call through its typed face, and holds it still until `polyplug_leave`: soon, and on this
/// thread. What the call returned must be copied and released before. A reload that keeps the state waits for it.
///
/// Answers `POLYPLUG_OK`, or `POLYPLUG_FAILED` with a fault in `fault`: then nothing is to be left.
int32_t polyplug_caller_enter(const struct PolyplugCaller *caller,
                              struct PolyplugEntered *entered,
                              PolyplugFaultRecord **fault);

/// Leaves what `polyplug_caller_enter` entered. `POLYPLUG_FAILED` when that is nothing.
///
/// It was entered on this thread, and is left once.
int32_t polyplug_leave(const struct PolyplugEntered *entered);

/// The name of the plugin that a caller, a pinned handle or an instance leads to. The text lives as long as the handle.
int32_t polyplug_plugin(const void *handle, PolyplugSlice *name, struct PolyplugError **error);

/// Whether a pinned handle or an instance is of the version that callers reach now: 1 or 0 in `current`. A caller always is.
int32_t polyplug_is_current(const void *handle,
                            int32_t *current,
                            struct PolyplugError **error);

/// Moves an instance to the current version of its plugin. Must not be called from inside a call of that instance.
int32_t polyplug_instance_migrate(const struct PolyplugInstance *instance, struct PolyplugError **error);

/// Provides a contract, under a name of the host's (`host`, when `name` is null). `destroy` may be null; it is called when the
/// value is unloaded and nobody calls it any more, but not when this fails.
struct PolyplugModule *polyplug_runtime_provide(const struct PolyplugRuntime *runtime,
                                                const struct PolyplugContract *contract,
                                                const uint8_t *name,
                                                size_t name_length,
                                                PolyplugInvoke invoke,
                                                void *user,
                                                PolyplugDestroy destroy,
                                                struct PolyplugError **error);

/// Provides a contract with functions of the program's own: a table that the header of the contract makes of them
/// (`DEMO_PROGRESS_INTERFACE`), and what they find as the state of their receiver. No module need describe the contract. `name` and
/// `destroy` as for `polyplug_runtime_provide`.
///
/// The interface is one of the contract, and lives as long as the state.
struct PolyplugModule *polyplug_runtime_provide_interface(const struct PolyplugRuntime *runtime,
                                                          const PolyplugInterfaceHeader *interface,
                                                          const uint8_t *name,
                                                          size_t name_length,
                                                          void *state,
                                                          PolyplugDestroy destroy,
                                                          struct PolyplugError **error);

/// Makes an object of a contract, or a closure, that a C function answers; with one owner. To lend it for a call, pass a copy whose
/// `retain` and `release` are null, and release it with `polyplug_object_release` afterwards.
int32_t polyplug_runtime_object(const struct PolyplugRuntime *runtime,
                                const struct PolyplugContract *contract,
                                PolyplugInvoke invoke,
                                void *user,
                                PolyplugDestroy destroy,
                                PolyplugObject *object,
                                struct PolyplugError **error);

/// Gives up one owner of an object.
///
/// The object came from a call or from `polyplug_runtime_object`, and this owner does not use it afterwards.
int32_t polyplug_object_release(const PolyplugObject *object);

/// Adds an owner to an object that many may own (`Arc`), to be released as well, or given away. Its `retain` must not be called
/// directly: what keeps the code of the object's maker in place would not be counted. Answers `POLYPLUG_FAILED` for an object that has one owner or none.
///
/// The caller has an owner of the object.
int32_t polyplug_object_retain(const PolyplugObject *object);

/// Tells `listener` of every load, reload and unload, until the subscription is released; then `destroy`, which may be null, is
/// called with `user`, once nobody is inside the listener. It is not called when this fails.
struct PolyplugSubscription *polyplug_runtime_subscribe(const struct PolyplugRuntime *runtime,
                                                        PolyplugListener listener,
                                                        void *user,
                                                        PolyplugDestroy destroy,
                                                        struct PolyplugError **error);

/// Tells `listener` of everything that is logged up to that level (1 only errors, 5 all) by plugins of all runtimes, until the
/// subscription is released; then `destroy`, which may be null, is called with `user`, once nobody is inside the listener. It is
/// not called when this fails.
struct PolyplugSubscription *polyplug_log_subscribe(uint32_t level,
                                                    PolyplugLogListener listener,
                                                    void *user,
                                                    PolyplugDestroy destroy,
                                                    struct PolyplugError **error);

/// Makes the calling thread the home of functions: what is handed over with it is called on this thread only, and answers calls
/// from other threads with a fault. After its release, which must happen on this thread, they are not called any more.
struct PolyplugHome *polyplug_home_new(PolyplugHomeInvoke invoke,
                                       PolyplugHomeListener listener,
                                       struct PolyplugError **error);

/// What the host and the library tell each other without a call; null for what is no home.
struct PolyplugHomeState *polyplug_home_state(const struct PolyplugHome *home, struct PolyplugError **error);

/// Provides a contract as `polyplug_runtime_provide` does, by what `key` stands for at a home.
struct PolyplugModule *polyplug_home_provide(const struct PolyplugHome *home,
                                             const struct PolyplugRuntime *runtime,
                                             const struct PolyplugContract *contract,
                                             const uint8_t *name,
                                             size_t name_length,
                                             uint32_t key,
                                             struct PolyplugError **error);

/// Makes an object or a closure as `polyplug_runtime_object` does, of what `key` stands for at a home.
int32_t polyplug_home_object(const struct PolyplugHome *home,
                             const struct PolyplugRuntime *runtime,
                             const struct PolyplugContract *contract,
                             uint32_t key,
                             PolyplugObject *object,
                             struct PolyplugError **error);

/// Tells the listener of a home of every load, reload and unload, with this key, until the subscription is released. What cannot
/// be told when it happens waits for `polyplug_home_settle`.
struct PolyplugSubscription *polyplug_home_subscribe(const struct PolyplugHome *home,
                                                     const struct PolyplugRuntime *runtime,
                                                     uint32_t key,
                                                     struct PolyplugError **error);

/// Tells the listener of a home of everything that is logged up to that level, as `polyplug_log_subscribe` does: as events whose
/// `code` is `error`, `warn`, `info`, `debug` or `trace`, `module` the plugin, and `text` the message. What cannot be told when it
/// happens waits for `polyplug_home_settle`; of what is logged too much for that the rest is left out.
struct PolyplugSubscription *polyplug_home_log(const struct PolyplugHome *home,
                                               uint32_t level,
                                               uint32_t key,
                                               struct PolyplugError **error);

/// Tells what waits of events, and writes the keys of values and subscriptions that nobody calls any more, at most `capacity` of
/// them; answers how many. Each key is written once, and may be used again. On another thread than the home's it does nothing.
///
/// There is room for so many keys.
size_t polyplug_home_settle(const struct PolyplugHome *home,
                            uint32_t *keys,
                            size_t capacity);

/// Makes a runtime with nothing in it. Releasing it unloads everything, once no caller of it is left either.
struct PolyplugRuntime *polyplug_runtime_new(void);

/// Loads a shared library with all its plugins.
struct PolyplugModule *polyplug_runtime_load(const struct PolyplugRuntime *runtime,
                                             const uint8_t *path,
                                             size_t path_length,
                                             struct PolyplugError **error);

/// Loads every library in a folder. The report's code is `loaded`, or `failed` when one could not be loaded, which its text says.
struct PolyplugReport *polyplug_runtime_load_dir(const struct PolyplugRuntime *runtime,
                                                 const uint8_t *path,
                                                 size_t path_length,
                                                 struct PolyplugError **error);

/// The modules, in load order. Each of them is to be released, and the list.
struct PolyplugModules *polyplug_runtime_modules(const struct PolyplugRuntime *runtime, struct PolyplugError **error);

/// The plugins, in load order, and the values that the host provides.
struct PolyplugPlugins *polyplug_runtime_plugins(const struct PolyplugRuntime *runtime, struct PolyplugError **error);

/// The contracts that the loaded modules describe, offered or not: `id major.minor`.
struct PolyplugList *polyplug_runtime_contracts(const struct PolyplugRuntime *runtime, struct PolyplugError **error);

/// What a contract that is described looks like. It outlives the module.
struct PolyplugContract *polyplug_runtime_contract(const struct PolyplugRuntime *runtime,
                                                   const uint8_t *id,
                                                   size_t id_length,
                                                   uint32_t major,
                                                   struct PolyplugError **error);

/// The names of the plugins that offer a contract, in load order.
struct PolyplugList *polyplug_runtime_providers(const struct PolyplugRuntime *runtime,
                                                const struct PolyplugContract *contract,
                                                struct PolyplugError **error);

/// A caller of the contract as that plugin offers it; when `plugin` is null, of the first plugin that does.
struct PolyplugCaller *polyplug_runtime_get(const struct PolyplugRuntime *runtime,
                                            const struct PolyplugContract *contract,
                                            const uint8_t *plugin,
                                            size_t plugin_length,
                                            struct PolyplugError **error);

/// A new instance, made by that plugin; when `plugin` is null, by the first plugin that offers the contract.
struct PolyplugInstance *polyplug_runtime_create(const struct PolyplugRuntime *runtime,
                                                 const struct PolyplugContract *contract,
                                                 const uint8_t *plugin,
                                                 size_t plugin_length,
                                                 struct PolyplugError **error);

/// Configures a plugin, before it is loaded or reloaded, with JSON text.
int32_t polyplug_runtime_configure(const struct PolyplugRuntime *runtime,
                                   const uint8_t *plugin,
                                   size_t plugin_length,
                                   const uint8_t *json,
                                   size_t json_length,
                                   struct PolyplugError **error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* POLYPLUG_HOST_H */
