// A plugin in C. It implements the contract that uses every type (reads arguments and writes results through its own structs),
// and it calls somebody else's implementation, through either face, and reads what comes back through the descriptor.
#include "walk.h"
#include "wire.h"

_Static_assert(offsetof(DurationForm, nanos) == 8 && offsetof(TimeForm, nanos) == 8 && offsetof(Wide, high) == 8, "");

// Calls of objects and closures that came from the other side.

static Function function_of(const Object *object, const Contract *contract, uint32_t index) {
    const Interface *interface = object->interface;
    if (interface->order != contract->order) interface = host->adapt(interface, contract);
    return interface->functions[index];
}
static void no_fault(Receiver *receiver) {
    if (!receiver->fault) return;
    fprintf(stderr, "%.*s\n", S(receiver->fault->message));
    abort();
}
static uint32_t call_hear(const Object *ear, const char *what) {
    Receiver receiver = { .state = ear->state };
    Function hear = function_of(ear, ear_contract(), ear_hear_index);
    uint32_t heard = ((uint32_t (*)(Receiver *, const char *, size_t))hear)(&receiver, what, strlen(what));
    no_fault(&receiver);
    return heard;
}
static uint32_t call_count(const Object *work, uint32_t value) {
    Receiver receiver = { .state = work->state };
    uint32_t count = ((uint32_t (*)(Receiver *, uint32_t))function_of(work, count_contract(), 0))(&receiver, value);
    no_fault(&receiver);
    return count;
}
static uint32_t call_counter(const Object *work, uint32_t value) {
    Receiver receiver = { .state = work->state };
    uint32_t count = ((uint32_t (*)(Receiver *, uint32_t))function_of(work, counter_contract(), 0))(&receiver, value);
    no_fault(&receiver);
    return count;
}
static void call_say(const Object *say, const char *what) {
    Receiver receiver = { .state = say->state };
    Slice text = { what, strlen(what) };
    ((void (*)(Receiver *, const Slice *))function_of(say, say_contract(), 0))(&receiver, &text);
    no_fault(&receiver);
}
static bool call_judge(const Object *judge, const char *what) {
    Receiver receiver = { .state = judge->state };
    Slice text = { what, strlen(what) };
    uint32_t yes = ((uint32_t (*)(Receiver *, const Slice *))function_of(judge, judge_contract(), 0))(&receiver, &text);
    no_fault(&receiver);
    return yes;
}
static Buffer call_turn(const Object *turn, const char *what) {
    Receiver receiver = { .state = turn->state };
    Slice text = { what, strlen(what) };
    Buffer out;
    ((void (*)(Receiver *, const Slice *, Buffer *))function_of(turn, turn_contract(), 0))(&receiver, &text, &out);
    no_fault(&receiver);
    return out;
}
static Buffer call_spell(const Object *spell, uint32_t value) {
    Receiver receiver = { .state = spell->state };
    Buffer out;
    ((void (*)(Receiver *, uint32_t, Buffer *))function_of(spell, spell_contract(), 0))(&receiver, value, &out);
    no_fault(&receiver);
    return out;
}
static OptionBuffer call_next(const Object *lines) {
    Receiver receiver = { .state = lines->state };
    OptionBuffer out;
    ((void (*)(Receiver *, OptionBuffer *))function_of(lines, lines_contract(), lines_next_index))(&receiver, &out);
    no_fault(&receiver);
    return out;
}
// Gives up an owner that was never kept, so a count of its maker's image may still travel with it.
static void release_object(const Object *object) {
    if (!object->release) return;
    const void *image = host->take_image((const void *)object->release, object->state);
    object->release(object->state);
    host->release_image(image);
}

// Objects and closures of this module: some state, counted, and perhaps an object that they hold.

typedef struct { size_t owners; uint32_t number; Object held; Buffer text; } State;
static void retain_state(void *state) { ((State *)state)->owners++; }
static void release_state(void *pointer) {
    State *state = pointer;
    if (--state->owners) return;
    release_object(&state->held);
    release_buffer(state->text);
    give_back(state, 0);
}
static Object object(const Interface *interface, State state, bool shared) {
    State *kept = allocated(sizeof state);
    *kept = state, kept->owners = 1;
    return (Object){ interface, kept, shared ? retain_state : NULL, release_state };
}

static uint32_t ear_number(Receiver *receiver, const char *what, size_t len) {
    (void)what;
    return ((State *)receiver->state)->number + (uint32_t)len;
}
static uint32_t ear_through(Receiver *receiver, const char *what, size_t len) {
    (void)len;
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)len, what);
    return call_hear(&((State *)receiver->state)->held, text) + 100;
}
static void two_lines(Receiver *receiver, OptionBuffer *out) {
    State *state = receiver->state;
    if (state->number == 2) {
        *out = (OptionBuffer){ 0 };
        return;
    }
    *out = (OptionBuffer){ 1, textf("line %u", ++state->number) };
}
static uint32_t count_times(Receiver *receiver, uint32_t value) { return value * ((State *)receiver->state)->number; }
static uint32_t count_through(Receiver *receiver, uint32_t value) {
    return call_count(&((State *)receiver->state)->held, value) + 1;
}
static uint32_t counter_adds(Receiver *receiver, uint32_t value) { return ((State *)receiver->state)->number += value; }
static uint32_t counter_judges(Receiver *receiver, uint32_t value) {
    State *state = receiver->state;
    return state->number += value + (call_judge(&state->held, "a") ? 1000 : 0);
}
static void say_notes(Receiver *receiver, const Slice *text) {
    State *state = receiver->state;
    Buffer before = state->text;
    state->text = textf("%.*s%.*s;", S(before), S(*text));
    release_buffer(before);
}
static uint32_t judge_short(Receiver *receiver, const Slice *text) {
    (void)receiver;
    return text->len < 3;
}
static void turn_brackets(Receiver *receiver, const Slice *text, Buffer *out) {
    (void)receiver;
    *out = textf("<%.*s>", S(*text));
}
static void spell_behind(Receiver *receiver, uint32_t value, Buffer *out) {
    *out = textf("%.*s %u", S(((State *)receiver->state)->text), value);
}

static struct {
    const Interface *ear_number, *ear_through, *two_lines, *count_times, *count_through, *counter_adds, *counter_judges,
        *say_notes, *judge_short, *turn_brackets, *spell_behind;
} tables;
static void make_tables(void) {
    tables.ear_number = INTERFACE(ear, (Function)ear_number);
    tables.ear_through = INTERFACE(ear, (Function)ear_through);
    tables.two_lines = INTERFACE(lines, (Function)two_lines);
    tables.count_times = INTERFACE(count, (Function)count_times);
    tables.count_through = INTERFACE(count, (Function)count_through);
    tables.counter_adds = INTERFACE(counter, (Function)counter_adds);
    tables.counter_judges = INTERFACE(counter, (Function)counter_judges);
    tables.say_notes = INTERFACE(say, (Function)say_notes);
    tables.judge_short = INTERFACE(judge, (Function)judge_short);
    tables.turn_brackets = INTERFACE(turn, (Function)turn_brackets);
    tables.spell_behind = INTERFACE(spell, (Function)spell_behind);
}

// The implementation. Upper bits of narrow results are whatever the arithmetic leaves there.

#define UNUSED (void)receiver
#define INVERTED(name, form) static form c_##name(Receiver *receiver, form value) { UNUSED; return ~value; }
INVERTED(int8, int32_t)
INVERTED(int16, int32_t)
INVERTED(int32, int32_t)
INVERTED(int64, int64_t)
INVERTED(word, intptr_t)
INVERTED(nat8, uint32_t)
INVERTED(nat16, uint32_t)
INVERTED(nat32, uint32_t)
INVERTED(nat64, uint64_t)
INVERTED(size, size_t)
static uint32_t c_flip(Receiver *receiver, uint32_t value) { UNUSED; return !value; }
static uint32_t c_after(Receiver *receiver, uint32_t value) { UNUSED; return value + 1; }
static float c_single(Receiver *receiver, float value) { UNUSED; return -value; }
static double c_real(Receiver *receiver, double value) { UNUSED; return -value; }
static void c_all(Receiver *receiver, uint32_t a, uint32_t b, int32_t c, int32_t d, int32_t e, int64_t f, intptr_t g, uint32_t h,
    uint32_t i, uint32_t j, uint64_t k, size_t l, float m, double n, Scalars *out) {
    UNUSED;
    *out = (Scalars){ a != 0, b, (int8_t)c, (int16_t)d, e, f, g, (uint8_t)h, (uint16_t)i, j, k, l, m, n };
}
static void c_turn(Receiver *receiver, const Scalars *v, Scalars *out) {
    UNUSED;
    *out = (Scalars){ !v->a, v->b + 1, (int8_t)~v->c, (int16_t)~v->d, ~v->e, ~v->f, ~v->g, (uint8_t)~v->h, (uint16_t)~v->i, ~v->j,
        ~v->k, ~v->l, -v->m, -v->n };
}
static void c_wide(Receiver *receiver, const Wide *a, const Wide *b, WidePair *out) {
    UNUSED;
    *out = (WidePair){ { ~a->low, ~a->high }, { ~b->low, ~b->high } };
}
static void c_nothing(Receiver *receiver) { UNUSED; }
static void c_unit(Receiver *receiver, const void *nothing) { UNUSED; (void)nothing; }
static void c_text(Receiver *receiver, const char *a, size_t len, const Slice *b, const Slice *c, Buffer *out) {
    UNUSED;
    *out = textf("%.*s|%.*s|%.*s", (int)len, a, S(*b), S(*c));
}
static void c_cow(Receiver *receiver, const Slice *text, Buffer *out) { UNUSED; *out = textf("%.*s!", S(*text)); }
static void c_lists(Receiver *receiver, const uint32_t *plain, size_t plain_len, const Point *points, size_t point_count,
    const Slice *texts, size_t text_count, const Slice *lists, Buffer *out) {
    UNUSED;
    uint16_t last[3] = { 0 };
    for (size_t i = 0; i < plain_len; i++) last[0] = (uint16_t)(last[0] + plain[i]);
    for (size_t i = 0; i < point_count; i++) last[1] = (uint16_t)(last[1] + points[i].on);
    for (size_t i = 0; i < text_count; i++) last[2] = (uint16_t)(last[2] + texts[i].len);
    Buffer *rows = malloc((lists->len + 1) * sizeof *rows);
    for (size_t i = 0; i < lists->len; i++) {
        const Slice *list = (const Slice *)lists->ptr + lists->len - 1 - i;
        rows[i] = own(list->ptr, list->len, sizeof(uint16_t));
    }
    rows[lists->len] = own(last, 3, sizeof(uint16_t));
    *out = own(rows, lists->len + 1, sizeof *rows);
    free(rows);
}
static void c_scale(Receiver *receiver, Sample *samples, size_t len, float by) {
    UNUSED;
    for (size_t i = 0; i < len; i++) samples[i].left *= by, samples[i].right *= -by;
}
static void c_rotate(Receiver *receiver, const Three *value, Three *out) {
    UNUSED;
    *out = (Three){ { value->numbers[1], value->numbers[2], value->numbers[0] } };
}
static void c_pair(Receiver *receiver, const TwoSlices *value, TwoBuffers *out) {
    UNUSED;
    *out = (TwoBuffers){ { own_text(value->words[1]), own_text(value->words[0]) } };
}
static void c_options(Receiver *receiver, const OptionNat8 *number, const OptionNat64 *wide, const OptionSlice *text,
    const OptionOptionSlice *deep, OptionOptionBuffer *out) {
    UNUSED;
    *out = (OptionOptionBuffer){ .tag = number->tag || deep->tag };
    if (!number->tag) return;
    Slice none = TEXT("-");
    out->value = (OptionBuffer){ 1, textf("%u %llu %.*s %.*s", number->value, wide->tag ? (unsigned long long)wide->value : 0,
        S(text->tag ? text->value : none), S(deep->tag && deep->value.tag ? deep->value.value : none)) };
}
static void c_result(Receiver *receiver, const ResultNat8Slice *value, ResultBufferNat16 *out) {
    UNUSED;
    out->tag = value->tag;
    if (value->tag) out->as.err = (uint16_t)value->as.err.len;
    else out->as.ok = textf("%u", value->as.ok);
}
static void c_tuple(Receiver *receiver, const TripleLent *value, TurnedOwned *out) {
    UNUSED;
    *out = (TurnedOwned){ value->c, own_text(value->b), value->a };
}
static void c_boxed(Receiver *receiver, const uint64_t *const *value, Buffer *out) {
    UNUSED;
    Buffer text = textf("%llu", (unsigned long long)**value);
    *out = own(&text, 1, sizeof text);
}
static void c_maps(Receiver *receiver, const Slice *hash, const Slice *tree, BufferPair *out) {
    UNUSED;
    TextNat32Owned *first = malloc(hash->len * sizeof *first);
    for (size_t i = 0; i < hash->len; i++) {
        const TextNat32Lent *pair = (const TextNat32Lent *)hash->ptr + i;
        first[i] = (TextNat32Owned){ own_text(pair->key), pair->value + 1 };
    }
    Nat8TextOwned *second = malloc(tree->len * sizeof *second);
    for (size_t i = 0; i < tree->len; i++) {
        const Nat8TextLent *pair = (const Nat8TextLent *)tree->ptr + i;
        second[i] = (Nat8TextOwned){ pair->key, textf("%.*s!", S(pair->value)) };
    }
    *out = (BufferPair){ own(first, hash->len, sizeof *first), own(second, tree->len, sizeof *second) };
    free(first), free(second);
}
static void c_sets(Receiver *receiver, const Slice *hash, const Slice *tree, BufferPair *out) {
    UNUSED;
    uint32_t *first = malloc(hash->len * sizeof *first);
    for (size_t i = 0; i < hash->len; i++) first[i] = ((const uint32_t *)hash->ptr)[i] + 1;
    Buffer *second = malloc(tree->len * sizeof *second);
    for (size_t i = 0; i < tree->len; i++) second[i] = textf("%.*s!", S(((const Slice *)tree->ptr)[i]));
    *out = (BufferPair){ own(first, hash->len, sizeof *first), own(second, tree->len, sizeof *second) };
    free(first), free(second);
}
static void c_times(Receiver *receiver, const DurationForm *length, const TimeForm *time, TimePair *out) {
    UNUSED;
    *out = (TimePair){ { time->secs + 1, time->nanos }, { length->secs + 1, length->nanos } };
}
static void c_paths(Receiver *receiver, const Slice *lent, const Slice *owned, const OptionSlice *inside, Buffer *out) {
    UNUSED;
    Slice none = TEXT("-");
    *out = textf("%.*s/%.*s/%.*s", S(*lent), S(*owned), S(inside->tag ? inside->value : none));
}
static void c_fault(Receiver *receiver, const FaultForm *value, FaultForm *out) {
    UNUSED;
    Buffer message = textf("%.*s!", S((*value)->message));
    *out = new_fault((*value)->kind, message.ptr, message.len);
    release_buffer(message);
}
static void c_point(Receiver *receiver, const Point *value, const Point *by, Point *out) {
    UNUSED;
    *out = (Point){ value->x + by->x, value->y + by->y, value->on ^ by->on };
}
static uint32_t c_colour(Receiver *receiver, uint32_t value) { UNUSED; return (value + 1) % 3; }
static uint32_t c_style(Receiver *receiver, uint32_t value, const uint16_t *more, size_t len) {
    UNUSED;
    for (size_t i = 0; i < len; i++) value |= more[i];
    return value;
}
static void c_shape(Receiver *receiver, const ShapeLent *value, ShapeOwned *out) {
    UNUSED;
    *out = (ShapeOwned){ .tag = (value->tag + 1) % 3 };
    if (value->tag == 0) {
        out->as.circle.point = (Point){ 1, 2, 1 }, out->as.circle.radius = 3;
    } else if (value->tag == 1) {
        out->as.label.text = textf("circle %g", value->as.circle.point.x);
        out->as.label.size = value->as.circle.point.on, out->as.label.weight = (uint64_t)value->as.circle.radius;
    }
}
static ShapeOwned own_shape(const ShapeLent *lent) {
    ShapeOwned owned = { .tag = lent->tag };
    if (lent->tag == 1) owned.as.circle.point = lent->as.circle.point, owned.as.circle.radius = lent->as.circle.radius;
    if (lent->tag == 2) {
        owned.as.label.text = own_text(lent->as.label.text);
        owned.as.label.size = lent->as.label.size, owned.as.label.weight = lent->as.label.weight;
    }
    return owned;
}
static TreeOwned own_tree(const TreeLent *lent) {
    TreeOwned owned = { own_text(lent->name), lent->letter, lent->on, lent->place, own_shape(&lent->shape), lent->colour,
        lent->style, { 0 }, { 0 } };
    TreeOwned *children = malloc(lent->children.len * sizeof *children);
    for (size_t i = 0; i < lent->children.len; i++) children[i] = own_tree((const TreeLent *)lent->children.ptr + i);
    owned.children = own(children, lent->children.len, sizeof *children);
    free(children);
    if (lent->next.tag) {
        TreeOwned next = own_tree(lent->next.value);
        owned.next = (OptionBuffer){ 1, own(&next, 1, sizeof next) };
    }
    return owned;
}
static void c_tree(Receiver *receiver, const TreeLent *owned, const TreeLent *lent, TreeOwned *out) {
    UNUSED;
    TreeLent longer = *owned;
    longer.next = (OptionPointer){ 1, lent };
    *out = own_tree(&longer);
}
static ChainOwned own_chain(const ChainLent *lent) {
    ChainOwned owned = { .tag = lent->tag };
    if (lent->tag == 0) {
        owned.as.end = lent->as.end;
    } else {
        ChainOwned next = own_chain(lent->as.link);
        owned.as.link = own(&next, 1, sizeof next);
    }
    return owned;
}
static void c_chain(Receiver *receiver, const ChainLent *value, ChainOwned *out) {
    UNUSED;
    ChainLent longer = { .tag = 1, .as.link = value };
    *out = own_chain(&longer);
}
static uint32_t c_references(Receiver *receiver, const OptionPointer *point, const OptionPointer *text, const Slice *list,
    const Slice *runs, size_t run_count) {
    UNUSED;
    size_t sum = 0;
    if (point->tag) sum += (size_t)((const Point *)point->value)->x;
    if (text->tag) sum += ((const Slice *)text->value)->len;
    for (size_t i = 0; i < list->len; i++) sum += ((const Slice *)list->ptr)[i].len;
    for (size_t i = 0; i < run_count; i++) {
        for (size_t j = 0; j < runs[i].len; j++) sum += ((const uint8_t *)runs[i].ptr)[j];
    }
    return (uint32_t)sum;
}
static uint32_t c_sinks(Receiver *receiver, Sink *text, Sink *list) {
    UNUSED;
    text->output = textf("%.*s!", S(text->input));
    uint32_t *numbers = malloc((list->input.len + 1) * sizeof *numbers);
    for (size_t i = 0; i < list->input.len; i++) numbers[i] = ((const uint32_t *)list->input.ptr)[i];
    numbers[list->input.len] = (uint32_t)list->input.len;
    list->output = own(numbers, list->input.len + 1, sizeof *numbers);
    free(numbers);
    return (uint32_t)list->input.len;
}
static void c_first(Receiver *receiver, const char *text, size_t len, Slice *out) {
    UNUSED;
    const char *space = memchr(text, ' ', len);
    *out = (Slice){ text, space ? (size_t)(space - text) : len };
}
static void c_some(Receiver *receiver, const uint32_t *values, size_t len, size_t from, OptionSlice *out) {
    UNUSED;
    *out = from > len ? (OptionSlice){ 0 } : (OptionSlice){ 1, { values + from, len - from } };
}
static void c_x(Receiver *receiver, const Point *point, const double **out) { UNUSED; *out = &point->x; }
static uint32_t c_hear(Receiver *receiver, const Object *one, const Slice *more) {
    UNUSED;
    uint32_t sum = call_hear(one, "one");
    for (size_t i = 0; i < more->len; i++) sum += call_hear((const Object *)more->ptr + i, "more");
    return sum;
}
static uint32_t c_read(Receiver *receiver, const Object *lines) {
    UNUSED;
    uint32_t bytes = 0;
    for (OptionBuffer line; (line = call_next(lines)).tag;) {
        bytes += (uint32_t)line.value.len;
        release_buffer(line.value);
    }
    return bytes;
}
static void c_ear(Receiver *receiver, const Object *given, Object *out) {
    UNUSED;
    call_hear(given, "given");
    *out = object(tables.ear_through, (State){ .held = *given }, false);
}
static void c_share(Receiver *receiver, const Object *given, Object *out) {
    UNUSED;
    call_hear(given, "shared");
    *out = *given;
}
static uint32_t c_each(Receiver *receiver, const Object *work, const Object *say) {
    UNUSED;
    call_say(say, "one"), call_say(say, "two");
    return call_count(work, 1) + call_count(work, 2);
}
static void c_keep(Receiver *receiver, const Object *work, Object *out) {
    UNUSED;
    *out = object(tables.count_through, (State){ .held = *work }, false);
}
static void c_change(Receiver *receiver, const Object *work, Object *out) {
    UNUSED;
    *out = object(tables.counter_judges, (State){ .held = *work }, false);
}
static void c_once(Receiver *receiver, const Object *work, Object *out) {
    UNUSED;
    *out = object(tables.spell_behind, (State){ .text = call_turn(work, "once") }, false);
    release_object(work);
}
static void c_both(Receiver *receiver, const Object *work, Object *out) {
    UNUSED;
    call_count(work, 1);
    *out = *work;
}
static void c_job(Receiver *receiver, const JobLent *job, JobOwned *out) {
    UNUSED;
    if (job->ear.tag) call_hear(&job->ear.value, "job");
    call_counter(&job->work, 1);
    *out = (JobOwned){ textf("%.*s!", S(job->name)), job->ear, job->work };
}

// The check of somebody else's implementation.

typedef struct { const Object *other; bool erased; Receiver receiver; const Method *method; Out report; } Run;

static void complain(Run *run, const char *got, const char *expected) {
    print(&run->report, "%.*s, %s face: %s, expected %s\n", S(run->method->name), run->erased ? "erased" : "typed", got, expected);
}
// Whether the call was made, through the erased face; otherwise it shall be made through the typed one.
static bool called(Run *run, uint32_t index, const void *frame, size_t frame_size, void *out) {
    const Interface *interface = run->other->interface;
    run->method = interface->contract->methods.ptr[index];
    run->receiver = (Receiver){ .state = run->other->state };
    if (frame_size != run->method->frame_size) complain(run, "another size", "the frame of this program");
    if (!run->erased) return false;
    int32_t code = interface->invoke(&run->receiver, index, frame, out);
    if (code != (run->receiver.fault ? 1 : 0)) complain(run, "another code", "1 with a fault, 0 without");
    return true;
}
// What travels by value comes back as it travels, in at least 32 bits.
static void narrow(const Type *type, void *out) {
    uint32_t wide;
    memcpy(&wide, out, sizeof wide);
    uint8_t one = (uint8_t)wide;
    uint16_t two = (uint16_t)wide;
    if (type->owned_size == 1) memcpy(out, &one, 1);
    if (type->owned_size == 2) memcpy(out, &two, 2);
}
static void compare(Run *run, void *out, const char *expected) {
    if (run->receiver.fault) {
        char message[256];
        snprintf(message, sizeof message, "%.*s", S(run->receiver.fault->message));
        complain(run, message, expected);
        run->receiver.fault->table->release(run->receiver.fault);
        return;
    }
    const Type *result = run->method->result();
    if (result->flags & BY_VALUE) narrow(result, out);
    Out got = { 0 };
    say_value(&got, result, out, OWNED);
    if (strcmp(got.text, expected)) complain(run, got.text, expected);
    free(got.text);
}
static void compare_text(Run *run, Buffer text, const char *expected) {
    if (text.len != strlen(expected) || memcmp(text.ptr, expected, text.len)) complain(run, "another text", expected);
    release_buffer(text);
}
static void compare_number(Run *run, uint32_t number, uint32_t expected) {
    char got[16], wanted[16];
    snprintf(got, sizeof got, "%u", number), snprintf(wanted, sizeof wanted, "%u", expected);
    if (number != expected) complain(run, got, wanted);
}
static void expect(Run *run, void *out, const char *expected) {
    compare(run, out, expected);
    if (!run->receiver.fault) drop_owned(run->method->result(), out);
}

#define R &run->receiver
#define TYPED(id, result, ...) ((result (*)(Receiver *, __VA_ARGS__))run->other->interface->functions[wire_##id##_index])
// A call with what is in `frame`, for `out`.
#define MAKE(id, call) if (!called(run, wire_##id##_index, &frame, sizeof frame, &out)) call
#define SCALAR_IS(id, form, input, expected) do { \
        wire_##id##_frame frame = { input }; \
        form out = 0; \
        MAKE(id, out = TYPED(id, form, form)(R, frame.value)); \
        expect(run, &out, expected); \
    } while (0)
#define BY_ADDRESS_IS(id, form, result, input, expected) do { \
        const form value = input; \
        wire_##id##_frame frame = { &value }; \
        result out; \
        MAKE(id, TYPED(id, void, const form *, result *)(R, &value, &out)); \
        expect(run, &out, expected); \
    } while (0)
#define GROUP(...) __VA_ARGS__

static void check_scalars(Run *run) {
    SCALAR_IS(flip, uint32_t, 0, "true");
    SCALAR_IS(flip, uint32_t, 1, "false");
    SCALAR_IS(after, uint32_t, 0xE4, "U+E5");
    SCALAR_IS(int8, int32_t, -128, "127");
    SCALAR_IS(int16, int32_t, 32767, "-32768");
    SCALAR_IS(int32, int32_t, INT32_MIN, "2147483647");
    SCALAR_IS(int64, int64_t, INT64_MAX, "-9223372036854775808");
    SCALAR_IS(word, intptr_t, 41, "-42");
    SCALAR_IS(nat8, uint32_t, 1, "254");
    SCALAR_IS(nat16, uint32_t, 2, "65533");
    SCALAR_IS(nat32, uint32_t, 3, "4294967292");
    SCALAR_IS(nat64, uint64_t, 4, "18446744073709551611");
    SCALAR_IS(size, size_t, 5, "18446744073709551610");
    SCALAR_IS(single, float, 1.5f, "-1.5");
    SCALAR_IS(real, double, -2.25, "2.25");
    SCALAR_IS(colour, uint32_t, 1, "Blue");
    {
        wire_all_frame frame = { 1, 0x1F600, -1, -2, -3, -4, -5, 6, 7, 8, 9, 10, 11.5f, 12.5 };
        Scalars out;
        MAKE(all, TYPED(all, void, uint32_t, uint32_t, int32_t, int32_t, int32_t, int64_t, intptr_t, uint32_t, uint32_t, uint32_t,
            uint64_t, size_t, float, double, Scalars *)(R, 1, 0x1F600, -1, -2, -3, -4, -5, 6, 7, 8, 9, 10, 11.5f, 12.5, &out));
        expect(run, &out, "Scalars { a: true, b: U+1F600, c: -1, d: -2, e: -3, f: -4, g: -5, h: 6, i: 7, j: 8, k: 9, l: 10, "
            "m: 11.5, n: 12.5 }");
    }
    BY_ADDRESS_IS(turn, Scalars, Scalars, GROUP({ 1, 0x61, -1, -2, -3, -4, -5, 6, 7, 8, 9, 10, 11.5f, 12.5 }),
        "Scalars { a: false, b: U+62, c: 0, d: 1, e: 2, f: 3, g: 4, h: 249, i: 65528, j: 4294967287, "
        "k: 18446744073709551606, l: 18446744073709551605, m: -11.5, n: -12.5 }");
    {
        const Wide a = { 1, 2 }, b = { UINT64_MAX, UINT64_MAX };
        wire_wide_frame frame = { &a, &b };
        WidePair out;
        MAKE(wide, TYPED(wide, void, const Wide *, const Wide *, WidePair *)(R, &a, &b, &out));
        expect(run, &out, "(0xfffffffffffffffd_fffffffffffffffe, 0x0_0000000000000000)");
    }
    if (!called(run, wire_nothing_index, NULL, 0, NULL)) {
        ((void (*)(Receiver *))run->other->interface->functions[wire_nothing_index])(R);
    }
    expect(run, NULL, "()");
    wire_unit_frame frame = { &frame };
    char out;
    MAKE(unit, TYPED(unit, void, const void *)(R, &frame));
    expect(run, NULL, "()");
}

static void check_runs(Run *run) {
    const Slice none = { 0 }, a = TEXT("größer"), b = TEXT("b"), texts[] = { a, b, none };
    {
        wire_text_frame frame = { a, &b, &none };
        Buffer out;
        MAKE(text, TYPED(text, void, const void *, size_t, const Slice *, const Slice *, Buffer *)(R, a.ptr, a.len, &b, &none, &out));
        expect(run, &out, "\"größer|b|\"");
    }
    BY_ADDRESS_IS(cow, Slice, Buffer, TEXT("cow"), "\"cow!\"");
    {
        const uint32_t plain[] = { 1, 2, 3 };
        const uint16_t shorts[] = { 4, 5 };
        const Point points[] = { { 1, 2, 1 }, { 3, 4, 0 }, { 5, 6, 1 } };
        const Slice rows[] = { { shorts, 2 }, { shorts + 1, 1 }, none }, lists = { rows, 3 };
        wire_lists_frame frame = { { plain, 3 }, { points, 3 }, { texts, 3 }, &lists };
        Buffer out;
        MAKE(lists, TYPED(lists, void, const uint32_t *, size_t, const Point *, size_t, const Slice *, size_t, const Slice *,
            Buffer *)(R, plain, 3, points, 3, texts, 3, &lists, &out));
        expect(run, &out, "[[], [5], [4, 5], [6, 2, 9]]");
    }
    {
        Sample samples[] = { { 1, 2 }, { 3, 4 } };
        wire_scale_frame frame = { { samples, 2 }, 0.5f };
        char out;
        MAKE(scale, TYPED(scale, void, Sample *, size_t, float)(R, samples, 2, 0.5f));
        expect(run, NULL, "()");
        if (samples[0].left != 0.5f || samples[0].right != -1 || samples[1].left != 1.5f || samples[1].right != -2) {
            complain(run, "other samples", "samples changed in place");
        }
    }
    BY_ADDRESS_IS(rotate, Three, Three, GROUP({ { 1, 2, 3 } }), "[2, 3, 1]");
    BY_ADDRESS_IS(pair, TwoSlices, TwoBuffers, GROUP({ { TEXT("one"), TEXT("two") } }), "[\"two\", \"one\"]");
    BY_ADDRESS_IS(boxed, uint64_t *, Buffer, &(uint64_t){ 7 }, "Box \"7\"");
    {
        const TextNat32Lent pairs[] = { { TEXT("key"), 1 } };
        const Nat8TextLent more[] = { { 2, TEXT("two") }, { 1, TEXT("one") }, { 2, TEXT("again") } };
        const Slice hash = { pairs, 1 }, tree = { more, 3 };
        wire_maps_frame frame = { &hash, &tree };
        BufferPair out;
        MAKE(maps, TYPED(maps, void, const Slice *, const Slice *, BufferPair *)(R, &hash, &tree, &out));
        expect(run, &out, "([(\"key\", 2)], [(1, \"one!\"), (2, \"again!\")])");
    }
    {
        const uint32_t letters[] = { 'a', 'a' };
        const Slice words[] = { TEXT("b"), TEXT("a"), TEXT("b") }, hash = { letters, 2 }, tree = { words, 3 };
        wire_sets_frame frame = { &hash, &tree };
        BufferPair out;
        MAKE(sets, TYPED(sets, void, const Slice *, const Slice *, BufferPair *)(R, &hash, &tree, &out));
        expect(run, &out, "([U+62], [\"a!\", \"b!\"])");
    }
    {
        const Slice lent = TEXT("lent"), owned = TEXT("ow\xFFned");
        const OptionSlice inside = { 1, TEXT("inside") };
        wire_paths_frame frame = { &lent, &owned, &inside };
        Buffer out;
        MAKE(paths, TYPED(paths, void, const Slice *, const Slice *, const OptionSlice *, Buffer *)(R, &lent, &owned, &inside, &out));
        expect(run, &out, "\"lent/ow\xFFned/inside\"");
    }
    {
        const uint16_t more[] = { 2, 0x8000 };
        wire_style_frame frame = { 1, { more, 2 } };
        uint32_t out = 0;
        MAKE(style, out = TYPED(style, uint32_t, uint32_t, const uint16_t *, size_t)(R, 1, more, 2));
        expect(run, &out, "32771");
    }
}

static void check_choices(Run *run) {
    const OptionNat64 wide = { 1, 1ull << 40 }, no_wide = { 0 };
    const OptionSlice text = { 1, TEXT("text") }, no_text = { 0 };
    const struct { OptionNat8 number; const OptionNat64 *wide; const OptionSlice *text; OptionOptionSlice deep; const char *is; }
        cases[] = {
        { { 0, 0xEE }, &no_wide, &no_text, { 0 }, "None" },
        { { 0, 0xEE }, &no_wide, &no_text, { 1, { 0 } }, "Some None" },
        { { 1, 255 }, &no_wide, &no_text, { 1, { 0 } }, "Some Some \"255 0 - -\"" },
        { { 1, 1 }, &wide, &text, { 1, { 1, TEXT("deep") } }, "Some Some \"1 1099511627776 text deep\"" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        wire_options_frame frame = { &cases[i].number, cases[i].wide, cases[i].text, &cases[i].deep };
        OptionOptionBuffer out;
        MAKE(options, TYPED(options, void, const OptionNat8 *, const OptionNat64 *, const OptionSlice *, const OptionOptionSlice *,
            OptionOptionBuffer *)(R, frame.number, frame.wide, frame.text, frame.deep, &out));
        expect(run, &out, cases[i].is);
    }
    BY_ADDRESS_IS(result, ResultNat8Slice, ResultBufferNat16, GROUP({ 0, { .ok = 200 } }), "Ok \"200\"");
    BY_ADDRESS_IS(result, ResultNat8Slice, ResultBufferNat16, GROUP({ 1, { .err = TEXT("reason") } }), "Err 6");
    BY_ADDRESS_IS(tuple, TripleLent, TurnedOwned, GROUP({ 1, TEXT("two"), 3.5 }), "(3.5, \"two\", 1)");
    BY_ADDRESS_IS(shape, ShapeLent, ShapeOwned, GROUP({ 0 }), "Circle { 0: Point { x: 1, y: 2, on: true }, 1: 3 }");
    BY_ADDRESS_IS(shape, ShapeLent, ShapeOwned, GROUP({ 1, { .circle = { { 4, 5, 1 }, 6 } } }),
        "Label { text: \"circle 4\", size: 1, weight: 6 }");
    BY_ADDRESS_IS(shape, ShapeLent, ShapeOwned, GROUP({ 2, { .label = { TEXT("label"), 1, 2 } } }), "Empty");
    {
        const DurationForm length = { 1, 999999999 };
        const TimeForm time = { -2, 250000000 };
        wire_times_frame frame = { &length, &time };
        TimePair out;
        MAKE(times, TYPED(times, void, const DurationForm *, const TimeForm *, TimePair *)(R, &length, &time, &out));
        expect(run, &out, "(-1.250000000s, 2.999999999s)");
    }
    {
        const Point value = { 1, 2, 1 }, by = { 0.5, 0.25f, 1 };
        wire_point_frame frame = { &value, &by };
        Point out;
        MAKE(point, TYPED(point, void, const Point *, const Point *, Point *)(R, &value, &by, &out));
        expect(run, &out, "Point { x: 1.5, y: 2.25, on: false }");
    }
    {
        const FaultForm value = new_fault(THREW, "mine", 4);
        wire_fault_frame frame = { &value };
        FaultForm out;
        MAKE(fault, TYPED(fault, void, const FaultForm *, FaultForm *)(R, &value, &out));
        expect(run, &out, "fault \"mine!\"");
        value->table->release(value);
    }
}

static void check_data(Run *run) {
    const TreeLent leaf = { TEXT("leaf"), 'l', 1, { 1, 2, 1 }, { 2, { .label = { TEXT("label"), 3, 4 } } }, 2, 3, { 0 }, { 0 } };
    const TreeLent children[] = { leaf, leaf };
    const TreeLent root = { TEXT("root"), 'r', 0, { 3, 4, 0 }, { 1, { .circle = { { 5, 6, 0 }, 7 } } }, 0, 0, { children, 2 },
        { 0 } };
    const TreeLent last = { TEXT("last"), 'z', 1, { 0, 0, 0 }, { 0 }, 1, 0, { 0 }, { 1, &leaf } };
#define LEAF "Tree { name: \"leaf\", letter: U+6C, on: true, place: Point { x: 1, y: 2, on: true }, " \
    "shape: Label { text: \"label\", size: 3, weight: 4 }, colour: Blue, style: 3, children: [], next: None }"
    wire_tree_frame frame = { &root, &last };
    {
        TreeOwned out;
        MAKE(tree, TYPED(tree, void, const TreeLent *, const TreeLent *, TreeOwned *)(R, &root, &last, &out));
        expect(run, &out, "Tree { name: \"root\", letter: U+72, on: false, place: Point { x: 3, y: 4, on: false }, "
            "shape: Circle { 0: Point { x: 5, y: 6, on: false }, 1: 7 }, colour: Red, style: 0, children: [" LEAF ", " LEAF "], "
            "next: Some Box Tree { name: \"last\", letter: U+7A, on: true, place: Point { x: 0, y: 0, on: false }, shape: Empty, "
            "colour: Green, style: 0, children: [], next: Some Box " LEAF " } }");
    }
    const ChainLent end = { .tag = 0, .as.end = 1 };
    BY_ADDRESS_IS(chain, ChainLent, ChainOwned, GROUP({ .tag = 1, .as.link = &end }),
        "Link { 0: Box Link { 0: Box End { 0: true } } }");
    {
        const Slice words[] = { TEXT("a"), TEXT("bc") }, list = { words, 2 }, text = TEXT("four");
        const Slice runs[] = { { "\x01\x02", 2 }, { 0 }, { "\x03", 1 } };
        const OptionPointer some_point = { 1, &root.place }, some_text = { 1, &text }, none = { 0 };
        for (int there = 0; there < 2; there++) {
            wire_references_frame frame = { there ? &some_point : &none, there ? &some_text : &none, &list, { runs, 3 } };
            uint32_t out = 0;
            MAKE(references, out = TYPED(references, uint32_t, const OptionPointer *, const OptionPointer *, const Slice *,
                const Slice *, size_t)(R, frame.point, frame.text, &list, runs, 3));
            expect(run, &out, there ? "16" : "9");
        }
    }
    {
        const uint32_t numbers[] = { 7, 8 };
        Sink text = { .input = TEXT("text") }, list = { .input = { numbers, 2 } };
        wire_sinks_frame frame = { &text, &list };
        uint32_t out = 0;
        MAKE(sinks, out = TYPED(sinks, uint32_t, Sink *, Sink *)(R, &text, &list));
        expect(run, &out, "2");
        compare_text(run, text.output, "text!");
        const uint32_t *after = list.output.ptr;
        if (list.output.len != 3 || after[0] != 7 || after[1] != 8 || after[2] != 2) complain(run, "another list", "[7, 8, 2]");
        release_buffer(list.output);
    }
    {
        const Slice words = TEXT("first second");
        wire_first_frame frame = { words };
        Slice out;
        MAKE(first, TYPED(first, void, const void *, size_t, Slice *)(R, words.ptr, words.len, &out));
        expect(run, &out, "\"first\"");
        if (out.ptr != words.ptr) complain(run, "a copy", "a part of the argument");
    }
    for (size_t from = 1; from < 6; from += 4) {
        const uint32_t values[] = { 1, 2, 3 };
        wire_some_frame frame = { { values, 3 }, from };
        OptionSlice out;
        MAKE(some, TYPED(some, void, const uint32_t *, size_t, size_t, OptionSlice *)(R, values, 3, from, &out));
        expect(run, &out, from == 1 ? "Some [2, 3]" : "None");
    }
    {
        const Point point = { 8.5, 0, 0 };
        wire_x_frame frame = { &point };
        const double *out;
        MAKE(x, TYPED(x, void, const Point *, const double **)(R, &point, &out));
        expect(run, &out, "& 8.5");
        if (out != &point.x) complain(run, "a copy", "a part of the argument");
    }
}

static void check_objects(Run *run) {
    State state = { .number = 10 };
    const Object ear = { tables.ear_number, &state, NULL, NULL }, ears[] = { ear, ear };
    uint32_t out = 0;
    {
        const Slice more = { ears, 2 };
        wire_hear_frame frame = { &ear, &more };
        MAKE(hear, out = TYPED(hear, uint32_t, const Object *, const Slice *)(R, &ear, &more));
        expect(run, &out, "41");
    }
    {
        State none = { 0 };
        const Object lines = { tables.two_lines, &none, NULL, NULL };
        wire_read_frame frame = { &lines };
        MAKE(read, out = TYPED(read, uint32_t, const Object *)(R, &lines));
        expect(run, &out, "12");
    }
    {
        State times = { .number = 10 }, notes = { 0 };
        const Object work = { tables.count_times, &times, NULL, NULL }, say = { tables.say_notes, &notes, NULL, NULL };
        wire_each_frame frame = { &work, &say };
        MAKE(each, out = TYPED(each, uint32_t, const Object *, const Object *)(R, &work, &say));
        expect(run, &out, "30");
        compare_text(run, notes.text, "one;two;");
    }
    // What is given away is the callee's from here on.
#define GIVE(id, table, shared, ...) \
    const Object given = object(tables.table, (State){ __VA_ARGS__ }, shared); \
    wire_##id##_frame frame = { &given }; \
    Object out; \
    MAKE(id, TYPED(id, void, const Object *, Object *)(R, &given, &out)); \
    compare(run, &out, "an object"); \
    if (run->receiver.fault) return
    {
        GIVE(ear, ear_number, false, .number = 5);
        compare_number(run, call_hear(&out, "four"), 109);
        release_object(&out);
    }
    {
        GIVE(share, ear_number, true, .number = 5);
        compare_number(run, call_hear(&out, "four"), 9);
        if (out.state != given.state) complain(run, "another object", "the one that was given");
        release_object(&out);
    }
    {
        GIVE(keep, count_times, false, .number = 3);
        compare_number(run, call_count(&out, 5), 16);
        release_object(&out);
    }
    {
        GIVE(change, judge_short, false, .number = 0);
        compare_number(run, call_counter(&out, 5), 1005);
        compare_number(run, call_counter(&out, 5), 2010);
        release_object(&out);
    }
    {
        GIVE(once, turn_brackets, false, .number = 0);
        compare_text(run, call_spell(&out, 7), "<once> 7");
        release_object(&out);
    }
    {
        GIVE(both, count_times, true, .number = 3);
        compare_number(run, call_count(&out, 4), 12);
        release_object(&out);
    }
    {
        const JobLent job = { TEXT("job"), { 1, object(tables.ear_number, (State){ .number = 1 }, false) },
            object(tables.counter_adds, (State){ 0 }, false) };
        wire_job_frame frame = { &job };
        JobOwned out;
        MAKE(job, TYPED(job, void, const JobLent *, JobOwned *)(R, &job, &out));
        compare(run, &out, "Job { name: \"job!\", ear: Some an object, work: an object }");
        if (run->receiver.fault) return;
        compare_number(run, call_hear(&out.ear.value, "four"), 5);
        compare_number(run, call_counter(&out.work, 5), 6);
        drop_owned(run->method->result(), &out);
    }
}

static void check(Receiver *receiver, const Object *other, uint32_t erased, Buffer *out) {
    UNUSED;
    Run run = { .other = other, .erased = erased };
    if (other->interface->order != wire_contract()->order) {
        *out = textf("another order of methods");
        return;
    }
    check_scalars(&run);
    check_runs(&run);
    check_choices(&run);
    check_data(&run);
    check_objects(&run);
    *out = given(&run.report);
}
static void layouts(Receiver *receiver, const OptionObject *of, Buffer *out) {
    UNUSED;
    *out = layouts_of(of->tag ? of->value.interface->contract : wire_contract());
}
static int64_t count_alive(Receiver *receiver) { UNUSED; return alive; }

// The second contract of the plugin: what a test asks of it.

OBJECT_OF(lent_wire, 0, wire_contract)
OPTION_OF(option_lent_wire, OptionObject, OptionObject, lent_wire)
#define CHECKER_METHODS(M, M0) \
    M(checker, check, 0, text, (other, BY_OBJECT, lent_wire, const Object *), (erased, VALUE, boolean, uint32_t)) \
    M(checker, layouts, 0, text, (of, VALUE, option_lent_wire, const OptionObject *)) \
    M0(checker, alive, 0, int64)
CONTRACT(checker, "wire.checker", "Checker", 0, CHECKER_METHODS)

#define C_FUNCTION(prefix, id, ...) (Function)c_##id,
static const Function FUNCTIONS[] = { WIRE_METHODS(C_FUNCTION, C_FUNCTION) };

static const Plugin PLUGIN = { .size = sizeof(Plugin), .name = TEXT("in-c"), .version = TEXT("1.0.0"), .construct = construct,
    .destroy = destroy };
static Offer OFFERS[2] = { { .size = sizeof(Offer), .plugin = &PLUGIN }, { .size = sizeof(Offer), .plugin = &PLUGIN } };
static const Offer *const OFFER_LIST[] = { &OFFERS[0], &OFFERS[1] };

int32_t polyplug_init(const Host *given_host, Registration *registration) {
    host = given_host;
    make_tables();
    OFFERS[0].interface = interface_of(wire_contract(), COUNT(FUNCTIONS), FUNCTIONS);
    OFFERS[1].interface = INTERFACE(checker, (Function)check, (Function)layouts, (Function)count_alive);
    registration->abi = 1;
    registration->flags = 0;
    registration->offers = (List){ (const void *const *)OFFER_LIST, 2 };
    return 0;
}
