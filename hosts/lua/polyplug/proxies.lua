-- Proxies: what is called as a contract says. They are tables whose methods are made from the contract; what is ours stands under
-- numbers, so that no method is in its way.
--
-- A method of numbers, booleans and text has two forms. As long as nothing of Lua's can be called (`calls.live` is 0) it calls the C
-- function behind the method, compiled: the plugin is held still for that, and let go of before anything is reloaded or unloaded,
-- which nobody but this state of Lua does, and not meanwhile. Otherwise it is called by descriptor, with a frame of its own. All other
-- methods, and arguments that do not fit, go through `calls.general`.
local ffi = require "ffi"
local native = require "polyplug.native"
local errors = require "polyplug.errors"
local values = require "polyplug.values"
local calls = require "polyplug.calls"
local C, state = native.C, native.calls
local kinds, passing = values.kinds, calls.passing
local cast = ffi.cast

local proxies = {}

-- Where what is ours stands.
local HANDLE, RUNTIME, FACE, BUSY, PLUGIN = 1, 2, 3, 4, 5
proxies.HANDLE, proxies.RUNTIME, proxies.PLUGIN = HANDLE, RUNTIME, PLUGIN

-- Faces: typed functions by number, and the receiver that they take. This one has none, and is asked for another.
local UNKNOWN = {}
-- This one has none either, and there is no other.
local NONE = {}

local RUST = 1
local Functions = ffi.typeof "void **"

-- Plans: how to call the C function behind a method.

local C_TYPES = {
  [kinds.BOOL] = "uint32_t", [kinds.U8] = "uint32_t", [kinds.U16] = "uint32_t", [kinds.U32] = "uint32_t", [kinds.I8] = "int32_t",
  [kinds.I16] = "int32_t", [kinds.I32] = "int32_t", [kinds.I64] = "int64_t", [kinds.ISIZE] = "int64_t", [kinds.U64] = "uint64_t",
  [kinds.USIZE] = "uint64_t", [kinds.F32] = "float", [kinds.F64] = "double",
}
local LONG = { [kinds.I64] = true, [kinds.ISIZE] = true, [kinds.U64] = true, [kinds.USIZE] = true }
local types = {} -- by their text: each of them is kept for ever by the ffi

-- How an argument is checked and passed; nothing for one that has no short way.
local function plan_argument(argument, name)
  local kind = argument.ty.kind
  if argument.passing == passing.TEXT then
    return "const char *, size_t", ('type(%s) == "string" and C.polyplug_is_text(%s, #%s) ~= 0'):format(name, name, name),
      name .. ", #" .. name
  elseif argument.passing == passing.SLICE and kind == kinds.U8 then
    return "const char *, size_t", ('type(%s) == "string"'):format(name), name .. ", #" .. name
  elseif argument.passing ~= passing.VALUE or not argument.ty.is_by_value or not C_TYPES[kind] then
    return
  elseif kind == kinds.BOOL then
    return C_TYPES[kind], ('type(%s) == "boolean"'):format(name), name .. " and 1 or 0"
  elseif kind == kinds.F32 or kind == kinds.F64 then
    return C_TYPES[kind], ('type(%s) == "number"'):format(name), name
  elseif LONG[kind] then
    local low = (kind == kinds.I64 or kind == kinds.ISIZE) and "-9007199254740992" or "0"
    return C_TYPES[kind],
      ('type(%s) == "number" and %s >= %s and %s <= 9007199254740992 and floor(%s) == %s'):format(name, name, low, name, name, name), name
  end
  local codec = values.codec(argument.ty, false)
  return C_TYPES[kind],
    ('type(%s) == "number" and %s >= %d and %s <= %.0f and floor(%s) == %s'):format(name, name, codec.low, name, codec.high, name, name), name
end

-- How an argument is written into a frame, at cells that were made for it.
local function put_argument(argument, name, cell)
  if argument.passing == passing.VALUE then
    local value = argument.ty.kind == kinds.BOOL and name .. " and 1 or 0" or name
    return ("slot.%s[0] = %s"):format(cell, value)
  end
  return ("local slice = slot.%s slice.ptr, slice.len = %s, #%s"):format(cell, name, name)
end

-- The type of the C function and the lines that call it; nothing when there is no short way.
local function plan(method, names)
  if method.borrows or method.needs_pin or method.changes then return end
  local declared, checks, passed = { "void *" }, {}, { "receiver" }
  for at, argument in ipairs(method.arguments) do
    local c_type, check, pass = plan_argument(argument, names[at])
    if not c_type then return end
    declared[#declared + 1], checks[#checks + 1], passed[#passed + 1] = c_type, check, pass
  end
  local result, c_result, lines, framed = method.result, "void", nil, nil
  local kind = result.kind
  if kind == kinds.UNIT then
    lines, framed = { "typed(%s)", "if receiver.fault == nil then return end" }, { "give(slot)", "return" }
  elseif result.is_by_value and C_TYPES[kind] then
    c_result = C_TYPES[kind]
    local value = "value"
    if kind == kinds.BOOL then value = "value ~= 0" end
    if LONG[kind] then value = (c_result == "int64_t" and "signed" or "unsigned") .. "(value)" end
    lines = { "local value = typed(%s)", "if receiver.fault == nil then return " .. value .. " end" }
    framed = { "local value = slot.value[0]", "give(slot)", "return " .. value }
  elseif kind == kinds.STRING or kind == kinds.LIST and result.elements[1].kind == kinds.U8 then
    declared[#declared + 1], passed[#passed + 1] = "void *", "out"
    lines = {
      "typed(%s)", "if receiver.fault == nil then", "  local text = string(out.ptr, out.len)", "  C.polyplug_buffer_release(out)",
      "  return text", "end",
    }
    framed = {
      "local text = string(slot.out.ptr, slot.out.len)", "C.polyplug_buffer_release(slot.out)", "give(slot)", "return text",
    }
  else
    return
  end
  local text = c_result .. " (*)(" .. table.concat(declared, ", ") .. ")"
  types[text] = types[text] or ffi.typeof(text)
  lines[1] = lines[1]:format(table.concat(passed, ", "))
  local fits = #checks > 0 and " and " .. table.concat(checks, " and ") or ""
  local puts = {}
  for at, argument in ipairs(method.arguments) do
    puts[at] = "do " .. put_argument(argument, names[at], "cell" .. at) .. " end"
  end
  return types[text], {
    '  if calls.live == 0 and type(self) == "table" then',
    "    local face = self[" .. FACE .. "]",
    "    local typed = face and face[" .. method.number + 1 .. "]",
    "    if typed" .. fits .. " then",
    "      local receiver = face.receiver",
    "      " .. table.concat(lines, "\n      "),
    "      return failed(receiver)",
    "    end",
    "  end",
    '  if type(self) == "table" and self[' .. HANDLE .. "] and (calls.live ~= 0 or self[" .. FACE .. "] == NONE)" .. fits .. " then",
    "    local meta = getmetatable(self)",
    "    if meta and meta.call then",
    "      local slot = take()",
    "      " .. table.concat(puts, "\n      "),
    "      if meta.call(self[" .. HANDLE .. "], method, slot.frame, slot.out, slot.fault) ~= 0 then return failed_in(slot) end",
    "      " .. table.concat(framed, "\n      "),
    "    end",
    "  end",
  }
end

-- Frames and places for results of a method: those that are not in use are used again, since calls lie inside each other.
local function slots_of(method)
  local free = {}
  local c_result = method.result.is_by_value and C_TYPES[method.result.kind]
  local function take()
    local slot = table.remove(free)
    if slot then return slot end
    local frame, out = ffi.new("uint64_t[?]", method.frame_size / 8 + 1), ffi.new("PolyplugBuffer[1]")
    slot = { frame = frame, out = out[0], kept = out, fault = ffi.new "PolyplugFaultRecord *[1]" }
    if c_result then slot.value = cast(c_result .. " *", out) end
    for at, argument in ipairs(method.arguments) do
      local pointer = argument.passing == passing.VALUE and C_TYPES[argument.ty.kind] .. " *" or "PolyplugSlice *"
      slot["cell" .. at] = cast(pointer, cast("uint8_t *", frame) + argument.offset)
    end
    return slot
  end
  return take, function(slot) free[#free + 1] = slot end
end

-- A fault of a typed function. The receiver is used again.
local function fail(method, receiver)
  local fault = errors.take_fault(receiver.fault)
  receiver.fault = nil
  if fault.contract == "" and fault.method == "" then fault.contract, fault.method = method.contract.id, method.name end
  error(fault, 0)
end

-- The function of a method.
local function compiled(method)
  local names = {}
  for at = 1, #method.arguments do names[at] = "a" .. at end
  local c_type, lines = plan(method, names)
  method.c_type = c_type
  local arguments = table.concat(names, ", ")
  local signature = arguments == "" and "self" or "self, " .. arguments
  local passed = arguments == "" and "self, method" or "self, method, " .. arguments
  local source = {
    "local C, calls, general, method, failed, failed_in, out, take, give, string, floor, type, getmetatable, signed, unsigned, NONE = ...",
    "return function(" .. signature .. ")",
    lines and table.concat(lines, "\n") or "",
    "  return general(" .. passed .. ")",
    "end",
  }
  local made = assert(loadstring(table.concat(source, "\n"), "=" .. method.full_name))
  local integers = require "polyplug.integers"
  local take, give = slots_of(method)
  local function failed_in(slot)
    local record = slot.fault[0]
    slot.fault[0] = nil
    give(slot)
    error(errors.take_fault(record), 0)
  end
  return made(C, state, calls.general, method, function(receiver) return fail(method, receiver) end, failed_in, ffi.new "PolyplugBuffer",
    take, give, ffi.string, math.floor, type, getmetatable, integers.signed, integers.unsigned, NONE)
end

-- Faces.

-- The functions of an interface that have a short way.
local function face_of(contract, interface, object_state)
  if interface.order ~= contract.order or bit.band(interface.flags, RUST) == 0 then return NONE end
  local functions = cast(Functions, interface + 1)
  local face = { receiver = ffi.new "PolyplugReceiver" }
  face.receiver.state = object_state
  for _, method in ipairs(contract.methods) do
    if method.c_type and method.number < interface.method_count and functions[method.number] ~= nil then
      face[method.number + 1] = cast(method.c_type, functions[method.number])
    end
  end
  return face
end

-- Faces of pinned plugins, by the address of the runtime, the contract and the plugin.
local pinned = {}
local Interface, State = ffi.typeof "const PolyplugInterfaceHeader *[1]", ffi.typeof "void *[1]"

local function pinned_face(proxy, contract)
  local key = tostring(proxy[RUNTIME]) .. " " .. proxy[PLUGIN]
  local of_contract = pinned[contract]
  if not of_contract then
    of_contract = {}
    pinned[contract] = of_contract
  end
  local face = of_contract[key]
  if not face then
    local succeeded, handle = pcall(errors.asked, "polyplug_caller_pin", proxy[HANDLE])
    -- It is gone, and the call says so.
    if not succeeded then return UNKNOWN end
    local interface, object_state = Interface(), State()
    handle = native.own(handle)
    errors.asked("polyplug_pinned_face", handle, interface, object_state)
    face = face_of(contract, interface[0], object_state[0])
    if face == NONE then
      native.release(handle)
      return NONE
    end
    face.handle = handle
    of_contract[key] = face
  end
  return face
end

--- Lets go of all plugins that are held still, before something is reloaded or unloaded.
function proxies.let_go()
  for contract, faces in pairs(pinned) do
    for _, face in pairs(faces) do
      for at = 1, #contract.methods do face[at] = nil end
      native.release(face.handle)
      face.handle = nil
    end
    pinned[contract] = nil
  end
end

-- Metatables.

local function is_fast(contract)
  for _, method in ipairs(contract.methods) do
    if method.c_type then return true end
  end
  return false
end

local function methods_of(contract)
  if not contract.functions then
    contract.functions = {}
    for _, method in ipairs(contract.methods) do contract.functions[method.name] = compiled(method) end
    contract.is_fast = is_fast(contract)
  end
  return contract.functions
end

local function unknown(contract)
  return function(_, key)
    if type(key) == "number" then return nil end
    local names = {}
    for at, method in ipairs(contract.methods) do names[at] = method.name end
    error("contract `" .. contract.id .. "` has no method `" .. tostring(key) .. "`; it has " .. table.concat(names, ", "), 2)
  end
end

local function metatable(contract, name)
  local methods = setmetatable({}, { __index = unknown(contract) })
  for key, value in pairs(methods_of(contract)) do methods[key] = value end
  return { __index = methods, __name = "polyplug." .. name, contract = contract, kind = name }
end

--- The metatable of what is called through a handle: a caller or an instance.
function proxies.handle_metatable(contract, name)
  local key = name .. "_metatable"
  if contract[key] then return contract[key] end
  local meta = metatable(contract, name)
  contract[key] = meta
  meta.gone, meta.call = "it was released", calls.by_handle
  function meta:__tostring() return contract.id .. " of " .. (self[PLUGIN] or "nothing") end
  function meta:invoke(method, frame, out, fault)
    local handle = self[HANDLE]
    if name == "caller" then
      if method.needs_pin or method.changes then
        -- What it yields lies in memory of the plugin, which stays until it was read.
        local held = native.own(errors.asked("polyplug_caller_pin", handle))
        return calls.by_handle(held, method, frame, out, fault), held
      end
      if self[FACE] ~= NONE and contract.is_fast and state.live == 0 then self[FACE] = pinned_face(self, contract) end
    end
    return calls.by_handle(handle, method, frame, out, fault)
  end
  function meta:release()
    local handle = self[HANDLE]
    self[HANDLE], self[FACE] = false, NONE
    if handle then native.release(handle) end
  end
  return meta
end

--- A proxy of a handle.
function proxies.of_handle(contract, name, handle, runtime)
  local slice = ffi.new "PolyplugSlice"
  errors.asked("polyplug_plugin", handle, slice)
  return setmetatable({ native.own(handle), runtime, UNKNOWN, false, native.text(slice) }, proxies.handle_metatable(contract, name))
end

local function enter(proxy)
  if not proxy[BUSY] then
    proxy[BUSY] = true
    return
  end
  error(errors.fault {
    message = "another call is inside this exclusive object, which is called by one at a time", contract = getmetatable(proxy).contract.id,
  }, 0)
end

local function finished(proxy, succeeded, code, ...)
  proxy[BUSY] = false
  if not succeeded then error(code, 0) end
  return code, ...
end

--- The metatable of objects and closures.
function proxies.object_metatable(contract)
  if contract.object_metatable then return contract.object_metatable end
  local meta = metatable(contract, "object")
  contract.object_metatable = meta
  meta.gone = "it was released or given away, or lived for a call that is over"
  if not contract.is_exclusive then meta.call = calls.by_object end
  function meta:__tostring() return (contract.id ~= "" and contract.id or "closure") .. " object" end
  if contract.id == "" then meta.__call = methods_of(contract)[contract.methods[1].name] end
  function meta:invoke(method, frame, out, fault)
    local object = self[HANDLE]
    if contract.is_exclusive then
      enter(self)
      return finished(self, pcall(calls.by_object, object, method, frame, out, fault))
    end
    if self[FACE] == UNKNOWN and contract.is_fast and state.live == 0 then
      self[FACE] = object.release ~= nil and face_of(contract, object.interface, object.state) or NONE
    end
    return calls.by_object(object, method, frame, out, fault)
  end
  function meta:release()
    local object = self[HANDLE]
    self[HANDLE], self[FACE] = false, NONE
    if object then native.release_object(object) end
  end
  return meta
end

--- A proxy of an object.
function proxies.of_object(contract, object, runtime)
  return setmetatable({ object, runtime, UNKNOWN, false }, proxies.object_metatable(contract))
end

--- An object was given away: answers how to take it back.
function proxies.give_away(proxy)
  local object, face = proxy[HANDLE], proxy[FACE]
  proxy[HANDLE], proxy[FACE] = false, NONE
  return function() proxy[HANDLE], proxy[FACE] = object, face end
end

--- A lent object: how to end it when the call is over.
function proxies.give_away_later(proxy)
  return function() proxies.give_away(proxy) end
end

proxies.enter = enter
function proxies.leave(proxy) proxy[BUSY] = false end

return proxies
