// How the structs and enums of a contract cross, those that grow included. Included by `polyplug_data.hpp`.
#ifndef POLYPLUG_SHAPES_HPP
#define POLYPLUG_SHAPES_HPP

namespace polyplug::wire {

/// What a type of a contract is made of: the header of the contract says so for each.
///
/// * A struct: `Fields`, a `Members`, and `is_plain`.
/// * Both: `Codec`.
/// * An enum: `Variants`, a `OneOf`. Its only member is `of`, a `std::variant` in the same order.
template <class T> struct Shape;

/// A variant: its number, and its fields.
template <uint32_t Tag, class M> struct Variant {
    static constexpr uint32_t tag = Tag;
    using Fields = M;
};

/// The variants of an enum.
template <class T, class... V> struct OneOf {
    template <bool Lent> using In = Tagged<Lent, typename V::Fields...>;
    using All = std::index_sequence_for<V...>;
    static constexpr std::array<uint32_t, sizeof...(V)> tags = { V::tag... };

    /// Runs a function with the fields of a variant, as they stand for it in the value. Whether there is one.
    template <class F> static bool with(uint32_t tag, F run) {
        return ((V::tag == tag && (run(V()), true)) || ...);
    }
    /// A value of a variant, which a function fills in.
    template <class F> static std::optional<T> made(uint32_t tag, F fill) { return made_of(tag, fill, All()); }

    template <class F, size_t... I> static std::optional<T> made_of(uint32_t tag, F fill, std::index_sequence<I...>) {
        std::optional<T> value;
        (void)((V::tag == tag && [&] {
            value.emplace(T{ decltype(T::of)(std::in_place_index<I>) });
            fill(V(), std::get<I>(value->of));
            return true;
        }()) || ...);
        return value;
    }
};

[[noreturn]] inline void unknown_variant() {
    throw Fault(POLYPLUG_FAULT_KIND_UNKNOWN_VARIANT, "result: a variant that is not known here");
}

/// A struct.
template <class T> struct Struct {
    using Value = T;
    template <class U> using Fields = typename Shape<U>::Fields;
    static constexpr size_t lent_size = Fields<T>::lent_size, lent_align = Fields<T>::lent_align;
    static constexpr size_t owned_size = Fields<T>::owned_size, owned_align = Fields<T>::owned_align;
    static constexpr bool is_plain = Shape<T>::is_plain;
    static void lend(T &value, Bytes place, Arena &arena) { Fields<T>::lend(value, place, arena); }
    static T read(ConstBytes place, Arena &arena) {
        T value{};
        Fields<T>::read(value, place, arena);
        return value;
    }
    static void give(T &&value, Bytes place) { Fields<T>::give(std::move(value), place); }
    static T take(Bytes place, bool trusted) {
        T value{};
        Fields<T>::take(value, place, trusted);
        return value;
    }
    static void check(ConstBytes place) { Fields<T>::check(place); }
};

/// An enum with fields.
template <class T> struct Enum {
    using Value = T;
    template <class U> using Variants = typename Shape<U>::Variants;
    template <bool Lent, class U> using In = typename Variants<U>::template In<Lent>;
    static constexpr size_t lent_size = In<true, T>::size, lent_align = In<true, T>::align;
    static constexpr size_t owned_size = In<false, T>::size, owned_align = In<false, T>::align;
    static constexpr bool is_plain = false;
    static void lend(T &value, Bytes place, Arena &arena) {
        lend_of(value, place, arena, typename Variants<T>::All());
    }
    static T read(ConstBytes place, Arena &arena) {
        auto value = Variants<T>::made(load<uint32_t>(place), [&](auto variant, auto &fields) {
            decltype(variant)::Fields::read(fields, place + In<true, T>::place, arena);
        });
        if (!value) unknown_variant();
        return std::move(*value);
    }
    static void give(T &&value, Bytes place) {
        const uint32_t tag = Variants<T>::tags[value.of.index()];
        store(place, tag);
        Variants<T>::with(tag, [&](auto variant) {
            using Fields = typename decltype(variant)::Fields;
            Fields::give(std::move(std::get<typename Fields::Value>(value.of)), place + In<false, T>::place);
        });
    }
    static T take(Bytes place, bool trusted) {
        auto value = Variants<T>::made(load<uint32_t>(place), [&](auto variant, auto &fields) {
            decltype(variant)::Fields::take(fields, place + In<false, T>::place, trusted);
        });
        if (!value) unknown_variant();
        return std::move(*value);
    }

private:
    template <size_t... I> static void lend_of(T &value, Bytes place, Arena &arena, std::index_sequence<I...>) {
        const uint32_t tag = Variants<T>::tags[value.of.index()];
        store(place, tag);
        Variants<T>::with(tag, [&](auto variant) {
            using Fields = typename decltype(variant)::Fields;
            Fields::lend(std::get<typename Fields::Value>(value.of), place + In<true, T>::place, arena);
        });
    }
};

/// A struct that may get more fields. What its writer did not know is as in `T{}`.
template <class T> struct GrowingStruct : Form<16, 8> {
    using Value = T;
    static constexpr size_t START = 4;
    static void lend(T &value, Bytes place, Arena &arena) {
        using Fields = typename Shape<T>::Fields;
        const Bytes memory = arena.room(Fields::template end<true>(START));
        store(memory, static_cast<uint32_t>(Fields::template end<true>(START)));
        Fields::lend(value, memory, arena, START);
        store(place, PolyplugGrown{ memory, nullptr });
    }
    static T read(ConstBytes place, Arena &arena) {
        using Fields = typename Shape<T>::Fields;
        const auto grown = load<PolyplugGrown>(place);
        const auto size = load<uint32_t>(grown.ptr);
        T value{};
        Fields::read(value, grown.ptr, arena, START, size);
        if (size > Fields::template end<true>(START) && grown.release) grown.release(grown.ptr, Fields::template end<true>(START));
        return value;
    }
    static void give(T &&value, Bytes place) {
        using Fields = typename Shape<T>::Fields;
        const Bytes memory = allocate(Fields::template end<false>(START));
        store(memory, static_cast<uint32_t>(Fields::template end<false>(START)));
        Fields::give(std::move(value), memory, START);
        store(place, PolyplugGrown{ memory, [](uint8_t *given, size_t known) {
            Fields::let_go(given, START, known);
            std::free(given);
        } });
    }
    static T take(Bytes place, bool trusted) {
        using Fields = typename Shape<T>::Fields;
        const auto grown = load<PolyplugGrown>(place);
        if (!trusted && !grown.ptr) invalid("result: a null pointer");
        T value{};
        Fields::take(value, grown.ptr, trusted, START, load<uint32_t>(grown.ptr));
        if (grown.release) grown.release(grown.ptr, Fields::template end<false>(START));
        return value;
    }
};

/// An enum that may get more variants. One that stands for the others, if there is any, is `Other`.
template <class T> struct GrowingEnum : Form<16, 8> {
    using Value = T;
    static void lend(T &value, Bytes place, Arena &arena) {
        using Variants = typename Shape<T>::Variants;
        PolyplugGrownVariant head{};
        head.tag = Variants::tags[value.of.index()];
        Variants::with(head.tag, [&](auto variant) {
            using Fields = typename decltype(variant)::Fields;
            const Bytes payload = arena.room(Fields::lent_size);
            head.payload = payload;
            Fields::lend(std::get<typename Fields::Value>(value.of), payload, arena);
        });
        const Bytes memory = arena.room(sizeof head);
        store(memory, head);
        store(place, PolyplugGrown{ memory, nullptr });
    }
    static T read(ConstBytes place, Arena &arena) {
        using Variants = typename Shape<T>::Variants;
        const auto grown = load<PolyplugGrown>(place);
        const auto head = load<PolyplugGrownVariant>(grown.ptr);
        auto value = Variants::made(head.tag, [&](auto variant, auto &fields) {
            decltype(variant)::Fields::read(fields, head.payload, arena);
        });
        return known(std::move(value), grown);
    }
    static void give(T &&value, Bytes place) {
        using Variants = typename Shape<T>::Variants;
        PolyplugGrownVariant head{};
        head.tag = Variants::tags[value.of.index()];
        Bytes memory = nullptr;
        Variants::with(head.tag, [&](auto variant) {
            using Fields = typename decltype(variant)::Fields;
            memory = allocate(sizeof head + Fields::owned_size);
            head.payload = memory + sizeof head;
            Fields::give(std::move(std::get<typename Fields::Value>(value.of)), memory + sizeof head);
        });
        store(memory, head);
        store(place, PolyplugGrown{ memory, [](uint8_t *given, size_t known) {
            if (!known) {
                Variants::with(load<uint32_t>(given), [&](auto variant) {
                    decltype(variant)::Fields::let_go(given + sizeof(PolyplugGrownVariant), 0, 0);
                });
            }
            std::free(given);
        } });
    }
    static T take(Bytes place, bool trusted) {
        using Variants = typename Shape<T>::Variants;
        const auto grown = load<PolyplugGrown>(place);
        if (!trusted && !grown.ptr) invalid("result: a null pointer");
        const auto head = load<PolyplugGrownVariant>(grown.ptr);
        auto value = Variants::made(head.tag, [&](auto variant, auto &fields) {
            decltype(variant)::Fields::take(fields, const_cast<Bytes>(head.payload), trusted);
        });
        const bool is_known = value.has_value();
        T taken = known(std::move(value), grown);
        if (is_known && grown.release) grown.release(grown.ptr, sizeof head);
        return taken;
    }

private:
    /// The value; of an unknown variant what stands for those, when there is one.
    static T known(std::optional<T> value, const PolyplugGrown &grown) {
        using Variants = typename Shape<T>::Variants;
        if (value) return std::move(*value);
        if (grown.release) grown.release(grown.ptr, 0);
        value = Variants::made(POLYPLUG_OTHER_TAG, [](auto, auto &) {});
        if (!value) unknown_variant();
        return std::move(*value);
    }
};

}  // namespace polyplug::wire

namespace polyplug {

/// A value of one contract as the same type of another: every contract has types of its own. `polyplug::same<demo_desk::Entry>(entry)`
template <class To, class From> To same(From value) {
    using In = typename wire::Shape<From>::Codec;
    using Out = typename wire::Shape<To>::Codec;
    static_assert(In::lent_size == Out::lent_size && In::owned_size == Out::owned_size, "these are two types");
    alignas(8) unsigned char place[In::owned_size];
    In::give(std::move(value), place);
    return Out::take(place, true);
}

}  // namespace polyplug

#endif
