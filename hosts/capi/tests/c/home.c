// A host in C whose functions stay on one thread. Arguments: the counter, the greeter.

#include "polyplug_host.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                    \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);         \
            exit(1);                                                                        \
        }                                                                                   \
    } while (0)

#define TEXT(text) (const uint8_t *)(text), POLYPLUG_TERMINATED

static pthread_t home_thread;
static int calls = 0;
static char events[1024];

static int32_t answer(uint32_t key, uint32_t method, const void *frame, void *out, PolyplugFaultRecord **fault) {
    (void)frame;
    CHECK(pthread_equal(pthread_self(), home_thread) && method == 0);
    if (++calls == 3) {
        *fault = polyplug_fault_new(POLYPLUG_FAULT_KIND_THREW, TEXT("the third time"), TEXT(""));
        return POLYPLUG_FAILED;
    }
    *(uint64_t *)out = key;
    return POLYPLUG_OK;
}

static void heard(uint32_t key, const PolyplugEvent *event) {
    CHECK(pthread_equal(pthread_self(), home_thread) && key == 9);
    strcat(events, (const char *)event->code.ptr);
    strcat(events, " ");
}

static const PolyplugCaller *caller;
static uint32_t ask;
static const PolyplugRuntime *runtime;
static const char *greeter;

// Asks, and expects a number, or a fault with this text.
static void expect(uint64_t number, const char *text) {
    struct {
        uint32_t tag;
        union {
            uint64_t number;
            PolyplugFaultRecord *fault;
        } of;
    } result;
    PolyplugFaultRecord *fault = NULL;
    if (polyplug_call(caller, ask, NULL, &result, &fault) == POLYPLUG_OK) {
        if (result.tag == 0) {
            CHECK(text == NULL && result.of.number == number);
            return;
        }
        fault = result.of.fault;
    }
    CHECK(text != NULL && fault->kind == POLYPLUG_FAULT_KIND_THREW);
    CHECK(strstr((const char *)fault->message.ptr, text) != NULL);
    polyplug_fault_release(fault);
}

static void *elsewhere(void *unused) {
    expect(0, "the call comes from another thread");
    return unused;
}

static void *loads_elsewhere(void *unused) {
    PolyplugModule *module = polyplug_runtime_load(runtime, TEXT(greeter), NULL);
    CHECK(module != NULL && polyplug_release(module) == POLYPLUG_OK);
    return unused;
}

static void on_a_thread(void *(*work)(void *)) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, work, NULL) == 0 && pthread_join(thread, NULL) == 0);
}

int main(int count, char **arguments) {
    CHECK(count == 3);
    home_thread = pthread_self();
    greeter = arguments[2];
    PolyplugRuntime *own = polyplug_runtime_new();
    runtime = own;
    PolyplugModule *module = polyplug_runtime_load(runtime, TEXT(arguments[1]), NULL);
    PolyplugContract *source = polyplug_runtime_contract(runtime, TEXT("fixture.source"), 1, NULL);
    PolyplugContract *counter = polyplug_runtime_contract(runtime, TEXT("fixture.counter"), 1, NULL);
    PolyplugCaller *found = polyplug_runtime_get(runtime, counter, NULL, 0, NULL);
    CHECK(module != NULL && source != NULL && found != NULL);
    caller = found;
    for (size_t at = 0; at < counter->method_count; at++)
        if (memcmp(counter->methods[at].name.ptr, "ask", 3) == 0) ask = counter->methods[at].number;

    PolyplugHome *home = polyplug_home_new(answer, heard, NULL);
    PolyplugHomeState *state = polyplug_home_state(home, NULL);
    PolyplugModule *provided = polyplug_home_provide(home, runtime, source, NULL, 0, 7, NULL);
    PolyplugSubscription *subscription = polyplug_home_subscribe(home, runtime, 9, NULL);
    CHECK(provided != NULL && subscription != NULL && state->entered == 0);
    // A key that was refused is not gone: it was never taken.
    CHECK(polyplug_home_provide(home, runtime, source, NULL, 0, 8, NULL) == NULL && state->waiting == 0);

    expect(0, "cannot be called during what it does now");
    state->entered = 1;
    expect(7, NULL);
    on_a_thread(elsewhere);
    expect(7, NULL);
    expect(0, "the third time");
    CHECK(calls == 3);

    // What happens on another thread, or when nothing may be told, waits.
    on_a_thread(loads_elsewhere);
    CHECK(events[0] == 0 && state->waiting == 1);
    uint32_t keys[4] = {0};
    CHECK(polyplug_home_settle(home, keys, 4) == 0 && state->waiting == 0 && strcmp(events, "loaded ") == 0);
    events[0] = 0;
    PolyplugObject object;
    CHECK(polyplug_home_object(home, runtime, source, 11, &object, NULL) == POLYPLUG_OK);
    CHECK(polyplug_object_release(&object) == POLYPLUG_OK && state->waiting == 1);
    polyplug_release(polyplug_module_unload(provided, 5000, NULL));
    CHECK(strcmp(events, "unloading unloaded ") == 0 && state->waiting == 2);
    CHECK(polyplug_home_settle(home, keys, 1) == 1 && polyplug_home_settle(home, keys + 1, 4) == 1);
    CHECK(keys[0] + keys[1] == 18 && state->waiting == 0);
    polyplug_release(provided);

    // After the home's end.
    provided = polyplug_home_provide(home, runtime, source, NULL, 0, 7, NULL);
    CHECK(provided != NULL && polyplug_release(home) == POLYPLUG_OK);
    expect(0, "has ended");
    CHECK(calls == 3 && polyplug_release(subscription) == POLYPLUG_OK);
    polyplug_release(found), polyplug_release(source), polyplug_release(counter);
    polyplug_release(provided), polyplug_release(module), polyplug_release(own);
    puts("all is well");
    return 0;
}
