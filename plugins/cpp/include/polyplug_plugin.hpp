// What a plugin in C++17 needs: a class becomes a plugin, exceptions become faults, strings go in as `std::string_view` and out as
// `std::string`.
//
// Build plugins with `-fvisibility=hidden -fno-gnu-unique`: symbols that are unique in the process would keep a library mapped and
// share its statics with the next version.
#ifndef POLYPLUG_PLUGIN_HPP
#define POLYPLUG_PLUGIN_HPP

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

#include "polyplug_plugin.h"

namespace polyplug {

/// A run of values that is lent.
template <class T> class Span {
public:
    Span(T *first, size_t size) : first_(first), size_(size) {}
    T *begin() const { return first_; }
    T *end() const { return first_ + size_; }
    T *data() const { return first_; }
    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T &operator[](size_t at) const { return first_[at]; }

private:
    T *first_;
    size_t size_;
};

inline std::string_view text(const uint8_t *ptr, size_t len) {
    return len ? std::string_view(reinterpret_cast<const char *>(ptr), len) : std::string_view();
}
inline std::string_view text(const PolyplugSlice &slice) { return text(slice.ptr, slice.len); }

/// What a slice lends, as values of a type.
template <class T> Span<T> span(const PolyplugSlice &slice) {
    return { static_cast<T *>(static_cast<const void *>(slice.ptr)), slice.len };
}

/// What a call yielded instead of a value. Thrown by calls of other contracts; thrown on, it stays what it is.
class Fault : public std::exception {
public:
    /// Takes the fault over.
    explicit Fault(PolyplugFaultRecord *record) : record_(record), what_(text(record->message)) {}
    Fault(const Fault &other) : std::exception(other), record_(other.record_), what_(other.what_) { record_->table->retain(record_); }
    Fault &operator=(const Fault &) = delete;
    ~Fault() override { record_->table->release(record_); }
    const char *what() const noexcept override { return what_.c_str(); }
    uint32_t kind() const { return record_->kind; }
    std::string_view plugin() const { return text(record_->plugin); }

    /// Another owner's.
    PolyplugFaultRecord *share() const {
        record_->table->retain(record_);
        return record_;
    }

private:
    PolyplugFaultRecord *record_;
    std::string what_;
};

/// Throws a fault, if there is one.
inline void check(PolyplugFaultRecord *fault) {
    if (fault) throw Fault(fault);
}

// What is handed over.

inline PolyplugBuffer owned(std::string_view value) { return polyplug_string(value.data(), value.size()); }
inline PolyplugBuffer owned(const std::string &value) { return owned(std::string_view(value)); }
inline PolyplugBuffer owned(const char *value) { return owned(std::string_view(value)); }

/// A list. What its elements own goes with them.
template <class T> PolyplugBuffer owned(const std::vector<T> &values) {
    if constexpr (std::is_same_v<T, std::string>) {
        std::vector<PolyplugBuffer> texts;
        texts.reserve(values.size());
        for (const std::string &value : values) texts.push_back(owned(value));
        return owned(texts);
    } else {
        static_assert(std::is_trivially_copyable_v<T>, "the wire form of a type is wanted: a struct `..Owned` of the contract's header");
        return polyplug_copy(values.data(), values.size(), sizeof(T));
    }
}

/// A wire form is what it is.
template <class T, class = std::enable_if_t<std::is_trivially_copyable_v<T> && !std::is_convertible_v<T, std::string_view>>>
T owned(T value) {
    return value;
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

/// Another provider of a contract: the host, or a peer.
class Provider {
public:
    explicit Provider(const PolyplugLink &link) : link_(link) {}

    /// The plugin that provides.
    std::string_view plugin() const { return text(link_.plugin); }

    /// Calls it: `function(functions, receiver)`, with the interface `I` of the contract that was asked for. It is held still meanwhile.
    /// A fault is thrown. What is given back by `out` is yours: `polyplug_release`.
    template <class I, class F> auto call(F function) const {
        PolyplugFaultRecord *fault = nullptr;
        const PolyplugHold *hold = polyplug_host->pin(&link_, &fault);
        check(fault);
        struct Held {
            const PolyplugHold *hold;
            ~Held() { polyplug_let_go(hold); }
        } held{ hold };
        PolyplugReceiver receiver = polyplug_receiver(hold->state);
        const I &functions = *static_cast<const I *>(static_cast<const void *>(hold->interface));
        if constexpr (std::is_void_v<decltype(function(functions, &receiver))>) {
            function(functions, &receiver);
            check(named(receiver.fault, hold));
        } else {
            auto value = function(functions, &receiver);
            check(named(receiver.fault, hold));
            return value;
        }
    }

private:
    /// A fault that says whose it is. In other languages than Rust the callee does not know.
    static PolyplugFaultRecord *named(PolyplugFaultRecord *fault, const PolyplugHold *hold) {
        if (!fault || fault->plugin.len) return fault;
        PolyplugFaultParts parts{};
        parts.size = sizeof parts;
        parts.kind = fault->kind;
        parts.message = fault->message;
        parts.file = fault->file;
        parts.line = fault->line;
        parts.column = fault->column;
        parts.trace = fault->trace;
        parts.plugin = hold->plugin;
        parts.contract = fault->contract.len ? fault->contract : hold->interface->contract->id;
        parts.method = fault->method;
        PolyplugFaultRecord *whole = polyplug_host->fault_new(&parts);
        polyplug_forget(fault);
        return whole;
    }

    PolyplugLink link_;
};

/// What a plugin knows of its runtime. It may be kept.
class Context {
public:
    explicit Context(const PolyplugContextRecord *record) : record_(record) { record_->table->retain(record_); }
    Context(const Context &other) : Context(other.record_) {}
    Context &operator=(const Context &) = delete;
    ~Context() { record_->table->release(record_); }

    /// The name of the plugin.
    std::string_view plugin() const { return text(record_->plugin); }

    /// The version that this one replaces; empty on the first load.
    std::string_view previous_version() const {
        PolyplugSlice version{ nullptr, 0 };
        record_->table->previous_version(record_, &version);
        return text(version);
    }

    /// What the plugin was configured with, as JSON text; `null` when with nothing.
    std::string config() const {
        PolyplugBuffer json{ nullptr, 0, 0, nullptr };
        check(polyplug_config(record_, &json));
        std::string copy(text(polyplug_lend(json)));
        polyplug_release(json);
        return copy;
    }

    /// The host's value of a host contract; throws when there is none.
    Provider host(const PolyplugContractDescriptor *contract) const { return find(POLYPLUG_ASKED_HOST, contract, 0); }

    /// Another plugin's offer of a contract, by its number in load order; throws when there is none.
    Provider peer(const PolyplugContractDescriptor *contract, size_t number = 0) const {
        return find(POLYPLUG_ASKED_PEER, contract, number);
    }

private:
    Provider find(uint32_t asked, const PolyplugContractDescriptor *contract, size_t number) const {
        PolyplugLink link;
        check(record_->table->find(record_, asked, contract, number, &link));
        return Provider(link);
    }

    const PolyplugContextRecord *record_;
};

/// An object with one owner, handed over: `polyplug::object<DemoLines>(std::make_unique<Lines>())`, where `DemoLines` is what the header
/// of the object's contract makes implementations of. Several threads may own it in turn; it is called by several at once only when its
/// contract is not exclusive.
template <template <class> class Contract, class T> PolyplugObject object(std::unique_ptr<T> value) {
    PolyplugObject object{};
    object.interface = &Contract<T>::table.head;
    object.state = value.release();
    object.release = [](void *state) {
        try {
            delete static_cast<T *>(state);
        } catch (...) {
            // Nobody could be told: a destructor that throws has no caller.
        }
    };
    return object;
}

/// How a class is made and destroyed. What its constructor throws is why the plugin is not made. It has a constructor that takes a
/// `const Context &`, or nothing. To keep its state over a reload it has `std::string save() const` and a constructor that takes a
/// `const Context &` and the `std::string_view` that an earlier version saved.
template <class T> struct State {
    template <class U, class = decltype(std::declval<const U &>().save())> static std::true_type saves(int);
    template <class U> static std::false_type saves(long);
    static constexpr bool can_save = decltype(saves<T>(0))::value;
    static constexpr bool can_restore = std::is_constructible_v<T, const Context &, std::string_view>;

    static void save(PolyplugReceiver *receiver, PolyplugBuffer *out) {
        if constexpr (can_save) guarded(receiver, [&] { *out = owned(static_cast<const T *>(receiver->state)->save()); });
        else (void)receiver, (void)out;
    }

    static void *restore(PolyplugReceiver *receiver, const PolyplugContextRecord *context, const uint8_t *saved, size_t saved_len,
        PolyplugBuffer *error) {
        return made(receiver, error, [&]() -> void * {
            if constexpr (can_restore) return new T(Context(context), text(saved, saved_len));
            else return (void)saved, (void)saved_len, nullptr;
        });
    }

    static void *construct(PolyplugReceiver *receiver, const PolyplugContextRecord *context, PolyplugBuffer *error) {
        return made(receiver, error, [&]() -> void * {
            if constexpr (std::is_constructible_v<T, const Context &>) return new T(Context(context));
            else return new T();
        });
    }

    static void destroy(PolyplugReceiver *receiver) {
        guarded(receiver, [&] { delete static_cast<T *>(receiver->state); });
    }

private:
    template <class F> static void *made(PolyplugReceiver *receiver, PolyplugBuffer *error, F function) {
        return guarded(receiver, [&]() -> void * {
            try {
                return function();
            } catch (const std::exception &reason) {
                polyplug_refuse(error, reason.what());
                return nullptr;
            }
        });
    }
};

/// A plugin whose state is a `T`.
template <class T>
PolyplugPluginDescriptor plugin(std::string_view name, std::string_view version, std::string_view description = {}) {
    auto slice = [](std::string_view text) { return PolyplugSlice{ reinterpret_cast<const uint8_t *>(text.data()), text.size() }; };
    PolyplugPluginDescriptor plugin{};
    plugin.size = sizeof plugin;
    plugin.name = slice(name);
    plugin.version = slice(version);
    plugin.description = slice(description);
    plugin.construct = State<T>::construct;
    plugin.destroy = State<T>::destroy;
    if (State<T>::can_save) plugin.save = State<T>::save;
    if (State<T>::can_restore) plugin.restore = State<T>::restore;
    return plugin;
}

}  // namespace polyplug

#endif
