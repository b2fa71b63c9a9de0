// What the benches of hosts in C and C++ call: the functions of `floor.c`, as a plugin.
#include "demo_greeter.h"
#include "polyplug_plugin.h"

static void greet(PolyplugReceiver *receiver, const uint8_t *name, size_t name_len, PolyplugBuffer *out) {
    (void)receiver;
    char *text = malloc(name_len + 8);
    if (!text) abort();
    memcpy(text, "Hello, ", 7);
    memcpy(text + 7, name, name_len);
    text[name_len + 7] = '!';
    *out = polyplug_give(text, name_len + 8);
}

static uint32_t add(PolyplugReceiver *receiver, uint32_t a, uint32_t b) {
    (void)receiver;
    return a + b;
}

DEMO_GREETER_INTERFACE(greeter, greet, add)

static int state;
static void *construct(PolyplugReceiver *receiver, const PolyplugContextRecord *context, PolyplugBuffer *error) {
    (void)receiver, (void)context, (void)error;
    return &state;
}
static void destroy(PolyplugReceiver *receiver) { (void)receiver; }

static const PolyplugPluginDescriptor PLUGIN = {
    .size = sizeof PLUGIN,
    .name = POLYPLUG_TEXT("bench"),
    .version = POLYPLUG_TEXT("1.0.0"),
    .construct = construct,
    .destroy = destroy,
};

POLYPLUG_MODULE(POLYPLUG_MODULE_FLAGS_MAY_UNMAP, POLYPLUG_OFFER(&PLUGIN, &greeter.head))
