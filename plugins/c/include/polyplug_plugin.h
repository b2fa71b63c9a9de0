// What a plugin in C needs around its functions: memory it hands over, faults, configuration, other contracts, the entry point.
// C11 and C++17; a plugin in C++ is better served by `polyplug_plugin.hpp`.
//
// Rules for every function of an interface:
//
// * What it is given is lent for the call: copy what you keep.
// * What it writes to `out` is the caller's from then on: take it from `polyplug_string`, `polyplug_copy` or `polyplug_give`.
// * When it cannot answer it calls `polyplug_throw`, writes nothing to `out`, and returns 0.
// * Several threads may be inside at once, unless the contract is exclusive.
// * Nothing may jump out of it: no `longjmp`, no exception of C++.
#ifndef POLYPLUG_PLUGIN_H
#define POLYPLUG_PLUGIN_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polyplug.h"
#include "polyplug_check.h"

#if defined(_WIN32)
#define POLYPLUG_EXPORT __declspec(dllexport)
#define POLYPLUG_LOCAL
#else
#define POLYPLUG_EXPORT __attribute__((visibility("default")))
#define POLYPLUG_LOCAL __attribute__((visibility("hidden")))
#endif

#if defined(__GNUC__)
#define POLYPLUG_PRINTF(text, values) __attribute__((format(printf, text, values)))
#else
#define POLYPLUG_PRINTF(text, values)
#endif

#ifdef __cplusplus
#define POLYPLUG_EXTERN_C extern "C"
extern "C" {
#else
#define POLYPLUG_EXTERN_C
#endif

/// The services of the core. Defined by `POLYPLUG_MODULE`, set by `polyplug_init`; in a host, which includes `polyplug_host.h` before, those
/// of libpolyplug.
#ifdef POLYPLUG_HOST_H
#define polyplug_host (polyplug_services())
#else
extern POLYPLUG_LOCAL const PolyplugHost *polyplug_host;
#endif

/// A literal as a slice that is a constant.
#define POLYPLUG_TEXT(literal) { (const uint8_t *)(literal), sizeof(literal) - 1 }

/// A slice as the two arguments of `%.*s`.
#define POLYPLUG_PRINT(slice) (int)(slice).len, (const char *)(slice).ptr

// Memory that is handed over.

/// Gives memory of this plugin back: the `release` of its buffers.
static inline void polyplug_free(uint8_t *ptr, size_t capacity) {
    (void)capacity;
    free(ptr);
}

/// Hands `len` elements in memory of `malloc` over.
static inline PolyplugBuffer polyplug_give(void *values, size_t len) {
    PolyplugBuffer buffer;
    buffer.ptr = (uint8_t *)values;
    buffer.len = len;
    buffer.capacity = len;
    buffer.release = polyplug_free;
    return buffer;
}

/// A copy of `len` elements of `size` bytes, handed over. What the elements own goes with them.
static inline PolyplugBuffer polyplug_copy(const void *values, size_t len, size_t size) {
    size_t bytes = len * size;
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory) abort();
    if (bytes) memcpy(memory, values, bytes);
    return polyplug_give(memory, len);
}

/// A copy of UTF-8 text, handed over.
static inline PolyplugBuffer polyplug_string(const char *text, size_t len) {
    return polyplug_copy(text, len, 1);
}

/// Text made as by `printf`, handed over.
POLYPLUG_PRINTF(1, 2) static inline PolyplugBuffer polyplug_stringf(const char *format, ...) {
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int len = vsnprintf(NULL, 0, format, values);
    va_end(values);
    if (len < 0) abort();
    char *text = (char *)malloc((size_t)len + 1);
    if (!text) abort();
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return polyplug_give(text, (size_t)len);
}

/// Gives a buffer back that the other side handed over. What its elements own must have been given back before.
static inline void polyplug_give_back(PolyplugBuffer buffer) {
    if (buffer.release) buffer.release(buffer.ptr, buffer.capacity);
}

/// The other side's buffer, read as a slice.
static inline PolyplugSlice polyplug_lend(PolyplugBuffer buffer) {
    PolyplugSlice slice;
    slice.ptr = buffer.ptr;
    slice.len = buffer.len;
    return slice;
}

// Faults.

/// Stores a fault of a kind with a message, unless there is one already; `file` may be empty, and `line` 0.
static inline void polyplug_fault_at(
    PolyplugReceiver *receiver, uint32_t kind, const char *message, size_t len, const char *file, uint32_t line) {
    if (receiver->fault) return;
    PolyplugFaultParts parts;
    memset(&parts, 0, sizeof parts);
    parts.size = sizeof parts;
    parts.kind = kind;
    parts.message.ptr = (const uint8_t *)message;
    parts.message.len = len;
    parts.file.ptr = (const uint8_t *)file;
    parts.file.len = strlen(file);
    parts.line = line;
    receiver->fault = polyplug_host->fault_new(&parts);
}

/// Stores a fault of a kind with a message, unless there is one already.
static inline void polyplug_fault(PolyplugReceiver *receiver, uint32_t kind, const char *message, size_t len) {
    polyplug_fault_at(receiver, kind, message, len, "", 0);
}

/// Says that the call has no value, and why, as by `printf`. Then return: nothing that the function writes counts any more.
#define polyplug_throw(receiver, ...) polyplug_throw_at(receiver, __FILE__, __LINE__, __VA_ARGS__)

/// What `polyplug_throw` does, with the place.
POLYPLUG_PRINTF(4, 5) static inline void polyplug_throw_at(
    PolyplugReceiver *receiver, const char *file, uint32_t line, const char *format, ...) {
    char message[1024];
    va_list values;
    va_start(values, format);
    int len = vsnprintf(message, sizeof message, format, values);
    va_end(values);
    size_t used = len < 0 ? 0 : (size_t)len < sizeof message ? (size_t)len : sizeof message - 1;
    polyplug_fault_at(receiver, POLYPLUG_FAULT_KIND_THREW, message, used, file, line);
}

/// What `invoke` answers to a number without a method.
static inline int32_t polyplug_no_method(PolyplugReceiver *receiver, uint32_t method) {
    char message[64];
    int len = snprintf(message, sizeof message, "there is no method number %u", (unsigned)method);
    polyplug_fault(receiver, POLYPLUG_FAULT_KIND_UNKNOWN_METHOD, message, len < 0 ? 0 : (size_t)len);
    return POLYPLUG_INVOKE_CODE_FAULT;
}

/// Whether a call through `invoke` may be made: the method is there, the frame and all values in it are valid, `out` is a place. Otherwise
/// stores a fault that says what is wrong.
static inline int polyplug_admit(
    PolyplugReceiver *receiver, const PolyplugContractDescriptor *contract, uint32_t number, const void *frame, const void *out) {
    if (number >= contract->methods.len) {
        polyplug_no_method(receiver, number);
        return 0;
    }
    const PolyplugMethodDescriptor *method = contract->methods.ptr[number];
    const char *wrong = NULL;
    PolyplugSlice where = method->name;
    const PolyplugTypeDescriptor *result = method->result();
    size_t align = result->owned_align < 4 ? 4 : result->owned_align;
    if (method->frame_size && (!frame || (uintptr_t)frame % method->frame_align)) wrong = "no frame";
    else if (result->owned_size && (!out || (uintptr_t)out % align)) wrong = "no place for the result";
    for (size_t at = 0; !wrong && at < method->arguments.len; at++) {
        const PolyplugArgumentDescriptor *argument = method->arguments.ptr[at];
        wrong = polyplug_wrong_argument(argument, (const uint8_t *)frame + argument->frame_offset);
        where = argument->name;
    }
    if (!wrong) return 1;
    char message[256];
    int len = snprintf(message, sizeof message, "`%.*s`: %s", where.len < 128 ? (int)where.len : 128, (const char *)where.ptr, wrong);
    polyplug_fault(receiver, POLYPLUG_FAULT_KIND_INVALID_VALUE, message, len < 0 ? 0 : (size_t)len);
    return 0;
}

/// Lets go of a fault that came as an answer.
static inline void polyplug_forget(PolyplugFaultRecord *fault) {
    if (fault) fault->table->release(fault);
}

/// Says why a plugin was not made: the only text of the chain of an error. Then return NULL from `construct`.
static inline void polyplug_refuse(PolyplugBuffer *error, const char *message) {
    PolyplugBuffer text = polyplug_string(message, strlen(message));
    *error = polyplug_copy(&text, 1, sizeof text);
}

// The context of a plugin.

#ifdef __cplusplus
}  // extern "C"
#endif
#include "polyplug_log.h"
#include "polyplug_values.h"
#ifdef __cplusplus
extern "C" {
#endif

/// What the plugin was configured with, as JSON text; `null` when with nothing. Give it back with `polyplug_give_back`. Answers NULL, or
/// a fault.
static inline PolyplugFaultRecord *polyplug_config(const PolyplugContextRecord *context, PolyplugBuffer *json) {
    return context->table->config(context, json);
}

/// The provider of a contract, held still until `polyplug_let_go`: `asked` is `POLYPLUG_ASKED_HOST` or `POLYPLUG_ASKED_PEER`. NULL with
/// a fault when there is none. While it is held its module cannot be reloaded with its state, nor unmapped: hold it for a call.
static inline const PolyplugHold *polyplug_hold(
    const PolyplugContextRecord *context, uint32_t asked, const PolyplugContractDescriptor *contract, PolyplugFaultRecord **fault) {
    PolyplugLink link;
    *fault = context->table->find(context, asked, contract, 0, &link);
    return *fault ? NULL : polyplug_host->pin(&link, fault);
}

/// Lets go of a provider.
static inline void polyplug_let_go(const PolyplugHold *hold) {
    if (hold) hold->table->release(hold);
}

/// The receiver of one call on a state.
static inline PolyplugReceiver polyplug_receiver(void *state) {
    PolyplugReceiver receiver;
    receiver.state = state;
    receiver.fault = NULL;
    receiver.call = NULL;
    return receiver;
}

#ifndef POLYPLUG_HOST_H

// The entry point.

/// How many methods of one interface can be told to be written; of larger ones none is told to be left to its default.
#define POLYPLUG_WRITTEN 64

/// An offer in the making.
typedef struct PolyplugOffered {
    PolyplugOffer offer;
    PolyplugSlice written[POLYPLUG_WRITTEN];
} PolyplugOffered;

/// One plugin's offer of one contract, for `POLYPLUG_MODULE`. Offers with one plugin share its state.
#define POLYPLUG_OFFER(plugin, interface) { { sizeof(PolyplugOffer), 0, (plugin), (interface), NULL, 0 }, { { NULL, 0 } } }

/// Fills in what the host asks for.
static inline int32_t polyplug_register(const PolyplugHost *host, PolyplugRegistration *registration, uint32_t flags,
    PolyplugOffered *offered, const PolyplugOffer **list, size_t count) {
    if (host->abi != POLYPLUG_ABI_VERSION) {
        registration->abi = POLYPLUG_ABI_VERSION;
        return POLYPLUG_INIT_CODE_ABI_MISMATCH;
    }
    if (polyplug_host) return POLYPLUG_INIT_CODE_ALREADY_INITIALISED;
    polyplug_host = host;
    for (size_t i = 0; i < count; i++) {
        PolyplugOffer *offer = &offered[i].offer;
        const PolyplugInterfaceHeader *head = offer->interface;
        void (*const *functions)(void) = (void (*const *)(void))(const void *)(head + 1);
        if (head->method_count <= POLYPLUG_WRITTEN) {
            for (uint32_t method = 0; method < head->method_count; method++) {
                if (functions[method]) offered[i].written[offer->written_count++] = head->contract->methods.ptr[method]->name;
            }
            offer->written = offered[i].written;
        }
        list[i] = offer;
    }
    registration->abi = POLYPLUG_ABI_VERSION;
    registration->flags = flags;
    registration->offers.ptr = list;
    registration->offers.len = count;
    registration->expected_offers = count;
    return POLYPLUG_INIT_CODE_READY;
}

/// Defines the entry point of the module. Once per library, at its outermost level.
///
/// `flags` is what may be promised of the library, `POLYPLUG_MODULE_FLAGS_...`:
///
/// * `MAY_UNMAP`: when it is unloaded and nobody is inside, its code may go. Promise it only when the library starts no threads, and
///   registers nothing with the process that outlives a call: no destructors of thread-locals (in C++: no `thread_local` with a
///   destructor), no `pthread_key_create`, no signal handler, no callback in another library. The core does not see these.
/// * `NEVER_UNMAP`: the library stays, whatever happens.
/// * 0: it stays mapped after unloading, which revokes its plugins all the same; the report says so.
#define POLYPLUG_MODULE(flags, ...) \
    POLYPLUG_LOCAL const PolyplugHost *polyplug_host; \
    POLYPLUG_EXTERN_C POLYPLUG_EXPORT int32_t polyplug_init(const PolyplugHost *host, PolyplugRegistration *registration); \
    POLYPLUG_EXTERN_C POLYPLUG_EXPORT int32_t polyplug_init(const PolyplugHost *host, PolyplugRegistration *registration) { \
        static PolyplugOffered offered[] = { __VA_ARGS__ }; \
        static const PolyplugOffer *list[sizeof offered / sizeof offered[0]]; \
        return polyplug_register(host, registration, flags, offered, list, sizeof offered / sizeof offered[0]); \
    }

#endif  // POLYPLUG_HOST_H

#ifdef __cplusplus
}  // extern "C"
#endif

#endif
