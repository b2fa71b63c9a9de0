// How values of C++17 cross: one codec a type of a contract, which knows its two forms on the wire. For plugins and for hosts; headers of
// contracts put codecs together.
//
// Every codec `E` has `E::Value`, the type of C++, sizes and alignments of both forms, and
//
// * `lend(value, place, arena)`: writes the form of an argument. What it points to lies in the value or in the arena.
// * `read(place, arena)`: reads an argument, which was checked. Objects that are lent live as long as the arena.
// * `give(value, place)`: writes the form of a result, which owns what it points to.
// * `take(place, trusted)`: reads a result, and releases it as it goes. Unless it is trusted it is checked.
#ifndef POLYPLUG_VALUES_HPP
#define POLYPLUG_VALUES_HPP

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <type_traits>
#include <vector>

#include "polyplug_fault.hpp"
#include "polyplug_types.hpp"

namespace polyplug::wire {

using Bytes = unsigned char *;
using ConstBytes = const unsigned char *;

template <class T> T load(const void *place) {
    T value;
    std::memcpy(&value, place, sizeof value);
    return value;
}
template <class T> void store(void *place, const T &value) { std::memcpy(place, &value, sizeof value); }

constexpr size_t up(size_t at, size_t align) { return (at + align - 1) / align * align; }

/// Memory that is handed over.
inline Bytes allocate(size_t bytes) {
    void *memory = std::malloc(bytes ? bytes : 1);
    if (!memory) std::abort();
    return static_cast<Bytes>(memory);
}

/// What lasts as long as a call: memory that arguments point to, and what stands for objects that are lent.
class Arena {
public:
    /// Whether objects that have an owner go with the values.
    bool gives = true;

    Bytes room(size_t bytes) {
        if (!bytes) return nullptr;
        auto &memory = content().memory;
        memory.emplace_back(new std::max_align_t[(bytes + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t)]);
        return reinterpret_cast<Bytes>(memory.back().get());
    }
    template <class T> T &keep(std::unique_ptr<T> value) {
        T &kept = *value;
        content().kept.emplace_back(std::move(value));
        return kept;
    }

private:
    struct Content {
        std::vector<std::unique_ptr<std::max_align_t[]>> memory;
        std::vector<std::shared_ptr<void>> kept;
    };
    Content &content() {
        if (!content_) content_ = std::make_unique<Content>();
        return *content_;
    }

    // Of most calls nothing is kept: then the compiler sees that there is nothing.
    std::unique_ptr<Content> content_;
};

/// An arena for a call, or the place of one that nobody uses.
template <bool Needed> struct Room {
    Arena arena;
};
template <> struct Room<false> {
    union {
        Arena arena;
    };
    Room() {}
    ~Room() {}
};

/// Sizes and alignments of a type.
template <size_t LentSize, size_t LentAlign, size_t OwnedSize = LentSize, size_t OwnedAlign = LentAlign> struct Form {
    static constexpr size_t lent_size = LentSize, lent_align = LentAlign, owned_size = OwnedSize, owned_align = OwnedAlign;
    /// Whether a value of C++ is its own form: runs of it cross uncopied.
    static constexpr bool is_plain = false;
};

template <bool Lent, class E> constexpr size_t size_of = Lent ? E::lent_size : E::owned_size;
template <bool Lent, class E> constexpr size_t align_of = Lent ? E::lent_align : E::owned_align;

/// What is one value in both forms.
template <class T, class Self, bool Plain> struct Copied : Form<sizeof(T), alignof(T)> {
    using Value = T;
    static constexpr bool is_plain = Plain;
    static void lend(const T &value, Bytes place, Arena &) { store(place, value); }
    static T read(ConstBytes place, Arena &) { return load<T>(place); }
    static void give(T &&value, Bytes place) { store(place, value); }
    static T take(Bytes place, bool trusted) {
        if (!trusted) Self::check(place);
        return load<T>(place);
    }
    static void check(ConstBytes) {}
};

/// Numbers, `bool` and `char`.
template <class T> struct Number : Copied<T, Number<T>, true> {
    static void check(ConstBytes place) {
        if constexpr (std::is_same_v<T, bool>) {
            if (*place > 1) invalid("result: a bool that is neither 0 nor 1");
        } else if constexpr (std::is_same_v<T, char32_t>) {
            const auto letter = load<uint32_t>(place);
            if (letter > 0x10FFFF || (letter >= 0xD800 && letter < 0xE000)) invalid("result: a char that is no Unicode scalar value");
        }
    }
};

/// An enum without fields.
template <class T, uint32_t Count, bool Plain> struct Choice : Copied<T, Choice<T, Count, Plain>, Plain> {
    static void check(ConstBytes place) {
        if (load<uint32_t>(place) >= Count) throw Fault(POLYPLUG_FAULT_KIND_UNKNOWN_VARIANT, "result: a variant that is not known here");
    }
};

/// `u128` and `i128`.
template <class T> struct Wide : Copied<T, Wide<T>, false> {};

/// A duration, a time. Bytes between the fields are not read.
template <class T> struct Timely : Copied<T, Timely<T>, false> {
    static void check(ConstBytes place) {
        if (load<uint32_t>(place + 8) >= 1'000'000'000) invalid("result: a second or more of nanoseconds");
    }
};

struct Unit : Form<0, 1> {
    using Value = std::monostate;
    static void lend(const Value &, Bytes, Arena &) {}
    static Value read(ConstBytes, Arena &) { return {}; }
    static void give(Value &&, Bytes) {}
    static Value take(Bytes, bool) { return {}; }
};

/// A run that was handed over: its memory goes with this.
struct Run {
    PolyplugBuffer buffer;
    Run(Bytes place, bool trusted) : buffer(load<PolyplugBuffer>(place)) {
        if (!trusted && buffer.len && !buffer.ptr) invalid("result: a null pointer with a length");
    }
    Run(const Run &) = delete;
    ~Run() { polyplug_give_back(buffer); }
};

inline void check_text(const uint8_t *text, size_t len) {
    if (len && !text) invalid("result: a null pointer with a length");
    if (!polyplug_is_utf8(text, len)) invalid("result: text that is no UTF-8");
}

/// `String`.
struct String : Form<16, 8, 32, 8> {
    using Value = std::string;
    static void lend(std::string_view value, Bytes place, Arena &) { store(place, slice(value)); }
    static Value read(ConstBytes place, Arena &) { return Value(text(load<PolyplugSlice>(place))); }
    static void give(std::string_view value, Bytes place) { store(place, polyplug_string(value.data(), value.size())); }
    static Value take(Bytes place, bool trusted) {
        const Run run(place, trusted);
        if (!trusted) check_text(run.buffer.ptr, run.buffer.len);
        return Value(text(run.buffer.ptr, run.buffer.len));
    }
};

/// `&str` inside another type, or as a result that borrows.
struct Text : Form<16, 8> {
    using Value = std::string_view;
    static void lend(std::string_view value, Bytes place, Arena &) { store(place, slice(value)); }
    static Value read(ConstBytes place, Arena &) { return text(load<PolyplugSlice>(place)); }
    static void give(std::string_view value, Bytes place) { store(place, slice(value)); }
    static Value take(Bytes place, bool trusted) {
        const auto given = load<PolyplugSlice>(place);
        if (!trusted) check_text(given.ptr, given.len);
        return text(given);
    }
};

/// Whether runs of it cross uncopied.
template <class E> constexpr bool is_plain = E::is_plain;

/// The elements of a run in the lent form.
template <class E, class C> PolyplugSlice lend_run(C &values, Arena &arena) {
    const Bytes first = arena.room(values.size() * E::lent_size);
    size_t at = 0;
    for (auto &&value : values) E::lend(const_cast<typename E::Value &>(static_cast<const typename E::Value &>(value)), first + at++ * E::lent_size, arena);
    return { first, values.size() };
}

/// The elements of a run in the owned form.
template <class E, class C> PolyplugBuffer give_run(C &&values) {
    const Bytes first = allocate(values.size() * E::owned_size);
    size_t at = 0;
    for (auto &&value : values) {
        const Bytes place = first + at++ * E::owned_size;
        if constexpr (std::is_const_v<std::remove_reference_t<decltype(value)>>) E::give(typename E::Value(value), place);
        else E::give(typename E::Value(std::move(value)), place);
    }
    return polyplug_give(first, values.size());
}

/// `Vec<T>`.
template <class E> struct List : Form<16, 8, 32, 8> {
    using Item = typename E::Value;
    using Value = std::vector<Item>;
    static constexpr bool is_memory = wire::is_plain<E> && !std::is_same_v<Item, bool>;

    static void lend(Value &values, Bytes place, Arena &arena) {
        if constexpr (is_memory) store(place, PolyplugSlice{ reinterpret_cast<const uint8_t *>(values.data()), values.size() });
        else store(place, lend_run<E>(values, arena));
    }
    static Value read(ConstBytes place, Arena &arena) {
        const auto run = load<PolyplugSlice>(place);
        Value values;
        if constexpr (is_memory) {
            values.resize(run.len);
            if (run.len) std::memcpy(static_cast<void *>(values.data()), run.ptr, run.len * sizeof(Item));
        } else {
            values.reserve(run.len);
            for (size_t at = 0; at < run.len; at++) values.push_back(E::read(run.ptr + at * E::lent_size, arena));
        }
        return values;
    }
    static void give(Value &&values, Bytes place) {
        if constexpr (is_memory) store(place, polyplug_copy(values.data(), values.size(), sizeof(Item)));
        else store(place, give_run<E>(std::move(values)));
    }
    static Value take(Bytes place, bool trusted) {
        const Run run(place, trusted);
        Value values;
        values.reserve(run.buffer.len);
        for (size_t at = 0; at < run.buffer.len; at++) values.push_back(E::take(run.buffer.ptr + at * E::owned_size, trusted));
        return values;
    }
};

/// `&[T]` inside another type, or as a result that borrows.
template <class E, bool Plain = is_plain<E>> struct Slice : List<E> {};
template <class E> struct Slice<E, true> : Form<16, 8> {
    using Value = Span<const typename E::Value>;
    static void lend(const Value &values, Bytes place, Arena &) {
        store(place, PolyplugSlice{ reinterpret_cast<const uint8_t *>(values.data()), values.size() });
    }
    static Value read(ConstBytes place, Arena &) {
        const auto run = load<PolyplugSlice>(place);
        return { reinterpret_cast<const typename E::Value *>(run.ptr), run.len };
    }
    static void give(Value &&values, Bytes place) {
        store(place, PolyplugSlice{ reinterpret_cast<const uint8_t *>(values.data()), values.size() });
    }
    static Value take(Bytes place, bool trusted) {
        const auto run = load<PolyplugSlice>(place);
        if (!trusted) {
            if (run.len && !run.ptr) invalid("result: a null pointer with a length");
            for (size_t at = 0; at < run.len; at++) E::check(run.ptr + at * E::lent_size);
        }
        return { reinterpret_cast<const typename E::Value *>(run.ptr), run.len };
    }
};

/// `&T` inside another type, or as a result that borrows.
template <class E, bool Plain = is_plain<E>> struct Reference : Form<8, 8> {
    using Value = typename E::Value;
    static void lend(Value &value, Bytes place, Arena &arena) {
        const Bytes lent = arena.room(E::lent_size);
        E::lend(value, lent, arena);
        store(place, static_cast<const void *>(lent));
    }
    static Value read(ConstBytes place, Arena &arena) { return E::read(load<ConstBytes>(place), arena); }
};
template <class E> struct Reference<E, true> : Form<8, 8> {
    using Value = const typename E::Value *;
    static void lend(const Value &value, Bytes place, Arena &) { store(place, value); }
    static Value read(ConstBytes place, Arena &) { return load<Value>(place); }
    static void give(Value &&value, Bytes place) { store(place, value); }
    static Value take(Bytes place, bool trusted) {
        const auto at = load<ConstBytes>(place);
        if (!trusted) {
            if (!at) invalid("result: a null pointer");
            E::check(at);
        }
        return load<Value>(place);
    }
};

/// `Box<T>`.
template <class E> struct Boxed : Form<8, 8, 32, 8> {
    using Value = Box<typename E::Value>;
    static void lend(Value &value, Bytes place, Arena &arena) {
        const Bytes lent = arena.room(std::max<size_t>(E::lent_size, 1));
        E::lend(*value, lent, arena);
        store(place, static_cast<const void *>(lent));
    }
    static Value read(ConstBytes place, Arena &arena) { return Value(E::read(load<ConstBytes>(place), arena)); }
    static void give(Value &&value, Bytes place) {
        const Bytes memory = allocate(E::owned_size);
        E::give(std::move(*value), memory);
        store(place, polyplug_give(memory, 1));
    }
    static Value take(Bytes place, bool trusted) {
        const Run run(place, trusted);
        if (!trusted && run.buffer.len != 1) invalid("result: a box of not one value");
        return Value(E::take(run.buffer.ptr, trusted));
    }
};

/// `PathBuf`.
struct Path : Form<16, 8, 32, 8> {
    using Value = std::filesystem::path;
    using Letter = Value::value_type;
    static void lend(const Value &value, Bytes place, Arena &) {
        store(place, PolyplugSlice{ reinterpret_cast<const uint8_t *>(value.native().data()), value.native().size() });
    }
    static Value read(ConstBytes place, Arena &) {
        const auto run = load<PolyplugSlice>(place);
        return Value(Value::string_type(reinterpret_cast<const Letter *>(run.ptr), run.len));
    }
    static void give(Value &&value, Bytes place) {
        store(place, polyplug_copy(value.native().data(), value.native().size(), sizeof(Letter)));
    }
    static Value take(Bytes place, bool trusted) {
        const Run run(place, trusted);
        return Value(Value::string_type(reinterpret_cast<const Letter *>(run.buffer.ptr), run.buffer.len));
    }
};

/// `&Path`.
struct BorrowedPath : Form<16, 8> {
    using Value = PathView;
    static void lend(const Value &value, Bytes place, Arena &) {
        store(place, PolyplugSlice{ reinterpret_cast<const uint8_t *>(value.data()), value.size() });
    }
    static Value read(ConstBytes place, Arena &) {
        const auto run = load<PolyplugSlice>(place);
        return { reinterpret_cast<const Value::value_type *>(run.ptr), run.len };
    }
    static void give(Value &&value, Bytes place) {
        store(place, PolyplugSlice{ reinterpret_cast<const uint8_t *>(value.data()), value.size() });
    }
    static Value take(Bytes place, bool trusted) {
        const auto run = load<PolyplugSlice>(place);
        if (!trusted && run.len && !run.ptr) invalid("result: a null pointer with a length");
        return { reinterpret_cast<const Value::value_type *>(run.ptr), run.len };
    }
};

/// `Fault` as a value.
struct Faulty : Form<8, 8> {
    using Value = Fault;
    static void lend(const Value &value, Bytes place, Arena &) { store(place, &value.record()); }
    static Value read(ConstBytes place, Arena &) {
        auto *record = load<PolyplugFaultRecord *>(place);
        record->table->retain(record);
        return Fault(record);
    }
    static void give(Value &&value, Bytes place) { store(place, value.share()); }
    static Value take(Bytes place, bool trusted) {
        auto *record = load<PolyplugFaultRecord *>(place);
        if (!trusted && !record) invalid("result: a null pointer");
        return Fault(record);
    }
};

}  // namespace polyplug::wire

#endif
