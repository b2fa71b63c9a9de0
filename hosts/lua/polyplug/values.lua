-- Values that are made of others: options, results, structs, enums, what lies behind pointers, objects.
local ffi = require "ffi"
local native = require "polyplug.native"
local errors = require "polyplug.errors"
local values = require "polyplug.runs"
local C = native.C
local none, Ok, Err, Some, Fault = errors.none, errors.Ok, errors.Err, errors.Some, errors.Fault
local codecs, kinds, codec_of, misfit, unfit = values.codecs, values.kinds, values.codec, values.misfit, values.unfit
local put_run, no_borrow = values.put_run, values.no_borrow
local cast, type, getmetatable = ffi.cast, type, getmetatable

local UNIQUE, SHARED = values.flags.UNIQUE, values.flags.SHARED
local OTHER_TAG = 0xFFFFFFFF
local uint32, Pointers = ffi.typeof "uint32_t *", ffi.typeof "uint8_t **"

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
codecs[kinds.OBJECT] = function(codec, node, is_owned)
  local owns = is_owned or bit.band(node.flags, UNIQUE + SHARED) ~= 0
  function codec.write(place, value, arena) values.objects.put(node, value, owns, place, arena) end
  function codec.read(place, scope) return values.objects.take(node, place, scope) end
end

return values
