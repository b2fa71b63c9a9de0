// Descriptors written down in C: sizes and offsets are what this compiler makes of the structs, so a descriptor says how C sees a
// type. An entry is a static; `EACH(macro, context, (a, b), (c, d))` is `macro(context, a, b) macro(context, c, d)`.
#ifndef POLYPLUG_TESTS_DESCRIBE_H
#define POLYPLUG_TESTS_DESCRIBE_H

#include "abi.h"

#define OPEN(...) __VA_ARGS__
#define CALL(macro, ...) macro(__VA_ARGS__)
#define CALL_EACH(macro, ...) macro(__VA_ARGS__)
#define APPLY(macro, context, tuple) CALL(macro, context, OPEN tuple)
#define EACH_0(macro, context, nothing)
#define EACH_1(macro, context, x) APPLY(macro, context, x)
#define EACH_2(macro, context, x, ...) APPLY(macro, context, x) EACH_1(macro, context, __VA_ARGS__)
#define EACH_3(macro, context, x, ...) APPLY(macro, context, x) EACH_2(macro, context, __VA_ARGS__)
#define EACH_4(macro, context, x, ...) APPLY(macro, context, x) EACH_3(macro, context, __VA_ARGS__)
#define EACH_5(macro, context, x, ...) APPLY(macro, context, x) EACH_4(macro, context, __VA_ARGS__)
#define EACH_6(macro, context, x, ...) APPLY(macro, context, x) EACH_5(macro, context, __VA_ARGS__)
#define EACH_7(macro, context, x, ...) APPLY(macro, context, x) EACH_6(macro, context, __VA_ARGS__)
#define EACH_8(macro, context, x, ...) APPLY(macro, context, x) EACH_7(macro, context, __VA_ARGS__)
#define EACH_9(macro, context, x, ...) APPLY(macro, context, x) EACH_8(macro, context, __VA_ARGS__)
#define EACH_10(macro, context, x, ...) APPLY(macro, context, x) EACH_9(macro, context, __VA_ARGS__)
#define EACH_11(macro, context, x, ...) APPLY(macro, context, x) EACH_10(macro, context, __VA_ARGS__)
#define EACH_12(macro, context, x, ...) APPLY(macro, context, x) EACH_11(macro, context, __VA_ARGS__)
#define EACH_13(macro, context, x, ...) APPLY(macro, context, x) EACH_12(macro, context, __VA_ARGS__)
#define EACH_14(macro, context, x, ...) APPLY(macro, context, x) EACH_13(macro, context, __VA_ARGS__)
#define PICK(a, b, c, d, e, f, g, h, i, j, k, l, m, n, picked, ...) picked
#define EACH_OF(...) PICK(__VA_ARGS__, EACH_14, EACH_13, EACH_12, EACH_11, EACH_10, EACH_9, EACH_8, EACH_7, EACH_6, EACH_5, \
    EACH_4, EACH_3, EACH_2, EACH_1, )
#define EACH(macro, context, ...) CALL_EACH(EACH_OF(__VA_ARGS__), macro, context, __VA_ARGS__)

#define FORMS(lent, owned) .lent_size = sizeof(lent), .lent_align = _Alignof(lent), .owned_size = sizeof(owned), \
    .owned_align = _Alignof(owned)

// A type without parts: `SCALAR(real, F64, PLAIN | BY_VALUE, double)`.
#define SCALAR(function, type_kind, type_flags, form) \
    static const Type function##_type = { .size = sizeof(Type), .kind = type_kind, .flags = type_flags, FORMS(form, form) }; \
    static inline const Type *function(void) { return &function##_type; }

// A type made of other types: `OF(names, LIST, 0, Slice, Buffer, 0, text)`.
#define OF(function, type_kind, type_flags, lent, owned, number, ...) \
    static const TypeFunction function##_elements[] = { __VA_ARGS__ }; \
    static const Type function##_type = { .size = sizeof(Type), .kind = type_kind, .flags = type_flags, FORMS(lent, owned), \
        .length = number, .elements = function##_elements, .element_count = COUNT(function##_elements) }; \
    static inline const Type *function(void) { return &function##_type; }

// A tag, then a value: where the value lies follows from the alignment of the whole.
#define BEHIND(form, payload) _Static_assert(offsetof(form, payload) == (_Alignof(form) > 4 ? _Alignof(form) : 4), "")
#define OPTION_OF(function, lent, owned, element) \
    BEHIND(lent, value); BEHIND(owned, value); OF(function, OPTION, 0, lent, owned, 0, element)
#define RESULT_OF(function, lent, owned, ok, err) \
    BEHIND(lent, as); BEHIND(owned, as); OF(function, RESULT, 0, lent, owned, 0, ok, err)

// A struct, tuple or variant: `(static's name, "field's name", place, type)`.
#define FIELD(owner, id, text, place, of_type) static const Field owner##_field_##id = { .size = sizeof(Field), .name = TEXT(text), \
    .ty = of_type, .lent_offset = offsetof(owner##_lent, place), .owned_offset = offsetof(owner##_owned, place) };
#define FIELD_POINTER(owner, id, text, place, of_type) &owner##_field_##id,
#define FIELDS(owner, ...) EACH(FIELD, owner, __VA_ARGS__) \
    static const Field *const owner##_fields[] = { EACH(FIELD_POINTER, owner, __VA_ARGS__) };
#define FIELDS_OF(owner) { (const void *const *)owner##_fields, COUNT(owner##_fields) }
#define FIELDED(function, type_kind, type_flags, type_name, lent, owned, ...) \
    typedef lent function##_lent; typedef owned function##_owned; \
    FIELDS(function, __VA_ARGS__) \
    static const Type function##_type = { .size = sizeof(Type), .kind = type_kind, .flags = type_flags, \
        .name = TEXT(type_name), FORMS(lent, owned), .fields = FIELDS_OF(function) }; \
    static inline const Type *function(void) { return &function##_type; }

// An object: `OBJECT_OF(boxed_ear, UNIQUE | SEND, ear_contract)`.
#define OBJECT_OF(function, type_flags, of) \
    static const Type function##_type = { .size = sizeof(Type), .kind = OBJECT, .flags = type_flags, FORMS(Object, Object), \
        .contract = of }; \
    static inline const Type *function(void) { return &function##_type; }

// A contract from a list of methods: `M(prefix, name, flags, result, (argument, passing, type, what stands in the frame)...)`.
// `M0` is one without arguments.
#define FRAME_FIELD(method, name, passing, of_type, form) form name;
#define ARGUMENT(method, id, how, of_type, form) static const Argument method##_argument_##id = { .size = sizeof(Argument), \
    .passing = how, .name = TEXT(#id), .ty = of_type, .frame_offset = offsetof(method##_frame, id) };
#define ARGUMENT_POINTER(method, id, how, of_type, form) &method##_argument_##id,
#define METHOD(prefix, id, method_flags, result_type, ...) \
    typedef struct { EACH(FRAME_FIELD, prefix##_##id, __VA_ARGS__) } prefix##_##id##_frame; \
    EACH(ARGUMENT, prefix##_##id, __VA_ARGS__) \
    static const Argument *const prefix##_##id##_list[] = { EACH(ARGUMENT_POINTER, prefix##_##id, __VA_ARGS__) }; \
    static const Method prefix##_##id##_method = { .size = sizeof(Method), .flags = method_flags, .name = TEXT(#id), \
        .arguments = { (const void *const *)prefix##_##id##_list, COUNT(prefix##_##id##_list) }, .result = result_type, \
        .frame_size = sizeof(prefix##_##id##_frame), .frame_align = _Alignof(prefix##_##id##_frame) };
#define METHOD0(prefix, id, method_flags, result_type) \
    static const Method prefix##_##id##_method = { .size = sizeof(Method), .flags = method_flags, .name = TEXT(#id), \
        .result = result_type, .frame_align = 1 };
#define METHOD_POINTER(prefix, id, ...) &prefix##_##id##_method,
#define METHOD_INDEX(prefix, id, ...) prefix##_##id##_index,
#define CONTRACT(prefix, contract_id, contract_name, contract_flags, METHODS) \
    METHODS(METHOD, METHOD0) \
    static const Method *const prefix##_methods[] = { METHODS(METHOD_POINTER, METHOD_POINTER) }; \
    enum { METHODS(METHOD_INDEX, METHOD_INDEX) prefix##_count }; \
    static Contract prefix##_data = { .size = sizeof(Contract), .flags = contract_flags, .major = 1, .id = TEXT(contract_id), \
        .name = TEXT(contract_name), .methods = { (const void *const *)prefix##_methods, prefix##_count } }; \
    static inline const Contract *prefix##_contract(void) { return ordered(&prefix##_data); }

// The number made of the method names in order, as the descriptor's documentation says: FNV-1a, 0xFF behind each name.
static const Contract *ordered(Contract *contract) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < contract->methods.len; i++) {
        const Method *method = contract->methods.ptr[i];
        for (size_t at = 0; at <= method->name.len; at++) {
            uint8_t byte = at < method->name.len ? ((const uint8_t *)method->name.ptr)[at] : 0xFF;
            hash = (hash ^ byte) * 0x100000001b3u;
        }
    }
    contract->order = hash;
    return contract;
}

#endif
