// A module in C that lies: its results are no values of their types, and it calls others with arguments that are none. Each lie has
// a name, by which a test chooses it.
#include "memory.h"
#include "wire.h"

#define LIST_OF(array) { (void *)(array), COUNT(array) }
#define BUFFER_OF(array) { (void *)(array), COUNT(array), COUNT(array), NULL }
#define GOOD_TEXT { "good", 4, 4, NULL }
#define BAD_TEXT "\xC0\x80"
#define TOO_LONG ((size_t)1 << 63)
#define MILLION 1000000

// Parts of lies. Nothing here is given away: no lie has a function that would take it back.

static char words[] = BAD_TEXT;
static uint64_t numbers_there[4] = { 1, 2, 3, 4 };
#define SKEWED ((void *)((char *)numbers_there + 1))
static uint32_t two_letters[] = { 'a', 0xDFFF };
static Slice lent_words[] = { TEXT("good"), TEXT(BAD_TEXT) };
static Buffer owned_words[] = { GOOD_TEXT, { words, 2, 2, NULL } };
static TextNat32Owned owned_pairs[] = { { GOOD_TEXT, 1 }, { { words, 2, 2, NULL }, 2 } };
static TextNat32Lent lent_pairs[] = { { TEXT("good"), 1 }, { TEXT(BAD_TEXT), 2 } };
static Nat8TextOwned owned_more[] = { { 1, { NULL, 9, 9, NULL } } };
static Point bad_points[] = { { 1, 2, 1 }, { 3, 4, 3 } };
static TreeOwned bad_trees[] = { { .name = GOOD_TEXT }, { .name = GOOD_TEXT, .shape = { 2, { .label = { { words, 2, 2, NULL }, 0, 0 } } } } };
static TreeOwned bad_leaf = { .name = GOOD_TEXT, .colour = 3 };
static TreeLent bad_lent_trees[] = { { .name = TEXT("good") }, { .name = TEXT("good"), .letter = 0x110000 } };
static TreeLent bad_lent_leaf = { .name = TEXT("good"), .shape = { 1, { .circle = { { 0, 0, 2 }, 0 } } } };
static ChainOwned owned_loop = { 1, { .link = { &owned_loop, 1, 1, NULL } } };
static ChainLent lent_loop = { 1, { .link = &lent_loop } };
static char bad_message[] = "\xFF";
static void keep_fault(const FaultRecord *fault) { (void)fault; }
static const FaultTable fault_table = { sizeof(FaultTable), 0, keep_fault, keep_fault };
static FaultRecord bad_fault = { .size = sizeof(FaultRecord), .kind = THREW, .table = &fault_table, .message = { bad_message, 1 } };
static FaultRecord small_fault = { .size = 8 };
static FaultRecord tableless_fault = { .size = sizeof(FaultRecord) };

static uint32_t nothing_heard(Receiver *receiver, const void *what, size_t len) { (void)receiver, (void)what, (void)len; return 0; }
typedef struct { Interface head; Function hear; } EarTable;
static EarTable null_hear = { { sizeof(EarTable), 1, 0, 0, 0, NULL, refuse, }, NULL };
static EarTable null_invoke = { { sizeof(EarTable), 1, 0, 0, 0, NULL, NULL }, (Function)nothing_heard };
static EarTable small_ear = { { sizeof(EarTable), 7, 0, 0, 0, NULL, refuse }, (Function)nothing_heard };
static EarTable good_ear = { { sizeof(EarTable), 1, 0, 0, 0, NULL, refuse }, (Function)nothing_heard };
static void release_ear(void *state) { alive--; (void)state; }

// Results: `L(name of the lie, form, what is written)`.

#define RESULT_LIES(L) \
    L(bool_2, uint32_t, 2) \
    L(bool_wide, uint32_t, 0x100) \
    L(char_surrogate, uint32_t, 0xD800) \
    L(char_beyond, uint32_t, 0x110000) \
    L(colour_3, uint32_t, 3) \
    L(text_no_utf8, Buffer, { words, 2, 2, NULL }) \
    L(text_null, Buffer, { NULL, 3, 3, NULL }) \
    L(text_too_long, Buffer, { words, TOO_LONG, 2, NULL }) \
    L(numbers_null, Buffer, { NULL, 1, 1, NULL }) \
    L(numbers_skewed, Buffer, { SKEWED, 1, 1, NULL }) \
    L(numbers_too_long, Buffer, { numbers_there, TOO_LONG / 4, 1, NULL }) \
    L(units_too_long, Buffer, { numbers_there, TOO_LONG, 1, NULL }) \
    L(letters_second, Buffer, BUFFER_OF(two_letters)) \
    L(option_2, OptionNat8, { 2, 0 }) \
    L(result_2, ResultNat8Buffer, { 2, { 0 } }) \
    L(result_err, ResultNat8Buffer, { 1, { .err = { words, 2, 2, NULL } } }) \
    L(tuple_second, TripleOwned, { 1, { words, 2, 2, NULL }, 2 }) \
    L(pair_second, TwoBuffers, { { GOOD_TEXT, { words, 2, 2, NULL } } }) \
    L(box_null, Buffer, { NULL, 1, 1, NULL }) \
    L(box_skewed, Buffer, { SKEWED, 1, 1, NULL }) \
    L(box_of_two, Buffer, { numbers_there, 2, 2, NULL }) \
    L(box_of_none, Buffer, { numbers_there, 0, 0, NULL }) \
    L(point_on, Point, { 1, 2, 0xFF }) \
    L(shape_7, ShapeOwned, { .tag = 7 }) \
    L(shape_circle, ShapeOwned, { 1, { .circle = { { 0, 0, 2 }, 0 } } }) \
    L(shape_label, ShapeOwned, { 2, { .label = { { NULL, 5, 5, NULL }, 0, 0 } } }) \
    L(tree_letter, TreeOwned, { .name = GOOD_TEXT, .letter = 0xDC00 }) \
    L(tree_colour, TreeOwned, { .name = GOOD_TEXT, .colour = 9 }) \
    L(tree_child, TreeOwned, { .name = GOOD_TEXT, .children = BUFFER_OF(bad_trees) }) \
    L(tree_next, TreeOwned, { .name = GOOD_TEXT, .next = { 1, { &bad_leaf, 1, 1, NULL } } }) \
    L(tree_next_null, TreeOwned, { .name = GOOD_TEXT, .next = { 1, { NULL, 1, 1, NULL } } }) \
    L(chain_end, ChainOwned, { 0, { .end = 2 } }) \
    L(chain_loop, ChainOwned, { 1, { .link = { &owned_loop, 1, 1, NULL } } }) \
    L(map_key, Buffer, BUFFER_OF(owned_pairs)) \
    L(map_value, Buffer, BUFFER_OF(owned_more)) \
    L(map_null, Buffer, { NULL, 1, 1, NULL }) \
    L(map_too_long, Buffer, { owned_pairs, TOO_LONG / 16, 1, NULL }) \
    L(set_letter, Buffer, BUFFER_OF(two_letters)) \
    L(set_skewed, Buffer, { SKEWED, 1, 1, NULL }) \
    L(set_text, Buffer, BUFFER_OF(owned_words)) \
    L(duration_nanos, DurationForm, { 1, 1000000000 }) \
    L(moment_nanos, TimeForm, { 1, UINT32_MAX }) \
    L(path_null, Buffer, { NULL, 1, 1, NULL }) \
    L(path_too_long, Buffer, { words, TOO_LONG, 1, NULL }) \
    L(fault_null, FaultForm, NULL) \
    L(fault_skewed, FaultForm, SKEWED) \
    L(fault_small, FaultForm, &small_fault) \
    L(fault_without_table, FaultForm, &tableless_fault) \
    L(fault_no_utf8, FaultForm, &bad_fault) \
    L(object_null, Object, { NULL, NULL, NULL, NULL }) \
    L(object_skewed, Object, { SKEWED, NULL, NULL, NULL }) \
    L(object_null_function, Object, { &null_hear.head, NULL, NULL, NULL }) \
    L(object_null_invoke, Object, { &null_invoke.head, NULL, NULL, NULL }) \
    L(object_small, Object, { &small_ear.head, NULL, NULL, NULL }) \
    L(closure_null, Object, { NULL, NULL, NULL, NULL }) \
    L(job_ear_tag, JobOwned, { GOOD_TEXT, { 5, { NULL, NULL, NULL, NULL } }, { NULL, NULL, NULL, NULL } }) \
    L(job_work, JobOwned, { GOOD_TEXT, { 0 }, { NULL, NULL, NULL, NULL } }) \
    L(borrowed_no_utf8, Slice, { words, 2 }) \
    L(borrowed_elsewhere, Slice, TEXT("a literal of the module")) \
    L(borrowed_null, Slice, { NULL, 4 }) \
    L(some_2, OptionSlice, { 2, { 0 } }) \
    L(some_skewed, OptionSlice, { 1, { SKEWED, 1 } }) \
    L(some_elsewhere, OptionSlice, { 1, { numbers_there, 1 } }) \
    L(x_null, const void *, NULL) \
    L(x_skewed, const void *, SKEWED) \
    L(x_elsewhere, const void *, numbers_there) \
    L(sink_text, Buffer, { words, 2, 2, NULL }) \
    L(sink_list, Buffer, { SKEWED, 1, 1, NULL }) \
    L(closure_answers_2, uint32_t, 2) \
    L(object_answers_7, OptionBuffer, { 7, { 0 } }) \
    L(stores_no_fault, FaultForm, &bad_fault)

#define LIE_VALUE(name, form, ...) static form name##_lie = __VA_ARGS__;
RESULT_LIES(LIE_VALUE)
#define LIE_ROW(name, form, ...) { #name, &name##_lie, sizeof name##_lie },
static const struct { const char *name; const void *value; size_t size; } RESULTS[] = { RESULT_LIES(LIE_ROW) };

static const char *chosen = "";
static const void *chosen_value;
static size_t chosen_size;

static void give(Receiver *receiver, void *out) { (void)receiver; memcpy(out, chosen_value, chosen_size); }
static uint32_t give_number(Receiver *receiver) { (void)receiver; return *(const uint32_t *)chosen_value; }
static void give_part(Receiver *receiver, const void *ptr, size_t len, void *out) {
    (void)receiver, (void)len;
    // Half of a letter of the caller's text: it lies in the argument, but is no text.
    if (!strcmp(chosen, "borrowed_no_utf8")) *(Slice *)out = (Slice){ ptr, 1 };
    else memcpy(out, chosen_value, chosen_size);
}
static void give_field(Receiver *receiver, const void *point, void *out) { (void)point; give(receiver, out); }
static void change(Receiver *receiver, Sink *text, Sink *list) {
    (void)receiver;
    text->output = (Buffer){ 0 }, list->output = (Buffer){ 0 };
    memcpy(strcmp(chosen, "sink_text") ? &list->output : &text->output, chosen_value, sizeof(Buffer));
}
static void store(Receiver *receiver) { receiver->fault = (FaultRecord *)*(const FaultForm *)chosen_value; }
// Objects that are what they say, until they are called.
static uint32_t judge_lies(Receiver *receiver, const Slice *text) { (void)text; return give_number(receiver); }
static const Interface *judge_table, *lines_table;
static void give_judge(Receiver *receiver, Object *out) { (void)receiver; *out = (Object){ judge_table, NULL, NULL, NULL }; }
static void give_lines(Receiver *receiver, Object *out) { (void)receiver; *out = (Object){ lines_table, NULL, NULL, NULL }; }

OF(letters, LIST, 0, Slice, Buffer, 0, letter)
OF(units, LIST, 0, Slice, Buffer, 0, unit)
OBJECT_OF(boxed_lines, UNIQUE, lines_contract)
#define GIVES_METHODS(M, M0) \
    M0(gives, boolean, 0, boolean) M0(gives, letter, 0, letter) M0(gives, colour, 0, colour) M0(gives, text, 0, text) \
    M0(gives, numbers, 0, numbers) M0(gives, units, 0, units) M0(gives, letters, 0, letters) M0(gives, option, 0, option_nat8) \
    M0(gives, result, 0, result_nat8_text) M0(gives, tuple, 0, triple) M0(gives, pair, 0, two_texts) \
    M0(gives, boxed, 0, boxed_nat64) M0(gives, point, 0, point) M0(gives, shape, 0, shape) M0(gives, tree, 0, tree) \
    M0(gives, chain, 0, chain) M0(gives, map, 0, numbers_by_text) M0(gives, texts_by_nat8, 0, texts_by_nat8) \
    M0(gives, set, 0, letter_set) M0(gives, text_set, 0, text_set) M0(gives, duration, 0, duration) M0(gives, moment, 0, moment) \
    M0(gives, path, 0, path) M0(gives, fault, 0, fault) M0(gives, ear, 0, boxed_ear) M0(gives, shared, 0, shared_ear) \
    M0(gives, closure, 0, boxed_count) M0(gives, job, 0, job) \
    M(gives, first, METHOD_BORROWS, lent_text, (text, BY_TEXT, text, Slice)) \
    M(gives, some, METHOD_BORROWS, option_lent_numbers, (values, BY_SLICE, nat32, Slice)) \
    M(gives, x, METHOD_BORROWS, reference_real, (point, BY_REFERENCE, point, const Point *)) \
    M(gives, change, 0, unit, (text, BY_SINK, text, Sink *), (list, BY_SINK, numbers, Sink *)) \
    M0(gives, judge, 0, boxed_judge) M0(gives, lines, 0, boxed_lines) M0(gives, nothing, 0, unit)
CONTRACT(gives, "hostile.gives", "Gives", 0, GIVES_METHODS)
#define G (Function)give
static const Function GIVES[] = { (Function)give_number, (Function)give_number, (Function)give_number, G, G, G, G, G, G, G, G, G, G, G,
    G, G, G, G, G, G, G, G, G, G, G, G, G, G, (Function)give_part, (Function)give_part, (Function)give_field, (Function)change,
    (Function)give_judge, (Function)give_lines, (Function)store };

// Arguments: `A(name of the lie, method, frame, what stands in it)`, for the erased face of somebody else's object.

#define POINTER_TO(form, ...) &(form){ __VA_ARGS__ }
#define ARGUMENT_LIES(A) \
    A(bool_2, boolean, uint32_t, 2) \
    A(bool_wide, boolean, uint32_t, 0x100) \
    A(char_surrogate, letter, uint32_t, 0xD800) \
    A(colour_3, colour, uint32_t, 3) \
    A(str_no_utf8, text, Slice, TEXT(BAD_TEXT)) \
    A(str_null, text, Slice, { NULL, 1 }) \
    A(str_too_long, text, Slice, { words, TOO_LONG }) \
    A(string_no_utf8, owned, const void *, &lent_words[1]) \
    A(string_null, owned, const void *, NULL) \
    A(string_skewed, owned, const void *, SKEWED) \
    A(numbers_skewed, numbers, Slice, { SKEWED, 1 }) \
    A(numbers_too_long, numbers, Slice, { numbers_there, TOO_LONG / 4 }) \
    A(samples_null, samples, Slice, { NULL, 2 }) \
    A(samples_skewed, samples, Slice, { SKEWED, 1 }) \
    A(letters_second, letters, Slice, LIST_OF(two_letters)) \
    A(points_second, points, Slice, LIST_OF(bad_points)) \
    A(texts_second, texts, Slice, LIST_OF(lent_words)) \
    A(list_second, list, const void *, POINTER_TO(Slice, lent_words, 2)) \
    A(option_2, option, const void *, POINTER_TO(OptionNat8, 2, 0)) \
    A(lent_no_utf8, lent, const void *, POINTER_TO(OptionSlice, 1, { words, 2 })) \
    A(reference_on, reference, const void *, POINTER_TO(OptionPointer, 1, &bad_points[1])) \
    A(reference_null, reference, const void *, POINTER_TO(OptionPointer, 1, NULL)) \
    A(reference_skewed, reference, const void *, POINTER_TO(OptionPointer, 1, SKEWED)) \
    A(result_2, result, const void *, POINTER_TO(ResultNat8Slice, 2, { 0 })) \
    A(result_err, result, const void *, POINTER_TO(ResultNat8Slice, 1, { .err = { words, 2 } })) \
    A(tuple_second, tuple, const void *, POINTER_TO(TripleLent, 1, { words, 2 }, 0)) \
    A(pair_second, pair, const void *, lent_words) \
    A(box_null, boxed, const void *, POINTER_TO(const void *, NULL)) \
    A(box_skewed, boxed, const void *, POINTER_TO(const void *, SKEWED)) \
    A(point_on, point, const void *, &bad_points[1]) \
    A(point_null, point, const void *, NULL) \
    A(point_skewed, point, const void *, SKEWED) \
    A(shape_7, shape, const void *, POINTER_TO(ShapeLent, .tag = 7)) \
    A(shape_label, shape, const void *, POINTER_TO(ShapeLent, 2, { .label = { { words, 2 }, 0, 0 } })) \
    A(tree_child, tree, const void *, POINTER_TO(TreeLent, .name = { "a", 1 }, .children = LIST_OF(bad_lent_trees))) \
    A(tree_next, lent_tree, const void *, POINTER_TO(TreeLent, .name = { "a", 1 }, .next = { 1, &bad_lent_leaf })) \
    A(chain_end, chain, const void *, POINTER_TO(ChainLent, 0, { .end = 2 })) \
    A(chain_loop, chain, const void *, &lent_loop) \
    A(map_key, map, const void *, POINTER_TO(Slice, lent_pairs, 2)) \
    A(map_null, map, const void *, POINTER_TO(Slice, NULL, 1)) \
    A(set_letter, set, const void *, POINTER_TO(Slice, two_letters, 2)) \
    A(set_too_long, set, const void *, POINTER_TO(Slice, two_letters, TOO_LONG / 4)) \
    A(duration_nanos, duration, const void *, POINTER_TO(DurationForm, 0, 1000000000)) \
    A(moment_nanos, moment, const void *, POINTER_TO(TimeForm, -1, 1000000000)) \
    A(path_null, path, const void *, POINTER_TO(Slice, NULL, 1)) \
    A(fault_null, fault, const void *, POINTER_TO(const void *, NULL)) \
    A(fault_no_utf8, fault, const void *, POINTER_TO(const void *, &bad_fault)) \
    A(sink_null, sink, const void *, NULL) \
    A(sink_skewed, sink, const void *, SKEWED) \
    A(sink_no_utf8, sink, const void *, POINTER_TO(Sink, { words, 2 }, { 0 })) \
    A(object_null, ear, const void *, NULL) \
    A(object_skewed, ear, const void *, SKEWED) \
    A(object_without_interface, ear, const void *, POINTER_TO(Object, NULL, NULL, NULL, NULL)) \
    A(object_null_function, ear, const void *, POINTER_TO(Object, &null_hear.head, NULL, NULL, NULL)) \
    A(lines_null, lines, const void *, NULL) \
    A(boxed_ear_null, boxed_ear, const void *, NULL) \
    A(closure_null, work, const void *, NULL) \
    A(once_small, once, const void *, POINTER_TO(Object, &small_ear.head, NULL, NULL, NULL)) \
    A(job_work, job, const void *, POINTER_TO(JobLent, { "job", 3 }, { 0 }, { NULL, NULL, NULL, NULL }))

#define ARGUMENT_VALUE(name, method, form, ...) static form name##_argument = __VA_ARGS__;
ARGUMENT_LIES(ARGUMENT_VALUE)
#define ARGUMENT_ROW(name, method, form, ...) { #name, #method, &name##_argument },
static const struct { const char *name, *method; const void *frame; } ARGUMENTS[] = { ARGUMENT_LIES(ARGUMENT_ROW) };

// A chain of a million, in both forms.
static void *million(bool owned) {
    static ChainOwned *given;
    static ChainLent *lent;
    if (owned && !given) {
        given = calloc(MILLION, sizeof *given);
        for (size_t i = 0; i + 1 < MILLION; i++) given[i] = (ChainOwned){ 1, { .link = { &given[i + 1], 1, 1, NULL } } };
    }
    if (!owned && !lent) {
        lent = calloc(MILLION, sizeof *lent);
        for (size_t i = 0; i + 1 < MILLION; i++) lent[i] = (ChainLent){ 1, { .link = &lent[i + 1] } };
    }
    return owned ? (void *)given : (void *)lent;
}

// What a test asks for.

static uint32_t choose(Receiver *receiver, const char *lie, size_t len) {
    (void)receiver;
    if (len == 13 && !memcmp(lie, "chain_million", len)) {
        chosen = "chain_million", chosen_value = million(true), chosen_size = sizeof(ChainOwned);
        return 1;
    }
    if (len == 15 && !memcmp(lie, "nothing_written", len)) {
        chosen = "nothing_written", chosen_value = "", chosen_size = 0;
        return 1;
    }
    for (size_t i = 0; i < COUNT(RESULTS); i++) {
        if (strlen(RESULTS[i].name) == len && !memcmp(RESULTS[i].name, lie, len)) {
            chosen = RESULTS[i].name, chosen_value = RESULTS[i].value, chosen_size = RESULTS[i].size;
            return 1;
        }
    }
    return 0;
}
static void names(Receiver *receiver, uint32_t of_results, Buffer *out) {
    (void)receiver;
    Buffer all[COUNT(RESULTS) + COUNT(ARGUMENTS)];
    size_t count = 0;
    for (size_t i = 0; of_results && i < COUNT(RESULTS); i++) all[count++] = textf("%s", RESULTS[i].name);
    for (size_t i = 0; !of_results && i < COUNT(ARGUMENTS); i++) all[count++] = textf("%s", ARGUMENTS[i].name);
    *out = own(all, count, sizeof *all);
}
static uint32_t index_of(const Object *victim, const char *name) {
    const Contract *contract = victim->interface->contract;
    for (size_t i = 0; i < contract->methods.len; i++) {
        Slice other = ((const Method *)contract->methods.ptr[i])->name;
        if (other.len == strlen(name) && !memcmp(other.ptr, name, other.len)) return (uint32_t)i;
    }
    abort();
}
// Calls somebody else with a lie, and hands on the fault that it answers with.
static void strike(Receiver *receiver, const Object *victim, const char *lie, size_t len, OptionPointer *out) {
    (void)receiver;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)len, lie);
    const char *method = NULL;
    const void *frame = NULL;
    _Alignas(16) char place[64];
    void *result = NULL;
    struct { Object *ear; uint32_t flag; } both;
    Object ear = { &good_ear.head, NULL, NULL, release_ear };
    const void *link = NULL;
    for (size_t i = 0; i < COUNT(ARGUMENTS); i++) {
        if (!strcmp(ARGUMENTS[i].name, name)) method = ARGUMENTS[i].method, frame = ARGUMENTS[i].frame;
    }
    if (!strcmp(name, "chain_million")) method = "chain", link = million(false), frame = &link;
    if (!strcmp(name, "frame_null")) method = "text";
    if (!strcmp(name, "frame_skewed")) method = "text", frame = SKEWED;
    if (!strcmp(name, "place_null")) method = "answer";
    if (!strcmp(name, "place_skewed")) method = "answer", result = place + 1;
    if (!strcmp(name, "place_of_number_skewed")) method = "number", result = place + 2;
    if (!strcmp(name, "second_of_two")) alive++, both.ear = &ear, both.flag = 2, method = "two", frame = &both;
    Receiver call = { .state = victim->state };
    uint32_t index = method ? index_of(victim, method) : UINT32_MAX;
    int32_t code = victim->interface->invoke(&call, index, frame, result);
    *out = (OptionPointer){ call.fault && code == 1, call.fault };
}
// The same, for a closure.
static void strike_closure(Receiver *receiver, const Object *work, OptionPointer *out) {
    (void)receiver;
    Receiver call = { .state = work->state };
    struct { uint32_t letter, flag; } frame = { 'a', 2 };
    uint32_t result;
    int32_t code = work->interface->invoke(&call, 0, &frame, &result);
    *out = (OptionPointer){ call.fault && code == 1, call.fault };
}
static int64_t count_alive(Receiver *receiver) { (void)receiver; return alive; }

static Contract takes_data = { .size = sizeof(Contract), .major = 1, .id = TEXT("hostile.takes"), .name = TEXT("Takes") };
static const Contract *takes_contract(void) { return &takes_data; }
OBJECT_OF(lent_takes, 0, takes_contract)

static const Argument test_letter = { .size = sizeof(Argument), .passing = VALUE, .ty = letter };
static const Argument test_flag = { .size = sizeof(Argument), .passing = VALUE, .ty = boolean, .frame_offset = 4 };
static const Argument *const test_arguments[] = { &test_letter, &test_flag };
static const Method test_method = { .size = sizeof(Method), .name = TEXT("call"),
    .arguments = { (const void *const *)test_arguments, 2 }, .result = nat32, .frame_size = 8, .frame_align = 4 };
static const Method *const test_methods[] = { &test_method };
static Contract test_data = { .size = sizeof(Contract), .major = 1, .name = TEXT("Fn"),
    .methods = { (const void *const *)test_methods, 1 } };
static const Contract *test_contract(void) { return ordered(&test_data); }
OBJECT_OF(lent_test, 0, test_contract)

OPTION_OF(option_fault, OptionPointer, OptionPointer, fault)
#define HOSTILE_METHODS(M, M0) \
    M(hostile, choose, 0, boolean, (lie, BY_TEXT, text, Slice)) \
    M(hostile, names, 0, texts, (results, VALUE, boolean, uint32_t)) \
    M(hostile, strike, 0, option_fault, (victim, BY_OBJECT, lent_takes, const Object *), (lie, BY_TEXT, text, Slice)) \
    M(hostile, strike_closure, 0, option_fault, (work, BY_OBJECT, lent_test, const Object *)) \
    M0(hostile, alive, 0, int64)
CONTRACT(hostile, "hostile.hostile", "Hostile", 0, HOSTILE_METHODS)

static const Plugin PLUGIN = { .size = sizeof(Plugin), .name = TEXT("hostile"), .version = TEXT("1.0.0"), .construct = construct,
    .destroy = destroy };
static Offer OFFERS[2] = { { .size = sizeof(Offer), .plugin = &PLUGIN }, { .size = sizeof(Offer), .plugin = &PLUGIN } };
static const Offer *const OFFER_LIST[] = { &OFFERS[0], &OFFERS[1] };

int32_t polyplug_init(const Host *given_host, Registration *registration) {
    host = given_host;
    EarTable *const ears[] = { &null_hear, &null_invoke, &small_ear, &good_ear };
    for (size_t i = 0; i < COUNT(ears); i++) {
        ears[i]->head.contract = ear_contract(), ears[i]->head.order = ear_contract()->order;
    }
    judge_table = INTERFACE(judge, (Function)judge_lies);
    lines_table = INTERFACE(lines, (Function)give);
    OFFERS[0].interface = interface_of(gives_contract(), COUNT(GIVES), GIVES);
    OFFERS[1].interface = INTERFACE(hostile, (Function)choose, (Function)names, (Function)strike, (Function)strike_closure,
        (Function)count_alive);
    registration->abi = 1;
    registration->flags = 0;
    registration->offers = (List){ (const void *const *)OFFER_LIST, 2 };
    return 0;
}
