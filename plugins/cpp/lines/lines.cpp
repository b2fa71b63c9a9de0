// A stage of the example pipeline, in C++: numbers the lines of a text. It shows structs, lists, results, and a call of the host.
#include "demo_progress.hpp"
#include "demo_stage.hpp"
#include "polyplug_plugin.hpp"

namespace {

using demo_stage::Options;
using demo_stage::Output;
using demo_stage::StageError;

class Lines {
public:
    explicit Lines(const polyplug::Context &context) : context_(context) {}

    uint32_t position() const { return 15; }
    std::string describe() const { return "text, with its lines numbered"; }

    polyplug::Result<Output, StageError> run(polyplug::Span<const uint8_t> input, const Options &options) const {
        if (options.sabotage) throw std::runtime_error("sabotaged");
        const std::string_view text = polyplug::text(input.data(), input.size());
        if (const size_t zero = text.find('\0'); zero != text.npos) return polyplug::Err{ StageError{ StageError::NotText{ zero } } };
        std::string numbered = options.title;
        uint64_t count = 0;
        for (size_t at = 0; at < text.size();) {
            const size_t end = std::min(text.find('\n', at), text.size());
            numbered += "\n" + std::to_string(++count) + " " + std::string(text.substr(at, end - at));
            at = end + 1;
        }
        context_.host<demo_progress::Progress>().report(count, count);
        Output output;
        output.bytes.assign(numbered.begin(), numbered.end());
        output.notes = { { "lines", std::to_string(count) } };
        return output;
    }

private:
    polyplug::Context context_;
};

const PolyplugPluginDescriptor PLUGIN = polyplug::plugin<Lines>("lines-cpp", "1.0.0", "Numbers lines");

}  // namespace

POLYPLUG_MODULE(POLYPLUG_MODULE_FLAGS_MAY_UNMAP, POLYPLUG_OFFER(&PLUGIN, &DemoStage<Lines>::table.head))
