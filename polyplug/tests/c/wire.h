// The wire forms of every type that may stand in a signature, as structs of a C program, and the descriptors of the contracts in
// `tests/support/wire.rs`. Where a type has two forms, `..Lent` is that of an argument, `..Owned` that of a result.
#ifndef POLYPLUG_TESTS_WIRE_H
#define POLYPLUG_TESTS_WIRE_H

#include "describe.h"

typedef struct { uint64_t low, high; } Wide;
typedef struct { uint64_t secs; uint32_t nanos; } DurationForm;
typedef struct { int64_t secs; uint32_t nanos; } TimeForm;
typedef const FaultRecord *FaultForm;

typedef struct { double x; float y; uint8_t on; } Point;
typedef struct { float left, right; } Sample;
typedef struct {
    uint8_t a; uint32_t b; int8_t c; int16_t d; int32_t e; int64_t f; intptr_t g; uint8_t h; uint16_t i; uint32_t j; uint64_t k;
    size_t l; float m; double n;
} Scalars;

typedef struct { uint32_t tag; uint8_t value; } OptionNat8;
typedef struct { uint32_t tag; uint64_t value; } OptionNat64;
typedef struct { uint32_t tag; Slice value; } OptionSlice;
typedef struct { uint32_t tag; Buffer value; } OptionBuffer;
typedef struct { uint32_t tag; OptionSlice value; } OptionOptionSlice;
typedef struct { uint32_t tag; OptionBuffer value; } OptionOptionBuffer;
typedef struct { uint32_t tag; const void *value; } OptionPointer;
typedef struct { uint32_t tag; Object value; } OptionObject;
typedef struct { uint32_t tag; union { uint8_t ok; Slice err; } as; } ResultNat8Slice;
typedef struct { uint32_t tag; union { uint8_t ok; Buffer err; } as; } ResultNat8Buffer;
typedef struct { uint32_t tag; union { Slice ok; uint16_t err; } as; } ResultSliceNat16;
typedef struct { uint32_t tag; union { Buffer ok; uint16_t err; } as; } ResultBufferNat16;

typedef struct { uint8_t a; Slice b; double c; } TripleLent;
typedef struct { uint8_t a; Buffer b; double c; } TripleOwned;
typedef struct { double a; Slice b; uint8_t c; } TurnedLent;
typedef struct { double a; Buffer b; uint8_t c; } TurnedOwned;
typedef struct { Wide a, b; } WidePair;
typedef struct { Slice key; uint32_t value; } TextNat32Lent;
typedef struct { Buffer key; uint32_t value; } TextNat32Owned;
typedef struct { uint8_t key; Slice value; } Nat8TextLent;
typedef struct { uint8_t key; Buffer value; } Nat8TextOwned;
typedef struct { Slice a, b; } SlicePair;
typedef struct { Buffer a, b; } BufferPair;
typedef struct { TimeForm a; DurationForm b; } TimePair;

typedef struct {
    uint32_t tag;
    union {
        struct { Point point; float radius; } circle;
        struct { Slice text; uint8_t size; uint64_t weight; } label;
    } as;
} ShapeLent;
typedef struct {
    uint32_t tag;
    union {
        struct { Point point; float radius; } circle;
        struct { Buffer text; uint8_t size; uint64_t weight; } label;
    } as;
} ShapeOwned;
typedef struct {
    Slice name; uint32_t letter; uint8_t on; Point place; ShapeLent shape; uint32_t colour; uint16_t style; Slice children;
    OptionPointer next;
} TreeLent;
typedef struct {
    Buffer name; uint32_t letter; uint8_t on; Point place; ShapeOwned shape; uint32_t colour; uint16_t style; Buffer children;
    OptionBuffer next;
} TreeOwned;
typedef struct { uint32_t tag; union { uint8_t end; const void *link; } as; } ChainLent;
typedef struct { uint32_t tag; union { uint8_t end; Buffer link; } as; } ChainOwned;
typedef struct { Slice name; OptionObject ear; Object work; } JobLent;
typedef struct { Buffer name; OptionObject ear; Object work; } JobOwned;
typedef struct { Slice words[2]; } TwoSlices;
typedef struct { Buffer words[2]; } TwoBuffers;
typedef struct { uint16_t numbers[3]; } Three;

// Scalars.

static const Type unit_type = { .size = sizeof(Type), .kind = UNIT, .flags = 0, .lent_align = 1, .owned_align = 1 };
static inline const Type *unit(void) { return &unit_type; }
SCALAR(boolean, BOOL, PLAIN | BY_VALUE, uint8_t)
SCALAR(letter, CHAR, PLAIN | BY_VALUE, uint32_t)
SCALAR(int8, I8, PLAIN | BY_VALUE, int8_t)
SCALAR(int16, I16, PLAIN | BY_VALUE, int16_t)
SCALAR(int32, I32, PLAIN | BY_VALUE, int32_t)
SCALAR(int64, I64, PLAIN | BY_VALUE, int64_t)
SCALAR(word, ISIZE, PLAIN | BY_VALUE, intptr_t)
SCALAR(nat8, U8, PLAIN | BY_VALUE, uint8_t)
SCALAR(nat16, U16, PLAIN | BY_VALUE, uint16_t)
SCALAR(nat32, U32, PLAIN | BY_VALUE, uint32_t)
SCALAR(nat64, U64, PLAIN | BY_VALUE, uint64_t)
SCALAR(size, USIZE, PLAIN | BY_VALUE, size_t)
SCALAR(single, F32, PLAIN | BY_VALUE, float)
SCALAR(real, F64, PLAIN | BY_VALUE, double)
SCALAR(nat128, U128, 0, Wide)
SCALAR(int128, I128, 0, Wide)
SCALAR(duration, DURATION, 0, DurationForm)
SCALAR(moment, SYSTEM_TIME, 0, TimeForm)
SCALAR(fault, FAULT, 0, FaultForm)

// Text, lists, paths.

static const Type text_type = { .size = sizeof(Type), .kind = STRING, FORMS(Slice, Buffer) };
static inline const Type *text(void) { return &text_type; }
SCALAR(lent_text, STR, 0, Slice)
OF(path, PATH, 0, Slice, Buffer, 0, nat8)
OF(lent_path, BORROWED_PATH, 0, Slice, Slice, 0, nat8)
OF(numbers, LIST, 0, Slice, Buffer, 0, nat32)
OF(shorts, LIST, 0, Slice, Buffer, 0, nat16)
OF(short_lists, LIST, 0, Slice, Buffer, 0, shorts)
OF(texts, LIST, 0, Slice, Buffer, 0, text)
OF(lent_texts, LIST, 0, Slice, Buffer, 0, lent_text)
OF(lent_bytes, SLICE, 0, Slice, Slice, 0, nat8)
OF(lent_numbers, SLICE, 0, Slice, Slice, 0, nat32)
OF(three, ARRAY, PLAIN, Three, Three, 3, nat16)
OF(two_texts, ARRAY, 0, TwoSlices, TwoBuffers, 2, text)

// Options, results, tuples, boxes.

OPTION_OF(option_nat8, OptionNat8, OptionNat8, nat8)
OPTION_OF(option_nat64, OptionNat64, OptionNat64, nat64)
OPTION_OF(option_lent_text, OptionSlice, OptionSlice, lent_text)
OPTION_OF(option_lent_path, OptionSlice, OptionSlice, lent_path)
OPTION_OF(option_lent_numbers, OptionSlice, OptionSlice, lent_numbers)
OPTION_OF(option_text, OptionSlice, OptionBuffer, text)
OPTION_OF(option_option_text, OptionOptionSlice, OptionOptionBuffer, option_text)
RESULT_OF(result_nat8_text, ResultNat8Slice, ResultNat8Buffer, nat8, text)
RESULT_OF(result_text_nat16, ResultSliceNat16, ResultBufferNat16, text, nat16)
FIELDED(triple, TUPLE, 0, "", TripleLent, TripleOwned, (a, "0", a, nat8), (b, "1", b, text), (c, "2", c, real))
FIELDED(turned, TUPLE, 0, "", TurnedLent, TurnedOwned, (a, "0", a, real), (b, "1", b, text), (c, "2", c, nat8))
FIELDED(wide_pair, TUPLE, 0, "", WidePair, WidePair, (a, "0", a, nat128), (b, "1", b, int128))
FIELDED(time_pair, TUPLE, 0, "", TimePair, TimePair, (a, "0", a, moment), (b, "1", b, duration))
OF(boxed_nat64, BOX, 0, const void *, Buffer, 0, nat64)
OF(boxed_text, BOX, 0, const void *, Buffer, 0, text)

// Maps and sets.

FIELDED(text_nat32, TUPLE, 0, "", TextNat32Lent, TextNat32Owned, (key, "0", key, text), (value, "1", value, nat32))
FIELDED(nat8_text, TUPLE, 0, "", Nat8TextLent, Nat8TextOwned, (key, "0", key, nat8), (value, "1", value, text))
OF(numbers_by_text, MAP, 0, Slice, Buffer, 0, text_nat32)
OF(texts_by_nat8, MAP, 0, Slice, Buffer, 0, nat8_text)
OF(letter_set, SET, 0, Slice, Buffer, 0, letter)
OF(text_set, SET, 0, Slice, Buffer, 0, text)
FIELDED(map_pair, TUPLE, 0, "", SlicePair, BufferPair, (a, "0", a, numbers_by_text), (b, "1", b, texts_by_nat8))
FIELDED(set_pair, TUPLE, 0, "", SlicePair, BufferPair, (a, "0", a, letter_set), (b, "1", b, text_set))

// Data.

FIELDED(point, STRUCT, PLAIN, "Point", Point, Point, (x, "x", x, real), (y, "y", y, single), (on, "on", on, boolean))
FIELDED(sample, STRUCT, PLAIN, "Sample", Sample, Sample, (left, "left", left, single), (right, "right", right, single))
FIELDED(scalars, STRUCT, PLAIN, "Scalars", Scalars, Scalars, (a, "a", a, boolean), (b, "b", b, letter), (c, "c", c, int8),
    (d, "d", d, int16), (e, "e", e, int32), (f, "f", f, int64), (g, "g", g, word), (h, "h", h, nat8), (i, "i", i, nat16),
    (j, "j", j, nat32), (k, "k", k, nat64), (l, "l", l, size), (m, "m", m, single), (n, "n", n, real))

static const TypeFunction style_elements[] = { nat16 };
static const Type style_type = { .size = sizeof(Type), .kind = FLAGS, .flags = PLAIN | BY_VALUE, .name = TEXT("Style"),
    FORMS(uint16_t, uint16_t), .elements = style_elements, .element_count = 1 };
static inline const Type *style(void) { return &style_type; }

static const Variant colour_list[] = {
    { .size = sizeof(Variant), .tag = 0, .name = TEXT("Red") },
    { .size = sizeof(Variant), .tag = 1, .name = TEXT("Green") },
    { .size = sizeof(Variant), .tag = 2, .name = TEXT("Blue") },
};
static const Variant *const colour_variants[] = { &colour_list[0], &colour_list[1], &colour_list[2] };
static const Type colour_type = { .size = sizeof(Type), .kind = ENUM, .flags = BY_VALUE, .name = TEXT("Colour"),
    FORMS(uint32_t, uint32_t), .variants = { (const void *const *)colour_variants, 3 } };
static inline const Type *colour(void) { return &colour_type; }

BEHIND(ShapeLent, as); BEHIND(ShapeOwned, as);
typedef ShapeLent circle_lent; typedef ShapeOwned circle_owned;
typedef ShapeLent label_lent; typedef ShapeOwned label_owned;
FIELDS(circle, (point, "0", as.circle.point, point), (radius, "1", as.circle.radius, single))
FIELDS(label, (text, "text", as.label.text, text), (size, "size", as.label.size, nat8), (weight, "weight", as.label.weight, nat64))
static const Variant shape_list[] = {
    { .size = sizeof(Variant), .tag = 0, .name = TEXT("Empty") },
    { .size = sizeof(Variant), .tag = 1, .name = TEXT("Circle"), .fields = FIELDS_OF(circle) },
    { .size = sizeof(Variant), .tag = 2, .name = TEXT("Label"), .fields = FIELDS_OF(label) },
};
static const Variant *const shape_variants[] = { &shape_list[0], &shape_list[1], &shape_list[2] };
static const Type shape_type = { .size = sizeof(Type), .kind = ENUM, .name = TEXT("Shape"), FORMS(ShapeLent, ShapeOwned),
    .variants = { (const void *const *)shape_variants, 3 } };
static inline const Type *shape(void) { return &shape_type; }

static const Type *tree(void);
OF(trees, LIST, 0, Slice, Buffer, 0, tree)
OF(boxed_tree, BOX, 0, const void *, Buffer, 0, tree)
OPTION_OF(option_boxed_tree, OptionPointer, OptionBuffer, boxed_tree)
FIELDED(tree, STRUCT, 0, "Tree", TreeLent, TreeOwned, (name, "name", name, text), (letter, "letter", letter, letter),
    (on, "on", on, boolean), (place, "place", place, point), (shape, "shape", shape, shape), (colour, "colour", colour, colour),
    (style, "style", style, style), (children, "children", children, trees), (next, "next", next, option_boxed_tree))

static const Type *chain(void);
OF(boxed_chain, BOX, 0, const void *, Buffer, 0, chain)
typedef ChainLent end_lent; typedef ChainOwned end_owned;
typedef ChainLent link_lent; typedef ChainOwned link_owned;
FIELDS(end, (0, "0", as.end, boolean))
FIELDS(link, (0, "0", as.link, boxed_chain))
static const Variant chain_list[] = {
    { .size = sizeof(Variant), .tag = 0, .name = TEXT("End"), .fields = FIELDS_OF(end) },
    { .size = sizeof(Variant), .tag = 1, .name = TEXT("Link"), .fields = FIELDS_OF(link) },
};
static const Variant *const chain_variants[] = { &chain_list[0], &chain_list[1] };
static const Type chain_type = { .size = sizeof(Type), .kind = ENUM, .name = TEXT("Chain"), FORMS(ChainLent, ChainOwned),
    .variants = { (const void *const *)chain_variants, 2 } };
static const Type *chain(void) { return &chain_type; }

OF(reference_point, REFERENCE, 0, const void *, const void *, 0, point)
OF(reference_text, REFERENCE, 0, const void *, const void *, 0, text)
OPTION_OF(option_reference_point, OptionPointer, OptionPointer, reference_point)
OPTION_OF(option_reference_text, OptionPointer, OptionPointer, reference_text)
OF(reference_real, REFERENCE, 0, const void *, const void *, 0, real)

// Objects and closures: contracts, those of closures without an id and with unnamed arguments.

#define EAR_METHODS(M, M0) \
    M(ear, hear, 0, nat32, (what, BY_TEXT, text, Slice))
CONTRACT(ear, "wire.ear", "Ear", 0, EAR_METHODS)

#define LINES_METHODS(M, M0) \
    M0(lines, next, METHOD_EXCLUSIVE, option_text)
CONTRACT(lines, "wire.lines", "Lines", CONTRACT_EXCLUSIVE, LINES_METHODS)

#define CLOSURE(prefix, contract_name, contract_flags, result_type, how, argument_type, form) \
    typedef struct { form argument; } prefix##_frame; \
    static const Argument prefix##_argument = { .size = sizeof(Argument), .passing = how, .ty = argument_type }; \
    static const Argument *const prefix##_arguments[] = { &prefix##_argument }; \
    static const Method prefix##_method = { .size = sizeof(Method), .name = TEXT("call"), \
        .arguments = { (const void *const *)prefix##_arguments, 1 }, .result = result_type, \
        .frame_size = sizeof(prefix##_frame), .frame_align = _Alignof(prefix##_frame) }; \
    static const Method *const prefix##_methods[] = { &prefix##_method }; \
    static Contract prefix##_data = { .size = sizeof(Contract), .flags = contract_flags, .major = 1, \
        .name = TEXT(contract_name), .methods = { (const void *const *)prefix##_methods, 1 } }; \
    static inline const Contract *prefix##_contract(void) { return ordered(&prefix##_data); }
CLOSURE(count, "Fn", 0, nat32, VALUE, nat32, uint32_t)
CLOSURE(counter, "FnMut", CONTRACT_EXCLUSIVE, nat32, VALUE, nat32, uint32_t)
CLOSURE(say, "FnMut", CONTRACT_EXCLUSIVE, unit, BY_REFERENCE, lent_text, const Slice *)
CLOSURE(judge, "FnMut", CONTRACT_EXCLUSIVE, boolean, BY_REFERENCE, lent_text, const Slice *)
CLOSURE(turn, "FnMut", CONTRACT_EXCLUSIVE, text, VALUE, text, const Slice *)
CLOSURE(spell, "FnMut", CONTRACT_EXCLUSIVE, text, VALUE, nat32, uint32_t)

OBJECT_OF(lent_ear, 0, ear_contract)
OF(lent_ears, LIST, 0, Slice, Buffer, 0, lent_ear)
OBJECT_OF(boxed_ear, UNIQUE | SEND, ear_contract)
OBJECT_OF(shared_ear, SHARED | SEND | SYNC, ear_contract)
OPTION_OF(option_boxed_ear, OptionObject, OptionObject, boxed_ear)
OBJECT_OF(lent_lines, 0, lines_contract)
OBJECT_OF(lent_count, 0, count_contract)
OBJECT_OF(lent_say, 0, say_contract)
OBJECT_OF(boxed_count, UNIQUE | SEND, count_contract)
OBJECT_OF(boxed_counter, UNIQUE | SEND, counter_contract)
OBJECT_OF(boxed_judge, UNIQUE | SEND, judge_contract)
OBJECT_OF(once_turn, UNIQUE | SEND | ONCE, turn_contract)
OBJECT_OF(once_spell, UNIQUE | SEND | ONCE, spell_contract)
OBJECT_OF(shared_count, SHARED | SEND | SYNC, count_contract)
FIELDED(job, STRUCT, 0, "Job", JobLent, JobOwned, (name, "name", name, text), (ear, "ear", ear, option_boxed_ear),
    (work, "work", work, boxed_counter))

// The contract.

#define WIRE_METHODS(M, M0) \
    M(wire, flip, 0, boolean, (value, VALUE, boolean, uint32_t)) \
    M(wire, after, 0, letter, (value, VALUE, letter, uint32_t)) \
    M(wire, int8, 0, int8, (value, VALUE, int8, int32_t)) \
    M(wire, int16, 0, int16, (value, VALUE, int16, int32_t)) \
    M(wire, int32, 0, int32, (value, VALUE, int32, int32_t)) \
    M(wire, int64, 0, int64, (value, VALUE, int64, int64_t)) \
    M(wire, word, 0, word, (value, VALUE, word, intptr_t)) \
    M(wire, nat8, 0, nat8, (value, VALUE, nat8, uint32_t)) \
    M(wire, nat16, 0, nat16, (value, VALUE, nat16, uint32_t)) \
    M(wire, nat32, 0, nat32, (value, VALUE, nat32, uint32_t)) \
    M(wire, nat64, 0, nat64, (value, VALUE, nat64, uint64_t)) \
    M(wire, size, 0, size, (value, VALUE, size, size_t)) \
    M(wire, single, 0, single, (value, VALUE, single, float)) \
    M(wire, real, 0, real, (value, VALUE, real, double)) \
    M(wire, all, 0, scalars, (a, VALUE, boolean, uint32_t), (b, VALUE, letter, uint32_t), (c, VALUE, int8, int32_t), \
        (d, VALUE, int16, int32_t), (e, VALUE, int32, int32_t), (f, VALUE, int64, int64_t), (g, VALUE, word, intptr_t), \
        (h, VALUE, nat8, uint32_t), (i, VALUE, nat16, uint32_t), (j, VALUE, nat32, uint32_t), (k, VALUE, nat64, uint64_t), \
        (l, VALUE, size, size_t), (m, VALUE, single, float), (n, VALUE, real, double)) \
    M(wire, turn, 0, scalars, (value, BY_REFERENCE, scalars, const Scalars *)) \
    M(wire, wide, 0, wide_pair, (a, VALUE, nat128, const Wide *), (b, VALUE, int128, const Wide *)) \
    M0(wire, nothing, 0, unit) \
    M(wire, unit, 0, unit, (nothing, VALUE, unit, const void *)) \
    M(wire, text, 0, text, (a, BY_TEXT, text, Slice), (b, VALUE, text, const Slice *), (c, VALUE, text, const Slice *)) \
    M(wire, cow, 0, text, (text, VALUE, text, const Slice *)) \
    M(wire, lists, 0, short_lists, (plain, BY_SLICE, nat32, Slice), (points, BY_SLICE, point, Slice), \
        (texts, BY_SLICE, lent_text, Slice), (lists, VALUE, short_lists, const Slice *)) \
    M(wire, scale, 0, unit, (samples, BY_SLICE_MUT, sample, Slice), (by, VALUE, single, float)) \
    M(wire, rotate, 0, three, (value, VALUE, three, const Three *)) \
    M(wire, pair, 0, two_texts, (value, VALUE, two_texts, const TwoSlices *)) \
    M(wire, options, 0, option_option_text, (number, VALUE, option_nat8, const OptionNat8 *), \
        (wide, VALUE, option_nat64, const OptionNat64 *), (text, VALUE, option_lent_text, const OptionSlice *), \
        (deep, VALUE, option_option_text, const OptionOptionSlice *)) \
    M(wire, result, 0, result_text_nat16, (value, VALUE, result_nat8_text, const ResultNat8Slice *)) \
    M(wire, tuple, 0, turned, (value, VALUE, triple, const TripleLent *)) \
    M(wire, boxed, 0, boxed_text, (value, VALUE, boxed_nat64, const uint64_t *const *)) \
    M(wire, maps, 0, map_pair, (hash, VALUE, numbers_by_text, const Slice *), (tree, VALUE, texts_by_nat8, const Slice *)) \
    M(wire, sets, 0, set_pair, (hash, VALUE, letter_set, const Slice *), (tree, VALUE, text_set, const Slice *)) \
    M(wire, times, 0, time_pair, (length, VALUE, duration, const DurationForm *), (time, VALUE, moment, const TimeForm *)) \
    M(wire, paths, 0, path, (lent, BY_REFERENCE, lent_path, const Slice *), (owned, VALUE, path, const Slice *), \
        (inside, VALUE, option_lent_path, const OptionSlice *)) \
    M(wire, fault, 0, fault, (value, VALUE, fault, const FaultForm *)) \
    M(wire, point, 0, point, (value, VALUE, point, const Point *), (by, BY_REFERENCE, point, const Point *)) \
    M(wire, colour, 0, colour, (value, VALUE, colour, uint32_t)) \
    M(wire, style, 0, style, (value, VALUE, style, uint32_t), (more, BY_SLICE, style, Slice)) \
    M(wire, shape, 0, shape, (value, VALUE, shape, const ShapeLent *)) \
    M(wire, tree, 0, tree, (owned, VALUE, tree, const TreeLent *), (lent, BY_REFERENCE, tree, const TreeLent *)) \
    M(wire, chain, 0, chain, (value, VALUE, chain, const ChainLent *)) \
    M(wire, references, 0, nat32, (point, VALUE, option_reference_point, const OptionPointer *), \
        (text, VALUE, option_reference_text, const OptionPointer *), (list, VALUE, lent_texts, const Slice *), \
        (runs, BY_SLICE, lent_bytes, Slice)) \
    M(wire, sinks, 0, nat32, (text, BY_SINK, text, Sink *), (list, BY_SINK, numbers, Sink *)) \
    M(wire, first, METHOD_BORROWS, lent_text, (text, BY_TEXT, text, Slice)) \
    M(wire, some, METHOD_BORROWS, option_lent_numbers, (values, BY_SLICE, nat32, Slice), (from, VALUE, size, size_t)) \
    M(wire, x, METHOD_BORROWS, reference_real, (point, BY_REFERENCE, point, const Point *)) \
    M(wire, hear, 0, nat32, (one, BY_OBJECT, lent_ear, const Object *), (more, VALUE, lent_ears, const Slice *)) \
    M(wire, read, 0, nat32, (lines, BY_OBJECT_MUT, lent_lines, const Object *)) \
    M(wire, ear, 0, boxed_ear, (given, VALUE, boxed_ear, const Object *)) \
    M(wire, share, 0, shared_ear, (given, VALUE, shared_ear, const Object *)) \
    M(wire, each, 0, nat32, (work, BY_OBJECT, lent_count, const Object *), (say, BY_OBJECT_MUT, lent_say, const Object *)) \
    M(wire, keep, 0, boxed_count, (work, VALUE, boxed_count, const Object *)) \
    M(wire, change, 0, boxed_counter, (work, VALUE, boxed_judge, const Object *)) \
    M(wire, once, 0, once_spell, (work, VALUE, once_turn, const Object *)) \
    M(wire, both, 0, shared_count, (work, VALUE, shared_count, const Object *)) \
    M(wire, job, 0, job, (job, VALUE, job, const JobLent *))
CONTRACT(wire, "wire.wire", "Wire", 0, WIRE_METHODS)

#endif
