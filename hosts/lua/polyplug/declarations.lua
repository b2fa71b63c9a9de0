-- What is used of polyplug.h and polyplug_host.h, as it stands there; a test compares.
local ffi = require "ffi"

-- Structs cannot be declared twice: who opens this package a second time finds them.
if not pcall(ffi.typeof, "PolyplugHomeState") then
  ffi.cdef [[
typedef struct PolyplugSlice PolyplugSlice;
typedef struct PolyplugBuffer PolyplugBuffer;
typedef struct PolyplugObject PolyplugObject;
typedef struct PolyplugSink PolyplugSink;
typedef struct PolyplugGrown PolyplugGrown;
typedef struct PolyplugGrownVariant PolyplugGrownVariant;
typedef struct PolyplugReceiver PolyplugReceiver;
typedef struct PolyplugFaultTable PolyplugFaultTable;
typedef struct PolyplugFaultRecord PolyplugFaultRecord;
typedef struct PolyplugInterfaceHeader PolyplugInterfaceHeader;
typedef struct PolyplugCall PolyplugCall;
typedef struct PolyplugContractDescriptor PolyplugContractDescriptor;
typedef void (*PolyplugReleaseFunction)(uint8_t *ptr, size_t capacity);
typedef void (*PolyplugReleaseGrownFunction)(uint8_t *ptr, size_t known);
typedef int32_t (*PolyplugInvokeFunction)(PolyplugReceiver *receiver, uint32_t method, const void *frame, void *out);
struct PolyplugSlice { const uint8_t *ptr; size_t len; };
struct PolyplugBuffer { uint8_t *ptr; size_t len; size_t capacity; PolyplugReleaseFunction release; };
struct PolyplugObject { const PolyplugInterfaceHeader *interface; void *state; void (*retain)(void *state); void
    (*release)(void *state); };
struct PolyplugSink { PolyplugSlice input; PolyplugBuffer output; };
struct PolyplugGrown { uint8_t *ptr; PolyplugReleaseGrownFunction release; };
struct PolyplugGrownVariant { uint32_t tag; const uint8_t *payload; };
struct PolyplugReceiver { void *state; PolyplugFaultRecord *fault; const PolyplugCall *call; };
struct PolyplugFaultTable { uint32_t size; uint32_t flags; void (*retain)(const PolyplugFaultRecord *fault); void
    (*release)(const PolyplugFaultRecord *fault); };
struct PolyplugFaultRecord { uint32_t size; uint32_t kind; const PolyplugFaultTable *table; PolyplugSlice message;
    PolyplugSlice file; uint32_t line; uint32_t column; PolyplugSlice trace; PolyplugSlice plugin; PolyplugSlice contract;
    PolyplugSlice method; };
struct PolyplugInterfaceHeader { uint32_t size; uint32_t method_count; uint32_t flags; uint32_t reserved; uint64_t order;
    const PolyplugContractDescriptor *contract; PolyplugInvokeFunction invoke; };
typedef struct PolyplugCaller PolyplugCaller;
typedef struct PolyplugHome PolyplugHome;
typedef struct PolyplugInstance PolyplugInstance;
typedef struct PolyplugModule PolyplugModule;
typedef struct PolyplugPinned PolyplugPinned;
typedef struct PolyplugRuntime PolyplugRuntime;
typedef struct PolyplugSubscription PolyplugSubscription;
typedef struct PolyplugPlugin { PolyplugSlice name; PolyplugSlice version; PolyplugSlice description; PolyplugSlice license;
    PolyplugSlice repository; size_t contract_count; const PolyplugSlice *contracts; } PolyplugPlugin;
typedef struct PolyplugPlugins { uint64_t tag; size_t count; const struct PolyplugPlugin *items; } PolyplugPlugins;
typedef struct PolyplugError { uint64_t tag; PolyplugSlice code; PolyplugSlice message; PolyplugSlice text; } PolyplugError;
typedef struct PolyplugList { uint64_t tag; size_t count; const PolyplugSlice *items; } PolyplugList;
typedef struct PolyplugReport { uint64_t tag; PolyplugSlice code; PolyplugSlice text; } PolyplugReport;
typedef struct PolyplugField { PolyplugSlice name; PolyplugSlice docs; const struct PolyplugType *ty; size_t lent_offset;
    size_t owned_offset; uint32_t flags; uint32_t reserved; } PolyplugField;
typedef struct PolyplugVariant { PolyplugSlice name; PolyplugSlice docs; uint32_t tag; uint32_t is_other; size_t field_count;
    const struct PolyplugField *fields; } PolyplugVariant;
typedef struct PolyplugType { const void *own; uint32_t kind; uint32_t flags; PolyplugSlice name; PolyplugSlice docs;
    PolyplugSlice text; size_t lent_size; size_t lent_align; size_t owned_size; size_t owned_align; size_t length; size_t
    element_count; const struct PolyplugType *const *elements; size_t field_count; const struct PolyplugField *fields; size_t
    variant_count; const struct PolyplugVariant *variants; const struct PolyplugContract *contract; } PolyplugType;
typedef struct PolyplugArgument { PolyplugSlice name; PolyplugSlice text; uint32_t passing; uint32_t reserved; const struct
    PolyplugType *ty; size_t frame_offset; } PolyplugArgument;
typedef struct PolyplugMethod { PolyplugSlice name; PolyplugSlice docs; PolyplugSlice signature; uint32_t number; uint32_t
    flags; size_t argument_count; const struct PolyplugArgument *arguments; const struct PolyplugType *result; size_t
    frame_size; size_t frame_align; } PolyplugMethod;
typedef struct PolyplugContract { uint64_t tag; const void *own; PolyplugSlice id; PolyplugSlice name; PolyplugSlice docs;
    uint32_t major; uint32_t minor; uint32_t flags; uint32_t reserved; uint64_t order; size_t method_count; const struct
    PolyplugMethod *methods; } PolyplugContract;
typedef struct PolyplugEvent { PolyplugSlice code; PolyplugSlice module; PolyplugSlice text; } PolyplugEvent;
typedef int32_t (*PolyplugHomeInvoke)(uint32_t key, uint32_t method, const void *frame, void *out, PolyplugFaultRecord **fault);
typedef void (*PolyplugHomeListener)(uint32_t key, const struct PolyplugEvent *event);
typedef struct PolyplugHomeState { uint32_t entered; uint32_t waiting; } PolyplugHomeState;
typedef struct PolyplugModules { uint64_t tag; size_t count; struct PolyplugModule *const *items; } PolyplugModules;
int32_t polyplug_release(void *handle);
struct PolyplugPlugins *polyplug_module_plugins(const struct PolyplugModule *module, struct PolyplugError **error);
struct PolyplugList *polyplug_module_path(const struct PolyplugModule *module, struct PolyplugError **error);
int32_t polyplug_module_is_loaded(const struct PolyplugModule *module, int32_t *loaded, struct PolyplugError **error);
struct PolyplugReport *polyplug_module_reload(const struct PolyplugModule *module, uint64_t milliseconds, struct PolyplugError
    **error);
struct PolyplugReport *polyplug_module_unload(const struct PolyplugModule *module, uint64_t milliseconds, struct PolyplugError
    **error);
struct PolyplugReport *polyplug_module_unload_cascade(const struct PolyplugModule *module, struct PolyplugError **error);
PolyplugFaultRecord *polyplug_fault_new(uint32_t kind, const uint8_t *message, size_t message_length, const uint8_t *trace,
    size_t trace_length);
int32_t polyplug_fault_release(PolyplugFaultRecord *fault);
int32_t polyplug_call(const void *handle, uint32_t method, const void *frame, void *out, PolyplugFaultRecord **fault);
int32_t polyplug_object_call(const struct PolyplugContract *contract, const PolyplugObject *object, uint32_t method, const
    void *frame, void *out, PolyplugFaultRecord **fault);
int32_t polyplug_value_release(const struct PolyplugType *ty, void *value);
int32_t polyplug_buffer_release(const PolyplugBuffer *buffer);
int32_t polyplug_buffer_new(const void *elements, size_t count, size_t element_size, PolyplugBuffer *buffer);
int32_t polyplug_is_text(const uint8_t *bytes, size_t count);
struct PolyplugPinned *polyplug_caller_pin(const struct PolyplugCaller *caller, struct PolyplugError **error);
int32_t polyplug_pinned_face(const struct PolyplugPinned *pinned, const PolyplugInterfaceHeader **interface, void **state,
    struct PolyplugError **error);
int32_t polyplug_plugin(const void *handle, PolyplugSlice *name, struct PolyplugError **error);
int32_t polyplug_is_current(const void *handle, int32_t *current, struct PolyplugError **error);
int32_t polyplug_instance_migrate(const struct PolyplugInstance *instance, struct PolyplugError **error);
int32_t polyplug_object_release(const PolyplugObject *object);
int32_t polyplug_object_retain(const PolyplugObject *object);
struct PolyplugHome *polyplug_home_new(PolyplugHomeInvoke invoke, PolyplugHomeListener listener, struct PolyplugError **error);
struct PolyplugHomeState *polyplug_home_state(const struct PolyplugHome *home, struct PolyplugError **error);
struct PolyplugModule *polyplug_home_provide(const struct PolyplugHome *home, const struct PolyplugRuntime *runtime, const
    struct PolyplugContract *contract, const uint8_t *name, size_t name_length, uint32_t key, struct PolyplugError **error);
int32_t polyplug_home_object(const struct PolyplugHome *home, const struct PolyplugRuntime *runtime, const struct
    PolyplugContract *contract, uint32_t key, PolyplugObject *object, struct PolyplugError **error);
struct PolyplugSubscription *polyplug_home_subscribe(const struct PolyplugHome *home, const struct PolyplugRuntime *runtime,
    uint32_t key, struct PolyplugError **error);
struct PolyplugSubscription *polyplug_home_log(const struct PolyplugHome *home, uint32_t level, uint32_t key, struct
    PolyplugError **error);
size_t polyplug_home_settle(const struct PolyplugHome *home, uint32_t *keys, size_t capacity);
struct PolyplugRuntime *polyplug_runtime_new(void);
struct PolyplugModule *polyplug_runtime_load(const struct PolyplugRuntime *runtime, const uint8_t *path, size_t path_length,
    struct PolyplugError **error);
struct PolyplugReport *polyplug_runtime_load_dir(const struct PolyplugRuntime *runtime, const uint8_t *path, size_t
    path_length, struct PolyplugError **error);
struct PolyplugModules *polyplug_runtime_modules(const struct PolyplugRuntime *runtime, struct PolyplugError **error);
struct PolyplugPlugins *polyplug_runtime_plugins(const struct PolyplugRuntime *runtime, struct PolyplugError **error);
struct PolyplugList *polyplug_runtime_contracts(const struct PolyplugRuntime *runtime, struct PolyplugError **error);
struct PolyplugContract *polyplug_runtime_contract(const struct PolyplugRuntime *runtime, const uint8_t *id, size_t id_length,
    uint32_t major, struct PolyplugError **error);
struct PolyplugList *polyplug_runtime_providers(const struct PolyplugRuntime *runtime, const struct PolyplugContract
    *contract, struct PolyplugError **error);
struct PolyplugCaller *polyplug_runtime_get(const struct PolyplugRuntime *runtime, const struct PolyplugContract *contract,
    const uint8_t *plugin, size_t plugin_length, struct PolyplugError **error);
struct PolyplugInstance *polyplug_runtime_create(const struct PolyplugRuntime *runtime, const struct PolyplugContract
    *contract, const uint8_t *plugin, size_t plugin_length, struct PolyplugError **error);
int32_t polyplug_runtime_configure(const struct PolyplugRuntime *runtime, const uint8_t *plugin, size_t plugin_length, const
    uint8_t *json, size_t json_length, struct PolyplugError **error);
]]
end
