-- Calls of any method: arguments into a frame, the call, and what comes back.
local ffi = require "ffi"
local native = require "polyplug.native"
local errors = require "polyplug.errors"
local memory = require "polyplug.memory"
local values = require "polyplug.values"
local home = require "polyplug.home"
local C, state = native.C, native.calls
local kinds, codec_of, none = values.kinds, values.codec, errors.none
local cast = ffi.cast

local calls = {}

local VALUE, REFERENCE, SLICE, TEXT, OBJECT, SLICE_MUT, OBJECT_MUT, SINK = 0, 1, 2, 3, 4, 5, 6, 7
calls.passing = { VALUE = VALUE, SLICE = SLICE, TEXT = TEXT, SLICE_MUT = SLICE_MUT, SINK = SINK }
local Slice, Pointers, Faults = ffi.typeof "PolyplugSlice *", ffi.typeof "uint8_t **", ffi.typeof "PolyplugFaultRecord **"
local Buffers = ffi.typeof "PolyplugBuffer *"
local uint8 = ffi.typeof "uint8_t *"

-- Writes an argument into a frame. What is changed is added to `changed`: how to read it after the call.
local function put(argument, value, frame, arena, changed)
  local passing, ty = argument.passing, argument.ty
  local place = frame + argument.offset
  if passing == TEXT then
    values.put_bytes(place, values.checked_text(value), false, arena)
    return
  end
  local codec = codec_of(ty, false)
  if passing == VALUE and ty.is_by_value then
    (codec.write_wide or codec.write)(place, value, arena)
  elseif passing == VALUE or passing == REFERENCE then
    local pointed = arena:piece(codec.size)
    codec.write(pointed, value, arena)
    cast(Pointers, place)[0] = pointed
  elseif passing == SLICE then
    values.write_list(codec, place, value, false, arena)
  elseif passing == OBJECT or passing == OBJECT_MUT then
    local pointed = arena:piece(32)
    values.objects.put(ty, value, false, pointed, arena)
    cast(Pointers, place)[0] = pointed
  elseif passing == SLICE_MUT then
    if codec.node.kind == kinds.U8 and type(value) == "string" then
      -- A string is not written to: a copy is.
      local copy = arena:piece(#value)
      ffi.copy(copy, value, #value)
      local slice = cast(Slice, place)
      slice.ptr, slice.len = copy, #value
    else
      values.write_list(codec, place, value, false, arena)
    end
    changed[#changed + 1] = function(scope) return values.read_list(codec, place, scope) end
  else
    local sink = arena:piece(48)
    codec.write(sink, value, arena)
    cast(Pointers, place)[0] = sink
    local output = codec_of(ty, true)
    changed[#changed + 1] = function(scope) return output.read(sink + 16, scope) end
    changed.sinks = changed.sinks or {}
    table.insert(changed.sinks, { ty.pointer, sink + 16 })
  end
end

local function put_all(method, frame, arena, changed, ...)
  local arguments = method.arguments
  for at = 1, #arguments do
    arena.argument = at
    put(arguments[at], (select(at, ...)), frame, arena, changed)
  end
end

-- The result of a method as Lua returns it, and what was changed behind it.
local function read_all(method, out, scope, changed)
  local result = method.result
  local codec = codec_of(result, true)
  local read = result.is_by_value and codec.read_wide or codec.read
  local count, first, second = 1, read(out, scope), nil
  -- With changes behind it a result stays one value: `nil, reason` and `nil, changed` would look the same.
  if result.kind == kinds.RESULT and #changed == 0 then
    if getmetatable(first) == errors.Err then
      count, second, first = 2, first.err, nil
      if second == nil then second = none end
    else
      first = first.ok
    end
  elseif result.kind == kinds.UNIT then
    count = 0
  end
  if #changed == 0 then return count, first, second end
  local all = { first, second }
  for at = 1, #changed do all[count + at] = changed[at](scope) end
  return count + #changed, unpack(all, 1, count + #changed)
end

local function finished(succeeded, count, ...)
  if not succeeded then error(count, 0) end
  if count == 0 then return end
  if count == 1 then return (...) end
  return ...
end

-- What a method did not take: an error of whoever called it.
local function refuse(method, raised, arena, level)
  local argument = method.arguments[arena.argument or 1]
  local said = values.said(raised, arena, "argument `" .. (argument and argument.name or "") .. "`", " of `" .. method.full_name .. "`")
  arena:abandon()
  error(said, level)
end

local function release_results(method, out, changed)
  local result = method.result
  if result.owned_size ~= 0 and not result.is_by_value then C.polyplug_value_release(result.pointer, out) end
  for _, sink in ipairs(changed.sinks or {}) do C.polyplug_value_release(sink[1], sink[2]) end
end

--- Calls a method of a proxy.
function calls.general(proxy, method, ...)
  local meta = getmetatable(proxy)
  if type(meta) ~= "table" or not meta.invoke then
    error("`" .. method.name .. "` is a method: call it with `:`, not with `.`", 3)
  end
  if not proxy[1] then error(errors.fault { message = meta.gone, kind = "invalid-value" }, 0) end
  local arena, changed = memory.arena(proxy[2]), {}
  local frame = arena:piece(method.frame_size)
  local succeeded, raised = pcall(put_all, method, frame, arena, changed, ...)
  if not succeeded then refuse(method, raised, arena, 3) end
  local result = method.result
  local out, fault = arena:piece(result.owned_size), cast(Faults, arena:piece(8))
  local called, code, pinned = pcall(meta.invoke, proxy, method, frame, out, fault)
  if not called then
    arena:abandon()
    error(code, 0)
  end
  if code ~= 0 then
    arena:close()
    error(errors.take_fault(fault[0]), 0)
  end
  return calls.after(method, out, changed, arena, pinned)
end

local function closed(method, out, changed, arena, pinned, ...)
  release_results(method, out, changed)
  if pinned then native.release(pinned) end
  arena:close()
  return finished(...)
end

function calls.after(method, out, changed, arena, pinned)
  local scope = { runtime = arena.runtime, owned = true }
  return closed(method, out, changed, arena, pinned, pcall(read_all, method, out, scope, changed))
end

--- Calls by a handle: compiled as long as nothing can come back.
function calls.by_handle(handle, method, frame, out, fault)
  if state.live == 0 then return C.polyplug_call(handle, method.number, frame, out, fault) end
  return native.call(handle, method.number, frame, out, fault)
end

--- Calls an object.
function calls.by_object(object, method, frame, out, fault)
  local contract = method.contract.pointer
  if state.live == 0 then return C.polyplug_object_call(contract, object, method.number, frame, out, fault) end
  return native.object_call(contract, object, method.number, frame, out, fault)
end

-- The other way round: a method of Lua's answers.

-- Reads an argument from a frame. How to write what is changed is added to `changed`.
local function take(argument, frame, scope, changed, sources)
  local passing, ty = argument.passing, argument.ty
  local place = frame + argument.offset
  if passing == TEXT then
    local text, slice = values.bytes_of(place), cast(Slice, place)
    sources[#sources + 1] = { text = text, place = cast(uint8, slice.ptr) }
    return text
  end
  local codec = codec_of(ty, false)
  if passing == VALUE and ty.is_by_value then return (codec.read_wide or codec.read)(place, scope) end
  if passing == SLICE then return values.read_list(codec, place, scope) end
  if passing == SLICE_MUT then
    changed[#changed + 1] = function(value, arena)
      local slice, list = cast(Slice, place), arena:piece(16)
      values.write_list(codec, list, value, false, arena)
      local new = cast(Slice, list)
      if new.len ~= slice.len then
        values.misfit("expected a list of " .. tostring(tonumber(slice.len)) .. " items, as it came, got " .. tostring(tonumber(new.len)))
      end
      ffi.copy(cast(uint8, slice.ptr), new.ptr, tonumber(slice.len) * codec.size)
    end
    return values.read_list(codec, place, scope)
  end
  local pointed = cast(Pointers, place)[0]
  if passing == OBJECT or passing == OBJECT_MUT then return values.objects.take(ty, pointed, scope) end
  if passing == SINK then
    changed[#changed + 1] = function(value, arena) codec_of(ty, true).write(pointed + 16, value, arena) end
  elseif ty.kind == kinds.STRING or ty.kind == kinds.TEXT then
    local slice = cast(Slice, pointed)
    sources[#sources + 1] = { text = ffi.string(slice.ptr, slice.len), place = cast(uint8, slice.ptr) }
  end
  return codec.read(pointed, scope)
end

local function write_result(method, out, arena, value)
  local result = method.result
  local codec = codec_of(result, true)
  ;(result.is_by_value and codec.write_wide or codec.write)(out, value, arena)
end

-- Writes what a method of Lua's returned.
local function write_all(method, arguments, changed, out, arena, ...)
  local kind, at = method.result.kind, 1
  if kind == kinds.RESULT and #changed == 0 then
    local value, reason = ...
    if value == nil and reason ~= nil then
      if reason == none then reason = nil end
      value = errors.err(reason)
    end
    write_result(method, out, arena, value)
  elseif kind ~= kinds.UNIT then
    write_result(method, out, arena, (...))
    at = 2
  end
  if #changed == 0 then return end
  -- What is not returned is taken as it stands: tables are changed in place.
  local next = 0
  for number, argument in ipairs(method.arguments) do
    if argument.passing == SLICE_MUT or argument.passing == SINK then
      next = next + 1
      local value = (select(at, ...))
      at = at + 1
      if value == nil then value = arguments[number] end
      arena.what = "what became of `" .. argument.name .. "`"
      changed[next](value, arena)
    end
  end
end

local function ended(scope, ...)
  for _, end_object in ipairs(scope.borrowed) do end_object() end
  return ...
end

local function written(method, arguments, changed, out, sources, runtime, ...)
  local arena = memory.arena(runtime)
  arena.sources = sources
  arena.what = "what it answered"
  local succeeded, raised = pcall(write_all, method, arguments, changed, out, arena, ...)
  if not succeeded then
    local said = values.said(raised, arena, arena.what, " in `" .. method.full_name .. "`")
    arena:abandon()
    error(said, 0)
  end
  arena:close()
end

local function answered(method, target, frame, out, scope)
  local arguments, changed, sources = {}, {}, {}
  for at, argument in ipairs(method.arguments) do
    arguments[at] = take(argument, frame, scope, changed, sources)
  end
  local value, count = target.value, #method.arguments
  if target.contract.id == "" then
    return written(method, arguments, changed, out, sources, target.runtime, value(unpack(arguments, 1, count)))
  end
  local answering = value[method.name]
  if answering == nil then
    error(errors.fault {
      message = "the table has no method `" .. method.name .. "` of contract `" .. method.contract.id
        .. "`",
      kind = "unknown-method",
    }, 0)
  end
  return written(method, arguments, changed, out, sources, target.runtime, answering(value, unpack(arguments, 1, count)))
end

--- Answers a call of something of Lua's, or says that the method is left to its default body. Raises what goes wrong.
function calls.answer(target, number, frame, out)
  local method = target.contract.methods[number + 1]
  if method.has_default and target.value[method.name] == nil then return home.LEFT_OUT end
  local scope = { runtime = target.runtime, owned = false, borrowed = {} }
  local outcome = { xpcall(function() return answered(method, target, cast(uint8, frame), cast(uint8, out), scope) end, calls.traced) }
  ended(scope)
  if not outcome[1] then error(outcome[2], 0) end
end

--- What was raised, with the traceback.
function calls.traced(raised)
  return { raised = raised, trace = debug.traceback("", 2):gsub("^\n", "") }
end

return calls
