// A stage of the example pipeline, in C++: makes dashes and dots of what is typed for them, outside of code. It shows how short a
// stage is: the class is the plugin, and what it throws is a fault.
#include "demo_progress.hpp"
#include "demo_stage.hpp"
#include "polyplug_plugin.hpp"

namespace {

using demo_stage::Options;
using demo_stage::Output;
using demo_stage::StageError;

class Typography {
public:
    explicit Typography(const polyplug::Context &context) : context_(context) {}

    uint32_t position() const { return 210; }
    std::string describe() const { return "text in, the same text with dashes and ellipses out"; }

    polyplug::Result<Output, StageError> run(polyplug::Span<const uint8_t> input, const Options &options) const {
        if (options.sabotage) throw std::runtime_error("sabotaged");
        const std::string_view text = polyplug::text(input.data(), input.size());
        std::string set;
        size_t replaced = 0;
        bool code = false;
        for (size_t at = 0; at < text.size();) {
            const std::string_view rest = text.substr(at);
            if (rest.front() == '`') code = !code;
            if (!code && rest.substr(0, 4) == " -- ") {
                set += " \u2013 ";
                at += 4;
                replaced++;
            } else if (!code && rest.substr(0, 3) == "...") {
                set += "\u2026";
                at += 3;
                replaced++;
            } else {
                set += rest.front();
                at++;
            }
        }
        context_.host<demo_progress::Progress>().report(text.size(), text.size());
        Output output;
        output.bytes.assign(set.begin(), set.end());
        output.notes = { { "replaced", std::to_string(replaced) } };
        return output;
    }

private:
    polyplug::Context context_;
};

const PolyplugPluginDescriptor PLUGIN = polyplug::plugin<Typography>("typography", "1.0.0", "Sets dashes and ellipses, in C++");

}  // namespace

POLYPLUG_MODULE(POLYPLUG_MODULE_FLAGS_MAY_UNMAP, POLYPLUG_OFFER(&PLUGIN, &DemoStage<Typography>::table.head))
