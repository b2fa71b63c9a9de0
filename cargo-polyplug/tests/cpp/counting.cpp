// A greeter that counts, keeps its count over a reload, and knows another greeter.
#include <atomic>

#include "demo_greeter.hpp"
#include "polyplug_plugin.hpp"

namespace {

class Counting {
public:
    explicit Counting(const polyplug::Context &context) : context_(context) {}
    Counting(const polyplug::Context &context, std::string_view saved) : context_(context) {
        if (saved == "13") throw std::runtime_error("13 is not restored");
        count_ = static_cast<uint32_t>(std::stoul(std::string(saved)));
    }
    std::string save() const { return std::to_string(count_); }

    std::string greet(std::string_view name) {
        const uint32_t count = ++count_;
        if (name != "peer") return std::to_string(count) + " " + std::string(context_.previous_version());
        return context_.peer<demo_greeter::Greeter>().greet("");
    }
    uint32_t add(uint32_t a, uint32_t b) const { return a + b + 1000; }

private:
    polyplug::Context context_;
    std::atomic<uint32_t> count_ = 0;
};

const PolyplugPluginDescriptor PLUGIN = polyplug::plugin<Counting>("counting", "1.2.3");

}  // namespace

POLYPLUG_MODULE(POLYPLUG_MODULE_FLAGS_MAY_UNMAP, POLYPLUG_OFFER(&PLUGIN, &DemoGreeter<Counting>::table.head))
