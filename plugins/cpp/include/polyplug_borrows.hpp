// Whether a result that borrows lies in an argument, where the callee is no Rust. For plugins and for hosts.
#ifndef POLYPLUG_BORROWS_HPP
#define POLYPLUG_BORROWS_HPP

#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "polyplug_plugin.h"
#include "polyplug_types.hpp"

namespace polyplug::wire {

/// What crossed uncopied, in bytes.
using Regions = std::vector<PolyplugSlice>;

inline bool lies_in(const void *place, size_t bytes, const Regions &regions) {
    const auto at = reinterpret_cast<uintptr_t>(place);
    if (!bytes) return true;
    for (const PolyplugSlice &region : regions) {
        const auto start = reinterpret_cast<uintptr_t>(region.ptr);
        if (at >= start && bytes <= region.len && at - start <= region.len - bytes) return true;
    }
    return false;
}

/// What a value lends lies in the regions. What owns all that it holds does.
template <class T> struct Lies {
    static bool in(const T &, const Regions &) { return true; }
};
template <class C> struct Lies<std::basic_string_view<C>> {
    static bool in(std::basic_string_view<C> value, const Regions &regions) {
        return lies_in(value.data(), value.size() * sizeof(C), regions);
    }
};
template <class T> struct Lies<Span<const T>> {
    static bool in(const Span<const T> &value, const Regions &regions) {
        return lies_in(value.data(), value.size() * sizeof(T), regions);
    }
};
template <class T> struct Lies<const T *> {
    static bool in(const T *value, const Regions &regions) { return lies_in(value, sizeof(T), regions); }
};
template <class T> struct Lies<std::optional<T>> {
    static bool in(const std::optional<T> &value, const Regions &regions) { return !value || Lies<T>::in(*value, regions); }
};
template <class T> struct Lies<std::vector<T>> {
    static bool in(const std::vector<T> &values, const Regions &regions) {
        for (const auto &value : values) {
            if (!Lies<T>::in(value, regions)) return false;
        }
        return true;
    }
};
template <class K, class V> struct Lies<std::map<K, V>> {
    static bool in(const std::map<K, V> &values, const Regions &regions) {
        for (const auto &[key, value] : values) {
            if (!Lies<K>::in(key, regions) || !Lies<V>::in(value, regions)) return false;
        }
        return true;
    }
};
template <class... T> struct Lies<std::tuple<T...>> {
    static bool in(const std::tuple<T...> &values, const Regions &regions) {
        return std::apply([&](const T &...value) { return (Lies<T>::in(value, regions) && ...); }, values);
    }
};
template <class T, class E> struct Lies<Result<T, E>> {
    static bool in(const Result<T, E> &value, const Regions &regions) {
        return value.ok() ? Lies<T>::in(*value, regions) : Lies<E>::in(value.error(), regions);
    }
};

}  // namespace polyplug::wire

#endif
