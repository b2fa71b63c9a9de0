-- The guest of the conformance kit in Lua. What each method answers stands in plugins/fixtures/conformance/api.
local guest = polyplug.plugin {
  name = "conformance-guest",
  version = "1.2.3",
  description = "The conformance guest",
  license = "MIT OR Apache-2.0",
  repository = "https://example.org/conformance",
  authors = { "Ada", "Grace" },
  implements = {
    "conformance.values",
    "conformance.borrows",
    "conformance.growing",
    "conformance.lies",
    "conformance.life",
    "conformance.closures",
    "conformance.objects",
  },
  requires = { "conformance.desk" },
  wants = { "conformance.peer" },
  new = function(context)
    return { context = context, desk = context:host("conformance.desk"), calls = 0 }
  end,
  save = function(self) return tostring(self.calls) end,
  restore = function(context, saved)
    return { context = context, desk = context:host("conformance.desk"), calls = tonumber(saved) }
  end,
}

local ffi = require "ffi"
local bit = require "bit"

-- Several contracts have methods of the same name: each contract has a table of its own.
local values, borrows, growing, lies, life, closures, objects = {}, {}, {}, {}, {}, {}, {}
guest["conformance.values"] = values
guest["conformance.borrows"] = borrows
guest["conformance.growing"] = growing
guest["conformance.lies"] = lies
guest["conformance.life"] = life
guest["conformance.closures"] = closures
guest["conformance.objects"] = objects

-- Values ---------------------------------------------------------------------------------------------------------------

-- Integers beyond 2^53 come as int64_t or uint64_t, which print with a suffix.
local function digits(integer) return (tostring(integer):gsub("U?LL$", "")) end

local function reversed(list)
  local back = {}
  for i = #list, 1, -1 do back[#back + 1] = list[i] end
  return back
end

local function same(_, value) return value end
for _, name in ipairs { "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize", "f32", "f64" } do
  values["same_" .. name] = same
end
values.same_text, values.same_list, values.same_floats, values.same_results = same, same, same, same
values.everything, values.forward = same, same

values["not"] = function(_, value) return not value end

local function code_of(letter)
  local first = letter:byte()
  if first < 0x80 then return first end
  local code = first >= 0xF0 and first - 0xF0 or first >= 0xE0 and first - 0xE0 or first - 0xC0
  for i = 2, #letter do code = code * 64 + letter:byte(i) - 0x80 end
  return code
end

local function letter_of(code)
  if code < 0x80 then return string.char(code) end
  local bytes, first = {}, code < 0x800 and 0xC0 or code < 0x10000 and 0xE0 or 0xF0
  for i = code < 0x800 and 1 or code < 0x10000 and 2 or 3, 1, -1 do
    bytes[i] = string.char(0x80 + code % 64)
    code = math.floor(code / 64)
  end
  return string.char(first + code) .. table.concat(bytes)
end

function values:next_char(letter)
  local code = code_of(letter)
  if code == 0xD7FF then return letter_of(0xE000) end
  if code == 0x10FFFF then return letter_of(0) end
  return letter_of(code + 1)
end
function values:name_float(value)
  if value ~= value then return "nan" end
  if value == math.huge then return "inf" end
  if value == -math.huge then return "-inf" end
  if value == 0 then return 1 / value < 0 and "-0" or "0" end
  return "finite"
end
function values:describe(...)
  local texts = {}
  for i, value in ipairs { ... } do texts[i] = digits(value) end
  return table.concat(texts, " ")
end
function values:eight(a, b, c, d, e, f, g, h)
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h
end
function values:mixed(a, b, c, d) return a + b + c + d end
function values:nothing() end

function values:owned_text(text) return text .. "!" end
function values:cow(text) return text .. "?" end
function values:measure(text)
  local _, inner = text:gsub("[\128-\191]", "")
  return { #text, #text - inner }
end
function values:repeat_(text, times) return text:rep(times) end
values["repeat"], values.repeat_ = values.repeat_, nil
function values:optional_text(text) return text and "<" .. text .. ">" end

function values:reverse_bytes(bytes) return bytes:reverse() end
function values:fill(byte, count) return string.char(byte):rep(count) end
function values:sum(list)
  local sum = 0
  for _, value in ipairs(list) do sum = sum + value end
  return sum
end
function values:not_all(list)
  for i, value in ipairs(list) do list[i] = not value end
  return list
end
function values:spell(letters) return table.concat(letters) end
function values:reverse_texts(texts) return reversed(texts) end
function values:join(texts, with) return table.concat(texts, with) end
function values:join_borrowed(texts) return table.concat(texts, ",") end
function values:reverse_lists(lists) return reversed(lists) end
function values:reverse_points(points) return reversed(points) end
function values:deep(parts)
  local sum = 0
  for _, part in ipairs(parts) do
    if part ~= polyplug.none then sum = sum + #part[1] + #part[2] + part[3] end
  end
  return sum
end

function values:rotate(list) return { list[2], list[3], list[1] } end
function values:exchange(list) return { list[2], list[1] } end
function values:swap(pair) return { pair[2], pair[1] } end
function values:boxed(value) return digits(value) end

function values:half(value) return value and value % 2 == 0 and value / 2 or nil end
function values:maybe(value)
  if type(value) == "string" then return "<" .. value .. ">" end
  return value
end
function values:divide(a, b)
  if b == 0 then return nil, { variant = "Refused", reason = "by zero", code = -1 } end
  return (a + 0LL) / (b + 0LL)
end
function values:parse(text)
  local number = text:match("^-?%d+$") and tonumber(text)
  if not number then return nil, "no number: " .. text end
  return number
end
function values:settle(value) return value.err and "err " .. value.err or "ok " .. value.ok end

function values:invert(map)
  local inverted = {}
  for key, value in pairs(map) do inverted[value] = key end
  return inverted
end
function values:lengths(map)
  for key, text in pairs(map) do map[key] = #text end
  return map
end
function values:collect(map)
  local collected = {}
  for key, text in pairs(map) do
    collected[text] = collected[text] or {}
    table.insert(collected[text], key)
  end
  for _, keys in pairs(collected) do table.sort(keys) end
  return collected
end
function values:sets(hash, tree) return { hash, tree } end

local function together(one, other)
  local nanoseconds = one.nanoseconds + other.nanoseconds
  local carry = nanoseconds >= 1e9 and 1 or 0
  return { seconds = one.seconds + other.seconds + carry, nanoseconds = nanoseconds - carry * 1e9 }
end
function values:times(time, length) return { together(time, length), together(length, length) } end
function values:path(folder, file) return folder .. package.config:sub(1, 1) .. file end

function values:distance(point) return math.sqrt(point.x ^ 2 + point.y ^ 2) end
function values:mirror(point) return { x = point.y, y = point.x } end
function values:toggle(mark) return { at = mark.at + 1, set = not mark.set } end
function values:next_id(id) return { id[1] + 1, id[2] + 1 } end
local next_colour = { Red = "Green", Green = "Blue", Blue = "Red" }
function values:next_colour(colour) return next_colour[colour] end
function values:grow(shape)
  if shape == "Empty" then
    return { variant = "Circle", { x = 0, y = 0 }, 1 }
  elseif shape.variant == "Circle" then
    return { variant = "Circle", shape[1], shape[2] * 2 }
  end
  return { variant = "Label", text = shape.text:rep(2), size = shape.size + 1, weight = shape.weight }
end
function values:styles(style, more)
  for _, other in ipairs(more) do style = bit.bor(style, other) end
  return style
end
local function count(tree)
  local sum = 1
  for _, child in ipairs(tree.children) do sum = sum + count(child) end
  return sum + (tree.next and count(tree.next) or 0)
end
function values:count(tree) return count(tree) end
function values:rename(tree, title)
  tree.title = title
  return tree
end
function values:references(mark, text, marks)
  local sum = (mark and mark.at or 0) + #(text or "")
  for _, other in ipairs(marks) do
    if other ~= polyplug.none then sum = sum + other.at end
  end
  return sum
end

function values:scale(points, by)
  for _, point in ipairs(points) do point.x, point.y = point.x * by, point.y * by end
end
function values:reverse(bytes) return bytes:reverse() end
function values:append(text, list)
  text = text .. " and more"
  list[#list + 1] = text
  list[#list + 1] = polyplug.none
  -- The list is changed in place; a text cannot be.
  return #list, text
end
function values:append_and_fail(_, list)
  list[#list] = nil
  error("changed, and then failed")
end
function values:answer() return 42 end

-- Borrowed results: a text that is a part of an argument can be returned, nothing else.
function borrows:first_word(text) return text:match("^[^ ]*") end
function borrows:words(text)
  local words = {}
  for word in text:gmatch("%S+") do words[#words + 1] = word end
  return words
end
function borrows:split(text)
  local before, after = text:match("^(.-)=(.*)$")
  return before and { before, after }
end
function borrows:longer(one, other) return #other > #one and other or one end
function borrows:pick(marks, at)
  if marks[at + 1] then return marks[at + 1] end
  return nil, "no mark " .. at
end

function growing:widen(options)
  return { name = options.name .. "!", width = options.width + 1, depth = options.depth + 1 }
end
function growing:step(step)
  if step == "Rest" then return { variant = "Walk", 1 } end
  if step.variant == "Walk" then return { variant = "Walk", step[1] + 1 } end
  return { variant = "Say", words = step.words .. "!" }
end
function growing:reverse_steps(steps) return reversed(steps) end

-- Lies -----------------------------------------------------------------------------------------------------------------

function lies:text() return "a\255b" end
function lies:surrogate() return "\237\160\128" end
function lies:truth() return 2 end
function lies:letter() return "\237\160\128" end
function lies:beyond() return "\244\144\128\128" end
function lies:colour() return "Pink" end
function lies:shape() return { variant = "Square", 1 } end
function lies:maybe() return {} end
function lies:outcome() return nil, 5 end
function lies:texts() return { "a", "\255" } end
function lies:truths() return { true, 2 } end
function lies:tree()
  local function tree(title, children)
    return { title = title, mark = { at = 0, set = false }, children = children, shapes = {} }
  end
  return tree("root", { tree("\255", {}) })
end
function lies:length() return { seconds = 1, nanoseconds = 1e9 } end
function lies:map() return { ["\255"] = 1 } end
function lies:change() return "a\255b" end
function lies:tell() return self.desk:write("a\255b") end

-- Life -----------------------------------------------------------------------------------------------------------------

local function thrown(message) error(message) end
function life:throw(message) thrown(message) end
function life:throw_into(message) thrown(message) end
function life:count()
  self.calls = self.calls + 1
  return self.calls
end
function life:add(a, b) return a + b end

if ffi.os == "Windows" then
  ffi.cdef "void Sleep(uint32_t milliseconds);"
else
  ffi.cdef "int poll(void *, unsigned long, int milliseconds);"
end
function life:wait(milliseconds)
  if ffi.os == "Windows" then ffi.C.Sleep(milliseconds) else ffi.C.poll(nil, 0, milliseconds) end
  return milliseconds
end

local function configured(self, name, wanted)
  local value = (self.context:config() or {})[name]
  local kind = type(value) == "cdata" and "number" or type(value)
  return kind == wanted and value or nil
end
function life:setting(name) return configured(self, name, "string") end
function life:number(name) return configured(self, name, "number") end
function life:log(text) polyplug.log.info(text) end

function life:write(line) return self.desk:write(line) end
function life:lookup(key) return self.desk:lookup(key) end
function life:settle(number) return self.desk:settle(number) end
function life:fail(message) self.desk:fail(message) end
function life:caught(message)
  local succeeded, fault = pcall(self.desk.fail, self.desk, message)
  return succeeded and "it did not fail" or "caught: " .. fault.message
end
function life:through(value) return self.desk:everything(value) end
function life:apply(by, value)
  return self.desk:apply(function(number) return number + by end, value)
end
function life:borrow(name)
  local listener = self.desk:listener(name)
  listener:hear("guest")
  return listener:name()
end
function life:enter(depth) return depth == 0 and 0 or self.desk:again(depth - 1) + 1 end

function life:greet(name) return self.context:peer("conformance.peer"):greet(name) end
function life:peers(number)
  local sum = 0ULL
  for _, peer in ipairs(self.context:peers("conformance.peer")) do sum = sum + peer:double(number) end
  return sum
end

-- Closures -------------------------------------------------------------------------------------------------------------

function closures:each(times, work)
  local results = {}
  for i = 1, times do results[i] = work(i - 1) end
  return results
end
function closures:feed(texts, sink)
  for i, text in ipairs(texts) do sink(text, i - 1) end
end
function closures:perhaps(work)
  if work then return work() end
end
function closures:checked(work)
  local succeeded, value, reason = pcall(work, 1)
  if succeeded and value then return value + 1 end
  error("the closure said: " .. (succeeded and reason or value).message)
end
function closures:keep(work)
  local before = self.kept_work
  self.kept_work = work
  return before
end
function closures:kept(value)
  if not self.kept_work then error("nothing is kept") end
  return self.kept_work(value)
end
function closures:forget()
  local before = self.kept_work
  self.kept_work = nil
  return before ~= nil
end
function closures:once(work, text) return work(text) end
function closures:twice(work)
  return function(value) return work(work(value)) end
end
function closures:adder(by)
  return function(value) return value + by end
end

-- Objects --------------------------------------------------------------------------------------------------------------

-- The listeners that were made, as long as anybody has them.
local alive = setmetatable({}, { __mode = "k" })

local function ear(name)
  local heard, listener = -1, {}
  function listener:hear()
    heard = heard + 1
    return heard
  end
  function listener:name() return name end
  alive[listener] = true
  return listener
end

function objects:tell(listener, times)
  local last = 0
  for time = 0, times - 1 do last = listener:hear("time " .. time) end
  return last
end
function objects:tell_all(listeners)
  local sum = 0
  for _, listener in ipairs(listeners) do
    if listener ~= polyplug.none then sum = sum + listener:hear("all") end
  end
  return sum
end
function objects:listener(name) return ear(name) end
function objects:alive()
  -- What is not referred to any more goes when the machine collects it.
  collectgarbage()
  collectgarbage()
  local sum = 0
  for _ in pairs(alive) do sum = sum + 1 end
  return sum
end
function objects:there_and_back(listener) return listener end
function objects:keep(listener)
  local before = self.listening
  self.listening = listener
  return before and before:hear("farewell") or 0
end
function objects:listeners(times)
  local all = {}
  for index = 0, times - 1 do
    local name = "number " .. index
    all[index + 1] = { name, index % 2 == 0 and ear(name) or polyplug.none }
  end
  return all
end
function life:give(name) return self.desk:keep(ear(name)) end

local function stream(text)
  local lines, at = {}, 0
  for line in (text .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
  local made = {}
  function made:next()
    if at < #lines then
      at = at + 1
      return lines[at]
    end
  end
  function made:rewind() at = 0 end
  function made:read() return at end
  return made
end

function objects:lines(text) return stream(text) end
function objects:read_all(lines)
  local all = {}
  for line in function() return lines:next() end do all[#all + 1] = line end
  return all
end
function objects:consume(lines)
  lines:skip(2)
  while lines:next() do end
  return lines:read()
end
function objects:run(job, times)
  for time = 0, times - 1 do
    local result = job.work(time)
    if job.listener then job.listener:hear(job.name .. " " .. result) end
  end
  job.name = job.name .. "!"
  return job
end

-- The exclusive plugin: each caller has one of its own -----------------------------------------------------------------

local lines = polyplug.plugin {
  name = "conformance-stream",
  version = "1.2.3",
  implements = { "conformance.lines" },
  new = function() return { stream = stream("first\nsecond\nthird") } end,
}
function lines:next() return self.stream:next() end
function lines:rewind() self.stream:rewind() end
function lines:read() return self.stream:read() end

return { guest, lines }
