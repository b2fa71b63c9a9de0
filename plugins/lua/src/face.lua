-- What a plugin sees as `polyplug`, and what the loader calls by name: the part of it that is Lua.
local native, file = ...
local ffi = require "ffi"
local int64, uint64 = ffi.typeof "int64_t", ffi.typeof "uint64_t"
local error, type, tostring, getmetatable, setmetatable = error, type, tostring, getmetatable, setmetatable
local pairs, ipairs, select, pcall, xpcall, traceback = pairs, ipairs, select, pcall, xpcall, debug.traceback

local polyplug, internal = {}, {}

-- Natives answer whether they succeeded, then the values or the fault.
local function check(succeeded, ...)
  if succeeded then return ... end
  error((...), 0)
end

-- Values that Lua has no form of its own for.
local Ok, Err, Some, Pairs = { __name = "ok" }, { __name = "err" }, { __name = "some" }, { __name = "map" }
polyplug.none = native.none
function polyplug.ok(value) return setmetatable({ ok = value }, Ok) end
function polyplug.err(reason) return setmetatable({ err = reason }, Err) end
function polyplug.some(value) return setmetatable({ some = value }, Some) end
function polyplug.map(items) return setmetatable(items, Pairs) end
internal.ok, internal.err, internal.some, internal.map = Ok, Err, Some, Pairs

function internal.signed(high, low) return int64(high) * 4294967296LL + low end
function internal.unsigned(high, low) return uint64(high) * 4294967296ULL + low end
function internal.integer(value)
  if ffi.istype(int64, value) or ffi.istype(uint64, value) then return tostring(value) end
end

-- The log.
polyplug.log = {}
for _, level in ipairs { "error", "warn", "info", "debug", "trace" } do
  polyplug.log[level] = function(...)
    local texts = {}
    for i = 1, select("#", ...) do texts[i] = tostring((select(i, ...))) end
    native.log(level, table.concat(texts, "\t"))
  end
end
print = polyplug.log.info

-- Things on the other side: methods by their names.
local methods = {}
function internal.method(name)
  local method = methods[name]
  if not method then
    method = function(remote, ...)
      return check(native.invoke(remote, name, ...))
    end
    methods[name] = method
  end
  return method
end

-- What a plugin holds of its runtime.
local Context = { __name = "polyplug.context" }
Context.__index = Context
function Context:host(id) return check(native.host(self.handle, id)) end
function Context:peer(id) return check(native.peer(self.handle, id)) end
function Context:peers(id) return check(native.peers(self.handle, id)) end
function Context:config() return check(native.config(self.handle)) end
function internal.context(handle, plugin, previous_version)
  return setmetatable({ handle = handle, plugin = plugin, previous_version = previous_version }, Context)
end

-- Plugins.
local descriptions = setmetatable({}, { __mode = "k" })
local kinds = {
  name = "string", version = "string", description = "string", authors = "table", license = "string", repository = "string",
  implements = "table", requires = "table", wants = "table", new = "function", save = "function", restore = "function",
}

function polyplug.plugin(description)
  if type(description) ~= "table" then
    error("polyplug.plugin expects a table, got a " .. type(description), 2)
  end
  local named = type(description.name) == "string" and "plugin `" .. description.name .. "`: " or "plugin without a name: "
  for key, value in pairs(description) do
    local kind = kinds[key]
    if not kind then
      local known = {}
      for name in pairs(kinds) do known[#known + 1] = name end
      table.sort(known)
      error(named .. "unknown key `" .. tostring(key) .. "`; known are " .. table.concat(known, ", "), 2)
    end
    if type(value) ~= kind then
      error(named .. "`" .. key .. "` is a " .. type(value) .. ", and must be a " .. kind, 2)
    end
    if kind == "table" then
      for _, item in pairs(value) do
        if type(item) ~= "string" then
          error(named .. "`" .. key .. "` holds a " .. type(item) .. ", and must be a list of strings", 2)
        end
      end
    end
  end
  if not description.name then error("plugin without a name: `name` is missing", 2) end
  if not description.version then error(named .. "`version` is missing, as in version = \"1.0.0\"", 2) end
  if not description.implements or #description.implements == 0 then
    error(named .. "`implements` is missing, as in implements = { \"demo.greeter\" }", 2)
  end
  if (description.save == nil) ~= (description.restore == nil) then
    error(named .. "`save` and `restore` belong together, and one of them is missing", 2)
  end
  local plugin = {}
  descriptions[plugin] = description
  return plugin
end

-- The plugins in what a file returned: one, or a list of them.
function internal.plugins(returned)
  local found = {}
  if type(returned) ~= "table" then
    error("it returned " .. (returned == nil and "nothing" or "a " .. type(returned)) .. ", and must return what polyplug.plugin{ .. } made", 0)
  end
  if descriptions[returned] then returned = { returned } end
  for index, plugin in ipairs(returned) do
    local description = descriptions[plugin]
    if not description then
      error("item " .. index .. " of what it returned is not made by polyplug.plugin{ .. }", 0)
    end
    found[index] = {
      plugin = plugin, description = description,
      authors = table.concat(description.authors or {}, ":"), keeps_state = description.save ~= nil,
    }
  end
  if #found == 0 then
    error("it returned a table that polyplug.plugin{ .. } did not make, and that holds no plugins", 0)
  end
  return found
end

-- The function that answers a method: of the contract's own table if there is one, else of the plugin.
function internal.find(plugin, contract, method)
  local own = rawget(plugin, contract)
  if type(own) == "table" and own[method] ~= nil then return own[method] end
  return plugin[method]
end

function internal.construct(plugin, context, saved)
  local description = descriptions[plugin]
  local state
  if saved then
    state = description.restore(context, saved)
  elseif description.new then
    state = description.new(context)
  else
    state = {}
  end
  if state == nil then
    error("`" .. (saved and "restore" or "new") .. "` of plugin `" .. description.name .. "` returned nothing, and must return the plugin's state", 0)
  end
  if type(state) == "table" and getmetatable(state) == nil then
    setmetatable(state, { __index = plugin })
  end
  return state
end

function internal.save(plugin, state)
  local saved = descriptions[plugin].save(state)
  if type(saved) ~= "string" then
    error("`save` returned a " .. type(saved) .. ", and must return a string", 0)
  end
  return saved
end

-- Errors: what was raised, its text, and where.
function internal.on_error(raised)
  local message = raised
  if type(raised) ~= "string" then
    local meta = getmetatable(raised)
    if type(raised) == "table" and not (type(meta) == "table" and meta.__tostring) then
      message = type(raised.message) == "string" and raised.message or "an error that is a table"
    else
      local succeeded, text = pcall(tostring, raised)
      message = succeeded and type(text) == "string" and text or "an error that has no text"
    end
  end
  return { raised = raised, message = message, trace = traceback("", 2):gsub("^\n", "") }
end
local on_error = internal.on_error
function internal.call(f, ...) return xpcall(f, on_error, ...) end

package.loaded.polyplug = polyplug
_G.polyplug = polyplug
return internal
