-- libpolyplug through the ffi: where it is found, its handles, and the two ways into it.
--
-- What the library calls may come back to Lua, when a plugin calls something of Lua's. LuaJIT kills the process when that happens to a
-- compiled call. So there are two ways in:
--
-- * `native.into`: never compiled. The library may call Lua while it runs, and only then: it looks at `entered` first, and at the
--   thread, and answers a fault otherwise.
-- * Directly, as compiled code does: for functions that call no plugin; and for methods as long as `calls.live` is 0, when there is
--   nothing that could be called.
local ffi = require "ffi"
require "polyplug.declarations"

local native = {}

if not (ffi.abi "64bit" and ffi.abi "le") then error("polyplug needs a 64-bit, little-endian LuaJIT") end

local VARIABLE = "POLYPLUG_LIBRARY"
local NAMES = { Windows = "polyplug.dll", OSX = "libpolyplug.dylib" }
local NAME = NAMES[ffi.os] or "libpolyplug.so"

-- A library that was loaded is never unloaded: it has threads of its own, which outlive this state of Lua.
local function keep(path)
  pcall(function()
    if ffi.os == "Windows" then
      ffi.cdef "void *LoadLibraryA(const char *name);"
      ffi.C.LoadLibraryA(path)
    else
      ffi.cdef "void *dlopen(const char *file, int flags);"
      ffi.C.dlopen(path, 2)
    end
  end)
end

local function open()
  local folder = debug.getinfo(1, "S").source:match "^@(.*)native%.lua$" or "./"
  local named = os.getenv(VARIABLE)
  local places = named and named ~= "" and { named } or { folder .. NAME, NAME }
  local reasons = {}
  for _, place in ipairs(places) do
    local opened, library = pcall(ffi.load, place)
    if opened then
      keep(place)
      return library
    end
    reasons[#reasons + 1] = "  " .. place .. ": " .. tostring(library)
  end
  error(
    "libpolyplug, the native half of this package, was not found:\n" .. table.concat(reasons, "\n")
      .. "\nBuild it with `cargo xtask library` in the repository of polyplug, then set the environment variable " .. VARIABLE
      .. " to its file, `target/libpolyplug/lib/" .. NAME .. "`, or put that file into `" .. folder .. "`.", 0)
end

local C = open()
native.C = C

-- Code that walks the stack, as backtraces do, ends the process when it comes to compiled code of LuaJIT's. Where Rust makes
-- backtraces everything is interpreted: as if there were something that could be called.
local function walks_the_stack(variable)
  local value = os.getenv(variable)
  return value ~= nil and value ~= "" and value ~= "0"
end
local least = (walks_the_stack "RUST_BACKTRACE" or walks_the_stack "RUST_LIB_BACKTRACE") and 1 or 0

-- Where this state of Lua is.
local calls = {
  least = least, -- what `live` is when nothing can be called
  live = least, -- values of Lua's that something may call, and calls of them that run
  depth = 0, -- calls of Lua that run, inside each other
  cell = ffi.new "PolyplugHomeState", -- until something is handed over; then the home's
  settle = function() end, -- takes what waits
}
native.calls = calls

-- Calls inside calls end somewhere: each of them takes from the stack of the thread.
local DEEPEST = 150

-- Makes sure that the callback finds room on the stack of Lua: it could not raise an error where there is none.
local names = {}
for at = 1, 190 do names[at] = "a" .. at end
local room = loadstring("local " .. table.concat(names, ", "), "=polyplug")
jit.off(room)

-- What comes before a call that may come back, and what comes after it.
local function enter()
  if calls.depth >= DEEPEST then
    error("calls between Lua and plugins are " .. DEEPEST .. " deep inside each other", 0)
  end
  room()
  local cell = calls.cell
  cell.entered = cell.entered + 1
end
local function leave()
  local cell = calls.cell
  if cell.waiting ~= 0 then calls.settle() end
  cell.entered = cell.entered - 1
end
jit.off(enter)
jit.off(leave)

local function left(succeeded, ...)
  leave()
  if not succeeded then error((...), 0) end
  return ...
end
jit.off(left)

--- Calls a function that may come back to Lua.
function native.into(called, ...)
  enter()
  return left(pcall(called, ...))
end
jit.off(native.into)

--- The same for `polyplug_call`.
function native.call(handle, number, frame, out, fault)
  enter()
  local code = C.polyplug_call(handle, number, frame, out, fault)
  leave()
  return code
end
jit.off(native.call)

--- The same for `polyplug_object_call`.
function native.object_call(contract, object, number, frame, out, fault)
  enter()
  local code = C.polyplug_object_call(contract, object, number, frame, out, fault)
  leave()
  return code
end
jit.off(native.object_call)

-- Finalizers. They are never run from compiled code, and may be run where there is little room; a plugin that calls Lua then gets
-- a fault if there is none.
local function let_go(handle)
  local cell = calls.cell
  cell.entered = cell.entered + 1
  C.polyplug_release(handle)
  cell.entered = cell.entered - 1
end
local function let_object_go(object)
  if object.release ~= nil then
    local cell = calls.cell
    cell.entered = cell.entered + 1
    C.polyplug_object_release(object)
    cell.entered = cell.entered - 1
    object.release = nil
  end
end
jit.off(let_go)
jit.off(let_object_go)

--- A handle that is released when nobody refers to it.
function native.own(handle) return ffi.gc(handle, let_go) end

--- An object that is given up when nobody refers to it.
function native.own_object(object) return ffi.gc(object, let_object_go) end

local function release(handle, finalizer)
  -- Inside a call it may be the one that is being called: the collector knows when it is not.
  if calls.depth > 0 then return end
  ffi.gc(handle, nil)
  finalizer(handle)
end

--- Releases a handle of `own` now.
function native.release(handle) release(handle, let_go) end

--- Gives an object of `own_object` up now.
function native.release_object(object) release(object, let_object_go) end

--- A text of the library's.
function native.text(slice) return ffi.string(slice.ptr, slice.len) end

--- Texts of the library's.
function native.texts(items, count)
  local texts = {}
  for at = 0, tonumber(count) - 1 do texts[at + 1] = native.text(items[at]) end
  return texts
end

return native
