// What an erased entry does before it calls: every value in the frame is checked by its description, so that the functions behind may
// trust what they get. Included by `polyplug_plugin.h`.
#ifndef POLYPLUG_CHECK_H
#define POLYPLUG_CHECK_H

#include <string.h>

#include "polyplug.h"

#ifdef __cplusplus
extern "C" {
#endif

/// How deep values may be nested.
#define POLYPLUG_DEPTH 128

/// Whether text is UTF-8: no surrogates, nothing longer than needed, nothing beyond U+10FFFF.
static inline int polyplug_is_utf8(const uint8_t *text, size_t len) {
    for (size_t at = 0; at < len;) {
        uint8_t first = text[at++];
        if (first < 0x80) continue;
        size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
        if (first < 0xC2 || first > 0xF4 || len - at < more) return 0;
        uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
        uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
        for (size_t i = 0; i < more; i++, at++, low = 0x80, high = 0xBF) {
            if (text[at] < low || text[at] > high) return 0;
        }
    }
    return 1;
}

static inline const char *polyplug_wrong(const PolyplugTypeDescriptor *type, const void *place, uint32_t depth);

/// What is wrong with a pointer to a value, or NULL.
static inline const char *polyplug_wrong_pointer(const PolyplugTypeDescriptor *type, const void *value, uint32_t depth) {
    if (type->lent_size == 0) return NULL;
    if (!value) return "a null pointer";
    if ((uintptr_t)value % type->lent_align) return "a pointer that is not aligned";
    return polyplug_wrong(type, value, depth);
}

/// What is wrong with values in a row, or NULL.
static inline const char *polyplug_wrong_slice(const PolyplugTypeDescriptor *type, const void *place, uint32_t depth) {
    PolyplugSlice slice;
    memcpy(&slice, place, sizeof slice);
    size_t size = type->lent_size;
    if (slice.len == 0 || size == 0) return NULL;
    if (!slice.ptr) return "a null pointer with a length";
    if (slice.len > (size_t)PTRDIFF_MAX / size) return "a length beyond all memory";
    if ((uintptr_t)slice.ptr % type->lent_align) return "a pointer that is not aligned";
    for (size_t at = 0; at < slice.len; at++) {
        const char *wrong = polyplug_wrong(type, slice.ptr + at * size, depth);
        if (wrong) return wrong;
        // Numbers are all alike.
        if (type->kind >= POLYPLUG_TYPE_KIND_I8 && type->kind <= POLYPLUG_TYPE_KIND_F64) break;
    }
    return NULL;
}

static inline const char *polyplug_wrong_text(const void *place) {
    PolyplugSlice text;
    memcpy(&text, place, sizeof text);
    if (text.len == 0) return NULL;
    if (!text.ptr) return "a null pointer with a length";
    if (text.len > (size_t)PTRDIFF_MAX) return "a length beyond all memory";
    return polyplug_is_utf8(text.ptr, text.len) ? NULL : "text that is no UTF-8";
}

/// Fields that lie below `size`, all of them or those that the writer knows.
static inline const char *polyplug_wrong_fields(
    const PolyplugFieldDescriptorList *fields, const uint8_t *base, size_t size, uint32_t depth) {
    for (size_t at = 0; at < fields->len; at++) {
        const PolyplugFieldDescriptor *field = fields->ptr[at];
        const PolyplugTypeDescriptor *type = field->ty();
        if (field->lent_offset > size || type->lent_size > size - field->lent_offset) continue;
        const char *wrong = polyplug_wrong(type, base + field->lent_offset, depth);
        if (wrong) return wrong;
    }
    return NULL;
}

static inline const PolyplugVariantDescriptor *polyplug_variant(const PolyplugTypeDescriptor *type, uint32_t tag) {
    for (size_t at = 0; at < type->variants.len; at++) {
        if (type->variants.ptr[at]->tag == tag) return type->variants.ptr[at];
    }
    return NULL;
}

/// What is wrong with the lent form of a value, or NULL.
static inline const char *polyplug_wrong(const PolyplugTypeDescriptor *type, const void *place, uint32_t depth) {
    if (depth == POLYPLUG_DEPTH) return "a value that is nested too deeply";
    depth++;
    const uint8_t *base = (const uint8_t *)place;
    uint32_t tag = 0;
    size_t behind = type->lent_align > 4 ? type->lent_align : 4;
    switch (type->kind) {
    case POLYPLUG_TYPE_KIND_BOOL: return *base > 1 ? "a bool that is neither 0 nor 1" : NULL;
    case POLYPLUG_TYPE_KIND_CHAR:
        memcpy(&tag, base, sizeof tag);
        return tag > 0x10FFFF || (tag >= 0xD800 && tag < 0xE000) ? "a char that is no Unicode scalar value" : NULL;
    case POLYPLUG_TYPE_KIND_STRING:
    case POLYPLUG_TYPE_KIND_TEXT: return polyplug_wrong_text(place);
    case POLYPLUG_TYPE_KIND_LIST:
    case POLYPLUG_TYPE_KIND_MAP:
    case POLYPLUG_TYPE_KIND_SET:
    case POLYPLUG_TYPE_KIND_PATH:
    case POLYPLUG_TYPE_KIND_BORROWED_PATH:
    case POLYPLUG_TYPE_KIND_SLICE: return polyplug_wrong_slice(type->elements[0](), place, depth);
    case POLYPLUG_TYPE_KIND_ARRAY: {
        const PolyplugTypeDescriptor *element = type->elements[0]();
        for (size_t at = 0; at < type->length; at++) {
            const char *wrong = polyplug_wrong(element, base + at * element->lent_size, depth);
            if (wrong) return wrong;
        }
        return NULL;
    }
    case POLYPLUG_TYPE_KIND_OPTION:
    case POLYPLUG_TYPE_KIND_RESULT:
        memcpy(&tag, base, sizeof tag);
        if (tag > 1) return "a tag that is neither 0 nor 1";
        if (type->kind == POLYPLUG_TYPE_KIND_RESULT) return polyplug_wrong(type->elements[tag](), base + behind, depth);
        return tag ? polyplug_wrong(type->elements[0](), base + behind, depth) : NULL;
    case POLYPLUG_TYPE_KIND_TUPLE:
    case POLYPLUG_TYPE_KIND_STRUCT: return polyplug_wrong_fields(&type->fields, base, type->lent_size, depth);
    case POLYPLUG_TYPE_KIND_ENUM: {
        memcpy(&tag, base, sizeof tag);
        const PolyplugVariantDescriptor *variant = polyplug_variant(type, tag);
        return variant ? polyplug_wrong_fields(&variant->fields, base, type->lent_size, depth) : "a tag that is no variant's";
    }
    case POLYPLUG_TYPE_KIND_BOX:
    case POLYPLUG_TYPE_KIND_REFERENCE: {
        const void *value;
        memcpy(&value, base, sizeof value);
        return polyplug_wrong_pointer(type->elements[0](), value, depth);
    }
    case POLYPLUG_TYPE_KIND_FAULT:
    case POLYPLUG_TYPE_KIND_OBJECT: {
        // Of both the first word is a pointer: to the record, and to the interface.
        const void *value;
        memcpy(&value, base, sizeof value);
        return value ? NULL : "a null pointer";
    }
    case POLYPLUG_TYPE_KIND_DURATION:
    case POLYPLUG_TYPE_KIND_SYSTEM_TIME:
        memcpy(&tag, base + 8, sizeof tag);
        return tag < 1000000000 ? NULL : "a second or more in nanoseconds";
    case POLYPLUG_TYPE_KIND_GROWING_STRUCT: {
        PolyplugGrown grown;
        memcpy(&grown, base, sizeof grown);
        if (!grown.ptr) return "a null pointer";
        memcpy(&tag, grown.ptr, sizeof tag);
        return polyplug_wrong_fields(&type->fields, grown.ptr, tag, depth);
    }
    case POLYPLUG_TYPE_KIND_GROWING_ENUM: {
        PolyplugGrown grown;
        PolyplugGrownVariant value;
        memcpy(&grown, base, sizeof grown);
        if (!grown.ptr) return "a null pointer";
        memcpy(&value, grown.ptr, sizeof value);
        const PolyplugVariantDescriptor *variant = polyplug_variant(type, value.tag);
        if (!variant || variant->fields.len == 0) return NULL;
        return value.payload ? polyplug_wrong_fields(&variant->fields, value.payload, SIZE_MAX, depth) : "a null pointer";
    }
    default: return NULL;
    }
}

/// What is wrong with an argument in a frame, or NULL.
static inline const char *polyplug_wrong_argument(const PolyplugArgumentDescriptor *argument, const uint8_t *place) {
    const PolyplugTypeDescriptor *type = argument->ty();
    int scalar = (type->flags & POLYPLUG_TYPE_FLAGS_BY_VALUE) || (type->kind >= POLYPLUG_TYPE_KIND_BOOL && type->kind <= POLYPLUG_TYPE_KIND_F64);
    switch (argument->passing) {
    case POLYPLUG_PASSING_SLICE:
    case POLYPLUG_PASSING_SLICE_MUT: return polyplug_wrong_slice(type, place, 0);
    case POLYPLUG_PASSING_TEXT: return polyplug_wrong_text(place);
    case POLYPLUG_PASSING_VALUE:
        if (scalar && type->kind == POLYPLUG_TYPE_KIND_BOOL) {
            uint32_t wide;
            memcpy(&wide, place, sizeof wide);
            return wide > 1 ? "a bool that is neither 0 nor 1" : NULL;
        }
        // Narrow numbers are narrowed, whatever stands above.
        if (scalar) return polyplug_wrong(type, place, 0);
        break;
    default: break;
    }
    const void *value;
    memcpy(&value, place, sizeof value);
    // A sink begins with the value before the call, in its lent form.
    return polyplug_wrong_pointer(type, value, 0);
}

#ifdef __cplusplus
}  // extern "C"
#endif

#endif
