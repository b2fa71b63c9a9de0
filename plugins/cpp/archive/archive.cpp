// An archive of texts, in C++: structs, lists, options, results, and an object that is returned.
#include <map>
#include <mutex>

#include "demo_archive.hpp"
#include "demo_reader.hpp"
#include "polyplug_plugin.hpp"

namespace {

using demo_archive::Entry;

/// The object that reads. The contract is exclusive: one caller at a time.
class Reader : public demo_reader::Reader {
public:
    explicit Reader(std::string text) : text_(std::move(text)) {}

    std::optional<std::string> next() override {
        if (at_ >= text_.size()) return std::nullopt;
        const size_t start = at_;
        const size_t end = std::min(text_.find('\n', start), text_.size());
        at_ = end + 1;
        return text_.substr(start, end - start);
    }

private:
    std::string text_;
    size_t at_ = 0;
};

class Archive {
public:
    uint64_t add(std::vector<Entry> entries) {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (Entry &entry : entries) {
            const std::string title = entry.title;
            entries_.insert_or_assign(title, std::move(entry));
        }
        return entries_.size();
    }

    std::optional<Entry> find(std::string_view title) const {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto entry = entries_.find(std::string(title));
        return entry == entries_.end() ? std::nullopt : std::optional<Entry>(entry->second);
    }

    polyplug::Result<Entry, std::string> remove(std::string_view title) {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto entry = entries_.find(std::string(title));
        if (entry == entries_.end()) return polyplug::Err{ "there is no `" + std::string(title) + "`" };
        Entry removed = std::move(entry->second);
        entries_.erase(entry);
        return removed;
    }

    std::vector<std::string> titles() const {
        const std::lock_guard<std::mutex> lock(mutex_);
        std::vector<std::string> titles;
        for (const auto &entry : entries_) titles.push_back(entry.first);
        return titles;
    }

    std::unique_ptr<demo_reader::Reader> read(std::string_view title) const {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto entry = entries_.find(std::string(title));
        if (entry == entries_.end()) throw std::out_of_range("there is no `" + std::string(title) + "`");
        return std::make_unique<Reader>(entry->second.text);
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;
};

const PolyplugPluginDescriptor PLUGIN = polyplug::plugin<Archive>("archive-cpp", "1.0.0", "Keeps texts");

}  // namespace

POLYPLUG_MODULE(POLYPLUG_MODULE_FLAGS_MAY_UNMAP, POLYPLUG_OFFER(&PLUGIN, &DemoArchive<Archive>::table.head))
