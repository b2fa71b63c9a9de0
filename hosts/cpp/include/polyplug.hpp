// polyplug for hosts in C++17, on top of libpolyplug (`polyplug_host.h`): handles that release themselves, exceptions from errors
// and faults, and calls whose arguments are laid out as the contract says, which is learned from what is loaded.
//
//     polyplug::Runtime runtime;
//     runtime.load("libgreeter.so");
//     auto greeter = runtime.get("demo.greeter", 1);
//     std::string hello = greeter.call<std::string>("greet", "C++");
//
// Arguments: bool, numbers, text (std::string_view, std::string, const char *), std::vector of numbers, and polyplug::Value for
// anything. Results: void, bool, numbers, std::string, std::vector, std::optional, polyplug::Value. What does not fit what the
// contract says is a polyplug::TypeError, before the call for arguments. An `Err` is a polyplug::Refused, unless it is asked for as
// a polyplug::Value.

#ifndef POLYPLUG_HPP
#define POLYPLUG_HPP

#include "polyplug_host.h"

#include "polyplug_calls.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace polyplug {

inline std::string_view view(PolyplugSlice slice) {
    return {reinterpret_cast<const char *>(slice.ptr), slice.len};
}

namespace detail {
inline const uint8_t *bytes(std::string_view text) {
    // An empty view may have no address, which would be no text at all.
    return reinterpret_cast<const uint8_t *>(text.data() ? text.data() : "");
}

struct Release {
    void operator()(const void *handle) const noexcept { polyplug_release(const_cast<void *>(handle)); }
};

template <class T> using Handle = std::unique_ptr<T, Release>;
}  // namespace detail

// A type that does not fit what the contract says.
class TypeError : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

class Value;
using List = std::vector<Value>;
// Fields by name. A variant of an enum is a record with one field, its name, whose value is the record of what it carries.
using Record = std::vector<std::pair<std::string, Value>>;

// Any value that crosses, but objects. `std::monostate` is nothing: `()` and `None`.
class Value {
public:
    using Of = std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, List, Record>;
    Value() = default;
    template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0> Value(T number) {
        if constexpr (std::is_same_v<T, bool>) of = number;
        else if constexpr (std::is_floating_point_v<T>) of = static_cast<double>(number);
        else if constexpr (std::is_signed_v<T>) of = static_cast<int64_t>(number);
        else of = static_cast<uint64_t>(number);
    }
    Value(std::string text) : of(std::move(text)) {}
    Value(std::string_view text) : of(std::string(text)) {}
    Value(const char *text) : of(std::string(text)) {}
    Value(List list) : of(std::move(list)) {}
    Value(Record record) : of(std::move(record)) {}

    const std::string &text() const { return get<std::string>("text"); }
    const List &list() const { return get<List>("a list"); }
    bool is_nothing() const { return std::holds_alternative<std::monostate>(of); }
    // A field of a record.
    const Value &operator[](std::string_view name) const {
        for (const auto &field : get<Record>("a record"))
            if (field.first == name) return field.second;
        throw TypeError("there is no field `" + std::string(name) + "`");
    }
    // A number, or a bool, as one of this type; what does not fit into it is an error.
    template <class T> T as() const {
        if constexpr (std::is_same_v<T, bool>) {
            return get<bool>("a bool");
        } else if constexpr (std::is_floating_point_v<T>) {
            if (auto number = std::get_if<double>(&of)) return static_cast<T>(*number);
            if (auto number = std::get_if<int64_t>(&of)) return static_cast<T>(*number);
            return static_cast<T>(get<uint64_t>("a number"));
        } else if (auto negative = std::get_if<int64_t>(&of)) {
            bool fits = *negative < 0 ? std::is_signed_v<T> && *negative >= static_cast<int64_t>(std::numeric_limits<T>::min())
                                      : static_cast<uint64_t>(*negative) <= static_cast<uint64_t>(std::numeric_limits<T>::max());
            if (!fits) throw TypeError(std::to_string(*negative) + " does not fit");
            return static_cast<T>(*negative);
        } else {
            uint64_t number = get<uint64_t>("an integer");
            if (number > static_cast<uint64_t>(std::numeric_limits<T>::max()))
                throw TypeError(std::to_string(number) + " does not fit");
            return static_cast<T>(number);
        }
    }
    Of of;

private:
    template <class T> const T &get(const char *wanted) const {
        if (auto value = std::get_if<T>(&of)) return *value;
        throw TypeError(std::string(wanted) + " was expected");
    }
};

// An `Err` that a method returned.
class Refused : public std::runtime_error {
public:
    explicit Refused(const std::string &method, Value value)
        : std::runtime_error("`" + method + "` answered an error"), value(std::move(value)) {}
    Value value;
};

namespace detail {

// What arguments point to, for one call.
using Arena = std::deque<std::unique_ptr<uint64_t[]>>;

inline unsigned char *room(Arena &arena, size_t bytes) {
    arena.emplace_back(new uint64_t[bytes / 8 + 1]());
    return reinterpret_cast<unsigned char *>(arena.back().get());
}

[[noreturn]] inline void unfit(const PolyplugType &type) {
    throw TypeError("`" + std::string(view(type.text)) + "` is none of the types that this header knows how to pass");
}

template <class T> void put(void *place, T value) { std::memcpy(place, &value, sizeof value); }
template <class T> T take(const void *place) {
    T value;
    std::memcpy(&value, place, sizeof value);
    return value;
}

// Writes a number. `wide`: as it stands in a signature, in 32 bits at least.
inline bool put_scalar(const PolyplugType &type, const Value &value, unsigned char *place, bool wide) {
    switch (type.kind) {
    case POLYPLUG_TYPE_KIND_BOOL:
        wide ? put<uint32_t>(place, value.as<bool>()) : put<uint8_t>(place, value.as<bool>());
        return true;
    case POLYPLUG_TYPE_KIND_CHAR: put(place, value.as<uint32_t>()); return true;
    case POLYPLUG_TYPE_KIND_I8:
        wide ? put<int32_t>(place, value.as<int8_t>()) : put(place, value.as<int8_t>());
        return true;
    case POLYPLUG_TYPE_KIND_I16:
        wide ? put<int32_t>(place, value.as<int16_t>()) : put(place, value.as<int16_t>());
        return true;
    case POLYPLUG_TYPE_KIND_I32: put(place, value.as<int32_t>()); return true;
    case POLYPLUG_TYPE_KIND_I64:
    case POLYPLUG_TYPE_KIND_ISIZE: put(place, value.as<int64_t>()); return true;
    case POLYPLUG_TYPE_KIND_U8:
        wide ? put<uint32_t>(place, value.as<uint8_t>()) : put(place, value.as<uint8_t>());
        return true;
    case POLYPLUG_TYPE_KIND_U16:
        wide ? put<uint32_t>(place, value.as<uint16_t>()) : put(place, value.as<uint16_t>());
        return true;
    case POLYPLUG_TYPE_KIND_U32: put(place, value.as<uint32_t>()); return true;
    case POLYPLUG_TYPE_KIND_U64:
    case POLYPLUG_TYPE_KIND_USIZE: put(place, value.as<uint64_t>()); return true;
    case POLYPLUG_TYPE_KIND_F32: put(place, value.as<float>()); return true;
    case POLYPLUG_TYPE_KIND_F64: put(place, value.as<double>()); return true;
    default: return false;
    }
}

inline std::optional<Value> take_scalar(const PolyplugType &type, const unsigned char *place) {
    switch (type.kind) {
    case POLYPLUG_TYPE_KIND_UNIT: return Value();
    case POLYPLUG_TYPE_KIND_BOOL: return Value(take<uint8_t>(place) != 0);
    case POLYPLUG_TYPE_KIND_CHAR: return Value(take<uint32_t>(place));
    // The first bytes are those of the number, also where it stands in 32 bits: all systems here are little-endian.
    case POLYPLUG_TYPE_KIND_I8: return Value(take<int8_t>(place));
    case POLYPLUG_TYPE_KIND_I16: return Value(take<int16_t>(place));
    case POLYPLUG_TYPE_KIND_I32: return Value(take<int32_t>(place));
    case POLYPLUG_TYPE_KIND_I64:
    case POLYPLUG_TYPE_KIND_ISIZE: return Value(take<int64_t>(place));
    case POLYPLUG_TYPE_KIND_U8: return Value(take<uint8_t>(place));
    case POLYPLUG_TYPE_KIND_U16: return Value(take<uint16_t>(place));
    case POLYPLUG_TYPE_KIND_U32: return Value(take<uint32_t>(place));
    case POLYPLUG_TYPE_KIND_U64:
    case POLYPLUG_TYPE_KIND_USIZE: return Value(take<uint64_t>(place));
    case POLYPLUG_TYPE_KIND_F32: return Value(take<float>(place));
    case POLYPLUG_TYPE_KIND_F64: return Value(take<double>(place));
    default: return std::nullopt;
    }
}

// Writes a value: lent, into the arena of a call; or owned (`arena` null), for a result.
inline void write(const PolyplugType &type, const Value &value, unsigned char *place, Arena *arena) {
    if (put_scalar(type, value, place, false)) return;
    auto size = [&](const PolyplugType &part) { return arena ? part.lent_size : part.owned_size; };
    auto align = [&](const PolyplugType &part) { return arena ? part.lent_align : part.owned_align; };
    auto run = [&](const void *first, size_t count, size_t each) {
        if (arena) {
            put(place, PolyplugSlice{static_cast<const uint8_t *>(first), count});
        } else {
            PolyplugBuffer buffer;
            if (polyplug_buffer_new(first, count, each, &buffer) != POLYPLUG_OK) throw std::bad_alloc();
            put(place, buffer);
        }
    };
    switch (type.kind) {
    case POLYPLUG_TYPE_KIND_UNIT: return;
    case POLYPLUG_TYPE_KIND_STRING: run(value.text().data(), value.text().size(), 1); return;
    case POLYPLUG_TYPE_KIND_TEXT:
        if (!arena) unfit(type);
        run(value.text().data(), value.text().size(), 1);
        return;
    case POLYPLUG_TYPE_KIND_LIST:
    case POLYPLUG_TYPE_KIND_SET: {
        const PolyplugType &element = *type.elements[0];
        const List &list = value.list();
        Arena own;
        unsigned char *first = room(arena ? *arena : own, list.size() * size(element));
        for (size_t at = 0; at < list.size(); at++) write(element, list[at], first + at * size(element), arena);
        run(first, list.size(), size(element));
        return;
    }
    case POLYPLUG_TYPE_KIND_OPTION:
        put<uint32_t>(place, !value.is_nothing());
        if (!value.is_nothing()) write(*type.elements[0], value, place + std::max<size_t>(align(type), 4), arena);
        return;
    case POLYPLUG_TYPE_KIND_STRUCT:
        for (size_t at = 0; at < type.field_count; at++) {
            const PolyplugField &field = type.fields[at];
            write(*field.ty, value[view(field.name)], place + (arena ? field.lent_offset : field.owned_offset), arena);
        }
        return;
    case POLYPLUG_TYPE_KIND_TUPLE:
        if (value.list().size() != type.field_count) throw TypeError("a tuple of another length was expected");
        for (size_t at = 0; at < type.field_count; at++) {
            const PolyplugField &field = type.fields[at];
            write(*field.ty, value.list()[at], place + (arena ? field.lent_offset : field.owned_offset), arena);
        }
        return;
    default: unfit(type);
    }
}

inline Value fields(const PolyplugField *fields, size_t count, const unsigned char *place, bool lent);

// Reads a value. Nothing is released.
inline Value read(const PolyplugType &type, const unsigned char *place, bool lent) {
    if (auto scalar = take_scalar(type, place)) return *scalar;
    size_t align = std::max<size_t>(lent ? type.lent_align : type.owned_align, 4);
    switch (type.kind) {
    case POLYPLUG_TYPE_KIND_STRING:
    case POLYPLUG_TYPE_KIND_TEXT: return Value(std::string(view(take<PolyplugSlice>(place))));
    case POLYPLUG_TYPE_KIND_LIST:
    case POLYPLUG_TYPE_KIND_SET:
    case POLYPLUG_TYPE_KIND_MAP: {
        const PolyplugType &element = *type.elements[0];
        auto slice = take<PolyplugSlice>(place);
        List list;
        for (size_t at = 0; at < slice.len; at++)
            list.push_back(read(element, slice.ptr + at * (lent ? element.lent_size : element.owned_size), lent));
        return Value(std::move(list));
    }
    case POLYPLUG_TYPE_KIND_OPTION:
        return take<uint32_t>(place) ? read(*type.elements[0], place + align, lent) : Value();
    case POLYPLUG_TYPE_KIND_RESULT: {
        uint32_t tag = take<uint32_t>(place);
        return Value(Record{{tag ? "Err" : "Ok", read(*type.elements[tag], place + align, lent)}});
    }
    case POLYPLUG_TYPE_KIND_FAULT: {
        auto record = take<const PolyplugFaultRecord *>(place);
        return Value(std::string(view(record->message)));
    }
    case POLYPLUG_TYPE_KIND_TUPLE: {
        List list;
        for (size_t at = 0; at < type.field_count; at++) {
            const PolyplugField &field = type.fields[at];
            list.push_back(read(*field.ty, place + (lent ? field.lent_offset : field.owned_offset), lent));
        }
        return Value(std::move(list));
    }
    case POLYPLUG_TYPE_KIND_STRUCT: return fields(type.fields, type.field_count, place, lent);
    case POLYPLUG_TYPE_KIND_ENUM: {
        uint32_t tag = take<uint32_t>(place);
        for (size_t at = 0; at < type.variant_count; at++) {
            const PolyplugVariant &variant = type.variants[at];
            if (variant.tag == tag)
                return Value(Record{{std::string(view(variant.name)),
                                     fields(variant.fields, variant.field_count, place, lent)}});
        }
        unfit(type);
    }
    default: unfit(type);
    }
}

inline Value fields(const PolyplugField *fields, size_t count, const unsigned char *place, bool lent) {
    Record record;
    for (size_t at = 0; at < count; at++)
        record.emplace_back(view(fields[at].name),
                            read(*fields[at].ty, place + (lent ? fields[at].lent_offset : fields[at].owned_offset), lent));
    return Value(std::move(record));
}

// A value as a type of C++.
template <class T> struct As {
    static T from(const Value &value) { return value.as<T>(); }
};
template <> struct As<Value> {
    static Value from(const Value &value) { return value; }
};
template <> struct As<std::string> {
    static std::string from(const Value &value) { return value.text(); }
};
template <class T> struct As<std::vector<T>> {
    static std::vector<T> from(const Value &value) {
        std::vector<T> all;
        for (const Value &element : value.list()) all.push_back(As<T>::from(element));
        return all;
    }
};
template <class T> struct As<std::optional<T>> {
    static std::optional<T> from(const Value &value) {
        return value.is_nothing() ? std::nullopt : std::optional<T>(As<T>::from(value));
    }
};

// An argument into its place in a frame.
inline void pass(const PolyplugArgument &argument, const Value &value, unsigned char *place, Arena &arena) {
    const PolyplugType &type = *argument.ty;
    switch (argument.passing) {
    case POLYPLUG_PASSING_VALUE:
        if (put_scalar(type, value, place, true)) return;
        break;
    case POLYPLUG_PASSING_REFERENCE: break;
    case POLYPLUG_PASSING_SLICE: {
        const List &list = value.list();
        unsigned char *first = room(arena, list.size() * type.lent_size);
        for (size_t at = 0; at < list.size(); at++) write(type, list[at], first + at * type.lent_size, &arena);
        put(place, PolyplugSlice{first, list.size()});
        return;
    }
    default: throw TypeError("argument `" + std::string(view(argument.name)) + "` cannot be passed from here");
    }
    unsigned char *lent = room(arena, type.lent_size);
    write(type, value, lent, &arena);
    put<const void *>(place, lent);
}

// Text is passed as it lies.
template <class T>
void pass_any(const PolyplugArgument &argument, const T &value, unsigned char *place, Arena &arena) {
    if (argument.passing == POLYPLUG_PASSING_TEXT) {
        if constexpr (std::is_convertible_v<const T &, std::string_view>) {
            std::string_view text = value;
            put(place, PolyplugSlice{bytes(text), text.size()});
        } else if constexpr (std::is_same_v<T, Value>) {
            put(place, PolyplugSlice{bytes(value.text()), value.text().size()});
        } else {
            throw TypeError("argument `" + std::string(view(argument.name)) + "` is a text");
        }
    } else if constexpr (std::is_same_v<T, Value> || std::is_arithmetic_v<T>) {
        pass(argument, Value(value), place, arena);
    } else if constexpr (std::is_convertible_v<const T &, std::string_view>) {
        pass(argument, Value(std::string_view(value)), place, arena);
    } else {
        List list;
        for (const auto &element : value) list.emplace_back(element);
        pass(argument, Value(std::move(list)), place, arena);
    }
}

inline void check(PolyplugError *error) {
    if (!error) return;
    Handle<PolyplugError> held(error);
    throw Error(std::string(view(error->code)), std::string(view(error->text)));
}

}  // namespace detail

// A contract, as it was learned from what is loaded. Copies are cheap, and are one.
class Contract {
public:
    explicit Contract(PolyplugContract *contract) : contract_(contract, detail::Release()) {}
    const PolyplugContract *operator->() const noexcept { return contract_.get(); }
    const PolyplugContract *get() const noexcept { return contract_.get(); }
    const PolyplugMethod &method(std::string_view name) const {
        for (size_t at = 0; at < contract_->method_count; at++)
            if (view(contract_->methods[at].name) == name) return contract_->methods[at];
        throw TypeError("`" + std::string(view(contract_->id)) + "` has no method `" + std::string(name) + "`");
    }

private:
    std::shared_ptr<PolyplugContract> contract_;
};

// What is called: a caller, a pinned handle or an instance.
template <class T> class Callable {
public:
    Callable(Contract contract, T *handle) : contract_(std::move(contract)), handle_(handle) {}

    // Calls a method by its name.
    template <class R = Value, class... Arguments> R call(std::string_view name, const Arguments &...arguments) const {
        return call<R>(contract_.method(name), arguments...);
    }

    // Calls a method of this contract that was looked up before.
    template <class R = Value, class... Arguments>
    R call(const PolyplugMethod &method, const Arguments &...arguments) const {
        if (method.argument_count != sizeof...(Arguments))
            throw TypeError("`" + std::string(view(method.signature)) + "` takes " +
                            std::to_string(method.argument_count) + " arguments");
        detail::Arena arena;
        unsigned char *frame = detail::room(arena, method.frame_size);
        [[maybe_unused]] size_t at = 0;
        (
            [&] {
                const PolyplugArgument &argument = method.arguments[at++];
                detail::pass_any(argument, arguments, frame + argument.frame_offset, arena);
            }(),
            ...);
        const PolyplugType &type = *method.result;
        unsigned char *out = detail::room(arena, std::max<size_t>(type.owned_size, 8));
        PolyplugFaultRecord *fault = nullptr;
        if (polyplug_call(handle_.get(), method.number, frame, out, &fault) != POLYPLUG_OK) throw Fault(fault);
        struct Result {
            const PolyplugType &type;
            void *out;
            ~Result() { polyplug_value_release(&type, out); }
        } result{type, out};
        if constexpr (std::is_void_v<R>) {
            if (type.kind == POLYPLUG_TYPE_KIND_RESULT && detail::take<uint32_t>(out))
                throw Refused(std::string(view(method.name)), detail::read(type, out, false)["Err"]);
        } else {
            Value value = detail::read(type, out, false);
            if constexpr (!std::is_same_v<R, Value>) {
                if (type.kind == POLYPLUG_TYPE_KIND_RESULT) {
                    if (detail::take<uint32_t>(out)) throw Refused(std::string(view(method.name)), value["Err"]);
                    return detail::As<R>::from(value["Ok"]);
                }
            }
            return detail::As<R>::from(value);
        }
    }

    // The name of the plugin. Lives as long as this handle.
    std::string_view plugin() const {
        PolyplugSlice name{};
        PolyplugError *error = nullptr;
        polyplug_plugin(handle_.get(), &name, &error);
        detail::check(error);
        return view(name);
    }

    const Contract &contract() const noexcept { return contract_; }
    T *get() const noexcept { return handle_.get(); }

private:
    Contract contract_;
    detail::Handle<T> handle_;
};

using Pinned = Callable<PolyplugPinned>;
using Instance = Callable<PolyplugInstance>;

// Follows a plugin over its reloads.
class Caller : public Callable<PolyplugCaller> {
public:
    using Callable::Callable;
    // Holds the plugin still.
    Pinned pin() const {
        PolyplugError *error = nullptr;
        PolyplugPinned *pinned = polyplug_caller_pin(get(), &error);
        detail::check(error);
        return Pinned(contract(), pinned);
    }
};

// What was done.
struct Report {
    std::string code, text;
};

// What a plugin says of itself. What it does not say is empty.
struct Plugin {
    std::string name, version, description, license, repository;
    // `id major.minor`
    std::vector<std::string> contracts;
};

// What a load returns. Unloads nothing when it goes.
class Module {
public:
    explicit Module(PolyplugModule *module) : module_(module) {}
    Report reload() const { return report(polyplug_module_reload, POLYPLUG_NO_WAIT); }
    // Waits at most as many milliseconds for the end of it.
    Report unload(uint64_t milliseconds = POLYPLUG_NO_WAIT) const { return report(polyplug_module_unload, milliseconds); }
    // The plugins of it, with what they say of themselves.
    std::vector<Plugin> described() const {
        PolyplugError *error = nullptr;
        detail::Handle<PolyplugPlugins> plugins(polyplug_module_plugins(module_.get(), &error));
        detail::check(error);
        std::vector<Plugin> all;
        for (size_t at = 0; at < plugins->count; at++) {
            const PolyplugPlugin &plugin = plugins->items[at];
            Plugin one{std::string(view(plugin.name)), std::string(view(plugin.version)), std::string(view(plugin.description)),
                       std::string(view(plugin.license)), std::string(view(plugin.repository)), {}};
            for (size_t contract = 0; contract < plugin.contract_count; contract++)
                one.contracts.emplace_back(view(plugin.contracts[contract]));
            all.push_back(std::move(one));
        }
        return all;
    }
    std::vector<std::string> plugins() const {
        PolyplugError *error = nullptr;
        detail::Handle<PolyplugPlugins> plugins(polyplug_module_plugins(module_.get(), &error));
        detail::check(error);
        std::vector<std::string> names;
        for (size_t at = 0; at < plugins->count; at++) names.emplace_back(view(plugins->items[at].name));
        return names;
    }

private:
    template <class F> Report report(F function, uint64_t milliseconds) const {
        PolyplugError *error = nullptr;
        detail::Handle<PolyplugReport> report(function(module_.get(), milliseconds, &error));
        detail::check(error);
        return {std::string(view(report->code)), std::string(view(report->text))};
    }
    detail::Handle<PolyplugModule> module_;
};

// Answers calls of plugins. May throw: that is a fault in the caller. Called on any thread.
using Provider = std::function<Value(std::string_view method, const List &arguments)>;

namespace detail {
inline Value argument(const PolyplugArgument &argument, const unsigned char *place) {
    const PolyplugType &type = *argument.ty;
    switch (argument.passing) {
    case POLYPLUG_PASSING_TEXT: return Value(std::string(view(take<PolyplugSlice>(place))));
    case POLYPLUG_PASSING_SLICE: {
        auto slice = take<PolyplugSlice>(place);
        List list;
        for (size_t at = 0; at < slice.len; at++) list.push_back(read(type, slice.ptr + at * type.lent_size, true));
        return Value(std::move(list));
    }
    case POLYPLUG_PASSING_VALUE:
        if (auto scalar = take_scalar(type, place)) return *scalar;
        return read(type, take<const unsigned char *>(place), true);
    case POLYPLUG_PASSING_REFERENCE: return read(type, take<const unsigned char *>(place), true);
    default: unfit(type);
    }
}

inline int32_t provided(void *user, const PolyplugContract *contract, uint32_t number, const void *frame, void *out,
                        PolyplugFaultRecord **fault) noexcept {
    const PolyplugMethod &method = contract->methods[number];
    auto threw = [&](const char *what) {
        *fault = polyplug_fault_new(POLYPLUG_FAULT_KIND_THREW, bytes(what), std::strlen(what), nullptr, 0);
        return POLYPLUG_FAILED;
    };
    try {
        List arguments;
        for (size_t at = 0; at < method.argument_count; at++)
            arguments.push_back(argument(method.arguments[at],
                                         static_cast<const unsigned char *>(frame) + method.arguments[at].frame_offset));
        Value answer = (*static_cast<Provider *>(user))(view(method.name), arguments);
        const PolyplugType &type = *method.result;
        if (!put_scalar(type, answer, static_cast<unsigned char *>(out), true))
            write(type, answer, static_cast<unsigned char *>(out), nullptr);
        return POLYPLUG_OK;
    } catch (const Fault &thrown) {
        *fault = thrown.share();
        return POLYPLUG_FAILED;
    } catch (const std::exception &error) {
        return threw(error.what());
    } catch (...) {
        return threw("threw something that is no std::exception");
    }
}

inline void destroy(void *user) noexcept { delete static_cast<Provider *>(user); }
}  // namespace detail

class Following;
template <class H> class Holding;

// Where plugins are loaded and found.
class Runtime {
public:
    Runtime() : runtime_(polyplug_runtime_new()) {
        if (!runtime_) throw std::bad_alloc();
    }
    Module load(std::string_view path) const {
        PolyplugError *error = nullptr;
        PolyplugModule *module = polyplug_runtime_load(get(), detail::bytes(path), path.size(), &error);
        detail::check(error);
        return Module(module);
    }
    Contract contract(std::string_view id, uint32_t major) const {
        PolyplugError *error = nullptr;
        PolyplugContract *contract = polyplug_runtime_contract(get(), detail::bytes(id), id.size(), major, &error);
        detail::check(error);
        return Contract(contract);
    }
    // A caller of that plugin, or of the first that offers the contract.
    Caller get(std::string_view id, uint32_t major, std::optional<std::string_view> plugin = std::nullopt) const {
        return made<Caller>(polyplug_runtime_get, contract(id, major), plugin);
    }
    // An instance, made by that plugin, or by the first that offers the contract.
    Instance create(std::string_view id, uint32_t major, std::optional<std::string_view> plugin = std::nullopt) const {
        return made<Instance>(polyplug_runtime_create, contract(id, major), plugin);
    }
    // The names of the plugins that offer a contract, in load order.
    std::vector<std::string> providers(const Contract &contract) const {
        PolyplugError *error = nullptr;
        detail::Handle<PolyplugList> list(polyplug_runtime_providers(get(), contract.get(), &error));
        detail::check(error);
        std::vector<std::string> names;
        for (size_t at = 0; at < list->count; at++) names.emplace_back(view(list->items[at]));
        return names;
    }
    // Provides a contract that something loaded describes.
    Module provide(const Contract &contract, Provider provider, std::string_view name = "host") const {
        auto owned = std::make_unique<Provider>(std::move(provider));
        PolyplugError *error = nullptr;
        PolyplugModule *module =
            polyplug_runtime_provide(get(), contract.get(), detail::bytes(name), name.size(), detail::provided,
                                     owned.get(), detail::destroy, &error);
        detail::check(error);
        (void)owned.release();
        return Module(module);
    }
    // The same for a contract that the host is compiled with; see `polyplug_typed.hpp`.
    template <class C> typename Described<C>::template Remote<Following> get(std::optional<std::string_view> plugin = std::nullopt) const;
    template <class C>
    typename Described<C>::template Remote<Holding<PolyplugInstance>> create(std::optional<std::string_view> plugin = std::nullopt) const;
    // Provides a contract with an object of any class that has its methods. No module need describe it.
    template <class C, class T> Module provide(std::unique_ptr<T> value, std::string_view name = "host") const;
    template <class C> static Contract described();

    // Configures a plugin, before it is loaded or reloaded, with JSON text.
    void configure(std::string_view plugin, std::string_view json) const {
        PolyplugError *error = nullptr;
        polyplug_runtime_configure(get(), detail::bytes(plugin), plugin.size(), detail::bytes(json), json.size(), &error);
        detail::check(error);
    }
    PolyplugRuntime *get() const noexcept { return runtime_.get(); }

private:
    template <class T, class F> T made(F function, Contract contract, std::optional<std::string_view> plugin) const {
        PolyplugError *error = nullptr;
        auto handle = function(get(), contract.get(), plugin ? detail::bytes(*plugin) : nullptr,
                               plugin ? plugin->size() : 0, &error);
        detail::check(error);
        return T(std::move(contract), handle);
    }
    detail::Handle<PolyplugRuntime> runtime_;
};

}  // namespace polyplug

#include "polyplug_typed.hpp"

#endif  // POLYPLUG_HPP
