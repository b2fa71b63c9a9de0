// What the runner in C provides: the desk, listeners, streams and closures.
#ifndef CONFORMANCE_DESK_HOST_H
#define CONFORMANCE_DESK_HOST_H

#include "runner.h"

#define R PolyplugReceiver *receiver

static inline PolyplugSlice slice_of(const void *ptr, size_t len) { return (PolyplugSlice){ ptr, len }; }

/// Hears, and keeps what it heard. The mark is 0 when it is gone.
typedef struct {
    atomic_uint owners;
    PolyplugBuffer name;
    PolyplugBuffer *heard;
    atomic_uint *count;
    atomic_int *alive;
} Ears;

static inline uint32_t ears_hear(R, const uint8_t *what, size_t len) {
    Ears *ears = receiver->state;
    const uint32_t at = atomic_fetch_add(ears->count, 1);
    if (ears->heard && at < 16) ears->heard[at] = polyplug_copy(what, len, 1);
    return at;
}
static inline void ears_name(R, PolyplugBuffer *out) {
    const Ears *ears = receiver->state;
    *out = polyplug_copy(ears->name.ptr, ears->name.len, 1);
}
CONFORMANCE_LISTENER_INTERFACE(ears_interface, ears_hear, ears_name)

static inline uint32_t deaf_hear(R, const uint8_t *what, size_t len) {
    (void)what, (void)len;
    polyplug_throw(receiver, "deaf \xf0\x9f\x8e\x88");
    return 0;
}
CONFORMANCE_LISTENER_INTERFACE(deaf_interface, deaf_hear, ears_name)

static inline void ears_retain(void *state) { atomic_fetch_add(&((Ears *)state)->owners, 1); }
static inline void ears_release(void *state) {
    Ears *ears = state;
    if (atomic_fetch_sub(&ears->owners, 1) != 1) return;
    if (ears->alive) atomic_store(ears->alive, 0);
    polyplug_give_back(ears->name);
    free(ears);
}
/// What a listener of a test heard.
typedef struct {
    PolyplugBuffer heard[16];
    atomic_uint count;
    atomic_int alive;
} Sounds;
/// A listener with one owner.
static inline PolyplugObject ears_of(PolyplugSlice name, Sounds *sounds) {
    static atomic_uint nobody;
    Ears *ears = (void *)polyplug_room(1, sizeof *ears);
    atomic_init(&ears->owners, 1);
    ears->name = polyplug_copy(name.ptr, name.len, 1);
    ears->heard = sounds ? sounds->heard : NULL;
    ears->count = sounds ? &sounds->count : &nobody;
    ears->alive = sounds ? &sounds->alive : NULL;
    if (sounds) atomic_store(&sounds->alive, 1);
    if (!sounds) {
        // Each counts for itself.
        ears->count = (void *)polyplug_room(1, sizeof *ears->count);
    }
    return (PolyplugObject){ &ears_interface.head, ears, ears_retain, ears_release };
}
/// The same, lent for a call.
static inline PolyplugObject lent_of(PolyplugObject object) {
    object.retain = NULL;
    object.release = NULL;
    return object;
}
static inline int heard(const Sounds *sounds, size_t count, const char *const *texts) {
    if (atomic_load(&sounds->count) != count) return 0;
    for (size_t at = 0; at < count; at++) {
        if (!same_text(sounds->heard[at].ptr, sounds->heard[at].len, texts[at], strlen(texts[at]), 1)) return 0;
    }
    return 1;
}

/// A stream of the host's.
typedef struct {
    const char *const *lines;
    uint32_t count, read;
    atomic_int *alive;
} Stream;
static inline void stream_next(R, ConformanceLinesOptionStringOwned *out) {
    Stream *stream = receiver->state;
    out->tag = stream->read < stream->count;
    if (!out->tag) return;
    const char *line = stream->lines[stream->read++];
    out->value = polyplug_string(line, strlen(line));
}
static inline void stream_rewind(R) { ((Stream *)receiver->state)->read = 0; }
static inline uint32_t stream_read(R) { return ((Stream *)receiver->state)->read; }
static inline uint32_t stream_skip(R, uint32_t count) {
    Stream *stream = receiver->state;
    const uint32_t left = stream->count - stream->read, skipped = count < left ? count : left;
    stream->read += skipped;
    return skipped;
}
CONFORMANCE_LINES_INTERFACE(stream_interface, stream_next, stream_rewind, stream_read, stream_skip)
static inline void stream_release(void *state) { atomic_store(((Stream *)state)->alive, 0); }

// The desk. Its state is the stage.

static inline uint32_t desk_write(R, const uint8_t *line, size_t len) {
    Stage *stage = receiver->state;
    pthread_mutex_lock(&stage->mutex);
    const uint32_t at = atomic_load(&stage->line_count);
    if (at < 256) stage->lines[at] = polyplug_copy(line, len, 1);
    atomic_store(&stage->line_count, at + 1);
    pthread_mutex_unlock(&stage->mutex);
    return at + 1;
}
static inline void desk_lookup(R, const uint8_t *key, size_t len, ConformanceDeskOptionStringOwned *out) {
    (void)receiver;
    out->tag = len != 0;
    if (len) out->value = polyplug_stringf("%.*s?", (int)len, (const char *)key);
}
static inline void desk_settle(R, int64_t number, ConformanceDeskResultI64StringOwned *out) {
    (void)receiver;
    out->tag = number < 0;
    if (number < 0) out->as.err = polyplug_stringf("too small: %lld", (long long)number);
    else out->as.ok = number * 2;
}
static inline void desk_fail(R, const uint8_t *message, size_t len) { polyplug_throw(receiver, "%.*s", (int)len, (const char *)message); }
static inline void desk_everything(R, const ConformanceDeskEverythingLent *value, ConformanceDeskEverythingOwned *out) {
    (void)receiver;
    polyplug_own(conformance_desk_contract()->methods.ptr[CONFORMANCE_DESK_METHOD_EVERYTHING]->result(), value, out);
}
static inline uint32_t desk_apply(R, const PolyplugObject *work, uint32_t value) {
    const ConformanceDeskClosure0 *functions = (const void *)work->interface;
    PolyplugReceiver call = polyplug_receiver(work->state);
    const uint32_t answer = functions->call(&call, value);
    receiver->fault = call.fault;
    return answer;
}
static inline void desk_listener(R, const uint8_t *name, size_t len, PolyplugObject *out) {
    (void)receiver;
    *out = ears_of(slice_of(name, len), NULL);
}
static inline uint32_t desk_keep(R, const PolyplugObject *listener) {
    Stage *stage = receiver->state;
    const ConformanceListenerInterface *functions = (const void *)polyplug_functions(listener, conformance_listener_contract());
    PolyplugReceiver call = polyplug_receiver(listener->state);
    const uint32_t answer = functions->hear(&call, (const uint8_t *)"desk", 4);
    receiver->fault = call.fault;
    const uint32_t at = atomic_fetch_add(&stage->kept_count, 1);
    if (at < 64) stage->kept[at] = polyplug_keep(listener);
    else polyplug_end(listener);
    return answer;
}
static inline uint32_t desk_again(R, uint32_t depth) {
    Stage *stage = receiver->state;
    const Called life = called_of(stage, conformance_life_contract());
    const ConformanceLifeFrame_enter frame = { .depth = depth };
    uint64_t answer = 0;
    if (polyplug_call(life.caller, CONFORMANCE_LIFE_METHOD_ENTER, &frame, &answer, &receiver->fault) != POLYPLUG_OK) return 0;
    return (uint32_t)answer;
}
CONFORMANCE_DESK_INTERFACE(desk_interface, desk_write, desk_lookup, desk_settle, desk_fail, desk_everything, desk_apply, desk_listener,
    desk_keep, desk_again)

// Stages.

/// Everything but the desk, and so without the guest. What is wrong, or NULL.
static inline const char *stage_begin(Stage *stage, const Files *files) {
    PolyplugError *error = NULL;
    memset(stage, 0, sizeof *stage);
    stage->files = *files;
    pthread_mutex_init(&stage->mutex, NULL);
    stage->runtime = polyplug_runtime_new();
    static const char settings[] = "{\"greeting\": \"gr\xc3\xb6\xc3\x9f\x65r \xf0\x9f\x8e\x88\", \"big\": 18446744073709551615}";
    const char *paths[] = { files->contracts, files->peer, strcmp(files->loader, "-") ? files->loader : NULL };
    for (size_t at = 0; at < 3; at++) {
        if (!paths[at]) continue;
        PolyplugModule *module = polyplug_runtime_load(stage->runtime, TEXT(paths[at]), &error);
        if (!module) return erred(error);
        polyplug_release(module);
    }
    if (polyplug_runtime_configure(stage->runtime, TEXT("conformance-guest"), TEXT(settings), &error) != POLYPLUG_OK) return erred(error);
    return NULL;
}
/// All of it.
static inline const char *stage_whole(Stage *stage, const Files *files) {
    const char *wrong = stage_begin(stage, files);
    if (wrong) return wrong;
    PolyplugError *error = NULL;
    PolyplugModule *desk = polyplug_runtime_provide_interface(stage->runtime, &desk_interface.head, NULL, 0, stage, NULL, &error);
    if (!desk) return erred(error);
    polyplug_release(desk);
    stage->module = polyplug_runtime_load(stage->runtime, TEXT(files->guest), &error);
    return stage->module ? NULL : erred(error);
}
static inline void stage_end(Stage *stage) {
    for (size_t at = 0; at < atomic_load(&stage->kept_count) && at < 64; at++) polyplug_drop(&stage->kept[at]);
    for (size_t at = 0; at < CONTRACTS && stage->known[at].of; at++) {
        polyplug_release(stage->known[at].called.caller);
        polyplug_release(stage->known[at].called.contract);
    }
    for (size_t at = 0; at < atomic_load(&stage->line_count) && at < 256; at++) polyplug_give_back(stage->lines[at]);
    polyplug_release(stage->module);
    polyplug_release(stage->runtime);
    pthread_mutex_destroy(&stage->mutex);
}

#endif
