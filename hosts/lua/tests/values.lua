-- Every type that may stand in a contract, there and back.
local ffi = require "ffi"
local polyplug = require "polyplug"
local support = require "support"
local equal, raises, returns, none = support.equal, support.raises, support.returns, polyplug.none

local tests = {}
local function test(name, work) tests[#tests + 1] = { name, work } end

-- The tests of one contract take a proxy, so that another one can be tested too.
local shared = { kinds = {}, every = {} }
tests.shared = shared

local function kinds(name, work)
  shared.kinds[name] = work
  test(name, function()
    local runtime = support.runtime "kinds"
    work(runtime:get "fixture.kinds", runtime)
  end)
end

local function every(name, work)
  shared.every[name] = work
  test(name, function()
    local runtime = support.runtime "every"
    work(runtime:get "every.every", runtime)
  end)
end

kinds("integers of every width", function(kinds)
  local low = { false, "\0", -128, -32768, -2 ^ 31, -9223372036854775807LL - 1, 0, 0, 0, 0 }
  local high = { true, "\244\143\191\191", 127, 32767, 2 ^ 31 - 1, 9223372036854775807LL, 255, 65535, 2 ^ 32 - 1, 18446744073709551615ULL }
  equal(kinds:scalars(unpack(low)), "false \0 -128 -32768 -2147483648 -9223372036854775808 0 0 0 0")
  equal(kinds:scalars(unpack(high)),
    "true \244\143\191\191 127 32767 2147483647 9223372036854775807 255 65535 4294967295 18446744073709551615")
  local beyond = { [3] = 128, [4] = 32768, [5] = 2 ^ 31, [6] = 2 ^ 63, [7] = 256, [8] = 65536, [9] = 2 ^ 32, [10] = 2 ^ 64 }
  for at, value in pairs(beyond) do
    local values = { unpack(high) }
    values[at] = value
    raises("argument `" .. ("abcdefghij"):sub(at, at) .. "` of `fixture.kinds.scalars`: ", kinds.scalars, kinds, unpack(values))
    values[at] = 0.5
    raises("expected an integer, got 0.5", kinds.scalars, kinds, unpack(values))
  end
  raises("argument `a` of `fixture.kinds.scalars`: expected a boolean, got a number", kinds.scalars, kinds, 1, unpack(low, 2))
  raises("argument `b` of `fixture.kinds.scalars`: expected a text of one character, got one of 2", kinds.scalars, kinds, true, "ab")
  raises("the string is not UTF-8", kinds.scalars, kinds, true, "\237\160\128")
  equal(kinds:narrow(127), -128)
  raises("argument `value` of `fixture.kinds.narrow`: 128 is out of range, which is -128 to 127", kinds.narrow, kinds, 128)
  raises("expected an integer, got a string", kinds.narrow, kinds, "1")
  raises("expected an integer, got nil", kinds.narrow, kinds)
  equal(kinds["not"](kinds, true), false)
  equal(kinds:next_char "a", "b")
  equal(kinds:next_char "\195\159", "\195\160")
  returns({}, kinds:nothing())
  equal(kinds:eight(1, 2, 3, 4, 5, 6, 7, 8), 204)
  equal(kinds:eight(1ULL, 2LL, 3, 4, 5, 6, 7, 8), 204)
  raises("-1 is out of range, which is 0 to 18446744073709551615", kinds.eight, kinds, -1, 2, 3, 4, 5, 6, 7, 8)
end)

kinds("floats", function(kinds)
  equal(kinds:more_scalars(1, 2, 0.5, 0.25), 3.75)
  local nan = kinds:more_scalars(0, 0, 0, 0 / 0)
  equal(nan ~= nan, true)
  raises("argument `c` of `fixture.kinds.more_scalars`: expected a number, got a string", kinds.more_scalars, kinds, 1, 2, "3", 4)
end)

kinds("texts and lists", function(kinds)
  equal(kinds:greet "world", "Hello, world!")
  equal(kinds:greet "", "Hello, !")
  equal(kinds:greet "nul \0 and \240\159\142\136", "Hello, nul \0 and \240\159\142\136!")
  equal(kinds:shout(("loud"):rep(100000)), ("LOUD"):rep(100000))
  raises("argument `name` of `fixture.kinds.greet`: expected a string, got a number", kinds.greet, kinds, 1)
  raises("argument `name` of `fixture.kinds.greet`: the string is not UTF-8", kinds.greet, kinds, "\255")
  equal(kinds:sum { 1, 2, 3 }, 6)
  equal(kinds:sum {}, 0)
  raises("argument `values[2]` of `fixture.kinds.sum`: -1 is out of range", kinds.sum, kinds, { 1, -1 })
  raises("argument `values` of `fixture.kinds.sum`: expected a list, got a string", kinds.sum, kinds, "123")
  raises("argument `values[1]` of `fixture.kinds.sum`: expected an integer, got polyplug.none", kinds.sum, kinds, { none })
  equal(kinds:join({ "a", "b" }, "+"), "a+b")
  equal(kinds:join({}, "-"), "")
  equal(kinds:double { 1, 2 }, { 2, 4 })
  equal(kinds:transpose { { "a", "b" }, { "c", "d" } }, { { "a", "c" }, { "b", "d" } })
  raises("argument `rows[1][2]`", kinds.transpose, kinds, { { "a", 1 } })
  equal(kinds:rotate { 1, 2, 3 }, { 2, 3, 1 })
  raises("expected a list of 3 items, got 2", kinds.rotate, kinds, { 1, 2 })
  equal(kinds:pair { "a", "b" }, { "b", "a" })
end)

kinds("a mebibyte of numbers", function(kinds)
  local numbers = {}
  for at = 1, 2 ^ 18 do numbers[at] = at end
  local doubled = kinds:double(numbers)
  equal(#doubled, 2 ^ 18)
  for at = 1, 2 ^ 18 do
    if doubled[at] ~= 2 * at then error("at " .. at) end
  end
end)

kinds("options", function(kinds)
  equal(kinds:half(8), 4)
  equal(kinds:half(nil), nil)
  equal(kinds:half(none), nil)
  equal(kinds:maybe(nil), nil)
  equal(kinds:maybe(polyplug.some(nil)), polyplug.some(nil))
  equal(kinds:maybe "text", "<text>")
end)

kinds("results", function(kinds)
  returns({ 3 }, kinds:divide(7, 2))
  returns({ nil, { variant = "Refused", "not by minus one" }, n = 2 }, kinds:divide(1, -1))
  local fault = raises("divide by zero", kinds.divide, kinds, 1, 0)
  equal(fault.kind, "panicked")
  returns({ 12 }, kinds:parse "12")
  returns({ nil, "invalid digit found in string", n = 2 }, kinds:parse "twelve")
  equal(kinds:settle(polyplug.ok(3)), "ok 3")
  equal(kinds:settle(3), "ok 3")
  equal(kinds:settle(polyplug.err "no"), "err no")
end)

kinds("faults", function(kinds)
  local fault = raises("on purpose", kinds.panic, kinds, "on purpose")
  equal(polyplug.is_fault(fault), true)
  equal(fault.kind, "panicked")
  equal(fault.message, "on purpose")
  equal({ fault.plugin ~= "", fault.contract, fault.method }, { true, "fixture.kinds", "panic" })
  equal(fault.file:match "%.rs$", ".rs")
  equal(fault.line > 0, true)
  equal(tostring(fault):find(fault.plugin .. ", fixture.kinds.panic: on purpose (", 1, true), 1)
  raises("on purpose", kinds.panic_into, kinds, "on purpose")
  local back = kinds:forward(fault)
  equal({ back.kind, back.message, back.line }, { "panicked", "on purpose", fault.line })
  equal(kinds:forward("a message").message, "a message")
  equal(kinds:forward(polyplug.fault { message = "mine", kind = "unloaded" }).kind, "unloaded")
  raises("expected a fault or a string, got a table", kinds.forward, kinds, {})
end)

kinds("structs", function(kinds)
  local point = { x = 3, y = 4, visible = true }
  equal(kinds:length(point), 5)
  equal(kinds:mirror(point), { x = 4, y = 3, visible = false })
  equal(kinds:centre { point, { x = 0, y = 0, visible = false } }, { x = 1.5, y = 2, visible = false })
  equal(kinds:centre {}, nil)
  raises("argument `point.visible` of `fixture.kinds.length`: expected a boolean, got a number", kinds.length, kinds,
    { x = 1, y = 2, visible = 3 })
  raises("argument `point` of `fixture.kinds.length`: expected a table with the fields of a struct, got a number", kinds.length, kinds, 5)
  raises("argument `points[2].y` of `fixture.kinds.centre`: expected a number, got nil", kinds.centre, kinds,
    { point, { x = 1, visible = true } })
  local inner = { title = "inner", place = point, parts = {}, shapes = { "Empty" } }
  local outer = {
    title = "outer", place = point, parts = { inner }, next = inner,
    shapes = { { variant = "Label", text = "l", size = 1, weight = 2 ^ 40 }, { variant = "Circle", point, 2.5 } },
  }
  local renamed = kinds:rename(outer, "new")
  outer.title = "new"
  equal(renamed, outer)
  equal(kinds:count(outer), 3)
  equal(kinds:swap { 1, "one" }, { "one", 1 })
  equal(kinds:next_id { 1, 2 }, { 2, 3 })
end)

kinds("enums", function(kinds)
  equal(kinds:next_colour "Red", "Green")
  equal(kinds:next_colour "Blue", "Red")
  raises("argument `colour` of `fixture.kinds.next_colour`: `Colour` has no variant `Pink`", kinds.next_colour, kinds, "Pink")
  raises("expected the name of a variant, got a number", kinds.next_colour, kinds, 1)
  equal(kinds:grow "Empty", { variant = "Circle", { x = 0, y = 0, visible = false }, 1 })
  equal(kinds:grow { variant = "Label", text = "ab", size = 1, weight = 2 ^ 40 }, { variant = "Label", text = "abab", size = 2, weight = 2 ^ 40 })
  equal(kinds:grow { variant = "Label", text = "", size = 1, weight = 2 ^ 53 + 2 }.weight, 9007199254740994ULL)
  raises("variant `Circle` has fields: give a table with `variant` and them", kinds.grow, kinds, "Circle")
  raises("argument `shape.Label.size` of `fixture.kinds.grow`: 256 is out of range", kinds.grow, kinds,
    { variant = "Label", text = "", size = 256, weight = 0 })
end)

every("integers of 128 bits", function(every)
  local function there(a, b, expected) equal(every:wide(a, b), expected) end
  there(0, "-85070591730234615865843651857942052864", { "340282366920938463463374607431768211455", "85070591730234615865843651857942052864" })
  there("340282366920938463463374607431768211455", 0, { 0, 0 })
  there("340282366920938463463374607431768211454", 2 ^ 53, { 1, -2 ^ 53 })
  there("340282366920938463463374607431768211454", 2 ^ 53 + 2, { 1, -9007199254740994LL })
  there("340282366920938463444927863358058659840", 1, { 18446744073709551615ULL, -1 })
  there("340282366920938463444927863358058659839", 9223372036854775808ULL, { "18446744073709551616", -9223372036854775807LL - 1 })
  there("340282366920938463463374607431768211455", "170141183460469231731687303715884105727", { 0, "-170141183460469231731687303715884105727" })
  raises("does not fit into 128 bits", every.wide, every, 0, "170141183460469231731687303715884105728")
  raises("expected an integer", every.wide, every, "340282366920938463463374607431768211456", 0)
  raises("-1 is negative", every.wide, every, -1, 0)
  raises("expected an integer, got a string", every.wide, every, "12", 0)
end)

every("what is borrowed", function(every)
  equal(every:cow "text", "text!")
  equal(every:optional_text "text", "TEXT")
  equal(every:optional_text(nil), nil)
  equal(every:join({ "a", "b" }, { "c" }), "a,b|c")
  equal(every:deep { { "ab", { 1, 2, 3 }, 4 }, none }, 9)
  equal(every:references({ at = 1, set = true }, "four", { { at = 2, set = false }, none }), 7)
  equal(every:references(nil, nil, {}), 0)
  equal(every:mark { at = 1, set = true }, { at = 2, set = false })
  equal(every:boxed(12), "12")
end)

test("results that borrow", function()
  local every = support.runtime("every"):get "every.every"
  equal(every:first_word("one two", "three"), "one")
  equal(every:larger({ 1 }, { 2, 3, 4 }), { 3, 4 })
  equal(every:larger({}, {}), nil)
  local marks = { { at = 1, set = true }, { at = 2, set = true } }
  returns({ marks[2] }, every:pick(marks, 1))
  returns({ nil, "no mark 5", n = 2 }, every:pick(marks, 5))
  equal(every:field { left = 1, right = 2.5 }, 2.5)
  equal(every:words "a b  c", { "a", "b", "c" })
  equal(every:split "key=value", { "key", "value", 9 })
  local _, reason = pcall(every.escapes, every, "text", 1)
  equal(reason.kind, "escaped-borrow")
end)

every("maps and sets", function(every)
  equal(every:maps({ a = "\1\2", b = "" }, { [1] = "a", [2] = "b", [3] = "a" }), { a = { [1] = "\1\2", [3] = "\1\2" }, b = { [2] = "" } })
  equal(every:maps(polyplug.map { { "a", { 1, 2 } } }, { [-1] = "a" }), { a = { [-1] = "\1\2" } })
  raises("argument `tree[1][1]` of `every.every.maps`: expected an integer, got a string", every.maps, every, {}, { x = "a" })
  equal(every:lengths { a = "bc" }, { a = 2 })
  local characters, texts = unpack(every:sets({ "x", "y" }, { "one" }))
  table.sort(characters)
  equal({ characters, texts }, { { "x", "y" }, { "one" } })
  raises("expected a list, got a string", every.sets, every, "xy", {})
end)

every("times, paths and flags", function(every)
  local later, twice = unpack(every:times({ seconds = 1700000000, nanoseconds = 999999999 }, { seconds = 1, nanoseconds = 2 }))
  equal(later, { seconds = 1700000002, nanoseconds = 1 })
  equal(twice, { seconds = 2, nanoseconds = 4 })
  later, twice = unpack(every:times(-1.5, 0.25))
  equal(later, { seconds = -2, nanoseconds = 750000000 })
  equal(twice, { seconds = 0, nanoseconds = 500000000 })
  raises("-1 seconds are out of range", every.times, every, 0, -1)
  raises("1000000000 nanoseconds are out of range, which is 0 to 999999999", every.times, every, 0, { seconds = 0, nanoseconds = 1e9 })
  raises("expected seconds, or a table with seconds and nanoseconds, got a string", every.times, every, "now", 0)
  equal(every:path("a", "b", { "c", "d" }), "a/b/c/d")
  if ffi.os ~= "Windows" then equal(every:path("\255", "x", {}), "\255/x") end
  equal(every:style(1, { 2, 0x8000 }), 0x8003)
  raises("65536 is out of range, which is 0 to 65535", every.style, every, 65536, {})
end)

every("what a method changes", function(every)
  local samples = { { left = 1, right = 2 }, { left = 3, right = 4 } }
  returns({ { { left = 2, right = -4 }, { left = 6, right = -8 } }, "cba" }, every:scale(samples, "abc", 2))
  returns({ 4, "some and more", { "a", none, "some and more", none } }, every:append("some", { "a", none }))
  raises("changed, and then failed", every.append_and_fail, every, "some", { "a" })
  raises("argument `text` of `every.every.append`: expected a string, got nil", every.append, every, nil, {})
end)

every("closures of Lua", function(every)
  equal(every:each(4, function(number) return number * number end), { 0, 1, 4, 9 })
  local heard = {}
  returns({}, every:feed({ "a", "b" }, function(text) heard[#heard + 1] = text end))
  equal(heard, { "a", "b" })
  equal(every:maybe(nil), nil)
  equal(every:maybe(function() return true end), true)
  returns({ 3 }, every:checked(function(number) return number + 1 end))
  local _, fault = every:checked(function() return nil, "refused" end)
  equal(fault.message, "the closure said: refused")
  _, fault = every:checked(function() error("bad", 0) end)
  equal(fault.message, "the closure said: bad")
  equal(every:keep(function(number) return number + 1 end), nil)
  returns({ 2 }, every:call_kept(1))
  local before = every:keep(function(number) return number + 10 end)
  equal(before(5), 6)
  returns({ 11 }, every:call_kept(1))
  equal(every:share(function(number) return number * 3 end)(2), 18)
  local adder = every:adder(5)
  equal(adder(2), 7)
  equal(adder:call(3), 8)
  equal(every:each(3, adder), { 5, 6, 7 })
  raises("argument `work` of `every.every.each`: expected a function, got a number", every.each, every, 1, 5)
  polyplug.release(adder)
  raises("it was released", adder, 1)
end)

every("errors in closures are faults with a traceback", function(every)
  local function fails() error "bad" end
  local fault = raises("bad", every.each, every, 1, fails)
  equal(fault.kind, "threw")
  equal(fault.trace:find("tests/values.lua", 1, true) ~= nil, true)
  fault = raises("mine", every.each, every, 1, function() error(polyplug.fault { message = "mine", kind = "raised" }) end)
  equal(fault.kind, "raised")
  fault = raises("a table", every.each, every, 1, function() error { message = "a table" } end)
  equal(fault.message, "a table")
  raises("an error that has no text", every.each, every, 1, function()
    error(setmetatable({}, { __tostring = function() error "worse" end }))
  end)
  raises("attempt to yield", coroutine.wrap(function() every:each(1, function() coroutine.yield(1) end) end))
  raises("what it answered in `call`: expected an integer, got a string", every.each, every, 1, function() return "one" end)
  raises("what it answered in `call`: -1 is out of range", every.each, every, 1, function() return -1 end)
end)

local function ear()
  local heard = {}
  return {
    heard = heard,
    hear = function(_, what)
      heard[#heard + 1] = what
      return #heard
    end,
  }
end

every("objects", function(every)
  local mine = ear()
  equal(every:tell(mine, 3), 3)
  equal(mine.heard, { "time 0", "time 1", "time 2" })
  equal(every:tell_all { mine, none, mine }, 9)
  local theirs = every:listener "a plugin's"
  returns({ 0, 1 }, theirs:hear "x", theirs:hear "y")
  equal(theirs:name():find("a plugin's of ", 1, true), 1)
  equal(every:tell(theirs, 2), 3)
  -- One owner becomes many: by way of Lua.
  local back = every:there_and_back(theirs)
  equal(back:hear "z", theirs:hear "z" - 1)
  equal(every:there_and_back(back):hear "z", theirs:hear "z" - 1)
  equal(every:keep_listener(mine), 0)
  equal(every:keep_listener(nil), 6)
  equal(mine.heard[6], "farewell")
  local made = every:listeners(3)
  equal({ made[1][1], made[2][1], made[3][1] }, { "number 0", "number 1", "number 2" })
  equal(made[2][2], none)
  equal(made[1][2]:hear "x", 0)
  raises("argument `listener` of `every.every.tell`: the table has no method `hear` of contract `every.listener`", every.tell, every, {}, 1)
  raises("argument `listener` of `every.every.tell`: expected an object of contract `every.listener`, got a number", every.tell, every, 1, 1)
end)

local function lines(...)
  local all, at = { ... }, 0
  return {
    next = function()
      at = math.min(at + 1, #all + 1)
      return all[at]
    end,
    rewind = function() at = 0 end,
    read = function() return math.min(at, #all) end,
  }
end

test("exclusive objects", function()
  local runtime = support.runtime "every"
  local every = runtime:get "every.every"
  local theirs = every:lines "a\nb\nc"
  returns({ "a", 1 }, theirs:next(), theirs:read())
  equal(every:peek(theirs), 1)
  equal(every:read_all(theirs), { "b", "c" })
  theirs:rewind()
  equal(every:consume(theirs), 3)
  raises("given away", every.consume, every, theirs)
  raises("given away", theirs.next, theirs)
  local mine = lines("x", "y")
  equal(every:read_all(mine), { "x", "y" })
  equal(every:peek(mine), 2)
  local own = runtime:create "every.lines"
  equal(own:read(), 0)
  equal(polyplug.is_current(own), true)
  polyplug.migrate(own)
  equal(own:next():find("instance ", 1, true), 1)
end)

every("data that holds objects", function(every)
  local mine = ear()
  local job = every:run({ name = "work", listener = mine, work = function(number) return number + 1 end }, 2)
  equal(job.name, "work!")
  equal(mine.heard, { "work 1", "work 2" })
  equal(job.work(4), 5)
  equal(every:run(job, 1).name, "work!!")
  raises("an object that was released or given away", every.run, every, job, 1)
  raises("work and 1", every.drop_and_panic, every, { name = "work", work = function(number) return number end }, { mine })
end)

test("results that lie in the plugin", function()
  local shelf = support.runtime("every"):get "every.shelf"
  equal(shelf:title(), "Moby Dick")
  equal(shelf:short(), "Moby")
  equal(shelf:numbers(), { 1, 2, 3 })
  returns({ 1 }, shelf:number(0))
  equal(shelf:number(1000), nil)
  equal(shelf:before "a:b", "a")
end)

every("calls inside calls", function(every)
  local function sum(list)
    local total = 0
    for _, number in ipairs(list) do total = total + number end
    return total
  end
  equal(every:each(3, function(number) return sum(every:each(number, function(inner) return inner + 1 end)) end), { 0, 1, 3 })
end)

test("values of Lua are let go of", function()
  local home = require "polyplug.home"
  local every = support.runtime("every"):get "every.every"
  support.collect()
  every:cow "settles"
  local count = home.count()
  every:each(2, function(number) return number end)
  every:tell(ear(), 1)
  every:share(function(number) return number end)
  every:run({ name = "work", listener = ear(), work = function(number) return number end }, 1)
  pcall(every.each, every, -1, function(number) return number end)
  pcall(every.once, every, function(text) return text end, 5)
  pcall(every.run, every, { name = 1, listener = ear(), work = function() end }, 1)
  support.collect()
  every:cow "settles"
  equal(home.count(), count)
  local state = require("polyplug.native").calls
  equal(state.live, count + state.least)
end)

test("an object is passed back to its plugin as it is", function()
  local every = support.runtime("every"):get "every.every"
  local home = require "polyplug.home"
  local count = home.count()
  local shared = every:share(function(number) return number + 1 end)
  for _ = 1, 3 do shared = every:share(shared) end
  equal(shared(0), 16)
  equal(home.count(), count + 1)
end)

return tests
