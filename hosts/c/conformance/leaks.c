// Many calls of each kind, and the memory that is left of them. Arguments: contract module, peer module, guest, and
// `short` for fewer calls.
#define _POSIX_C_SOURCE 200809L

#include "desk.h"
#include "memory.h"
#include "runner.h"

static int text_comes_back(Stage *stage) {
    const Called values = called_of(stage, conformance_values_contract());
    const ConformanceValuesFrame_same_text frame = { { (const uint8_t *)"sixteen letters!", 16 } };
    PolyplugBuffer out;
    if (polyplug_call(values.caller, CONFORMANCE_VALUES_METHOD_SAME_TEXT, &frame, &out, NULL) != POLYPLUG_OK) return 0;
    return polyplug_buffer_release(&out) == POLYPLUG_OK;
}

static int fault_comes_back(Stage *stage) {
    const Called life = called_of(stage, conformance_life_contract());
    const ConformanceLifeFrame_throw frame = { { (const uint8_t *)"no", 2 } };
    uint64_t out;
    PolyplugFaultRecord *fault = NULL;
    if (polyplug_call(life.caller, CONFORMANCE_LIFE_METHOD_THROW, &frame, &out, &fault) == POLYPLUG_OK) return 0;
    return polyplug_fault_release(fault) == POLYPLUG_OK;
}

static int error_comes_back(Stage *stage) {
    const Called values = called_of(stage, conformance_values_contract());
    const ConformanceValuesFrame_parse frame = { { (const uint8_t *)"no number", 9 } };
    ConformanceValuesResultI32StringOwned out;
    if (polyplug_call(values.caller, CONFORMANCE_VALUES_METHOD_PARSE, &frame, &out, NULL) != POLYPLUG_OK || !out.tag) return 0;
    return polyplug_value_release(values.contract->methods[CONFORMANCE_VALUES_METHOD_PARSE].result, &out) == POLYPLUG_OK;
}

static int desk_is_asked(Stage *stage) {
    const Called life = called_of(stage, conformance_life_contract());
    const ConformanceLifeFrame_lookup frame = { { (const uint8_t *)"sixteen letters!", 16 } };
    ConformanceLifeOptionStringOwned out;
    if (polyplug_call(life.caller, CONFORMANCE_LIFE_METHOD_LOOKUP, &frame, &out, NULL) != POLYPLUG_OK || !out.tag) return 0;
    return polyplug_buffer_release(&out.value) == POLYPLUG_OK;
}

static int object_is_made(Stage *stage) {
    const Called objects = called_of(stage, conformance_objects_contract());
    const ConformanceObjectsFrame_listener frame = { { (const uint8_t *)"ears", 4 } };
    PolyplugObject out;
    if (polyplug_call(objects.caller, CONFORMANCE_OBJECTS_METHOD_LISTENER, &frame, &out, NULL) != POLYPLUG_OK) return 0;
    return polyplug_object_release(&out) == POLYPLUG_OK;
}

int main(int count, char **arguments) {
    if (count != 4 && count != 5) {
        fputs("needed: contract module, peer module, guest; then `short`, perhaps\n", stderr);
        return 2;
    }
    const Files files = { arguments[1], arguments[2], "-", arguments[3] };
    static Stage stage;
    const char *broken = stage_whole(&stage, &files);
    if (broken) {
        fprintf(stderr, "error: %s\n", broken);
        return 1;
    }
    const struct {
        const char *what;
        int (*run)(Stage *stage);
        long calls;
    } kinds[] = {
        { "text there and back", text_comes_back, 1000000 },
        { "a fault", fault_comes_back, 1000000 },
        { "an error in a result", error_comes_back, 1000000 },
        { "text to the host contract and back", desk_is_asked, 100000 },
        { "an object", object_is_made, 100000 },
    };
    int stayed = 1;
    for (size_t at = 0; at < sizeof kinds / sizeof kinds[0]; at++) {
        const long calls = memory_calls(kinds[at].calls, count == 5);
        for (long call = 0; call < calls / 10; call++) {
            if (!kinds[at].run(&stage)) return 1;
        }
        const long before = memory_resident();
        for (long call = 0; call < calls; call++) kinds[at].run(&stage);
        stayed &= memory_stayed("C", kinds[at].what, calls, before);
    }
    stage_end(&stage);
    return !stayed;
}
