// What the cases of the conformance runner in C use: a runtime with a guest in it, comparisons, faults.
#ifndef CONFORMANCE_RUNNER_H
#define CONFORMANCE_RUNNER_H

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polyplug_host.h"

#include "polyplug_plugin.h"

#include "conformance_borrows.h"
#include "conformance_closures.h"
#include "conformance_desk.h"
#include "conformance_growing.h"
#include "conformance_lies.h"
#include "conformance_life.h"
#include "conformance_lines.h"
#include "conformance_listener.h"
#include "conformance_objects.h"
#include "conformance_shelf.h"
#include "conformance_values.h"

/// What the command line says.
typedef struct {
    const char *contracts, *peer, *loader, *guest;
} Files;

/// What is called, and how it looks.
typedef struct {
    PolyplugCaller *caller;
    PolyplugContract *contract;
} Called;

#define CONTRACTS 16

/// A runtime, and a guest in it.
typedef struct Stage {
    Files files;
    PolyplugRuntime *runtime;
    PolyplugModule *module;
    struct {
        const PolyplugContractDescriptor *of;
        Called called;
    } known[CONTRACTS];
    pthread_mutex_t mutex;
    /// What the desk was told.
    PolyplugBuffer lines[256];
    atomic_uint line_count;
    PolyplugKept kept[64];
    atomic_uint kept_count;
} Stage;

/// A case: what went another way, or NULL.
typedef struct {
    const char *name;
    const char *(*run)(Stage *stage);
} Row;

/// Says in the words of this thread what went wrong.
static inline const char *said(const char *what, PolyplugSlice more) {
    static _Thread_local char words[400];
    snprintf(words, sizeof words, "%s%.*s", what, more.len < 300 ? (int)more.len : 300, (const char *)more.ptr);
    return words;
}
static inline const char *erred(PolyplugError *error) {
    if (!error) return "failed without an error";
    const char *words = said("", error->text);
    polyplug_release(error);
    return words;
}
static inline const char *faulted(PolyplugFaultRecord *fault) {
    if (!fault) return "failed without a fault";
    const char *words = said("a fault: ", fault->message);
    polyplug_fault_release(fault);
    return words;
}

#define TEXT(text) (const uint8_t *)(text), POLYPLUG_TERMINATED

/// A caller of a contract of the guest. It is made once.
static inline Called called_of(Stage *stage, const PolyplugContractDescriptor *contract) {
    pthread_mutex_lock(&stage->mutex);
    size_t at = 0;
    while (at < CONTRACTS && stage->known[at].of && stage->known[at].of != contract) at++;
    if (at == CONTRACTS) abort();
    Called *called = &stage->known[at].called;
    if (!stage->known[at].of) {
        PolyplugError *error = NULL;
        called->contract = polyplug_contract_described(contract, &error);
        called->caller = called->contract ? polyplug_runtime_get(stage->runtime, called->contract, NULL, 0, &error) : NULL;
        if (error) polyplug_release(error);
        stage->known[at].of = contract;
    }
    pthread_mutex_unlock(&stage->mutex);
    return *called;
}

// What the written cases use.

static inline int expect(int holds, const char *what, const char **wrong) {
    if (!holds && !*wrong) *wrong = said("not as expected: ", (PolyplugSlice){ (const uint8_t *)what, strlen(what) });
    return holds;
}
static inline PolyplugSlice repeated(const void *part, size_t count, size_t size, size_t times) {
    uint8_t *all = polyplug_room(times, count * size);
    for (size_t time = 0; time < times; time++) memcpy(all + time * count * size, part, count * size);
    return (PolyplugSlice){ all, count * times };
}
static inline int same_text(const uint8_t *text, size_t len, const char *part, size_t part_len, size_t times) {
    if (len != part_len * times) return 0;
    for (size_t time = 0; time < times; time++) {
        if (part_len && memcmp(text + time * part_len, part, part_len)) return 0;
    }
    return 1;
}
static inline float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
static inline double double_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
static inline int same_float(float a, float b) { return (isnan(a) && isnan(b)) || !memcmp(&a, &b, sizeof a); }
static inline int same_double(double a, double b) { return (isnan(a) && isnan(b)) || !memcmp(&a, &b, sizeof a); }
static inline int has(PolyplugSlice text, const char *part, size_t len) {
    for (size_t at = 0; at + len <= text.len; at++) {
        if (!len || !memcmp(text.ptr + at, part, len)) return 1;
    }
    return 0;
}
static inline PolyplugFaultRecord *fault_of(uint32_t kind, const char *message, size_t len) {
    return polyplug_fault_new(kind, (const uint8_t *)message, len, NULL, 0);
}

#endif
