// A stage of the example pipeline, in C: takes the white space from the ends of lines. It shows structs, lists, results, and a
// call of the host.
#include "demo_progress.h"
#include "demo_stage.h"
#include "polyplug_plugin.h"

/// What the stage has: its way to the host.
typedef struct {
    const PolyplugContextRecord *context;
} Trim;

static uint32_t position(PolyplugReceiver *receiver) {
    (void)receiver;
    return 110;
}

static void describe(PolyplugReceiver *receiver, PolyplugBuffer *out) {
    (void)receiver;
    *out = polyplug_stringf("text in, the same text without white space at the ends of lines out");
}

/// Tells the host how far the work is. Returns 0, and the fault in the receiver, when it cannot be told.
static int report(PolyplugReceiver *receiver, uint64_t done, uint64_t total) {
    const Trim *trim = receiver->state;
    const PolyplugHold *hold = polyplug_hold(trim->context, POLYPLUG_ASKED_HOST, demo_progress_contract(), &receiver->fault);
    if (!hold) return 0;
    const DemoProgressInterface *progress = (const DemoProgressInterface *)hold->interface;
    PolyplugReceiver call = polyplug_receiver(hold->state);
    progress->report(&call, done, total);
    polyplug_let_go(hold);
    // What the host did not answer goes on to whoever called us.
    receiver->fault = call.fault;
    return !call.fault;
}

static PolyplugBuffer number(uint64_t value) { return polyplug_stringf("%llu", (unsigned long long)value); }

static void run(PolyplugReceiver *receiver, const uint8_t *input, size_t input_len, const DemoStageOptionsLent *options,
    DemoStageResultOutputStageErrorOwned *out) {
    if (options->sabotage) {
        polyplug_throw(receiver, "sabotaged");
        return;
    }
    uint8_t *text = malloc(input_len ? input_len : 1);
    if (!text) {
        polyplug_throw(receiver, "out of memory");
        return;
    }
    size_t length = 0;
    uint64_t lines = 0;
    // The end of the text is the end of a line as well.
    for (size_t at = 0; at <= input_len; at++) {
        if (at == input_len || input[at] == '\n') {
            while (length && (text[length - 1] == ' ' || text[length - 1] == '\t')) length--;
            lines++;
        }
        if (at < input_len) text[length++] = input[at];
    }
    if (!report(receiver, input_len, input_len)) {
        free(text);
        return;
    }
    const DemoStageNoteOwned notes[] = {
        { polyplug_stringf("lines"), number(lines) },
        { polyplug_stringf("bytes saved"), number(input_len - length) },
    };
    out->tag = 0;
    out->as.ok.bytes = polyplug_give(text, length);
    out->as.ok.notes = polyplug_copy(notes, sizeof notes / sizeof notes[0], sizeof notes[0]);
}

DEMO_STAGE_INTERFACE(trim_interface, position, describe, run)

static void *construct(PolyplugReceiver *receiver, const PolyplugContextRecord *context, PolyplugBuffer *error) {
    (void)error;
    Trim *trim = malloc(sizeof *trim);
    if (!trim) {
        polyplug_throw(receiver, "out of memory");
        return NULL;
    }
    context->table->retain(context);
    trim->context = context;
    return trim;
}

static void destroy(PolyplugReceiver *receiver) {
    Trim *trim = receiver->state;
    trim->context->table->release(trim->context);
    free(trim);
}

static const PolyplugPluginDescriptor PLUGIN = {
    .size = sizeof PLUGIN,
    .name = POLYPLUG_TEXT("trim"),
    .version = POLYPLUG_TEXT("1.0.0"),
    .description = POLYPLUG_TEXT("Trims lines, in C"),
    .license = POLYPLUG_TEXT("MIT OR Apache-2.0"),
    .construct = construct,
    .destroy = destroy,
};

POLYPLUG_MODULE(POLYPLUG_MODULE_FLAGS_MAY_UNMAP, POLYPLUG_OFFER(&PLUGIN, &trim_interface.head))
