// A stage of the example pipeline, in C++: numbers the lines of a text. It shows structs, lists, results, and a call of the host.
#include "demo_progress.h"
#include "demo_stage.hpp"

namespace {

using Result = DemoStageResultOutputStageErrorOwned;

class Lines {
public:
    explicit Lines(const polyplug::Context &context) : context_(context) {}

    uint32_t position() const { return 15; }
    std::string describe() const { return "text, with its lines numbered"; }

    Result run(polyplug::Span<const uint8_t> input, const DemoStageOptionsLent &options) const {
        if (options.sabotage) throw std::runtime_error("sabotaged");
        const std::string_view text = polyplug::text(input.data(), input.size());
        Result result{};
        if (const size_t zero = text.find('\0'); zero != text.npos) {
            result.tag = 1;
            result.as.err.tag = DemoStageStageError_NotText;
            result.as.err.as.not_text.valid_up_to = zero;
            return result;
        }
        std::string numbered(polyplug::text(options.title));
        uint64_t count = 0;
        for (size_t at = 0; at < text.size();) {
            const size_t end = std::min(text.find('\n', at), text.size());
            numbered += "\n" + std::to_string(++count) + " " + std::string(text.substr(at, end - at));
            at = end + 1;
        }
        // Everything that can throw comes before the first buffer is handed over.
        context_.host(demo_progress_contract()).call<DemoProgressInterface>([&](auto &progress, PolyplugReceiver *receiver) {
            progress.report(receiver, count, count);
        });
        const std::vector<DemoStageNoteOwned> notes = { { polyplug::owned("lines"), polyplug::owned(std::to_string(count)) } };
        result.as.ok.bytes = polyplug::owned(numbered);
        result.as.ok.notes = polyplug::owned(notes);
        return result;
    }

private:
    polyplug::Context context_;
};

const PolyplugPluginDescriptor PLUGIN = polyplug::plugin<Lines>("lines-cpp", "1.0.0", "Numbers lines");

}  // namespace

POLYPLUG_MODULE(POLYPLUG_MODULE_FLAGS_MAY_UNMAP, POLYPLUG_OFFER(&PLUGIN, &DemoStage<Lines>::table.head))
