-- A greeting from a plugin: luajit hosts/lua/greet.lua target/debug/libhello.so world
local folder = arg[0]:match "^(.*)greet%.lua$"
package.path = folder .. "?.lua;" .. folder .. "?/init.lua;" .. package.path

local polyplug = require "polyplug"

local runtime = polyplug.runtime()
runtime:load(arg[1])
local greeter = runtime:get "demo.greeter"
print(greeter:greet(arg[2] or "world"))
print("2 + 3 = " .. greeter:add(2, 3))
runtime:close()
