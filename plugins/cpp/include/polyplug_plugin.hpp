// What a plugin in C++17 needs: a class becomes a plugin, exceptions become faults, values are those of the standard library and the structs
// of the contract's header.
//
// Build plugins with `-fvisibility=hidden -fno-gnu-unique`: symbols that are unique in the process would keep a library mapped and
// share its statics with the next version.
#ifndef POLYPLUG_PLUGIN_HPP
#define POLYPLUG_PLUGIN_HPP

#include "polyplug_calls.hpp"

namespace polyplug {

/// Another provider of a contract: the host, or a peer.
class Provider {
public:
    Provider(const PolyplugLink &link, const PolyplugContractDescriptor *contract) : link_(link), contract_(contract) {}

    /// The plugin that provides.
    std::string_view plugin() const { return text(link_.plugin); }

    /// It is held still for a call.
    class Inside {
    public:
        Inside(const PolyplugHold *hold, const PolyplugContractDescriptor *contract)
            : hold_(hold), face_{ hold->interface, hold->state, hold->plugin, contract } {}
        Inside(const Inside &) = delete;
        ~Inside() { polyplug_let_go(hold_); }
        const Face &face() const { return face_; }

    private:
        const PolyplugHold *hold_;
        Face face_;
    };
    Inside enter(uint32_t) const {
        PolyplugFaultRecord *fault = nullptr;
        const PolyplugHold *hold = polyplug_host->pin(&link_, &fault);
        check(fault);
        return Inside(hold, contract_);
    }

private:
    PolyplugLink link_;
    const PolyplugContractDescriptor *contract_;
};

/// What a plugin knows of its runtime. It may be kept.
class Context {
public:
    explicit Context(const PolyplugContextRecord *record) : record_(record) { record_->table->retain(record_); }
    Context(const Context &other) : Context(other.record_) {}
    Context &operator=(const Context &) = delete;
    ~Context() { record_->table->release(record_); }

    /// As C knows it. It lives as long as this.
    const PolyplugContextRecord *record() const { return record_; }

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
        polyplug_give_back(json);
        return copy;
    }

    /// Logs a line under the plugin's name, at one of `POLYPLUG_LOG_LEVEL_..`.
    void log(uint32_t level, std::string_view line) const { polyplug_log(record_, level, line.data(), line.size()); }

    /// Calls the host's value of a host contract, `context.host<demo_progress::Progress>()`; throws when there is none.
    template <class C> typename Described<C>::template Remote<Provider> host() const { return find<C>(POLYPLUG_ASKED_HOST, 0); }

    /// Calls another plugin's offer of a contract, by its number in load order; throws when there is none.
    template <class C> typename Described<C>::template Remote<Provider> peer(size_t number = 0) const {
        return find<C>(POLYPLUG_ASKED_PEER, number);
    }

private:
    template <class C> typename Described<C>::template Remote<Provider> find(uint32_t asked, size_t number) const {
        PolyplugLink link;
        check(record_->table->find(record_, asked, Described<C>::contract(), number, &link));
        return typename Described<C>::template Remote<Provider>(Provider(link, Described<C>::contract()));
    }

    const PolyplugContextRecord *record_;
};

/// How a class is made and destroyed. What its constructor throws is why the plugin is not made. It has a constructor that takes a
/// `const Context &`, or nothing. To keep its state over a reload it has `std::string save() const` and a constructor that takes a
/// `const Context &` and the `std::string_view` that an earlier version saved.
template <class T> struct State {
    template <class U, class = decltype(std::declval<const U &>().save())> static std::true_type saves(int);
    template <class U> static std::false_type saves(long);
    static constexpr bool can_save = decltype(saves<T>(0))::value;
    static constexpr bool can_restore = std::is_constructible_v<T, const Context &, std::string_view>;

    static void save(PolyplugReceiver *receiver, PolyplugBuffer *out) {
        if constexpr (can_save) guarded(receiver, [&] { const std::string saved = static_cast<const T *>(receiver->state)->save();
            *out = polyplug_string(saved.data(), saved.size()); });
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

/// The contracts of a list `requires_` or `wants` of a plugin's description.
template <class... C> PolyplugContractDescriptorList contracts() {
    static const PolyplugContractDescriptor *const list[] = { Described<C>::contract()... };
    return { list, sizeof...(C) };
}

/// A plugin whose state is a `T`. What else it says of itself is written into the description: `license`, `requires_`.
template <class T>
PolyplugPluginDescriptor plugin(std::string_view name, std::string_view version, std::string_view description = {}) {
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
