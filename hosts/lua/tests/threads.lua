-- Lua is entered on its own thread only: a plugin that calls it from another one gets a fault.
local polyplug = require "polyplug"
local support = require "support"
local equal, raises = support.equal, support.raises

local tests = {}
local function test(name, work) tests[#tests + 1] = { name, work } end

-- What became of the thread of the plugin: the fault went through it.
local REFUSAL = "called `Result::unwrap()` on an `Err` value"

test("a closure that a plugin calls on its threads", function()
  local every = support.runtime("every"):get "every.every"
  local calls = 0
  local function work(text, bytes, number)
    calls = calls + 1
    return text .. bytes .. number
  end
  for _ = 1, 200 do raises(REFUSAL, every.each_shared, every, 2, work) end
  equal(calls, 0)
  equal(every:each_shared(0, work), {})
  local fault = raises(REFUSAL, every.once, every, function() calls = calls + 1 end, "text")
  equal({ fault.kind, polyplug.is_fault(fault) }, { "panicked", true })
  equal(calls, 0)
  equal(every:each(2, function(number) return number end), { 0, 1 })
end)

test("an object that a plugin calls on its threads", function()
  local every = support.runtime("every"):get "every.every"
  local heard = 0
  local listener = {
    hear = function()
      heard = heard + 1
      return heard
    end,
  }
  for _ = 1, 1000 do raises(REFUSAL, every.tell_elsewhere, every, listener) end
  equal(heard, 0)
  equal(every:tell(listener, 2), 2)
end)

test("an event of another thread waits for this one", function()
  -- The last owner of a plugin's object goes, and the core's own thread ends the module.
  local runtime = support.runtime()
  local heard = {}
  local subscription = runtime:subscribe(function(event) heard[#heard + 1] = event.code end)
  local module = runtime:load(support.library "every")
  local object = runtime:get("every.every"):listener "held"
  equal(module:unload().code, "held")
  polyplug.release(object)
  equal(module:unload(5).code, "unmapped")
  equal(heard[#heard], "unloaded")
  subscription:close()
end)

return tests
