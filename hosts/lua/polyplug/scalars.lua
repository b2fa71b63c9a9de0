-- Values as they cross: written and read by what a contract says of their types. Here: what all of them share, and scalars.
--
-- Every type has two codecs, of its lent form (arguments) and of its owned form (results): tables with `size`, `write(place, value,
-- arena)` and `read(place, scope)`. A scope says whether objects that are read are the reader's (`owned`), and gathers those that
-- live for a call only (`borrowed`).
local ffi = require "ffi"
local native = require "polyplug.native"
local errors = require "polyplug.errors"
local integers = require "polyplug.integers"
local C = native.C
local none = errors.none
local cast, type, getmetatable, setmetatable, floor = ffi.cast, type, getmetatable, setmetatable, math.floor

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

local int8, int16, int32 = ffi.typeof "int8_t *", ffi.typeof "int16_t *", ffi.typeof "int32_t *"
local uint8, uint16, uint32 = ffi.typeof "uint8_t *", ffi.typeof "uint16_t *", ffi.typeof "uint32_t *"
local int64, uint64 = ffi.typeof "int64_t *", ffi.typeof "uint64_t *"
local float, double = ffi.typeof "float *", ffi.typeof "double *"

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
values.codecs = codecs

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

-- Flags: what the integer behind them is, without its sign.
local UNSIGNED = {
  [kinds.I8] = kinds.U8, [kinds.I16] = kinds.U16, [kinds.I32] = kinds.U32, [kinds.I64] = kinds.U64, [kinds.ISIZE] = kinds.USIZE,
}
codecs[kinds.FLAGS] = function(codec, node)
  local kind = node.elements[1].kind
  codecs[UNSIGNED[kind] or kind](codec, node)
end

return values
