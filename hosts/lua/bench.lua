-- What a call costs: a method of a proxy against the ffi calling the same C function with arguments of the same shape, by hand.
--
--     luajit hosts/lua/bench.lua target/release/libhello.so
--
-- Three floors stand beside every figure, in the same run:
--
-- * `typed`: the C function behind the method, called through the ffi with declared types, as one calls any C function; a text is
--   fetched and released after. It follows no reload, and checks nothing.
-- * `C`: a C function of libpolyplug that does nothing; with a text, that makes a string of 24 bytes.
-- * `frame`: `polyplug_call`, with the arguments written into the frame and the result read.
--
-- The least of several rounds, which take turns.
local folder = arg[0]:match "^(.*)bench%.lua$"
package.path = folder .. "?.lua;" .. folder .. "?/init.lua;" .. package.path

local ffi = require "ffi"
local polyplug = require "polyplug"
local C = require("polyplug.native").C

ffi.cdef [[
int32_t polyplug_read(const void *source, void *destination, size_t count);
int clock_gettime(int clock, void *time);
]]

if require("polyplug.native").calls.least ~= 0 then
  error("RUST_BACKTRACE is set, so that nothing is compiled: set it to 0", 0)
end

local ROUNDS = 15
local time = ffi.new "int64_t[2]"

local function now()
  if ffi.os == "Windows" then return os.clock() * 1e9 end
  ffi.C.clock_gettime(ffi.os == "OSX" and 6 or 1, time)
  return tonumber(time[0]) * 1e9 + tonumber(time[1])
end

-- Nanoseconds per call of each. Every loop is a function of its own, so that it is compiled on its own.
local function measured(count, works)
  local least = {}
  for round = 1, ROUNDS do
    for at, work in ipairs(works) do
      collectgarbage()
      local start = now()
      work(count)
      local taken = (now() - start) / count
      least[at] = math.min(least[at] or taken, taken)
    end
  end
  return least
end

local runtime = polyplug.runtime()
runtime:load(arg[1] or "target/release/libhello.so")
local greeter = runtime:get "demo.greeter"

local methods = {}
for _, method in ipairs(polyplug.contract_of(greeter).methods) do methods[method.name] = method.number end

-- The C functions behind the methods, as a host by hand finds them.
local pinned = C.polyplug_caller_pin(greeter[1], nil)
local interface, object = ffi.new "const PolyplugInterfaceHeader *[1]", ffi.new "void *[1]"
C.polyplug_pinned_face(pinned, interface, object, nil)
local functions = ffi.cast("void **", interface[0] + 1)
local receiver = ffi.new "PolyplugReceiver"
receiver.state = object[0]
local typed_add = ffi.cast("uint32_t (*)(void *, uint32_t, uint32_t)", functions[methods.add])
local typed_greet = ffi.cast("void (*)(void *, const char *, size_t, void *)", functions[methods.greet])

local numbers, sum, fault = ffi.new "uint32_t[2]", ffi.new "uint64_t[1]", ffi.new "PolyplugFaultRecord *[1]"
local handle, add, greet = greeter[1], methods.add, methods.greet

local scalar = measured(1e7, {
  function(count)
    local total = 0
    for at = 1, count do total = total + greeter:add(at, 3) end
    return total
  end,
  function(count)
    local total = 0
    for at = 1, count do total = total + typed_add(receiver, at, 3) end
    return total
  end,
  function(count)
    local total = 0
    for at = 1, count do total = total + C.polyplug_read(numbers, sum, 0) end
    return total
  end,
  function(count)
    local total = 0
    for at = 1, count do
      numbers[0], numbers[1] = at, 3
      if C.polyplug_call(handle, add, numbers, sum, fault) ~= 0 then error "a fault" end
      total = total + ffi.cast("uint32_t *", sum)[0]
    end
    return total
  end,
})

local text = "sixteen letters!"
local out, slice = ffi.new "PolyplugBuffer", ffi.new "PolyplugSlice"
local still = ffi.new("char[?]", 32, "Hello, sixteen letters!!")
assert(greeter:greet(text) == "Hello, sixteen letters!!")

local texts = measured(1e6, {
  function(count)
    local total = 0
    for _ = 1, count do total = total + #greeter:greet(text) end
    return total
  end,
  function(count)
    local total = 0
    for _ = 1, count do
      typed_greet(receiver, text, #text, out)
      total = total + #ffi.string(out.ptr, out.len)
      out.release(out.ptr, out.capacity)
    end
    return total
  end,
  function(count)
    local total = 0
    for _ = 1, count do
      C.polyplug_read(numbers, sum, 0)
      total = total + #ffi.string(still, 24)
    end
    return total
  end,
  function(count)
    local total = 0
    for _ = 1, count do
      slice.ptr, slice.len = text, #text
      if C.polyplug_call(handle, greet, slice, out, fault) ~= 0 then error "a fault" end
      total = total + #ffi.string(out.ptr, out.len)
      C.polyplug_buffer_release(out)
    end
    return total
  end,
})

-- With something of Lua's that could be called nothing is compiled.
local called = measured(2e5, {
  function(count)
    local state = require("polyplug.native").calls
    state.live = state.live + 1
    local total = 0
    for at = 1, count do total = total + greeter:add(at, 3) end
    state.live = state.live - 1
    return total
  end,
})

print(("%-26s%10s%12s%7s%10s%7s%10s%7s"):format("", "proxy", "typed", "", "C", "", "frame", ""))
for _, row in ipairs { { "add(u32, u32) -> u32", scalar }, { "greet(16 B) -> String", texts } } do
  local name, least = row[1], row[2]
  local line = ("%-26s%7.1f ns"):format(name, least[1])
  for at = 2, 4 do line = line .. ("%7.1f ns%6.2fx"):format(least[at], least[1] / least[at]) end
  print(line)
end
print(("%-26s%7.0f ns"):format("add, where Lua is called", called[1]))

C.polyplug_release(pinned)
runtime:close()
