// Values of the conformance guest in C: each is given back, or what the contract says is made of it.
#ifndef CONFORMANCE_VALUES_GUEST_H
#define CONFORMANCE_VALUES_GUEST_H

#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "conformance_borrows.h"
#include "conformance_growing.h"
#include "conformance_values.h"
#include "polyplug_plugin.h"

#define V(name) values_##name
#define R PolyplugReceiver *receiver
#define QUIET (void)receiver

/// The owned form of an argument, whose type stands at its place in the description of the method.
static void same(uint32_t method, const void *lent, void *out) {
    const PolyplugMethodDescriptor *described = conformance_values_contract()->methods.ptr[method];
    polyplug_own(described->arguments.ptr[0]->ty(), lent, out);
}

/// Text that grows.
typedef struct {
    char *text;
    size_t len, room;
} Growing;

static void put(Growing *growing, const void *text, size_t len) {
    if (growing->len + len > growing->room) {
        growing->room = 2 * (growing->len + len);
        growing->text = realloc(growing->text, growing->room);
        if (!growing->text) abort();
    }
    if (len) memcpy(growing->text + growing->len, text, len);
    growing->len += len;
}
static void put_letter(Growing *growing, uint32_t letter) {
    char bytes[4];
    if (letter < 0x80) {
        bytes[0] = (char)letter;
        put(growing, bytes, 1);
        return;
    }
    int more = letter < 0x800 ? 1 : letter < 0x10000 ? 2 : 3;
    bytes[0] = (char)(((0xFF00 >> (more + 1)) & 0xFF) | (letter >> (6 * more)));
    for (int at = 1; at <= more; at++) bytes[at] = (char)(0x80 | ((letter >> (6 * (more - at))) & 0x3F));
    put(growing, bytes, (size_t)more + 1);
}
static PolyplugBuffer given(Growing growing) { return polyplug_give(growing.text, growing.len); }
static PolyplugBuffer wrapped(PolyplugSlice text, const char *before, const char *behind) {
    Growing growing = { 0 };
    put(&growing, before, strlen(before));
    put(&growing, text.ptr, text.len);
    put(&growing, behind, strlen(behind));
    return given(growing);
}
static PolyplugSlice slice_of(const void *ptr, size_t len) { return (PolyplugSlice){ ptr, len }; }

static uint32_t V(not)(R, uint32_t value) { return QUIET, !value; }
static uint32_t V(next_char)(R, uint32_t value) { return QUIET, value == 0xD7FF ? 0xE000 : value == 0x10FFFF ? 0 : value + 1; }
static int32_t V(same_i8)(R, int32_t value) { return QUIET, value; }
static int32_t V(same_i16)(R, int32_t value) { return QUIET, value; }
static int32_t V(same_i32)(R, int32_t value) { return QUIET, value; }
static int64_t V(same_i64)(R, int64_t value) { return QUIET, value; }
static void V(same_i128)(R, const ConformanceValuesI128 *value, ConformanceValuesI128 *out) { QUIET, *out = *value; }
static intptr_t V(same_isize)(R, intptr_t value) { return QUIET, value; }
static uint32_t V(same_u8)(R, uint32_t value) { return QUIET, value; }
static uint32_t V(same_u16)(R, uint32_t value) { return QUIET, value; }
static uint32_t V(same_u32)(R, uint32_t value) { return QUIET, value; }
static uint64_t V(same_u64)(R, uint64_t value) { return QUIET, value; }
static void V(same_u128)(R, const ConformanceValuesU128 *value, ConformanceValuesU128 *out) { QUIET, *out = *value; }
static size_t V(same_usize)(R, size_t value) { return QUIET, value; }
static float V(same_f32)(R, float value) { return QUIET, value; }
static double V(same_f64)(R, double value) { return QUIET, value; }
static void V(name_float)(R, double value, PolyplugBuffer *out) {
    QUIET;
    const char *name = isnan(value)    ? "nan"
                       : isinf(value)  ? (value < 0 ? "-inf" : "inf")
                       : value == 0    ? (signbit(value) ? "-0" : "0")
                                       : "finite";
    *out = polyplug_string(name, strlen(name));
}
static void V(describe)(R, uint32_t yes, uint32_t letter, int32_t int8, int32_t int16, int32_t int32, int64_t int64, uint32_t uint8,
    uint32_t uint16, uint32_t uint32, uint64_t uint64, PolyplugBuffer *out) {
    QUIET;
    Growing text = { 0 };
    put(&text, yes ? "true " : "false ", yes ? 5 : 6);
    put_letter(&text, letter);
    char numbers[200];
    int len = snprintf(numbers, sizeof numbers,
        " %" PRId32 " %" PRId32 " %" PRId32 " %" PRId64 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu64, int8, int16, int32, int64, uint8,
        uint16, uint32, uint64);
    put(&text, numbers, (size_t)len);
    *out = given(text);
}
static uint64_t V(eight)(R, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
    return QUIET, a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}
static double V(mixed)(R, uint32_t a, float b, int32_t c, double d) { return QUIET, a + (double)b + c + d; }
static void V(nothing)(R) { QUIET; }

static void V(same_text)(R, const uint8_t *text, size_t len, PolyplugBuffer *out) { QUIET, *out = polyplug_copy(text, len, 1); }
static void V(owned_text)(R, const PolyplugSlice *text, PolyplugBuffer *out) { QUIET, *out = wrapped(*text, "", "!"); }
static void V(cow)(R, const PolyplugSlice *text, PolyplugBuffer *out) { QUIET, *out = wrapped(*text, "", "?"); }
static void V(measure)(R, const uint8_t *text, size_t len, ConformanceValuesTupleU64U64 *out) {
    QUIET;
    *out = (ConformanceValuesTupleU64U64){ len, 0 };
    for (size_t at = 0; at < len; at++) out->_1 += (text[at] & 0xC0) != 0x80;
}
static void V(repeat)(R, const uint8_t *text, size_t len, uint32_t times, PolyplugBuffer *out) {
    QUIET;
    uint8_t *all = polyplug_room(times, len);
    for (uint32_t time = 0; time < times && len; time++) memcpy(all + time * len, text, len);
    *out = polyplug_give(all, times * len);
}
static void V(optional_text)(R, const ConformanceValuesOptionText *text, ConformanceValuesOptionStringOwned *out) {
    QUIET;
    out->tag = text->tag;
    if (text->tag) out->value = wrapped(text->value, "<", ">");
}

/// Elements back to front.
static PolyplugBuffer reversed(const PolyplugTypeDescriptor *element, const void *values, size_t len) {
    PolyplugBuffer buffer = polyplug_give(polyplug_room(len, element->owned_size), len);
    for (size_t at = 0; at < len; at++)
        polyplug_own(element, (const uint8_t *)values + at * element->lent_size, buffer.ptr + (len - 1 - at) * element->owned_size);
    return buffer;
}
static const PolyplugTypeDescriptor *element_of(uint32_t method) {
    return conformance_values_contract()->methods.ptr[method]->result()->elements[0]();
}
static void V(reverse_bytes)(R, const uint8_t *bytes, size_t len, PolyplugBuffer *out) {
    QUIET, *out = reversed(element_of(CONFORMANCE_VALUES_METHOD_REVERSE_BYTES), bytes, len);
}
static void V(fill)(R, uint32_t byte, uint32_t count, PolyplugBuffer *out) {
    QUIET;
    uint8_t *bytes = polyplug_room(count, 1);
    memset(bytes, (int)byte, count);
    *out = polyplug_give(bytes, count);
}
static uint64_t V(sum)(R, const uint32_t *values, size_t len) {
    QUIET;
    uint64_t sum = 0;
    for (size_t at = 0; at < len; at++) sum += values[at];
    return sum;
}
static void V(same_list)(R, const PolyplugSlice *values, PolyplugBuffer *out) { QUIET, same(CONFORMANCE_VALUES_METHOD_SAME_LIST, values, out); }
static void V(same_floats)(R, const double *values, size_t len, PolyplugBuffer *out) { QUIET, *out = polyplug_copy(values, len, sizeof *values); }
static void V(not_all)(R, const PolyplugSlice *values, PolyplugBuffer *out) {
    QUIET;
    *out = polyplug_copy(values->ptr, values->len, 1);
    for (size_t at = 0; at < out->len; at++) out->ptr[at] = !out->ptr[at];
}
static void V(spell)(R, const PolyplugSlice *letters, PolyplugBuffer *out) {
    QUIET;
    Growing text = { 0 };
    const uint32_t *each = (const uint32_t *)(const void *)letters->ptr;
    for (size_t at = 0; at < letters->len; at++) put_letter(&text, each[at]);
    *out = given(text);
}
static void V(reverse_texts)(R, const PolyplugSlice *texts, PolyplugBuffer *out) {
    QUIET, *out = reversed(element_of(CONFORMANCE_VALUES_METHOD_REVERSE_TEXTS), texts->ptr, texts->len);
}
static PolyplugBuffer joined(const PolyplugSlice *texts, size_t len, const void *with, size_t with_len) {
    Growing text = { 0 };
    for (size_t at = 0; at < len; at++) {
        if (at) put(&text, with, with_len);
        put(&text, texts[at].ptr, texts[at].len);
    }
    return given(text);
}
static void V(join)(R, const PolyplugSlice *texts, size_t len, const uint8_t *with, size_t with_len, PolyplugBuffer *out) {
    QUIET, *out = joined(texts, len, with, with_len);
}
static void V(join_borrowed)(R, const PolyplugSlice *texts, size_t len, PolyplugBuffer *out) { QUIET, *out = joined(texts, len, ",", 1); }
static void V(reverse_lists)(R, const PolyplugSlice *lists, PolyplugBuffer *out) {
    QUIET, *out = reversed(element_of(CONFORMANCE_VALUES_METHOD_REVERSE_LISTS), lists->ptr, lists->len);
}
static void V(reverse_points)(R, const ConformanceValuesPoint *points, size_t len, PolyplugBuffer *out) {
    QUIET, *out = reversed(element_of(CONFORMANCE_VALUES_METHOD_REVERSE_POINTS), points, len);
}
static uint64_t V(deep)(R, const PolyplugSlice *parts) {
    QUIET;
    uint64_t sum = 0;
    const ConformanceValuesOptionTupleTextSliceU16U8 *each = (const void *)parts->ptr;
    for (size_t at = 0; at < parts->len; at++) {
        if (each[at].tag) sum += each[at].value._0.len + each[at].value._1.len + each[at].value._2;
    }
    return sum;
}

static void V(rotate)(R, const ConformanceValuesArray3U16 *values, ConformanceValuesArray3U16 *out) {
    QUIET, *out = (ConformanceValuesArray3U16){ { values->items[1], values->items[2], values->items[0] } };
}
static void V(exchange)(R, const ConformanceValuesArray2StringLent *values, ConformanceValuesArray2StringOwned *out) {
    QUIET;
    for (size_t at = 0; at < 2; at++) out->items[at] = wrapped(values->items[1 - at], "", "");
}
static void V(swap)(R, const ConformanceValuesTupleU8StringLent *pair, ConformanceValuesTupleStringU8Owned *out) {
    QUIET;
    out->_0 = wrapped(pair->_1, "", "");
    out->_1 = pair->_0;
}
static void V(boxed)(R, const uint64_t *const *value, PolyplugBuffer *out) {
    QUIET;
    PolyplugBuffer text = polyplug_stringf("%" PRIu64, **value);
    *out = polyplug_copy(&text, 1, sizeof text);
}

static void V(half)(R, const ConformanceValuesOptionU32 *value, ConformanceValuesOptionU32 *out) {
    QUIET, *out = (ConformanceValuesOptionU32){ value->tag && value->value % 2 == 0, value->tag ? value->value / 2 : 0 };
}
static void V(maybe)(R, const ConformanceValuesOptionOptionStringLent *value, ConformanceValuesOptionOptionStringOwned *out) {
    QUIET;
    out->tag = value->tag;
    out->value.tag = value->tag ? value->value.tag : 0;
    if (out->value.tag) out->value.value = wrapped(value->value.value, "<", ">");
}
static void V(divide)(R, int64_t a, int64_t b, ConformanceValuesResultI64ProblemOwned *out) {
    QUIET;
    out->tag = b == 0;
    if (b) {
        out->as.ok = a / b;
        return;
    }
    out->as.err.tag = ConformanceValuesProblem_Refused;
    out->as.err.as.refused.reason = polyplug_string("by zero", 7);
    out->as.err.as.refused.code = -1;
}
static void V(parse)(R, const uint8_t *text, size_t len, ConformanceValuesResultI32StringOwned *out) {
    QUIET;
    char copy[32], *end = copy;
    errno = 0;
    size_t used = len < sizeof copy - 1 ? len : 0;
    memcpy(copy, text, used);
    copy[used] = 0;
    long value = used && copy[0] > ' ' ? strtol(copy, &end, 10) : 0;
    out->tag = end == copy || end != copy + used || errno || value < INT32_MIN || value > INT32_MAX;
    if (out->tag) out->as.err = wrapped(slice_of(text, len), "no number: ", "");
    else out->as.ok = (int32_t)value;
}
static void V(settle)(R, const ConformanceValuesResultU8StringLent *value, PolyplugBuffer *out) {
    QUIET, *out = value->tag ? wrapped(value->as.err, "err ", "") : polyplug_stringf("ok %u", (unsigned)value->as.ok);
}
static void V(same_results)(R, const PolyplugSlice *values, PolyplugBuffer *out) {
    QUIET, same(CONFORMANCE_VALUES_METHOD_SAME_RESULTS, values, out);
}

static void V(invert)(R, const PolyplugSlice *map, PolyplugBuffer *out) {
    QUIET;
    const ConformanceValuesTupleStringI32Lent *pairs = (const void *)map->ptr;
    ConformanceValuesTupleI32StringOwned *all = (void *)polyplug_room(map->len, sizeof *all);
    for (size_t at = 0; at < map->len; at++) all[at]._0 = pairs[at]._1, all[at]._1 = wrapped(pairs[at]._0, "", "");
    *out = polyplug_give(all, map->len);
}
static void V(lengths)(R, const PolyplugSlice *map, PolyplugBuffer *out) {
    QUIET;
    const ConformanceValuesTupleStringTextLent *pairs = (const void *)map->ptr;
    ConformanceValuesTupleStringU64Owned *all = (void *)polyplug_room(map->len, sizeof *all);
    for (size_t at = 0; at < map->len; at++) all[at]._0 = wrapped(pairs[at]._0, "", ""), all[at]._1 = pairs[at]._1.len;
    *out = polyplug_give(all, map->len);
}
static int is_text(PolyplugSlice a, PolyplugSlice b) { return a.len == b.len && (!a.len || !memcmp(a.ptr, b.ptr, a.len)); }
static void V(collect)(R, const PolyplugSlice *map, PolyplugBuffer *out) {
    QUIET;
    // The keys come in ascending order.
    const ConformanceValuesTupleI32StringLent *pairs = (const void *)map->ptr;
    ConformanceValuesTupleStringListI32Owned *all = (void *)polyplug_room(map->len, sizeof *all);
    size_t count = 0;
    for (size_t at = 0; at < map->len; at++) {
        size_t found = 0;
        while (found < count && !is_text(polyplug_lend(all[found]._0), pairs[at]._1)) found++;
        if (found == count) {
            all[count]._0 = wrapped(pairs[at]._1, "", "");
            all[count++]._1 = polyplug_give(polyplug_room(map->len, 4), 0);
        }
        ((int32_t *)(void *)all[found]._1.ptr)[all[found]._1.len++] = pairs[at]._0;
    }
    *out = polyplug_give(all, count);
}
static void V(sets)(R, const PolyplugSlice *hash, const PolyplugSlice *tree, ConformanceValuesTupleSetCharSetStringOwned *out) {
    QUIET;
    const PolyplugMethodDescriptor *method = conformance_values_contract()->methods.ptr[CONFORMANCE_VALUES_METHOD_SETS];
    polyplug_own(method->arguments.ptr[0]->ty(), hash, &out->_0);
    polyplug_own(method->arguments.ptr[1]->ty(), tree, &out->_1);
}
static void V(times)(R, const ConformanceValuesSystemTime *time, const ConformanceValuesDuration *length,
    ConformanceValuesTupleSystemTimeDuration *out) {
    QUIET;
    const uint32_t later = time->nanos + length->nanos, twice = 2 * length->nanos;
    out->_0.secs = time->secs + (int64_t)length->secs + later / 1000000000, out->_0.nanos = later % 1000000000;
    out->_1.secs = 2 * length->secs + twice / 1000000000, out->_1.nanos = twice % 1000000000;
}
static void V(path)(R, const PolyplugSlice *folder, const PolyplugSlice *file, PolyplugBuffer *out) {
    QUIET;
    Growing path = { 0 };
    put(&path, folder->ptr, folder->len);
    if (folder->len && folder->ptr[folder->len - 1] != '/') put(&path, "/", 1);
    put(&path, file->ptr, file->len);
    *out = given(path);
}

static double V(distance)(R, const ConformanceValuesPoint *point) { return QUIET, hypot(point->x, point->y); }
static void V(mirror)(R, const ConformanceValuesPoint *point, ConformanceValuesPoint *out) {
    QUIET, *out = (ConformanceValuesPoint){ point->y, point->x };
}
static void V(toggle)(R, const ConformanceValuesMark *mark, ConformanceValuesMark *out) {
    QUIET, *out = (ConformanceValuesMark){ mark->at + 1, !mark->set };
}
static void V(next_id)(R, const ConformanceValuesId *id, ConformanceValuesId *out) {
    QUIET, *out = (ConformanceValuesId){ id->_0 + 1, (uint16_t)(id->_1 + 1) };
}
static uint32_t V(next_colour)(R, uint32_t colour) { return QUIET, (colour + 1) % 3; }
static void V(grow)(R, const ConformanceValuesShapeLent *shape, ConformanceValuesShapeOwned *out) {
    QUIET;
    if (shape->tag == ConformanceValuesShape_Empty) {
        memset(out, 0, sizeof *out);
        out->tag = ConformanceValuesShape_Circle;
        out->as.circle._1 = 1;
        return;
    }
    same(CONFORMANCE_VALUES_METHOD_GROW, shape, out);
    if (shape->tag == ConformanceValuesShape_Circle) {
        out->as.circle._1 *= 2;
    } else {
        Growing text = { 0 };
        for (int time = 0; time < 2; time++) put(&text, shape->as.label.text.ptr, shape->as.label.text.len);
        polyplug_give_back(out->as.label.text);
        out->as.label.text = given(text);
        out->as.label.size++;
    }
}
static uint32_t V(styles)(R, uint32_t style, const uint16_t *more, size_t len) {
    QUIET;
    for (size_t at = 0; at < len; at++) style |= more[at];
    return style;
}
static uint32_t V(count)(R, const ConformanceValuesTreeLent *tree) {
    uint32_t sum = 1;
    const ConformanceValuesTreeLent *children = (const void *)tree->children.ptr;
    for (size_t at = 0; at < tree->children.len; at++) sum += V(count)(receiver, &children[at]);
    return tree->next.tag ? sum + V(count)(receiver, tree->next.value) : sum;
}
static void V(rename)(R, const ConformanceValuesTreeLent *tree, const uint8_t *title, size_t len, ConformanceValuesTreeOwned *out) {
    QUIET;
    ConformanceValuesTreeLent renamed = *tree;
    renamed.title = slice_of(title, len);
    same(CONFORMANCE_VALUES_METHOD_RENAME, &renamed, out);
}
static uint32_t V(references)(R, const ConformanceValuesOptionReferenceMark *mark, const ConformanceValuesOptionReferenceString *text,
    const ConformanceValuesOptionReferenceMark *marks, size_t len) {
    QUIET;
    uint32_t sum = (mark->tag ? mark->value->at : 0) + (text->tag ? (uint32_t)text->value->len : 0);
    for (size_t at = 0; at < len; at++) sum += marks[at].tag ? marks[at].value->at : 0;
    return sum;
}
static void V(everything)(R, const ConformanceValuesEverythingLent *value, ConformanceValuesEverythingOwned *out) {
    QUIET, same(CONFORMANCE_VALUES_METHOD_EVERYTHING, value, out);
}
static void V(forward)(R, PolyplugFaultRecord *const *fault, PolyplugFaultRecord **out) {
    QUIET, same(CONFORMANCE_VALUES_METHOD_FORWARD, fault, out);
}

static void V(scale)(R, ConformanceValuesPoint *points, size_t len, double by) {
    QUIET;
    for (size_t at = 0; at < len; at++) points[at].x *= by, points[at].y *= by;
}
static void V(reverse)(R, uint8_t *bytes, size_t len) {
    QUIET;
    for (size_t at = 0; at < len / 2; at++) {
        const uint8_t byte = bytes[at];
        bytes[at] = bytes[len - 1 - at], bytes[len - 1 - at] = byte;
    }
}
static uint64_t V(append)(R, PolyplugSink *text, PolyplugSink *list) {
    QUIET;
    text->output = wrapped(text->input, "", " and more");
    const ConformanceValuesOptionStringLent *before = (const void *)list->input.ptr;
    ConformanceValuesOptionStringOwned *all = (void *)polyplug_room(list->input.len + 2, sizeof *all);
    for (size_t at = 0; at < list->input.len; at++) {
        all[at].tag = before[at].tag;
        if (before[at].tag) all[at].value = wrapped(before[at].value, "", "");
    }
    all[list->input.len].tag = 1;
    all[list->input.len].value = wrapped(polyplug_lend(text->output), "", "");
    list->output = polyplug_give(all, list->input.len + 2);
    return list->output.len;
}
static void V(append_and_fail)(R, PolyplugSink *text, PolyplugSink *list, ConformanceValuesResultUnitFault *out) {
    // What is changed is not handed over, because the call fails.
    (void)text, (void)list, (void)out;
    polyplug_throw(receiver, "changed, and then failed");
}
static uint32_t V(answer)(R) { return QUIET, 42; }

CONFORMANCE_VALUES_INTERFACE(values, V(not), V(next_char), V(same_i8), V(same_i16), V(same_i32), V(same_i64), V(same_i128), V(same_isize),
    V(same_u8), V(same_u16), V(same_u32), V(same_u64), V(same_u128), V(same_usize), V(same_f32), V(same_f64), V(name_float), V(describe),
    V(eight), V(mixed), V(nothing), V(same_text), V(owned_text), V(cow), V(measure), V(repeat), V(optional_text), V(reverse_bytes), V(fill),
    V(sum), V(same_list), V(same_floats), V(not_all), V(spell), V(reverse_texts), V(join), V(join_borrowed), V(reverse_lists),
    V(reverse_points), V(deep), V(rotate), V(exchange), V(swap), V(boxed), V(half), V(maybe), V(divide), V(parse), V(settle),
    V(same_results), V(invert), V(lengths), V(collect), V(sets), V(times), V(path), V(distance), V(mirror), V(toggle), V(next_id),
    V(next_colour), V(grow), V(styles), V(count), V(rename), V(references), V(everything), V(forward), V(scale), V(reverse), V(append),
    V(append_and_fail), NULL, V(answer))

// What borrows.

static void first_word(R, const uint8_t *text, size_t len, PolyplugSlice *out) {
    QUIET;
    size_t end = 0;
    while (end < len && text[end] != ' ') end++;
    *out = slice_of(text, end);
}
static void words(R, const uint8_t *text, size_t len, PolyplugBuffer *out) {
    QUIET;
    PolyplugSlice *all = (void *)polyplug_room(len / 2 + 1, sizeof *all);
    size_t count = 0;
    for (size_t at = 0; at < len;) {
        while (at < len && text[at] == ' ') at++;
        size_t start = at;
        while (at < len && text[at] != ' ') at++;
        if (at > start) all[count++] = slice_of(text + start, at - start);
    }
    *out = polyplug_give(all, count);
}
static void split(R, const uint8_t *text, size_t len, ConformanceBorrowsOptionTupleTextText *out) {
    QUIET;
    const uint8_t *at = len ? memchr(text, '=', len) : NULL;
    out->tag = at != NULL;
    if (!at) return;
    out->value._0 = slice_of(text, (size_t)(at - text));
    out->value._1 = slice_of(at + 1, len - (size_t)(at - text) - 1);
}
static void longer(R, const uint32_t *one, size_t one_len, const uint32_t *other, size_t other_len, PolyplugSlice *out) {
    QUIET, *out = other_len > one_len ? slice_of(other, other_len) : slice_of(one, one_len);
}
static void pick(R, const ConformanceBorrowsMark *marks, size_t len, uint32_t at, ConformanceBorrowsResultReferenceMarkStringOwned *out) {
    QUIET;
    out->tag = at >= len;
    if (at < len) out->as.ok = &marks[at];
    else out->as.err = polyplug_stringf("no mark %" PRIu32, at);
}
CONFORMANCE_BORROWS_INTERFACE(borrows, first_word, words, split, longer, pick)

// What grows. It is let go of by its writer.

static void let_go_of_options(uint8_t *ptr, size_t known) {
    ConformanceGrowingOptionsOwned *options = (void *)ptr;
    if (known <= offsetof(ConformanceGrowingOptionsOwned, name)) polyplug_give_back(options->name);
    free(options);
}
static void widen(R, const PolyplugGrown *given_options, PolyplugGrown *out) {
    QUIET;
    const ConformanceGrowingOptionsLent *options = (const void *)given_options->ptr;
    ConformanceGrowingOptionsOwned *wide = (void *)polyplug_room(1, sizeof *wide);
    wide->size = offsetof(ConformanceGrowingOptionsOwned, depth) + 4;
    wide->name = wrapped(options->name, "", "!");
    wide->width = (uint8_t)(options->width + 1);
    // An older writer does not know the depth.
    const int has_depth = options->size >= offsetof(ConformanceGrowingOptionsLent, depth) + 4;
    wide->depth = (has_depth ? options->depth : 3) + 1;
    *out = (PolyplugGrown){ (uint8_t *)wide, let_go_of_options };
}
/// A step with room for what any of them carries.
typedef struct {
    PolyplugGrownVariant head;
    union {
        ConformanceGrowingStepOwned_Walk walk;
        ConformanceGrowingStepOwned_Say say;
    } as;
} StepNode;
static void let_go_of_step(uint8_t *ptr, size_t known) {
    StepNode *node = (void *)ptr;
    if (!known && node->head.tag == ConformanceGrowingStep_Say) polyplug_give_back(node->as.say.words);
    free(node);
}
static PolyplugGrown step_of(const PolyplugGrown *lent, int goes_on) {
    const PolyplugGrownVariant *head = (const void *)lent->ptr;
    StepNode *node = (void *)polyplug_room(1, sizeof *node);
    node->head.tag = head->tag;
    node->head.payload = (const uint8_t *)&node->as;
    if (head->tag == ConformanceGrowingStep_Walk) {
        node->as.walk._0 = ((const ConformanceGrowingStepLent_Walk *)(const void *)head->payload)->_0 + (uint32_t)goes_on;
    } else if (head->tag == ConformanceGrowingStep_Say) {
        node->as.say.words = wrapped(((const ConformanceGrowingStepLent_Say *)(const void *)head->payload)->words, "", goes_on ? "!" : "");
    } else if (goes_on) {
        node->head.tag = ConformanceGrowingStep_Walk;
        node->as.walk._0 = 1;
    }
    return (PolyplugGrown){ (uint8_t *)node, let_go_of_step };
}
static void step(R, const PolyplugGrown *given_step, PolyplugGrown *out) { QUIET, *out = step_of(given_step, 1); }
static void reverse_steps(R, const PolyplugSlice *steps, PolyplugBuffer *out) {
    QUIET;
    const PolyplugGrown *each = (const void *)steps->ptr;
    PolyplugGrown *all = (void *)polyplug_room(steps->len, sizeof *all);
    for (size_t at = 0; at < steps->len; at++) all[steps->len - 1 - at] = step_of(&each[at], 0);
    *out = polyplug_give(all, steps->len);
}
CONFORMANCE_GROWING_INTERFACE(growing, widen, step, reverse_steps)

#endif
