-- Values as they cross: written and read by what a contract says of their types.
--
-- Every type has two codecs, of its lent form (arguments) and of its owned form (results): tables with `size`, `write(place, value,
-- arena)` and `read(place, scope)`. A scope says whether objects that are read are the reader's (`owned`), and gathers those that
-- live for a call only (`borrowed`).
local ffi = require "ffi"
local native = require "polyplug.native"
local errors = require "polyplug.errors"
local integers = require "polyplug.integers"
local C = native.C
local none, Ok, Err, Some, Pairs, Fault = errors.none, errors.Ok, errors.Err, errors.Some, errors.Pairs, errors.Fault
local cast, istype = ffi.cast, ffi.istype
local type, getmetatable, setmetatable, floor = type, getmetatable, setmetatable, math.floor

local values = {}

local KINDS = {
  "UNIT", "BOOL", "CHAR", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "ISIZE", "USIZE", "F32", "F64", "STRING", "LIST",
  "ARRAY", "OPTION", "RESULT", "TUPLE", "STRUCT", "ENUM", "BOX", "FAULT", "OBJECT", "TEXT", "SLICE", "REFERENCE", "U128", "I128",
  "MAP", "SET", "DURATION", "SYSTEM_TIME", "PATH", "BORROWED_PATH", "FLAGS", "GROWING_STRUCT", "GROWING_ENUM",
}
local kinds = {}
for at, name in ipairs(KINDS) do kinds[name] = at - 1 end
values.kinds = kinds
values.flags = { BY_VALUE = 2, SEND = 4, SYNC = 8, UNIQUE = 16, SHARED = 32, ONCE = 64 }
local UNIQUE, SHARED = 16, 32
local OTHER_TAG = 0xFFFFFFFF

local int8, int16, int32 = ffi.typeof "int8_t *", ffi.typeof "int16_t *", ffi.typeof "int32_t *"
local uint8, uint16, uint32 = ffi.typeof "uint8_t *", ffi.typeof "uint16_t *", ffi.typeof "uint32_t *"
local int64, uint64 = ffi.typeof "int64_t *", ffi.typeof "uint64_t *"
local float, double = ffi.typeof "float *", ffi.typeof "double *"
local Slice, Buffer, Pointers = ffi.typeof "PolyplugSlice *", ffi.typeof "PolyplugBuffer *", ffi.typeof "uint8_t **"

-- What does not fit.

local Misfit = {}

--- Raises that a value does not fit; `values.writing` says where.
local function misfit(reason) error(setmetatable({ reason = reason }, Misfit), 0) end
values.misfit = misfit

local function called(value)
  local kind = type(value)
  if value == none then return "polyplug.none" end
  if kind == "nil" then return "nil" end
  if kind == "cdata" then return "a value of the ffi" end
  if kind == "number" then return "a number" end
  return "a " .. kind
end

local function unfit(expected, value) misfit("expected " .. expected .. ", got " .. called(value)) end
values.unfit = unfit

--- What was raised while something was written, in words.
function values.said(raised, arena, what, of)
  if getmetatable(raised) ~= Misfit then return raised end
  return (what:sub(-1) == "`" and what:sub(1, -2) .. arena:path() .. "`" or what .. arena:path()) .. of .. ": " .. raised.reason
end

-- Codecs.

local codecs = {}

local function codec_of(node, is_owned)
  local key = is_owned and "owned" or "lent"
  local found = node.codecs[key]
  if not found then
    found = { node = node, is_owned = is_owned, size = is_owned and node.owned_size or node.lent_size }
    found.align = is_owned and node.owned_align or node.lent_align
    -- Known before it is whole: types may hold themselves.
    node.codecs[key] = found
    codecs[node.kind](found, node, is_owned)
  end
  return found
end
values.codec = codec_of

codecs[kinds.UNIT] = function(codec)
  function codec.write() end
  function codec.read() return nil end
end

codecs[kinds.BOOL] = function(codec)
  function codec.write(place, value)
    if type(value) ~= "boolean" then unfit("a boolean", value) end
    place[0] = value and 1 or 0
  end
  function codec.read(place) return place[0] ~= 0 end
  function codec.write_wide(place, value)
    if type(value) ~= "boolean" then unfit("a boolean", value) end
    cast(uint32, place)[0] = value and 1 or 0
  end
  function codec.read_wide(place) return cast(uint32, place)[0] ~= 0 end
end

local function encoded(point)
  if point < 0x80 then return string.char(point) end
  if point < 0x800 then return string.char(0xC0 + floor(point / 64), 0x80 + point % 64) end
  if point < 0x10000 then
    return string.char(0xE0 + floor(point / 4096), 0x80 + floor(point / 64) % 64, 0x80 + point % 64)
  end
  return string.char(0xF0 + floor(point / 262144), 0x80 + floor(point / 4096) % 64, 0x80 + floor(point / 64) % 64, 0x80 + point % 64)
end

values.encoded = encoded

-- The characters of text that is UTF-8.
local function decoded(text)
  local points, at = {}, 1
  while at <= #text do
    local lead = text:byte(at)
    local more = lead < 0x80 and 0 or lead < 0xE0 and 1 or lead < 0xF0 and 2 or 3
    local point = more == 0 and lead or lead % (more == 1 and 32 or more == 2 and 16 or 8)
    for next = at + 1, at + more do point = point * 64 + text:byte(next) % 64 end
    points[#points + 1] = point
    at = at + more + 1
  end
  return points
end
values.decoded = decoded

local function checked_text(value)
  if type(value) ~= "string" then unfit("a string", value) end
  if C.polyplug_is_text(value, #value) == 0 then misfit "the string is not UTF-8" end
  return value
end
values.checked_text = checked_text

codecs[kinds.CHAR] = function(codec)
  function codec.write(place, value)
    local points = decoded(checked_text(value))
    if #points ~= 1 then misfit("expected a text of one character, got one of " .. #points) end
    cast(uint32, place)[0] = points[1]
  end
  function codec.read(place) return encoded(cast(uint32, place)[0]) end
end

-- Integers.

local INTEGERS = {
  [kinds.I8] = { int8, 8, true }, [kinds.I16] = { int16, 16, true }, [kinds.I32] = { int32, 32, true },
  [kinds.U8] = { uint8, 8, false }, [kinds.U16] = { uint16, 16, false }, [kinds.U32] = { uint32, 32, false },
}
local LONG = { [kinds.I64] = true, [kinds.ISIZE] = true, [kinds.U64] = false, [kinds.USIZE] = false }

local function shown(value)
  if type(value) == "number" then return ("%.17g"):format(value) end
  return (tostring(value):gsub("U?LL$", ""))
end

local function bad_integer(value, was_integer, low, high)
  if was_integer then misfit(shown(value) .. " is out of range, which is " .. low .. " to " .. high) end
  if type(value) == "number" then misfit("expected an integer, got " .. shown(value)) end
  unfit("an integer", value)
end

local function narrow(codec, pointer, bits, is_signed)
  local low, high = is_signed and -2 ^ (bits - 1) or 0, is_signed and 2 ^ (bits - 1) - 1 or 2 ^ bits - 1
  local wide = is_signed and int32 or uint32
  local to_narrow = integers.to_narrow
  function codec.write(place, value)
    local number, was_integer = to_narrow(value, low, high)
    if not number then bad_integer(value, was_integer, low, high) end
    cast(pointer, place)[0] = number
  end
  function codec.read(place) return cast(pointer, place)[0] end
  function codec.write_wide(place, value)
    local number, was_integer = to_narrow(value, low, high)
    if not number then bad_integer(value, was_integer, low, high) end
    cast(wide, place)[0] = number
  end
  function codec.read_wide(place) return cast(wide, place)[0] end
  codec.low, codec.high = low, high
end
for kind, parts in pairs(INTEGERS) do
  codecs[kind] = function(codec) narrow(codec, parts[1], parts[2], parts[3]) end
end

local LONG_RANGE = {
  [true] = { "-9223372036854775808", "9223372036854775807" }, [false] = { "0", "18446744073709551615" },
}
local function long(codec, is_signed)
  local pointer = is_signed and int64 or uint64
  local of = is_signed and integers.signed or integers.unsigned
  local to_long = integers.to_long
  function codec.write(place, value)
    local number, was_integer = to_long(value, is_signed)
    if not number then bad_integer(value, was_integer, LONG_RANGE[is_signed][1], LONG_RANGE[is_signed][2]) end
    cast(pointer, place)[0] = number
  end
  function codec.read(place) return of(cast(pointer, place)[0]) end
end
for kind, is_signed in pairs(LONG) do
  codecs[kind] = function(codec) long(codec, is_signed) end
end

local function wide(codec, node)
  local is_signed = node.kind == kinds.I128
  function codec.write(place, value)
    local low, high = integers.to_wide(value, is_signed)
    if not low then
      if high and not is_signed and not tostring(value):find "^%d+$" then misfit(shown(value) .. " is negative") end
      if high then misfit(shown(value) .. " does not fit into 128 bits") end
      bad_integer(value, false)
    end
    local words = cast(uint64, place)
    words[0], words[1] = low, high
  end
  function codec.read(place)
    local words = cast(uint64, place)
    return integers.wide(words[0], words[1], is_signed)
  end
end
codecs[kinds.U128], codecs[kinds.I128] = wide, wide

local function floating(codec, node)
  local pointer = node.kind == kinds.F32 and float or double
  function codec.write(place, value)
    if type(value) ~= "number" then unfit("a number", value) end
    cast(pointer, place)[0] = value
  end
  function codec.read(place) return cast(pointer, place)[0] end
end
codecs[kinds.F32], codecs[kinds.F64] = floating, floating

-- Runs.

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

local function no_borrow(what)
  return function() misfit(what .. " that borrows from the arguments, which Lua cannot answer") end
end

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

-- What is one of several.

codecs[kinds.OPTION] = function(codec, node, is_owned)
  local inner, at = codec_of(node.elements[1], is_owned), math.max(codec.align, 4)
  function codec.write(place, value, arena)
    if value == nil or value == none then
      cast(uint32, place)[0] = 0
      return
    end
    if type(value) == "table" and getmetatable(value) == Some then value = value.some end
    inner.write(place + at, value, arena)
    cast(uint32, place)[0] = 1
  end
  function codec.read(place, scope)
    if cast(uint32, place)[0] == 0 then return nil end
    local value = inner.read(place + at, scope)
    if value == nil or value == none or type(value) == "table" and getmetatable(value) == Some then return errors.some(value) end
    return value
  end
end

codecs[kinds.RESULT] = function(codec, node, is_owned)
  local ok, err = codec_of(node.elements[1], is_owned), codec_of(node.elements[2], is_owned)
  local at = math.max(codec.align, 4)
  function codec.write(place, value, arena)
    local meta = type(value) == "table" and getmetatable(value)
    if meta == Err then
      err.write(place + at, value.err, arena)
      cast(uint32, place)[0] = 1
    else
      if meta == Ok then value = value.ok end
      ok.write(place + at, value, arena)
      cast(uint32, place)[0] = 0
    end
  end
  function codec.read(place, scope)
    if cast(uint32, place)[0] == 0 then return errors.ok(ok.read(place + at, scope)) end
    return errors.err(err.read(place + at, scope))
  end
end

-- Fields.

local function fields_of(fields, is_owned)
  local found = {}
  for at, field in ipairs(fields) do
    local key = field.name == "" and at or field.name:find "^%d+$" and tonumber(field.name) + 1 or field.name
    found[at] = {
      key = key, offset = is_owned and field.owned_offset or field.lent_offset, codec = codec_of(field.ty, is_owned),
      has_default = field.has_default,
    }
  end
  return found
end

local function write_fields(fields, place, value, arena)
  local steps, depth = arena:step()
  for at = 1, #fields do
    local field = fields[at]
    steps[depth] = field.key
    field.codec.write(place + field.offset, value[field.key], arena)
  end
  arena.depth = depth - 1
end

local function read_fields(fields, place, scope)
  local value = {}
  for at = 1, #fields do
    local field = fields[at]
    value[field.key] = field.codec.read(place + field.offset, scope)
  end
  return value
end

codecs[kinds.TUPLE] = function(codec, node, is_owned)
  local fields = fields_of(node.fields, is_owned)
  codec.fields = fields
  function codec.write(place, value, arena)
    if type(value) ~= "table" or value == none then unfit("a list", value) end
    if #value > #fields then misfit("expected a list of " .. #fields .. " items, got " .. #value) end
    write_fields(fields, place, value, arena)
  end
  function codec.read(place, scope)
    local value = read_fields(fields, place, scope)
    for at = 1, #fields do
      if value[at] == nil then value[at] = none end
    end
    return value
  end
end

codecs[kinds.STRUCT] = function(codec, node, is_owned)
  local fields = fields_of(node.fields, is_owned)
  function codec.write(place, value, arena)
    if type(value) ~= "table" or value == none then unfit("a table with the fields of a struct", value) end
    write_fields(fields, place, value, arena)
  end
  function codec.read(place, scope) return read_fields(fields, place, scope) end
end

local function variants_of(node, is_owned)
  local by_name, by_tag = {}, {}
  for _, variant in ipairs(node.variants) do
    local found = {
      name = variant.name, tag = variant.tag, is_other = variant.is_other, fields = fields_of(variant.fields, is_owned),
    }
    by_name[variant.name], by_tag[variant.tag] = found, found
    if variant.is_other then by_tag.other = found end
  end
  return by_name, by_tag
end

-- The variant of a value, and the table with its fields.
local function variant_of(node, by_name, value)
  local name = value
  if type(value) == "table" and value ~= none then
    name = value.variant
    if type(name) ~= "string" then unfit("the name of a variant in `variant`", name) end
  elseif type(value) ~= "string" then
    unfit("the name of a variant", value)
  end
  local variant = by_name[name]
  if not variant then misfit("`" .. node.name .. "` has no variant `" .. name .. "`") end
  if #variant.fields > 0 and type(value) ~= "table" then
    misfit("variant `" .. name .. "` has fields: give a table with `variant` and them")
  end
  return variant
end

local function write_variant(variant, place, value, arena)
  if #variant.fields == 0 then return end
  local steps, depth = arena:step()
  steps[depth] = variant.name
  write_fields(variant.fields, place, value, arena)
  arena.depth = depth - 1
end

local function read_variant(variant, place, scope)
  if #variant.fields == 0 then return variant.name end
  local value = read_fields(variant.fields, place, scope)
  value.variant = variant.name
  return value
end

codecs[kinds.ENUM] = function(codec, node, is_owned)
  local by_name, by_tag = variants_of(node, is_owned)
  function codec.write(place, value, arena)
    local variant = variant_of(node, by_name, value)
    write_variant(variant, place, value, arena)
    cast(uint32, place)[0] = variant.tag
  end
  function codec.read(place, scope) return read_variant(by_tag[cast(uint32, place)[0]], place, scope) end
end

-- Data that may get more fields or variants. It lies behind a pointer.

local function end_of(fields, least)
  for at = 1, #fields do least = math.max(least, fields[at].offset + fields[at].codec.size) end
  return least
end

codecs[kinds.GROWING_STRUCT] = function(codec, node, is_owned)
  local fields = fields_of(node.fields, is_owned)
  local size = end_of(fields, 4)
  function codec.write(place, value, arena)
    if is_owned then misfit("a `" .. node.name .. "`, which may grow, which Lua cannot answer") end
    if type(value) ~= "table" or value == none then unfit("a table with the fields of a struct", value) end
    local pointed = arena:piece(size)
    cast(uint32, pointed)[0] = size
    write_fields(fields, pointed, value, arena)
    cast(Pointers, place)[0] = pointed
  end
  function codec.read(place, scope)
    local pointed, value = cast(Pointers, place)[0], {}
    local known = cast(uint32, pointed)[0]
    for at = 1, #fields do
      local field = fields[at]
      if field.offset + field.codec.size <= known then value[field.key] = field.codec.read(pointed + field.offset, scope) end
    end
    return value
  end
end

codecs[kinds.GROWING_ENUM] = function(codec, node, is_owned)
  local by_name, by_tag = variants_of(node, is_owned)
  function codec.write(place, value, arena)
    if is_owned then misfit("a `" .. node.name .. "`, which may grow, which Lua cannot answer") end
    local variant = variant_of(node, by_name, value)
    local pointed = arena:piece(16)
    if variant.is_other then
      cast(uint32, pointed)[0] = OTHER_TAG
    else
      local payload = arena:piece(end_of(variant.fields, 0))
      write_variant(variant, payload, value, arena)
      cast(uint32, pointed)[0] = variant.tag
      cast(Pointers, pointed + 8)[0] = payload
    end
    cast(Pointers, place)[0] = pointed
  end
  function codec.read(place, scope)
    local pointed = cast(Pointers, place)[0]
    local variant = by_tag[cast(uint32, pointed)[0]]
    if not variant or variant.is_other then
      if by_tag.other then return by_tag.other.name end
      error(errors.fault { message = "`" .. node.name .. "` has a variant that is not known here", kind = "unknown-variant" }, 0)
    end
    return read_variant(variant, cast(Pointers, pointed + 8)[0], scope)
  end
end

-- Pointers.

codecs[kinds.BOX] = function(codec, node, is_owned)
  local inner = codec_of(node.elements[1], is_owned)
  function codec.write(place, value, arena)
    local pointed = arena:piece(inner.size)
    inner.write(pointed, value, arena)
    if is_owned then
      put_run(place, pointed, 1, inner.size, true, arena)
    else
      cast(Pointers, place)[0] = pointed
    end
  end
  function codec.read(place, scope) return inner.read(cast(Pointers, place)[0], scope) end
end

codecs[kinds.REFERENCE] = function(codec, node, is_owned)
  local inner = codec_of(node.elements[1], false)
  if is_owned then
    codec.write = no_borrow "a reference"
  else
    function codec.write(place, value, arena)
      local pointed = arena:piece(inner.size)
      inner.write(pointed, value, arena)
      cast(Pointers, place)[0] = pointed
    end
  end
  function codec.read(place, scope) return inner.read(cast(Pointers, place)[0], scope) end
end

local Records = ffi.typeof "PolyplugFaultRecord **"
codecs[kinds.FAULT] = function(codec, _, is_owned)
  function codec.write(place, value, arena)
    if type(value) ~= "string" and getmetatable(value) ~= Fault then unfit("a fault or a string", value) end
    local record = errors.new_record(value)
    cast(Records, place)[0] = record
    arena[is_owned and "undo" or "after"](arena, function() C.polyplug_fault_release(record) end)
  end
  function codec.read(place) return errors.read_fault(cast(Records, place)[0]) end
end

-- Times: seconds, and nanoseconds after that.

local function time(codec, node)
  local is_signed = node.kind == kinds.SYSTEM_TIME
  local pointer, of = is_signed and int64 or uint64, is_signed and integers.signed or integers.unsigned
  local function out_of_range(seconds) misfit(shown(seconds) .. " seconds are out of range") end
  function codec.write(place, value)
    local seconds, nanoseconds
    if type(value) == "number" then
      local whole = floor(value)
      if whole ~= whole or whole == math.huge or whole == -math.huge then out_of_range(value) end
      seconds, nanoseconds = whole, math.min(floor((value - whole) * 1e9), 999999999)
    elseif type(value) == "table" and value ~= none then
      seconds, nanoseconds = value.seconds, value.nanoseconds
      if nanoseconds == nil then nanoseconds = 0 end
    else
      unfit("seconds, or a table with seconds and nanoseconds", value)
    end
    local long, was_integer = integers.to_long(seconds, is_signed)
    if not long then
      if was_integer then out_of_range(seconds) end
      bad_integer(seconds, false)
    end
    local short, was_short = integers.to_narrow(nanoseconds, 0, 999999999)
    if not short then
      if was_short then misfit(shown(nanoseconds) .. " nanoseconds are out of range, which is 0 to 999999999") end
      bad_integer(nanoseconds, false)
    end
    cast(pointer, place)[0] = long
    cast(uint32, place + 8)[0] = short
  end
  function codec.read(place)
    return { seconds = of(cast(pointer, place)[0]), nanoseconds = cast(uint32, place + 8)[0] }
  end
end
codecs[kinds.DURATION], codecs[kinds.SYSTEM_TIME] = time, time

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

-- Flags: what the integer behind them is, without its sign.
local UNSIGNED = {
  [kinds.I8] = kinds.U8, [kinds.I16] = kinds.U16, [kinds.I32] = kinds.U32, [kinds.I64] = kinds.U64, [kinds.ISIZE] = kinds.USIZE,
}
codecs[kinds.FLAGS] = function(codec, node)
  local kind = node.elements[1].kind
  codecs[UNSIGNED[kind] or kind](codec, node)
end

codecs[kinds.OBJECT] = function(codec, node, is_owned)
  local owns = is_owned or bit.band(node.flags, UNIQUE + SHARED) ~= 0
  function codec.write(place, value, arena) values.objects.put(node, value, owns, place, arena) end
  function codec.read(place, scope) return values.objects.take(node, place, scope) end
end

return values
