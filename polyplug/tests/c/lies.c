// A module whose registration cannot be true. LIE selects how; with NOTHING it is well-formed, and can be loaded.
// The structs are those of ABI 1, written by hand.
#include <stddef.h>
#include <stdint.h>

typedef struct { const void *ptr; size_t len; } Slice;
typedef struct { const void *const *ptr; size_t len; } List;
typedef struct {
    uint32_t size, abi, options, flags;
    List offers, contracts;
    size_t expected_offers;
    Slice name;
    const void *image;
} Registration;
typedef struct { uint32_t size, kind, flags, reserved; Slice name, docs; size_t sizes[5]; const void *elements;
    size_t element_count; List fields, variants; const void *(*contract)(void); } Type;
typedef struct { uint32_t size, passing; Slice name; const Type *(*type)(void); size_t frame_offset; } Argument;
typedef struct { uint32_t size, flags; Slice name, docs; List arguments; const Type *(*result)(void);
    size_t frame_size, frame_align; } Method;
typedef struct { uint32_t size, flags, major, minor; Slice id, name, docs; uint64_t order; List methods; const void *(*bridge)(void); const void *defaults; } Contract;
typedef struct { uint32_t size, method_count, flags, reserved; uint64_t order; const Contract *contract;
    int (*invoke)(void *, uint32_t, const void *, void *); void *methods[1]; } Interface;
typedef struct { uint32_t size, flags; Slice name, version, description, authors, license, repository; List requires;
    void *(*construct)(void *, const void *, void *); void (*destroy)(void *); List wants;
    void (*save)(void *, void *); void *(*restore)(void *, const void *, const uint8_t *, size_t, void *); void *data; } Plugin;
typedef struct { uint32_t size, flags; const Plugin *plugin; const Interface *interface; const Slice *written;
    size_t written_count; } Offer;

// What a C++ compiler makes of the static of an inline function: one for all libraries of the process.
#ifdef UNIQUE
#ifdef HIDDEN
__asm__(".hidden shared_count");
#endif
__asm__(".data\n.balign 4\n.globl shared_count\n.type shared_count, @gnu_unique_object\n.size shared_count, 4\n"
        "shared_count: .long 0\n.text");
#endif
#ifndef FLAGS
#define FLAGS 0
#endif

#define TEXT(text) { text, sizeof(text) - 1 }
#define LIST(array) { (const void *const *)(array), sizeof(array) / sizeof((array)[0]) }

// The truth.

static const Type UNIT = { .size = sizeof(Type), .sizes = { 0, 1, 0, 1, 0 } };
static const Type *unit(void) { return &UNIT; }
static const Type *null_type(void) { return 0; }

typedef const Type *(*TypeFunction)(void);
static const TypeFunction NULL_FUNCTIONS[] = { 0 };
static Type LISTED = { .size = sizeof(Type), .kind = 16, .sizes = { 16, 8, 32, 8, 0 }, .elements = NULL_FUNCTIONS,
    .element_count = 1 };
static const Type *list(void) { return &LISTED; }

static Argument ARGUMENT = { sizeof(Argument), 0, TEXT("number"), unit, 0 };
static const Argument *const ARGUMENTS[] = { &ARGUMENT };
static Method METHOD = { .size = sizeof(Method), .name = TEXT("nothing"), .arguments = LIST(ARGUMENTS), .result = unit,
    .frame_align = 1 };
static const Method *METHODS[] = { &METHOD };
static Contract CONTRACT = { .size = sizeof(Contract), .major = 1, .id = TEXT("fixture.lies"), .name = TEXT("Lies"),
    .methods = LIST(METHODS) };

static int invoke(void *receiver, uint32_t method, const void *frame, void *out) {
    (void)receiver, (void)method, (void)frame, (void)out;
    return 0;
}
static void *construct(void *receiver, const void *context, void *error) {
    static char state;
    (void)receiver, (void)context, (void)error;
    return &state;
}
static void destroy(void *receiver) { (void)receiver; }
static void nothing(void *receiver) { (void)receiver; }

static Interface INTERFACE = { .size = sizeof(Interface), .method_count = 1, .contract = &CONTRACT, .invoke = invoke,
    .methods = { (void *)nothing } };
static Plugin PLUGIN = { .size = sizeof(Plugin), .name = TEXT("honest"), .construct = construct, .destroy = destroy };
static Offer OFFER = { .size = sizeof(Offer), .plugin = &PLUGIN, .interface = &INTERFACE };
static const Offer *OFFERS[] = { &OFFER };

// The lies.

enum { NOTHING, EMPTY, OTHER_ABI, OTHER_CODE, NULL_LIST, HUGE_LIST, NULL_OFFER, SKEWED_OFFER, SMALL_OFFER, NULL_PLUGIN,
    SMALL_PLUGIN, NO_NAME, NULL_NAME, LONG_NAME, NAME_NO_UTF8, NULL_CONSTRUCT, NULL_DESTROY, NULL_INTERFACE,
    SMALL_INTERFACE, FEW_METHODS, NULL_INVOKE, WRITTEN_TOO_MUCH, NULL_CONTRACT, SMALL_CONTRACT, HUGE_METHODS, NULL_METHOD,
    NULL_RESULT, NULL_TYPE, NULL_ELEMENT, NULL_ELEMENTS, HUGE_ELEMENTS, NULL_ARGUMENT_TYPE, SAYS_RUST, GROWN };

int polyplug_init(const void *host, Registration *registration) {
    (void)host;
    registration->abi = 1;
    registration->flags = FLAGS;
    registration->offers = (List)LIST(OFFERS);
    switch (LIE) {
    case NOTHING: break;
    case EMPTY: registration->offers = (List){ 0, 0 }; break;
    case OTHER_ABI: registration->abi = 7; break;
    case OTHER_CODE: return 99;
    case NULL_LIST: registration->offers = (List){ 0, 3 }; break;
    case HUGE_LIST: registration->offers.len = SIZE_MAX; break;
    case NULL_OFFER: OFFERS[0] = 0; break;
    case SKEWED_OFFER: OFFERS[0] = (const Offer *)((const char *)&OFFER + 1); break;
    case SMALL_OFFER: OFFER.size = 8; break;
    case NULL_PLUGIN: OFFER.plugin = 0; break;
    case SMALL_PLUGIN: PLUGIN.size = 0; break;
    case NO_NAME: PLUGIN.name.len = 0; break;
    case NULL_NAME: PLUGIN.name.ptr = 0; break;
    case LONG_NAME: PLUGIN.name.len = SIZE_MAX; break;
    case NAME_NO_UTF8: PLUGIN.name = (Slice)TEXT("\xff\xfe"); break;
    case NULL_CONSTRUCT: PLUGIN.construct = 0; break;
    case NULL_DESTROY: PLUGIN.destroy = 0; break;
    case NULL_INTERFACE: OFFER.interface = 0; break;
    case SMALL_INTERFACE: INTERFACE.method_count = 4000000000u; break;
    case FEW_METHODS: INTERFACE.size = 40, INTERFACE.method_count = 0; break;
    case NULL_INVOKE: INTERFACE.invoke = 0; break;
    case WRITTEN_TOO_MUCH: OFFER.written_count = 5; break;
    case NULL_CONTRACT: INTERFACE.contract = 0; break;
    case SMALL_CONTRACT: CONTRACT.size = 24; break;
    case HUGE_METHODS: CONTRACT.methods.len = SIZE_MAX / 2; break;
    case NULL_METHOD: METHODS[0] = 0; break;
    case NULL_RESULT: METHOD.result = 0; break;
    case NULL_TYPE: METHOD.result = null_type; break;
    case NULL_ELEMENT: METHOD.result = list; break;
    case NULL_ELEMENTS: METHOD.result = list, LISTED.elements = 0; break;
    case HUGE_ELEMENTS: METHOD.result = list, LISTED.element_count = SIZE_MAX; break;
    case NULL_ARGUMENT_TYPE: ARGUMENT.type = 0; break;
    case SAYS_RUST: INTERFACE.flags = 1; break;
    // No lie: a later version, whose entries have more at their ends.
    case GROWN: OFFER.size += 16, PLUGIN.size += 64, CONTRACT.size += 8, METHOD.size += 24, INTERFACE.size += 8; break;
    }
    return 0;
}
