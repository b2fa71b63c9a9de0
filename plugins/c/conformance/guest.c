// The conformance guest in C. `plugins/fixtures/conformance/README.md` says what it answers.
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "conformance_closures.h"
#include "conformance_desk.h"
#include "conformance_life.h"
#include "conformance_lines.h"
#include "conformance_listener.h"
#include "conformance_objects.h"
#include "conformance_peer.h"
#include "conformance_shelf.h"
#include "polyplug_plugin.h"

#include "lies.h"
#include "values.h"

/// One state for all the contracts of the shared plugin.
typedef struct {
    const PolyplugContextRecord *context;
    atomic_uint_fast64_t count;
    pthread_mutex_t mutex;
    PolyplugKept work, listener;
    int has_work, has_listener;
} Guest;

static Guest *guest_of(const PolyplugReceiver *receiver) { return receiver->state; }
static const PolyplugContextRecord *lies_context(void *state) { return ((Guest *)state)->context; }

// Others that are called: the desk and the peer.

/// Holds a provider for a call; NULL with a fault in the receiver.
static const PolyplugHold *held(R, uint32_t asked, const PolyplugContractDescriptor *contract, PolyplugReceiver *call) {
    const PolyplugHold *hold = polyplug_hold(guest_of(receiver)->context, asked, contract, &receiver->fault);
    *call = polyplug_receiver(hold ? hold->state : NULL);
    return hold;
}
static const ConformanceDeskInterface *desk_of(R, const PolyplugHold **hold, PolyplugReceiver *call) {
    *hold = held(receiver, POLYPLUG_ASKED_HOST, conformance_desk_contract(), call);
    return *hold ? (const void *)(*hold)->interface : NULL;
}
/// Ends a call: its fault goes on.
static void ended(R, const PolyplugHold *hold, const PolyplugReceiver *call) {
    receiver->fault = call->fault;
    polyplug_let_go(hold);
}
#define DESK(call_it) \
    PolyplugReceiver call; \
    const PolyplugHold *hold; \
    const ConformanceDeskInterface *desk = desk_of(receiver, &hold, &call); \
    if (desk) { \
        call_it; \
        ended(receiver, hold, &call); \
    }

// Objects of the guest's.

static atomic_uint alive;

typedef struct {
    atomic_uint owners, heard;
    PolyplugBuffer name;
} Ear;

static uint32_t ear_hear(R, const uint8_t *what, size_t len) {
    (void)what, (void)len;
    return atomic_fetch_add(&((Ear *)receiver->state)->heard, 1);
}
static void ear_name(R, PolyplugBuffer *out) { *out = wrapped(polyplug_lend(((Ear *)receiver->state)->name), "", ""); }
CONFORMANCE_LISTENER_INTERFACE(ear_interface, ear_hear, ear_name)

static void ear_retain(void *state) { atomic_fetch_add(&((Ear *)state)->owners, 1); }
static void ear_release(void *state) {
    Ear *ear = state;
    if (atomic_fetch_sub(&ear->owners, 1) != 1) return;
    polyplug_give_back(ear->name);
    free(ear);
    atomic_fetch_sub(&alive, 1);
}
static PolyplugObject ear_of(PolyplugSlice name, int is_shared) {
    Ear *ear = (void *)polyplug_room(1, sizeof *ear);
    atomic_init(&ear->owners, 1);
    ear->name = wrapped(name, "", "");
    atomic_fetch_add(&alive, 1);
    return (PolyplugObject){ &ear_interface.head, ear, is_shared ? ear_retain : NULL, ear_release };
}

/// A stream over a text.
typedef struct {
    PolyplugBuffer text;
    size_t at;
    uint32_t read;
} Lines;

static void lines_next(R, ConformanceLinesOptionStringOwned *out) {
    Lines *lines = receiver->state;
    out->tag = lines->at < lines->text.len;
    if (!out->tag) return;
    const uint8_t *start = lines->text.ptr + lines->at;
    const uint8_t *end = memchr(start, '\n', lines->text.len - lines->at);
    const size_t len = end ? (size_t)(end - start) : lines->text.len - lines->at;
    out->value = polyplug_copy(start, len, 1);
    lines->at += len + 1;
    lines->read++;
}
static void lines_rewind(R) {
    Lines *lines = receiver->state;
    lines->at = 0;
    lines->read = 0;
}
static uint32_t lines_read(R) { return ((Lines *)receiver->state)->read; }
// `skip` is left to its default body.
CONFORMANCE_LINES_INTERFACE(lines_interface, lines_next, lines_rewind, lines_read, NULL)
static void lines_release(void *state) {
    polyplug_give_back(((Lines *)state)->text);
    free(state);
}
static Lines *lines_of(const void *text, size_t len) {
    Lines *lines = (void *)polyplug_room(1, sizeof *lines);
    lines->text = polyplug_copy(text, len, 1);
    return lines;
}

// Objects of others.

/// What an object of the caller's answers; a fault of it goes on.
static uint32_t heard(R, const PolyplugObject *listener, PolyplugSlice what) {
    const ConformanceListenerInterface *functions = (const void *)polyplug_functions(listener, conformance_listener_contract());
    PolyplugReceiver call = polyplug_receiver(listener->state);
    const uint32_t answer = functions->hear(&call, what.ptr, what.len);
    if (call.fault) receiver->fault = call.fault;
    return answer;
}
static uint32_t tell(R, const PolyplugObject *listener, uint32_t times) {
    uint32_t last = 0;
    for (uint32_t time = 0; time < times && !receiver->fault; time++) {
        char what[32];
        const int len = snprintf(what, sizeof what, "time %" PRIu32, time);
        last = heard(receiver, listener, slice_of(what, (size_t)len));
    }
    return last;
}
static uint32_t tell_all(R, const PolyplugSlice *listeners) {
    uint32_t sum = 0;
    const ConformanceObjectsOptionObject *each = (const void *)listeners->ptr;
    for (size_t at = 0; at < listeners->len && !receiver->fault; at++) {
        if (each[at].tag) sum += heard(receiver, &each[at].value, slice_of("all", 3));
    }
    return sum;
}
static void listener(R, const uint8_t *name, size_t len, PolyplugObject *out) { QUIET, *out = ear_of(slice_of(name, len), 0); }
static uint32_t objects_alive(R) { return QUIET, atomic_load(&alive); }
static void there_and_back(R, const PolyplugObject *given_object, PolyplugObject *out) { QUIET, *out = *given_object; }
static uint32_t objects_keep(R, const ConformanceObjectsOptionObject *given_object) {
    Guest *guest = guest_of(receiver);
    pthread_mutex_lock(&guest->mutex);
    PolyplugKept before = guest->listener;
    const int had = guest->has_listener;
    guest->has_listener = (int)given_object->tag;
    if (given_object->tag) guest->listener = polyplug_keep(&given_object->value);
    pthread_mutex_unlock(&guest->mutex);
    if (!had) return 0;
    const uint32_t answer = heard(receiver, &before.object, slice_of("farewell", 8));
    polyplug_drop(&before);
    return answer;
}
static void listeners(R, uint32_t count, PolyplugBuffer *out) {
    QUIET;
    ConformanceObjectsTupleStringOptionObjectOwned *all = (void *)polyplug_room(count, sizeof *all);
    for (uint32_t at = 0; at < count; at++) {
        all[at]._0 = polyplug_stringf("number %" PRIu32, at);
        all[at]._1.tag = at % 2 == 0;
        if (all[at]._1.tag) all[at]._1.value = ear_of(polyplug_lend(all[at]._0), 0);
    }
    *out = polyplug_give(all, count);
}
static void objects_lines(R, const uint8_t *text, size_t len, PolyplugObject *out) {
    QUIET, *out = (PolyplugObject){ &lines_interface.head, lines_of(text, len), NULL, lines_release };
}
/// Reads a stream of the caller's; hands its lines over, or gives them back.
static PolyplugBuffer all_of(R, const PolyplugObject *lines) {
    const ConformanceLinesInterface *functions = (const void *)polyplug_functions(lines, conformance_lines_contract());
    PolyplugReceiver call = polyplug_receiver(lines->state);
    Growing all = { 0 };
    for (;;) {
        ConformanceLinesOptionStringOwned line = { 0 };
        functions->next(&call, &line);
        if (call.fault || !line.tag) break;
        // Memory of the caller's may go with it: what is handed over is a copy.
        const PolyplugBuffer copy = wrapped(polyplug_lend(line.value), "", "");
        polyplug_give_back(line.value);
        put(&all, &copy, sizeof copy);
    }
    receiver->fault = call.fault;
    return polyplug_give(all.text, all.len / sizeof(PolyplugBuffer));
}
static void read_all(R, const PolyplugObject *lines, PolyplugBuffer *out) { *out = all_of(receiver, lines); }
static uint32_t consume(R, const PolyplugObject *lines) {
    // `skip` of a stream may be left to its default body: two more are read here.
    PolyplugBuffer all = all_of(receiver, lines);
    for (size_t at = 0; at < all.len; at++) polyplug_give_back(((PolyplugBuffer *)(void *)all.ptr)[at]);
    const ConformanceLinesInterface *functions = (const void *)polyplug_functions(lines, conformance_lines_contract());
    PolyplugReceiver call = polyplug_receiver(lines->state);
    const uint32_t count = functions->read(&call);
    polyplug_give_back(all);
    polyplug_end(lines);
    return count;
}
static uint32_t call_work(R, const PolyplugObject *work, uint32_t value) {
    const ConformanceClosuresClosure0 *functions = (const void *)work->interface;
    PolyplugReceiver call = polyplug_receiver(work->state);
    const uint32_t answer = functions->call(&call, value);
    if (call.fault) receiver->fault = call.fault;
    return answer;
}
static void run(R, const ConformanceObjectsJobLent *job, uint32_t times, ConformanceObjectsJobOwned *out) {
    for (uint32_t time = 0; time < times && !receiver->fault; time++) {
        const uint32_t result = call_work(receiver, &job->work, time);
        if (!job->listener.tag || receiver->fault) continue;
        const PolyplugBuffer what = polyplug_stringf("%.*s %" PRIu32, POLYPLUG_PRINT(job->name), result);
        heard(receiver, &job->listener.value, polyplug_lend(what));
        polyplug_give_back(what);
    }
    out->name = wrapped(job->name, "", "!");
    out->listener = job->listener;
    out->work = job->work;
}
CONFORMANCE_OBJECTS_INTERFACE(objects, tell, tell_all, listener, objects_alive, there_and_back, objects_keep, listeners, objects_lines,
    read_all, consume, run)

// Closures.

static void each(R, uint32_t count, const PolyplugObject *work, PolyplugBuffer *out) {
    uint32_t *answers = (void *)polyplug_room(count, sizeof *answers);
    for (uint32_t at = 0; at < count && !receiver->fault; at++) answers[at] = call_work(receiver, work, at);
    if (receiver->fault) free(answers);
    else *out = polyplug_give(answers, count);
}
static void feed(R, const PolyplugSlice *texts, size_t len, const PolyplugObject *sink) {
    const ConformanceClosuresClosure1 *functions = (const void *)sink->interface;
    PolyplugReceiver call = polyplug_receiver(sink->state);
    for (size_t at = 0; at < len && !call.fault; at++) functions->call(&call, &texts[at], (uint32_t)at);
    receiver->fault = call.fault;
}
static void perhaps(R, const ConformanceClosuresOptionObject *work, ConformanceClosuresOptionBool *out) {
    out->tag = work->tag;
    if (!work->tag) return;
    const ConformanceClosuresClosure2 *functions = (const void *)work->value.interface;
    PolyplugReceiver call = polyplug_receiver(work->value.state);
    out->value = (uint8_t)functions->call(&call);
    receiver->fault = call.fault;
}
/// A fault as a value.
static PolyplugFaultRecord *raised(const char *message, PolyplugSlice more) {
    const PolyplugBuffer text = wrapped(more, message, "");
    PolyplugFaultParts parts = { .size = sizeof parts, .kind = POLYPLUG_FAULT_KIND_RAISED, .message = polyplug_lend(text) };
    PolyplugFaultRecord *fault = polyplug_host->fault_new(&parts);
    polyplug_give_back(text);
    return fault;
}
static void checked(R, const PolyplugObject *work, ConformanceClosuresResultU32Fault *out) {
    const ConformanceClosuresClosure3 *functions = (const void *)work->interface;
    PolyplugReceiver call = polyplug_receiver(work->state);
    functions->call(&call, 1, out);
    QUIET;
    if (!call.fault && !out->tag) {
        out->as.ok++;
        return;
    }
    // It may come as the error, or beside the result.
    PolyplugFaultRecord *fault = call.fault ? call.fault : out->as.err;
    out->tag = 1;
    out->as.err = raised("the closure said: ", fault->message);
    polyplug_forget(fault);
}
static void closures_keep(R, const PolyplugObject *work, ConformanceClosuresOptionObject *out) {
    Guest *guest = guest_of(receiver);
    pthread_mutex_lock(&guest->mutex);
    out->tag = (uint32_t)guest->has_work;
    if (guest->has_work) out->value = polyplug_pass_on(&guest->work);
    guest->work = polyplug_keep(work);
    guest->has_work = 1;
    pthread_mutex_unlock(&guest->mutex);
}
static void kept(R, uint32_t value, ConformanceClosuresResultU32Fault *out) {
    Guest *guest = guest_of(receiver);
    pthread_mutex_lock(&guest->mutex);
    out->tag = !guest->has_work;
    if (guest->has_work) out->as.ok = call_work(receiver, &guest->work.object, value);
    else out->as.err = raised("nothing is kept", slice_of(NULL, 0));
    pthread_mutex_unlock(&guest->mutex);
}
static uint32_t forget(R) {
    Guest *guest = guest_of(receiver);
    pthread_mutex_lock(&guest->mutex);
    const int had = guest->has_work;
    if (had) polyplug_drop(&guest->work);
    guest->has_work = 0;
    pthread_mutex_unlock(&guest->mutex);
    return (uint32_t)had;
}
static void once(R, const PolyplugObject *work, const PolyplugSlice *text, PolyplugBuffer *out) {
    const ConformanceClosuresClosure5 *functions = (const void *)work->interface;
    PolyplugReceiver call = polyplug_receiver(work->state);
    functions->call(&call, text, out);
    receiver->fault = call.fault;
    if (!call.fault) {
        const PolyplugBuffer copy = wrapped(polyplug_lend(*out), "", "");
        polyplug_give_back(*out);
        *out = copy;
    }
    polyplug_end(work);
}

/// A closure of the guest's: calls another twice, or adds.
typedef struct {
    atomic_uint owners;
    PolyplugKept work;
    uint32_t by;
} Made;

static void made_retain(void *state) { atomic_fetch_add(&((Made *)state)->owners, 1); }
static void made_release(void *state) {
    Made *made = state;
    if (atomic_fetch_sub(&made->owners, 1) != 1) return;
    polyplug_drop(&made->work);
    free(made);
}
static uint32_t twice_call(R, uint32_t value) {
    const Made *made = receiver->state;
    const uint32_t once_called = call_work(receiver, &made->work.object, value);
    return receiver->fault ? 0 : call_work(receiver, &made->work.object, once_called);
}
static uint32_t adder_call(R, uint32_t value) { return value + ((Made *)receiver->state)->by; }
CONFORMANCE_CLOSURES_CLOSURE_6(twice_interface, twice_call)
CONFORMANCE_CLOSURES_CLOSURE_7(adder_interface, adder_call)

static PolyplugObject made_of(const PolyplugInterfaceHeader *interface, Made **made) {
    *made = (void *)polyplug_room(1, sizeof **made);
    atomic_init(&(*made)->owners, 1);
    return (PolyplugObject){ interface, *made, made_retain, made_release };
}
static void twice(R, const PolyplugObject *work, PolyplugObject *out) {
    QUIET;
    Made *made;
    *out = made_of(&twice_interface.head, &made);
    made->work = polyplug_keep(work);
}
static void adder(R, uint32_t by, PolyplugObject *out) {
    QUIET;
    Made *made;
    *out = made_of(&adder_interface.head, &made);
    made->by = by;
}
CONFORMANCE_CLOSURES_INTERFACE(closures, each, feed, perhaps, checked, closures_keep, kept, forget, once, twice, adder)

// Life.

static void deeper(R, PolyplugSlice message) { polyplug_throw(receiver, "%.*s", POLYPLUG_PRINT(message)); }
static void life_throw(R, const uint8_t *message, size_t len) { deeper(receiver, slice_of(message, len)); }
static void throw_into(R, const uint8_t *message, size_t len, ConformanceLifeResultU32ProblemOwned *out) {
    (void)out;
    deeper(receiver, slice_of(message, len));
}
static uint64_t count(R) { return atomic_fetch_add(&guest_of(receiver)->count, 1) + 1; }
static uint64_t add(R, uint64_t a, uint64_t b) { return QUIET, a + b; }
static uint32_t life_wait(R, uint32_t milliseconds) {
    QUIET;
    const struct timespec time = { milliseconds / 1000, (long)(milliseconds % 1000) * 1000000 };
    nanosleep(&time, NULL);
    return milliseconds;
}
/// The value behind a key of the configuration, a flat JSON object, as it stands there; nothing when it is not there.
static PolyplugBuffer value_of(R, const uint8_t *name, size_t len) {
    PolyplugBuffer value = { NULL, 0, 0, NULL }, json;
    receiver->fault = polyplug_config(guest_of(receiver)->context, &json);
    if (receiver->fault) return value;
    const PolyplugBuffer key = wrapped(slice_of(name, len), "\"", "\":");
    for (size_t at = 0; at + key.len < json.len; at++) {
        if (memcmp(json.ptr + at, key.ptr, key.len)) continue;
        size_t start = at + key.len, end = start;
        while (end < json.len && json.ptr[end] != ',' && json.ptr[end] != '}') end++;
        value = polyplug_copy(json.ptr + start, end - start, 1);
        break;
    }
    polyplug_give_back(key);
    polyplug_give_back(json);
    return value;
}
static void setting(R, const uint8_t *name, size_t len, ConformanceLifeOptionStringOwned *out) {
    const PolyplugBuffer value = value_of(receiver, name, len);
    out->tag = value.len && value.ptr[0] == '"';
    if (out->tag) out->value = polyplug_copy(value.ptr + 1, value.len - 2, 1);
    polyplug_give_back(value);
}
static void number(R, const uint8_t *name, size_t len, ConformanceLifeOptionU64 *out) {
    const PolyplugBuffer value = value_of(receiver, name, len);
    out->tag = value.len && value.ptr[0] >= '0' && value.ptr[0] <= '9';
    out->value = 0;
    for (size_t at = 0; out->tag && at < value.len; at++) out->value = out->value * 10 + (uint64_t)(value.ptr[at] - '0');
    polyplug_give_back(value);
}
static void life_log(R, const uint8_t *line, size_t len) {
    polyplug_log(guest_of(receiver)->context, POLYPLUG_LOG_LEVEL_INFO, (const char *)line, len);
}
static uint32_t life_write(R, const uint8_t *line, size_t len) {
    uint32_t answer = 0;
    DESK(answer = desk->write(&call, line, len))
    return answer;
}
/// A text of the host's as one of this plugin's.
static void adopt(PolyplugBuffer *text) {
    const PolyplugBuffer copy = wrapped(polyplug_lend(*text), "", "");
    polyplug_give_back(*text);
    *text = copy;
}
static void lookup(R, const uint8_t *key, size_t len, ConformanceLifeOptionStringOwned *out) {
    ConformanceDeskOptionStringOwned found = { 0 };
    DESK(desk->lookup(&call, key, len, &found))
    out->tag = found.tag;
    if (found.tag) adopt(&found.value), out->value = found.value;
}
static void settle(R, int64_t given_number, ConformanceLifeResultI64StringOwned *out) {
    ConformanceDeskResultI64StringOwned settled = { 0 };
    DESK(desk->settle(&call, given_number, &settled))
    if (receiver->fault) return;
    out->tag = settled.tag;
    if (settled.tag) adopt(&settled.as.err), out->as.err = settled.as.err;
    else out->as.ok = settled.as.ok;
}
static void fail(R, const uint8_t *message, size_t len) { DESK(desk->fail(&call, message, len)) }
static void caught(R, const uint8_t *message, size_t len, PolyplugBuffer *out) {
    fail(receiver, message, len);
    PolyplugFaultRecord *fault = receiver->fault;
    receiver->fault = NULL;
    *out = fault ? wrapped(fault->message, "caught: ", "") : polyplug_string("it did not fail", 15);
    polyplug_forget(fault);
}
static void through(R, const ConformanceLifeEverythingLent *value, ConformanceLifeEverythingOwned *out) {
    // One type in two headers. What the host hands over is handed on.
    DESK(desk->everything(&call, (const void *)value, (void *)out))
}
static uint32_t by_call(R, uint32_t value) { return value + *(const uint32_t *)receiver->state; }
CONFORMANCE_DESK_CLOSURE_0(by_interface, by_call)
static uint32_t apply(R, uint32_t by, uint32_t value) {
    uint32_t answer = 0;
    const PolyplugObject work = { &by_interface.head, &by, NULL, NULL };
    DESK(answer = desk->apply(&call, &work, value))
    return answer;
}
static void life_borrow(R, const uint8_t *name, size_t len, PolyplugBuffer *out) {
    PolyplugObject object;
    DESK(desk->listener(&call, name, len, &object))
    if (receiver->fault) return;
    PolyplugKept lent = polyplug_keep(&object);
    heard(receiver, &object, slice_of("guest", 5));
    const ConformanceListenerInterface *functions = (const void *)polyplug_functions(&object, conformance_listener_contract());
    PolyplugReceiver asked = polyplug_receiver(object.state);
    if (!receiver->fault) {
        functions->name(&asked, out);
        receiver->fault = asked.fault;
        if (!asked.fault) adopt(out);
    }
    polyplug_drop(&lent);
}
static uint32_t give(R, const uint8_t *name, size_t len) {
    uint32_t answer = 0;
    const PolyplugObject ear = ear_of(slice_of(name, len), 1);
    DESK(answer = desk->keep(&call, &ear))
    return answer;
}
static uint32_t enter(R, uint32_t depth) {
    uint32_t answer = 0;
    if (!depth) return 0;
    DESK(answer = desk->again(&call, depth - 1) + 1)
    return answer;
}
static void greet(R, const uint8_t *name, size_t len, PolyplugBuffer *out) {
    PolyplugReceiver call;
    const PolyplugHold *hold = held(receiver, POLYPLUG_ASKED_PEER, conformance_peer_contract(), &call);
    if (!hold) return;
    ((const ConformancePeerInterface *)(const void *)hold->interface)->greet(&call, name, len, out);
    if (!call.fault) adopt(out);
    ended(receiver, hold, &call);
}
static uint64_t peers(R, uint64_t given_number) {
    uint64_t sum = 0;
    const PolyplugContextRecord *context = guest_of(receiver)->context;
    for (size_t at = 0; !receiver->fault; at++) {
        PolyplugLink link;
        PolyplugFaultRecord *none = context->table->find(context, POLYPLUG_ASKED_PEER, conformance_peer_contract(), at, &link);
        if (none) {
            polyplug_forget(none);
            break;
        }
        const PolyplugHold *hold = polyplug_host->pin(&link, &receiver->fault);
        if (!hold) break;
        PolyplugReceiver call = polyplug_receiver(hold->state);
        sum += ((const ConformancePeerInterface *)(const void *)hold->interface)->double_(&call, given_number);
        ended(receiver, hold, &call);
    }
    return sum;
}
CONFORMANCE_LIFE_INTERFACE(life, life_throw, throw_into, count, add, life_wait, setting, number, life_log, life_write, lookup, settle, fail,
    caught, through, apply, life_borrow, give, enter, greet, peers)

// The plugins.

static void *construct(R, const PolyplugContextRecord *context, PolyplugBuffer *error) {
    (void)error, QUIET;
    Guest *guest = (void *)polyplug_room(1, sizeof *guest);
    context->table->retain(context);
    guest->context = context;
    atomic_init(&guest->count, 0);
    pthread_mutex_init(&guest->mutex, NULL);
    return guest;
}
static void *restore(R, const PolyplugContextRecord *context, const uint8_t *saved, size_t len, PolyplugBuffer *error) {
    uint64_t before;
    if (len != sizeof before) {
        polyplug_refuse(error, "what was saved is no count");
        return NULL;
    }
    memcpy(&before, saved, sizeof before);
    Guest *guest = construct(receiver, context, error);
    atomic_store(&guest->count, before);
    return guest;
}
static void save(R, PolyplugBuffer *out) {
    const uint64_t before = atomic_load(&guest_of(receiver)->count);
    *out = polyplug_copy(&before, sizeof before, 1);
}
static void destroy(R) {
    Guest *guest = guest_of(receiver);
    if (guest->has_work) polyplug_drop(&guest->work);
    if (guest->has_listener) polyplug_drop(&guest->listener);
    pthread_mutex_destroy(&guest->mutex);
    guest->context->table->release(guest->context);
    free(guest);
}

static void *stream_construct(R, const PolyplugContextRecord *context, PolyplugBuffer *error) {
    (void)error, (void)context, QUIET;
    return lines_of("first\nsecond\nthird", 18);
}
static void stream_destroy(R) { lines_release(receiver->state); }

static const char TITLE[] = "Moby Dick";
static const uint32_t NUMBERS[] = { 1, 2, 3 };
static void title(R, PolyplugSlice *out) { QUIET, *out = slice_of(TITLE, sizeof TITLE - 1); }
static void numbers(R, PolyplugSlice *out) { QUIET, *out = slice_of(NUMBERS, 3); }
static void shelf_number(R, uint32_t at, ConformanceShelfOptionReferenceU32 *out) {
    QUIET, *out = (ConformanceShelfOptionReferenceU32){ at < 3, at < 3 ? &NUMBERS[at] : NULL };
}
CONFORMANCE_SHELF_INTERFACE(shelf, title, numbers, shelf_number)
static void *shelf_construct(R, const PolyplugContextRecord *context, PolyplugBuffer *error) {
    static int state;
    (void)error, (void)context, QUIET;
    return &state;
}
static void shelf_destroy(R) { QUIET; }


static const PolyplugContractDescriptor *const REQUIRED[] = { &conformance_desk_contract_data };
static const PolyplugContractDescriptor *const WANTED[] = { &conformance_peer_contract_data };
static const PolyplugPluginDescriptor GUEST = {
    .size = sizeof GUEST,
    .name = POLYPLUG_TEXT("conformance-guest"),
    .version = POLYPLUG_TEXT("1.2.3"),
    .description = POLYPLUG_TEXT("The conformance guest"),
    .license = POLYPLUG_TEXT("MIT OR Apache-2.0"),
    .repository = POLYPLUG_TEXT("https://example.org/conformance"),
    .requires_ = { REQUIRED, 1 },
    .construct = construct,
    .destroy = destroy,
    .wants = { WANTED, 1 },
    .save = save,
    .restore = restore,
};
static const PolyplugPluginDescriptor STREAM = {
    .size = sizeof STREAM,
    .name = POLYPLUG_TEXT("conformance-stream"),
    .version = POLYPLUG_TEXT("1.0.0"),
    .construct = stream_construct,
    .destroy = stream_destroy,
};
static const PolyplugPluginDescriptor SHELF = {
    .size = sizeof SHELF,
    .name = POLYPLUG_TEXT("conformance-shelf"),
    .version = POLYPLUG_TEXT("1.0.0"),
    .construct = shelf_construct,
    .destroy = shelf_destroy,
};

POLYPLUG_MODULE(POLYPLUG_MODULE_FLAGS_MAY_UNMAP, POLYPLUG_OFFER(&GUEST, &values.head), POLYPLUG_OFFER(&GUEST, &borrows.head),
    POLYPLUG_OFFER(&GUEST, &growing.head), POLYPLUG_OFFER(&GUEST, &lies.head), POLYPLUG_OFFER(&GUEST, &life.head),
    POLYPLUG_OFFER(&GUEST, &closures.head), POLYPLUG_OFFER(&GUEST, &objects.head), POLYPLUG_OFFER(&STREAM, &lines_interface.head),
    POLYPLUG_OFFER(&SHELF, &shelf.head))
