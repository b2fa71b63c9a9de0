-- What is Lua's and is called from outside: the one callback for calls, the one for events, and what they lead to.
--
-- LuaJIT has few callbacks, and each is memory that must be freed: so there are these two, and a number says what is meant. The
-- library looks at the thread, and whether Lua may be entered, before it calls them.
local ffi = require "ffi"
local native = require "polyplug.native"
local errors = require "polyplug.errors"
local C, state = native.C, native.calls

local home = {
  -- What an answer returns that leaves the method to its default body.
  LEFT_OUT = {},
}

-- What answers, by its number: `answer` of values, `hear` of listeners; `is_live` says that Lua may be called in any call.
local residents, free, last = {}, {}, 0

local function fault_of(raised)
  local trace
  if type(raised) == "table" and raised.raised ~= nil then raised, trace = raised.raised, raised.trace end
  return errors.new_record(raised, trace)
end

local function answer(key, number, frame, out)
  local resident = residents[key]
  return resident.answer(resident, number, frame, out)
end

-- An error must not leave a callback: there is nothing but the library behind it.
local function invoke(key, number, frame, out, fault)
  state.live, state.depth = state.live + 1, state.depth + 1
  local succeeded, raised = pcall(answer, key, number, frame, out)
  local code = 0
  if succeeded then
    if raised == home.LEFT_OUT then code = 2 end
  else
    local made, record = pcall(fault_of, raised)
    if made then fault[0] = record end
    code = 1
  end
  state.live, state.depth = state.live - 1, state.depth - 1
  return code
end
jit.off(invoke)

local function tell(key, event)
  local resident = residents[key]
  if resident and resident.hear then resident.hear(event) end
end

local function heard(key, event)
  state.live, state.depth = state.live + 1, state.depth + 1
  local succeeded, raised = pcall(tell, key, event)
  -- An event has nobody to answer to.
  if not succeeded then pcall(io.stderr.write, io.stderr, "polyplug: a listener failed: " .. tostring(raised) .. "\n") end
  state.live, state.depth = state.live - 1, state.depth - 1
end
jit.off(heard)

local keys = ffi.new "uint32_t[64]"

local function settle()
  repeat
    local count = tonumber(C.polyplug_home_settle(home.handle, keys, 64))
    for at = 0, count - 1 do home.forget(keys[at]) end
  until count < 64
end
jit.off(settle)

--- The home of this state of Lua.
function home.open()
  if not home.handle then
    local handle = errors.asked("polyplug_home_new", ffi.cast("PolyplugHomeInvoke", invoke), ffi.cast("PolyplugHomeListener", heard))
    local before = state.cell
    state.cell = errors.asked("polyplug_home_state", handle)
    state.settle = settle
    -- At the end of this state the order is any: who comes after this must not look at what was the home's.
    home.handle = ffi.gc(handle, function(handle)
      state.cell = before
      C.polyplug_release(handle)
    end)
  end
  return home.handle
end
jit.off(home.open)

--- Gives a resident a number. `asked` is told it, and hands it over; what it returns is returned.
function home.add(resident, asked)
  local key = table.remove(free)
  if not key then
    last = last + 1
    key = last
  end
  residents[key] = resident
  if resident.is_live then state.live = state.live + 1 end
  local succeeded, answer = pcall(asked, home.open(), key)
  if not succeeded then
    home.forget(key)
    error(answer, 0)
  end
  return answer
end

--- Nobody calls it any more.
function home.forget(key)
  local resident = residents[key]
  if resident and resident.is_live then state.live = state.live - 1 end
  residents[key] = nil
  free[#free + 1] = key
end

--- How many values of Lua's something may call.
function home.count()
  local count = 0
  for _, resident in pairs(residents) do
    if resident.is_live then count = count + 1 end
  end
  return count
end

return home
