// Calls, in both directions: what stands between a method of C++17 and the typed function of a contract. For plugins and for hosts; headers
// of contracts say of each method what its arguments and its result are.
#ifndef POLYPLUG_CALLS_HPP
#define POLYPLUG_CALLS_HPP

#include <cstddef>

#include "polyplug_borrows.hpp"
#include "polyplug_data.hpp"

// A call is a few instructions: what is around it shall not be another, and what seldom happens shall not be among them.
#if defined(__GNUC__) || defined(__clang__)
#define POLYPLUG_INLINE inline __attribute__((always_inline))
#define POLYPLUG_COLD __attribute__((noinline, cold))
#elif defined(_MSC_VER)
#define POLYPLUG_INLINE __forceinline
#define POLYPLUG_COLD __declspec(noinline)
#else
#define POLYPLUG_INLINE inline
#define POLYPLUG_COLD
#endif

namespace polyplug {

/// What the header of a contract says of the abstract class `C` that it makes: `contract()`, `Table<T>`, the functions of an implementation,
/// and `Remote<Via>`, the class that calls somebody else's.
template <class C> struct Described;

/// Where a call goes: functions in the order of the contract, what they take as their state, whether their results need no check.
struct Face {
    const PolyplugInterfaceHeader *interface;
    void *state;
    /// Whose it is, when it is known.
    PolyplugSlice plugin;
    /// The contract, as this program or library knows it.
    const PolyplugContractDescriptor *contract;
};

namespace wire {

/// A number as it stands in a signature: in 32 bits at least.
template <class T>
using Signed = std::conditional_t<(std::is_enum_v<T> || std::is_same_v<T, bool> || std::is_same_v<T, char32_t> ||
                                      std::is_same_v<T, uint8_t> || std::is_same_v<T, uint16_t>),
    uint32_t, std::conditional_t<(std::is_same_v<T, int8_t> || std::is_same_v<T, int16_t>), int32_t, T>>;

}  // namespace wire

/// How arguments are passed. Every way `A` has `Types`, the parameters of C; `Lent`, which makes them of an argument; and `Got`, which makes
/// an argument of them.
namespace pass {

using wire::Arena;
using wire::Bytes;
using wire::ConstBytes;

/// Nothing is to be done after the call, and nothing crosses uncopied.
struct Done {
    /// Whether the arena is needed.
    static constexpr bool keeps = true;
    void done(bool) {}
    PolyplugSlice region() const { return { nullptr, 0 }; }
};

/// A number.
template <class E> struct Scalar {
    using C = wire::Signed<typename E::Value>;
    using Types = std::tuple<C>;
    struct Lent : Done {
        static constexpr bool keeps = false;
        C number;
        void lend(typename E::Value value, Arena &) { number = static_cast<C>(value); }
        Types types() { return { number }; }
    };
    struct Got : Done {
        C number;
        void receive(Arena &, C given) { number = given; }
        typename E::Value value() { return static_cast<typename E::Value>(number); }
    };
};

/// `&str`.
struct Text {
    using Types = std::tuple<const uint8_t *, size_t>;
    struct Lent : Done {
        static constexpr bool keeps = false;
        std::string_view text;
        void lend(std::string_view value, Arena &) { text = value; }
        Types types() { return { reinterpret_cast<const uint8_t *>(text.data()), text.size() }; }
        PolyplugSlice region() const { return slice(text); }
    };
    struct Got : Done {
        std::string_view text;
        void receive(Arena &, const uint8_t *ptr, size_t len) { text = polyplug::text(ptr, len); }
        std::string_view value() { return text; }
    };
};

/// `String` and `Option`s of it and whatever else goes behind a pointer to its lent form, which is a `C`.
template <class E, class C> struct Value {
    using Types = std::tuple<const C *>;
    struct Lent : Done {
        alignas(8) unsigned char place[std::max<size_t>(E::lent_size, 1)];
        void lend(typename E::Value &value, Arena &arena) { E::lend(value, place, arena); }
        void lend(typename E::Value &&value, Arena &arena) { E::lend(value, place, arena); }
        Types types() { return { static_cast<const C *>(static_cast<const void *>(place)) }; }
    };
    struct Got : Done {
        std::optional<typename E::Value> got;
        void receive(Arena &arena, const C *value) { got.emplace(E::read(static_cast<ConstBytes>(static_cast<const void *>(value)), arena)); }
        typename E::Value &&value() { return std::move(*got); }
    };
};

/// `String`: lent as a view.
template <class C> struct Value<wire::String, C> {
    using Types = std::tuple<const C *>;
    struct Lent : Done {
        static constexpr bool keeps = false;
        PolyplugSlice text;
        void lend(std::string_view value, Arena &) { text = slice(value); }
        Types types() { return { &text }; }
    };
    struct Got : Done {
        std::string_view text;
        void receive(Arena &, const C *value) { text = polyplug::text(*value); }
        std::string_view value() { return text; }
    };
};

/// `&T`.
template <class E, class C, bool Plain = wire::is_plain<E>> struct Reference {
    using Types = std::tuple<const C *>;
    struct Lent : Done {
        alignas(8) unsigned char place[std::max<size_t>(E::lent_size, 1)];
        void lend(const typename E::Value &value, Arena &arena) {
            const bool gives = std::exchange(arena.gives, false);
            E::lend(const_cast<typename E::Value &>(value), place, arena);
            arena.gives = gives;
        }
        Types types() { return { static_cast<const C *>(static_cast<const void *>(place)) }; }
    };
    struct Got : Done {
        std::optional<typename E::Value> got;
        void receive(Arena &arena, const C *value) { got.emplace(E::read(static_cast<ConstBytes>(static_cast<const void *>(value)), arena)); }
        const typename E::Value &value() { return *got; }
    };
};
template <class E, class C> struct Reference<E, C, true> {
    using Types = std::tuple<const C *>;
    struct Lent : Done {
        const void *address;
        void lend(const typename E::Value &value, Arena &) { address = &value; }
        Types types() { return { static_cast<const C *>(address) }; }
        PolyplugSlice region() const { return { static_cast<const uint8_t *>(address), E::lent_size }; }
    };
    struct Got : Done {
        const void *address;
        void receive(Arena &, const C *value) { address = value; }
        const typename E::Value &value() { return *static_cast<const typename E::Value *>(address); }
    };
};
template <class C> struct Reference<wire::String, C, false> : Value<wire::String, C> {};

/// `&[T]`.
template <class E, class C, bool Plain = wire::is_plain<E>> struct Slice {
    using Types = std::tuple<C *, size_t>;
    using Values = std::vector<typename E::Value>;
    struct Lent : Done {
        PolyplugSlice run;
        void lend(const Values &values, Arena &arena) {
            const bool gives = std::exchange(arena.gives, false);
            run = wire::lend_run<E>(values, arena);
            arena.gives = gives;
        }
        Types types() { return { static_cast<C *>(static_cast<const void *>(run.ptr)), run.len }; }
    };
    struct Got : Done {
        Values got;
        void receive(Arena &arena, C *first, size_t count) {
            const auto *place = static_cast<ConstBytes>(static_cast<const void *>(first));
            got.reserve(count);
            for (size_t at = 0; at < count; at++) got.push_back(E::read(place + at * E::lent_size, arena));
        }
        const Values &value() { return got; }
    };
};
/// Uncopied. Of `&mut [T]` the elements are no constants.
template <class E, class C> struct Slice<E, C, true> {
    using Types = std::tuple<C *, size_t>;
    using Item = std::conditional_t<std::is_const_v<C>, const typename E::Value, typename E::Value>;
    using Erased = std::conditional_t<std::is_const_v<C>, const void, void>;
    struct Lent : Done {
        Span<Item> values;
        void lend(Span<Item> value, Arena &) { values = value; }
        Types types() { return { static_cast<C *>(static_cast<Erased *>(values.data())), values.size() }; }
        PolyplugSlice region() const {
            return { static_cast<const uint8_t *>(static_cast<const void *>(values.data())), values.size() * E::lent_size };
        }
    };
    struct Got : Done {
        Span<Item> values;
        void receive(Arena &, C *first, size_t count) { values = { static_cast<Item *>(static_cast<Erased *>(first)), count }; }
        Span<Item> value() { return values; }
    };
};

/// `&mut String`, `&mut Vec<T>`.
template <class E> struct Sink {
    using Types = std::tuple<PolyplugSink *>;
    struct Lent {
        static constexpr bool keeps = true;
        typename E::Value *changed;
        PolyplugSink sink;
        void lend(typename E::Value &value, Arena &arena) {
            changed = &value;
            sink = {};
            E::lend(value, reinterpret_cast<Bytes>(&sink.input), arena);
        }
        Types types() { return { &sink }; }
        void done(bool trusted) { *changed = E::take(reinterpret_cast<Bytes>(&sink.output), trusted); }
        PolyplugSlice region() const { return { nullptr, 0 }; }
    };
    struct Got {
        typename E::Value changed;
        PolyplugSink *sink;
        void receive(Arena &arena, PolyplugSink *given) {
            sink = given;
            changed = E::read(reinterpret_cast<ConstBytes>(&sink->input), arena);
        }
        typename E::Value &value() { return changed; }
        void done(bool) { E::give(std::move(changed), reinterpret_cast<Bytes>(&sink->output)); }
    };
};

}  // namespace pass

/// How results come back.
namespace result {

struct None {
    using Value = void;
    using Word = void;
    static constexpr bool has_out = false;
};

template <class E> struct Scalar {
    using Value = typename E::Value;
    using Word = wire::Signed<Value>;
    static constexpr bool has_out = false;
    static Value take(Word number, bool trusted) {
        if (!trusted) {
            if constexpr (std::is_same_v<Value, bool>) {
                if (number > 1) invalid("result: a bool that is neither 0 nor 1");
            } else if constexpr (std::is_same_v<Value, char32_t> || std::is_enum_v<Value>) {
                E::check(reinterpret_cast<wire::ConstBytes>(&number));
            }
        }
        return static_cast<Value>(number);
    }
};

/// Through a pointer to its owned form, which is a `Place`.
template <class E, class Place> struct Out {
    using Value = typename E::Value;
    using Codec = E;
    using Word = void;
    static constexpr bool has_out = true;
    using Pointer = Place *;
};

}  // namespace result

/// A method: its result, then its arguments.
template <class R, class... A> struct Signature {
    using Value = typename R::Value;
    using Indices = std::index_sequence_for<A...>;

    template <class Types> struct Pointer;
    template <class... C> struct Pointer<std::tuple<C...>> {
        using Function = typename R::Word (*)(PolyplugReceiver *, C...);
    };

    /// Calls method number `number` of what `via` leads to. A fault is thrown.
    template <class Via, class... P> POLYPLUG_INLINE static Value call(const Via &via, uint32_t number, P &&...values) {
        const auto inside = via.enter(number);
        const Face &face = inside.face();
        [[maybe_unused]] wire::Room<(A::Lent::keeps || ...)> room;
        std::tuple<typename A::Lent...> lent;
        lend(lent, room.arena, Indices(), std::forward<P>(values)...);
        return run(face, number, lent, Indices());
    }

    /// Whether `Method` can be called on a `T` with the arguments.
    template <class T, class Method, class = void> struct Callable : std::false_type {};
    template <class T, class Method>
    struct Callable<T, Method,
        std::void_t<decltype(Method::call(std::declval<T &>(), std::declval<typename A::Got &>().value()...))>> : std::true_type {};
    template <class T, class Method> static constexpr bool callable = Callable<T, Method>::value;

private:
    using Arena_ = wire::Arena;

    template <class L, size_t... I, class... P> static void lend(L &lent, Arena_ &arena, std::index_sequence<I...>, P &&...values) {
        (std::get<I>(lent).lend(std::forward<P>(values), arena), ...);
        (void)lent, (void)arena;
    }

    /// The function of a method; null when it is left to its default body.
    using Function = void (*)();
    static Function function(const Face &face, uint32_t number) {
        return reinterpret_cast<const Function *>(face.interface + 1)[number];
    }

    /// Whether its result is a part of an argument.
    static bool borrows(const Face &face, uint32_t number) {
        return face.contract->methods.ptr[number]->flags & POLYPLUG_METHOD_FLAGS_BORROWS;
    }

    /// Runs the default body, which is code of a library that describes the contract.
    template <class... C>
    POLYPLUG_COLD static void run_default(PolyplugReceiver &receiver, const Face &face, uint32_t number, std::tuple<C...> arguments, void *out) {
        if (polyplug_host->size < offsetof(PolyplugHost, default_body) + sizeof(void *))
            throw Fault(POLYPLUG_FAULT_KIND_UNKNOWN_METHOD, "a host of this version runs no default bodies for C++");
        // As a struct of the arguments lies in C.
        alignas(8) unsigned char frame[(16 * sizeof...(C)) + 1] = {};
        size_t at = 0;
        auto put = [&](auto value) {
            at = (at + alignof(decltype(value)) - 1) / alignof(decltype(value)) * alignof(decltype(value));
            std::memcpy(frame + at, &value, sizeof value);
            at += sizeof value;
        };
        std::apply([&](auto... c) { (put(c), ...); }, arguments);
        (void)put;
        polyplug_host->default_body(&receiver, face.interface, face.contract, number, frame, out);
    }

    [[noreturn]] static void failed(PolyplugFaultRecord *fault, const Face &face, uint32_t number) {
        raise(fault, face.plugin, face.contract, number);
    }

    template <class L, size_t... I> POLYPLUG_INLINE static Value run(const Face &face, uint32_t number, L &lent, std::index_sequence<I...>) {
        const Function found = function(face, number);
        // A default body is code of Rust's.
        const bool trusted = (face.interface->flags & POLYPLUG_INTERFACE_FLAGS_RUST) || !found;
        PolyplugReceiver receiver = polyplug_receiver(face.state);
        auto types = std::tuple_cat(std::get<I>(lent).types()...);
        (void)trusted;
        if constexpr (R::has_out) {
            using E = typename R::Codec;
            using F = typename Pointer<decltype(std::tuple_cat(types, std::tuple<typename R::Pointer>()))>::Function;
            // What a callee that is no Rust forgets to write is no value, and points nowhere.
            alignas(8) unsigned char place[std::max<size_t>(E::owned_size, 8)];
            if (!trusted) std::memset(place, 0xFF, sizeof place);
            const auto out = static_cast<typename R::Pointer>(static_cast<void *>(place));
            if (found) std::apply([&](auto... c) { reinterpret_cast<F>(found)(&receiver, c..., out); }, types);
            else run_default(receiver, face, number, types, out);
            if (receiver.fault) failed(receiver.fault, face, number);
            try {
                typename E::Value value = E::take(place, trusted);
                (std::get<I>(lent).done(trusted), ...);
                if (!trusted && borrows(face, number)) {
                    const wire::Regions regions = { std::get<I>(lent).region()... };
                    if (!wire::Lies<typename E::Value>::in(value, regions))
                        throw Fault(POLYPLUG_FAULT_KIND_ESCAPED_BORROW, "a borrowed result lies in no argument that crossed uncopied");
                }
                return value;
            } catch (const Fault &fault) {
                failed(fault.share(), face, number);
            }
        } else {
            using F = typename Pointer<decltype(types)>::Function;
            auto made = [&](auto... c) { return reinterpret_cast<F>(found)(&receiver, c...); };
            if constexpr (std::is_void_v<Value>) {
                if (found) std::apply(made, types);
                else run_default(receiver, face, number, types, nullptr);
                if (receiver.fault) failed(receiver.fault, face, number);
                (std::get<I>(lent).done(trusted), ...);
            } else {
                typename R::Word number_;
                if (found) {
                    number_ = std::apply(made, types);
                } else {
                    alignas(8) unsigned char place[8];
                    run_default(receiver, face, number, types, place);
                    std::memcpy(&number_, place, sizeof number_);
                }
                if (receiver.fault) failed(receiver.fault, face, number);
                (std::get<I>(lent).done(trusted), ...);
                return R::take(number_, trusted);
            }
        }
    }
};

/// The state of a function, as its target: the plugin itself.
template <class T> struct Target {
    using Type = T;
    static T &of(void *state) { return *static_cast<T *>(state); }
};

/// The typed function of C that calls `Method::call(target, arguments..)`.
template <class S, class T, class Method> struct Thunk;
template <class R, class... A, class T, class Method> struct Thunk<Signature<R, A...>, T, Method> {
    using Types = decltype(std::tuple_cat(std::declval<typename A::Types>()...));

    /// Calls the method.
    struct Method_ {
        void *state;
        template <class... V> decltype(auto) operator()(V &&...values) const {
            return Method::call(Target<T>::of(state), std::forward<V>(values)...);
        }
    };

    template <class C> struct Plain;
    template <class... C> struct Plain<std::tuple<C...>> {
        static typename R::Word function(PolyplugReceiver *receiver, C... c) {
            const std::tuple<C...> all(c...);
            return guarded(receiver, [&]() -> typename R::Word {
                return answer(Method_{ receiver->state }, all, nullptr, std::index_sequence_for<A...>());
            });
        }
    };
    template <class C> struct Writing;
    template <class... C> struct Writing<std::tuple<C...>> {
        template <class P> struct To {
            static void function(PolyplugReceiver *receiver, C... c, P out) {
                const std::tuple<C...> all(c...);
                guarded(receiver, [&] { answer(Method_{ receiver->state }, all, out, std::index_sequence_for<A...>()); });
            }
        };
    };

    static constexpr auto function() {
        if constexpr (R::has_out) return &Writing<Types>::template To<typename R::Pointer>::function;
        else return &Plain<Types>::function;
    }

private:
    template <size_t I> static constexpr size_t start() {
        size_t starts[sizeof...(A) + 1] = {};
        size_t at = 0, sum = 0;
        ((starts[at++] = sum, sum += std::tuple_size_v<typename A::Types>), ...);
        return starts[I];
    }

    template <size_t I, class Got, class C, size_t... J>
    static void receive(Got &got, wire::Arena &arena, const C &c, std::index_sequence<J...>) {
        got.receive(arena, std::get<start<I>() + J>(c)...);
    }

    template <class F, class C, size_t... I>
    static typename R::Word answer(F method, [[maybe_unused]] const C &c, [[maybe_unused]] void *out, std::index_sequence<I...>) {
        wire::Arena arena;
        std::tuple<typename A::Got...> got;
        (receive<I>(std::get<I>(got), arena, c, std::make_index_sequence<std::tuple_size_v<typename A::Types>>()), ...);
        if constexpr (R::has_out) {
            using E = typename R::Codec;
            using Answer = decltype(method(std::get<I>(got).value()...));
            static_assert(!std::is_same_v<typename E::Value, std::string_view> || !std::is_same_v<Answer, std::string>,
                "the result borrows: return a view of what lives on");
            typename E::Value value = method(std::get<I>(got).value()...);
            (std::get<I>(got).done(true), ...);
            E::give(std::move(value), static_cast<wire::Bytes>(out));
        } else if constexpr (std::is_void_v<typename R::Value>) {
            method(std::get<I>(got).value()...);
            (std::get<I>(got).done(true), ...);
        } else {
            const typename R::Value value = method(std::get<I>(got).value()...);
            (std::get<I>(got).done(true), ...);
            return static_cast<typename R::Word>(value);
        }
    }
};

}  // namespace polyplug

#include "polyplug_objects.hpp"

#endif
