// The types of C++17 that stand for those of a contract which the standard library has no type for. For plugins and for hosts.
#ifndef POLYPLUG_TYPES_HPP
#define POLYPLUG_TYPES_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace polyplug {

/// A run of values that is lent.
template <class T> class Span {
public:
    Span() : first_(nullptr), size_(0) {}
    Span(T *first, size_t size) : first_(first), size_(size) {}
    /// Of anything that has `data()` and `size()`, which lives as long as it is used.
    template <class C, class = decltype(static_cast<T *>(std::declval<C &>().data()))>
    Span(C &&values) : first_(values.data()), size_(values.size()) {}
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

/// `Box<T>`: a value of its own, elsewhere. A copy has a copy of it; it is empty only when it was moved from.
template <class T> class Box {
public:
    Box() : value_(std::make_unique<T>()) {}
    Box(T value) : value_(std::make_unique<T>(std::move(value))) {}
    Box(const Box &other) : value_(std::make_unique<T>(*other)) {}
    Box(Box &&) noexcept = default;
    Box &operator=(const Box &other) { return *this = Box(other); }
    Box &operator=(Box &&) noexcept = default;
    T &operator*() { return *value_; }
    const T &operator*() const { return *value_; }
    T *operator->() { return value_.get(); }
    const T *operator->() const { return value_.get(); }
    bool operator==(const Box &other) const { return **this == *other; }
    bool operator!=(const Box &other) const { return !(*this == other); }
    bool operator<(const Box &other) const { return **this < *other; }

private:
    std::unique_ptr<T> value_;
};

/// The error of a `Result`: `return polyplug::Err{"no"};`.
template <class E> struct Err {
    E error;
};
template <class E> Err(E) -> Err<E>;

/// What `Result::value` throws when there is an error.
template <class E> class Failed : public std::runtime_error {
public:
    explicit Failed(E error) : std::runtime_error("a result is an error"), error(std::move(error)) {}
    E error;
};

/// `Result<T, E>`; of `()`, `std::monostate`.
template <class T, class E> class Result {
public:
    Result() : of_(std::in_place_index<0>) {}
    Result(T value) : of_(std::in_place_index<0>, std::move(value)) {}
    template <class F> Result(Err<F> error) : of_(std::in_place_index<1>, std::move(error.error)) {}
    bool ok() const { return of_.index() == 0; }
    explicit operator bool() const { return ok(); }
    /// The value; an error is thrown as a `Failed<E>`.
    T &value() {
        if (!ok()) throw Failed<E>(error());
        return **this;
    }
    T &operator*() { return std::get<0>(of_); }
    const T &operator*() const { return std::get<0>(of_); }
    T *operator->() { return &**this; }
    E &error() { return std::get<1>(of_); }
    const E &error() const { return std::get<1>(of_); }
    bool operator==(const Result &other) const { return of_ == other.of_; }
    bool operator!=(const Result &other) const { return !(*this == other); }

private:
    std::variant<T, E> of_;
};

/// `u128`, in two halves.
struct U128 {
    uint64_t low, high;
    bool operator==(const U128 &other) const { return low == other.low && high == other.high; }
    bool operator<(const U128 &other) const { return high != other.high ? high < other.high : low < other.low; }
};

/// `i128`, two's complement in two halves.
struct I128 {
    uint64_t low, high;
    bool operator==(const I128 &other) const { return low == other.low && high == other.high; }
    bool operator<(const I128 &other) const {
        return high != other.high ? static_cast<int64_t>(high) < static_cast<int64_t>(other.high) : low < other.low;
    }
};

/// `std::time::Duration`, which is longer than that of C++ can be.
struct Duration {
    uint64_t secs;
    /// Fewer than 1,000,000,000.
    uint32_t nanos;
    /// As one of C++; what does not fit into it wraps.
    std::chrono::nanoseconds chrono() const {
        return std::chrono::nanoseconds(static_cast<int64_t>(secs * 1'000'000'000 + nanos));
    }
    bool operator==(const Duration &other) const { return secs == other.secs && nanos == other.nanos; }
    bool operator<(const Duration &other) const { return secs != other.secs ? secs < other.secs : nanos < other.nanos; }
};

/// `std::time::SystemTime`: since 1970. The nanoseconds count forwards.
struct Time {
    int64_t secs;
    /// Fewer than 1,000,000,000.
    uint32_t nanos;
    bool operator==(const Time &other) const { return secs == other.secs && nanos == other.nanos; }
    bool operator<(const Time &other) const { return secs != other.secs ? secs < other.secs : nanos < other.nanos; }
};

/// `&Path`: the native text of a path, which is lent.
using PathView = std::basic_string_view<std::filesystem::path::value_type>;

}  // namespace polyplug

#endif
