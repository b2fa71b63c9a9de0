-- The cases that are more than a call: what each does stands under `expects` in `cases.json`.
local polyplug = require "polyplug"
local stages = require "stage"
local none = polyplug.none

local behaviours = {}

local function shown(value) return type(value) == "table" and "{" .. table.concat(value, ", ") .. "}" or tostring(value) end

local function is_same(one, other)
  if type(one) ~= "table" or type(other) ~= "table" then return one == other end
  if #one ~= #other then return false end
  for at = 1, #one do
    if not is_same(one[at], other[at]) then return false end
  end
  return true
end

local function equal(value, wanted)
  if not is_same(value, wanted) then error(shown(value) .. ", expected " .. shown(wanted), 2) end
end

local function get(stage, name) return stage.runtime:get("conformance." .. name) end

-- A fault that should come, and say that.
local function faulted(message, called, ...)
  local succeeded, fault = pcall(called, ...)
  if succeeded then error("no fault", 2) end
  if not polyplug.is_fault(fault) then error(fault, 0) end
  if not fault.message:find(message, 1, true) then error("the fault says `" .. fault.message .. "`, expected `" .. message .. "`", 2) end
  return fault
end

-- Something of the host's, and whether it is gone once the guest has collected its garbage.
local function watched(value) return setmetatable({ value }, { __mode = "v" }) end
local function gone(stage, watch)
  for _ = 1, 3 do
    collectgarbage()
    get(stage, "objects"):alive()
  end
  collectgarbage()
  if watch[1] ~= nil then error("it is still there", 2) end
end

behaviours["after-lies"] = function(stage) equal(get(stage, "values"):measure "größer 🎈", { 13, 8 }) end

behaviours["throw"] = function(stage)
  local life = get(stage, "life")
  local fault = faulted("boom 🎈", life.throw, life, "boom 🎈")
  equal(({ panicked = true, threw = true, raised = true })[fault.kind], true)
  equal({ fault.plugin, fault.contract, fault.method }, { "conformance-guest", "conformance.life", "throw" })
end

behaviours["throw-place"] = function(stage)
  local life = get(stage, "life")
  local fault = faulted("boom", life.throw, life, "boom")
  if not fault.file and not fault.trace then error "neither a place nor a traceback" end
end

behaviours["throw-into-the-error"] = function(stage)
  local life = get(stage, "life")
  local succeeded, answer, reason = pcall(life.throw_into, life, "into")
  local fault = succeeded and reason[1] or answer
  equal(polyplug.is_fault(fault) and fault.message:find("into", 1, true) ~= nil, true)
end

behaviours["log"] = function(stage)
  local lines = {}
  local subscription = polyplug.subscribe_log(function(line) lines[#lines + 1] = line end)
  get(stage, "life"):log "a line 🎈"
  subscription:close()
  local found
  for _, line in ipairs(lines) do
    if line.text == "a line 🎈" then found = line end
  end
  if not found then error "it did not arrive" end
  equal({ found.level, found.plugin:find("conformance", 1, true) ~= nil }, { "info", true })
end

behaviours["desk-write"] = function(stage)
  local life = get(stage, "life")
  local first = life:write "a\0b 🎈"
  equal(life:write "", first + 1)
  equal({ stage.desk.lines[first], stage.desk.lines[first + 1] }, { "a\0b 🎈", "" })
end

behaviours["desk-missing"] = function()
  local runtime = stages.without_desk()
  local succeeded, raised = pcall(runtime.load, runtime, stages.files.guest)
  equal({ succeeded, raised.code }, { false, "missing-host-contract" })
  runtime:close()
end

local function guest(stage)
  for _, plugin in ipairs(stage.module:plugins()) do
    if plugin.name == "conformance-guest" then return plugin end
  end
  error "no plugin of that name"
end

behaviours["metadata-plugin"] = function(stage)
  local plugin = guest(stage)
  equal({ plugin.version, plugin.description, plugin.license, plugin.repository },
    { "1.2.3", "The conformance guest", "MIT OR Apache-2.0", "https://example.org/conformance" })
end

behaviours["metadata-contracts"] = function(stage)
  local offered = {}
  for _, contract in ipairs(guest(stage).contracts) do offered[contract] = true end
  for _, name in ipairs { "values", "life", "closures", "objects", "lies" } do
    equal(offered["conformance." .. name .. " 1.0"], true)
  end
end

behaviours["metadata-provider"] = function(stage) equal(stage.runtime:providers "conformance.life", { "conformance-guest" }) end

behaviours["closure-lent"] = function(stage)
  equal(get(stage, "closures"):each(4, function(value) return value * 2 end), { 0, 2, 4, 6 })
end

behaviours["closure-that-changes"] = function(stage)
  local seen = {}
  get(stage, "closures"):feed({ "a", "", "🎈" }, function(text, index) seen[#seen + 1] = { text, index } end)
  equal(seen, { { "a", 0 }, { "", 1 }, { "🎈", 2 } })
end

behaviours["closure-optional"] = function(stage)
  local closures = get(stage, "closures")
  equal(closures:perhaps(nil), nil)
  equal(closures:perhaps(function() return true end), true)
end

behaviours["closure-result"] = function(stage)
  equal(get(stage, "closures"):checked(function(value) return value + 40 end), 42)
end

behaviours["closure-fails"] = function(stage)
  local closures = get(stage, "closures")
  local succeeded, answer, reason = pcall(closures.checked, closures, function() return nil, "no 🎈" end)
  local fault = succeeded and reason or answer
  equal(fault.message:find("the closure said", 1, true) ~= nil and fault.message:find("no 🎈", 1, true) ~= nil, true)
end

behaviours["closure-kept"] = function(stage)
  local closures = get(stage, "closures")
  local function adding()
    local sum = 0
    return function(value)
      sum = sum + value
      return sum
    end
  end
  local first = adding()
  local watch = watched(first)
  equal(closures:keep(first), nil)
  first = nil
  equal({ closures:kept(2), (closures:kept(3)) }, { 2, 5 })
  local back = closures:keep(adding())
  equal(back(10), 15)
  polyplug.release(back)
  back = nil
  equal({ closures:forget(), closures:forget() }, { true, false })
  gone(stage, watch)
end

behaviours["closure-not-kept"] = function(stage)
  local closures = get(stage, "closures")
  local succeeded, answer, reason = pcall(closures.kept, closures, 1)
  local fault = succeeded and reason or answer
  equal(fault.message:find("nothing is kept", 1, true) ~= nil, true)
end

behaviours["closure-once"] = function(stage)
  equal(get(stage, "closures"):once(function(text) return text .. "!" end, "a"), "a!")
end

behaviours["closure-shared"] = function(stage)
  equal(get(stage, "closures"):twice(function(value) return value * 3 end)(2), 18)
  error("another thread cannot enter this one's Lua", 0)
end

behaviours["closure-made"] = function(stage) equal(get(stage, "closures"):adder(5)(37), 42) end

behaviours["closure-panics"] = function(stage)
  local closures, seen = get(stage, "closures"), {}
  faulted("stop 🎈", closures.each, closures, 5, function(value)
    seen[#seen + 1] = value
    if value == 2 then error("stop 🎈", 0) end
    return value
  end)
  equal(seen, { 0, 1, 2 })
end

behaviours["enter-from-a-closure"] = function(stage)
  local life = get(stage, "life")
  equal(get(stage, "closures"):each(3, function(value) return life:add(value, 1) end), { 1, 2, 3 })
end

behaviours["object-lent"] = function(stage)
  local ears = stages.ears()
  equal(get(stage, "objects"):tell(ears, 3), 2)
  equal(ears.heard, { "time 0", "time 1", "time 2" })
end

behaviours["object-lent-inside"] = function(stage)
  local ears = stages.ears()
  equal(get(stage, "objects"):tell_all { ears, none, ears }, 1)
  equal(ears.heard, { "all", "all" })
end

behaviours["object-made"] = function(stage)
  local objects = get(stage, "objects")
  local listener = objects:listener "größer"
  equal(listener:name(), "größer")
  equal({ listener:hear "a", listener:hear "b" }, { 0, 1 })
  local alive = objects:alive()
  polyplug.release(listener)
  equal(objects:alive(), alive - 1)
end

behaviours["object-dropped"] = function(stage)
  local objects = get(stage, "objects")
  local before = objects:alive()
  local listener = objects:listener "a"
  equal(objects:alive(), before + 1)
  polyplug.release(listener)
  equal(objects:alive(), before)
end

behaviours["object-there-and-back"] = function(stage)
  local ears = stages.ears()
  local watch = watched(ears)
  local back = get(stage, "objects"):there_and_back(ears)
  equal(back:hear "home", 0)
  equal(ears.heard, { "home" })
  polyplug.release(back)
  ears, back = nil, nil
  gone(stage, watch)
end

behaviours["object-kept"] = function(stage)
  local objects, ears = get(stage, "objects"), stages.ears()
  local watch, heard = watched(ears), ears.heard
  ears:hear "before"
  equal(objects:keep(ears), 0)
  ears = nil
  equal(objects:keep(nil), 1)
  equal(heard, { "before", "farewell" })
  gone(stage, watch)
end

behaviours["object-list"] = function(stage)
  local objects = get(stage, "objects")
  local before = objects:alive()
  local listeners = objects:listeners(3)
  equal({ listeners[1][1], listeners[2][1], listeners[3][1] }, { "number 0", "number 1", "number 2" })
  equal({ listeners[1][2]:name(), listeners[3][2]:name() }, { "number 0", "number 2" })
  equal(listeners[2][2], none)
  equal(objects:alive(), before + 2)
  polyplug.release(listeners[1][2])
  polyplug.release(listeners[3][2])
  equal(objects:alive(), before)
end

behaviours["object-inside-data"] = function(stage)
  local ears = stages.ears()
  local watch, heard = watched(ears), ears.heard
  local job = get(stage, "objects"):run({ name = "job", listener = ears, work = function(value) return value + 10 end }, 2)
  equal(heard, { "job 10", "job 11" })
  equal(job.name, "job!")
  equal(job.work(5), 15)
  polyplug.release(job.listener)
  polyplug.release(job.work)
  ears, job = nil, nil
  gone(stage, watch)
end

behaviours["object-fails"] = function(stage)
  local objects, deaf = get(stage, "objects"), stages.ears()
  function deaf.hear() error("deaf 🎈", 0) end
  faulted("deaf 🎈", objects.tell, objects, deaf, 1)
end

-- A runtime of the case's own.
local function alone(work)
  local stage = stages.new()
  local succeeded, raised = pcall(work, stage)
  stage.runtime:close()
  if not succeeded then error(raised, 0) end
end

behaviours["object-after-unload"] = function()
  alone(function(stage)
    local listener = get(stage, "objects"):listener "later"
    stage.module:unload()
    equal(listener:name(), "later")
  end)
end

behaviours["stream-made"] = function(stage)
  local lines = get(stage, "objects"):lines "a\n🎈\nc"
  equal({ lines:next(), lines:read() }, { "a", 1 })
  equal({ lines:next(), lines:next(), lines:next() == nil }, { "🎈", "c", true })
  lines:rewind()
  equal(lines:next(), "a")
end

local function stream(...)
  local lines, read = { ... }, 0
  return {
    next = function()
      if #lines > 0 then read = read + 1 end
      return table.remove(lines, 1)
    end,
    rewind = function() error "nobody of the kit rewinds a stream of the host" end,
    read = function() return read end,
    -- `skip` is left to its default body.
  }
end

behaviours["stream-lent"] = function(stage)
  local lines = stream("x", "y")
  equal(get(stage, "objects"):read_all(lines), { "x", "y" })
  equal(lines:next(), nil)
end

behaviours["stream-given"] = function(stage)
  local lines = stream("1", "2", "3", "4")
  local watch = watched(lines)
  equal(get(stage, "objects"):consume(lines), 4)
  lines = nil
  gone(stage, watch)
end

behaviours["stream-of-its-own"] = function(stage)
  local one, other = stage.runtime:create "conformance.lines", stage.runtime:create "conformance.lines"
  equal({ one:next(), other:next() }, { "first", "first" })
  equal({ one:next(), one:next(), one:next() == nil }, { "second", "third", true })
  equal({ other:skip(1), other:next() }, { 1, "third" })
end

behaviours["pinned"] = function(stage)
  local shelf = get(stage, "shelf")
  equal(shelf:title(), "Moby Dick")
  equal(shelf:numbers(), { 1, 2, 3 })
  equal({ shelf:number(1), shelf:number(9) == nil }, { 2, true })
end

behaviours["reload"] = function()
  alone(function(stage)
    local life = get(stage, "life")
    local count = life:count()
    stage.module:reload(5)
    equal(life:count(), count + 1)
  end)
end

behaviours["call-after-unload"] = function()
  alone(function(stage)
    local life = get(stage, "life")
    equal(life:add(2, 3), 5)
    stage.module:unload()
    equal(faulted("", life.add, life, 2, 3).kind, "unloaded")
    equal(#stage.runtime:providers "conformance.life", 0)
  end)
end

behaviours["load-after-unload"] = function()
  alone(function(stage)
    stage.module:unload()
    stage.runtime:load(stages.files.guest)
    equal(get(stage, "life"):add(2, 3), 5)
  end)
end

return behaviours
