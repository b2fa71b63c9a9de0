-- What arguments point to, for one call: pieces of one block that is used as a stack, since calls end in the order in which they
-- began, the last one first.
local ffi = require "ffi"

local memory = {}

local SIZE = 65536
-- It stays as long as it is referred to: a pointer into it is no reference.
memory.block = ffi.new("uint64_t[?]", SIZE / 8)
local first = ffi.cast("uint8_t *", memory.block)
local Words, Bytes = ffi.typeof "uint64_t[?]", ffi.typeof "uint8_t *"
local fill, cast = ffi.fill, ffi.cast
local top = 0

local Arena = {}
Arena.__index = Arena

--- The memory of a call, and what is to be done after it.
function memory.arena(runtime)
  return setmetatable({ runtime = runtime, mark = top, depth = 0 }, Arena)
end

--- Zeroed memory, aligned to 8 bytes.
function Arena:piece(size)
  size = size - size % 8 + 8
  if top + size <= SIZE then
    local place = first + top
    top = top + size
    fill(place, size)
    return place
  end
  local words = Words(size / 8)
  self:keep(words)
  return cast(Bytes, words)
end

--- Keeps something alive for the call.
function Arena:keep(value)
  local kept = self.kept
  if not kept then
    kept = {}
    self.kept = kept
  end
  kept[#kept + 1] = value
end

--- To be done when the call was not made.
function Arena:undo(action)
  local undo = self.undoing
  if not undo then
    undo = {}
    self.undoing = undo
  end
  undo[#undo + 1] = action
end

--- To be done after the call, made or not.
function Arena:after(action)
  local after = self.ending
  if not after then
    after = {}
    self.ending = after
  end
  after[#after + 1] = action
end

--- The call is over.
function Arena:close()
  top = self.mark
  local after = self.ending
  if after then
    self.ending = nil
    for at = 1, #after do after[at]() end
  end
end

--- The call was not made: what was to be given away is let go of.
function Arena:abandon()
  local undo = self.undoing
  if undo then
    self.undoing = nil
    for at = 1, #undo do undo[at]() end
  end
  self:close()
end

-- Where in a value something does not fit: names, and numbers of elements.
function Arena:path()
  local text = ""
  local steps = self.steps
  for at = 1, self.depth do
    local step = steps[at]
    if type(step) == "number" then
      text = text .. "[" .. step .. "]"
    else
      text = text .. "." .. step
    end
  end
  return text
end

--- Goes a step into a value: the steps, and the number of the new one.
function Arena:step()
  local steps = self.steps
  if not steps then
    steps = {}
    self.steps = steps
  end
  self.depth = self.depth + 1
  return steps, self.depth
end

return memory
