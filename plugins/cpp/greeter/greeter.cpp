// The greeter of the quick start, in C++. Its contract's header is written by
//   cargo polyplug headers --language cpp <the library of greeter-api>
#include "demo_greeter.hpp"
#include "polyplug_plugin.hpp"

namespace {

class Greeter {
public:
    explicit Greeter(const polyplug::Context &context) {
        // JSON text: a string, or `null` without a configuration.
        const std::string json = context.config();
        if (json.front() == '"') greeting_ = json.substr(1, json.size() - 2);
        else if (json != "null") throw std::invalid_argument("a greeting is a string, not " + json);
    }

    std::string greet(std::string_view name) const {
        if (name.empty()) throw std::invalid_argument("nobody to greet");
        if (name == "7") throw 7;
        return greeting_ + " from C++, " + std::string(name) + "!";
    }

    // `add` is left to its default body.

private:
    std::string greeting_ = "Hello";
};

const PolyplugPluginDescriptor PLUGIN = polyplug::plugin<Greeter>("greeter-cpp", "1.0.0", "Greets from C++");

}  // namespace

// No threads, no `thread_local`: it may be unmapped.
POLYPLUG_MODULE(POLYPLUG_MODULE_FLAGS_MAY_UNMAP, POLYPLUG_OFFER(&PLUGIN, &DemoGreeter<Greeter>::table.head))
