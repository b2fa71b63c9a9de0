// Many calls of each kind, and the memory that is left of them. Arguments: contract module, peer module, guest, and
// `short` for fewer calls.
#include "runner.hpp"

#include "../../c/conformance/memory.h"

int main(int count, char **arguments) try {
    if (count != 4 && count != 5) throw std::invalid_argument("needed: contract module, peer module, guest; then `short`, perhaps");
    Stage stage = Stage::whole({ arguments[1], arguments[2], "-", arguments[3] });
    auto values = stage.get<conformance_values::Values>();
    auto life = stage.get<Life>();
    auto objects = stage.get<conformance_objects::Objects>();
    auto closures = stage.get<conformance_closures::Closures>();
    bool stayed = true;
    const auto check = [&](const char *what, long most, auto run) {
        const long calls = memory_calls(most, count == 5);
        for (long call = 0; call < calls / 10; call++) run();
        const long before = memory_resident();
        for (long call = 0; call < calls; call++) run();
        stayed &= memory_stayed("C++", what, calls, before) != 0;
    };
    check("text there and back", 1'000'000, [&] { values.same_text("sixteen letters!"); });
    check("a fault", 1'000'000, [&] {
        try {
            life.throw_("no");
        } catch (const polyplug::Fault &) {
            return;
        }
        throw Failed("no fault");
    });
    check("an error in a result", 1'000'000, [&] { HOLDS(!values.parse("no number").ok()); });
    check("text to the host contract and back", 100'000, [&] { HOLDS(life.lookup("sixteen letters!")); });
    check("an object", 100'000, [&] { objects.listener("ears"); });
    check("a closure there, and one back", 100'000, [&] { closures.twice([](uint32_t value) { return value + 1; })(1); });
    check("lists that are changed", 100'000, [&] {
        std::string text = "sixteen letters!";
        std::vector<std::optional<std::string>> list = { "sixteen letters!", std::nullopt };
        values.append(text, list);
    });
    return !stayed;
} catch (const std::exception &error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
}
