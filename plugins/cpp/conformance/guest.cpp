// The conformance guest in C++. `plugins/fixtures/conformance/README.md` says what it answers.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <mutex>
#include <thread>

#include "conformance_borrows.hpp"
#include "conformance_closures.hpp"
#include "conformance_desk.hpp"
#include "conformance_growing.hpp"
#include "conformance_life.hpp"
#include "conformance_objects.hpp"
#include "conformance_peer.hpp"
#include "conformance_shelf.hpp"
#include "conformance_values.hpp"
#include "polyplug_plugin.hpp"

#include "../../c/conformance/lies.h"
#include "objects.hpp"

namespace {

using namespace conformance_values;
using conformance_growing::Options;
using conformance_growing::Step;

static void put(std::string &text, char32_t letter) {
    if (letter < 0x80) {
        text += static_cast<char>(letter);
        return;
    }
    const int more = letter < 0x800 ? 1 : letter < 0x10000 ? 2 : 3;
    text += static_cast<char>(((0xFF00 >> (more + 1)) & 0xFF) | (letter >> (6 * more)));
    for (int at = more - 1; at >= 0; at--) text += static_cast<char>(0x80 | ((letter >> (6 * at)) & 0x3F));
}

template <class T> static T reversed(T values) {
    std::reverse(values.begin(), values.end());
    return values;
}

template <class T> static std::string joined(const T &texts, std::string_view with) {
    std::string all;
    for (const auto &text : texts) {
        if (&text != &*texts.begin()) all += with;
        all += text;
    }
    return all;
}

static void fail_deeper(std::string_view message) { throw polyplug::Fault(POLYPLUG_FAULT_KIND_THREW, message); }

class Guest {
public:
    explicit Guest(const polyplug::Context &context) : context_(context) {}
    Guest(const polyplug::Context &context, std::string_view saved) : context_(context), count_(std::stoull(std::string(saved))) {}
    std::string save() const { return std::to_string(count_); }

    // Values.

    int8_t same_i8(int8_t value) { return value; }
    int16_t same_i16(int16_t value) { return value; }
    int32_t same_i32(int32_t value) { return value; }
    int64_t same_i64(int64_t value) { return value; }
    polyplug::I128 same_i128(polyplug::I128 value) { return value; }
    intptr_t same_isize(intptr_t value) { return value; }
    uint8_t same_u8(uint8_t value) { return value; }
    uint16_t same_u16(uint16_t value) { return value; }
    uint32_t same_u32(uint32_t value) { return value; }
    uint64_t same_u64(uint64_t value) { return value; }
    polyplug::U128 same_u128(polyplug::U128 value) { return value; }
    size_t same_usize(size_t value) { return value; }
    float same_f32(float value) { return value; }
    double same_f64(double value) { return value; }
    void nothing() {}
    std::string same_text(std::string_view text) { return std::string(text); }
    std::vector<int64_t> same_list(std::vector<int64_t> values) { return values; }
    std::vector<double> same_floats(polyplug::Span<const double> values) { return { values.begin(), values.end() }; }
    std::array<uint16_t, 3> rotate(std::array<uint16_t, 3> values) { return { values[1], values[2], values[0] }; }
    std::array<std::string, 2> exchange(std::array<std::string, 2> values) { return { values[1], values[0] }; }
    std::tuple<std::string, uint8_t> swap(std::tuple<uint8_t, std::string> pair) { return { std::get<1>(pair), std::get<0>(pair) }; }
    polyplug::Box<std::string> boxed(polyplug::Box<uint64_t> value) { return std::to_string(*value); }
    std::vector<polyplug::Result<uint8_t, std::string>> same_results(std::vector<polyplug::Result<uint8_t, std::string>> values) { return values; }
    Point mirror(Point point) { return { point.y, point.x }; }
    Mark toggle(Mark mark) { return { mark.at + 1, !mark.set }; }
    Id next_id(Id id) { return { id._0 + 1, static_cast<uint16_t>(id._1 + 1) }; }
    Everything everything(Everything value) { return value; }
    polyplug::Fault forward(polyplug::Fault fault) { return fault; }
    uint32_t answer() { return 42; }

    bool not_(bool value) { return !value; }
    char32_t next_char(char32_t value) { return value == 0xD7FF ? 0xE000 : value == 0x10FFFF ? 0 : value + 1; }

    std::string name_float(double value) {
        if (std::isnan(value)) return "nan";
        if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
        if (value == 0) return std::signbit(value) ? "-0" : "0";
        return "finite";
    }


    std::string describe(bool yes, char32_t letter, int8_t int8, int16_t int16, int32_t int32, int64_t int64, uint8_t uint8,
        uint16_t uint16, uint32_t uint32, uint64_t uint64) {
        std::string text = yes ? "true " : "false ";
        put(text, letter);
        for (int64_t number : { int64_t(int8), int64_t(int16), int64_t(int32), int64 }) text += " " + std::to_string(number);
        for (uint64_t number : { uint64_t(uint8), uint64_t(uint16), uint64_t(uint32), uint64 }) text += " " + std::to_string(number);
        return text;
    }

    uint64_t eight(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
        return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
    }
    double mixed(uint8_t a, float b, int16_t c, double d) { return a + double(b) + c + d; }

    std::string owned_text(std::string_view text) { return std::string(text) + "!"; }
    std::string cow(std::string_view text) { return std::string(text) + "?"; }
    std::tuple<uint64_t, uint64_t> measure(std::string_view text) {
        const auto letters = std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; });
        return { text.size(), static_cast<uint64_t>(letters) };
    }
    std::string repeat(std::string_view text, uint32_t times) {
        std::string all;
        all.reserve(text.size() * times);
        for (uint32_t time = 0; time < times; time++) all += text;
        return all;
    }
    std::optional<std::string> optional_text(std::optional<std::string_view> text) {
        if (!text) return std::nullopt;
        return "<" + std::string(*text) + ">";
    }


    std::vector<uint8_t> reverse_bytes(polyplug::Span<const uint8_t> bytes) {
        return reversed(std::vector<uint8_t>(bytes.begin(), bytes.end()));
    }
    std::vector<uint8_t> fill(uint8_t byte, uint32_t count) { return std::vector<uint8_t>(count, byte); }
    uint64_t sum(polyplug::Span<const uint32_t> values) {
        uint64_t sum = 0;
        for (uint32_t value : values) sum += value;
        return sum;
    }
    std::vector<bool> not_all(std::vector<bool> values) {
        values.flip();
        return values;
    }
    std::string spell(std::vector<char32_t> letters) {
        std::string text;
        for (char32_t letter : letters) put(text, letter);
        return text;
    }
    std::vector<std::string> reverse_texts(std::vector<std::string> texts) { return reversed(std::move(texts)); }
    std::string join(const std::vector<std::string> &texts, std::string_view with) { return joined(texts, with); }
    std::string join_borrowed(const std::vector<std::string_view> &texts) { return joined(texts, ","); }
    std::vector<std::vector<std::string>> reverse_lists(std::vector<std::vector<std::string>> lists) { return reversed(std::move(lists)); }
    std::vector<Point> reverse_points(polyplug::Span<const Point> points) {
        return reversed(std::vector<Point>(points.begin(), points.end()));
    }
    uint64_t deep(std::vector<std::optional<std::tuple<std::string_view, polyplug::Span<const uint16_t>, uint8_t>>> parts) {
        uint64_t sum = 0;
        for (const auto &part : parts) {
            if (part) sum += std::get<0>(*part).size() + std::get<1>(*part).size() + std::get<2>(*part);
        }
        return sum;
    }

    std::optional<uint32_t> half(std::optional<uint32_t> value) {
        return value && *value % 2 == 0 ? std::optional(*value / 2) : std::nullopt;
    }
    std::optional<std::optional<std::string>> maybe(std::optional<std::optional<std::string>> value) {
        if (value && *value) **value = "<" + **value + ">";
        return value;
    }
    polyplug::Result<int64_t, Problem> divide(int64_t a, int64_t b) {
        if (b == 0) return polyplug::Err{ Problem{ Problem::Refused{ "by zero", -1 } } };
        return a / b;
    }
    polyplug::Result<int32_t, std::string> parse(std::string_view text) {
        const std::string copy(text);
        char *end = nullptr;
        errno = 0;
        const long value = std::strtol(copy.c_str(), &end, 10);
        const bool is_number = !copy.empty() && end == copy.c_str() + copy.size() && !std::isspace(static_cast<unsigned char>(copy[0]));
        if (!is_number || errno || value < INT32_MIN || value > INT32_MAX) return polyplug::Err{ "no number: " + copy };
        return static_cast<int32_t>(value);
    }
    std::string settle(polyplug::Result<uint8_t, std::string> value) {
        return value ? "ok " + std::to_string(*value) : "err " + value.error();
    }

    std::map<int32_t, std::string> invert(std::map<std::string, int32_t> map) {
        std::map<int32_t, std::string> inverted;
        for (const auto &[key, value] : map) inverted[value] = key;
        return inverted;
    }
    std::map<std::string, uint64_t> lengths(std::map<std::string, std::string_view> map) {
        std::map<std::string, uint64_t> lengths;
        for (const auto &[key, text] : map) lengths[key] = text.size();
        return lengths;
    }
    std::map<std::string, std::vector<int32_t>> collect(const std::map<int32_t, std::string> &map) {
        std::map<std::string, std::vector<int32_t>> collected;
        for (const auto &[key, text] : map) collected[text].push_back(key);
        return collected;
    }
    std::tuple<std::set<char32_t>, std::set<std::string>> sets(std::set<char32_t> hash, std::set<std::string> tree) {
        return { std::move(hash), std::move(tree) };
    }
    std::tuple<polyplug::Time, polyplug::Duration> times(polyplug::Time time, polyplug::Duration length) {
        const uint32_t later = time.nanos + length.nanos, twice = 2 * length.nanos;
        return { polyplug::Time{ time.secs + static_cast<int64_t>(length.secs) + later / 1'000'000'000, later % 1'000'000'000 },
            polyplug::Duration{ 2 * length.secs + twice / 1'000'000'000, twice % 1'000'000'000 } };
    }
    std::filesystem::path path(polyplug::PathView folder, std::filesystem::path file) { return std::filesystem::path(folder) / file; }

    double distance(const Point &point) { return std::hypot(point.x, point.y); }
    Colour next_colour(Colour colour) { return static_cast<Colour>((static_cast<uint32_t>(colour) + 1) % 3); }
    Shape grow(Shape shape) {
        if (std::holds_alternative<Shape::Empty>(shape.of)) return { Shape::Circle{ Point{}, 1 } };
        if (auto *circle = std::get_if<Shape::Circle>(&shape.of)) circle->_1 *= 2;
        if (auto *label = std::get_if<Shape::Label>(&shape.of)) {
            label->text += label->text;
            label->size++;
        }
        return shape;
    }
    uint16_t styles(uint16_t style, polyplug::Span<const uint16_t> more) {
        for (uint16_t bits : more) style |= bits;
        return style;
    }
    uint32_t count(const Tree &tree) {
        uint32_t sum = 1;
        for (const Tree &child : tree.children) sum += count(child);
        return tree.next ? sum + count(**tree.next) : sum;
    }
    Tree rename(Tree tree, std::string_view title) {
        tree.title = title;
        return tree;
    }
    uint32_t references(std::optional<const Mark *> mark, std::optional<std::string> text,
        const std::vector<std::optional<const Mark *>> &marks) {
        uint32_t sum = (mark ? (*mark)->at : 0) + (text ? static_cast<uint32_t>(text->size()) : 0);
        for (const auto &more : marks) sum += more ? (*more)->at : 0;
        return sum;
    }

    void scale(polyplug::Span<Point> points, double by) {
        for (Point &point : points) point.x *= by, point.y *= by;
    }
    void reverse(polyplug::Span<uint8_t> bytes) { std::reverse(bytes.begin(), bytes.end()); }
    uint64_t append(std::string &text, std::vector<std::optional<std::string>> &list) {
        text += " and more";
        list.push_back(text);
        list.push_back(std::nullopt);
        return list.size();
    }
    polyplug::Result<std::monostate, polyplug::Fault> append_and_fail(std::string &text, std::vector<std::string> &list) {
        text += " and more";
        list.clear();
        throw std::runtime_error("changed, and then failed");
    }

    // What borrows.

    std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }
    std::vector<std::string_view> words(std::string_view text) {
        std::vector<std::string_view> words;
        for (size_t at = 0; (at = text.find_first_not_of(' ', at)) != text.npos;) {
            const size_t end = std::min(text.find(' ', at), text.size());
            words.push_back(text.substr(at, end - at));
            at = end;
        }
        return words;
    }
    std::optional<std::tuple<std::string_view, std::string_view>> split(std::string_view text) {
        const size_t at = text.find('=');
        if (at == text.npos) return std::nullopt;
        return std::tuple(text.substr(0, at), text.substr(at + 1));
    }
    polyplug::Span<const uint32_t> longer(polyplug::Span<const uint32_t> one, polyplug::Span<const uint32_t> other) {
        return other.size() > one.size() ? other : one;
    }
    polyplug::Result<const conformance_borrows::Mark *, std::string> pick(polyplug::Span<const conformance_borrows::Mark> marks, uint32_t at) {
        if (at >= marks.size()) return polyplug::Err{ "no mark " + std::to_string(at) };
        return &marks[at];
    }

    // What grows.

    Options widen(Options options) {
        options.name += "!";
        options.width++;
        options.depth++;
        return options;
    }
    Step step(Step step) {
        if (std::holds_alternative<Step::Rest>(step.of)) return { Step::Walk{ 1 } };
        if (auto *walk = std::get_if<Step::Walk>(&step.of)) walk->_0++;
        if (auto *say = std::get_if<Step::Say>(&step.of)) say->words += "!";
        return step;
    }
    std::vector<Step> reverse_steps(std::vector<Step> steps) { return reversed(std::move(steps)); }

    // Life.

    uint64_t count() { return ++count_; }
    uint64_t add(uint64_t a, uint64_t b) { return a + b; }
    void log(std::string_view text) { context_.log(POLYPLUG_LOG_LEVEL_INFO, text); }
    uint32_t write(std::string_view line) { return desk().write(line); }
    std::optional<std::string> lookup(std::string_view key) { return desk().lookup(key); }
    polyplug::Result<int64_t, std::string> settle(int64_t number) { return desk().settle(number); }
    void fail(std::string_view message) { desk().fail(message); }
    std::string greet(std::string_view name) { return context_.peer<conformance_peer::Peer>().greet(name); }


    void throw_(std::string_view message) { fail_deeper(message); }
    polyplug::Result<uint32_t, conformance_life::Problem> throw_into(std::string_view message) {
        fail_deeper(message);
        return 0;
    }
    uint32_t wait(uint32_t milliseconds) {
        std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
        return milliseconds;
    }

    /// The value behind a key of a flat JSON object, as it stands there.
    std::optional<std::string> value_of(std::string_view name) const {
        const std::string json = context_.config();
        const std::string key = "\"" + std::string(name) + "\":";
        size_t at = json.find(key);
        if (at == json.npos) return std::nullopt;
        at += key.size();
        return json.substr(at, json.find_first_of(",}", at) - at);
    }
    std::optional<std::string> setting(std::string_view name) {
        const auto value = value_of(name);
        if (!value || value->front() != '"') return std::nullopt;
        return value->substr(1, value->size() - 2);
    }
    std::optional<uint64_t> number(std::string_view name) {
        const auto value = value_of(name);
        if (!value || !std::isdigit(static_cast<unsigned char>(value->front()))) return std::nullopt;
        return std::stoull(*value);
    }

    std::string caught(std::string_view message) {
        try {
            desk().fail(message);
        } catch (const polyplug::Fault &fault) {
            return "caught: " + std::string(fault.message());
        }
        return "it did not fail";
    }
    conformance_life::Everything through(conformance_life::Everything value) {
        return polyplug::same<conformance_life::Everything>(desk().everything(polyplug::same<conformance_desk::Everything>(std::move(value))));
    }
    uint32_t apply(uint32_t by, uint32_t value) {
        return desk().apply([by](uint32_t given) { return given + by; }, value);
    }
    std::string borrow(std::string_view name) {
        const auto listener = desk().listener(name);
        listener->hear("guest");
        return listener->name();
    }
    uint32_t give(std::string_view name) { return desk().keep(std::make_shared<Ear>(name)); }
    uint32_t enter(uint32_t depth) { return depth ? desk().again(depth - 1) + 1 : 0; }
    uint64_t peers(uint64_t number) {
        uint64_t sum = 0;
        for (size_t at = 0;; at++) {
            try {
                sum += context_.peer<conformance_peer::Peer>(at).double_(number);
            } catch (const polyplug::Fault &) {
                return sum;
            }
        }
    }


    // Closures.

    std::vector<uint32_t> each(uint32_t count, const std::function<uint32_t(uint32_t)> &work) {
        std::vector<uint32_t> answers;
        for (uint32_t at = 0; at < count; at++) answers.push_back(work(at));
        return answers;
    }
    void feed(const std::vector<std::string_view> &texts, const std::function<void(std::string_view, uint32_t)> &sink) {
        uint32_t at = 0;
        for (std::string_view text : texts) sink(text, at++);
    }
    std::optional<bool> perhaps(std::optional<std::function<bool()>> work) { return work ? std::optional((*work)()) : std::nullopt; }
    polyplug::Result<uint32_t, polyplug::Fault> checked(
        const std::function<polyplug::Result<uint32_t, polyplug::Fault>(uint32_t)> &work) {
        // It may come as the error, or be thrown.
        try {
            const auto answer = work(1);
            if (answer) return *answer + 1;
            return raised("the closure said: " + std::string(answer.error().message()));
        } catch (const polyplug::Fault &fault) {
            return raised("the closure said: " + std::string(fault.message()));
        }
    }
    std::optional<std::function<uint32_t(uint32_t)>> keep(std::function<uint32_t(uint32_t)> work) {
        const std::lock_guard<std::mutex> lock(mutex_);
        return std::exchange(work_, std::move(work));
    }
    polyplug::Result<uint32_t, polyplug::Fault> kept(uint32_t value) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!work_) return raised("nothing is kept");
        return (*work_)(value);
    }
    bool forget() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return std::exchange(work_, std::nullopt).has_value();
    }
    std::string once(std::function<std::string(std::string_view)> work, std::string_view text) { return work(text); }
    std::function<uint32_t(uint32_t)> twice(std::function<uint32_t(uint32_t)> work) {
        return [work](uint32_t value) { return work(work(value)); };
    }
    std::function<uint32_t(uint32_t)> adder(uint32_t by) {
        return [by](uint32_t value) { return value + by; };
    }

    // Objects.

    using Listener = conformance_listener::Listener;

    uint32_t tell(Listener &listener, uint32_t times) {
        uint32_t last = 0;
        for (uint32_t time = 0; time < times; time++) last = listener.hear("time " + std::to_string(time));
        return last;
    }
    uint32_t tell_all(std::vector<std::optional<Listener *>> listeners) {
        uint32_t sum = 0;
        for (const auto &listener : listeners) sum += listener ? (*listener)->hear("all") : 0;
        return sum;
    }
    std::unique_ptr<Listener> listener(std::string_view name) { return std::make_unique<Ear>(name); }
    uint32_t alive() { return Ear::alive; }
    std::shared_ptr<Listener> there_and_back(std::shared_ptr<Listener> listener) { return listener; }
    uint32_t keep(std::optional<std::shared_ptr<Listener>> listener) {
        std::optional<std::shared_ptr<Listener>> before;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            before = std::exchange(listener_, std::move(listener));
        }
        return before ? (*before)->hear("farewell") : 0;
    }
    std::vector<std::tuple<std::string, std::optional<std::unique_ptr<Listener>>>> listeners(uint32_t count) {
        std::vector<std::tuple<std::string, std::optional<std::unique_ptr<Listener>>>> all;
        for (uint32_t at = 0; at < count; at++) {
            const std::string name = "number " + std::to_string(at);
            std::optional<std::unique_ptr<Listener>> ear;
            if (at % 2 == 0) ear = std::make_unique<Ear>(name);
            all.emplace_back(name, std::move(ear));
        }
        return all;
    }
    std::unique_ptr<conformance_lines::Lines> lines(std::string_view text) { return std::make_unique<TextLines>(text); }
    std::vector<std::string> read_all(conformance_lines::Lines &lines) {
        std::vector<std::string> all;
        while (auto line = lines.next()) all.push_back(std::move(*line));
        return all;
    }
    uint32_t consume(std::unique_ptr<conformance_lines::Lines> lines) {
        lines->skip(2);
        while (lines->next()) {}
        return lines->read();
    }
    conformance_objects::Job run(conformance_objects::Job job, uint32_t times) {
        for (uint32_t time = 0; time < times; time++) {
            const uint32_t result = job.work(time);
            if (job.listener) (*job.listener)->hear(job.name + " " + std::to_string(result));
        }
        job.name += "!";
        return job;
    }

    const polyplug::Context &context() const { return context_; }

private:
    static polyplug::Err<polyplug::Fault> raised(const std::string &message) {
        return { polyplug::Fault(POLYPLUG_FAULT_KIND_RAISED, message) };
    }
    polyplug::Described<conformance_desk::Desk>::Remote<polyplug::Provider> desk() const { return context_.host<conformance_desk::Desk>(); }

    polyplug::Context context_;
    std::atomic<uint64_t> count_ = 0;
    std::mutex mutex_;
    std::optional<std::function<uint32_t(uint32_t)>> work_;
    std::optional<std::shared_ptr<Listener>> listener_;
};

PolyplugPluginDescriptor guest() {
    PolyplugPluginDescriptor plugin = polyplug::plugin<Guest>("conformance-guest", "1.2.3", "The conformance guest");
    plugin.license = POLYPLUG_TEXT("MIT OR Apache-2.0");
    plugin.repository = POLYPLUG_TEXT("https://example.org/conformance");
    plugin.requires_ = polyplug::contracts<conformance_desk::Desk>();
    plugin.wants = polyplug::contracts<conformance_peer::Peer>();
    return plugin;
}

const PolyplugPluginDescriptor GUEST = guest();
const PolyplugPluginDescriptor STREAM = polyplug::plugin<Stream>("conformance-stream", "1.0.0");
const PolyplugPluginDescriptor SHELF = polyplug::plugin<Shelf>("conformance-shelf", "1.0.0");

}  // namespace

static const PolyplugContextRecord *lies_context(void *state) { return static_cast<Guest *>(state)->context().record(); }

POLYPLUG_MODULE(POLYPLUG_MODULE_FLAGS_MAY_UNMAP, POLYPLUG_OFFER(&GUEST, &ConformanceValues<Guest>::table.head),
    POLYPLUG_OFFER(&GUEST, &ConformanceBorrows<Guest>::table.head), POLYPLUG_OFFER(&GUEST, &ConformanceGrowing<Guest>::table.head),
    POLYPLUG_OFFER(&GUEST, &lies.head), POLYPLUG_OFFER(&GUEST, &ConformanceLife<Guest>::table.head),
    POLYPLUG_OFFER(&GUEST, &ConformanceClosures<Guest>::table.head), POLYPLUG_OFFER(&GUEST, &ConformanceObjects<Guest>::table.head),
    POLYPLUG_OFFER(&STREAM, &ConformanceLines<Stream>::table.head), POLYPLUG_OFFER(&SHELF, &ConformanceShelf<Shelf>::table.head))
