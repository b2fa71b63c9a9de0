-- Values of Lua as JSON text, for configurations.
local errors = require "polyplug.errors"

local json = {}

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(found) return ESCAPES[found] or ("\\u%04x"):format(found:byte()) end) .. '"'
end

--- Writes a value. A table with a first element is a list, any other an object; `polyplug.none` is `null`.
function json.encode(value)
  local kind = type(value)
  if value == nil or value == errors.none then return "null" end
  if kind == "boolean" then return tostring(value) end
  if kind == "string" then return quoted(value) end
  if kind == "cdata" then return (tostring(value):gsub("U?LL$", "")) end
  if kind == "number" then
    if value ~= value or value == math.huge or value == -math.huge then error("JSON has no " .. tostring(value), 2) end
    if math.floor(value) == value and math.abs(value) < 2 ^ 53 then return ("%d"):format(value) end
    return ("%.17g"):format(value)
  end
  if kind ~= "table" then error("JSON has no " .. kind, 2) end
  local parts = {}
  if value[1] ~= nil then
    for at, item in ipairs(value) do parts[at] = json.encode(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, item in pairs(value) do parts[#parts + 1] = quoted(tostring(key)) .. ":" .. json.encode(item) end
  return "{" .. table.concat(parts, ",") .. "}"
end

return json
