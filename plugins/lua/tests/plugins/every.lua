-- Every type beyond the scalars, texts and lists of kinds.lua.
local every = polyplug.plugin {
  name = "lua-every",
  version = "1.0.0",
  implements = { "every.every" },
}

local ffi = require "ffi"

function every:wide(a, b)
  -- Beyond 64 bits an integer is a string of digits.
  self.seen = type(a) .. " " .. type(b)
  return { a, b }
end
function every:cow(text) return text .. "!" end
function every:optional_text(text) return text and text:upper() end
function every:join(parts, last) return table.concat(parts, ",") .. "|" .. table.concat(last, ",") end
function every:deep(parts)
  local sum = 0
  for _, part in ipairs(parts) do
    if part ~= polyplug.none then sum = sum + #part[1] + #part[2] + part[3] end
  end
  return sum
end
function every:references(mark, text, list)
  local sum = (mark and mark.at or 0) + #(text or "")
  for _, item in ipairs(list) do
    if item ~= polyplug.none then sum = sum + item.at end
  end
  return sum
end
function every:mark(mark) return { at = mark.at + 1, set = not mark.set } end
function every:maps(hash, tree)
  local maps = {}
  for name, bytes in pairs(hash) do
    maps[name] = {}
    for key, value in pairs(tree) do
      if value == name then maps[name][key] = bytes end
    end
  end
  return maps
end
function every:lengths(map)
  local lengths = {}
  for key, text in pairs(map) do lengths[key] = #text end
  return lengths
end
function every:sets(hash, tree) return { hash, tree } end
function every:boxed(value) return (tostring(value):gsub("U?LL$", "")) end
function every:times(time, length)
  local nanoseconds = time.nanoseconds + length.nanoseconds
  local carry = nanoseconds >= 1e9 and 1 or 0
  return {
    { seconds = time.seconds + length.seconds + carry, nanoseconds = nanoseconds - carry * 1e9 },
    (length.seconds + length.nanoseconds / 1e9) * 2,
  }
end
function every:path(path, rest, more)
  for _, part in ipairs { rest, unpack(more) } do path = path .. "/" .. part end
  return path
end
function every:style(style, all)
  for _, other in ipairs(all) do style = bit.bor(style, other) end
  return style
end

function every:scale(samples, bytes, by)
  for _, sample in ipairs(samples) do
    sample.left, sample.right = sample.left * by, sample.right * -by
  end
  return samples, bytes:reverse()
end
function every:append(text, list)
  text = text .. " and more"
  list[#list + 1] = text
  list[#list + 1] = polyplug.none
  -- The list is changed in place; a text cannot be.
  return #list, text
end
function every:append_and_fail(text, list) error("changed, and then failed") end

function every:first_word(text) return text:match("^[^ ]*") end
local function borrowing() error("a part of an argument") end
every.larger, every.pick, every.field = borrowing, borrowing, borrowing
function every:words(text)
  local words = {}
  for word in text:gmatch("%S+") do words[#words + 1] = word end
  return words
end
function every:split(text)
  local before, after = text:match("^(.-)=(.*)$")
  return { before, after, #text }
end
function every:escapes(text, how) return how == 0 and text or "a literal of the plugin" end

function every:each(count, work)
  local results = {}
  for i = 1, count do results[i] = work(i - 1) end
  return results
end
function every:each_shared(count, work)
  local results = {}
  for i = 1, count do results[i] = work("lua", "\1\2\3", i - 1) end
  return results
end
function every:feed(texts, sink)
  for _, text in ipairs(texts) do sink(text) end
  self.lent = sink
end
function every:maybe(work) return work and work() end
function every:checked(work)
  local succeeded, value, reason = pcall(work, 1)
  if succeeded and value then return value + 1 end
  error("the closure said: " .. (succeeded and reason or value).message)
end
function every:keep(work)
  local before = self.kept
  self.kept = work
  return before
end
function every:call_kept(value)
  if not self.kept then error("nothing was kept") end
  return self.kept(value)
end
function every:once(work, text)
  if text == "" then return text end
  return work(text)
end
function every:share(work)
  return function(value) return work(work(value)) end
end
function every:adder(by)
  return function(value) return value + by end
end

function every:tell(listener, times)
  local last = 0
  for time = 0, times - 1 do last = listener:hear("time " .. time) end
  return last
end
function every:tell_elsewhere(listener) return listener:hear("elsewhere") end
function every:tell_all(listeners)
  local sum = 0
  for _, listener in ipairs(listeners) do
    if listener ~= polyplug.none then sum = sum + listener:hear("all") end
  end
  return sum
end

local function ear(name)
  local heard = -1
  local listener = {}
  function listener:hear(what)
    if what == "panic" then error("deaf") end
    heard = heard + 1
    return heard
  end
  function listener:name() return name end
  return listener
end
function every:listener(name)
  if name == "wrong" then return {} end
  local listener = ear(name)
  if name == "nameless" then listener.name = nil end
  return listener
end
function every:there_and_back(listener) return listener end
function every:keep_listener(listener)
  local before = self.listening
  self.listening = listener
  return before and before:hear("farewell") or 0
end
function every:listeners(count)
  local all = {}
  for index = 0, count - 1 do
    local name = "number " .. index
    all[index + 1] = { name, index % 2 == 0 and ear(name) or polyplug.none }
  end
  return all
end
function every:lines(text)
  local lines, at = {}, 0
  for line in (text .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
  local stream = {}
  function stream:next()
    if at < #lines then
      at = at + 1
      return lines[at]
    end
  end
  function stream:rewind() at = 0 end
  function stream:read() return at end
  -- `skip` is left to its default body.
  return stream
end
function every:read_all(lines)
  local all = {}
  for line in function() return lines:next() end do all[#all + 1] = line end
  return all
end
function every:consume(lines)
  lines:skip(2)
  while lines:next() do end
  return lines:read()
end
function every:peek(lines) return lines:read() end
function every:run(job, times)
  for time = 0, times - 1 do
    local result = job.work(time)
    if job.listener then job.listener:hear(job.name .. " " .. result) end
  end
  job.name = job.name .. "!"
  return job
end
function every:drop_and_panic(job, listeners)
  error(job.name .. " and " .. #listeners)
end

-- What was lent for a call that is over.
polyplug.log.debug(ffi.os)
function every:optional_text(text)
  if text == "seen" then return self.seen end
  if text == "lent" then return self.lent("late") end
  if text == "collect" then collectgarbage() collectgarbage() return "collected" end
  return text and text:upper()
end

return every
