-- The life of plugins: loading, finding, reloading, unloading, configuring, providing; and what errors say.
local polyplug = require "polyplug"
local support = require "support"
local equal, raises = support.equal, support.raises

local tests = {}
local function test(name, work) tests[#tests + 1] = { name, work } end

test("a plugin is loaded, called and unloaded", function()
  local runtime = support.runtime()
  local module = runtime:load(support.library "hello")
  equal(module:path(), support.library "hello")
  equal(tostring(module), "module " .. support.library "hello")
  equal(#module:plugins(), 1)
  equal(module:plugins()[1].name, "hello")
  equal(module:plugins()[1].contracts, { "demo.greeter 1.0" })
  equal(runtime:contracts(), { "demo.greeter 1.0" })
  equal(runtime:providers "demo.greeter", { "hello" })
  equal(#runtime:modules(), 1)
  equal(runtime:plugins()[1].version, "0.1.0")
  local greeter = runtime:get "demo.greeter"
  equal(greeter:greet "world", "Hello, world!")
  equal({ polyplug.plugin_of(greeter), tostring(greeter) }, { "hello", "demo.greeter of hello" })
  equal(module:is_loaded(), true)
  local report = module:unload(5)
  equal(report.code, "unmapped")
  equal(tostring(report):find("unloaded", 1, true) ~= nil, true)
  equal(module:is_loaded(), false)
  local fault = raises("no longer loaded", greeter.greet, greeter, "world")
  equal({ fault.kind, fault.plugin, fault.contract, fault.method }, { "unloaded", "hello", "demo.greeter", "greet" })
end)

test("contracts say what there is", function()
  local runtime = support.runtime "hello"
  local contract = runtime:contract "demo.greeter"
  equal({ contract.id, contract.name, contract.major, contract.minor }, { "demo.greeter", "Greeter", 1, 0 })
  equal(contract.docs:find("Greets people", 1, true) ~= nil, true)
  equal(contract.methods[1].signature, "greet(name: &str) -> String")
  equal(polyplug.contract_of(runtime:get "demo.greeter"), contract)
  local other = support.runtime "hello"
  equal(other:contract "demo.greeter", contract)
end)

test("methods are called with a colon, and by their names", function()
  local greeter = support.runtime("hello"):get "demo.greeter"
  raises("`greet` is a method: call it with `:`", greeter.greet, "world")
  raises("`add` is a method: call it with `:`", greeter.add, 1, 2)
  raises("contract `demo.greeter` has no method `gret`; it has greet, add", function() return greeter:gret "x" end)
  raises("a proxy was expected", polyplug.release, {})
end)

test("errors have a code and a text", function()
  local runtime = support.runtime()
  local raised = raises("nowhere.so", runtime.load, runtime, "nowhere.so")
  equal(polyplug.is_error(raised), true)
  equal(raised.code, "file-missing")
  runtime:load(support.library "hello")
  raised = raises("did you mean `demo.greeter 1.0`", runtime.get, runtime, "demo.greter")
  equal(raised.code, "no-provider")
  raises("nobody", runtime.get, runtime, "demo.greeter", "nobody")
  raises("no-such-folder", runtime.load_dir, runtime, "no-such-folder")
  runtime:close()
  raises("the runtime is closed", runtime.load, runtime, "x")
end)

test("callers follow a reload", function()
  local runtime = support.runtime()
  local copy = os.tmpname()
  os.remove(copy)
  copy = copy .. ".so"
  local from, to = assert(io.open(support.library "counter", "rb")), assert(io.open(copy, "wb"))
  to:write(from:read "*a")
  from:close()
  to:close()
  local module = runtime:load(copy)
  local counter = runtime:get "fixture.counter"
  for at = 1, 1000 do equal(counter:add(1), at) end
  local report = module:reload(5)
  equal(report.code, "reloaded")
  for at = 1, 1000 do equal(counter:add(1), at) end
  equal(counter:name(), "counter")
  equal(module:reload(5).code, "reloaded")
  equal(counter:add(2), 2)
  local unloaded = module:unload(5)
  equal(unloaded.code, "unmapped")
  os.remove(copy)
end)

test("a released proxy says so", function()
  local runtime = support.runtime "hello"
  local greeter = runtime:get "demo.greeter"
  for _ = 1, 200 do greeter:add(1, 2) end
  polyplug.release(greeter)
  local fault = raises("it was released", greeter.add, greeter, 1, 2)
  equal(polyplug.is_fault(fault), true)
  polyplug.release(greeter)
end)

test("events are told", function()
  local runtime = support.runtime()
  local heard = {}
  local subscription = runtime:subscribe(function(event) heard[#heard + 1] = event end)
  local module = runtime:load(support.library "hello")
  module:reload()
  module:unload(5)
  -- The end may come on a thread of the core's: it waits for the next call.
  local codes = {}
  for at, event in ipairs(heard) do
    codes[at] = event.code
    equal(event.module, support.library "hello")
    equal(event.text ~= "", true)
  end
  equal(codes[1], "loaded")
  equal(codes[#codes], "unloaded")
  equal(table.concat(codes, " "):find("reloaded", 1, true) ~= nil, true)
  subscription:close()
  local count = #heard
  runtime:load(support.library "hello")
  equal(#heard, count)
  subscription:close()
end)

test("a listener uses the runtime, and may fail", function()
  local runtime = support.runtime()
  local said
  local subscription = runtime:subscribe(function(event)
    if event.code == "loaded" then said = runtime:get("demo.greeter"):greet "event" end
  end)
  runtime:load(support.library "hello")
  equal(said, "Hello, event!")
  subscription:close()
end)

test("plugins are configured", function()
  local runtime = support.runtime()
  runtime:configure("tuned", { start = 40, words = { before = "so many " } })
  runtime:load(support.library "tuned")
  local tally = runtime:get "fixture.tally"
  equal(tally:add(2), 42)
  equal(tally:words "apples", "so many apples")
  local other = support.runtime()
  other:configure("tuned", { strat = 1 })
  raises("strat", other.load, other, support.library "tuned")
end)

test("configurations are JSON", function()
  local encode = require("polyplug.json").encode
  equal(encode { 1, 2.5, true, "a\"\n\1" }, [=[[1,2.5,true,"a\"\n\u0001"]]=])
  equal(encode {}, "{}")
  equal(encode { key = polyplug.none }, '{"key":null}')
  equal(encode(18446744073709551615ULL), "18446744073709551615")
  raises("JSON has no function", encode, print)
  raises("JSON has no nan", encode, 0 / 0)
end)

--- The host contract `fixture.source`.
local function source(...)
  local numbers = { ... }
  return {
    next = function()
      if #numbers == 0 then error "no more numbers" end
      return table.remove(numbers, 1)
    end,
  }
end

test("a host contract is a table of Lua", function()
  local runtime = support.runtime "counter"
  local counter = runtime:get "fixture.counter"
  local _, missing = counter:ask()
  equal(missing.message:find("fixture.source", 1, true) ~= nil, true)
  local provided = runtime:provide("fixture.source", source(7, -1, "seven"))
  equal(counter:ask(), 7)
  raises("what it answered in `fixture.source.next`: -1 is out of range, which is 0 to 18446744073709551615", counter.ask, counter)
  raises("expected an integer, got a string", counter.ask, counter)
  local fault = raises("no more numbers", counter.ask, counter)
  equal(fault.kind, "threw")
  equal(fault.trace:find("tests/life.lua", 1, true) ~= nil, true)
  provided:unload(5)
  raises("fixture.source", function()
    local _, reason = counter:ask()
    error(reason)
  end)
end)

test("a value without the methods is refused", function()
  local runtime = support.runtime "counter"
  raises("the table has no method `next` of contract `fixture.source`", runtime.provide, runtime, "fixture.source", {})
  raises("expected an object of contract `fixture.source`", runtime.provide, runtime, "fixture.source", 5)
  runtime:provide("fixture.source", source(1))
  raises("host", runtime.provide, runtime, "fixture.source", source(2))
  equal(runtime:get("fixture.counter"):ask(), 1)
end)

test("a provided value goes with its module", function()
  local runtime = support.runtime "counter"
  local value = source(1)
  local gone = setmetatable({ value }, { __mode = "v" })
  local module = runtime:provide("fixture.source", value)
  value = nil
  support.collect()
  equal(gone[1] ~= nil, true)
  module:unload(5)
  support.collect()
  equal(gone[1], nil)
end)

test("a library that is missing says how to get it", function()
  local first = -1
  while arg[first - 1] do first = first - 1 end
  local interpreter = arg[first] or "luajit"
  local program = ("%s -e \"package.path = '%shosts/lua/?.lua;%shosts/lua/?/init.lua;' .. package.path; require 'polyplug'\" 2>&1"):format(
    interpreter, support.root, support.root)
  local pipe = assert(io.popen("POLYPLUG_LIBRARY=/nowhere/none.so " .. program))
  local said = pipe:read "*a"
  pipe:close()
  for _, part in ipairs { "cargo xtask library", "POLYPLUG_LIBRARY", "/nowhere/none.so" } do
    equal({ part, said:find(part, 1, true) ~= nil }, { part, true })
  end
end)

return tests
