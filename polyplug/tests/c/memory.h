// What a module in C needs around its functions: memory it gives away, faults, tables of functions, and an entry point.
#ifndef POLYPLUG_TESTS_MEMORY_H
#define POLYPLUG_TESTS_MEMORY_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"

#define S(slice) (int)(slice).len, (const char *)(slice).ptr

static const Host *host;
// What was given away and did not come back: memory, and objects.
static int64_t alive;

static inline void *allocated(size_t bytes) {
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory) abort();
    alive++;
    return memory;
}
static inline void give_back(void *ptr, size_t capacity) {
    (void)capacity;
    free(ptr);
    alive--;
}
// A copy that the other side will own.
static inline Buffer own(const void *values, size_t len, size_t size) {
    if (!len) return (Buffer){ 0 };
    Buffer buffer = { allocated(len * size), len, len, give_back };
    memcpy(buffer.ptr, values, len * size);
    return buffer;
}
static inline Buffer own_text(Slice text) { return own(text.ptr, text.len, 1); }
static inline void release_buffer(Buffer buffer) {
    if (buffer.release) buffer.release(buffer.ptr, buffer.capacity);
}

// Text that grows.
typedef struct { char *text; size_t len, room; } Out;
static inline void append(Out *out, const char *format, va_list values) {
    va_list again;
    va_copy(again, values);
    size_t more = (size_t)vsnprintf(NULL, 0, format, values);
    if (out->len + more + 1 > out->room) {
        out->room = 2 * (out->len + more + 1);
        out->text = realloc(out->text, out->room);
        if (!out->text) abort();
    }
    vsnprintf(out->text + out->len, more + 1, format, again);
    out->len += more;
    va_end(again);
}
__attribute__((format(printf, 2, 3))) static inline void print(Out *out, const char *format, ...) {
    va_list values;
    va_start(values, format);
    append(out, format, values);
    va_end(values);
}
// The text as a result; it is empty afterwards.
static inline Buffer given(Out *out) {
    Buffer buffer = own(out->text, out->len, 1);
    free(out->text);
    *out = (Out){ 0 };
    return buffer;
}
__attribute__((format(printf, 1, 2))) static inline Buffer textf(const char *format, ...) {
    Out out = { 0 };
    va_list values;
    va_start(values, format);
    append(&out, format, values);
    va_end(values);
    return given(&out);
}

static inline FaultRecord *new_fault(uint32_t kind, const void *message, size_t len) {
    FaultParts parts = { .size = sizeof parts, .kind = kind, .message = { message, len } };
    return host->fault_new(&parts);
}

// Nothing in these tests calls a C function through its erased face.
static int32_t refuse(Receiver *receiver, uint32_t method, const void *frame, void *out) {
    (void)method, (void)frame, (void)out;
    receiver->fault = new_fault(UNKNOWN_METHOD, "no erased face", 14);
    return 1;
}

// An interface with these functions, for as long as the module is there.
static const Interface *interface_of(const Contract *contract, size_t count, const Function *functions) {
    static union { Interface head; uintptr_t words[80]; } tables[24];
    static size_t used;
    if (used == COUNT(tables)) abort();
    Interface *interface = &tables[used++].head;
    *interface = (Interface){ .size = (uint32_t)(sizeof(Interface) + count * sizeof(Function)), .method_count = (uint32_t)count,
        .order = contract->order, .contract = contract, .invoke = refuse };
    memcpy(interface->functions, functions, count * sizeof(Function));
    return interface;
}
#define INTERFACE(prefix, ...) \
    interface_of(prefix##_contract(), COUNT(((const Function[]){ __VA_ARGS__ })), (const Function[]){ __VA_ARGS__ })

// The plugin, whose state is nothing.
static void *construct(Receiver *receiver, const void *context, Buffer *error) {
    static char state;
    (void)receiver, (void)context, (void)error;
    return &state;
}
static void destroy(Receiver *receiver) { (void)receiver; }

#endif
