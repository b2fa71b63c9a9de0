// How values of C++17 cross that are made of others: options, results, tuples, maps, and the structs and enums of a contract. For plugins
// and for hosts; what a codec is stands in `polyplug_values.hpp`.
#ifndef POLYPLUG_DATA_HPP
#define POLYPLUG_DATA_HPP

#include "polyplug_values.hpp"

namespace polyplug::wire {

/// Where values lie that follow each other, as C lays them out.
template <bool Lent, class... E> struct Places {
    static constexpr size_t align = std::max({ size_t(1), align_of<Lent, E>... });
    /// Of each, and the end of the last, when the first may lie at `start`.
    static constexpr std::array<size_t, sizeof...(E) + 1> from(size_t start) {
        constexpr std::array<size_t, sizeof...(E) + 1> sizes = { size_of<Lent, E>..., 0 };
        constexpr std::array<size_t, sizeof...(E) + 1> aligns = { align_of<Lent, E>..., 1 };
        std::array<size_t, sizeof...(E) + 1> places{};
        size_t at = start;
        for (size_t field = 0; field < sizeof...(E); field++) {
            places[field] = up(at, aligns[field]);
            at = places[field] + sizes[field];
        }
        places[sizeof...(E)] = at;
        return places;
    }
    static constexpr size_t size = up(from(0)[sizeof...(E)], align);
};

/// The place behind a tag of 32 bits, and the size of both.
template <bool Lent, class... E> struct Tagged {
    static constexpr size_t align = std::max({ size_t(4), align_of<Lent, E>... });
    static constexpr size_t place = std::max({ size_t(4), align_of<Lent, E>... });
    static constexpr size_t size = up(place + std::max({ size_t(0), size_of<Lent, E>... }), align);
};

/// `[T; N]`.
template <class E, size_t N>
struct Array : Form<E::lent_size * N, E::lent_align, E::owned_size * N, E::owned_align> {
    using Value = std::array<typename E::Value, N>;
    static constexpr bool is_plain = wire::is_plain<E>;
    static void lend(Value &values, Bytes place, Arena &arena) {
        for (size_t at = 0; at < N; at++) E::lend(values[at], place + at * E::lent_size, arena);
    }
    static Value read(ConstBytes place, Arena &arena) {
        return all([&](size_t at) { return E::read(place + at * E::lent_size, arena); }, std::make_index_sequence<N>());
    }
    static void give(Value &&values, Bytes place) {
        for (size_t at = 0; at < N; at++) E::give(std::move(values[at]), place + at * E::owned_size);
    }
    static Value take(Bytes place, bool trusted) {
        return all([&](size_t at) { return E::take(place + at * E::owned_size, trusted); }, std::make_index_sequence<N>());
    }
    static void check(ConstBytes place) {
        for (size_t at = 0; at < N; at++) E::check(place + at * E::lent_size);
    }

private:
    template <class F, size_t... I> static Value all(F one, std::index_sequence<I...>) { return Value{ { one(I)... } }; }
};

/// `Option<T>`.
template <class E>
struct Option : Form<Tagged<true, E>::size, Tagged<true, E>::align, Tagged<false, E>::size, Tagged<false, E>::align> {
    using Value = std::optional<typename E::Value>;
    static void lend(Value &value, Bytes place, Arena &arena) {
        store<uint32_t>(place, value.has_value());
        if (value) E::lend(*value, place + Tagged<true, E>::place, arena);
    }
    static Value read(ConstBytes place, Arena &arena) {
        if (!load<uint32_t>(place)) return std::nullopt;
        return E::read(place + Tagged<true, E>::place, arena);
    }
    static void give(Value &&value, Bytes place) {
        store<uint32_t>(place, value.has_value());
        if (value) E::give(std::move(*value), place + Tagged<false, E>::place);
    }
    static Value take(Bytes place, bool trusted) {
        const auto tag = load<uint32_t>(place);
        if (tag > 1) invalid("result: a tag that is neither 0 nor 1");
        if (!tag) return std::nullopt;
        return E::take(place + Tagged<false, E>::place, trusted);
    }
};

/// `Result<T, E>`.
template <class T, class E>
struct Outcome
    : Form<Tagged<true, T, E>::size, Tagged<true, T, E>::align, Tagged<false, T, E>::size, Tagged<false, T, E>::align> {
    using Value = Result<typename T::Value, typename E::Value>;
    static void lend(Value &value, Bytes place, Arena &arena) {
        store<uint32_t>(place, !value.ok());
        if (value.ok()) T::lend(*value, place + Tagged<true, T, E>::place, arena);
        else E::lend(value.error(), place + Tagged<true, T, E>::place, arena);
    }
    static Value read(ConstBytes place, Arena &arena) {
        if (!load<uint32_t>(place)) return T::read(place + Tagged<true, T, E>::place, arena);
        return Err<typename E::Value>{ E::read(place + Tagged<true, T, E>::place, arena) };
    }
    static void give(Value &&value, Bytes place) {
        store<uint32_t>(place, !value.ok());
        if (value.ok()) T::give(std::move(*value), place + Tagged<false, T, E>::place);
        else E::give(std::move(value.error()), place + Tagged<false, T, E>::place);
    }
    static Value take(Bytes place, bool trusted) {
        const auto tag = load<uint32_t>(place);
        if (tag > 1) invalid("result: a tag that is neither 0 nor 1");
        if (!tag) return T::take(place + Tagged<false, T, E>::place, trusted);
        return Err<typename E::Value>{ E::take(place + Tagged<false, T, E>::place, trusted) };
    }
};

/// A tuple.
template <class... E>
struct Tuple : Form<Places<true, E...>::size, Places<true, E...>::align, Places<false, E...>::size, Places<false, E...>::align> {
    using Value = std::tuple<typename E::Value...>;
    static void lend(Value &value, Bytes place, Arena &arena) {
        each<true>([&](auto at, auto codec, size_t offset) {
            decltype(codec)::type::lend(std::get<at()>(value), place + offset, arena);
        });
    }
    static Value read(ConstBytes place, Arena &arena) {
        return made<true>([&](auto codec, size_t offset) { return decltype(codec)::type::read(place + offset, arena); });
    }
    static void give(Value &&value, Bytes place) {
        each<false>([&](auto at, auto codec, size_t offset) {
            decltype(codec)::type::give(std::move(std::get<at()>(value)), place + offset);
        });
    }
    static Value take(Bytes place, bool trusted) {
        return made<false>([&](auto codec, size_t offset) { return decltype(codec)::type::take(place + offset, trusted); });
    }

private:
    template <class T> struct Type {
        using type = T;
    };
    template <bool Lent, class F> static void each(F one) { each_of<Lent>(one, std::index_sequence_for<E...>()); }
    template <bool Lent, class F, size_t... I> static void each_of(F one, std::index_sequence<I...>) {
        [[maybe_unused]] constexpr auto places = Places<Lent, E...>::from(0);
        (one(std::integral_constant<size_t, I>(), Type<E>(), places[I]), ...);
    }
    template <bool Lent, class F> static Value made(F one) { return made_of<Lent>(one, std::index_sequence_for<E...>()); }
    template <bool Lent, class F, size_t... I> static Value made_of(F one, std::index_sequence<I...>) {
        [[maybe_unused]] constexpr auto places = Places<Lent, E...>::from(0);
        return Value{ one(Type<E>(), places[I])... };
    }
};

/// A map. Of two pairs with one key the later counts.
template <class K, class V> struct Map : Form<16, 8, 32, 8> {
    using Value = std::map<typename K::Value, typename V::Value>;
    static void lend(Value &values, Bytes place, Arena &arena) {
        using In = Places<true, K, V>;
        const Bytes first = arena.room(values.size() * In::size);
        size_t at = 0;
        for (auto &pair : values) {
            K::lend(const_cast<typename K::Value &>(pair.first), first + at, arena);
            V::lend(pair.second, first + at + In::from(0)[1], arena);
            at += In::size;
        }
        store(place, PolyplugSlice{ first, values.size() });
    }
    static Value read(ConstBytes place, Arena &arena) {
        using In = Places<true, K, V>;
        const auto run = load<PolyplugSlice>(place);
        Value values;
        for (size_t at = 0; at < run.len; at++) {
            auto key = K::read(run.ptr + at * In::size, arena);
            values.insert_or_assign(std::move(key), V::read(run.ptr + at * In::size + In::from(0)[1], arena));
        }
        return values;
    }
    static void give(Value &&values, Bytes place) {
        using In = Places<false, K, V>;
        const Bytes first = allocate(values.size() * In::size);
        size_t at = 0;
        for (auto &pair : values) {
            K::give(typename K::Value(pair.first), first + at);
            V::give(std::move(pair.second), first + at + In::from(0)[1]);
            at += In::size;
        }
        store(place, polyplug_give(first, values.size()));
    }
    static Value take(Bytes place, bool trusted) {
        using In = Places<false, K, V>;
        const Run run(place, trusted);
        Value values;
        for (size_t at = 0; at < run.buffer.len; at++) {
            auto key = K::take(run.buffer.ptr + at * In::size, trusted);
            values.insert_or_assign(std::move(key), V::take(run.buffer.ptr + at * In::size + In::from(0)[1], trusted));
        }
        return values;
    }
};

/// A set.
template <class E> struct Set : Form<16, 8, 32, 8> {
    using Value = std::set<typename E::Value>;
    static void lend(Value &values, Bytes place, Arena &arena) { store(place, lend_run<E>(values, arena)); }
    static Value read(ConstBytes place, Arena &arena) {
        const auto run = load<PolyplugSlice>(place);
        Value values;
        for (size_t at = 0; at < run.len; at++) values.insert(E::read(run.ptr + at * E::lent_size, arena));
        return values;
    }
    static void give(Value &&values, Bytes place) { store(place, give_run<E>(std::move(values))); }
    static Value take(Bytes place, bool trusted) {
        const Run run(place, trusted);
        Value values;
        for (size_t at = 0; at < run.buffer.len; at++) values.insert(E::take(run.buffer.ptr + at * E::owned_size, trusted));
        return values;
    }
};

/// A field: the member of the struct, and how it crosses.
template <auto Member, class E> struct Field {
    using Codec = E;
    static constexpr auto member = Member;
};

/// The fields of a struct or a variant.
template <class T, class... F> struct Members {
    using Value = T;
    template <bool Lent> using In = Places<Lent, typename F::Codec...>;
    static constexpr size_t lent_size = In<true>::size, lent_align = In<true>::align;
    static constexpr size_t owned_size = In<false>::size, owned_align = In<false>::align;
    /// Where the last field ends, when the first may lie at `start`.
    template <bool Lent> static constexpr size_t end(size_t start) { return In<Lent>::from(start)[sizeof...(F)]; }

    static void lend(T &value, Bytes place, Arena &arena, size_t start = 0) {
        const auto places = In<true>::from(start);
        [[maybe_unused]] size_t at = 0;
        (F::Codec::lend(value.*F::member, place + places[at++], arena), ...);
        (void)value, (void)place, (void)arena, (void)places;
    }
    /// Those that end below `size`; the others stay as they are.
    static void read(T &value, ConstBytes place, Arena &arena, size_t start = 0, size_t size = SIZE_MAX) {
        const auto places = In<true>::from(start);
        [[maybe_unused]] size_t at = 0;
        (([&](size_t offset) {
            if (offset + F::Codec::lent_size <= size) value.*F::member = F::Codec::read(place + offset, arena);
        }(places[at++])), ...);
        (void)value, (void)place, (void)arena, (void)places, (void)size;
    }
    static void give(T &&value, Bytes place, size_t start = 0) {
        const auto places = In<false>::from(start);
        [[maybe_unused]] size_t at = 0;
        (F::Codec::give(std::move(value.*F::member), place + places[at++]), ...);
        (void)value, (void)place, (void)places;
    }
    static void take(T &value, Bytes place, bool trusted, size_t start = 0, size_t size = SIZE_MAX) {
        const auto places = In<false>::from(start);
        [[maybe_unused]] size_t at = 0;
        (([&](size_t offset) {
            if (offset + F::Codec::owned_size <= size) value.*F::member = F::Codec::take(place + offset, trusted);
        }(places[at++])), ...);
        (void)value, (void)place, (void)trusted, (void)places, (void)size;
    }
    /// Lets go of what fields own that start at `known` or behind.
    static void let_go(Bytes place, size_t start, size_t known) {
        const auto places = In<false>::from(start);
        [[maybe_unused]] size_t at = 0;
        (([&](size_t offset) {
            if (offset >= known) (void)F::Codec::take(place + offset, true);
        }(places[at++])), ...);
        (void)place, (void)places, (void)known;
    }
    static void check(ConstBytes place) {
        const auto places = In<true>::from(0);
        [[maybe_unused]] size_t at = 0;
        (F::Codec::check(place + places[at++]), ...);
        (void)place, (void)places;
    }
};

}  // namespace polyplug::wire

#include "polyplug_shapes.hpp"

#endif
