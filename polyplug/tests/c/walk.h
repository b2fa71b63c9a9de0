// Values and layouts found by descriptor alone: nothing here knows a contract.
#ifndef POLYPLUG_TESTS_WALK_H
#define POLYPLUG_TESTS_WALK_H

#include "memory.h"

typedef enum { LENT, OWNED } Form;

static inline const Type *element_of(const Type *type, size_t index) { return type->elements[index](); }
static inline size_t size_of(const Type *type, Form form) { return form == LENT ? type->lent_size : type->owned_size; }
// Behind a tag, a value lies at the alignment of the whole.
static inline size_t payload_of(const Type *type, Form form) {
    size_t align = form == LENT ? type->lent_align : type->owned_align;
    return align > 4 ? align : 4;
}
static inline size_t offset_of(const Field *field, Form form) {
    return form == LENT ? field->lent_offset : field->owned_offset;
}
static inline bool has_buffer(const Type *type) {
    return type->kind == STRING || type->kind == LIST || type->kind == MAP || type->kind == SET || type->kind == PATH
        || type->kind == BOX;
}

// Says what lies there, as text.
static void say_value(Out *out, const Type *type, const void *place, Form form);
static void say_fields(Out *out, const List *fields, const char *place, Form form, bool named) {
    for (size_t i = 0; i < fields->len; i++) {
        const Field *field = fields->ptr[i];
        print(out, "%s", i ? ", " : "");
        if (named) print(out, "%.*s: ", S(field->name));
        say_value(out, field->ty(), place + offset_of(field, form), form);
    }
}
static void say_run(Out *out, const Type *element, const char *place, size_t len, Form form) {
    print(out, "[");
    for (size_t i = 0; i < len; i++) {
        print(out, "%s", i ? ", " : "");
        say_value(out, element, place + i * size_of(element, form), form);
    }
    print(out, "]");
}
static void say_value(Out *out, const Type *type, const void *place, Form form) {
    const Slice *slice = place;  // a `Buffer` begins like one
    const void *const *pointer = place;
    const uint32_t *tag = place;
    switch (type->kind) {
    case UNIT: print(out, "()"); break;
    case BOOL: print(out, *(const uint8_t *)place ? "true" : "false"); break;
    case CHAR: print(out, "U+%X", *(const uint32_t *)place); break;
    case I8: print(out, "%d", *(const int8_t *)place); break;
    case I16: print(out, "%d", *(const int16_t *)place); break;
    case I32: print(out, "%d", *(const int32_t *)place); break;
    case I64: print(out, "%lld", (long long)*(const int64_t *)place); break;
    case ISIZE: print(out, "%lld", (long long)*(const intptr_t *)place); break;
    case U8: print(out, "%u", *(const uint8_t *)place); break;
    case U16: print(out, "%u", *(const uint16_t *)place); break;
    case U32: print(out, "%u", *(const uint32_t *)place); break;
    case U64: print(out, "%llu", (unsigned long long)*(const uint64_t *)place); break;
    case USIZE: print(out, "%llu", (unsigned long long)*(const size_t *)place); break;
    case F32: print(out, "%g", (double)*(const float *)place); break;
    case F64: print(out, "%g", *(const double *)place); break;
    case U128:
    case I128:
        print(out, "0x%llx_%016llx", ((const unsigned long long *)place)[1], ((const unsigned long long *)place)[0]);
        break;
    case DURATION:
    case SYSTEM_TIME:
        print(out, "%lld.%09us", (long long)*(const int64_t *)place, ((const uint32_t *)place)[2]);
        break;
    case STRING:
    case STR:
    case PATH:
    case BORROWED_PATH: print(out, "\"%.*s\"", S(*slice)); break;
    case LIST:
    case MAP:
    case SET: say_run(out, element_of(type, 0), slice->ptr, slice->len, form); break;
    case SLICE: say_run(out, element_of(type, 0), slice->ptr, slice->len, LENT); break;
    case ARRAY: say_run(out, element_of(type, 0), place, type->length, form); break;
    case BOX:
        print(out, "Box ");
        say_value(out, element_of(type, 0), *pointer, form);
        break;
    case REFERENCE:
        print(out, "& ");
        say_value(out, element_of(type, 0), *pointer, LENT);
        break;
    case OPTION:
    case RESULT:
        if (type->kind == OPTION && !*tag) {
            print(out, "None");
            break;
        }
        print(out, "%s ", type->kind == OPTION ? "Some" : *tag ? "Err" : "Ok");
        say_value(out, element_of(type, type->kind == OPTION ? 0 : *tag), (const char *)place + payload_of(type, form), form);
        break;
    case TUPLE:
        print(out, "(");
        say_fields(out, &type->fields, place, form, false);
        print(out, ")");
        break;
    case STRUCT:
        print(out, "%.*s { ", S(type->name));
        say_fields(out, &type->fields, place, form, true);
        print(out, " }");
        break;
    case ENUM: {
        const Variant *variant = type->variants.ptr[*tag];
        print(out, "%.*s", S(variant->name));
        if (variant->fields.len) {
            print(out, " { ");
            say_fields(out, &variant->fields, place, form, true);
            print(out, " }");
        }
        break;
    }
    case FLAGS: say_value(out, element_of(type, 0), place, form); break;
    case FAULT: print(out, "fault \"%.*s\"", S((*(const FaultRecord *const *)place)->message)); break;
    case OBJECT: print(out, "an object"); break;
    default: print(out, "kind %u", type->kind);
    }
}

// Gives an owned value back to the side that made it: memory, objects, faults.
static void drop_owned(const Type *type, void *place);
static void drop_fields(const List *fields, char *place) {
    for (size_t i = 0; i < fields->len; i++) {
        const Field *field = fields->ptr[i];
        drop_owned(field->ty(), place + field->owned_offset);
    }
}
static void drop_owned(const Type *type, void *place) {
    uint32_t *tag = place;
    if (has_buffer(type)) {
        Buffer *buffer = place;
        for (size_t i = 0; i < buffer->len && type->element_count; i++) {
            const Type *element = element_of(type, 0);
            drop_owned(element, (char *)buffer->ptr + i * element->owned_size);
        }
        release_buffer(*buffer);
        return;
    }
    switch (type->kind) {
    case ARRAY:
        for (size_t i = 0; i < type->length; i++) {
            drop_owned(element_of(type, 0), (char *)place + i * element_of(type, 0)->owned_size);
        }
        break;
    case OPTION:
        if (*tag) drop_owned(element_of(type, 0), (char *)place + payload_of(type, OWNED));
        break;
    case RESULT: drop_owned(element_of(type, *tag), (char *)place + payload_of(type, OWNED)); break;
    case TUPLE:
    case STRUCT: drop_fields(&type->fields, place); break;
    case ENUM: drop_fields(&((const Variant *)type->variants.ptr[*tag])->fields, place); break;
    case FAULT: {
        const FaultRecord *fault = *(const FaultRecord **)place;
        fault->table->release(fault);
        break;
    }
    case OBJECT: {
        Object *object = place;
        if (object->release) object->release(object->state);
        break;
    }
    default: break;
    }
}

// The type as its author would write it.
static void say_type(Out *out, const Type *type) {
    static const char *const SCALARS[] = { "()", "bool", "char", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "isize",
        "usize", "f32", "f64", "String" };
    if (type->name.len) {
        print(out, "%.*s", S(type->name));
        return;
    }
    if (type->kind < COUNT(SCALARS)) {
        print(out, "%s", SCALARS[type->kind]);
        return;
    }
    const char *before = "", *after = "";
    switch (type->kind) {
    case LIST: before = "Vec<", after = ">"; break;
    case ARRAY: before = "["; break;
    case OPTION: before = "Option<", after = ">"; break;
    case RESULT: before = "Result<", after = ">"; break;
    case BOX: before = "Box<", after = ">"; break;
    case SET: before = "Set<", after = ">"; break;
    case SLICE: before = "&[", after = "]"; break;
    case REFERENCE: before = "&"; break;
    case MAP:
    case TUPLE: {
        const List *parts = type->kind == MAP ? &element_of(type, 0)->fields : &type->fields;
        print(out, type->kind == MAP ? "Map<" : "(");
        for (size_t i = 0; i < parts->len; i++) {
            print(out, "%s", i ? ", " : "");
            say_type(out, ((const Field *)parts->ptr[i])->ty());
        }
        print(out, type->kind == MAP ? ">" : ")");
        return;
    }
    case OBJECT: {
        const Contract *contract = type->contract();
        const char *kind = type->flags & UNIQUE ? "Box<" : type->flags & SHARED ? "Arc<" : "&";
        print(out, "%sdyn %.*s%s", kind, S(contract->name), *kind == '&' ? "" : ">");
        return;
    }
    case STR: print(out, "&str"); return;
    case U128: print(out, "u128"); return;
    case I128: print(out, "i128"); return;
    case DURATION: print(out, "Duration"); return;
    case SYSTEM_TIME: print(out, "SystemTime"); return;
    case PATH: print(out, "PathBuf"); return;
    case BORROWED_PATH: print(out, "&Path"); return;
    case FAULT: print(out, "Fault"); return;
    default: print(out, "kind %u", type->kind); return;
    }
    print(out, "%s", before);
    for (size_t i = 0; i < type->element_count; i++) {
        print(out, "%s", i ? ", " : "");
        say_type(out, element_of(type, i));
    }
    if (type->kind == ARRAY) print(out, "; %zu]", type->length);
    print(out, "%s", after);
}

// One line of the table of layouts.
static void say_offset(Out *out, size_t lent, size_t owned) {
    print(out, "%zu", lent);
    if (lent != owned) print(out, "/%zu", owned);
}
static void say_offsets(Out *out, const List *fields) {
    for (size_t i = 0; i < fields->len; i++) {
        const Field *field = fields->ptr[i];
        print(out, "%s%.*s ", i ? ", " : "", S(field->name));
        say_offset(out, field->lent_offset, field->owned_offset);
    }
}
static void say_layout(Out *out, const Type *type) {
    print(out, "| `");
    say_type(out, type);
    print(out, "` | %zu, %zu | %zu, %zu | ", type->lent_size, type->lent_align, type->owned_size, type->owned_align);
    switch (type->kind) {
    case ARRAY:
        print(out, "%zu elements, a step of ", type->length);
        say_offset(out, element_of(type, 0)->lent_size, element_of(type, 0)->owned_size);
        break;
    case OPTION:
    case RESULT:
        print(out, type->kind == OPTION ? "tag 0: 0 none, 1 some; value " : "tag 0: 0 ok, 1 err; value ");
        say_offset(out, payload_of(type, LENT), payload_of(type, OWNED));
        break;
    case TUPLE:
    case STRUCT: say_offsets(out, &type->fields); break;
    case ENUM:
        print(out, "tag 0: ");
        for (size_t i = 0; i < type->variants.len; i++) {
            const Variant *variant = type->variants.ptr[i];
            print(out, "%s%u %.*s", i ? "; " : "", variant->tag, S(variant->name));
            if (!variant->fields.len) continue;
            print(out, " (");
            say_offsets(out, &variant->fields);
            print(out, ")");
        }
        break;
    case BOX: print(out, "pointer / `Buffer` of one"); break;
    case STRING:
    case LIST:
    case MAP:
    case SET:
    case PATH: print(out, "`Slice` / `Buffer`"); break;
    case STR:
    case SLICE:
    case BORROWED_PATH: print(out, "`Slice`"); break;
    case REFERENCE: print(out, "pointer"); break;
    case FAULT: print(out, "pointer to `FaultRecord`"); break;
    case OBJECT: print(out, "`Object`"); break;
    case U128:
    case I128: print(out, "low 0, high 8"); break;
    case DURATION:
    case SYSTEM_TIME: print(out, "secs 0, nanos 8"); break;
    case FLAGS: say_type(out, element_of(type, 0)); break;
    default: break;
    }
    print(out, " |\n");
}

// Every type that can be reached, each once by its name, and what it is made of behind it.
typedef struct { char *names[256]; size_t len; } Seen;
static void say_layouts(Out *out, Seen *seen, const Type *type) {
    Out name = { 0 };
    say_type(&name, type);
    for (size_t i = 0; i < seen->len; i++) {
        if (!strcmp(seen->names[i], name.text)) {
            free(name.text);
            return;
        }
    }
    if (seen->len == COUNT(seen->names)) abort();
    seen->names[seen->len++] = name.text;
    say_layout(out, type);
    for (size_t i = 0; i < type->element_count; i++) say_layouts(out, seen, element_of(type, i));
    for (size_t i = 0; i < type->fields.len; i++) say_layouts(out, seen, ((const Field *)type->fields.ptr[i])->ty());
    for (size_t i = 0; i < type->variants.len; i++) {
        const Variant *variant = type->variants.ptr[i];
        for (size_t j = 0; j < variant->fields.len; j++) {
            say_layouts(out, seen, ((const Field *)variant->fields.ptr[j])->ty());
        }
    }
}
// The layouts of a contract's types, then the frames of its methods.
static Buffer layouts_of(const Contract *contract) {
    Out out = { 0 };
    Seen seen = { 0 };
    for (size_t i = 0; i < contract->methods.len; i++) {
        const Method *method = contract->methods.ptr[i];
        for (size_t j = 0; j < method->arguments.len; j++) {
            say_layouts(&out, &seen, ((const Argument *)method->arguments.ptr[j])->ty());
        }
        say_layouts(&out, &seen, method->result());
    }
    print(&out, "\n");
    for (size_t i = 0; i < contract->methods.len; i++) {
        const Method *method = contract->methods.ptr[i];
        print(&out, "| `%.*s` | %zu, %zu | ", S(method->name), method->frame_size, method->frame_align);
        for (size_t j = 0; j < method->arguments.len; j++) {
            const Argument *argument = method->arguments.ptr[j];
            print(&out, "%s%.*s %zu", j ? ", " : "", S(argument->name), argument->frame_offset);
        }
        print(&out, " |\n");
    }
    while (seen.len) free(seen.names[--seen.len]);
    return given(&out);
}

#endif
