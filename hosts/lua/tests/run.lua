-- The tests of this folder: `luajit hosts/lua/tests/run.lua [name of a file ..]`, with the variables that `cargo xtask lua` sets.
io.stdout:setvbuf "no"
local folder = arg[0]:match "^(.*)run%.lua$"
package.path = folder .. "?.lua;" .. folder .. "../?.lua;" .. folder .. "../?/init.lua;" .. package.path

local support = require "support"
local FILES = { "declarations", "life", "values", "provided", "threads", "hot", "book", "leaks" }

local wanted = #arg > 0 and arg or FILES
local passed, failed = 0, {}

for _, file in ipairs(wanted) do
  local tests = dofile(folder .. file .. ".lua")
  for _, test in ipairs(tests) do
    if os.getenv "POLYPLUG_TEST_NAMES" then print("  " .. test[1]) end
    local succeeded, trace = xpcall(test[2], function(raised) return debug.traceback(tostring(raised), 2) end)
    local finished, problem = pcall(support.finish)
    if succeeded and not finished then
      succeeded, trace = false, problem
    end
    if succeeded then
      passed = passed + 1
    else
      failed[#failed + 1] = file .. ": " .. test[1]
      io.stderr:write("FAILED ", file, ": ", test[1], "\n", tostring(trace), "\n")
    end
  end
  print(("%-14s %d tests"):format(file, #tests))
end

print(passed .. " passed, " .. #failed .. " failed")
for _, name in ipairs(failed) do print("  " .. name) end
os.exit(#failed == 0 and 0 or 1, true)
