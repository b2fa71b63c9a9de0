-- Values that are runs of others: texts, lists, sets, maps, arrays, paths.
local ffi = require "ffi"
local native = require "polyplug.native"
local errors = require "polyplug.errors"
local values = require "polyplug.scalars"
local C = native.C
local none, Pairs = errors.none, errors.Pairs
local codecs, kinds, codec_of, misfit, unfit = values.codecs, values.kinds, values.codec, values.misfit, values.unfit
local checked_text, encoded, decoded = values.checked_text, values.encoded, values.decoded
local cast, type, getmetatable, setmetatable, floor = ffi.cast, type, getmetatable, setmetatable, math.floor

local uint8, uint16 = ffi.typeof "uint8_t *", ffi.typeof "uint16_t *"
local Slice, Buffer = ffi.typeof "PolyplugSlice *", ffi.typeof "PolyplugBuffer *"

--- Writes a run of `count` elements: lent, its pointer and length; owned, a buffer in memory of the library.
local function put_run(place, data, count, size, is_owned, arena)
  if not is_owned then
    local slice = cast(Slice, place)
    slice.ptr, slice.len = data, count
    return
  end
  if C.polyplug_buffer_new(data, count, size, cast(Buffer, place)) ~= 0 then misfit "a result is too large" end
  local copy = ffi.new("PolyplugBuffer", cast(Buffer, place)[0])
  arena:undo(function() C.polyplug_buffer_release(copy) end)
end

values.put_run = put_run

local function put_bytes(place, text, is_owned, arena)
  if not is_owned then arena:keep(text) end
  put_run(place, cast("const uint8_t *", text), #text, 1, is_owned, arena)
end
values.put_bytes = put_bytes

local function bytes_of(place)
  local slice = cast(Slice, place)
  return ffi.string(slice.ptr, slice.len)
end
values.bytes_of = bytes_of

codecs[kinds.STRING] = function(codec, _, is_owned)
  function codec.write(place, value, arena) put_bytes(place, checked_text(value), is_owned, arena) end
  codec.read = bytes_of
end

codecs[kinds.TEXT] = function(codec, _, is_owned)
  function codec.write(place, value, arena)
    checked_text(value)
    if not is_owned then return put_bytes(place, value, false, arena) end
    -- A result that borrows: a part of an argument.
    for _, source in ipairs(arena.sources or {}) do
      local at = source.text:find(value, 1, true)
      if at then return put_run(place, source.place + (at - 1), #value, 1, false, arena) end
    end
    misfit "a text that is a part of no argument, where the contract says that it is one"
  end
  codec.read = bytes_of
end

local function counted(value)
  if type(value) ~= "table" or value == none then unfit("a list", value) end
  local count = #value
  -- What lies behind a hole is no part of a list.
  for at = 1, count do
    if value[at] == nil then return at - 1 end
  end
  return count
end

local function write_elements(inner, place, value, count, arena)
  local size, write = inner.size, inner.write
  local steps, depth = arena:step()
  for at = 1, count do
    steps[depth] = at
    write(place + (at - 1) * size, value[at], arena)
  end
  arena.depth = depth - 1
end

local function pack(inner, value, arena)
  local count = counted(value)
  local place = arena:piece(count * inner.size)
  write_elements(inner, place, value, count, arena)
  return place, count
end

--- Writes a list of elements of `inner`.
local function write_list(inner, place, value, is_owned, arena)
  if inner.node.kind == kinds.U8 and type(value) == "string" then return put_bytes(place, value, is_owned, arena) end
  local data, count = pack(inner, value, arena)
  put_run(place, data, count, inner.size, is_owned, arena)
end
values.write_list = write_list

local function read_elements(inner, place, count, scope)
  local list, size, read = {}, inner.size, inner.read
  for at = 1, count do
    local value = read(place + (at - 1) * size, scope)
    if value == nil then value = none end
    list[at] = value
  end
  return list
end

--- Reads a list of elements of `inner`.
local function read_list(inner, place, scope)
  if inner.node.kind == kinds.U8 then return bytes_of(place) end
  local slice = cast(Slice, place)
  return read_elements(inner, cast(uint8, slice.ptr), tonumber(slice.len), scope)
end
values.read_list = read_list

--- The codec of a result that borrows, which Lua cannot answer.
local function no_borrow(what)
  return function() misfit(what .. " that borrows from the arguments, which Lua cannot answer") end
end

values.no_borrow = no_borrow

codecs[kinds.LIST] = function(codec, node, is_owned)
  local inner = codec_of(node.elements[1], is_owned)
  function codec.write(place, value, arena) write_list(inner, place, value, is_owned, arena) end
  function codec.read(place, scope) return read_list(inner, place, scope) end
end
codecs[kinds.SET] = function(codec, node, is_owned)
  local inner = codec_of(node.elements[1], is_owned)
  function codec.write(place, value, arena)
    local data, count = pack(inner, value, arena)
    put_run(place, data, count, inner.size, is_owned, arena)
  end
  function codec.read(place, scope)
    local slice = cast(Slice, place)
    return read_elements(inner, cast(uint8, slice.ptr), tonumber(slice.len), scope)
  end
end
codecs[kinds.SLICE] = function(codec, node, is_owned)
  -- What a slice points to is lent in both forms.
  local inner = codec_of(node.elements[1], false)
  if is_owned then
    codec.write = no_borrow "a list"
  else
    function codec.write(place, value, arena) write_list(inner, place, value, false, arena) end
  end
  function codec.read(place, scope) return read_list(inner, place, scope) end
end
codecs[kinds.ARRAY] = function(codec, node, is_owned)
  local inner, length = codec_of(node.elements[1], is_owned), node.length
  local is_bytes = inner.node.kind == kinds.U8
  function codec.write(place, value, arena)
    local is_text = is_bytes and type(value) == "string"
    local count = is_text and #value or counted(value)
    if count ~= length then misfit("expected a list of " .. length .. " items, got " .. count) end
    if is_text then
      ffi.copy(place, value, count)
    else
      write_elements(inner, place, value, count, arena)
    end
  end
  function codec.read(place, scope)
    if is_bytes then return ffi.string(place, length) end
    return read_elements(inner, place, length, scope)
  end
end

local KEYS = { string = true, number = true, boolean = true }
codecs[kinds.MAP] = function(codec, node, is_owned)
  local pair = codec_of(node.elements[1], is_owned)
  local key, value = pair.fields[1], pair.fields[2]
  function codec.write(place, map, arena)
    if type(map) ~= "table" or map == none then unfit("a table as a map", map) end
    local list = map
    if getmetatable(map) ~= Pairs then
      list = {}
      for key, value in pairs(map) do list[#list + 1] = { key, value } end
    end
    local data, count = pack(pair, list, arena)
    put_run(place, data, count, pair.size, is_owned, arena)
  end
  function codec.read(place, scope)
    local slice = cast(Slice, place)
    local first, count = cast(uint8, slice.ptr), tonumber(slice.len)
    local list, has_keys = {}, true
    for at = 1, count do
      local base = first + (at - 1) * pair.size
      local own, carried = key.codec.read(base + key.offset, scope), value.codec.read(base + value.offset, scope)
      if own == nil then own = none end
      if carried == nil then carried = none end
      if not KEYS[type(own)] then has_keys = false end
      list[at] = { own, carried }
    end
    if not has_keys then return setmetatable(list, Pairs) end
    local map = {}
    for at = 1, count do map[list[at][1]] = list[at][2] end
    return map
  end
end

-- Paths: bytes; on Windows units of UTF-16.

local function to_units(text)
  local units = {}
  for _, point in ipairs(decoded(text)) do
    if point >= 0x10000 then
      units[#units + 1] = 0xD800 + floor((point - 0x10000) / 0x400)
      units[#units + 1] = 0xDC00 + point % 0x400
    else
      units[#units + 1] = point
    end
  end
  return units
end

local function of_units(units, count)
  local parts, at = {}, 0
  while at < count do
    local unit = units[at]
    if unit >= 0xD800 and unit < 0xDC00 and at + 1 < count then
      at = at + 1
      unit = 0x10000 + (unit - 0xD800) * 0x400 + units[at] - 0xDC00
    end
    parts[#parts + 1] = encoded(unit)
    at = at + 1
  end
  return table.concat(parts)
end

local function path(codec, node, is_owned)
  if is_owned and node.kind == kinds.BORROWED_PATH then
    codec.write = no_borrow "a path"
  elseif ffi.os == "Windows" then
    function codec.write(place, value, arena)
      local units = to_units(checked_text(value))
      local data = arena:piece(#units * 2)
      for at = 1, #units do cast(uint16, data)[at - 1] = units[at] end
      put_run(place, data, #units, 2, is_owned, arena)
    end
  else
    function codec.write(place, value, arena)
      if type(value) ~= "string" then unfit("a path", value) end
      put_bytes(place, value, is_owned, arena)
    end
  end
  if ffi.os == "Windows" then
    function codec.read(place)
      local slice = cast(Slice, place)
      return of_units(cast(uint16, slice.ptr), tonumber(slice.len))
    end
  else
    codec.read = bytes_of
  end
end
codecs[kinds.PATH], codecs[kinds.BORROWED_PATH] = path, path

return values
