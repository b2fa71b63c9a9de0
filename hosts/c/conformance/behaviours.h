// The cases that are more than a call: what each does stands under `expects` in `cases.json`.
#ifndef CONFORMANCE_BEHAVIOURS_H
#define CONFORMANCE_BEHAVIOURS_H

#include <time.h>

#include "desk.h"
#include "runner.h"

#define HOLDS(condition) \
    do { \
        if (!(condition)) return "not: " #condition; \
    } while (0)

#define LITERAL(text) slice_of(text, sizeof(text) - 1)

/// Calls a method; NULL, or the fault.
static PolyplugFaultRecord *call(Called called, uint32_t method, const void *frame, void *out) {
    PolyplugFaultRecord *fault = NULL;
    if (polyplug_call(called.caller, method, frame, out, &fault) == POLYPLUG_OK) return NULL;
    return fault;
}
/// Calls a method that answers a value; from within a case.
#define CALL(called, method, frame, out) \
    do { \
        PolyplugFaultRecord *fault_ = call(called, method, frame, out); \
        if (fault_) return faulted(fault_); \
    } while (0)
/// What is wrong with a fault that should say something, or NULL.
static const char *says(PolyplugFaultRecord *fault, PolyplugSlice message) {
    if (!fault) return "no fault";
    if (!has(fault->message, (const char *)message.ptr, message.len)) return faulted(fault);
    polyplug_fault_release(fault);
    return NULL;
}
static const PolyplugType *result_of(Called called, uint32_t method) { return called.contract->methods[method].result; }
static int is(PolyplugSlice text, const char *other) { return same_text(text.ptr, text.len, other, strlen(other), 1); }

#define LIFE called_of(stage, conformance_life_contract())
#define CLOSURES called_of(stage, conformance_closures_contract())
#define OBJECTS called_of(stage, conformance_objects_contract())
#define VALUES called_of(stage, conformance_values_contract())

static uint32_t alive_of(Stage *stage) {
    uint64_t alive = 0;
    PolyplugFaultRecord *fault = call(OBJECTS, CONFORMANCE_OBJECTS_METHOD_ALIVE, NULL, &alive);
    if (fault) polyplug_fault_release(fault);
    return (uint32_t)alive;
}

static const char *after_lies(Stage *stage) {
    const ConformanceValuesFrame_measure frame = { LITERAL("gr\xc3\xb6\xc3\x9f\x65r \xf0\x9f\x8e\x88") };
    ConformanceValuesTupleU64U64 sizes;
    CALL(VALUES, CONFORMANCE_VALUES_METHOD_MEASURE, &frame, &sizes);
    HOLDS(sizes._0 == 13 && sizes._1 == 8);
    return NULL;
}

// Faults.

static PolyplugFaultRecord *thrown(Stage *stage, PolyplugSlice message) {
    const ConformanceLifeFrame_throw frame = { message };
    uint64_t out;
    return call(LIFE, CONFORMANCE_LIFE_METHOD_THROW, &frame, &out);
}
static const char *throws(Stage *stage) {
    PolyplugFaultRecord *fault = thrown(stage, LITERAL("boom \xf0\x9f\x8e\x88"));
    HOLDS(fault);
    HOLDS(fault->kind == POLYPLUG_FAULT_KIND_PANICKED || fault->kind == POLYPLUG_FAULT_KIND_THREW || fault->kind == POLYPLUG_FAULT_KIND_RAISED);
    HOLDS(is(fault->plugin, "conformance-guest") && is(fault->contract, "conformance.life") && is(fault->method, "throw"));
    return says(fault, LITERAL("boom \xf0\x9f\x8e\x88"));
}
static const char *throw_place(Stage *stage) {
    PolyplugFaultRecord *fault = thrown(stage, LITERAL("boom"));
    HOLDS(fault && (fault->file.len || fault->trace.len));
    return says(fault, LITERAL("boom"));
}
static const char *throw_into(Stage *stage) {
    const ConformanceLifeFrame_throw_into frame = { LITERAL("into") };
    ConformanceLifeResultU32ProblemOwned out;
    // A fault comes beside the result, also where the error could hold it.
    PolyplugFaultRecord *fault = call(LIFE, CONFORMANCE_LIFE_METHOD_THROW_INTO, &frame, &out);
    if (!fault && out.tag && out.as.err.tag == ConformanceLifeProblem_Fault) fault = out.as.err.as.fault._0;
    return says(fault, LITERAL("into"));
}

// Surroundings.

static const char *desk_write_twice(Stage *stage) {
    const ConformanceLifeFrame_write one = { LITERAL("a\0b \xf0\x9f\x8e\x88") }, other = { LITERAL("") };
    uint64_t first = 0, second = 0;
    CALL(LIFE, CONFORMANCE_LIFE_METHOD_WRITE, &one, &first);
    CALL(LIFE, CONFORMANCE_LIFE_METHOD_WRITE, &other, &second);
    const uint32_t at = (uint32_t)first;
    HOLDS((uint32_t)second == at + 1 && at >= 1 && at < 255);
    HOLDS(same_text(stage->lines[at - 1].ptr, stage->lines[at - 1].len, "a\0b \xf0\x9f\x8e\x88", 8, 1) && stage->lines[at].len == 0);
    return NULL;
}
static void log_heard(void *user, const PolyplugLogLine *line) {
    if (line->level == 3 && line->plugin.len && is(line->message, "a line \xf0\x9f\x8e\x88")) ++*(int *)user;
}
static const char *log_line(Stage *stage) {
    int heard = 0;
    PolyplugSubscription *subscription = polyplug_log_subscribe(3, log_heard, &heard, NULL, NULL);
    HOLDS(subscription);
    const ConformanceLifeFrame_log frame = { LITERAL("a line \xf0\x9f\x8e\x88") };
    uint64_t out;
    CALL(LIFE, CONFORMANCE_LIFE_METHOD_LOG, &frame, &out);
    polyplug_release(subscription);
    HOLDS(heard == 1);
    return NULL;
}
static const char *desk_missing(Stage *stage) {
    static Stage bare;
    const char *wrong = stage_begin(&bare, &stage->files);
    if (wrong) return wrong;
    PolyplugError *error = NULL;
    bare.module = polyplug_runtime_load(bare.runtime, TEXT(stage->files.guest), &error);
    HOLDS(!bare.module && error && is(error->code, "missing-host-contract"));
    polyplug_release(error);
    stage_end(&bare);
    return NULL;
}
static const PolyplugPlugin *guest_of(const PolyplugPlugins *plugins) {
    for (size_t at = 0; at < plugins->count; at++) {
        if (is(plugins->items[at].name, "conformance-guest")) return &plugins->items[at];
    }
    return NULL;
}
static const char *metadata_plugin(Stage *stage) {
    PolyplugPlugins *plugins = polyplug_module_plugins(stage->module, NULL);
    const PolyplugPlugin *guest = guest_of(plugins);
    HOLDS(guest && is(guest->version, "1.2.3") && is(guest->description, "The conformance guest"));
    HOLDS(is(guest->license, "MIT OR Apache-2.0") && is(guest->repository, "https://example.org/conformance"));
    polyplug_release(plugins);
    return NULL;
}
static const char *metadata_contracts(Stage *stage) {
    static const char *const wanted[] = { "conformance.values 1.0", "conformance.life 1.0", "conformance.closures 1.0",
        "conformance.objects 1.0", "conformance.lies 1.0" };
    PolyplugPlugins *plugins = polyplug_module_plugins(stage->module, NULL);
    const PolyplugPlugin *guest = guest_of(plugins);
    HOLDS(guest);
    for (size_t at = 0; at < 5; at++) {
        int found = 0;
        for (size_t contract = 0; contract < guest->contract_count; contract++) found |= is(guest->contracts[contract], wanted[at]);
        HOLDS(found);
    }
    polyplug_release(plugins);
    return NULL;
}
static const char *metadata_provider(Stage *stage) {
    PolyplugList *providers = polyplug_runtime_providers(stage->runtime, LIFE.contract, NULL);
    HOLDS(providers && providers->count == 1 && is(providers->items[0], "conformance-guest"));
    polyplug_release(providers);
    return NULL;
}

// Closures of the host's: their state is a number, or what they gather.

static uint32_t doubling(R, uint32_t value) { return (void)receiver, value * 2; }
CONFORMANCE_CLOSURES_CLOSURE_0(doubling_interface, doubling)
static uint32_t adding_up(R, uint32_t value) { return (uint32_t)atomic_fetch_add((atomic_uint *)receiver->state, value) + value; }
CONFORMANCE_CLOSURES_CLOSURE_4(adding_up_interface, adding_up)
static uint32_t says_true(R) { return (void)receiver, 1; }
CONFORMANCE_CLOSURES_CLOSURE_2(true_interface, says_true)
static void adds_forty(R, uint32_t value, ConformanceClosuresResultU32Fault *out) {
    (void)receiver;
    out->tag = 0;
    out->as.ok = value + 40;
}
CONFORMANCE_CLOSURES_CLOSURE_3(forty_interface, adds_forty)
static void answers_no(R, uint32_t value, ConformanceClosuresResultU32Fault *out) {
    (void)receiver, (void)value;
    out->tag = 1;
    out->as.err = fault_of(POLYPLUG_FAULT_KIND_RAISED, "no \xf0\x9f\x8e\x88", 7);
}
CONFORMANCE_CLOSURES_CLOSURE_3(no_interface, answers_no)
static void exclaims(R, const PolyplugSlice *text, PolyplugBuffer *out) {
    (void)receiver;
    *out = polyplug_stringf("%.*s!", POLYPLUG_PRINT(*text));
}
CONFORMANCE_CLOSURES_CLOSURE_5(exclaims_interface, exclaims)
static uint32_t triples(R, uint32_t value) { return (void)receiver, value * 3; }
CONFORMANCE_CLOSURES_CLOSURE_6(triples_interface, triples)
typedef struct {
    char texts[3][8];
    uint32_t numbers[8];
    uint32_t count;
} Gathered;
static void gathers(R, const PolyplugSlice *text, uint32_t index) {
    Gathered *gathered = receiver->state;
    if (gathered->count >= 3 || text->len > 7) return;
    if (text->len) memcpy(gathered->texts[gathered->count], text->ptr, text->len);
    gathered->numbers[gathered->count++] = index;
}
CONFORMANCE_CLOSURES_CLOSURE_1(gathers_interface, gathers)
static uint32_t stops(R, uint32_t value) {
    Gathered *gathered = receiver->state;
    if (gathered->count < 8) gathered->numbers[gathered->count++] = value;
    if (value == 2) polyplug_throw(receiver, "stop \xf0\x9f\x8e\x88");
    return value;
}
CONFORMANCE_CLOSURES_CLOSURE_0(stops_interface, stops)
static uint32_t adds_in_the_guest(R, uint32_t value) {
    Stage *stage = receiver->state;
    const ConformanceLifeFrame_add frame = { value, 1 };
    uint64_t sum = 0;
    receiver->fault = call(LIFE, CONFORMANCE_LIFE_METHOD_ADD, &frame, &sum);
    return (uint32_t)sum;
}
CONFORMANCE_CLOSURES_CLOSURE_0(entering_interface, adds_in_the_guest)

static PolyplugObject lent_closure(const PolyplugInterfaceHeader *interface, void *state) {
    return (PolyplugObject){ interface, state, NULL, NULL };
}
/// A closure with owners, whose state is a count of them.
static void owned_retain(void *state) { atomic_fetch_add((atomic_uint *)state + 1, 1); }
static void owned_release(void *state) { atomic_fetch_sub((atomic_uint *)state + 1, 1); }

static const char *each_is(Stage *stage, const PolyplugObject *work, uint32_t count, const uint32_t *golden) {
    const ConformanceClosuresFrame_each frame = { count, work };
    PolyplugBuffer out;
    CALL(CLOSURES, CONFORMANCE_CLOSURES_METHOD_EACH, &frame, &out);
    const int is_same = out.len == count && !memcmp(out.ptr, golden, count * sizeof *golden);
    polyplug_buffer_release(&out);
    HOLDS(is_same);
    return NULL;
}
static const char *closure_lent(Stage *stage) {
    const PolyplugObject work = lent_closure(&doubling_interface.head, NULL);
    return each_is(stage, &work, 4, (const uint32_t[]){ 0, 2, 4, 6 });
}
static const char *enter_from_a_closure(Stage *stage) {
    const PolyplugObject work = lent_closure(&entering_interface.head, stage);
    return each_is(stage, &work, 3, (const uint32_t[]){ 1, 2, 3 });
}
static const char *closure_that_changes(Stage *stage) {
    Gathered gathered = { 0 };
    const PolyplugObject sink = lent_closure(&gathers_interface.head, &gathered);
    const PolyplugSlice texts[] = { LITERAL("a"), LITERAL(""), LITERAL("\xf0\x9f\x8e\x88") };
    const ConformanceClosuresFrame_feed frame = { { (const uint8_t *)texts, 3 }, &sink };
    uint64_t out;
    CALL(CLOSURES, CONFORMANCE_CLOSURES_METHOD_FEED, &frame, &out);
    HOLDS(gathered.count == 3 && !strcmp(gathered.texts[0], "a") && !*gathered.texts[1]);
    HOLDS(!strcmp(gathered.texts[2], "\xf0\x9f\x8e\x88") && gathered.numbers[0] == 0 && gathered.numbers[2] == 2);
    return NULL;
}
static const char *closure_optional(Stage *stage) {
    ConformanceClosuresOptionObject work = { .tag = 0 };
    const ConformanceClosuresFrame_perhaps frame = { &work };
    union {
        ConformanceClosuresOptionBool value;
        uint64_t room;
    } out;
    CALL(CLOSURES, CONFORMANCE_CLOSURES_METHOD_PERHAPS, &frame, &out);
    HOLDS(out.value.tag == 0);
    work.tag = 1;
    work.value = lent_closure(&true_interface.head, NULL);
    CALL(CLOSURES, CONFORMANCE_CLOSURES_METHOD_PERHAPS, &frame, &out);
    HOLDS(out.value.tag == 1 && out.value.value == 1);
    return NULL;
}
static const char *closure_result(Stage *stage) {
    const PolyplugObject work = lent_closure(&forty_interface.head, NULL);
    const ConformanceClosuresFrame_checked frame = { &work };
    ConformanceClosuresResultU32Fault out;
    CALL(CLOSURES, CONFORMANCE_CLOSURES_METHOD_CHECKED, &frame, &out);
    HOLDS(out.tag == 0 && out.as.ok == 42);
    return NULL;
}
static const char *closure_fails(Stage *stage) {
    const PolyplugObject work = lent_closure(&no_interface.head, NULL);
    const ConformanceClosuresFrame_checked frame = { &work };
    ConformanceClosuresResultU32Fault out;
    // It may come as the error, or beside the result.
    PolyplugFaultRecord *fault = call(CLOSURES, CONFORMANCE_CLOSURES_METHOD_CHECKED, &frame, &out);
    if (!fault && out.tag) fault = out.as.err;
    HOLDS(fault && has(fault->message, "the closure said", 16));
    return says(fault, LITERAL("no \xf0\x9f\x8e\x88"));
}
static const char *kept_with(Stage *stage, uint32_t value, ConformanceClosuresResultU32Fault *out) {
    const ConformanceClosuresFrame_kept frame = { value };
    CALL(CLOSURES, CONFORMANCE_CLOSURES_METHOD_KEPT, &frame, out);
    return NULL;
}
static const char *closure_kept(Stage *stage) {
    // A sum, and how many owners there are.
    static atomic_uint one[2], other[2];
    memset(one, 0, sizeof one), memset(other, 0, sizeof other);
    atomic_store(&one[1], 1), atomic_store(&other[1], 1);
    const Called closures = CLOSURES;
    PolyplugObject work = { &adding_up_interface.head, one, owned_retain, owned_release };
    const ConformanceClosuresFrame_keep frame = { &work };
    ConformanceClosuresOptionObject before;
    CALL(closures, CONFORMANCE_CLOSURES_METHOD_KEEP, &frame, &before);
    HOLDS(before.tag == 0);
    ConformanceClosuresResultU32Fault sum;
    const char *wrong = kept_with(stage, 2, &sum);
    HOLDS(!wrong && sum.tag == 0 && sum.as.ok == 2);
    wrong = kept_with(stage, 3, &sum);
    HOLDS(!wrong && sum.tag == 0 && sum.as.ok == 5);
    work.state = other;
    CALL(closures, CONFORMANCE_CLOSURES_METHOD_KEEP, &frame, &before);
    HOLDS(before.tag == 1);
    const PolyplugContract *closure = result_of(closures, CONFORMANCE_CLOSURES_METHOD_KEEP)->elements[0]->contract;
    const uint32_t ten = 10;
    uint64_t answer = 0;
    PolyplugFaultRecord *fault = NULL;
    HOLDS(polyplug_object_call(closure, &before.value, 0, &ten, &answer, &fault) == POLYPLUG_OK && (uint32_t)answer == 15);
    polyplug_value_release(result_of(closures, CONFORMANCE_CLOSURES_METHOD_KEEP), &before);
    uint64_t had = 0;
    CALL(closures, CONFORMANCE_CLOSURES_METHOD_FORGET, NULL, &had);
    HOLDS((uint32_t)had == 1);
    CALL(closures, CONFORMANCE_CLOSURES_METHOD_FORGET, NULL, &had);
    HOLDS((uint32_t)had == 0);
    alive_of(stage);
    HOLDS(atomic_load(&one[1]) == 0 && atomic_load(&other[1]) == 0);
    return NULL;
}
static const char *closure_not_kept(Stage *stage) {
    ConformanceClosuresResultU32Fault out = { 0 };
    const ConformanceClosuresFrame_kept frame = { 1 };
    PolyplugFaultRecord *fault = call(CLOSURES, CONFORMANCE_CLOSURES_METHOD_KEPT, &frame, &out);
    return says(fault ? fault : out.tag ? out.as.err : NULL, LITERAL("nothing is kept"));
}
static void nothing_to_release(void *state) { (void)state; }
static const char *closure_once(Stage *stage) {
    const PolyplugObject work = { &exclaims_interface.head, NULL, NULL, nothing_to_release };
    const PolyplugSlice text = LITERAL("a");
    const ConformanceClosuresFrame_once frame = { &work, &text };
    PolyplugBuffer out;
    CALL(CLOSURES, CONFORMANCE_CLOSURES_METHOD_ONCE, &frame, &out);
    HOLDS(is(polyplug_lend(out), "a!"));
    polyplug_buffer_release(&out);
    return NULL;
}
/// A closure of the guest's that is called from another thread.
typedef struct {
    const PolyplugContract *contract;
    PolyplugObject object;
    uint64_t answer;
} Elsewhere;
static void *called_elsewhere(void *with) {
    Elsewhere *elsewhere = with;
    const uint32_t two = 2;
    PolyplugFaultRecord *fault = NULL;
    polyplug_object_call(elsewhere->contract, &elsewhere->object, 0, &two, &elsewhere->answer, &fault);
    return NULL;
}
static const char *closure_shared(Stage *stage) {
    const Called closures = CLOSURES;
    const PolyplugObject work = { &triples_interface.head, NULL, nothing_to_release, nothing_to_release };
    const ConformanceClosuresFrame_twice frame = { &work };
    Elsewhere elsewhere = { result_of(closures, CONFORMANCE_CLOSURES_METHOD_TWICE)->contract, { NULL, NULL, NULL, NULL }, 0 };
    CALL(closures, CONFORMANCE_CLOSURES_METHOD_TWICE, &frame, &elsewhere.object);
    called_elsewhere(&elsewhere);
    HOLDS((uint32_t)elsewhere.answer == 18);
    elsewhere.answer = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, called_elsewhere, &elsewhere);
    pthread_join(thread, NULL);
    HOLDS((uint32_t)elsewhere.answer == 18);
    polyplug_value_release(result_of(closures, CONFORMANCE_CLOSURES_METHOD_TWICE), &elsewhere.object);
    return NULL;
}
static const char *closure_made(Stage *stage) {
    const Called closures = CLOSURES;
    const ConformanceClosuresFrame_adder frame = { 5 };
    PolyplugObject adder;
    CALL(closures, CONFORMANCE_CLOSURES_METHOD_ADDER, &frame, &adder);
    const PolyplugType *type = result_of(closures, CONFORMANCE_CLOSURES_METHOD_ADDER);
    const uint32_t value = 37;
    uint64_t answer = 0;
    PolyplugFaultRecord *fault = NULL;
    HOLDS(polyplug_object_call(type->contract, &adder, 0, &value, &answer, &fault) == POLYPLUG_OK && (uint32_t)answer == 42);
    polyplug_value_release(type, &adder);
    return NULL;
}
static const char *closure_panics(Stage *stage) {
    Gathered seen = { 0 };
    const PolyplugObject work = lent_closure(&stops_interface.head, &seen);
    const ConformanceClosuresFrame_each frame = { 5, &work };
    PolyplugBuffer out;
    const char *wrong = says(call(CLOSURES, CONFORMANCE_CLOSURES_METHOD_EACH, &frame, &out), LITERAL("stop \xf0\x9f\x8e\x88"));
    if (wrong) return wrong;
    HOLDS(seen.count == 3 && seen.numbers[0] == 0 && seen.numbers[1] == 1 && seen.numbers[2] == 2);
    return NULL;
}

// Objects.

/// The functions of an object of the guest's, and its receiver.
static uint32_t hears(const PolyplugObject *object, PolyplugSlice what) {
    const ConformanceListenerInterface *functions = (const void *)polyplug_functions(object, conformance_listener_contract());
    PolyplugReceiver receiver = polyplug_receiver(object->state);
    const uint32_t answer = functions->hear(&receiver, what.ptr, what.len);
    if (receiver.fault) polyplug_fault_release(receiver.fault);
    return receiver.fault ? UINT32_MAX : answer;
}
static int is_named(const PolyplugObject *object, const char *name) {
    const ConformanceListenerInterface *functions = (const void *)polyplug_functions(object, conformance_listener_contract());
    PolyplugReceiver receiver = polyplug_receiver(object->state);
    PolyplugBuffer out = { NULL, 0, 0, NULL };
    functions->name(&receiver, &out);
    const int is_same = !receiver.fault && is(polyplug_lend(out), name);
    polyplug_give_back(out);
    return is_same;
}
static const char *made_listener(Stage *stage, PolyplugSlice name, PolyplugObject *out) {
    const ConformanceObjectsFrame_listener frame = { name };
    CALL(OBJECTS, CONFORMANCE_OBJECTS_METHOD_LISTENER, &frame, out);
    return NULL;
}

static const char *object_lent(Stage *stage) {
    static Sounds sounds;
    const PolyplugObject ears = ears_of(LITERAL("ears"), &sounds), lent = lent_of(ears);
    const ConformanceObjectsFrame_tell frame = { &lent, 3 };
    uint64_t answer = 0;
    CALL(OBJECTS, CONFORMANCE_OBJECTS_METHOD_TELL, &frame, &answer);
    HOLDS((uint32_t)answer == 2 && heard(&sounds, 3, (const char *const[]){ "time 0", "time 1", "time 2" }));
    polyplug_object_release(&ears);
    return NULL;
}
static const char *object_lent_inside(Stage *stage) {
    static Sounds sounds;
    const PolyplugObject ears = ears_of(LITERAL("ears"), &sounds);
    const ConformanceObjectsOptionObject all[] = { { .tag = 1, .value = lent_of(ears) }, { .tag = 0 }, { .tag = 1, .value = lent_of(ears) } };
    const PolyplugSlice list = { (const uint8_t *)all, 3 };
    const ConformanceObjectsFrame_tell_all frame = { &list };
    uint64_t answer = 0;
    CALL(OBJECTS, CONFORMANCE_OBJECTS_METHOD_TELL_ALL, &frame, &answer);
    HOLDS((uint32_t)answer == 1 && heard(&sounds, 2, (const char *const[]){ "all", "all" }));
    polyplug_object_release(&ears);
    return NULL;
}
static const char *object_made(Stage *stage) {
    PolyplugObject listener;
    const char *wrong = made_listener(stage, LITERAL("gr\xc3\xb6\xc3\x9f\x65r"), &listener);
    if (wrong) return wrong;
    HOLDS(is_named(&listener, "gr\xc3\xb6\xc3\x9f\x65r") && hears(&listener, LITERAL("a")) == 0 && hears(&listener, LITERAL("b")) == 1);
    // The desk may have one that it was given.
    const uint32_t alive = alive_of(stage);
    polyplug_object_release(&listener);
    HOLDS(alive_of(stage) == alive - 1);
    return NULL;
}
static const char *object_dropped(Stage *stage) {
    const uint32_t before = alive_of(stage);
    PolyplugObject listener;
    const char *wrong = made_listener(stage, LITERAL("a"), &listener);
    if (wrong) return wrong;
    HOLDS(alive_of(stage) == before + 1);
    polyplug_object_release(&listener);
    HOLDS(alive_of(stage) == before);
    return NULL;
}
static const char *object_there_and_back(Stage *stage) {
    static Sounds sounds;
    const PolyplugObject ears = ears_of(LITERAL("ears"), &sounds);
    // One owner stays here, one goes.
    ears.retain(ears.state);
    const ConformanceObjectsFrame_there_and_back frame = { &ears };
    PolyplugObject back;
    CALL(OBJECTS, CONFORMANCE_OBJECTS_METHOD_THERE_AND_BACK, &frame, &back);
    HOLDS(hears(&back, LITERAL("home")) == 0 && heard(&sounds, 1, (const char *const[]){ "home" }));
    polyplug_object_release(&back);
    polyplug_object_release(&ears);
    alive_of(stage);
    HOLDS(!atomic_load(&sounds.alive));
    return NULL;
}
static const char *object_kept(Stage *stage) {
    static Sounds sounds;
    ConformanceObjectsOptionObject given = { .tag = 1, .value = ears_of(LITERAL("ears"), &sounds) };
    const ConformanceObjectsFrame_keep frame = { &given };
    uint64_t answer = 9;
    hears(&given.value, LITERAL("before"));
    CALL(OBJECTS, CONFORMANCE_OBJECTS_METHOD_KEEP, &frame, &answer);
    HOLDS((uint32_t)answer == 0);
    given.tag = 0;
    CALL(OBJECTS, CONFORMANCE_OBJECTS_METHOD_KEEP, &frame, &answer);
    HOLDS((uint32_t)answer == 1 && heard(&sounds, 2, (const char *const[]){ "before", "farewell" }));
    alive_of(stage);
    HOLDS(!atomic_load(&sounds.alive));
    return NULL;
}
static const char *object_list(Stage *stage) {
    const Called objects = OBJECTS;
    const uint32_t before = alive_of(stage);
    const ConformanceObjectsFrame_listeners frame = { 3 };
    PolyplugBuffer out;
    CALL(objects, CONFORMANCE_OBJECTS_METHOD_LISTENERS, &frame, &out);
    const ConformanceObjectsTupleStringOptionObjectOwned *all = (const void *)out.ptr;
    HOLDS(out.len == 3);
    for (uint32_t at = 0; at < 3; at++) {
        char name[16];
        snprintf(name, sizeof name, "number %u", (unsigned)at);
        HOLDS(is(polyplug_lend(all[at]._0), name) && all[at]._1.tag == (at % 2 == 0));
        HOLDS(!all[at]._1.tag || is_named(&all[at]._1.value, name));
    }
    HOLDS(alive_of(stage) == before + 2);
    polyplug_value_release(result_of(objects, CONFORMANCE_OBJECTS_METHOD_LISTENERS), &out);
    HOLDS(alive_of(stage) == before);
    return NULL;
}
static uint32_t adds_ten(R, uint32_t value) { return (void)receiver, value + 10; }
CONFORMANCE_OBJECTS_CLOSURE_0(ten_interface, adds_ten)
static const char *object_inside_data(Stage *stage) {
    static Sounds sounds;
    const Called objects = OBJECTS;
    const ConformanceObjectsJobLent job = { LITERAL("job"), { .tag = 1, .value = ears_of(LITERAL("ears"), &sounds) },
        { &ten_interface.head, NULL, NULL, nothing_to_release } };
    const ConformanceObjectsFrame_run frame = { &job, 2 };
    ConformanceObjectsJobOwned out;
    CALL(objects, CONFORMANCE_OBJECTS_METHOD_RUN, &frame, &out);
    HOLDS(heard(&sounds, 2, (const char *const[]){ "job 10", "job 11" }) && is(polyplug_lend(out.name), "job!"));
    const PolyplugType *type = result_of(objects, CONFORMANCE_OBJECTS_METHOD_RUN);
    const uint32_t five = 5;
    uint64_t answer = 0;
    PolyplugFaultRecord *fault = NULL;
    HOLDS(polyplug_object_call(type->fields[2].ty->contract, &out.work, 0, &five, &answer, &fault) == POLYPLUG_OK);
    HOLDS((uint32_t)answer == 15);
    polyplug_value_release(type, &out);
    alive_of(stage);
    HOLDS(!atomic_load(&sounds.alive));
    return NULL;
}
static const char *object_fails(Stage *stage) {
    const PolyplugObject deaf = { &deaf_interface.head, NULL, NULL, NULL };
    const ConformanceObjectsFrame_tell frame = { &deaf, 1 };
    uint64_t out;
    return says(call(OBJECTS, CONFORMANCE_OBJECTS_METHOD_TELL, &frame, &out), LITERAL("deaf \xf0\x9f\x8e\x88"));
}

static int next_is(const PolyplugObject *lines, const char *text) {
    const ConformanceLinesInterface *functions = (const void *)polyplug_functions(lines, conformance_lines_contract());
    PolyplugReceiver receiver = polyplug_receiver(lines->state);
    ConformanceLinesOptionStringOwned line = { 0 };
    functions->next(&receiver, &line);
    if (receiver.fault) return 0;
    if (!line.tag) return text == NULL;
    const int is_same = text && is(polyplug_lend(line.value), text);
    polyplug_give_back(line.value);
    return is_same;
}
static const char *stream_made(Stage *stage) {
    const ConformanceObjectsFrame_lines frame = { LITERAL("a\n\xf0\x9f\x8e\x88\nc") };
    PolyplugObject lines;
    CALL(OBJECTS, CONFORMANCE_OBJECTS_METHOD_LINES, &frame, &lines);
    const ConformanceLinesInterface *functions = (const void *)polyplug_functions(&lines, conformance_lines_contract());
    PolyplugReceiver receiver = polyplug_receiver(lines.state);
    HOLDS(next_is(&lines, "a") && functions->read(&receiver) == 1);
    HOLDS(next_is(&lines, "\xf0\x9f\x8e\x88") && next_is(&lines, "c") && next_is(&lines, NULL));
    functions->rewind(&receiver);
    HOLDS(next_is(&lines, "a"));
    polyplug_object_release(&lines);
    return NULL;
}
static const char *stream_lent(Stage *stage) {
    static const char *const lines[] = { "x", "y" };
    Stream stream = { lines, 2, 0, NULL };
    const PolyplugObject object = { &stream_interface.head, &stream, NULL, NULL };
    const ConformanceObjectsFrame_read_all frame = { &object };
    const Called objects = OBJECTS;
    PolyplugBuffer out;
    CALL(objects, CONFORMANCE_OBJECTS_METHOD_READ_ALL, &frame, &out);
    const PolyplugBuffer *all = (const void *)out.ptr;
    HOLDS(out.len == 2 && is(polyplug_lend(all[0]), "x") && is(polyplug_lend(all[1]), "y") && stream.read == 2);
    polyplug_value_release(result_of(objects, CONFORMANCE_OBJECTS_METHOD_READ_ALL), &out);
    return NULL;
}
static const char *stream_given(Stage *stage) {
    static const char *const lines[] = { "1", "2", "3", "4" };
    static atomic_int alive;
    static Stream stream;
    atomic_store(&alive, 1);
    stream = (Stream){ lines, 4, 0, &alive };
    const PolyplugObject object = { &stream_interface.head, &stream, NULL, stream_release };
    const ConformanceObjectsFrame_consume frame = { &object };
    uint64_t answer = 0;
    CALL(OBJECTS, CONFORMANCE_OBJECTS_METHOD_CONSUME, &frame, &answer);
    alive_of(stage);
    HOLDS((uint32_t)answer == 4 && !atomic_load(&alive));
    return NULL;
}
static int instance_next_is(PolyplugInstance *instance, const char *text) {
    ConformanceLinesOptionStringOwned line;
    PolyplugFaultRecord *fault = NULL;
    if (polyplug_call(instance, CONFORMANCE_LINES_METHOD_NEXT, NULL, &line, &fault) != POLYPLUG_OK) return 0;
    const int is_same = text ? line.tag && is(polyplug_lend(line.value), text) : !line.tag;
    if (line.tag) polyplug_buffer_release(&line.value);
    return is_same;
}
static const char *stream_of_its_own(Stage *stage) {
    PolyplugError *error = NULL;
    PolyplugContract *contract = polyplug_contract_described(conformance_lines_contract(), &error);
    PolyplugInstance *one = polyplug_runtime_create(stage->runtime, contract, NULL, 0, &error);
    if (!one) return erred(error);
    PolyplugInstance *other = polyplug_runtime_create(stage->runtime, contract, NULL, 0, &error);
    HOLDS(instance_next_is(one, "first") && instance_next_is(other, "first"));
    HOLDS(instance_next_is(one, "second") && instance_next_is(one, "third") && instance_next_is(one, NULL));
    const ConformanceLinesFrame_skip one_more = { 1 };
    uint64_t skipped = 0;
    PolyplugFaultRecord *fault = NULL;
    HOLDS(polyplug_call(other, CONFORMANCE_LINES_METHOD_SKIP, &one_more, &skipped, &fault) == POLYPLUG_OK);
    HOLDS((uint32_t)skipped == 1 && instance_next_is(other, "third"));
    polyplug_release(one), polyplug_release(other), polyplug_release(contract);
    return NULL;
}
static const char *pinned(Stage *stage) {
    PolyplugError *error = NULL;
    const Called shelf = called_of(stage, conformance_shelf_contract());
    PolyplugPinned *handle = polyplug_caller_pin(shelf.caller, &error);
    if (!handle) return erred(error);
    PolyplugSlice title, numbers;
    ConformanceShelfOptionReferenceU32 number;
    PolyplugFaultRecord *fault = NULL;
    HOLDS(polyplug_call(handle, CONFORMANCE_SHELF_METHOD_TITLE, NULL, &title, &fault) == POLYPLUG_OK && is(title, "Moby Dick"));
    HOLDS(polyplug_call(handle, CONFORMANCE_SHELF_METHOD_NUMBERS, NULL, &numbers, &fault) == POLYPLUG_OK && numbers.len == 3);
    HOLDS(!memcmp(numbers.ptr, (const uint32_t[]){ 1, 2, 3 }, 12));
    const ConformanceShelfFrame_number second = { 1 }, none = { 9 };
    HOLDS(polyplug_call(handle, CONFORMANCE_SHELF_METHOD_NUMBER, &second, &number, &fault) == POLYPLUG_OK);
    HOLDS(number.tag == 1 && *number.value == 2);
    HOLDS(polyplug_call(handle, CONFORMANCE_SHELF_METHOD_NUMBER, &none, &number, &fault) == POLYPLUG_OK && number.tag == 0);
    polyplug_release(handle);
    return NULL;
}

// Threads, reloads and unloads.

typedef struct {
    Stage *stage;
    uint32_t number;
    const char *wrong;
} Thread;
static const char *thread_calls(Stage *stage, uint32_t number) {
    const Called life = LIFE, values = VALUES;
    for (uint32_t turn = 0; turn < 200; turn++) {
        const ConformanceLifeFrame_add sum = { number, turn };
        uint64_t answer = 0;
        CALL(life, CONFORMANCE_LIFE_METHOD_ADD, &sum, &answer);
        HOLDS(answer == number + turn);
        char text[48];
        const int len = snprintf(text, sizeof text, "%u of %u \xf0\x9f\x8e\x88", (unsigned)number, (unsigned)turn);
        const ConformanceValuesFrame_same_text frame = { slice_of(text, (size_t)len) };
        PolyplugBuffer out;
        CALL(values, CONFORMANCE_VALUES_METHOD_SAME_TEXT, &frame, &out);
        const int is_same = is(polyplug_lend(out), text);
        polyplug_buffer_release(&out);
        HOLDS(is_same);
    }
    return NULL;
}
static const char *thread_looks_up(Stage *stage, uint32_t number) {
    const Called life = LIFE;
    for (uint32_t turn = 0; turn < 50; turn++) {
        char text[48];
        const int len = snprintf(text, sizeof text, "%u %u?", (unsigned)number, (unsigned)turn);
        const ConformanceLifeFrame_lookup frame = { slice_of(text, (size_t)len - 1) };
        ConformanceLifeOptionStringOwned out;
        CALL(life, CONFORMANCE_LIFE_METHOD_LOOKUP, &frame, &out);
        HOLDS(out.tag && is(polyplug_lend(out.value), text));
        polyplug_buffer_release(&out.value);
    }
    return NULL;
}
static void *runs_calls(void *with) {
    Thread *thread = with;
    thread->wrong = thread_calls(thread->stage, thread->number);
    return NULL;
}
static void *runs_look_ups(void *with) {
    Thread *thread = with;
    thread->wrong = thread_looks_up(thread->stage, thread->number);
    return NULL;
}
static const char *on_threads(Stage *stage, uint32_t count, void *(*run)(void *)) {
    Thread all[8];
    pthread_t handles[8];
    for (uint32_t at = 0; at < count; at++) {
        all[at] = (Thread){ stage, at, NULL };
        pthread_create(&handles[at], NULL, run, &all[at]);
    }
    int failed = 0;
    for (uint32_t at = 0; at < count; at++) {
        pthread_join(handles[at], NULL);
        failed |= all[at].wrong != NULL;
    }
    HOLDS(!failed);
    return NULL;
}
static const char *threads(Stage *stage) { return on_threads(stage, 8, runs_calls); }
static const char *threads_and_the_desk(Stage *stage) { return on_threads(stage, 4, runs_look_ups); }

/// Runs a case in a runtime of its own.
static const char *in_its_own(Stage *stage, const char *(*run)(Stage *own)) {
    Stage *own = calloc(1, sizeof *own);
    if (!own) abort();
    const char *wrong = stage_whole(own, &stage->files);
    if (!wrong) wrong = run(own);
    if (!wrong) stage_end(own), free(own);
    return wrong;
}
static const char *add_is_five(Stage *stage) {
    const ConformanceLifeFrame_add frame = { 2, 3 };
    uint64_t sum = 0;
    CALL(LIFE, CONFORMANCE_LIFE_METHOD_ADD, &frame, &sum);
    HOLDS(sum == 5);
    return NULL;
}
static const char *unloaded(Stage *stage) {
    PolyplugError *error = NULL;
    PolyplugReport *report = polyplug_module_unload(stage->module, POLYPLUG_NO_WAIT, &error);
    if (!report) return erred(error);
    polyplug_release(report);
    return NULL;
}
static const char *counts(Stage *stage, uint64_t golden) {
    uint64_t count = 0;
    CALL(LIFE, CONFORMANCE_LIFE_METHOD_COUNT, NULL, &count);
    HOLDS(count == golden);
    return NULL;
}
static const char *reload_own(Stage *stage) {
    const char *wrong = counts(stage, 1);
    if (!wrong) wrong = counts(stage, 2);
    if (wrong) return wrong;
    PolyplugError *error = NULL;
    PolyplugReport *report = polyplug_module_reload(stage->module, POLYPLUG_NO_WAIT, &error);
    if (!report) return erred(error);
    polyplug_release(report);
    return counts(stage, 3);
}
static const char *reload(Stage *stage) { return in_its_own(stage, reload_own); }
static const char *call_after_unload_own(Stage *stage) {
    const char *wrong = add_is_five(stage);
    if (!wrong) wrong = unloaded(stage);
    if (wrong) return wrong;
    const ConformanceLifeFrame_add frame = { 2, 3 };
    uint64_t sum = 0;
    PolyplugFaultRecord *fault = call(LIFE, CONFORMANCE_LIFE_METHOD_ADD, &frame, &sum);
    HOLDS(fault && fault->kind == POLYPLUG_FAULT_KIND_UNLOADED);
    polyplug_fault_release(fault);
    PolyplugList *providers = polyplug_runtime_providers(stage->runtime, LIFE.contract, NULL);
    HOLDS(providers && providers->count == 0);
    polyplug_release(providers);
    return NULL;
}
static const char *call_after_unload(Stage *stage) { return in_its_own(stage, call_after_unload_own); }
static void *waits(void *with) {
    Thread *thread = with;
    Stage *stage = thread->stage;
    const ConformanceLifeFrame_wait frame = { 200 };
    uint64_t answer = 0;
    PolyplugFaultRecord *fault = call(LIFE, CONFORMANCE_LIFE_METHOD_WAIT, &frame, &answer);
    if (fault) polyplug_fault_release(fault);
    thread->number = (uint32_t)answer;
    return NULL;
}
static const char *call_during_unload_own(Stage *stage) {
    Thread waiting = { stage, 0, NULL };
    // The caller is made before the thread has it.
    (void)LIFE;
    pthread_t thread;
    pthread_create(&thread, NULL, waits, &waiting);
    const struct timespec time = { 0, 60000000 };
    nanosleep(&time, NULL);
    const char *wrong = unloaded(stage);
    pthread_join(thread, NULL);
    if (wrong) return wrong;
    HOLDS(waiting.number == 200);
    return NULL;
}
static const char *call_during_unload(Stage *stage) { return in_its_own(stage, call_during_unload_own); }
static const char *load_after_unload_own(Stage *stage) {
    const char *wrong = unloaded(stage);
    if (wrong) return wrong;
    polyplug_release(stage->module);
    PolyplugError *error = NULL;
    stage->module = polyplug_runtime_load(stage->runtime, TEXT(stage->files.guest), &error);
    if (!stage->module) return erred(error);
    return add_is_five(stage);
}
static const char *load_after_unload(Stage *stage) { return in_its_own(stage, load_after_unload_own); }
static const char *object_after_unload_own(Stage *stage) {
    PolyplugObject listener;
    const char *wrong = made_listener(stage, LITERAL("later"), &listener);
    if (!wrong) wrong = unloaded(stage);
    if (wrong) return wrong;
    HOLDS(is_named(&listener, "later"));
    polyplug_object_release(&listener);
    return NULL;
}
static const char *object_after_unload(Stage *stage) { return in_its_own(stage, object_after_unload_own); }

static const Row BEHAVIOURS[] = {
    { "after-lies", after_lies },
    { "throw", throws },
    { "throw-place", throw_place },
    { "throw-into-the-error", throw_into },
    { "desk-write", desk_write_twice },
    { "log", log_line },
    { "desk-missing", desk_missing },
    { "metadata-plugin", metadata_plugin },
    { "metadata-contracts", metadata_contracts },
    { "metadata-provider", metadata_provider },
    { "closure-lent", closure_lent },
    { "closure-that-changes", closure_that_changes },
    { "closure-optional", closure_optional },
    { "closure-result", closure_result },
    { "closure-fails", closure_fails },
    { "closure-kept", closure_kept },
    { "closure-not-kept", closure_not_kept },
    { "closure-once", closure_once },
    { "closure-shared", closure_shared },
    { "closure-made", closure_made },
    { "closure-panics", closure_panics },
    { "enter-from-a-closure", enter_from_a_closure },
    { "object-lent", object_lent },
    { "object-lent-inside", object_lent_inside },
    { "object-made", object_made },
    { "object-dropped", object_dropped },
    { "object-there-and-back", object_there_and_back },
    { "object-kept", object_kept },
    { "object-list", object_list },
    { "object-inside-data", object_inside_data },
    { "object-fails", object_fails },
    { "object-after-unload", object_after_unload },
    { "stream-made", stream_made },
    { "stream-lent", stream_lent },
    { "stream-given", stream_given },
    { "stream-of-its-own", stream_of_its_own },
    { "pinned", pinned },
    { "threads", threads },
    { "threads-and-the-desk", threads_and_the_desk },
    { "reload", reload },
    { "call-after-unload", call_after_unload },
    { "call-during-unload", call_during_unload },
    { "load-after-unload", load_after_unload },
};

#endif
