-- What is raised, and the values that Lua has no form of its own for.
local ffi = require "ffi"
local native = require "polyplug.native"
local C, text = native.C, native.text

local errors = {}

local KINDS = { "panicked", "threw", "unloaded", "invalid-value", "escaped-borrow", "unknown-variant", "unknown-method", "raised" }
local NUMBERS = {}
for number, word in ipairs(KINDS) do NUMBERS[word] = number end

--- What fails outside a call: `code` is a stable word, `text` says what happened with all its causes, one a line.
local Error = { __name = "polyplug.error" }
Error.__index = Error
function Error:__tostring() return self.text end
errors.Error = Error

--- What a call yields in the place of a result: `message`, `kind`, `plugin`, `contract`, `method`; `file`, `line`, `column` and `trace`
--- where they are known.
local Fault = { __name = "polyplug.fault" }
Fault.__index = Fault
function Fault:__tostring()
  local where = ""
  if self.plugin ~= "" then
    where = self.plugin .. (self.contract ~= "" and ", " .. self.contract .. "." .. self.method or "") .. ": "
  end
  local at = ""
  if self.file then
    at = " (" .. self.file
    if self.line then at = at .. ":" .. self.line .. (self.column and ":" .. self.column or "") end
    at = at .. ")"
  end
  return where .. self.message .. at
end
errors.Fault = Fault

local ErrorPlace = ffi.typeof "PolyplugError *[1]"

--- Calls a function of the library whose last argument is the place for an error, which is raised.
function errors.asked(name, ...)
  local place, count = ErrorPlace(), select("#", ...)
  local arguments = { ... }
  arguments[count + 1] = place
  local answer = native.into(C[name], unpack(arguments, 1, count + 1))
  local record = place[0]
  if record ~= nil then
    local raised = setmetatable({ code = text(record.code), message = text(record.message), text = text(record.text) }, Error)
    C.polyplug_release(record)
    error(raised, 0)
  end
  return answer
end
jit.off(errors.asked)

local function some(slice)
  if slice.len ~= 0 then return text(slice) end
end

local release_fault = C.polyplug_fault_release

--- A fault of a record with one count, which is taken over.
function errors.take_fault(record)
  if record == nil then
    return errors.fault { message = "the call failed, and said nothing", kind = "invalid-value" }
  end
  record = ffi.gc(record, release_fault)
  local file, line, column = some(record.file), record.line, record.column
  return setmetatable({
    record = record,
    message = text(record.message),
    kind = KINDS[record.kind] or "other",
    plugin = text(record.plugin),
    contract = text(record.contract),
    method = text(record.method),
    trace = some(record.trace),
    file = file,
    line = file and line ~= 0 and line or nil,
    column = file and column ~= 0 and column or nil,
  }, Fault)
end

local function retained(record)
  record.table.retain(record)
  return record
end

--- A fault of a record whose count stays its owner's.
function errors.read_fault(record)
  return errors.take_fault(retained(ffi.cast("PolyplugFaultRecord *", record)))
end

--- A fault of one's own, to be raised with `error`, or handed over.
function errors.fault(made)
  if type(made) ~= "table" then made = { message = tostring(made) } end
  local fault = { plugin = "", contract = "", method = "", kind = "raised" }
  for key, value in pairs(made) do fault[key] = value end
  fault.message = tostring(fault.message)
  return setmetatable(fault, Fault)
end

local function new_record(kind, message, trace)
  return C.polyplug_fault_new(kind, message, #message, trace, #trace)
end

--- A new count of a record, made of what was raised: a fault goes on as it is.
function errors.new_record(raised, trace)
  if getmetatable(raised) == Fault then
    if raised.record then return retained(raised.record) end
    return new_record(NUMBERS[raised.kind] or NUMBERS.raised, raised.message, raised.trace or trace or "")
  end
  local message
  if type(raised) == "string" then
    message = raised
  elseif type(raised) == "table" and type(raised.message) == "string" and not (getmetatable(raised) or {}).__tostring then
    message = raised.message
  else
    local succeeded, said = pcall(tostring, raised)
    message = succeeded and type(said) == "string" and said or "an error that has no text"
  end
  return new_record(NUMBERS.threw, message, trace or "")
end

-- Values.

local Ok, Err, Some, Pairs = { __name = "ok" }, { __name = "err" }, { __name = "some" }, { __name = "map" }
errors.Ok, errors.Err, errors.Some, errors.Pairs = Ok, Err, Some, Pairs

--- What stands for nil in a table.
errors.none = setmetatable({}, {
  __name = "polyplug.none",
  __tostring = function() return "polyplug.none" end,
  __newindex = function() error("polyplug.none is not changed", 2) end,
})
function errors.ok(value) return setmetatable({ ok = value }, Ok) end
function errors.err(reason) return setmetatable({ err = reason }, Err) end
function errors.some(value) return setmetatable({ some = value }, Some) end
function errors.map(items) return setmetatable(items, Pairs) end

return errors
