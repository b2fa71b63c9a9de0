// An archive of texts, in C++: structs, lists, options, results, and an object that is returned.
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "demo_archive.hpp"
#include "demo_reader.hpp"

namespace {

/// An entry as this plugin keeps it.
struct Entry {
    std::string title, text;
    std::optional<uint16_t> year;
    std::vector<std::string> tags;

    explicit Entry(const DemoArchiveEntryLent &lent) : title(polyplug::text(lent.title)), text(polyplug::text(lent.text)) {
        if (lent.year.tag) year = lent.year.value;
        for (const PolyplugSlice &tag : polyplug::span<const PolyplugSlice>(lent.tags)) tags.emplace_back(polyplug::text(tag));
    }

    DemoArchiveEntryOwned owned() const {
        DemoArchiveEntryOwned out{};
        out.title = polyplug::owned(title);
        out.text = polyplug::owned(text);
        out.year.tag = year.has_value();
        out.year.value = year.value_or(0);
        out.tags = polyplug::owned(tags);
        return out;
    }
};

/// The object that reads. The contract is exclusive: one caller at a time.
class Reader {
public:
    explicit Reader(std::string text) : text_(std::move(text)) {}

    DemoReaderOptionStringOwned next() {
        DemoReaderOptionStringOwned line{};
        if (at_ >= text_.size()) return line;
        const size_t end = std::min(text_.find('\n', at_), text_.size());
        line.tag = 1;
        line.value = polyplug::owned(std::string_view(text_).substr(at_, end - at_));
        at_ = end + 1;
        return line;
    }

private:
    std::string text_;
    size_t at_ = 0;
};

class Archive {
public:
    uint64_t add(polyplug::Span<const DemoArchiveEntryLent> entries) {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (const DemoArchiveEntryLent &lent : entries) {
            Entry entry(lent);
            const std::string title = entry.title;
            entries_.insert_or_assign(title, std::move(entry));
        }
        return entries_.size();
    }

    DemoArchiveOptionEntryOwned find(std::string_view title) const {
        const std::lock_guard<std::mutex> lock(mutex_);
        DemoArchiveOptionEntryOwned found{};
        if (const auto entry = entries_.find(std::string(title)); entry != entries_.end()) {
            found.tag = 1;
            found.value = entry->second.owned();
        }
        return found;
    }

    DemoArchiveResultEntryStringOwned remove(std::string_view title) {
        const std::lock_guard<std::mutex> lock(mutex_);
        DemoArchiveResultEntryStringOwned result{};
        const auto entry = entries_.find(std::string(title));
        if (entry == entries_.end()) {
            result.tag = 1;
            result.as.err = polyplug::owned("there is no `" + std::string(title) + "`");
            return result;
        }
        result.as.ok = entry->second.owned();
        entries_.erase(entry);
        return result;
    }

    std::vector<std::string> titles() const {
        const std::lock_guard<std::mutex> lock(mutex_);
        std::vector<std::string> titles;
        for (const auto &entry : entries_) titles.push_back(entry.first);
        return titles;
    }

    PolyplugObject read(std::string_view title) const {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto entry = entries_.find(std::string(title));
        if (entry == entries_.end()) throw std::out_of_range("there is no `" + std::string(title) + "`");
        return polyplug::object<DemoReader>(std::make_unique<Reader>(entry->second.text));
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;
};

const PolyplugPluginDescriptor PLUGIN = polyplug::plugin<Archive>("archive-cpp", "1.0.0", "Keeps texts");

}  // namespace

POLYPLUG_MODULE(POLYPLUG_MODULE_FLAGS_MAY_UNMAP, POLYPLUG_OFFER(&PLUGIN, &DemoArchive<Archive>::table.head))
