// ABI 1 as a C program sees it, written by hand from the published layouts and nothing else.
#ifndef POLYPLUG_TESTS_ABI_H
#define POLYPLUG_TESTS_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct { const void *ptr; size_t len; } Slice;
typedef struct { const void *const *ptr; size_t len; } List;
typedef struct { void *ptr; size_t len, capacity; void (*release)(void *ptr, size_t capacity); } Buffer;
typedef struct { Slice input; Buffer output; } Sink;

typedef struct Type Type;
typedef struct Contract Contract;
typedef const Type *(*TypeFunction)(void);
typedef const Contract *(*ContractFunction)(void);

typedef struct { uint32_t size, flags; Slice name, docs; TypeFunction ty; size_t lent_offset, owned_offset; } Field;
typedef struct { uint32_t size, tag; Slice name, docs; List fields; } Variant;
struct Type {
    uint32_t size, kind, flags, reserved;
    Slice name, docs;
    size_t lent_size, lent_align, owned_size, owned_align, length;
    const TypeFunction *elements;
    size_t element_count;
    List fields, variants;
    ContractFunction contract;
};
typedef struct { uint32_t size, passing; Slice name; TypeFunction ty; size_t frame_offset; } Argument;
typedef struct {
    uint32_t size, flags;
    Slice name, docs;
    List arguments;
    TypeFunction result;
    size_t frame_size, frame_align;
} Method;
struct Contract { uint32_t size, flags, major, minor; Slice id, name, docs; uint64_t order; List methods; const void *(*bridge)(void); const void *defaults; };

typedef struct FaultRecord FaultRecord;
typedef struct {
    uint32_t size, flags;
    void (*retain)(const FaultRecord *);
    void (*release)(const FaultRecord *);
} FaultTable;
struct FaultRecord {
    uint32_t size, kind;
    const FaultTable *table;
    Slice message, file;
    uint32_t line, column;
    Slice trace, plugin, contract, method;
};
typedef struct {
    uint32_t size, kind;
    Slice message, file;
    uint32_t line, column;
    Slice trace, plugin, contract, method;
} FaultParts;

typedef struct { void *state; FaultRecord *fault; const void *call; } Receiver;
typedef void (*Function)(void);
typedef struct {
    uint32_t size, method_count, flags, reserved;
    uint64_t order;
    const Contract *contract;
    int32_t (*invoke)(Receiver *, uint32_t method, const void *frame, void *out);
    Function functions[];
} Interface;
typedef struct { const Interface *interface; void *state; Slice plugin; } Implementor;
typedef struct { const Interface *interface; void *state; void (*retain)(void *); void (*release)(void *); } Object;
typedef struct { void *ptr; void (*release)(void *, size_t); } Grown;
typedef struct { uint32_t tag; const void *payload; } GrownVariant;

typedef struct {
    uint32_t size, abi;
    FaultRecord *(*fault_new)(const FaultParts *);
    void (*fault_unhandled)(const FaultRecord *);
    void (*report)(const void *text, size_t len);
    const Interface *(*adapt)(const Interface *, const Contract *);
    const void *(*thread)(void);
    FaultRecord *(*enter)(const void *link, const void *entry, void *way);
    const void *(*pin)(const void *link, FaultRecord **fault);
    FaultRecord *(*cast)(const void *link, const Contract *wanted, void *other);
    const void *(*keep_image)(const void *release, const void *state);
    void (*release_image)(const void *kept);
    const void *threads, *log;
    void (*send_image)(const void *release, const void *state);
    const void *(*take_image)(const void *release, const void *state);
    int32_t (*default_body)(Receiver *receiver, const Interface *interface, const Contract *wanted, uint32_t method, const void *frame, void *out);
} Host;
typedef struct {
    uint32_t size, flags;
    Slice name, version, description, authors, license, repository;
    List requires;
    void *(*construct)(Receiver *, const void *context, Buffer *error);
    void (*destroy)(Receiver *);
    List wants;
    void (*save)(Receiver *, Buffer *out);
    void *(*restore)(Receiver *, const void *context, const uint8_t *saved, size_t saved_len, Buffer *error);
    void *data;
} Plugin;
typedef struct {
    uint32_t size, flags;
    const Plugin *plugin;
    const Interface *interface;
    const Slice *written;
    size_t written_count;
} Offer;
typedef struct {
    uint32_t size, abi, options, flags;
    List offers, contracts;
    size_t expected_offers;
    Slice name;
    const void *image;
} Registration;

enum kind {
    UNIT, BOOL, CHAR, I8, I16, I32, I64, U8, U16, U32, U64, ISIZE, USIZE, F32, F64, STRING, LIST, ARRAY, OPTION, RESULT, TUPLE,
    STRUCT, ENUM, BOX, FAULT, OBJECT, STR, SLICE, REFERENCE, U128, I128, MAP, SET, DURATION, SYSTEM_TIME, PATH, BORROWED_PATH,
    FLAGS
};
enum { PLAIN = 1, BY_VALUE = 2, SEND = 4, SYNC = 8, UNIQUE = 16, SHARED = 32, ONCE = 64 };
enum passing { VALUE, BY_REFERENCE, BY_SLICE, BY_TEXT, BY_OBJECT, BY_SLICE_MUT, BY_OBJECT_MUT, BY_SINK };
enum { METHOD_EXCLUSIVE = 2, METHOD_BORROWS = 4 };
enum { CONTRACT_EXCLUSIVE = 2 };
enum { THREW = 2, UNKNOWN_METHOD = 7 };

#define TEXT(text) { text, sizeof(text) - 1 }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
