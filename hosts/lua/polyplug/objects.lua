-- Objects and closures, both ways: those of plugins become proxies, tables and functions of Lua become objects.
local ffi = require "ffi"
local native = require "polyplug.native"
local errors = require "polyplug.errors"
local values = require "polyplug.values"
local calls = require "polyplug.calls"
local proxies = require "polyplug.proxies"
local home = require "polyplug.home"
local C = native.C
local cast = ffi.cast

local objects = {}
values.objects = objects

local SHARED = values.flags.SHARED
local Object, Objects = ffi.typeof "PolyplugObject", ffi.typeof "PolyplugObject *"

-- Whether two contracts are one for an object.
local function is_same(mine, wanted)
  if mine == wanted then return true end
  if mine.id ~= "" or wanted.id ~= "" then
    return mine.id == wanted.id and mine.major == wanted.major and mine.order == wanted.order
  end
  return mine.methods[1].signature == wanted.methods[1].signature
end

--- What a value lacks to answer for a contract; nothing if it lacks nothing.
function objects.lacks(contract, value)
  if contract.id == "" then
    local meta = getmetatable(value)
    if type(value) ~= "function" and not (type(meta) == "table" and meta.__call) then return "a function" end
    return
  end
  if type(value) ~= "table" or value == errors.none then return "an object of contract `" .. contract.id .. "`" end
  for _, method in ipairs(contract.methods) do
    if not method.has_default and type(value[method.name]) ~= "function" then
      return nil, "the table has no method `" .. method.name .. "` of contract `" .. contract.id .. "`"
    end
  end
end

--- What the home keeps of a value.
function objects.resident(contract, value, runtime)
  return { contract = contract, value = value, runtime = runtime, answer = calls.answer, is_live = true }
end

-- Writes the object behind a proxy: lent for the call, or given away.
local function put_proxy(proxy, contract, owns, place, arena)
  local object = proxy[proxies.HANDLE]
  if not object then values.misfit("an object that " .. getmetatable(proxy).gone:sub(4)) end
  local written = cast(Objects, place)
  if not owns then
    if contract.is_exclusive then
      proxies.enter(proxy)
      arena:after(function() proxies.leave(proxy) end)
    end
    arena:keep(object)
    written.interface, written.state = object.interface, object.state
    return
  end
  if object.release == nil then values.misfit "an object that is lent for a call, and cannot be given away" end
  if object.retain ~= nil then
    -- Its owners count themselves: there is one more.
    local copy = Object(object)
    C.polyplug_object_retain(copy)
    arena:undo(function() C.polyplug_object_release(copy) end)
    written[0] = object
    return
  end
  if proxy[4] then values.misfit "an exclusive object that a call is inside of" end
  local copy = Object(object)
  written[0] = copy
  local take_back = proxies.give_away(proxy)
  object.release = nil
  arena:undo(function()
    object.release = copy.release
    take_back()
  end)
end

--- Writes an object.
function objects.put(node, value, owns, place, arena)
  local contract = node.contract
  local meta = type(value) == "table" and getmetatable(value)
  if type(meta) == "table" and meta.kind == "object" and is_same(meta.contract, contract) then
    local object = value[proxies.HANDLE]
    -- What has one owner cannot become what many own: Lua answers for it then.
    if not (object and bit.band(node.flags, SHARED) ~= 0 and object.release ~= nil and object.retain == nil) then
      return put_proxy(value, contract, owns, place, arena)
    end
  end
  local expected, lacking = objects.lacks(contract, value)
  if expected then values.unfit(expected, value) end
  if lacking then values.misfit(lacking) end
  local made = Object()
  home.add(objects.resident(contract, value, arena.runtime), function(handle, key)
    errors.asked("polyplug_home_object", handle, arena.runtime, contract.pointer, key, made)
  end)
  local written = cast(Objects, place)
  if owns then
    arena:undo(function() C.polyplug_object_release(made) end)
    written[0] = made
  else
    arena:after(function() C.polyplug_object_release(made) end)
    written.interface, written.state = made.interface, made.state
  end
end

--- Reads an object. One with an owner is the reader's from now on; another lives for the call.
function objects.take(node, place, scope)
  local found = cast(Objects, place)
  local object = Object(found[0])
  if object.release ~= nil then
    native.own_object(object)
    -- Taken: it is not released with the value that it lies in.
    if scope.owned then found.release = nil end
  end
  local proxy = proxies.of_object(node.contract, object, scope.runtime)
  if object.release == nil and scope.borrowed then table.insert(scope.borrowed, proxies.give_away_later(proxy)) end
  return proxy
end

return objects
