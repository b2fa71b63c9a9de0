// A host in C that knows no contract: `greet PLUGIN NAME` loads a library with a greeter, and has it greet.

#include "polyplug_host.h"

#include <stdio.h>
#include <string.h>

// Says why not.
static int failed(PolyplugError *error) {
    fprintf(stderr, "%s\n", error ? (const char *)error->text.ptr : "no reason is known");
    polyplug_release(error);
    return 1;
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: greet PLUGIN NAME\n");
        return 2;
    }
    PolyplugError *error = NULL;
    PolyplugRuntime *runtime = polyplug_runtime_new();
    PolyplugModule *module =
        polyplug_runtime_load(runtime, (const uint8_t *)arguments[1], POLYPLUG_TERMINATED, &error);
    if (!module) return failed(error);
    PolyplugContract *contract =
        polyplug_runtime_contract(runtime, (const uint8_t *)"demo.greeter", POLYPLUG_TERMINATED, 1, &error);
    if (!contract) return failed(error);
    PolyplugCaller *greeter = polyplug_runtime_get(runtime, contract, NULL, 0, &error);
    if (!greeter) return failed(error);

    // `greet(name: &str) -> String` is method number 0; a frame is the C struct of its arguments.
    struct {
        PolyplugSlice name;
    } frame = {{(const uint8_t *)arguments[2], strlen(arguments[2])}};
    PolyplugBuffer hello;
    PolyplugFaultRecord *fault = NULL;
    if (polyplug_call(greeter, 0, &frame, &hello, &fault) != POLYPLUG_OK) {
        PolyplugError *words = polyplug_fault_error(fault);
        polyplug_fault_release(fault);
        return failed(words);
    }
    printf("%.*s\n", (int)hello.len, (const char *)hello.ptr);
    polyplug_buffer_release(&hello);

    polyplug_release(greeter);
    polyplug_release(contract);
    polyplug_release(module);
    polyplug_release(runtime);
    return 0;
}
