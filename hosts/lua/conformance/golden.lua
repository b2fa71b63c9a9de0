-- Values as `cases.json` writes them, by their types: into values of Lua, and back.
local ffi = require "ffi"
local polyplug = require "polyplug"
local kinds = require("polyplug.values").kinds
local null = require("read_json").null

local golden = {}

local DIGITS = {
  [kinds.I64] = "LL", [kinds.U64] = "ULL", [kinds.ISIZE] = "LL", [kinds.USIZE] = "ULL", [kinds.I128] = "", [kinds.U128] = "",
}
local FLOATS = { NaN = 0 / 0, inf = math.huge, ["-inf"] = -math.huge, ["-0.0"] = -0.0 }

-- `{"repeat": part, "times": number}`, written out.
local function whole(json)
  if type(json) ~= "table" or json["repeat"] == nil then return json end
  local part, times = json["repeat"], json.times
  if type(part) == "string" then return part:rep(times) end
  local list = {}
  for _ = 1, times do
    for _, item in ipairs(part) do list[#list + 1] = item end
  end
  return list
end

-- Digits as a value of Lua takes them: what fits into 64 bits is no string.
local function number_of(digits, kind)
  if kind ~= kinds.I128 and kind ~= kinds.U128 then return assert(loadstring("return " .. digits .. DIGITS[kind]))() end
  local short = digits:gsub("^-", "")
  local most = digits:sub(1, 1) == "-" and "9223372036854775808" or "18446744073709551615"
  if #short > #most or #short == #most and short > most then return digits end
  if digits == "-9223372036854775808" then return -9223372036854775807LL - 1 end
  return assert(loadstring("return " .. digits .. (digits:sub(1, 1) == "-" and "LL" or "ULL")))()
end

local function digits_of(value)
  if type(value) == "number" then return ("%.0f"):format(value) end
  return (tostring(value):gsub("U?LL$", ""))
end

local function key_of(field, at)
  if field.name == "" then return at end
  return field.name:find "^%d+$" and tonumber(field.name) + 1 or field.name
end

-- Fields lie under their names, or in an array when they have none.
local function fields_of(fields, json, read)
  local found = {}
  for at, field in ipairs(fields) do
    local key = key_of(field, at)
    if json[key] ~= nil then found[key] = read(field.ty, json[key]) end
  end
  return found
end

--- A value of Lua.
function golden.read(node, json)
  json = whole(json)
  local kind, read = node.kind, golden.read
  if kind == kinds.UNIT then return nil end
  if DIGITS[kind] then return number_of(json, kind) end
  if kind == kinds.F32 or kind == kinds.F64 then
    local value = FLOATS[json] or json
    return kind == kinds.F32 and tonumber(ffi.cast("float", value)) or value
  elseif kind == kinds.LIST or kind == kinds.SLICE or kind == kinds.ARRAY or kind == kinds.SET then
    local list = {}
    for at, item in ipairs(json) do
      local value = read(node.elements[1], item)
      if value == nil then value = polyplug.none end
      list[at] = value
    end
    return list
  elseif kind == kinds.MAP then
    local pair, list = node.elements[1].fields, {}
    for at, item in ipairs(json) do list[at] = { read(pair[1].ty, item[1]), read(pair[2].ty, item[2]) } end
    return polyplug.map(list)
  elseif kind == kinds.OPTION then
    if json == null then return nil end
    local value = read(node.elements[1], json.some)
    if value == nil then return polyplug.some(nil) end
    return value
  elseif kind == kinds.RESULT then
    if json.ok ~= nil then return polyplug.ok(read(node.elements[1], json.ok)) end
    return polyplug.err(read(node.elements[2], json.err))
  elseif kind == kinds.BOX or kind == kinds.REFERENCE then
    return read(node.elements[1], json)
  elseif kind == kinds.TUPLE then
    local value = fields_of(node.fields, json, read)
    for at = 1, #node.fields do
      if value[at] == nil then value[at] = polyplug.none end
    end
    return value
  elseif kind == kinds.STRUCT or kind == kinds.GROWING_STRUCT then
    return fields_of(node.fields, json, read)
  elseif kind == kinds.ENUM or kind == kinds.GROWING_ENUM then
    if json.fields == nil then return json.variant end
    for _, variant in ipairs(node.variants) do
      if variant.name == json.variant then
        local value = fields_of(variant.fields, json.fields, read)
        value.variant = json.variant
        return value
      end
    end
  elseif kind == kinds.DURATION or kind == kinds.SYSTEM_TIME then
    return { seconds = number_of(json.seconds, kind == kinds.DURATION and kinds.U64 or kinds.I64), nanoseconds = json.nanoseconds }
  elseif kind == kinds.FAULT then
    return polyplug.fault { message = json.message, kind = json.kind }
  end
  return json
end

local function float_of(value)
  if value ~= value then return "NaN" end
  if value == math.huge then return "inf" end
  if value == -math.huge then return "-inf" end
  if value == 0 and 1 / value < 0 then return "-0.0" end
  return value
end

local function before(one, other) return one < other end

--- What stands in the file for a value of Lua.
function golden.write(node, value)
  local kind, write = node.kind, golden.write
  if kind == kinds.UNIT then return null end
  if DIGITS[kind] then return digits_of(value) end
  if kind == kinds.F32 or kind == kinds.F64 then return float_of(value) end
  if kind == kinds.LIST or kind == kinds.SLICE or kind == kinds.ARRAY or kind == kinds.SET then
    local list = {}
    if type(value) == "string" then
      for at = 1, #value do list[at] = value:byte(at) end
      return list
    end
    for at, item in ipairs(value) do
      if item == polyplug.none then item = nil end
      list[at] = write(node.elements[1], item)
    end
    if kind == kinds.SET then table.sort(list, before) end
    return list
  elseif kind == kinds.MAP then
    local pair, list = node.elements[1].fields, {}
    if getmetatable(value) == getmetatable(polyplug.map {}) then
      for at, item in ipairs(value) do list[at] = { item[1], item[2] } end
    else
      for key, item in pairs(value) do list[#list + 1] = { key, item } end
    end
    table.sort(list, function(one, other) return one[1] < other[1] end)
    for _, item in ipairs(list) do item[1], item[2] = write(pair[1].ty, item[1]), write(pair[2].ty, item[2]) end
    return list
  elseif kind == kinds.OPTION then
    if value == nil or value == polyplug.none then return null end
    if type(value) == "table" and getmetatable(value) == getmetatable(polyplug.some(nil)) then value = value.some end
    return { some = write(node.elements[1], value) }
  elseif kind == kinds.RESULT then
    if getmetatable(value) == getmetatable(polyplug.ok(nil)) then return { ok = write(node.elements[1], value.ok) } end
    return { err = write(node.elements[2], value.err) }
  elseif kind == kinds.BOX or kind == kinds.REFERENCE then
    return write(node.elements[1], value)
  elseif kind == kinds.TUPLE or kind == kinds.STRUCT or kind == kinds.GROWING_STRUCT then
    local object = {}
    for at, field in ipairs(node.fields) do
      local part = value[key_of(field, at)]
      if part == polyplug.none then part = nil end
      object[key_of(field, at)] = write(field.ty, part)
    end
    return object
  elseif kind == kinds.ENUM or kind == kinds.GROWING_ENUM then
    if type(value) == "string" then return { variant = value } end
    for _, variant in ipairs(node.variants) do
      if variant.name == value.variant then
        local fields = {}
        for at, field in ipairs(variant.fields) do fields[key_of(field, at)] = write(field.ty, value[key_of(field, at)]) end
        return { variant = value.variant, fields = fields }
      end
    end
  elseif kind == kinds.DURATION or kind == kinds.SYSTEM_TIME then
    return { seconds = digits_of(value.seconds), nanoseconds = value.nanoseconds }
  elseif kind == kinds.FAULT then
    return { kind = value.kind, message = value.message }
  end
  return value
end

golden.whole = whole
return golden
