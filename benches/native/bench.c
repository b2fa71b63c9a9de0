// What a call costs a host in C. Arguments: the plugin of `guest.c`, a plugin in Rust with the same contract, the library of `floor.c`.
#include <dlfcn.h>
#include <string.h>

#include "polyplug_host.h"

#include "demo_greeter.h"
#include "measure.h"

#define TEXT(text) (const uint8_t *)(text), POLYPLUG_TERMINATED

/// A plugin in the three ways in which it can be called.
typedef struct {
    PolyplugCaller *caller;
    const DemoGreeterInterface *face;
    PolyplugReceiver receiver;
} Plugin;

typedef struct {
    uint32_t (*add)(uint32_t, uint32_t);
    void (*greet)(const char *, size_t, char **, size_t *);
    void (*free)(char *);
    Plugin c, rust;
} With;

static const char NAME[] = "sixteen letters!";

static void stop(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static uint64_t raw_add(void *with, uint64_t calls) {
    const With *all = with;
    uint32_t sum = 0;
    for (uint64_t call = 0; call < calls; call++) sum = all->add(sum & 0xFFFF, 3);
    return sum;
}

static uint64_t pinned_add(Plugin *plugin, uint64_t calls) {
    uint32_t sum = 0;
    for (uint64_t call = 0; call < calls; call++) {
        sum = plugin->face->add(&plugin->receiver, sum & 0xFFFF, 3);
        if (plugin->receiver.fault) stop("a fault");
    }
    return sum;
}
static uint64_t pinned_add_c(void *with, uint64_t calls) { return pinned_add(&((With *)with)->c, calls); }
static uint64_t pinned_add_rust(void *with, uint64_t calls) { return pinned_add(&((With *)with)->rust, calls); }

static uint64_t entered_add(void *with, uint64_t calls) {
    Plugin *plugin = &((With *)with)->c;
    uint32_t sum = 0;
    for (uint64_t call = 0; call < calls; call++) {
        PolyplugEntered entered;
        if (polyplug_caller_enter(plugin->caller, &entered, NULL) != POLYPLUG_OK) stop("it is gone");
        PolyplugReceiver receiver = { entered.state, NULL, NULL };
        sum = ((const DemoGreeterInterface *)(const void *)entered.interface)->add(&receiver, sum & 0xFFFF, 3);
        polyplug_leave(&entered);
        if (receiver.fault) stop("a fault");
    }
    return sum;
}

static uint64_t framed_add(void *with, uint64_t calls) {
    const Plugin *plugin = &((With *)with)->c;
    uint64_t sum = 0;
    for (uint64_t call = 0; call < calls; call++) {
        const DemoGreeterFrame_add frame = { sum & 0xFFFF, 3 };
        if (polyplug_call(plugin->caller, DEMO_GREETER_METHOD_ADD, &frame, &sum, NULL) != POLYPLUG_OK) stop("a fault");
    }
    return sum;
}

static uint64_t raw_greet(void *with, uint64_t calls) {
    const With *all = with;
    uint64_t sum = 0;
    for (uint64_t call = 0; call < calls; call++) {
        char own[64], *text;
        size_t len;
        all->greet(NAME, sizeof NAME - 1, &text, &len);
        memcpy(own, text, len);
        all->free(text);
        sum += (uint64_t)own[len - 1];
    }
    return sum;
}

static uint64_t pinned_greet(Plugin *plugin, uint64_t calls) {
    uint64_t sum = 0;
    for (uint64_t call = 0; call < calls; call++) {
        char own[64];
        PolyplugBuffer text;
        plugin->face->greet(&plugin->receiver, (const uint8_t *)NAME, sizeof NAME - 1, &text);
        if (plugin->receiver.fault) stop("a fault");
        memcpy(own, text.ptr, text.len);
        text.release(text.ptr, text.capacity);
        sum += (uint64_t)own[text.len - 1];
    }
    return sum;
}
static uint64_t pinned_greet_c(void *with, uint64_t calls) { return pinned_greet(&((With *)with)->c, calls); }
static uint64_t pinned_greet_rust(void *with, uint64_t calls) { return pinned_greet(&((With *)with)->rust, calls); }

static uint64_t framed_greet(void *with, uint64_t calls) {
    const Plugin *plugin = &((With *)with)->c;
    uint64_t sum = 0;
    for (uint64_t call = 0; call < calls; call++) {
        const DemoGreeterFrame_greet frame = { { (const uint8_t *)NAME, sizeof NAME - 1 } };
        char own[64];
        PolyplugBuffer text;
        if (polyplug_call(plugin->caller, DEMO_GREETER_METHOD_GREET, &frame, &text, NULL) != POLYPLUG_OK) stop("a fault");
        memcpy(own, text.ptr, text.len);
        polyplug_buffer_release(&text);
        sum += (uint64_t)own[text.len - 1];
    }
    return sum;
}

static Plugin opened(PolyplugRuntime *runtime, const char *path, const char *name) {
    PolyplugError *error = NULL;
    Plugin plugin;
    if (!polyplug_runtime_load(runtime, TEXT(path), &error)) stop((const char *)error->text.ptr);
    PolyplugContract *contract = polyplug_contract_described(demo_greeter_contract(), &error);
    plugin.caller = polyplug_runtime_get(runtime, contract, name ? (const uint8_t *)name : NULL, name ? POLYPLUG_TERMINATED : 0, &error);
    if (!plugin.caller) stop((const char *)error->text.ptr);
    const PolyplugPinned *pinned = polyplug_caller_pin(plugin.caller, &error);
    const PolyplugInterfaceHeader *face;
    void *state;
    if (polyplug_pinned_face(pinned, &face, &state, &error) != POLYPLUG_OK) stop((const char *)error->text.ptr);
    plugin.face = (const DemoGreeterInterface *)(const void *)face;
    plugin.receiver = (PolyplugReceiver){ state, NULL, NULL };
    return plugin;
}

int main(int count, char **arguments) {
    if (count != 4) stop("needed: the plugin in C, the plugin in Rust, the floor");
    With with;
    void *floor = dlopen(arguments[3], RTLD_NOW);
    if (!floor) stop(dlerror());
    *(void **)&with.add = dlsym(floor, "floor_add");
    *(void **)&with.greet = dlsym(floor, "floor_greet");
    *(void **)&with.free = dlsym(floor, "floor_free");
    PolyplugRuntime *runtime = polyplug_runtime_new();
    with.c = opened(runtime, arguments[1], "bench");
    with.rust = opened(runtime, arguments[2], "hello");
    static const char *const adds[] = { "function pointer", "pinned, guest in C", "pinned, guest in Rust", "caller, entered and left",
        "caller, polyplug_call" };
    static const Arm add[] = { raw_add, pinned_add_c, pinned_add_rust, entered_add, framed_add };
    static const double limits[] = { 0, 1.15, 1.15, 0, 0 };
    int holds = measure("C: add(u32, u32)", 5, adds, add, limits, &with);
    static const char *const greets[] = { "pointer, length, buffer", "pinned, guest in C", "pinned, guest in Rust", "caller, polyplug_call" };
    static const Arm greet[] = { raw_greet, pinned_greet_c, pinned_greet_rust, framed_greet };
    static const double none[] = { 0, 0, 0, 0 };
    measure("C: greet(16 B) -> text", 4, greets, greet, none, &with);
    return !holds;
}
