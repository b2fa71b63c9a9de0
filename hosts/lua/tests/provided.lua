-- Everything that crosses, answered by Lua: a table that hands every call on to the plugin, called through the core.
local polyplug = require "polyplug"
local support = require "support"
local equal, raises = support.equal, support.raises

local shared = dofile(support.root .. "hosts/lua/tests/values.lua").shared
local tests = {}
local function test(name, work) tests[#tests + 1] = { name, work } end

-- Provides a contract by handing its calls on, and answers what calls that.
local function mirrored(runtime, id)
  local proxy = runtime:get(id)
  local mirror = {}
  for _, method in ipairs(polyplug.contract_of(proxy).methods) do
    mirror[method.name] = function(_, ...) return proxy[method.name](proxy, ...) end
  end
  runtime:provide(id, mirror)
  local through = runtime:get(id, "host")
  equal(polyplug.plugin_of(through), "host")
  return through
end

for name, work in pairs(shared.kinds) do
  -- Who was called is another.
  if name ~= "faults" then
    test("kinds: " .. name, function()
      local runtime = support.runtime "kinds"
      work(mirrored(runtime, "fixture.kinds"), runtime)
    end)
  end
end

for name, work in pairs(shared.every) do
  test("every: " .. name, function()
    local runtime = support.runtime "every"
    work(mirrored(runtime, "every.every"), runtime)
  end)
end
table.sort(tests, function(one, other) return one[1] < other[1] end)

test("a fault goes on as it is", function()
  local runtime = support.runtime "kinds"
  local fault = raises("on purpose", function() mirrored(runtime, "fixture.kinds"):panic "on purpose" end)
  equal({ fault.kind, fault.contract, fault.method }, { "panicked", "fixture.kinds", "panic" })
  equal(fault.file:match "%.rs$", ".rs")
end)

test("a text of an argument can be answered where a part of one is expected, other parts cannot", function()
  local runtime = support.runtime "every"
  local through = mirrored(runtime, "every.every")
  equal(through:first_word("one two", "three"), "one")
  raises("which Lua cannot answer", through.larger, through, { 1 }, { 2 })
  raises("which Lua cannot answer", through.field, through, { left = 1, right = 2 })
end)

test("what a table leaves out is its default body", function()
  local runtime = support.runtime "every"
  local through = mirrored(runtime, "every.every")
  local listener = { hear = function() return 1 end }
  local back = through:there_and_back(listener)
  equal(back:hear "x", 1)
  equal(back:name(), "nobody")
end)

return tests
