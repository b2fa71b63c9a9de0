// Every function of libpolyplug, with null and with handles of another kind: errors with text, never a crash.

#include "polyplug_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                    \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);         \
            exit(1);                                                                        \
        }                                                                                   \
    } while (0)

static int tried = 0;

// An error that says that a handle is the wrong one.
static void refused(PolyplugError *error) {
    tried++;
    CHECK(error != NULL);
    CHECK(error->code.len > 0 && error->message.len > 0 && error->text.len > 0);
    CHECK(strcmp((const char *)error->code.ptr, "wrong-handle") == 0);
    CHECK(polyplug_release(error) == POLYPLUG_OK);
}

// A fault that says so.
static void faulted(PolyplugFaultRecord *fault) {
    tried++;
    CHECK(fault != NULL && fault->kind == POLYPLUG_FAULT_KIND_INVALID_VALUE);
    PolyplugError *words = polyplug_fault_error(fault);
    CHECK(words != NULL && strstr((const char *)words->text.ptr, "expected") != NULL);
    CHECK(polyplug_release(words) == POLYPLUG_OK);
    CHECK(polyplug_fault_release(fault) == POLYPLUG_OK);
}

static int32_t answer(void *user, const PolyplugContract *contract, uint32_t method, const void *frame, void *out,
                      PolyplugFaultRecord **fault) {
    (void)user, (void)contract, (void)method, (void)frame, (void)out, (void)fault;
    return POLYPLUG_FAILED;
}

static void heard(void *user, const PolyplugEvent *event) { (void)user, (void)event; }

static int32_t answer_at_home(uint32_t key, uint32_t method, const void *frame, void *out, PolyplugFaultRecord **fault) {
    (void)key, (void)method, (void)frame, (void)out, (void)fault;
    return POLYPLUG_FAILED;
}

static void heard_at_home(uint32_t key, const PolyplugEvent *event) { (void)key, (void)event; }

static void never(void *user) {
    (void)user;
    fprintf(stderr, "what was not taken was destroyed\n");
    exit(1);
}

#define TEXT(text) (const uint8_t *)(text), POLYPLUG_TERMINATED

// All functions that take a runtime, and what else they take, with wrong ones.
static void with_runtime(const void *wrong, const PolyplugRuntime *right, const void *no_contract) {
    PolyplugError *error = NULL;
    const PolyplugRuntime *runtime = wrong;
    CHECK(polyplug_runtime_load(runtime, TEXT("x"), &error) == NULL); refused(error);
    CHECK(polyplug_runtime_load_dir(runtime, TEXT("x"), &error) == NULL); refused(error);
    CHECK(polyplug_runtime_modules(runtime, &error) == NULL); refused(error);
    CHECK(polyplug_runtime_plugins(runtime, &error) == NULL); refused(error);
    CHECK(polyplug_runtime_contracts(runtime, &error) == NULL); refused(error);
    CHECK(polyplug_runtime_contract(runtime, TEXT("x"), 1, &error) == NULL); refused(error);
    CHECK(polyplug_runtime_configure(runtime, TEXT("x"), TEXT("1"), &error) == POLYPLUG_FAILED); refused(error);
    CHECK(polyplug_runtime_subscribe(runtime, heard, NULL, never, &error) == NULL); refused(error);
    PolyplugHome *home = polyplug_home_new(answer_at_home, heard_at_home, &error);
    CHECK(home != NULL && error == NULL);
    CHECK(polyplug_home_subscribe(home, runtime, 1, &error) == NULL); refused(error);
    const PolyplugRuntime *runtimes[] = {runtime, right};
    for (int at = 0; at < 2; at++) {
        runtime = runtimes[at];
        PolyplugObject object;
        CHECK(polyplug_runtime_providers(runtime, no_contract, &error) == NULL); refused(error);
        CHECK(polyplug_runtime_get(runtime, no_contract, NULL, 0, &error) == NULL); refused(error);
        CHECK(polyplug_runtime_create(runtime, no_contract, NULL, 0, &error) == NULL); refused(error);
        CHECK(polyplug_runtime_provide(runtime, no_contract, NULL, 0, answer, NULL, never, &error) == NULL); refused(error);
        CHECK(polyplug_runtime_provide_interface(runtime, NULL, NULL, 0, NULL, never, &error) == NULL); refused(error);
        CHECK(polyplug_runtime_object(runtime, no_contract, answer, NULL, never, &object, &error) == POLYPLUG_FAILED);
        refused(error);
        CHECK(polyplug_home_provide(home, runtime, no_contract, NULL, 0, 1, &error) == NULL); refused(error);
        CHECK(polyplug_home_object(home, runtime, no_contract, 1, &object, &error) == POLYPLUG_FAILED); refused(error);
    }
    CHECK(polyplug_home_state(home, &error)->waiting == 0 && polyplug_release(home) == POLYPLUG_OK);
}

// All functions that take another handle.
static void with_others(const void *wrong) {
    PolyplugError *error = NULL;
    PolyplugFaultRecord *fault = NULL;
    uint64_t out = 0;
    int32_t yes = 0;
    PolyplugSlice name;
    const PolyplugInterfaceHeader *interface = NULL;
    void *state = NULL;
    PolyplugObject object = {0};
    CHECK(polyplug_module_plugins(wrong, &error) == NULL); refused(error);
    CHECK(polyplug_module_path(wrong, &error) == NULL); refused(error);
    CHECK(polyplug_module_is_loaded(wrong, &yes, &error) == POLYPLUG_FAILED); refused(error);
    CHECK(polyplug_module_reload(wrong, POLYPLUG_NO_WAIT, &error) == NULL); refused(error);
    CHECK(polyplug_module_unload(wrong, POLYPLUG_NO_WAIT, &error) == NULL); refused(error);
    CHECK(polyplug_module_unload_cascade(wrong, &error) == NULL); refused(error);
    CHECK(polyplug_caller_pin(wrong, &error) == NULL); refused(error);
    CHECK(polyplug_pinned_face(wrong, &interface, &state, &error) == POLYPLUG_FAILED); refused(error);
    CHECK(polyplug_instance_face(wrong, &interface, &state, &error) == POLYPLUG_FAILED); refused(error);
    PolyplugEntered entered = {0};
    CHECK(polyplug_caller_enter(wrong, &entered, &fault) == POLYPLUG_FAILED); faulted(fault);
    CHECK(polyplug_leave(&entered) == POLYPLUG_FAILED);
    CHECK(polyplug_plugin(wrong, &name, &error) == POLYPLUG_FAILED); refused(error);
    CHECK(polyplug_is_current(wrong, &yes, &error) == POLYPLUG_FAILED); refused(error);
    CHECK(polyplug_instance_migrate(wrong, &error) == POLYPLUG_FAILED); refused(error);
    CHECK(polyplug_call(wrong, 0, NULL, &out, &fault) == POLYPLUG_FAILED); faulted(fault);
    CHECK(polyplug_object_call(wrong, &object, 0, NULL, &out, &fault) == POLYPLUG_FAILED); faulted(fault);
    CHECK(polyplug_home_state(wrong, &error) == NULL); refused(error);
    CHECK(polyplug_home_provide(wrong, NULL, NULL, NULL, 0, 1, &error) == NULL); refused(error);
    CHECK(polyplug_home_object(wrong, NULL, NULL, 1, &object, &error) == POLYPLUG_FAILED); refused(error);
    CHECK(polyplug_home_subscribe(wrong, NULL, 1, &error) == NULL); refused(error);
    CHECK(polyplug_home_log(wrong, 5, 1, &error) == NULL); refused(error);
    CHECK(polyplug_home_settle(wrong, NULL, 0) == 0);
    CHECK(polyplug_fault_release((PolyplugFaultRecord *)wrong) == POLYPLUG_FAILED);
    CHECK(polyplug_fault_error(wrong) == NULL);
    // Nobody need ask why.
    CHECK(polyplug_call(wrong, 0, NULL, &out, NULL) == POLYPLUG_FAILED);
    CHECK(polyplug_module_plugins(wrong, NULL) == NULL);
}

int main(void) {
    PolyplugError *error = NULL;
    uint64_t bytes[2] = {1, 2};
    PolyplugBuffer buffer = {0};
    PolyplugReceiver receiver = {0};
    PolyplugObject object = {0};
    PolyplugRuntime *runtime = polyplug_runtime_new();
    CHECK(runtime != NULL);
    PolyplugPlugins *plugins = polyplug_runtime_plugins(runtime, &error);
    CHECK(plugins != NULL && error == NULL);

    with_runtime(NULL, runtime, NULL);
    with_runtime(plugins, runtime, runtime);
    // What is no handle at all: words of the program, and an address in the middle of one.
    with_runtime(bytes, runtime, bytes);
    with_runtime((const char *)bytes + 1, runtime, (const char *)bytes + 1);
    with_others(NULL);
    with_others(plugins);
    with_others(runtime);
    with_others(bytes);

    CHECK(polyplug_contract_described(NULL, &error) == NULL); refused(error);
    CHECK(polyplug_services() != NULL && polyplug_leave(NULL) == POLYPLUG_FAILED);
    CHECK(polyplug_release(NULL) == POLYPLUG_FAILED);
    CHECK(polyplug_release(bytes) == POLYPLUG_FAILED && bytes[0] == 1);
    CHECK(polyplug_value_release(NULL, bytes) == POLYPLUG_FAILED);
    CHECK(polyplug_buffer_release(NULL) == POLYPLUG_FAILED);
    CHECK(polyplug_buffer_new(NULL, 1, 1, &buffer) == POLYPLUG_FAILED);
    CHECK(polyplug_buffer_new(bytes, 1, 8, NULL) == POLYPLUG_FAILED);
    CHECK(polyplug_buffer_new(bytes, SIZE_MAX, 8, &buffer) == POLYPLUG_FAILED);
    CHECK(polyplug_read(NULL, bytes, 1) == POLYPLUG_FAILED && polyplug_read(bytes, NULL, 1) == POLYPLUG_FAILED);
    CHECK(polyplug_read(NULL, NULL, 0) == POLYPLUG_OK);
    CHECK(polyplug_is_text(NULL, 1) == 0 && polyplug_is_text(NULL, 0) == 1);
    CHECK(polyplug_is_text((const uint8_t *)"\xC3\xA4", 2) == 1 && polyplug_is_text((const uint8_t *)"\xC3\xA4", 1) == 0);
    CHECK(polyplug_invoke(NULL, &receiver, 0, NULL, NULL) == POLYPLUG_FAILED);
    CHECK(polyplug_object_retain(NULL) == POLYPLUG_FAILED && polyplug_object_retain(&object) == POLYPLUG_FAILED);
    CHECK(polyplug_object_release(NULL) == POLYPLUG_FAILED && polyplug_object_release(&object) == POLYPLUG_FAILED);
    CHECK(polyplug_object_retain(NULL) == POLYPLUG_FAILED && polyplug_object_retain(&object) == POLYPLUG_FAILED);
    CHECK(polyplug_fault_new(0, TEXT("no kind"), NULL, 0) == NULL);

    // Texts that are none.
    const uint8_t no_utf8[] = {0xFF, 0};
    CHECK(polyplug_runtime_load(runtime, NULL, 0, &error) == NULL);
    CHECK(strcmp((const char *)error->code.ptr, "no-text") == 0 && polyplug_release(error) == POLYPLUG_OK);
    CHECK(polyplug_runtime_load(runtime, no_utf8, 1, &error) == NULL);
    CHECK(strcmp((const char *)error->code.ptr, "not-utf-8") == 0 && polyplug_release(error) == POLYPLUG_OK);
    CHECK(polyplug_home_new(answer_at_home, NULL, &error) == NULL);
    CHECK(strcmp((const char *)error->code.ptr, "no-function") == 0 && polyplug_release(error) == POLYPLUG_OK);
    CHECK(polyplug_runtime_subscribe(runtime, NULL, NULL, never, &error) == NULL);
    CHECK(strcmp((const char *)error->code.ptr, "no-function") == 0 && polyplug_release(error) == POLYPLUG_OK);
    CHECK(polyplug_log_subscribe(5, NULL, NULL, never, &error) == NULL);
    CHECK(strcmp((const char *)error->code.ptr, "no-function") == 0 && polyplug_release(error) == POLYPLUG_OK);
    PolyplugFaultRecord *repaired = polyplug_fault_new(POLYPLUG_FAULT_KIND_RAISED, no_utf8, 1, NULL, 0);
    CHECK(repaired != NULL && repaired->message.len == 3 && polyplug_fault_release(repaired) == POLYPLUG_OK);

    CHECK(polyplug_release(plugins) == POLYPLUG_OK);
    CHECK(polyplug_release(runtime) == POLYPLUG_OK);
    printf("%d refusals\n", tried);
    return 0;
}
