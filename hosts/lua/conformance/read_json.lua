-- JSON into tables of Lua: arrays and objects are tables, `null` is a value of its own.
local encoded = require("polyplug.values").encoded

local read_json = {}

local null = setmetatable({}, { __tostring = function() return "null" end })
read_json.null = null

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function text_at(source, at)
  local parts = {}
  while true do
    local stop = source:find('["\\]', at)
    parts[#parts + 1] = source:sub(at, stop - 1)
    if source:sub(stop, stop) == '"' then return table.concat(parts), stop + 1 end
    local escape = source:sub(stop + 1, stop + 1)
    at = stop + 2
    if escape == "u" then
      local point = tonumber(source:sub(at, at + 3), 16)
      at = at + 4
      if point >= 0xD800 and point < 0xDC00 then
        point = 0x10000 + (point - 0xD800) * 0x400 + tonumber(source:sub(at + 2, at + 5), 16) - 0xDC00
        at = at + 6
      end
      parts[#parts + 1] = encoded(point)
    else
      parts[#parts + 1] = ESCAPES[escape]
    end
  end
end

local value_at

-- What stands between two brackets, each read by `item`.
local function all_at(source, at, closing, item)
  at = source:find("%S", at)
  if source:sub(at, at) == closing then return at + 1 end
  while true do
    at = source:find("%S", item(at))
    local mark = source:sub(at, at)
    if mark == closing then return at + 1 end
    if mark ~= "," then error("`" .. closing .. "` or `,` was expected at byte " .. at) end
    at = source:find("%S", at + 1)
  end
end

function value_at(source, at)
  at = source:find("%S", at)
  local mark = source:sub(at, at)
  if mark == '"' then return text_at(source, at + 1) end
  if mark == "[" then
    local list = {}
    return list, all_at(source, at + 1, "]", function(at)
      list[#list + 1], at = value_at(source, at)
      return at
    end)
  elseif mark == "{" then
    local object = {}
    return object, all_at(source, at + 1, "}", function(at)
      local key
      key, at = text_at(source, at + 1)
      object[key], at = value_at(source, source:find(":", at, true) + 1)
      return at
    end)
  end
  local word = source:match("^[%w%.%+%-]+", at)
  local values = { ["true"] = true, ["false"] = false, null = null }
  local value = values[word]
  if value == nil then value = tonumber(word) or error("`" .. tostring(word) .. "` is no JSON") end
  return value, at + #word
end

--- Reads a text.
function read_json.read(source) return (value_at(source, 1)) end

return read_json
