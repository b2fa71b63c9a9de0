// What a call costs a host in C++. Arguments as for `bench.c`.
#include <dlfcn.h>

#include "polyplug.hpp"

#include "demo_greeter.hpp"
#include "measure.h"

namespace {

using demo_greeter::Greeter;

struct With {
    uint32_t (*add)(uint32_t, uint32_t);
    void (*greet)(const char *, size_t, char **, size_t *);
    void (*free)(char *);
    polyplug::PinnedOf<Greeter> c, rust;
    polyplug::CallerOf<Greeter> caller;
    polyplug::Caller dynamic;
};

constexpr std::string_view NAME = "sixteen letters!";

With &all(void *with) { return *static_cast<With *>(with); }

uint64_t raw_add(void *with, uint64_t calls) {
    uint32_t sum = 0;
    for (uint64_t call = 0; call < calls; call++) sum = all(with).add(sum & 0xFFFF, 3);
    return sum;
}
template <class G> uint64_t typed_add(G &greeter, uint64_t calls) {
    uint32_t sum = 0;
    for (uint64_t call = 0; call < calls; call++) sum = greeter.add(sum & 0xFFFF, 3);
    return sum;
}
uint64_t pinned_add_c(void *with, uint64_t calls) { return typed_add(all(with).c, calls); }
uint64_t pinned_add_rust(void *with, uint64_t calls) { return typed_add(all(with).rust, calls); }
uint64_t caller_add(void *with, uint64_t calls) { return typed_add(all(with).caller, calls); }
uint64_t dynamic_add(void *with, uint64_t calls) {
    uint32_t sum = 0;
    for (uint64_t call = 0; call < calls; call++) sum = all(with).dynamic.call<uint32_t>("add", sum & 0xFFFF, 3);
    return sum;
}

uint64_t raw_greet(void *with, uint64_t calls) {
    uint64_t sum = 0;
    for (uint64_t call = 0; call < calls; call++) {
        char *text;
        size_t len;
        all(with).greet(NAME.data(), NAME.size(), &text, &len);
        const std::string own(text, len);
        all(with).free(text);
        sum += static_cast<uint64_t>(own.back());
    }
    return sum;
}
template <class G> uint64_t typed_greet(G &greeter, uint64_t calls) {
    uint64_t sum = 0;
    for (uint64_t call = 0; call < calls; call++) sum += static_cast<uint64_t>(greeter.greet(NAME).back());
    return sum;
}
uint64_t pinned_greet_c(void *with, uint64_t calls) { return typed_greet(all(with).c, calls); }
uint64_t pinned_greet_rust(void *with, uint64_t calls) { return typed_greet(all(with).rust, calls); }
uint64_t caller_greet(void *with, uint64_t calls) { return typed_greet(all(with).caller, calls); }
uint64_t dynamic_greet(void *with, uint64_t calls) {
    uint64_t sum = 0;
    for (uint64_t call = 0; call < calls; call++)
        sum += static_cast<uint64_t>(all(with).dynamic.call<std::string>("greet", NAME).back());
    return sum;
}

}  // namespace

int main(int count, char **arguments) try {
    if (count != 4) throw std::invalid_argument("needed: the plugin in C, the plugin in Rust, the floor");
    void *floor = dlopen(arguments[3], RTLD_NOW);
    if (!floor) throw std::runtime_error(dlerror());
    polyplug::Runtime runtime;
    runtime.load(arguments[1]);
    runtime.load(arguments[2]);
    const auto caller = runtime.get<Greeter>("bench");
    With with{ reinterpret_cast<uint32_t (*)(uint32_t, uint32_t)>(dlsym(floor, "floor_add")),
        reinterpret_cast<void (*)(const char *, size_t, char **, size_t *)>(dlsym(floor, "floor_greet")),
        reinterpret_cast<void (*)(char *)>(dlsym(floor, "floor_free")), polyplug::pin(caller),
        polyplug::pin(runtime.get<Greeter>("hello")), caller, runtime.get("demo.greeter", 1, "bench") };
    static const char *const adds[] = { "function pointer", "pinned, guest in C", "pinned, guest in Rust", "caller", "by name, no header" };
    static const Arm add[] = { raw_add, pinned_add_c, pinned_add_rust, caller_add, dynamic_add };
    static const double limits[] = { 0, 1.15, 1.15, 0, 0 };
    const int holds = measure("C++: add(u32, u32)", 5, adds, add, limits, &with);
    static const char *const greets[] = { "function pointer, std::string", "pinned, guest in C", "pinned, guest in Rust", "caller",
        "by name, no header" };
    static const Arm greet[] = { raw_greet, pinned_greet_c, pinned_greet_rust, caller_greet, dynamic_greet };
    static const double none[] = { 0, 0, 0, 0, 0 };
    measure("C++: greet(16 B) -> text", 5, greets, greet, none, &with);
    return !holds;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
