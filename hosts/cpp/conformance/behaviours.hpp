// The cases that are more than a call: what each does stands under `expects` in `cases.json`.
#ifndef CONFORMANCE_BEHAVIOURS_HPP
#define CONFORMANCE_BEHAVIOURS_HPP

#include "runner.hpp"

using conformance_closures::Closures;
using conformance_objects::Job;
using conformance_objects::Objects;
using conformance_values::Values;
using Strings = std::vector<std::string>;

static void after_lies(Stage &stage) { SAME(stage.get<Values>().measure("größer 🎈"), std::tuple(uint64_t(13), uint64_t(8))); }

static void throws(Stage &stage) {
    auto life = stage.get<Life>();
    const auto kinds = [](uint32_t kind) {
        return kind == POLYPLUG_FAULT_KIND_PANICKED || kind == POLYPLUG_FAULT_KIND_THREW || kind == POLYPLUG_FAULT_KIND_RAISED;
    };
    const polyplug::Fault fault = faults([&] { life.throw_("boom 🎈"); }, kinds, "boom 🎈");
    HOLDS(fault.plugin() == "conformance-guest" && fault.contract() == "conformance.life" && fault.method() == "throw");
}
static void throw_place(Stage &stage) {
    auto life = stage.get<Life>();
    const polyplug::Fault fault = faults([&] { life.throw_("boom"); }, "boom");
    HOLDS(fault.record().file.len || !fault.trace().empty());
}
static void throw_into(Stage &stage) {
    auto life = stage.get<Life>();
    // A fault is an exception here, also where the error could hold it.
    faults([&] { life.throw_into("into"); }, "into");
}

static void desk_write(Stage &stage) {
    auto life = stage.get<Life>();
    const uint32_t first = life.write(std::string_view("a\0b 🎈", 8));
    SAME(life.write(""), first + 1);
    const std::lock_guard<std::mutex> lock(stage.desk->mutex);
    SAME(stage.desk->lines.at(first - 1), std::string("a\0b 🎈", 8));
    SAME(stage.desk->lines.at(first), std::string());
}
static void log_line(Stage &stage) {
    int heard = 0;
    const auto listener = [](void *user, const PolyplugLogLine *line) {
        const std::string_view message(reinterpret_cast<const char *>(line->message.ptr), line->message.len);
        if (line->level == 3 && line->plugin.len && message == "a line 🎈") ++*static_cast<int *>(user);
    };
    PolyplugSubscription *subscription = polyplug_log_subscribe(3, listener, &heard, nullptr, nullptr);
    HOLDS(subscription);
    stage.get<Life>().log("a line 🎈");
    polyplug_release(subscription);
    HOLDS(heard == 1);
}
static void desk_missing(Stage &stage) {
    Stage bare(stage.files);
    try {
        bare.runtime.load(stage.files.guest);
    } catch (const polyplug::Error &error) {
        SAME(error.code(), std::string("missing-host-contract"));
        return;
    }
    throw Failed("it was loaded");
}

static polyplug::Plugin guest_of(Stage &stage) {
    for (const polyplug::Plugin &plugin : stage.module->described()) {
        if (plugin.name == "conformance-guest") return plugin;
    }
    throw Failed("there is no such plugin");
}
static void metadata_plugin(Stage &stage) {
    const polyplug::Plugin guest = guest_of(stage);
    HOLDS(guest.version == "1.2.3" && guest.description == "The conformance guest");
    HOLDS(guest.license == "MIT OR Apache-2.0" && guest.repository == "https://example.org/conformance");
}
static void metadata_contracts(Stage &stage) {
    const polyplug::Plugin guest = guest_of(stage);
    for (const char *name : { "values", "life", "closures", "objects", "lies" }) {
        const std::string wanted = std::string("conformance.") + name + " 1.0";
        HOLDS(std::find(guest.contracts.begin(), guest.contracts.end(), wanted) != guest.contracts.end());
    }
}
static void metadata_provider(Stage &stage) {
    SAME(stage.runtime.providers(polyplug::Runtime::described<Life>()), Strings{ "conformance-guest" });
}

static void closure_lent(Stage &stage) {
    SAME(stage.get<Closures>().each(4, [](uint32_t value) { return value * 2; }), (std::vector<uint32_t>{ 0, 2, 4, 6 }));
}
static void closure_that_changes(Stage &stage) {
    std::vector<std::tuple<std::string, uint32_t>> seen;
    stage.get<Closures>().feed({ "a", "", "🎈" }, [&](std::string_view text, uint32_t index) { seen.emplace_back(text, index); });
    SAME(seen, (std::vector<std::tuple<std::string, uint32_t>>{ { "a", 0 }, { "", 1 }, { "🎈", 2 } }));
}
static void closure_optional(Stage &stage) {
    HOLDS(!stage.get<Closures>().perhaps(std::nullopt));
    SAME(stage.get<Closures>().perhaps([] { return true; }), std::optional(true));
}
static void closure_result(Stage &stage) {
    HOLDS(*stage.get<Closures>().checked([](uint32_t value) { return value + 40; }) == 42);
}
static void closure_fails(Stage &stage) {
    const auto failing = [](uint32_t) { return polyplug::Err{ polyplug::Fault(POLYPLUG_FAULT_KIND_RAISED, "no 🎈") }; };
    // It may come as the error, or be thrown.
    const polyplug::Fault fault = faults([&] { fault_in(stage.get<Closures>().checked(failing)); }, "the closure said");
    HOLDS(fault.message().find("no 🎈") != std::string_view::npos);
}
static void closure_kept(Stage &stage) {
    auto closures = stage.get<Closures>();
    const auto alive = std::make_shared<int>();
    const auto adding = [&] { return [sum = 0u, alive](uint32_t value) mutable { return sum += value; }; };
    HOLDS(!closures.keep(adding()));
    HOLDS(*closures.kept(2) == 2 && *closures.kept(3) == 5);
    {
        auto first = closures.keep(adding());
        HOLDS(first && (*first)(10) == 15);
    }
    HOLDS(closures.forget());
    HOLDS(!closures.forget());
    stage.gone(alive);
}
static void closure_not_kept(Stage &stage) {
    auto closures = stage.get<Closures>();
    faults([&] { fault_in(closures.kept(1)); }, "nothing is kept");
}
static void closure_once(Stage &stage) {
    SAME(stage.get<Closures>().once([](std::string_view text) { return std::string(text) + "!"; }, "a"), std::string("a!"));
}
static void closure_shared(Stage &stage) {
    const auto twice = stage.get<Closures>().twice([](uint32_t value) { return value * 3; });
    HOLDS(twice(2) == 18);
    uint32_t elsewhere = 0;
    std::thread([&] { elsewhere = twice(2); }).join();
    HOLDS(elsewhere == 18);
}
static void closure_made(Stage &stage) { HOLDS(stage.get<Closures>().adder(5)(37) == 42); }
static void closure_panics(Stage &stage) {
    auto closures = stage.get<Closures>();
    std::vector<uint32_t> seen;
    const auto stopping = [&](uint32_t value) {
        seen.push_back(value);
        if (value == 2) throw std::runtime_error("stop 🎈");
        return value;
    };
    faults([&] { closures.each(5, stopping); }, "stop 🎈");
    SAME(seen, (std::vector<uint32_t>{ 0, 1, 2 }));
}
static void enter_from_a_closure(Stage &stage) {
    auto life = stage.get<Life>();
    const auto adding = [&](uint32_t value) { return static_cast<uint32_t>(life.add(value, 1)); };
    SAME(stage.get<Closures>().each(3, adding), (std::vector<uint32_t>{ 1, 2, 3 }));
}

static void object_lent(Stage &stage) {
    Ears ears("ears");
    HOLDS(stage.get<Objects>().tell(ears, 3) == 2);
    SAME(*ears.heard, (Strings{ "time 0", "time 1", "time 2" }));
}
static void object_lent_inside(Stage &stage) {
    Ears ears("ears");
    HOLDS(stage.get<Objects>().tell_all({ &ears, std::nullopt, &ears }) == 1);
    SAME(*ears.heard, (Strings{ "all", "all" }));
}
static void object_made(Stage &stage) {
    auto objects = stage.get<Objects>();
    auto listener = objects.listener("größer");
    SAME(listener->name(), std::string("größer"));
    HOLDS(listener->hear("a") == 0);
    HOLDS(listener->hear("b") == 1);
    // The desk may have one that it was given.
    const uint32_t alive = objects.alive();
    listener.reset();
    HOLDS(objects.alive() == alive - 1);
}
static void object_dropped(Stage &stage) {
    auto objects = stage.get<Objects>();
    const uint32_t before = objects.alive();
    auto listener = objects.listener("a");
    HOLDS(objects.alive() == before + 1);
    listener.reset();
    HOLDS(objects.alive() == before);
}
static void object_there_and_back(Stage &stage) {
    const auto heard = std::make_shared<Strings>();
    {
        std::shared_ptr<Listener> ears = std::make_shared<Ears>("ears", heard);
        const auto back = stage.get<Objects>().there_and_back(ears);
        HOLDS(back->hear("home") == 0);
        SAME(*heard, Strings{ "home" });
    }
    stage.gone(heard);
}
static void object_kept(Stage &stage) {
    auto objects = stage.get<Objects>();
    const auto heard = std::make_shared<Strings>();
    {
        std::shared_ptr<Listener> ears = std::make_shared<Ears>("ears", heard);
        ears->hear("before");
        HOLDS(objects.keep(std::move(ears)) == 0);
    }
    HOLDS(objects.keep(std::nullopt) == 1);
    SAME(*heard, (Strings{ "before", "farewell" }));
    stage.gone(heard);
}
static void object_list(Stage &stage) {
    auto objects = stage.get<Objects>();
    const uint32_t before = objects.alive();
    {
        auto listeners = objects.listeners(3);
        HOLDS(listeners.size() == 3);
        for (size_t at = 0; at < 3; at++) {
            const std::string name = "number " + std::to_string(at);
            auto &[called, listener] = listeners[at];
            SAME(called, name);
            HOLDS(listener.has_value() == (at % 2 == 0));
            if (listener) SAME((*listener)->name(), name);
        }
        HOLDS(objects.alive() == before + 2);
    }
    HOLDS(objects.alive() == before);
}
static void object_inside_data(Stage &stage) {
    const auto heard = std::make_shared<Strings>();
    {
        Job job;
        job.name = "job";
        job.listener = std::make_unique<Ears>("ears", heard);
        job.work = [](uint32_t value) { return value + 10; };
        job = stage.get<Objects>().run(std::move(job), 2);
        SAME(*heard, (Strings{ "job 10", "job 11" }));
        SAME(job.name, std::string("job!"));
        HOLDS(job.work(5) == 15);
    }
    stage.gone(heard);
}
struct Deaf : Listener {
    uint32_t hear(std::string_view) override { throw std::runtime_error("deaf 🎈"); }
    std::string name() override { return {}; }
};
static void object_fails(Stage &stage) {
    auto objects = stage.get<Objects>();
    Deaf deaf;
    faults([&] { objects.tell(deaf, 1); }, "deaf 🎈");
}
static void object_after_unload(Stage &stage) {
    Stage own = Stage::whole(stage.files);
    auto listener = own.get<Objects>().listener("later");
    own.module->unload();
    SAME(listener->name(), std::string("later"));
}

/// A stream of the host's, and a mark that is gone with it.
class HostLines : public conformance_lines::Lines {
public:
    HostLines(Strings lines, std::shared_ptr<int> alive) : lines_(std::move(lines)), alive_(std::move(alive)) {}
    std::optional<std::string> next() override { return read_ < lines_.size() ? std::optional(lines_[read_++]) : std::nullopt; }
    void rewind() override { read_ = 0; }
    uint32_t read() override { return static_cast<uint32_t>(read_); }
    uint32_t skip(uint32_t count) override {
        uint32_t skipped = 0;
        while (skipped < count && next()) skipped++;
        return skipped;
    }

private:
    Strings lines_;
    size_t read_ = 0;
    std::shared_ptr<int> alive_;
};
static void stream_made(Stage &stage) {
    const auto lines = stage.get<Objects>().lines("a\n🎈\nc");
    HOLDS(lines->next() == "a" && lines->read() == 1);
    HOLDS(lines->next() == "🎈" && lines->next() == "c" && !lines->next());
    lines->rewind();
    HOLDS(lines->next() == "a");
}
static void stream_lent(Stage &stage) {
    HostLines lines({ "x", "y" }, nullptr);
    SAME(stage.get<Objects>().read_all(lines), (Strings{ "x", "y" }));
    HOLDS(!lines.next());
}
static void stream_given(Stage &stage) {
    const auto alive = std::make_shared<int>();
    HOLDS(stage.get<Objects>().consume(std::make_unique<HostLines>(Strings{ "1", "2", "3", "4" }, alive)) == 4);
    stage.gone(alive);
}
static void stream_of_its_own(Stage &stage) {
    auto one = stage.runtime.create<conformance_lines::Lines>();
    auto other = stage.runtime.create<conformance_lines::Lines>();
    HOLDS(one.next() == "first" && other.next() == "first");
    HOLDS(one.next() == "second" && one.next() == "third" && !one.next());
    HOLDS(other.skip(1) == 1 && other.next() == "third");
}
static void pinned(Stage &stage) {
    auto shelf = polyplug::pin(stage.get<conformance_shelf::Shelf>());
    HOLDS(shelf.title() == "Moby Dick");
    SAME(shelf.numbers(), (std::vector<uint32_t>{ 1, 2, 3 }));
    const auto second = shelf.number(1);
    HOLDS(second && **second == 2 && !shelf.number(9));
}

/// Runs it on so many threads; what the last of them throws.
template <class F> void on_threads(uint32_t count, F work) {
    std::exception_ptr thrown;
    std::mutex mutex;
    std::vector<std::thread> threads;
    for (uint32_t number = 0; number < count; number++) {
        threads.emplace_back([&, number] {
            try {
                work(number);
            } catch (...) {
                const std::lock_guard<std::mutex> lock(mutex);
                thrown = std::current_exception();
            }
        });
    }
    for (std::thread &thread : threads) thread.join();
    if (thrown) std::rethrow_exception(thrown);
}
static void threads(Stage &stage) {
    on_threads(8, [&](uint32_t number) {
        auto life = stage.get<Life>();
        auto values = stage.get<Values>();
        for (uint32_t turn = 0; turn < 200; turn++) {
            HOLDS(life.add(number, turn) == number + turn);
            const std::string text = std::to_string(number) + " of " + std::to_string(turn) + " 🎈";
            SAME(values.same_text(text), text);
        }
    });
}
static void threads_and_the_desk(Stage &stage) {
    on_threads(4, [&](uint32_t number) {
        auto life = stage.get<Life>();
        for (uint32_t turn = 0; turn < 50; turn++) {
            const std::string text = std::to_string(number) + " " + std::to_string(turn);
            SAME(life.lookup(text), std::optional(text + "?"));
        }
    });
}
static void reload(Stage &stage) {
    Stage own = Stage::whole(stage.files);
    auto life = own.get<Life>();
    HOLDS(life.count() == 1);
    HOLDS(life.count() == 2);
    own.module->reload();
    HOLDS(life.count() == 3);
}
static void call_after_unload(Stage &stage) {
    Stage own = Stage::whole(stage.files);
    auto life = own.get<Life>();
    HOLDS(life.add(2, 3) == 5);
    own.module->unload();
    faults([&] { life.add(2, 3); }, [](uint32_t kind) { return kind == POLYPLUG_FAULT_KIND_UNLOADED; }, "");
    HOLDS(own.runtime.providers(polyplug::Runtime::described<Life>()).empty());
}
static void call_during_unload(Stage &stage) {
    Stage own = Stage::whole(stage.files);
    auto life = own.get<Life>();
    uint32_t waited = 0;
    std::thread waiting([&] { waited = life.wait(200); });
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    own.module->unload();
    waiting.join();
    HOLDS(waited == 200);
}
static void load_after_unload(Stage &stage) {
    Stage own = Stage::whole(stage.files);
    own.module->unload();
    own.module.emplace(own.runtime.load(stage.files.guest));
    HOLDS(own.get<Life>().add(2, 3) == 5);
}

static const std::map<std::string_view, void (*)(Stage &)> BEHAVIOURS = {
    { "after-lies", after_lies },
    { "throw", throws },
    { "throw-place", throw_place },
    { "throw-into-the-error", throw_into },
    { "desk-write", desk_write },
    { "log", log_line },
    { "desk-missing", desk_missing },
    { "metadata-plugin", metadata_plugin },
    { "metadata-contracts", metadata_contracts },
    { "metadata-provider", metadata_provider },
    { "closure-lent", closure_lent },
    { "closure-that-changes", closure_that_changes },
    { "closure-optional", closure_optional },
    { "closure-result", closure_result },
    { "closure-fails", closure_fails },
    { "closure-kept", closure_kept },
    { "closure-not-kept", closure_not_kept },
    { "closure-once", closure_once },
    { "closure-shared", closure_shared },
    { "closure-made", closure_made },
    { "closure-panics", closure_panics },
    { "enter-from-a-closure", enter_from_a_closure },
    { "object-lent", object_lent },
    { "object-lent-inside", object_lent_inside },
    { "object-made", object_made },
    { "object-dropped", object_dropped },
    { "object-there-and-back", object_there_and_back },
    { "object-kept", object_kept },
    { "object-list", object_list },
    { "object-inside-data", object_inside_data },
    { "object-fails", object_fails },
    { "object-after-unload", object_after_unload },
    { "stream-made", stream_made },
    { "stream-lent", stream_lent },
    { "stream-given", stream_given },
    { "stream-of-its-own", stream_of_its_own },
    { "pinned", pinned },
    { "threads", threads },
    { "threads-and-the-desk", threads_and_the_desk },
    { "reload", reload },
    { "call-after-unload", call_after_unload },
    { "call-during-unload", call_during_unload },
    { "load-after-unload", load_after_unload },
};

#endif
