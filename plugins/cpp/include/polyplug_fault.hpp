// What goes wrong, in C++17: exceptions from faults, faults from exceptions. For plugins and for hosts.
#ifndef POLYPLUG_FAULT_HPP
#define POLYPLUG_FAULT_HPP

#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

#include "polyplug_plugin.h"

// The place of a call, as a default argument.
#if defined(__GNUC__) || (defined(_MSC_VER) && _MSC_VER >= 1926)
#define POLYPLUG_FILE __builtin_FILE()
#define POLYPLUG_LINE __builtin_LINE()
#else
#define POLYPLUG_FILE ""
#define POLYPLUG_LINE 0
#endif

namespace polyplug {

inline std::string_view text(const uint8_t *ptr, size_t len) {
    return len ? std::string_view(reinterpret_cast<const char *>(ptr), len) : std::string_view();
}
inline std::string_view text(const PolyplugSlice &slice) { return text(slice.ptr, slice.len); }

/// Text as a slice; it lives as long as the text.
inline PolyplugSlice slice(std::string_view text) { return { reinterpret_cast<const uint8_t *>(text.data()), text.size() }; }

/// What went wrong. `what()` has the whole chain.
class Error : public std::runtime_error {
public:
    explicit Error(std::string code, const std::string &text) : std::runtime_error(text), code_(std::move(code)) {}
    /// A stable word.
    const std::string &code() const noexcept { return code_; }

private:
    std::string code_;
};

/// What a call yielded instead of a value. `what()` has all that is known of it. Thrown on, it stays what it is.
class Fault : public Error {
public:
    /// Takes over one count of a fault.
    explicit Fault(PolyplugFaultRecord *record) : Error(word(record->kind), words(*record)), record_(record) {}
    /// A new one, of a kind `POLYPLUG_FAULT_KIND_..`. It says where it was made.
    Fault(uint32_t kind, std::string_view message, const char *file = POLYPLUG_FILE, uint32_t line = POLYPLUG_LINE)
        : Fault(made(kind, message, file, line)) {}
    Fault() : Fault(POLYPLUG_FAULT_KIND_RAISED, "", "", 0) {}
    Fault(const Fault &other) : Error(other), record_(other.share()) {}
    Fault &operator=(const Fault &other) {
        Error::operator=(other);
        PolyplugFaultRecord *record = other.share();
        record_->table->release(record_);
        record_ = record;
        return *this;
    }
    ~Fault() override { record_->table->release(record_); }

    /// One of `POLYPLUG_FAULT_KIND_..`.
    uint32_t kind() const noexcept { return record_->kind; }
    /// What happened, in the words of the plugin.
    std::string_view message() const noexcept { return text(record_->message); }
    std::string_view plugin() const noexcept { return text(record_->plugin); }
    std::string_view contract() const noexcept { return text(record_->contract); }
    std::string_view method() const noexcept { return text(record_->method); }
    std::string_view trace() const noexcept { return text(record_->trace); }
    const PolyplugFaultRecord &record() const noexcept { return *record_; }

    /// Another owner's.
    PolyplugFaultRecord *share() const noexcept {
        record_->table->retain(record_);
        return record_;
    }

private:
    static PolyplugFaultRecord *made(uint32_t kind, std::string_view message, const char *file, uint32_t line) {
        PolyplugFaultParts parts{};
        parts.file = slice(file);
        parts.line = line;
        parts.size = sizeof parts;
        parts.kind = kind;
        parts.message = slice(message);
        return polyplug_host->fault_new(&parts);
    }
    static const char *word(uint32_t kind) {
        static constexpr const char *words[] = { "panicked", "threw", "unloaded", "invalid-value", "escaped-borrow", "unknown-variant",
            "unknown-method", "raised" };
        return kind >= 1 && kind <= 8 ? words[kind - 1] : "fault";
    }
    static std::string words(const PolyplugFaultRecord &record) {
        std::string words(text(record.plugin));
        if (record.contract.len) {
            if (!words.empty()) words += ", ";
            words += text(record.contract);
            if (record.method.len) words += "." + std::string(text(record.method));
        }
        if (!words.empty()) words += ": ";
        words += text(record.message);
        if (record.file.len) words += " (" + std::string(text(record.file)) + ":" + std::to_string(record.line) + ")";
        if (record.trace.len) words += "\n" + std::string(text(record.trace));
        return words;
    }

    PolyplugFaultRecord *record_;
};

/// Throws a fault, if there is one.
inline void check(PolyplugFaultRecord *fault) {
    if (fault) throw Fault(fault);
}

/// A value that breaks the rules of its type.
[[noreturn]] inline void invalid(const char *what) { throw Fault(POLYPLUG_FAULT_KIND_INVALID_VALUE, what, "", 0); }

/// Throws the fault of a call, and says whose it is, unless it came from further away: the callee does not know.
[[noreturn]] inline void raise(
    PolyplugFaultRecord *fault, PolyplugSlice plugin, const PolyplugContractDescriptor *contract, uint32_t number) {
    if (fault->contract.len) throw Fault(fault);
    PolyplugFaultParts parts{};
    parts.size = sizeof parts;
    parts.kind = fault->kind;
    parts.message = fault->message;
    parts.file = fault->file;
    parts.line = fault->line;
    parts.column = fault->column;
    parts.trace = fault->trace;
    parts.plugin = plugin.len ? plugin : fault->plugin;
    parts.contract = contract->id;
    if (number < contract->methods.len) parts.method = contract->methods.ptr[number]->name;
    PolyplugFaultRecord *whole = polyplug_host->fault_new(&parts);
    polyplug_forget(fault);
    throw Fault(whole);
}

/// Runs a function; what it throws becomes a fault of the call.
template <class F> auto guarded(PolyplugReceiver *receiver, F function) -> decltype(function()) {
    using R = decltype(function());
    try {
        return function();
    } catch (const Fault &fault) {
        if (!receiver->fault) receiver->fault = fault.share();
    } catch (const std::exception &error) {
        polyplug_fault(receiver, POLYPLUG_FAULT_KIND_THREW, error.what(), std::strlen(error.what()));
#if defined(__GLIBCXX__)
    } catch (abi::__forced_unwind &) {
        // The thread is being cancelled: whoever catches that must pass it on.
        throw;
#endif
    } catch (...) {
        constexpr std::string_view message = "something was thrown that is no std::exception";
        polyplug_fault(receiver, POLYPLUG_FAULT_KIND_THREW, message.data(), message.size());
    }
    return R();
}

}  // namespace polyplug

#endif
