// What `polyplug.hpp` promises. Arguments: the greeter, the counter.

#include "polyplug.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#define CHECK(condition)                                                                    \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
            std::exit(1);                                                                   \
        }                                                                                   \
    } while (0)

template <class E, class F> E thrown(F run) {
    try {
        run();
    } catch (const E &error) {
        return error;
    }
    std::fprintf(stderr, "nothing of that kind was thrown\n");
    std::exit(1);
}

static bool has(const char *text, const char *part) { return std::strstr(text, part) != nullptr; }

int main(int count, char **arguments) try {
    CHECK(count == 3);
    polyplug::Runtime runtime;
    auto missing = thrown<polyplug::Error>([&] { runtime.load("no/such/file"); });
    CHECK(missing.code() == "file-missing" && has(missing.what(), "there is no file `no/such/file`"));

    polyplug::Module module = runtime.load(arguments[1]);
    CHECK((module.plugins() == std::vector<std::string>{"counting", "greeter"}));
    polyplug::Caller greeter = runtime.get("demo.greeter", 1);
    CHECK(greeter.call<std::string>("greet", "C++") == "Hello, C++!");
    CHECK(greeter.call<std::string>("greet", std::string_view("a\0b", 3)) == std::string("Hello, a\0b!", 11));
    CHECK(greeter.call<std::string>("greet", std::string()) == "Hello, !");
    CHECK(greeter.call<uint32_t>("add", 40, 2) == 42 && greeter.plugin() == "greeter");

    auto fault = thrown<polyplug::Fault>([&] { greeter.call<std::string>("greet", "panic"); });
    CHECK(fault.kind() == POLYPLUG_FAULT_KIND_PANICKED && fault.code() == "panicked" && fault.plugin() == "greeter");
    CHECK(has(fault.what(), "greeter, demo.greeter.greet: nobody is called panic"));
    auto overflow = thrown<polyplug::Fault>([&] { greeter.call<uint32_t>("add", 0xFFFFFFFFu, 1); });
    CHECK(overflow.kind() == POLYPLUG_FAULT_KIND_PANICKED);
    CHECK(has(thrown<polyplug::TypeError>([&] { greeter.call("add", -1, 1); }).what(), "-1 does not fit"));
    CHECK(has(thrown<polyplug::TypeError>([&] { greeter.call("add", 1); }).what(), "takes 2 arguments"));
    CHECK(has(thrown<polyplug::TypeError>([&] { greeter.call("greet", 1); }).what(), "`name` is a text"));
    CHECK(has(thrown<polyplug::TypeError>([&] { greeter.call("sub", 1); }).what(), "has no method `sub`"));

    polyplug::Caller words = runtime.get("fixture.words", 1, "greeter");
    polyplug::Value all = words.call("words", "one two three");
    CHECK(all.list().size() == 3 && all.list()[2]["text"].text() == "three" && all.list()[2]["at"].as<uint64_t>() == 8);
    CHECK(words.call<std::string>("first", "one two") == "one");
    CHECK(words.call<std::optional<std::string>>("longest", "a few words") == "words");
    CHECK(!words.call<std::optional<std::string>>("longest", ""));

    polyplug::Pinned pinned = greeter.pin();
    const PolyplugMethod &add = pinned.contract().method("add");
    CHECK(module.reload().code == "reloaded" && pinned.call<uint32_t>(add, 1, 2) == 3);
    {
        polyplug::Instance tally = runtime.create("fixture.words.tally", 1);
        CHECK(tally.call<uint64_t>("next") == 1 && tally.call<uint64_t>("next") == 2);
    }

    // From many threads, while the module is reloaded.
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; thread++)
        threads.emplace_back([&] {
            for (int at = 0; at < 500; at++) CHECK(greeter.call<std::string>("greet", "you") == "Hello, you!");
        });
    for (int at = 0; at < 5; at++) CHECK(module.reload().code == "reloaded");
    for (auto &thread : threads) thread.join();

    // A host contract.
    polyplug::Module counter = runtime.load(arguments[2]);
    std::atomic<uint64_t> next = 7;
    polyplug::Module source = runtime.provide(runtime.contract("fixture.source", 1),
                                              [&](std::string_view method, const polyplug::List &given) -> polyplug::Value {
                                                  CHECK(method == "next" && given.empty());
                                                  if (next == 9) throw std::runtime_error("there are no more");
                                                  return next++;
                                              });
    polyplug::Caller counting = runtime.get("fixture.counter", 1);
    CHECK(counting.call<uint64_t>("ask") == 7 && counting.call<uint64_t>("ask") == 8);
    try {
        counting.call<uint64_t>("ask");
        CHECK(!"answered");
    } catch (const polyplug::Refused &refused) {
        CHECK(refused.value.text() == "there are no more");
    } catch (const polyplug::Fault &threw) {
        CHECK(threw.kind() == POLYPLUG_FAULT_KIND_THREW && threw.message() == "there are no more");
    }
    CHECK(source.unload(5000).code != "held" && counter.unload(5000).code == "unmapped");

    CHECK(module.unload(5000).code != "refused");
    auto gone = thrown<polyplug::Fault>([&] { greeter.call("greet", "nobody"); });
    CHECK(gone.kind() == POLYPLUG_FAULT_KIND_UNLOADED && gone.code() == "unloaded");
    std::puts("all is well");
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
