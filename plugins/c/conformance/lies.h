// Answers that are no values of their types, for the conformance guests in C and in C++: both write to the wire what they like.
#ifndef CONFORMANCE_LIES_GUEST_H
#define CONFORMANCE_LIES_GUEST_H

#include "conformance_desk.h"
#include "conformance_lies.h"
#include "polyplug_plugin.h"

/// The context of the guest that a state belongs to.
static const PolyplugContextRecord *lies_context(void *state);

static void lie_text(PolyplugReceiver *receiver, PolyplugBuffer *out) {
    (void)receiver;
    *out = polyplug_string("a\xff\x62", 3);
}
static void lie_surrogate(PolyplugReceiver *receiver, PolyplugBuffer *out) {
    (void)receiver;
    *out = polyplug_string("\xed\xa0\x80", 3);
}
static uint32_t lie_truth(PolyplugReceiver *receiver) {
    (void)receiver;
    return 2;
}
static uint32_t lie_letter(PolyplugReceiver *receiver) {
    (void)receiver;
    return 0xD800;
}
static uint32_t lie_beyond(PolyplugReceiver *receiver) {
    (void)receiver;
    return 0x110000;
}
static uint32_t lie_colour(PolyplugReceiver *receiver) {
    (void)receiver;
    return 3;
}
static void lie_shape(PolyplugReceiver *receiver, ConformanceLiesShapeOwned *out) {
    (void)receiver;
    memset(out, 0, sizeof *out);
    out->tag = 3;
}
static void lie_maybe(PolyplugReceiver *receiver, ConformanceLiesOptionU32 *out) {
    (void)receiver;
    out->tag = 2;
    out->value = 0;
}
static void lie_outcome(PolyplugReceiver *receiver, ConformanceLiesResultU32StringOwned *out) {
    (void)receiver;
    memset(out, 0, sizeof *out);
    out->tag = 2;
}
static void lie_texts(PolyplugReceiver *receiver, PolyplugBuffer *out) {
    PolyplugBuffer texts[2];
    texts[0] = polyplug_string("a", 1);
    lie_text(receiver, &texts[1]);
    *out = polyplug_copy(texts, 2, sizeof texts[0]);
}
static void lie_truths(PolyplugReceiver *receiver, PolyplugBuffer *out) {
    (void)receiver;
    *out = polyplug_copy("\x01\x02", 2, 1);
}
static void lie_tree(PolyplugReceiver *receiver, ConformanceLiesTreeOwned *out) {
    ConformanceLiesTreeOwned child;
    memset(&child, 0, sizeof child);
    lie_text(receiver, &child.title);
    memset(out, 0, sizeof *out);
    out->title = polyplug_string("root", 4);
    out->children = polyplug_copy(&child, 1, sizeof child);
}
static void lie_length(PolyplugReceiver *receiver, ConformanceLiesDuration *out) {
    (void)receiver;
    memset(out, 0, sizeof *out);
    out->nanos = 1000000000;
}
static void lie_map(PolyplugReceiver *receiver, PolyplugBuffer *out) {
    ConformanceLiesTupleStringU32Owned pair;
    memset(&pair, 0, sizeof pair);
    lie_text(receiver, &pair._0);
    *out = polyplug_copy(&pair, 1, sizeof pair);
}
static void lie_change(PolyplugReceiver *receiver, PolyplugSink *text) { lie_text(receiver, &text->output); }

static uint32_t lie_tell(PolyplugReceiver *receiver) {
    const PolyplugHold *desk =
        polyplug_hold(lies_context(receiver->state), POLYPLUG_ASKED_HOST, conformance_desk_contract(), &receiver->fault);
    if (!desk) return 0;
    PolyplugReceiver call = polyplug_receiver(desk->state);
    const ConformanceDeskInterface *functions = (const ConformanceDeskInterface *)(const void *)desk->interface;
    // Through the erased entry, which checks what it is given: the typed one may trust its caller.
    const ConformanceDeskFrame_write frame = { POLYPLUG_TEXT("a\xff\x62") };
    uint32_t count = 0;
    functions->head.invoke(&call, CONFORMANCE_DESK_METHOD_WRITE, &frame, &count);
    receiver->fault = call.fault;
    polyplug_let_go(desk);
    return count;
}

CONFORMANCE_LIES_INTERFACE(lies, lie_text, lie_surrogate, lie_truth, lie_letter, lie_beyond, lie_colour, lie_shape, lie_maybe, lie_outcome,
    lie_texts, lie_truths, lie_tree, lie_length, lie_map, lie_change, lie_tell)

#endif
