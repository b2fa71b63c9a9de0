-- polyplug for hosts in Lua: load plugins, call them as their contracts say, reload and unload them.
--
--     local polyplug = require "polyplug"
--     local runtime = polyplug.runtime()
--     runtime:load "libhello.so"
--     print(runtime:get("demo.greeter"):greet "world")
local ffi = require "ffi"
local native = require "polyplug.native"
local errors = require "polyplug.errors"
local runtime = require "polyplug.runtime"

local polyplug = {
  --- A runtime with nothing in it.
  runtime = runtime.new,
  --- Tells of what is logged.
  subscribe_log = runtime.subscribe_log,
  none = errors.none, ok = errors.ok, err = errors.err, some = errors.some, map = errors.map,
  --- A fault of one's own, of a message or of a table of its fields.
  fault = errors.fault,
}

local function meta_of(proxy)
  local meta = getmetatable(proxy)
  if type(meta) ~= "table" or not meta.invoke then error("a proxy was expected, and this is a " .. type(proxy), 3) end
  return meta
end

--- Lets go of a proxy. Calls that run are not disturbed.
function polyplug.release(proxy) meta_of(proxy).release(proxy) end

--- The contract of a proxy: `id`, `name`, `docs`, `major`, `minor`, `methods`.
function polyplug.contract_of(proxy) return meta_of(proxy).contract end

--- The name of the plugin behind what `get` or `create` returned.
function polyplug.plugin_of(proxy)
  meta_of(proxy)
  return proxy[5]
end

--- Whether an instance is of the version that a new one would be of.
function polyplug.is_current(instance)
  meta_of(instance)
  local current = ffi.new "int32_t[1]"
  errors.asked("polyplug_is_current", instance[1], current)
  return current[0] ~= 0
end

--- Moves an instance to the current version of its plugin.
function polyplug.migrate(instance)
  meta_of(instance)
  errors.asked("polyplug_instance_migrate", instance[1])
end

--- Whether something that was raised is a fault, an error of the runtime, or neither.
function polyplug.is_fault(raised) return getmetatable(raised) == errors.Fault end
function polyplug.is_error(raised) return getmetatable(raised) == errors.Error end

return polyplug
