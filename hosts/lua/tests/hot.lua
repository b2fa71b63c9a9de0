-- Hot loops that are entered again. LuaJIT kills the process when a compiled call comes back to Lua: nothing here dies.
local polyplug = require "polyplug"
local support = require "support"
local state = require("polyplug.native").calls
local equal, raises = support.equal, support.raises

local COUNT = 100000

local tests = {}
local function test(name, work)
  tests[#tests + 1] = {
    name,
    function()
      work()
      support.collect()
      -- What is let go of is known after the next call.
      support.runtime("hello"):get("demo.greeter"):greet "settles"
    end,
  }
end

test("a callback that comes late", function()
  local runtime = support.runtime "counter"
  local counter = runtime:get "fixture.counter"
  local asked, total = 0, 0
  -- Compiled, until half of it is done.
  for at = 1, COUNT do
    if at == COUNT / 2 then
      runtime:provide("fixture.source", {
        next = function()
          asked = asked + 1
          return asked
        end,
      })
    end
    total = counter:add(1)
    if at > COUNT / 2 then equal(counter:ask(), at - COUNT / 2) end
  end
  equal(total, COUNT)
  equal(asked, COUNT / 2)
end)

test("a contract that is provided, withdrawn and provided again", function()
  local runtime = support.runtime "counter"
  local counter = runtime:get "fixture.counter"
  local asked, expected = 0, 0
  for round = 1, 6 do
    local provided = runtime:provide("fixture.source", {
      next = function()
        asked = asked + 1
        return round
      end,
    })
    for _ = 1, 3000 do
      equal(counter:ask(), round)
      counter:add(1)
    end
    expected = expected + 3000
    provided:unload(5)
    equal(state.live, state.least)
    for _ = 1, 3000 do
      expected = expected + 0
      counter:add(1)
    end
    local value, reason = counter:ask()
    equal({ value, polyplug.is_fault(reason) }, { nil, true })
  end
  equal(asked, expected)
  equal(counter:add(0), 36000)
end)

test("a closure in every call", function()
  local every = support.runtime("every"):get "every.every"
  local sum = 0
  for at = 1, COUNT / 4 do
    local results = every:each(2, function(number) return number + at end)
    sum = sum + results[1] + results[2]
  end
  equal(sum, 2 * (COUNT / 4) * (COUNT / 4 + 1) / 2 + COUNT / 4)
end)

test("a closure that a plugin keeps, and calls from a method without closures", function()
  local every = support.runtime("every"):get "every.every"
  -- Hot before there is anything to call: it fails.
  for _ = 1, 2000 do
    local value = every:call_kept(1)
    equal(value, nil)
  end
  local calls = 0
  every:keep(function(number)
    calls = calls + 1
    return number + 1
  end)
  for at = 1, COUNT do
    if every:call_kept(at) ~= at + 1 then error("at " .. at) end
  end
  equal(calls, COUNT)
end)

test("host to plugin to host to the same plugin", function()
  local every = support.runtime("every"):get "every.every"
  local adder = every:adder(1)
  local deepest = 0
  local function down(depth)
    deepest = math.max(deepest, depth)
    if depth == 5 then return adder(depth) end
    return every:each(1, function() return down(depth + 1) end)[1]
  end
  for _ = 1, COUNT / 20 do
    if down(1) ~= 6 then error "another result" end
  end
  equal(deepest, 5)
end)

test("a host contract that calls the plugin that asks for it", function()
  local runtime = support.runtime "counter"
  local counter = runtime:get "fixture.counter"
  runtime:provide("fixture.source", { next = function() return counter:add(1) end })
  for at = 1, COUNT do
    if counter:ask() ~= at then error("at " .. at) end
  end
end)

test("hot loops in callbacks", function()
  local runtime = support.runtime("every", "hello")
  local every, greeter = runtime:get "every.every", runtime:get "demo.greeter"
  local results = every:each(20, function(number)
    local sum = 0
    for at = 1, 2000 do sum = greeter:add(sum, at % 2) end
    return sum + number
  end)
  for at = 1, 20 do equal(results[at], 1000 + at - 1) end
end)

test("errors out of callbacks, often", function()
  local every = support.runtime("every"):get "every.every"
  for at = 1, COUNT / 10 do
    local succeeded, fault = pcall(every.each, every, 1, function() error("number " .. at, 0) end)
    if succeeded or fault.message ~= "number " .. at then error(tostring(fault)) end
  end
  equal(state.depth, 0)
end)

test("calls that never end are an error", function()
  local every = support.runtime("every"):get "every.every"
  local function down() return every:each(1, down)[1] end
  raises("calls between Lua and plugins are 150 deep inside each other", down)
  equal(state.depth, 0)
  -- With most of the stack of Lua in use.
  local function deep(left)
    if left == 0 then return (down()) end
    return 1 + deep(left - 1)
  end
  raises("", deep, 6000)
  local function endless(left) return 1 + endless(left, every:each(1, function() return 1 end)) end
  raises("stack overflow", endless)
  equal(every:each(1, function() return 7 end), { 7 })
  equal(state.depth, 0)
end)

test("coroutines", function()
  local every = support.runtime("every"):get "every.every"
  local function worker()
    return coroutine.wrap(function()
      local at = 0
      while true do
        at = at + 1
        local results = every:each(2, function(number) return number + at end)
        coroutine.yield(results[2])
      end
    end)
  end
  local one, other = worker(), worker()
  for at = 1, COUNT / 20 do
    if one() ~= at + 1 or other() ~= at + 1 then error("at " .. at) end
  end
  -- A coroutine that is resumed inside a callback.
  local inner = worker()
  local results = every:each(1000, function(number) return number + inner() end)
  equal(results[1000], 999 + 1001)
end)

test("panics in compiled calls", function()
  local kinds = support.runtime("kinds"):get "fixture.kinds"
  for at = 1, COUNT / 10 do
    local succeeded, fault = pcall(kinds.panic, kinds, "on purpose")
    if succeeded or fault.message ~= "on purpose" then error("at " .. at .. ": " .. tostring(fault)) end
  end
end)

test("a reload and an unload in a hot loop", function()
  local runtime = support.runtime()
  local module = runtime:load(support.library "hello")
  local greeter = runtime:get "demo.greeter"
  local count = 0
  for round = 1, 10 do
    for at = 1, COUNT / 10 do
      if greeter:add(at, round) ~= at + round then error("at " .. at) end
      count = count + 1
    end
    equal(module:reload(5).code, "reloaded")
  end
  equal(module:unload(5).code, "unmapped")
  for _ = 1, 1000 do raises("no longer loaded", greeter.add, greeter, 1, 2) end
  equal(count, COUNT)
end)

test("a reload inside a callback, and out of an event", function()
  local runtime = support.runtime "every"
  local hello = runtime:load(support.library "hello")
  local every, greeter = runtime:get "every.every", runtime:get "demo.greeter"
  local events = 0
  local subscription = runtime:subscribe(function(event)
    if event.code == "reloaded" then events = events + greeter:add(0, 1) end
  end)
  for _ = 1, 1000 do greeter:add(1, 2) end
  local results = every:each(10, function(number)
    equal(hello:reload(5).code, "reloaded")
    return greeter:add(number, 1)
  end)
  equal(results[10], 10)
  equal(events, 10)
  for _ = 1, 1000 do equal(greeter:add(1, 2), 3) end
  subscription:close()
end)

test("what a method of numbers costs is compiled", function()
  local greeter = support.runtime("hello"):get "demo.greeter"
  equal(state.live, state.least)
  if not jit.status() or state.least ~= 0 then return end
  local traces, aborts = 0, {}
  local function seen(what, _, _, _, code, reason)
    if what == "stop" then traces = traces + 1 end
    if what == "abort" then aborts[#aborts + 1] = tostring(code) .. " " .. tostring(reason) end
  end
  jit.flush()
  greeter:add(1, 2)
  jit.attach(seen, "trace")
  local sum = 0
  for at = 1, COUNT do sum = sum + greeter:add(at, 1) end
  jit.attach(seen)
  equal(sum, COUNT * (COUNT + 1) / 2 + COUNT)
  if traces == 0 then error("nothing was compiled: " .. table.concat(aborts, "; ")) end
end)

return tests
