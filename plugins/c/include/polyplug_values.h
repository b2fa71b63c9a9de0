// Values of any type, by their descriptions: an argument as a result. And objects that arrive. Included by `polyplug_plugin.h`.
#ifndef POLYPLUG_VALUES_H
#define POLYPLUG_VALUES_H

#ifdef __cplusplus
extern "C" {
#endif

/// Memory for values that are handed over, all zeros.
static inline uint8_t *polyplug_room(size_t count, size_t size) {
    uint8_t *memory = (uint8_t *)calloc(count ? count : 1, size ? size : 1);
    if (!memory) abort();
    return memory;
}

static inline void polyplug_own(const PolyplugTypeDescriptor *type, const void *lent, void *owned);

static inline void polyplug_own_fields(const PolyplugFieldDescriptorList *fields, const uint8_t *lent, uint8_t *owned) {
    for (size_t at = 0; at < fields->len; at++) {
        const PolyplugFieldDescriptor *field = fields->ptr[at];
        polyplug_own(field->ty(), lent + field->lent_offset, owned + field->owned_offset);
    }
}

/// Writes a value that is lent, which was checked, in the form that is handed over. Objects that were handed over with it go on as they are.
/// Not for data that grows, nor for what borrows.
static inline void polyplug_own(const PolyplugTypeDescriptor *type, const void *lent, void *owned) {
    const uint8_t *from = (const uint8_t *)lent;
    uint8_t *to = (uint8_t *)owned;
    const PolyplugTypeDescriptor *element = type->element_count ? type->elements[0]() : NULL;
    uint32_t tag = 0;
    switch (type->kind) {
    case POLYPLUG_TYPE_KIND_STRING:
    case POLYPLUG_TYPE_KIND_LIST:
    case POLYPLUG_TYPE_KIND_MAP:
    case POLYPLUG_TYPE_KIND_SET:
    case POLYPLUG_TYPE_KIND_PATH: {
        PolyplugSlice run;
        memcpy(&run, from, sizeof run);
        size_t lent_size = element ? element->lent_size : 1, owned_size = element ? element->owned_size : 1;
        PolyplugBuffer buffer = polyplug_give(polyplug_room(run.len, owned_size), run.len);
        if (!element) {
            if (run.len) memcpy(buffer.ptr, run.ptr, run.len);
        } else {
            for (size_t at = 0; at < run.len; at++) polyplug_own(element, run.ptr + at * lent_size, buffer.ptr + at * owned_size);
        }
        memcpy(to, &buffer, sizeof buffer);
        return;
    }
    case POLYPLUG_TYPE_KIND_BOX: {
        const void *value;
        memcpy(&value, from, sizeof value);
        PolyplugBuffer buffer = polyplug_give(polyplug_room(1, element->owned_size), 1);
        polyplug_own(element, value, buffer.ptr);
        memcpy(to, &buffer, sizeof buffer);
        return;
    }
    case POLYPLUG_TYPE_KIND_ARRAY:
        for (size_t at = 0; at < type->length; at++)
            polyplug_own(element, from + at * element->lent_size, to + at * element->owned_size);
        return;
    case POLYPLUG_TYPE_KIND_OPTION:
    case POLYPLUG_TYPE_KIND_RESULT:
        memcpy(&tag, from, sizeof tag);
        memcpy(to, &tag, sizeof tag);
        if (type->kind == POLYPLUG_TYPE_KIND_RESULT) element = type->elements[tag]();
        else if (!tag) return;
        polyplug_own(element, from + (type->lent_align > 4 ? type->lent_align : 4), to + (type->owned_align > 4 ? type->owned_align : 4));
        return;
    case POLYPLUG_TYPE_KIND_TUPLE:
    case POLYPLUG_TYPE_KIND_STRUCT: polyplug_own_fields(&type->fields, from, to); return;
    case POLYPLUG_TYPE_KIND_ENUM: {
        memcpy(&tag, from, sizeof tag);
        memcpy(to, &tag, sizeof tag);
        const PolyplugVariantDescriptor *variant = polyplug_variant(type, tag);
        if (variant) polyplug_own_fields(&variant->fields, from, to);
        return;
    }
    case POLYPLUG_TYPE_KIND_FAULT: {
        PolyplugFaultRecord *fault;
        memcpy(&fault, from, sizeof fault);
        fault->table->retain(fault);
        memcpy(to, &fault, sizeof fault);
        return;
    }
    default: memcpy(to, from, type->owned_size);
    }
}

// Objects.

/// The functions of an object in the order that this library knows; NULL when one is missing.
static inline const PolyplugInterfaceHeader *polyplug_functions(const PolyplugObject *object, const PolyplugContractDescriptor *wanted) {
    if (object->interface->order == wanted->order) return object->interface;
    return polyplug_host->adapt(object->interface, wanted);
}

/// An object with an owner, kept beyond the call that brought it.
typedef struct PolyplugKept {
    PolyplugObject object;
    const void *image;
} PolyplugKept;

/// Keeps an object, and the library that its code lies in.
static inline PolyplugKept polyplug_keep(const PolyplugObject *object) {
    PolyplugKept kept;
    kept.object = *object;
    kept.image = polyplug_host->keep_image((const void *)(uintptr_t)object->release, object->state);
    return kept;
}

/// Lets go of an object that was kept.
static inline void polyplug_drop(PolyplugKept *kept) {
    if (kept->object.release) kept->object.release(kept->object.state);
    polyplug_host->release_image(kept->image);
    memset(kept, 0, sizeof *kept);
}

/// Hands an object that was kept over.
static inline PolyplugObject polyplug_pass_on(PolyplugKept *kept) {
    PolyplugObject object = kept->object;
    polyplug_host->send_image((const void *)(uintptr_t)object.release, object.state);
    polyplug_host->release_image(kept->image);
    memset(kept, 0, sizeof *kept);
    return object;
}

/// Lets go of an object that came with a call, and was not kept.
static inline void polyplug_end(const PolyplugObject *object) {
    if (!object->release) return;
    PolyplugKept kept = polyplug_keep(object);
    polyplug_drop(&kept);
}

#ifdef __cplusplus
}  // extern "C"
#endif

#endif
