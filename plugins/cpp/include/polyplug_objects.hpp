// Objects and closures of C++17 that cross, in both directions. For plugins and for hosts. Included by `polyplug_calls.hpp`.
#ifndef POLYPLUG_OBJECTS_HPP
#define POLYPLUG_OBJECTS_HPP

#include <atomic>
#include <functional>

namespace polyplug {

/// An object that arrived: calls of its functions go here. With an owner it is released at the end, and its library stays until then.
class Arrived {
public:
    Arrived(const PolyplugObject &object, const PolyplugContractDescriptor *wanted)
        : face_{ ordered(object, wanted), object.state, { nullptr, 0 }, wanted }, release_(object.release),
          image_(release_ ? polyplug_host->keep_image(reinterpret_cast<const void *>(release_), object.state) : nullptr) {}
    Arrived(Arrived &&other) noexcept
        : face_(other.face_), release_(std::exchange(other.release_, nullptr)), image_(std::exchange(other.image_, nullptr)) {}
    Arrived &operator=(Arrived &&) = delete;
    ~Arrived() {
        if (release_) release_(face_.state);
        polyplug_host->release_image(image_);
    }

    struct Inside {
        const Face &of;
        const Face &face() const { return of; }
    };
    Inside enter(uint32_t) const { return { face_ }; }

private:
    static const PolyplugInterfaceHeader *ordered(const PolyplugObject &object, const PolyplugContractDescriptor *wanted) {
        if (!object.interface) invalid("result: an object without functions");
        if (object.interface->order == wanted->order) return object.interface;
        const PolyplugInterfaceHeader *adapted = polyplug_host->adapt(object.interface, wanted);
        if (!adapted) throw Fault(POLYPLUG_FAULT_KIND_UNKNOWN_METHOD, "an object lacks methods of its contract");
        return adapted;
    }

    Face face_;
    void (*release_)(void *);
    const void *image_;
};

/// What is handed over, with its owners.
template <class T> struct Kept {
    explicit Kept(T value) : value(std::move(value)) {}
    T value;
    std::atomic<size_t> owners{ 1 };

    static void retain(void *state) { static_cast<Kept *>(state)->owners.fetch_add(1, std::memory_order_relaxed); }
    static void release(void *state) {
        Kept *kept = static_cast<Kept *>(state);
        if (kept->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        try {
            delete kept;
        } catch (...) {
            // Nobody could be told: a destructor that throws has no caller.
        }
    }
};
template <class C> struct Target<Kept<std::shared_ptr<C>>> {
    using Type = C;
    static C &of(void *state) { return *static_cast<Kept<std::shared_ptr<C>> *>(state)->value; }
};
template <class F> struct Target<Kept<std::function<F>>> {
    using Type = std::function<F>;
    static Type &of(void *state) { return static_cast<Kept<Type> *>(state)->value; }
};

/// The functions of a closure, whose state is a `T`. Of the closure the header of the contract says `Interface`, `Function`, `Signature`,
/// `data` (its description), `order` and `call`.
template <class K, class T> struct ClosureTable {
    struct Call {
        template <class F, class... V> static decltype(auto) call(F &function, V &&...values) {
            return function(std::forward<V>(values)...);
        }
    };
    static int32_t invoke(PolyplugReceiver *receiver, uint32_t method, const void *frame, void *out) {
        if (!polyplug_admit(receiver, K::data, method, frame, out)) return POLYPLUG_INVOKE_CODE_FAULT;
        return K::call(&table, receiver, method, frame, out);
    }
    static constexpr typename K::Interface table = { { sizeof(typename K::Interface), 1, 0, 0, K::order, K::data, invoke },
        Thunk<typename K::Signature, T, Call>::function() };
};

namespace wire {

template <class C> PolyplugObject lent_object(C &value) {
    return { &Described<C>::template Table<C>::table.head, &value, nullptr, nullptr };
}
template <class C> PolyplugObject given_object(std::shared_ptr<C> value, bool is_shared) {
    using State = Kept<std::shared_ptr<C>>;
    return { &Described<C>::template Table<State>::table.head, new State(std::move(value)), is_shared ? State::retain : nullptr,
        State::release };
}
template <class C> std::unique_ptr<typename Described<C>::template Remote<Arrived>> arrived(ConstBytes place) {
    return std::make_unique<typename Described<C>::template Remote<Arrived>>(
        Arrived(load<PolyplugObject>(place), Described<C>::contract()));
}

/// `Box<dyn C>`.
template <class C> struct Unique : Form<32, 8> {
    using Value = std::unique_ptr<C>;
    static void lend(Value &value, Bytes place, Arena &arena) {
        if (arena.gives) give(std::move(value), place);
        else store(place, lent_object<C>(*value));
    }
    static Value read(ConstBytes place, Arena &) { return arrived<C>(place); }
    static void give(Value &&value, Bytes place) { store(place, given_object<C>(std::move(value), false)); }
    static Value take(Bytes place, bool) { return arrived<C>(place); }
};

/// `Arc<dyn C>`.
template <class C> struct Shared : Form<32, 8> {
    using Value = std::shared_ptr<C>;
    static void lend(Value &value, Bytes place, Arena &arena) {
        if (arena.gives) give(Value(value), place);
        else store(place, lent_object<C>(*value));
    }
    static Value read(ConstBytes place, Arena &) { return arrived<C>(place); }
    static void give(Value &&value, Bytes place) { store(place, given_object<C>(std::move(value), true)); }
    static Value take(Bytes place, bool) { return arrived<C>(place); }
};

/// `&dyn C` inside another type.
template <class C> struct Lent : Form<32, 8> {
    using Value = C *;
    static void lend(Value value, Bytes place, Arena &) { store(place, lent_object<C>(*value)); }
    static Value read(ConstBytes place, Arena &arena) { return &arena.keep(arrived<C>(place)); }
};

/// How a closure is owned.
enum class Owner { LENT, UNIQUE, SHARED };

/// Any closure.
template <class K, Owner O> struct Closure : Form<32, 8> {
    using Value = typename K::Function;
    static void lend(Value &value, Bytes place, Arena &arena) {
        if (O != Owner::LENT && arena.gives) give(Value(value), place);
        else store(place, PolyplugObject{ &ClosureTable<K, Value>::table.head, &value, nullptr, nullptr });
    }
    static Value read(ConstBytes place, Arena &) {
        auto arrived = std::make_shared<Arrived>(load<PolyplugObject>(place), K::data);
        return [arrived](auto &&...values) -> typename K::Signature::Value {
            return K::Signature::call(*arrived, 0, std::forward<decltype(values)>(values)...);
        };
    }
    static void give(Value &&value, Bytes place) {
        using State = Kept<Value>;
        store(place, PolyplugObject{ &ClosureTable<K, State>::table.head, new State(std::move(value)),
            O == Owner::SHARED ? State::retain : nullptr, State::release });
    }
    static Value take(Bytes place, bool) {
        Arena arena;
        return read(place, arena);
    }
};

}  // namespace wire

namespace pass {

/// `&dyn C`, `&mut dyn C`.
template <class C> struct Object {
    using Types = std::tuple<const PolyplugObject *>;
    struct Lent : Done {
        PolyplugObject object;
        void lend(C &value, Arena &) { object = wire::lent_object<C>(value); }
        Types types() { return { &object }; }
    };
    struct Got : Done {
        std::unique_ptr<C> got;
        void receive(Arena &, const PolyplugObject *object) { got = wire::arrived<C>(reinterpret_cast<ConstBytes>(object)); }
        C &value() { return *got; }
    };
};

/// `&dyn Fn`, `&mut dyn FnMut`.
template <class K> struct Closure {
    using Types = std::tuple<const PolyplugObject *>;
    using Function = typename K::Function;
    struct Lent : Done {
        PolyplugObject object;
        void lend(const Function &value, Arena &) {
            object = { &ClosureTable<K, Function>::table.head, const_cast<Function *>(&value), nullptr, nullptr };
        }
        Types types() { return { &object }; }
    };
    struct Got : Done {
        Function got;
        void receive(Arena &arena, const PolyplugObject *object) {
            got = wire::Closure<K, wire::Owner::LENT>::read(reinterpret_cast<ConstBytes>(object), arena);
        }
        const Function &value() { return got; }
    };
};

}  // namespace pass

/// An object of the contract of the abstract class `C`, of any class that has its methods: what has a default body may be left out.
/// `polyplug::object<demo_reader::Reader>(std::make_unique<Reader>())` is for functions that pass a `PolyplugObject` on by hand.
template <class C, class T> PolyplugObject object(std::unique_ptr<T> value) {
    return { &Described<C>::template Table<T>::table.head, value.release(), nullptr, [](void *state) {
        try {
            delete static_cast<T *>(state);
        } catch (...) {
            // As above.
        }
    } };
}

}  // namespace polyplug

#endif
