// What the cases of the conformance runner in C++ use: a runtime with a guest in it, comparisons, the host's own objects.
#ifndef CONFORMANCE_RUNNER_HPP
#define CONFORMANCE_RUNNER_HPP

#include <any>
#include <deque>
#include <fstream>
#include <iostream>
#include <mutex>
#include <sstream>
#include <thread>

#include "polyplug.hpp"

#include "conformance_borrows.hpp"
#include "conformance_closures.hpp"
#include "conformance_desk.hpp"
#include "conformance_growing.hpp"
#include "conformance_lies.hpp"
#include "conformance_life.hpp"
#include "conformance_lines.hpp"
#include "conformance_listener.hpp"
#include "conformance_objects.hpp"
#include "conformance_shelf.hpp"
#include "conformance_values.hpp"

using conformance_life::Life;
using conformance_listener::Listener;

/// A case that went another way.
struct Failed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What the command line says.
struct Files {
    std::string contracts, peer, loader, guest;
};

/// Hears, and keeps what it heard where the host can see it.
class Ears : public Listener {
public:
    using Heard = std::shared_ptr<std::vector<std::string>>;
    explicit Ears(std::string_view name, Heard heard = std::make_shared<std::vector<std::string>>())
        : heard(std::move(heard)), name_(name) {}
    uint32_t hear(std::string_view what) override {
        const std::lock_guard<std::mutex> lock(mutex_);
        heard->emplace_back(what);
        return static_cast<uint32_t>(heard->size() - 1);
    }
    std::string name() override { return name_; }
    Heard heard;

private:
    std::mutex mutex_;
    std::string name_;
};

struct Stage;

/// The host's own implementation of the desk. Need not derive from anything.
class Desk {
public:
    struct Kept {
        std::mutex mutex;
        std::vector<std::string> lines;
        std::vector<std::shared_ptr<Listener>> listeners;
        std::optional<polyplug::CallerOf<Life>> guest;
    };
    explicit Desk(std::shared_ptr<Kept> kept) : kept_(std::move(kept)) {}

    uint32_t write(std::string_view line) {
        const std::lock_guard<std::mutex> lock(kept_->mutex);
        kept_->lines.emplace_back(line);
        return static_cast<uint32_t>(kept_->lines.size());
    }
    std::optional<std::string> lookup(std::string_view key) {
        return key.empty() ? std::nullopt : std::optional(std::string(key) + "?");
    }
    polyplug::Result<int64_t, std::string> settle(int64_t number) {
        if (number < 0) return polyplug::Err{ "too small: " + std::to_string(number) };
        return number * 2;
    }
    void fail(std::string_view message) { throw std::runtime_error(std::string(message)); }
    conformance_desk::Everything everything(conformance_desk::Everything value) { return value; }
    uint32_t apply(const std::function<uint32_t(uint32_t)> &work, uint32_t value) { return work(value); }
    std::unique_ptr<Listener> listener(std::string_view name) { return std::make_unique<Ears>(name); }
    uint32_t keep(std::shared_ptr<Listener> listener) {
        const uint32_t answer = listener->hear("desk");
        const std::lock_guard<std::mutex> lock(kept_->mutex);
        kept_->listeners.push_back(std::move(listener));
        return answer;
    }
    uint32_t again(uint32_t depth) { return kept_->guest->enter(depth); }

private:
    std::shared_ptr<Kept> kept_;
};

/// A runtime, and a guest in it.
struct Stage {
    Files files;
    std::shared_ptr<Desk::Kept> desk = std::make_shared<Desk::Kept>();
    polyplug::Runtime runtime;
    std::optional<polyplug::Module> module;

    /// Everything but the desk, and so without the guest.
    explicit Stage(const Files &files) : files(files) {
        runtime.load(files.contracts);
        runtime.configure("conformance-guest", "{\"greeting\": \"gr\u00f6\u00dfer \U0001F388\", \"big\": 18446744073709551615}");
        runtime.load(files.peer);
        if (files.loader != "-") runtime.load(files.loader);
    }
    /// All of it.
    static Stage whole(const Files &files) {
        Stage stage(files);
        stage.runtime.provide<conformance_desk::Desk>(std::make_unique<Desk>(stage.desk));
        stage.module.emplace(stage.runtime.load(files.guest));
        try {
            stage.desk->guest.emplace(stage.get<Life>());
        } catch (const polyplug::Error &) {
            // A guest without it fails its cases.
        }
        return stage;
    }
    template <class C> polyplug::CallerOf<C> get() const { return runtime.get<C>(); }
    /// Fails unless nobody else has it any more, once the guest has collected its garbage.
    template <class T> void gone(const std::shared_ptr<T> &of) const {
        get<conformance_objects::Objects>().alive();
        if (of.use_count() != 1) throw Failed("there are " + std::to_string(of.use_count() - 1) + " owners left");
    }
};

// What the written cases use.

template <class T> T repeated(T part, size_t times) {
    T whole;
    whole.reserve(part.size() * times);
    for (size_t time = 0; time < times; time++) whole.insert(whole.end(), part.begin(), part.end());
    return whole;
}
/// A value that lives until the end.
template <class T> T &kept(T value) {
    static std::deque<T> all;
    return all.emplace_back(std::move(value));
}
inline float float_of(uint32_t bits) { return polyplug::wire::load<float>(&bits); }
inline double double_of(uint64_t bits) { return polyplug::wire::load<double>(&bits); }

// Comparisons, of floats bit for bit, but every NaN is alike.

template <class T, class = void> struct IsStruct : std::false_type {};
template <class T> struct IsStruct<T, std::void_t<typename polyplug::wire::Shape<T>::Fields>> : std::true_type {};
template <class T, class = void> struct IsEnum : std::false_type {};
template <class T> struct IsEnum<T, std::void_t<typename polyplug::wire::Shape<T>::Variants>> : std::true_type {};

template <class A, class B> bool equal(const A &a, const B &b);
template <class T> bool equal(const std::optional<T> &a, const std::optional<T> &b);
template <class T, class E> bool equal(const polyplug::Result<T, E> &a, const polyplug::Result<T, E> &b);
template <class... T> bool equal(const std::tuple<T...> &a, const std::tuple<T...> &b);
template <class A, class B> bool equal(const std::pair<A, B> &a, const std::pair<A, B> &b);
template <class T> bool equal(const polyplug::Box<T> &a, const polyplug::Box<T> &b);
template <class T> bool equal(const std::vector<T> &a, const std::vector<T> &b);
template <class T> bool equal(const polyplug::Span<const T> &a, const polyplug::Span<const T> &b);
template <class T> bool equal(const polyplug::Span<const T> &a, const std::vector<T> &b);
template <class T, size_t N> bool equal(const std::array<T, N> &a, const std::array<T, N> &b);
template <class K, class V> bool equal(const std::map<K, V> &a, const std::map<K, V> &b);
bool equal(const polyplug::Fault &a, const polyplug::Fault &b);

template <class T, class... F> bool equal_fields(const T &a, const T &b, const polyplug::wire::Members<T, F...> *) {
    return (equal(a.*F::member, b.*F::member) && ...);
}
template <class T, class... V> bool equal_variants(const T &a, const T &b, const polyplug::wire::OneOf<T, V...> *) {
    if (a.of.index() != b.of.index()) return false;
    return ([&] {
        using Fields = typename V::Fields;
        using Value = typename Fields::Value;
        if (!std::holds_alternative<Value>(a.of)) return true;
        return equal_fields(std::get<Value>(a.of), std::get<Value>(b.of), static_cast<const Fields *>(nullptr));
    }() && ...);
}
template <class A, class B> bool equal_runs(const A &a, const B &b) {
    if (a.size() != b.size()) return false;
    auto other = b.begin();
    for (auto one = a.begin(); one != a.end(); ++one, ++other) {
        if (!equal(*one, *other)) return false;
    }
    return true;
}
template <class T> bool equal(const std::optional<T> &a, const std::optional<T> &b) { return a.has_value() == b.has_value() && (!a || equal(*a, *b)); }
template <class T, class E> bool equal(const polyplug::Result<T, E> &a, const polyplug::Result<T, E> &b) {
    return a.ok() == b.ok() && (a.ok() ? equal(*a, *b) : equal(a.error(), b.error()));
}
template <class... T> bool equal(const std::tuple<T...> &a, const std::tuple<T...> &b) {
    return std::apply([&](const auto &...x) { return std::apply([&](const auto &...y) { return (equal(x, y) && ...); }, b); }, a);
}
template <class A, class B> bool equal(const std::pair<A, B> &a, const std::pair<A, B> &b) {
    return equal(a.first, b.first) && equal(a.second, b.second);
}
template <class T> bool equal(const polyplug::Box<T> &a, const polyplug::Box<T> &b) { return equal(*a, *b); }
template <class T> bool equal(const std::vector<T> &a, const std::vector<T> &b) { return equal_runs(a, b); }
template <class T> bool equal(const polyplug::Span<const T> &a, const polyplug::Span<const T> &b) { return equal_runs(a, b); }
template <class T> bool equal(const polyplug::Span<const T> &a, const std::vector<T> &b) { return equal_runs(a, b); }
template <class T, size_t N> bool equal(const std::array<T, N> &a, const std::array<T, N> &b) { return equal_runs(a, b); }
template <class K, class V> bool equal(const std::map<K, V> &a, const std::map<K, V> &b) { return equal_runs(a, b); }
inline bool equal(const polyplug::Fault &a, const polyplug::Fault &b) { return a.kind() == b.kind() && a.message() == b.message(); }
template <class A, class B> bool equal(const A &a, const B &b) {
    if constexpr (std::is_same_v<A, B> && IsStruct<A>::value) {
        return equal_fields(a, b, static_cast<const typename polyplug::wire::Shape<A>::Fields *>(nullptr));
    } else if constexpr (std::is_same_v<A, B> && IsEnum<A>::value) {
        return equal_variants(a, b, static_cast<const typename polyplug::wire::Shape<A>::Variants *>(nullptr));
    } else if constexpr (std::is_same_v<A, B> && std::is_floating_point_v<A>) {
        return (a != a && b != b) || std::memcmp(&a, &b, sizeof a) == 0;
    } else if constexpr (std::is_same_v<A, B> && std::is_pointer_v<A> && !std::is_same_v<A, const char *>) {
        return equal(*a, *b);
    } else {
        return a == b;
    }
}
template <class A, class B> void same(const char *what, const A &a, const B &b) {
    if (!equal(a, b)) throw Failed(std::string(what) + " is not the expected one");
}
#define SAME(a, b) same(#a, a, b)
#define HOLDS(condition)                                  \
    do {                                                  \
        if (!(condition)) throw Failed("not: " #condition); \
    } while (0)

/// A fault that stands in a result is thrown.
template <class T> void fault_in(T &&) {}
template <class T> void fault_in(polyplug::Result<T, polyplug::Fault> result) {
    if (!result.ok()) throw result.error();
}
template <class F, class K> polyplug::Fault faults(F run, K is_kind, std::string_view message) {
    try {
        run();
    } catch (const polyplug::Fault &fault) {
        if (!is_kind(fault.kind())) throw Failed("a fault of the kind " + fault.code() + ": " + fault.what());
        if (fault.message().find(message) == std::string_view::npos) throw Failed("the fault says: " + std::string(fault.what()));
        return fault;
    }
    throw Failed("no fault");
}
template <class F> polyplug::Fault faults(F run, std::string_view message) {
    return faults(run, [](uint32_t) { return true; }, message);
}

#endif
