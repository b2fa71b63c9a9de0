// Calls the erased entries of two implementations with good frames and with bad ones, as a program that knows descriptions only would.
#include "demo_archive.h"
#include "demo_greeter.h"
#include "polyplug_plugin.h"

const PolyplugHost *polyplug_host;

static PolyplugFaultRecord last;
static char message[256];
static PolyplugFaultRecord *fault_new(const PolyplugFaultParts *parts) {
    last.kind = parts->kind;
    snprintf(message, sizeof message, "%.*s", POLYPLUG_PRINT(parts->message));
    return &last;
}

static int entered;
static void greet(PolyplugReceiver *receiver, const uint8_t *name, size_t name_len, PolyplugBuffer *out) {
    (void)receiver, (void)name;
    entered++;
    *out = polyplug_stringf("%zu", name_len);
}
static uint64_t add(PolyplugReceiver *receiver, const PolyplugSlice *entries) {
    (void)receiver;
    entered++;
    return entries->len;
}
DEMO_GREETER_INTERFACE(greeter, greet, NULL)
DEMO_ARCHIVE_INTERFACE(archive, add, NULL, NULL, NULL, NULL)

static int calls;
// Calls, and compares with what must come of it: NULL for a value, otherwise the message of a fault.
static void expect(const PolyplugInterfaceHeader *head, uint32_t method, const void *frame, void *out, const char *wrong) {
    PolyplugReceiver receiver = polyplug_receiver(NULL);
    int before = entered;
    int32_t code = head->invoke(&receiver, method, frame, out);
    calls++;
    if (!wrong && code == POLYPLUG_INVOKE_CODE_VALUE && !receiver.fault && entered == before + 1) return;
    if (wrong && code == POLYPLUG_INVOKE_CODE_FAULT && receiver.fault && entered == before && !strcmp(message, wrong)) return;
    fprintf(stderr, "call %d: code %d, `%s`, expected `%s`\n", calls, (int)code, receiver.fault ? message : "", wrong ? wrong : "a value");
    exit(1);
}

int main(void) {
    static const PolyplugHost host = { .size = sizeof host, .abi = POLYPLUG_ABI_VERSION, .fault_new = fault_new };
    polyplug_host = &host;
    PolyplugBuffer text;
    DemoGreeterFrame_greet frame = { POLYPLUG_TEXT("gr\xc3\xb6\xc3\x9f") };
    expect(&greeter.head, DEMO_GREETER_METHOD_GREET, &frame, &text, NULL);
    if (text.len != 1 || text.ptr[0] != '6') return 2;
    polyplug_give_back(text);
    frame.name.len = 3;
    expect(&greeter.head, DEMO_GREETER_METHOD_GREET, &frame, &text, "`name`: text that is no UTF-8");
    frame.name = (PolyplugSlice){ NULL, 3 };
    expect(&greeter.head, DEMO_GREETER_METHOD_GREET, &frame, &text, "`name`: a null pointer with a length");
    expect(&greeter.head, DEMO_GREETER_METHOD_GREET, NULL, &text, "`greet`: no frame");
    expect(&greeter.head, DEMO_GREETER_METHOD_GREET, &frame, NULL, "`greet`: no place for the result");
    DemoGreeterFrame_add sum = { 1, 2 };
    uint32_t number;
    expect(&greeter.head, DEMO_GREETER_METHOD_ADD, &sum, &number, "there is no method number 1");
    expect(&greeter.head, 7, &sum, &number, "there is no method number 7");

    const PolyplugSlice tags[] = { POLYPLUG_TEXT("a"), POLYPLUG_TEXT("\xed\xa0\x80") };
    DemoArchiveEntryLent entries[2] = { { .title = POLYPLUG_TEXT("one") }, { .title = POLYPLUG_TEXT("two") } };
    entries[1].tags = (PolyplugSlice){ (const uint8_t *)tags, 1 };
    const PolyplugSlice list = { (const uint8_t *)entries, 2 };
    DemoArchiveFrame_add added = { &list };
    uint64_t count;
    expect(&archive.head, DEMO_ARCHIVE_METHOD_ADD, &added, &count, NULL);
    if (count != 2) return 2;
    entries[1].tags.len = 2;
    expect(&archive.head, DEMO_ARCHIVE_METHOD_ADD, &added, &count, "`entries`: text that is no UTF-8");
    entries[1].tags.len = 1;
    entries[0].year.tag = 2;
    expect(&archive.head, DEMO_ARCHIVE_METHOD_ADD, &added, &count, "`entries`: a tag that is neither 0 nor 1");
    entries[0].year.tag = 1;
    expect(&archive.head, DEMO_ARCHIVE_METHOD_ADD, &added, &count, NULL);
    entries[0].tags = (PolyplugSlice){ (const uint8_t *)tags, SIZE_MAX / 8 };
    expect(&archive.head, DEMO_ARCHIVE_METHOD_ADD, &added, &count, "`entries`: a length beyond all memory");
    added.entries = NULL;
    expect(&archive.head, DEMO_ARCHIVE_METHOD_ADD, &added, &count, "`entries`: a null pointer");
    printf("%d calls\n", calls);
    return 0;
}
