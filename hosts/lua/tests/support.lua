-- What the tests share: where things are, runtimes of a test's own, and comparing.
local ffi = require "ffi"
local polyplug = require "polyplug"

local support = {}

local folder = assert(os.getenv "POLYPLUG_TEST_PLUGINS", "POLYPLUG_TEST_PLUGINS names the folder with the plugins: run `cargo xtask lua`")
local NAMES = { Windows = "%s.dll", OSX = "lib%s.dylib" }

--- The library of a plugin.
function support.library(package)
  return folder .. "/" .. (NAMES[ffi.os] or "lib%s.so"):format((package:gsub("-", "_")))
end

--- The repository.
support.root = debug.getinfo(1, "S").source:match "^@(.*)hosts/lua/tests/support%.lua$"

local runtimes = {}

--- A runtime of the test's own, with these plugins in it.
function support.runtime(...)
  local runtime = polyplug.runtime()
  runtimes[#runtimes + 1] = runtime
  for _, package in ipairs { ... } do runtime:load(support.library(package)) end
  return runtime
end

--- What was made for a test is closed.
function support.finish()
  for at = #runtimes, 1, -1 do
    runtimes[at]:close()
    runtimes[at] = nil
  end
end

local function shown(value, depth)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) ~= "table" or depth and depth > 4 or getmetatable(value) and getmetatable(value).__tostring then return tostring(value) end
  local parts = {}
  for key, item in pairs(value) do parts[#parts + 1] = tostring(key) .. " = " .. shown(item, (depth or 0) + 1) end
  table.sort(parts)
  return "{ " .. table.concat(parts, ", ") .. " }"
end
support.shown = shown

local function same(one, other)
  if one == other then return true end
  if type(one) ~= "table" or type(other) ~= "table" or getmetatable(one) ~= getmetatable(other) then return false end
  for key, value in pairs(one) do
    if not same(value, other[key]) then return false end
  end
  for key in pairs(other) do
    if one[key] == nil then return false end
  end
  return true
end

--- Fails when the first is not the second.
function support.equal(found, expected, level)
  if not same(found, expected) then error("expected " .. shown(expected) .. ", found " .. shown(found), (level or 1) + 1) end
end

--- Fails when a list is not what was returned.
function support.returns(expected, ...)
  support.equal(select("#", ...), expected.n or #expected, 2)
  for at = 1, expected.n or #expected do support.equal((select(at, ...)), expected[at], 2) end
end

--- What a function raises; its text has this in it.
function support.raises(wanted, called, ...)
  local succeeded, raised = pcall(called, ...)
  if succeeded then error("nothing was raised, where `" .. wanted .. "` was expected", 2) end
  if not tostring(raised):find(wanted, 1, true) then error("expected `" .. wanted .. "`, raised was: " .. tostring(raised), 2) end
  return raised
end

--- Collects what nobody refers to.
function support.collect()
  for _ = 1, 3 do collectgarbage() end
end

return support
