-- Memory stays flat: many texts, many errors, many calls of Lua.
local support = require "support"
local equal = support.equal

local tests = {}
local function test(name, work) tests[#tests + 1] = { name, work } end

-- A million faults take some time: asked for with this variable.
local all = os.getenv "POLYPLUG_ALL_LEAKS"

-- The memory of this process, in KiB; nothing where that cannot be known.
local function resident()
  local file = io.open "/proc/self/statm"
  if not file then return end
  local pages = file:read "*a":match "^%d+ (%d+)"
  file:close()
  return tonumber(pages) * 4
end

-- Runs something often, after a first part in which what is kept for later is made. What leaks does so each time.
local function stays_flat(rounds, work)
  if not resident() then return print "  left out: the memory of a process is read as Linux tells it" end
  for at = 1, rounds / 5 do work(at) end
  local grown
  for _ = 1, 3 do
    support.collect()
    local before = resident()
    for at = 1, rounds do work(at) end
    support.collect()
    grown = resident() - before
    if all then print(("  %d rounds: %d KiB more"):format(rounds, grown)) end
    if grown <= 3072 then return end
  end
  error(grown .. " KiB more after " .. rounds .. " rounds, for the third time")
end

test("a million texts", function()
  local greeter = support.runtime("hello"):get "demo.greeter"
  local text = ("x"):rep(100)
  stays_flat(1000000, function() greeter:greet(text) end)
end)

test("a million errors", function()
  local every = support.runtime("every"):get "every.every"
  local marks = { { at = 1, set = true } }
  stays_flat(1000000, function()
    local _, reason = every:pick(marks, 9)
    if reason ~= "no mark 9" then error "no error" end
  end)
end)

test("faults", function()
  local kinds = support.runtime("kinds"):get "fixture.kinds"
  local text = ("x"):rep(1000)
  stays_flat(all and 1000000 or 50000, function()
    if pcall(kinds.panic, kinds, text) then error "no fault" end
  end)
end)

test("arguments that are refused", function()
  local every = support.runtime("every"):get "every.every"
  local listener = { hear = function() return 1 end }
  stays_flat(50000, function()
    if pcall(every.run, every, { name = "x", listener = listener, work = 5 }) then error "taken" end
  end)
end)

test("a hundred thousand calls of Lua with texts", function()
  local runtime = support.runtime "kinds"
  local kinds = runtime:get "fixture.kinds"
  local log = { write = function() end, last = function() return ("x"):rep(100) end }
  runtime:provide("fixture.log", log)
  local through = runtime:get("fixture.log", "host")
  local line = ("y"):rep(100)
  stays_flat(100000, function()
    through:write(line)
    if #through:last() ~= 100 then error "another text" end
  end)
  equal(kinds:answer(), 42)
end)

test("closures with texts", function()
  local every = support.runtime("every"):get "every.every"
  local texts = { ("a"):rep(100), "b" }
  stays_flat(50000, function()
    every:feed(texts, function() end)
    every:keep(function(number) return number end)
  end)
end)

test("objects", function()
  local every = support.runtime("every"):get "every.every"
  local name = ("x"):rep(100)
  stays_flat(100000, function() every:listener(name):hear "y" end)
end)

test("errors of callbacks", function()
  local every = support.runtime("every"):get "every.every"
  stays_flat(20000, function()
    if pcall(every.each, every, 1, function() error "no" end) then error "no fault" end
  end)
end)

test("proxies and contracts", function()
  local runtime = support.runtime "kinds"
  stays_flat(500, function() runtime:get("fixture.kinds"):nothing() end)
end)

return tests
