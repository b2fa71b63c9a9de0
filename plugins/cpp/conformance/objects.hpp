// The objects of the conformance guest, and its plugins of other kinds than the shared one.
#ifndef CONFORMANCE_OBJECTS_GUEST_HPP
#define CONFORMANCE_OBJECTS_GUEST_HPP

#include <atomic>

#include "conformance_lines.hpp"
#include "conformance_listener.hpp"

namespace {

/// A listener of the guest's.
class Ear : public conformance_listener::Listener {
public:
    explicit Ear(std::string_view name) : name_(name) { alive++; }
    ~Ear() override { alive--; }
    uint32_t hear(std::string_view) override { return heard_++; }
    std::string name() override { return name_; }

    /// How many live.
    static inline std::atomic<uint32_t> alive = 0;

private:
    std::string name_;
    std::atomic<uint32_t> heard_ = 0;
};

/// A stream over a text.
class TextLines : public conformance_lines::Lines {
public:
    explicit TextLines(std::string_view text) {
        for (size_t at = 0; at < text.size();) {
            const size_t end = std::min(text.find('\n', at), text.size());
            lines_.emplace_back(text.substr(at, end - at));
            at = end + 1;
        }
    }
    std::optional<std::string> next() override {
        return at_ < lines_.size() ? std::optional(lines_[at_++]) : std::nullopt;
    }
    void rewind() override { at_ = 0; }
    uint32_t read() override { return static_cast<uint32_t>(at_); }
    uint32_t skip(uint32_t count) override {
        uint32_t skipped = 0;
        while (skipped < count && next()) skipped++;
        return skipped;
    }

private:
    std::vector<std::string> lines_;
    size_t at_ = 0;
};

/// The exclusive plugin: each caller has one of its own. `skip` is left to its default body.
class Stream {
public:
    std::optional<std::string> next() { return lines_.next(); }
    void rewind() { lines_.rewind(); }
    uint32_t read() { return lines_.read(); }

private:
    TextLines lines_{ "first\nsecond\nthird" };
};

/// The pinned plugin.
class Shelf {
public:
    std::string_view title() const { return title_; }
    polyplug::Span<const uint32_t> numbers() const { return numbers_; }
    std::optional<const uint32_t *> number(uint32_t at) const {
        return at < numbers_.size() ? std::optional(&numbers_[at]) : std::nullopt;
    }

private:
    std::string title_ = "Moby Dick";
    std::vector<uint32_t> numbers_ = { 1, 2, 3 };
};

}  // namespace

#endif
