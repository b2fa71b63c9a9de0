-- The runtime, its modules, and what is told of them.
local ffi = require "ffi"
local native = require "polyplug.native"
local errors = require "polyplug.errors"
local values = require "polyplug.values"
local description = require "polyplug.description"
local proxies = require "polyplug.proxies"
local objects = require "polyplug.objects"
local home = require "polyplug.home"
local json = require "polyplug.json"
local C, text, asked = native.C, native.text, errors.asked

local NO_WAIT = 0xFFFFFFFFFFFFFFFFULL

-- Reads a struct that was handed out, and lets go of it.
local function taken(read, ...)
  local record = asked(...)
  local succeeded, answer = pcall(read, record)
  C.polyplug_release(record)
  if not succeeded then error(answer, 0) end
  return answer
end

local function texts(record) return native.texts(record.items, record.count) end

local function plugins(record)
  local found = {}
  for at = 0, tonumber(record.count) - 1 do
    local plugin = record.items[at]
    found[at + 1] = {
      name = text(plugin.name), version = text(plugin.version), description = text(plugin.description), license = text(plugin.license),
      repository = text(plugin.repository), contracts = native.texts(plugin.contracts, plugin.contract_count),
    }
  end
  return found
end

--- What was done: `code` is a stable word, `text` says it in words.
local Report = { __name = "polyplug.report", __tostring = function(self) return self.text end }

local function report(record) return setmetatable({ code = text(record.code), text = text(record.text) }, Report) end

-- Before something is reloaded or unloaded nothing is held still.
local function changed(...)
  proxies.let_go()
  return taken(report, ...)
end

local function milliseconds(within)
  if within == nil then return NO_WAIT end
  if type(within) ~= "number" or within ~= within or within < 0 then error("a time to wait is a number of seconds, and not negative", 3) end
  return ffi.cast("uint64_t", math.min(within * 1000, 1e15))
end

--- What a load returns. It unloads nothing when it goes.
local Module = { __name = "polyplug.module" }
Module.__index = Module

local function module(handle) return setmetatable({ handle = native.own(handle) }, Module) end

function Module:__tostring()
  local name = self:path()
  if not name then
    local names = {}
    for at, plugin in ipairs(self:plugins()) do names[at] = plugin.name end
    name = table.concat(names, ", ")
  end
  return "module " .. name
end

--- Its plugins; those of its last version after an unload.
function Module:plugins() return taken(plugins, "polyplug_module_plugins", self.handle) end

--- The file that it was loaded from, or nil.
function Module:path() return taken(texts, "polyplug_module_path", self.handle)[1] end

--- Whether callers reach it.
function Module:is_loaded()
  local loaded = ffi.new "int32_t[1]"
  asked("polyplug_module_is_loaded", self.handle, loaded)
  return loaded[0] ~= 0
end

--- Puts the file as it is now in the place of what is loaded; waits for calls inside at most `within` seconds.
function Module:reload(within) return changed("polyplug_module_reload", self.handle, milliseconds(within)) end

--- Takes it away, and waits for its end at most `within` seconds; without them, for nothing.
function Module:unload(within) return changed("polyplug_module_unload", self.handle, milliseconds(within)) end

--- As an unload that waits for nothing, after all modules that depend on it.
function Module:unload_cascade() return changed("polyplug_module_unload_cascade", self.handle) end

--- Events are told until it is closed.
local Subscription = { __name = "polyplug.subscription" }
Subscription.__index = Subscription

--- Ends it: nothing more is told.
function Subscription:close()
  local handle = self.handle
  if handle then
    self.handle, self.resident.hear = nil, function() end
    native.release(handle)
  end
end

--- Where plugins are loaded and found.
local Runtime = { __name = "polyplug.runtime" }
Runtime.__index = Runtime

local function new()
  local handle = C.polyplug_runtime_new()
  if handle == nil then error("libpolyplug made no runtime", 2) end
  return setmetatable({ handle = native.own(handle) }, Runtime)
end

local function handle_of(runtime)
  return runtime.handle or error("the runtime is closed", 3)
end

--- Loads a shared library, or a file of a loader that is loaded, with all its plugins.
function Runtime:load(path)
  local handle = handle_of(self)
  return module(asked("polyplug_runtime_load", handle, path, #path))
end

--- Loads every library in a folder. The code of the report is `failed` when one could not be loaded.
function Runtime:load_dir(path)
  return taken(report, "polyplug_runtime_load_dir", handle_of(self), path, #path)
end

--- The modules, in load order.
function Runtime:modules()
  return taken(function(record)
    local found = {}
    for at = 0, tonumber(record.count) - 1 do found[at + 1] = module(record.items[at]) end
    return found
  end, "polyplug_runtime_modules", handle_of(self))
end

--- The plugins, in load order, and the values that the host provides.
function Runtime:plugins() return taken(plugins, "polyplug_runtime_plugins", handle_of(self)) end

--- The contracts that the loaded modules describe, offered or not: `id major.minor`.
function Runtime:contracts() return taken(texts, "polyplug_runtime_contracts", handle_of(self)) end

--- What a contract looks like; of the highest major that is described, when none is named.
function Runtime:contract(id, major)
  local handle = handle_of(self)
  if not major then
    major = 0
    for _, known in ipairs(self:contracts()) do
      local name, number = known:match "^(%S+) (%d+)"
      if name == id then major = math.max(major, tonumber(number)) end
    end
    if major == 0 then major = 1 end
  end
  return description.learned(asked("polyplug_runtime_contract", handle, id, #id, major))
end

--- The names of the plugins that offer a contract, in load order.
function Runtime:providers(id, major)
  return taken(texts, "polyplug_runtime_providers", handle_of(self), self:contract(id, major).pointer)
end

local function made(runtime, name, asking, id, plugin, major)
  local handle, contract = handle_of(runtime), runtime:contract(id, major)
  local found = asked(asking, handle, contract.pointer, plugin, plugin and #plugin or 0)
  return proxies.of_handle(contract, name, found, handle)
end

--- What that plugin, or the first that does, offers of a contract. It follows the plugin over its reloads.
function Runtime:get(id, plugin, major) return made(self, "caller", "polyplug_runtime_get", id, plugin, major) end

--- An object of one's own, made by that plugin, or by the first that offers the contract.
function Runtime:create(id, plugin, major) return made(self, "instance", "polyplug_runtime_create", id, plugin, major) end

--- Provides a contract, which something loaded describes, by a table that has its methods. They are called on this thread only.
function Runtime:provide(id, value, name, major)
  local handle, contract = handle_of(self), self:contract(id, major)
  local expected, lacking = objects.lacks(contract, value)
  if expected then error("expected " .. expected .. ", got a " .. type(value), 2) end
  if lacking then error(lacking, 2) end
  name = name or "host"
  return module(home.add(objects.resident(contract, value, handle), function(at, key)
    return asked("polyplug_home_provide", at, handle, contract.pointer, name, #name, key)
  end))
end

--- Configures a plugin, before it is loaded or reloaded, with anything that JSON can say.
function Runtime:configure(plugin, value)
  local said = json.encode(value)
  asked("polyplug_runtime_configure", handle_of(self), plugin, #plugin, said, #said)
end

-- Subscribes: `read` makes of an event what the listener is called with.
local function subscribed(listener, is_live, read, ...)
  local asking, before, count = (...), { select(2, ...) }, select("#", ...) - 1
  local resident = { is_live = is_live, hear = function(event) listener(read(event)) end }
  local subscription = home.add(resident, function(at, key)
    before[count + 1] = key
    return asked(asking, at, unpack(before, 1, count + 1))
  end)
  return setmetatable({ handle = native.own(subscription), resident = resident }, Subscription)
end

local function read_event(event)
  return setmetatable({ code = text(event.code), module = text(event.module):match "^`?(.-)`?$", text = text(event.text) }, Report)
end

--- Calls `listener` with an event (`code`, `module`, `text`) at every load, reload and unload, until the subscription is closed.
function Runtime:subscribe(listener)
  return subscribed(listener, false, read_event, "polyplug_home_subscribe", handle_of(self))
end

local LEVELS = { error = 1, warn = 2, info = 3, debug = 4, trace = 5 }

local function read_line(event)
  return setmetatable({ level = text(event.code), plugin = text(event.module), text = text(event.text) }, Report)
end

--- Calls `listener` with every line (`level`, `plugin`, `text`) that is logged up to a level (`info`, when none is named), by plugins of
--- all runtimes, until the subscription is closed. Meanwhile nothing is compiled: any call may log.
local function subscribe_log(listener, level)
  local number = LEVELS[level or "info"] or error("the levels of the log are error, warn, info, debug and trace", 2)
  return subscribed(listener, true, read_line, "polyplug_home_log", ffi.new("uint32_t", number))
end

--- Unloads everything, without waiting for calls that are inside, and lets go of the runtime.
function Runtime:close()
  if not self.handle then return end
  local modules = self:modules()
  for at = #modules, 1, -1 do
    if modules[at]:is_loaded() then modules[at]:unload_cascade() end
  end
  native.release(self.handle)
  self.handle = nil
end

return { new = new, subscribe_log = subscribe_log }
