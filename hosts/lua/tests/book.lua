-- What the page of the book about hosts in Lua shows is so: its code is run, and what it prints stands behind `-->`.
local support = require "support"

local tests = {}

local file = assert(io.open(support.root .. "docs/src/lua-hosts.md"))
local page = file:read "*a"
file:close()

local number = 0
for code in page:gmatch "```lua\n(.-)```" do
  number = number + 1
  local name = "example " .. number .. " of the page"
  tests[number] = {
    name,
    function()
      local wanted, said = {}, {}
      for line in code:gmatch "%-%->%s?([^\n]*)" do wanted[#wanted + 1] = line end
      local program = code:gsub('"lib(%w+)%.so"', function(package) return ("%q"):format(support.library(package)) end)
      local run = assert(loadstring(program, "=" .. name))
      setfenv(run, setmetatable({
        print = function(...)
          local parts = {}
          for at = 1, select("#", ...) do parts[at] = tostring((select(at, ...))) end
          said[#said + 1] = table.concat(parts, "\t")
        end,
      }, { __index = _G }))
      run()
      support.equal(said, wanted)
      support.collect()
    end,
  }
end

return tests
