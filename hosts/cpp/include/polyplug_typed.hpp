// Calls of contracts that the host is compiled with, through the headers that `cargo polyplug headers --language cpp` writes. Included by
// `polyplug.hpp`.
//
//     #include "demo_greeter.hpp"
//     auto greeter = runtime.get<demo_greeter::Greeter>();   // follows reloads
//     std::string hello = greeter.greet("C++");
//     auto pinned = polyplug::pin(greeter);                   // the fastest: a call of a function and a check
#ifndef POLYPLUG_TYPED_HPP
#define POLYPLUG_TYPED_HPP

namespace polyplug {

// Follows a plugin over its reloads, for `Remote`. Copies are cheap.
class Following {
public:
    Following(PolyplugCaller *caller, const PolyplugContractDescriptor *contract)
        : caller_(caller, detail::Release()), contract_(contract), plugin_(name(caller)) {}

    class Inside {
    public:
        Inside(const PolyplugEntered &entered, PolyplugSlice plugin, const PolyplugContractDescriptor *contract)
            : entered_(entered), face_{entered.interface, entered.state, plugin, contract} {}
        Inside(const Inside &) = delete;
        ~Inside() { polyplug_leave(&entered_); }
        const Face &face() const { return face_; }

    private:
        PolyplugEntered entered_;
        Face face_;
    };
    Inside enter(uint32_t number) const {
        PolyplugEntered entered;
        PolyplugFaultRecord *fault = nullptr;
        if (contract_->methods.ptr[number]->flags & POLYPLUG_METHOD_FLAGS_BORROWS_OBJECT)
            throw Fault(POLYPLUG_FAULT_KIND_INVALID_VALUE,
                        "its result borrows from the plugin, which this caller does not hold still; pin the caller, or make an instance");
        if (polyplug_caller_enter(caller_.get(), &entered, &fault) != POLYPLUG_OK) raise(fault, plugin_, contract_, number);
        return Inside(entered, plugin_, contract_);
    }
    std::string_view plugin() const noexcept { return text(plugin_); }
    PolyplugCaller *get() const noexcept { return caller_.get(); }
    const PolyplugContractDescriptor *contract() const noexcept { return contract_; }

    // The name of what a handle leads to, which lives as long.
    static PolyplugSlice name(const void *handle) {
        PolyplugSlice name{nullptr, 0};
        PolyplugError *error = nullptr;
        polyplug_plugin(handle, &name, &error);
        detail::check(error);
        return name;
    }

private:
    std::shared_ptr<PolyplugCaller> caller_;
    const PolyplugContractDescriptor *contract_;
    PolyplugSlice plugin_;
};

// Holds a plugin still, or is an object of one's own: `H` is `PolyplugPinned` or `PolyplugInstance`.
template <class H> class Holding {
public:
    Holding(H *handle, const PolyplugContractDescriptor *contract)
        : handle_(handle, detail::Release()), face_{nullptr, nullptr, Following::name(handle), contract} {
        look();
    }

    struct Inside {
        const Face &of;
        const Face &face() const { return of; }
    };
    Inside enter(uint32_t) const { return {face_}; }
    std::string_view plugin() const noexcept { return text(face_.plugin); }
    // Whether it is of the version that callers reach now.
    bool is_current() const {
        int32_t current = 0;
        PolyplugError *error = nullptr;
        polyplug_is_current(handle_.get(), &current, &error);
        detail::check(error);
        return current != 0;
    }
    H *get() const noexcept { return handle_.get(); }

private:
    void look() {
        PolyplugError *error = nullptr;
        if constexpr (std::is_same_v<H, PolyplugPinned>) polyplug_pinned_face(get(), &face_.interface, &face_.state, &error);
        else polyplug_instance_face(get(), &face_.interface, &face_.state, &error);
        detail::check(error);
    }
    std::shared_ptr<H> handle_;
    Face face_;
};

// The classes of a contract `C` that call it.
template <class C> using CallerOf = typename Described<C>::template Remote<Following>;
template <class C> using PinnedOf = typename Described<C>::template Remote<Holding<PolyplugPinned>>;
template <class C> using InstanceOf = typename Described<C>::template Remote<Holding<PolyplugInstance>>;

// Holds the plugin of a caller still.
template <template <class> class R> R<Holding<PolyplugPinned>> pin(const R<Following> &caller) {
    PolyplugError *error = nullptr;
    PolyplugPinned *pinned = polyplug_caller_pin(caller.via().get(), &error);
    detail::check(error);
    return R<Holding<PolyplugPinned>>(Holding<PolyplugPinned>(pinned, caller.via().contract()));
}

template <class C> Contract Runtime::described() {
    PolyplugError *error = nullptr;
    PolyplugContract *contract = polyplug_contract_described(Described<C>::contract(), &error);
    detail::check(error);
    return Contract(contract);
}

template <class C> CallerOf<C> Runtime::get(std::optional<std::string_view> plugin) const {
    PolyplugError *error = nullptr;
    PolyplugCaller *caller = polyplug_runtime_get(get(), described<C>().get(), plugin ? detail::bytes(*plugin) : nullptr,
                                                  plugin ? plugin->size() : 0, &error);
    detail::check(error);
    return CallerOf<C>(Following(caller, Described<C>::contract()));
}

template <class C> InstanceOf<C> Runtime::create(std::optional<std::string_view> plugin) const {
    PolyplugError *error = nullptr;
    PolyplugInstance *instance = polyplug_runtime_create(
        get(), described<C>().get(), plugin ? detail::bytes(*plugin) : nullptr, plugin ? plugin->size() : 0, &error);
    detail::check(error);
    return InstanceOf<C>(Holding<PolyplugInstance>(instance, Described<C>::contract()));
}

template <class C, class T> Module Runtime::provide(std::unique_ptr<T> value, std::string_view name) const {
    PolyplugError *error = nullptr;
    const auto destroy = [](void *state) {
        try {
            delete static_cast<T *>(state);
        } catch (...) {
            // Nobody could be told: a destructor that throws has no caller.
        }
    };
    PolyplugModule *module =
        polyplug_runtime_provide_interface(get(), &Described<C>::template Table<T>::table.head, detail::bytes(name), name.size(),
                                           value.get(), destroy, &error);
    detail::check(error);
    (void)value.release();
    return Module(module);
}

}  // namespace polyplug

#endif  // POLYPLUG_TYPED_HPP
