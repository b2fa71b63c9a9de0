// A host in C that knows no contract: it learns them from the plugins that it loads. Arguments: the greeter, the counter, a copy
// of the greeter that is written over.

#include "polyplug_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                    \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);         \
            if (error) fprintf(stderr, "%s\n", (const char *)error->text.ptr);              \
            if (fault) fprintf(stderr, "%.*s\n", (int)fault->message.len, fault->message.ptr); \
            exit(1);                                                                        \
        }                                                                                   \
    } while (0)

#define TEXT(text) (const uint8_t *)(text), POLYPLUG_TERMINATED

static PolyplugError *error = NULL;
static PolyplugFaultRecord *fault = NULL;

static int is(PolyplugSlice slice, const char *text) {
    return slice.len == strlen(text) && memcmp(slice.ptr, text, slice.len) == 0;
}

static int has(PolyplugSlice slice, const char *text) { return strstr((const char *)slice.ptr, text) != NULL; }

static const PolyplugMethod *method(const PolyplugContract *contract, const char *name) {
    for (size_t at = 0; at < contract->method_count; at++)
        if (is(contract->methods[at].name, name)) return &contract->methods[at];
    CHECK(!"such a method");
    return NULL;
}

// Calls a method that takes one text.
static int32_t with_text(const void *handle, const PolyplugMethod *called, const char *text, void *out) {
    union {
        uint64_t aligned;
        unsigned char bytes[64];
    } frame;
    CHECK(called->argument_count >= 1 && called->frame_size <= sizeof frame);
    CHECK(called->arguments[0].passing == POLYPLUG_PASSING_TEXT);
    PolyplugSlice slice = {(const uint8_t *)text, strlen(text)};
    memcpy(frame.bytes + called->arguments[0].frame_offset, &slice, sizeof slice);
    return polyplug_call(handle, called->number, &frame, out, &fault);
}

static char events[4096];

static void heard(void *user, const PolyplugEvent *event) {
    CHECK(user == events);
    strcat(events, (const char *)event->code.ptr);
    strcat(events, " ");
}

static int destroyed = 0;

static void destroy(void *user) {
    (void)user;
    destroyed++;
}

// The host contract `fixture.source`: the next number.
static int32_t source(void *user, const PolyplugContract *contract, uint32_t number, const void *frame, void *out,
                      PolyplugFaultRecord **place) {
    (void)frame;
    CHECK(is(contract->id, "fixture.source") && is(contract->methods[number].name, "next"));
    uint64_t *next = user;
    if (*next == 13) {
        *place = polyplug_fault_new(POLYPLUG_FAULT_KIND_THREW, TEXT("thirteen brings bad luck"), TEXT("at source"));
        return POLYPLUG_FAILED;
    }
    *(uint64_t *)out = (*next)++;
    return POLYPLUG_OK;
}

// A closure: how long a word is.
static int32_t visit(void *user, const PolyplugContract *contract, uint32_t number, const void *frame, void *out,
                     PolyplugFaultRecord **unused) {
    (void)unused;
    CHECK(contract->id.len == 0 && number == 0 && contract->methods[0].argument_count == 1);
    // A reference that a closure takes is the address of a value: of a slice.
    const PolyplugArgument *argument = &contract->methods[0].arguments[0];
    CHECK(argument->passing == POLYPLUG_PASSING_REFERENCE && argument->ty->kind == POLYPLUG_TYPE_KIND_TEXT);
    const PolyplugSlice *place;
    PolyplugSlice word;
    memcpy(&place, (const char *)frame + argument->frame_offset, sizeof place);
    word = *place;
    ++*(int *)user;
    *(uint32_t *)out = (uint32_t)word.len;
    return POLYPLUG_OK;
}

static void greets(PolyplugRuntime *runtime, const char *path) {
    PolyplugModule *module = polyplug_runtime_load(runtime, TEXT(path), &error);
    CHECK(module != NULL && error == NULL);
    PolyplugPlugins *plugins = polyplug_module_plugins(module, &error);
    CHECK(plugins->count == 2 && is(plugins->items[0].name, "counting") && is(plugins->items[1].name, "greeter"));
    CHECK(plugins->items[1].contract_count == 2 && is(plugins->items[1].contracts[0], "demo.greeter 1.0"));
    polyplug_release(plugins);

    // Reflection.
    PolyplugContract *greeter = polyplug_runtime_contract(runtime, TEXT("demo.greeter"), 1, &error);
    CHECK(greeter != NULL && is(greeter->name, "Greeter") && has(greeter->docs, "Greets people"));
    const PolyplugMethod *greet = method(greeter, "greet"), *add = method(greeter, "add");
    CHECK(is(greet->signature, "greet(name: &str) -> String") && greet->result->kind == POLYPLUG_TYPE_KIND_STRING);
    CHECK(greet->flags == 0 && add->flags == POLYPLUG_METHOD_FLAGS_DEFAULT && add->argument_count == 2);
    CHECK(is(add->arguments[1].name, "b") && add->arguments[1].ty->kind == POLYPLUG_TYPE_KIND_U32);
    PolyplugList *providers = polyplug_runtime_providers(runtime, greeter, &error);
    CHECK(providers->count == 1 && is(providers->items[0], "greeter"));
    polyplug_release(providers);

    // Calls.
    PolyplugCaller *caller = polyplug_runtime_get(runtime, greeter, NULL, 0, &error);
    CHECK(caller != NULL);
    PolyplugBuffer hello;
    CHECK(with_text(caller, greet, "C", &hello) == POLYPLUG_OK);
    CHECK(hello.len == 9 && memcmp(hello.ptr, "Hello, C!", 9) == 0);
    CHECK(polyplug_value_release(greet->result, &hello) == POLYPLUG_OK);
    uint32_t numbers[2] = {40, 2};
    uint64_t sum = 0;
    CHECK(polyplug_call(caller, add->number, numbers, &sum, &fault) == POLYPLUG_OK && (uint32_t)sum == 42);

    // Faults and errors.
    CHECK(with_text(caller, greet, "panic", &hello) == POLYPLUG_FAILED);
    CHECK(fault->kind == POLYPLUG_FAULT_KIND_PANICKED && has(fault->message, "nobody is called panic") && fault->line > 0);
    PolyplugError *words = polyplug_fault_error(fault);
    CHECK(is(words->code, "panicked") && has(words->text, "greeter, demo.greeter.greet: nobody is called panic ("));
    polyplug_release(words), polyplug_fault_release(fault), fault = NULL;
    CHECK(polyplug_call(caller, 99, numbers, &sum, &fault) == POLYPLUG_FAILED && has(fault->message, "no method number 99"));
    polyplug_fault_release(fault), fault = NULL;
    CHECK(polyplug_call(caller, add->number, NULL, &sum, &fault) == POLYPLUG_FAILED && has(fault->message, "frame is null"));
    polyplug_fault_release(fault), fault = NULL;
    PolyplugSlice invalid = {(const uint8_t *)"\xFF", 1};
    CHECK(polyplug_call(caller, greet->number, &invalid, &hello, &fault) == POLYPLUG_FAILED && has(fault->message, "UTF-8"));
    polyplug_fault_release(fault), fault = NULL;
    CHECK(polyplug_runtime_get(runtime, greeter, TEXT("gretter"), &error) == NULL && is(error->code, "no-plugin"));
    CHECK(has(error->text, "did you mean `greeter`?"));
    polyplug_release(error);
    CHECK(polyplug_runtime_load(runtime, TEXT("no/such/file"), &error) == NULL && is(error->code, "file-missing"));
    CHECK(has(error->text, "there is no file `no/such/file`"));
    polyplug_release(error);
    CHECK(polyplug_runtime_contract(runtime, TEXT("demo.greeter"), 2, &error) == NULL && is(error->code, "no-provider"));
    polyplug_release(error);

    // Pinned: the typed face.
    PolyplugPinned *pinned = polyplug_caller_pin(caller, &error);
    const PolyplugInterfaceHeader *face;
    PolyplugReceiver receiver = {0};
    void *state;
    CHECK(polyplug_pinned_face(pinned, &face, &state, &error) == POLYPLUG_OK && face->method_count == 2);
    receiver.state = state;
    uint32_t (*typed_add)(PolyplugReceiver *, uint32_t, uint32_t);
    memcpy(&typed_add, (const char *)(face + 1) + add->number * sizeof typed_add, sizeof typed_add);
    CHECK(typed_add(&receiver, 2, 3) == 5 && receiver.fault == NULL);
    CHECK(polyplug_invoke(face, &receiver, add->number, numbers, &sum) == POLYPLUG_OK && (uint32_t)sum == 42);
    int32_t current = 0;
    CHECK(polyplug_is_current(pinned, &current, &error) == POLYPLUG_OK && current == 1);

    // A reload, which the caller follows and the pinned handle does not.
    PolyplugReport *report = polyplug_module_reload(module, POLYPLUG_NO_WAIT, &error);
    CHECK(report != NULL && is(report->code, "reloaded") && has(report->text, "is reloaded as number 2"));
    polyplug_release(report);
    CHECK(polyplug_is_current(pinned, &current, &error) == POLYPLUG_OK && current == 0);
    CHECK(polyplug_call(pinned, add->number, numbers, &sum, &fault) == POLYPLUG_OK && (uint32_t)sum == 42);
    CHECK(with_text(caller, greet, "again", &hello) == POLYPLUG_OK && hello.len == 13);
    polyplug_release(pinned);

    // An unload; what came from the plugin before stays.
    int32_t loaded = 0;
    CHECK(polyplug_module_is_loaded(module, &loaded, &error) == POLYPLUG_OK && loaded == 1);
    report = polyplug_module_unload(module, 5000, &error);
    CHECK(report != NULL && is(report->code, "unmapped") && has(report->text, "is unloaded and unmapped"));
    polyplug_release(report);
    CHECK(polyplug_module_is_loaded(module, &loaded, &error) == POLYPLUG_OK && loaded == 0);
    CHECK(memcmp(hello.ptr, "Hello, again!", 13) == 0 && polyplug_buffer_release(&hello) == POLYPLUG_OK);
    CHECK(with_text(caller, greet, "nobody", &hello) == POLYPLUG_FAILED && fault->kind == POLYPLUG_FAULT_KIND_UNLOADED);
    CHECK(is(fault->plugin, "greeter") && is(fault->contract, "demo.greeter") && is(fault->method, "greet"));
    polyplug_fault_release(fault), fault = NULL;
    CHECK(is(greet->name, "greet"));
    PolyplugSlice name;
    CHECK(polyplug_plugin(caller, &name, &error) == POLYPLUG_OK && is(name, "greeter"));
    CHECK(polyplug_release(caller) == POLYPLUG_OK && polyplug_release(greeter) == POLYPLUG_OK);
    CHECK(polyplug_release(module) == POLYPLUG_OK);
}

static void words(PolyplugRuntime *runtime, const char *path) {
    PolyplugModule *module = polyplug_runtime_load(runtime, TEXT(path), &error);
    CHECK(module != NULL);
    PolyplugContract *contract = polyplug_runtime_contract(runtime, TEXT("fixture.words"), 1, &error);
    PolyplugCaller *caller = polyplug_runtime_get(runtime, contract, TEXT("greeter"), &error);
    CHECK(caller != NULL);

    // A list of structs.
    const PolyplugMethod *all = method(contract, "words");
    const PolyplugType *word = all->result->elements[0];
    CHECK(is(word->name, "Word") && word->field_count == 2 && is(word->fields[1].name, "at"));
    PolyplugBuffer list;
    CHECK(with_text(caller, all, "one two three", &list) == POLYPLUG_OK && list.len == 3);
    const unsigned char *third = list.ptr + 2 * word->owned_size;
    PolyplugBuffer text;
    uint64_t at;
    memcpy(&text, third + word->fields[0].owned_offset, sizeof text);
    memcpy(&at, third + word->fields[1].owned_offset, sizeof at);
    CHECK(text.len == 5 && memcmp(text.ptr, "three", 5) == 0 && at == 8);
    CHECK(polyplug_value_release(all->result, &list) == POLYPLUG_OK);

    // A result that borrows.
    const char *sentence = "one two";
    PolyplugSlice first;
    CHECK(method(contract, "first")->flags == POLYPLUG_METHOD_FLAGS_BORROWS);
    CHECK(with_text(caller, method(contract, "first"), sentence, &first) == POLYPLUG_OK);
    CHECK(first.ptr == (const uint8_t *)sentence && first.len == 3);

    // Data that grows.
    const PolyplugMethod *summary = method(contract, "summary");
    CHECK(summary->result->kind == POLYPLUG_TYPE_KIND_GROWING_STRUCT);
    PolyplugGrown grown;
    CHECK(with_text(caller, summary, sentence, &grown) == POLYPLUG_OK);
    uint32_t count;
    memcpy(&count, grown.ptr + summary->result->fields[1].owned_offset, sizeof count);
    CHECK(count == 2 && polyplug_value_release(summary->result, &grown) == POLYPLUG_OK);

    // An option, full and empty.
    const PolyplugMethod *longest = method(contract, "longest");
    struct {
        uint32_t tag;
        PolyplugBuffer text;
    } option;
    CHECK(longest->result->owned_size == sizeof option);
    CHECK(with_text(caller, longest, "a few words", &option) == POLYPLUG_OK && option.tag == 1 && option.text.len == 5);
    CHECK(polyplug_value_release(longest->result, &option) == POLYPLUG_OK);
    CHECK(with_text(caller, longest, "", &option) == POLYPLUG_OK && option.tag == 0);
    CHECK(polyplug_value_release(longest->result, &option) == POLYPLUG_OK);

    // A closure of ours.
    const PolyplugMethod *visiting = method(contract, "visit");
    const PolyplugContract *closure = visiting->arguments[1].ty->contract;
    int visits = 0;
    PolyplugObject visitor, lent;
    CHECK(closure != NULL && polyplug_release((void *)closure) == POLYPLUG_FAILED);
    CHECK(polyplug_runtime_object(runtime, closure, visit, &visits, destroy, &visitor, &error) == POLYPLUG_OK);
    lent = visitor;
    lent.retain = NULL, lent.release = NULL;
    struct {
        PolyplugSlice text;
        const PolyplugObject *visitor;
    } frame = {{(const uint8_t *)sentence, 7}, &lent};
    CHECK(visiting->frame_size == sizeof frame && visiting->arguments[1].frame_offset == 16);
    uint64_t letters = 0;
    CHECK(polyplug_call(caller, visiting->number, &frame, &letters, &fault) == POLYPLUG_OK);
    CHECK((uint32_t)letters == 6 && visits == 2 && destroyed == 0);
    CHECK(polyplug_object_release(&visitor) == POLYPLUG_OK && destroyed == 1);

    // An object of the plugin's.
    const PolyplugMethod *counter = method(contract, "counter");
    PolyplugObject counting;
    uint64_t next = 0;
    CHECK(polyplug_call(caller, counter->number, NULL, &counting, &fault) == POLYPLUG_OK);
    const PolyplugContract *tally = counter->result->contract;
    CHECK(polyplug_object_call(tally, &counting, 0, NULL, &next, &fault) == POLYPLUG_OK && next == 1);
    CHECK(polyplug_object_call(tally, &counting, 0, NULL, &next, &fault) == POLYPLUG_OK && next == 2);
    CHECK(polyplug_value_release(counter->result, &counting) == POLYPLUG_OK);

    // An exclusive contract has instances only.
    PolyplugContract *exclusive = polyplug_runtime_contract(runtime, TEXT("fixture.words.tally"), 1, &error);
    CHECK(polyplug_runtime_get(runtime, exclusive, NULL, 0, &error) == NULL && is(error->code, "only-instances"));
    polyplug_release(error);
    PolyplugInstance *instance = polyplug_runtime_create(runtime, exclusive, NULL, 0, &error);
    CHECK(instance != NULL && polyplug_call(instance, 0, NULL, &next, &fault) == POLYPLUG_OK && next == 1);
    CHECK(polyplug_call(instance, 0, NULL, &next, &fault) == POLYPLUG_OK && next == 2);
    CHECK(polyplug_instance_migrate(instance, &error) == POLYPLUG_OK);
    PolyplugReport *report = polyplug_module_unload(module, 1000, &error);
    CHECK(is(report->code, "held") && has(report->text, "1 instance of `fixture.words.tally 1.0`"));
    polyplug_release(report);
    CHECK(polyplug_call(instance, 0, NULL, &next, &fault) == POLYPLUG_OK && next == 3);
    polyplug_release(instance);
    report = polyplug_module_unload(module, 5000, &error);
    CHECK(is(report->code, "unmapped"));
    polyplug_release(report);
    polyplug_release(exclusive), polyplug_release(caller), polyplug_release(contract), polyplug_release(module);
    error = NULL;
}

static void provides(PolyplugRuntime *runtime, const char *path) {
    PolyplugModule *counter = polyplug_runtime_load(runtime, TEXT(path), &error);
    CHECK(counter != NULL);
    PolyplugContract *wanted = polyplug_runtime_contract(runtime, TEXT("fixture.source"), 1, &error);
    CHECK(wanted != NULL && wanted->flags & POLYPLUG_CONTRACT_FLAGS_HOST);
    PolyplugContract *contract = polyplug_runtime_contract(runtime, TEXT("fixture.counter"), 1, &error);
    PolyplugCaller *caller = polyplug_runtime_get(runtime, contract, NULL, 0, &error);
    const PolyplugMethod *ask = method(contract, "ask");
    struct {
        uint32_t tag;
        union {
            uint64_t number;
            PolyplugFaultRecord *fault;
        } of;
    } result;
    CHECK(ask->result->owned_size == sizeof result);
    CHECK(polyplug_call(caller, ask->number, NULL, &result, &fault) == POLYPLUG_OK && result.tag == 1);
    CHECK(has(result.of.fault->message, "fixture.source"));
    CHECK(polyplug_value_release(ask->result, &result) == POLYPLUG_OK);

    uint64_t next = 12;
    destroyed = 0;
    PolyplugModule *provided = polyplug_runtime_provide(runtime, wanted, NULL, 0, source, &next, destroy, &error);
    CHECK(provided != NULL);
    CHECK(polyplug_runtime_provide(runtime, wanted, NULL, 0, source, &next, destroy, &error) == NULL);
    CHECK(is(error->code, "duplicate-name") && destroyed == 0);
    polyplug_release(error);
    CHECK(polyplug_call(caller, ask->number, NULL, &result, &fault) == POLYPLUG_OK && result.tag == 0);
    CHECK(result.of.number == 12);
    // The host itself reaches it as well: what a function of ours writes is checked.
    PolyplugCaller *own = polyplug_runtime_get(runtime, wanted, TEXT("host"), &error);
    uint64_t number = 0;
    next = 100;
    CHECK(polyplug_call(own, 0, NULL, &number, &fault) == POLYPLUG_OK && number == 100);
    polyplug_release(own);
    next = 13;
    // A fault of ours goes through the plugin, and comes back.
    if (polyplug_call(caller, ask->number, NULL, &result, &fault) == POLYPLUG_OK) {
        CHECK(result.tag == 1);
        fault = result.of.fault;
    }
    CHECK(fault->kind == POLYPLUG_FAULT_KIND_THREW && has(fault->message, "thirteen brings bad luck"));
    polyplug_fault_release(fault), fault = NULL;

    // The code that turns the plugin's calls into ours is that module's, so it is held.
    PolyplugReport *report = polyplug_module_unload(counter, 200, &error);
    CHECK(is(report->code, "held") && has(report->text, "1 object"));
    polyplug_release(report);
    CHECK(destroyed == 0);
    report = polyplug_module_unload(provided, 5000, &error);
    CHECK(report != NULL && destroyed == 1);
    polyplug_release(report);
    report = polyplug_module_unload(counter, 5000, &error);
    CHECK(is(report->code, "unmapped"));
    polyplug_release(report);
    polyplug_release(caller), polyplug_release(contract), polyplug_release(wanted);
    polyplug_release(provided), polyplug_release(counter);
    error = NULL;
}

int main(int count, char **arguments) {
    CHECK(count == 3);
    PolyplugRuntime *runtime = polyplug_runtime_new();
    PolyplugSubscription *subscription = polyplug_runtime_subscribe(runtime, heard, events, NULL, &error);
    CHECK(subscription != NULL);
    greets(runtime, arguments[1]);
    CHECK(strcmp(events, "loaded reloading reloaded unloading unloaded ") == 0);
    CHECK(polyplug_release(subscription) == POLYPLUG_OK);
    size_t told = strlen(events);
    words(runtime, arguments[1]);
    provides(runtime, arguments[2]);
    CHECK(strlen(events) == told);

    CHECK(polyplug_runtime_configure(runtime, TEXT("greeter"), TEXT("{\"polite\": true}"), &error) == POLYPLUG_OK);
    CHECK(polyplug_runtime_configure(runtime, TEXT("greeter"), TEXT("{"), &error) == POLYPLUG_FAILED);
    CHECK(is(error->code, "not-json"));
    polyplug_release(error), error = NULL;

    PolyplugModule *module = polyplug_runtime_load(runtime, TEXT(arguments[1]), &error);
    PolyplugModules *modules = polyplug_runtime_modules(runtime, &error);
    CHECK(modules->count == 1);
    PolyplugList *path = polyplug_module_path(modules->items[0], &error);
    CHECK(path->count == 1 && has(path->items[0], "greeter"));
    PolyplugList *contracts = polyplug_runtime_contracts(runtime, &error);
    CHECK(contracts->count == 3 && is(contracts->items[0], "demo.greeter 1.0"));
    PolyplugReport *report = polyplug_module_unload_cascade(module, &error);
    CHECK(report != NULL);
    polyplug_release(report), polyplug_release(contracts), polyplug_release(path);
    polyplug_release(modules->items[0]), polyplug_release(modules), polyplug_release(module);
    report = polyplug_runtime_load_dir(runtime, TEXT("/no/such/folder"), &error);
    CHECK(report == NULL && is(error->code, "unreadable-folder"));
    polyplug_release(error), error = NULL;
    CHECK(polyplug_release(runtime) == POLYPLUG_OK);
    printf("all is well\n");
    return 0;
}
