// The greeter of the quick start, in C. Its contract's header is written by
//   cargo polyplug headers <the library of greeter-api>
#include "demo_greeter.h"
#include "polyplug_plugin.h"

/// How it greets, as it was configured: JSON text, a string.
typedef struct {
    PolyplugBuffer greeting;
} Greeter;

static void greet(PolyplugReceiver *receiver, const uint8_t *name, size_t name_len, PolyplugBuffer *out) {
    const Greeter *greeter = receiver->state;
    if (!name_len) {
        polyplug_throw(receiver, "nobody to greet");
        return;
    }
    // The quotes of the JSON text are left out; without a configuration it is `null`.
    PolyplugSlice greeting = polyplug_lend(greeter->greeting);
    if (greeting.len > 2 && greeting.ptr[0] == '"') {
        greeting.ptr++, greeting.len -= 2;
    } else {
        greeting = (PolyplugSlice)POLYPLUG_TEXT("Hello");
    }
    *out = polyplug_stringf("%.*s from C, %.*s!", POLYPLUG_PRINT(greeting), (int)name_len, (const char *)name);
}

// `add` is left to its default body.
DEMO_GREETER_INTERFACE(greeter_interface, greet, NULL)

static void *construct(PolyplugReceiver *receiver, const PolyplugContextRecord *context, PolyplugBuffer *error) {
    (void)error;
    Greeter *greeter = calloc(1, sizeof *greeter);
    if (!greeter) {
        polyplug_throw(receiver, "out of memory");
        return NULL;
    }
    receiver->fault = polyplug_config(context, &greeter->greeting);
    if (receiver->fault) {
        free(greeter);
        return NULL;
    }
    return greeter;
}

static void destroy(PolyplugReceiver *receiver) {
    Greeter *greeter = receiver->state;
    polyplug_give_back(greeter->greeting);
    free(greeter);
}

static const PolyplugPluginDescriptor PLUGIN = {
    .size = sizeof PLUGIN,
    .name = POLYPLUG_TEXT("greeter-c"),
    .version = POLYPLUG_TEXT("1.0.0"),
    .description = POLYPLUG_TEXT("Greets from C"),
    .license = POLYPLUG_TEXT("MIT OR Apache-2.0"),
    .construct = construct,
    .destroy = destroy,
};

// No threads, nothing left with the process: it may be unmapped.
POLYPLUG_MODULE(POLYPLUG_MODULE_FLAGS_MAY_UNMAP, POLYPLUG_OFFER(&PLUGIN, &greeter_interface.head))
