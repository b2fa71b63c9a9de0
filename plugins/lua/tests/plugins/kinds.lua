-- Every kind of value, in Lua.
local kinds = polyplug.plugin {
  name = "lua-kinds",
  version = "1.0.0",
  description = "every kind of value",
  authors = { "One", "Other" },
  implements = { "fixture.kinds 1.0" },
}

-- Integers beyond 2^53 come as int64_t or uint64_t, which print with a suffix.
local function digits(integer) return (tostring(integer):gsub("U?LL$", "")) end

function kinds:scalars(...)
  local texts = {}
  for i, value in ipairs { ... } do texts[i] = digits(value) end
  return table.concat(texts, " ")
end
function kinds:more_scalars(a, b, c, d) return a + b + c + d end
function kinds:narrow(value) return value == 127 and -128 or value + 1 end
kinds["not"] = function(_, value) return not value end
function kinds:next_char(value) return string.char(value:byte() + 1) end
function kinds:nothing() end
function kinds:greet(name) return "Hello, " .. name .. "!" end
function kinds:shout(text) return text:upper() end
function kinds:sum(values)
  local sum = 0
  for _, value in ipairs(values) do sum = sum + value end
  return sum
end
function kinds:join(parts, with) return table.concat(parts, with) end
function kinds:double(values)
  for i, value in ipairs(values) do values[i] = value * 2 end
  return values
end
function kinds:transpose(rows)
  local columns = {}
  for i, row in ipairs(rows) do
    for j, text in ipairs(row) do
      columns[j] = columns[j] or {}
      columns[j][i] = text
    end
  end
  return columns
end
function kinds:rotate(values) return { values[2], values[3], values[1] } end
function kinds:pair(values) return { values[2], values[1] } end
function kinds:half(value) return value and value % 2 == 0 and value / 2 or nil end
function kinds:maybe(value)
  if type(value) == "string" then return "<" .. value .. ">" end
  return value
end
function kinds:divide(a, b)
  if b == -1 then return nil, { variant = "Refused", "not by minus one" } end
  if b == 0 then error("attempt to divide by zero") end
  return math.floor(a / b)
end
function kinds:parse(text)
  local number = tonumber(text)
  if not number then return nil, "invalid digit found in string" end
  return number
end
function kinds:settle(value)
  return value.err and "err " .. value.err or "ok " .. value.ok
end
function kinds:swap(value) return { value[2], value[1] } end
function kinds:length(point) return math.sqrt(point.x ^ 2 + point.y ^ 2) end
function kinds:mirror(point) return { x = point.y, y = point.x, visible = not point.visible } end
function kinds:centre(points)
  if #points == 0 then return nil end
  local centre = { x = 0, y = 0, visible = true }
  for _, point in ipairs(points) do
    centre.x, centre.y = centre.x + point.x / #points, centre.y + point.y / #points
    centre.visible = centre.visible and point.visible
  end
  return centre
end
function kinds:count(document)
  local count = 1
  for _, part in ipairs(document.parts) do count = count + self:count(part) end
  return count + (document.next and self:count(document.next) or 0)
end
function kinds:rename(document, title)
  document.title = title
  return document
end
function kinds:grow(shape)
  if shape == "Empty" then
    return { variant = "Circle", { x = 0, y = 0, visible = false }, 1 }
  elseif shape.variant == "Circle" then
    return { variant = "Circle", shape[1], shape[2] * 2 }
  end
  return { variant = "Label", text = shape.text:rep(2), size = shape.size + 1, weight = shape.weight }
end
local next_colour = { Red = "Green", Green = "Blue", Blue = "Red" }
function kinds:next_colour(colour) return next_colour[colour] end
function kinds:next_id(id) return { id[1] + 1, id[2] + 1 } end
function kinds:forward(fault) return fault end
function kinds:boxed(value) return digits(value) end
function kinds:eight(a, b, c, d, e, f, g, h)
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h
end
function kinds:call_back(listener, times)
  local sum = 0
  for time = 0, times - 1 do sum = sum + listener:hear("time " .. time) end
  return sum
end
function kinds:answer() return 42 end

-- Wrong on purpose.
local wrong = {
  nowhere = function() error("boom") end,
  table = function() error({ message = "in a table" }) end,
  nothing = function() error() end,
  deep = function() local function deep() return 1 + deep() end return deep() end,
  nil_index = function() local nothing; return nothing.field end,
}
function kinds:panic(message) (wrong[message] or wrong.nowhere)() end
function kinds:panic_into(message) error(message) end

return kinds
