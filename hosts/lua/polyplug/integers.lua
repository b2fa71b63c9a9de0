-- Integers: numbers where they are exact, `int64_t` and `uint64_t` of the ffi to 64 bits, digits beyond.
local ffi = require "ffi"

local integers = {}

local int64, uint64 = ffi.typeof "int64_t", ffi.typeof "uint64_t"
local istype, floor = ffi.istype, math.floor
local EXACT = 2 ^ 53

--- A signed integer of the ffi as Lua has it.
function integers.signed(value)
  local number = tonumber(value)
  if number <= EXACT and number >= -EXACT and int64(number) == value then return number end
  return value
end

--- An unsigned integer of the ffi as Lua has it.
function integers.unsigned(value)
  local number = tonumber(value)
  if number <= EXACT and uint64(number) == value then return number end
  return value
end

-- Digits to two words, and back, in limbs of 32 bits.
local WORD = 2 ^ 32

local function times_ten_and(limbs, digit)
  local carry = digit
  for at = 1, 4 do
    local product = limbs[at] * 10 + carry
    carry = floor(product / WORD)
    limbs[at] = product - carry * WORD
  end
  return carry == 0
end

local function words(limbs)
  local low = uint64(limbs[2]) * 0x100000000ULL + uint64(limbs[1])
  local high = uint64(limbs[4]) * 0x100000000ULL + uint64(limbs[3])
  return low, high
end

local function negated(low, high)
  low, high = -low, -high
  if low ~= 0 then high = high - 1 end
  return low, high
end

local function of_digits(text)
  local sign, digits = text:match "^([+-]?)(%d+)$"
  if not digits then return end
  local limbs = { 0, 0, 0, 0 }
  for at = 1, #digits do
    if not times_ten_and(limbs, digits:byte(at) - 48) then return end
  end
  local low, high = words(limbs)
  return low, high, sign == "-"
end

local function to_digits(low, high)
  local limbs = {
    tonumber(low % 0x100000000ULL), tonumber(low / 0x100000000ULL), tonumber(high % 0x100000000ULL), tonumber(high / 0x100000000ULL),
  }
  local digits = {}
  while limbs[1] ~= 0 or limbs[2] ~= 0 or limbs[3] ~= 0 or limbs[4] ~= 0 do
    local rest = 0
    for at = 4, 1, -1 do
      local value = rest * WORD + limbs[at]
      limbs[at] = floor(value / 1e6)
      rest = value - limbs[at] * 1e6
    end
    table.insert(digits, 1, ("%06d"):format(rest))
  end
  return (table.concat(digits):gsub("^0+", ""))
end

--- Two words, low first, as Lua has them.
function integers.wide(low, high, is_signed)
  local is_negative = is_signed and high >= 0x8000000000000000ULL
  if is_negative then
    if high == 0xFFFFFFFFFFFFFFFFULL and low >= 0x8000000000000000ULL then return integers.signed(ffi.cast(int64, low)) end
    low, high = negated(low, high)
    return "-" .. to_digits(low, high)
  end
  if high == 0 then return integers.unsigned(low) end
  return to_digits(low, high)
end

--- The two words of an integer, whether it is negative; nothing for what is none. The words are of its absolute value.
local function magnitude(value)
  if type(value) == "number" then
    if floor(value) ~= value or value >= 1e38 or value <= -1e38 then return end
    local absolute = math.abs(value)
    local high = floor(absolute / 2 ^ 64)
    return uint64(absolute - high * 2 ^ 64), uint64(high), value < 0
  elseif istype(int64, value) then
    if value < 0 then return ffi.cast(uint64, -value), 0ULL, true end
    return ffi.cast(uint64, value), 0ULL, false
  elseif istype(uint64, value) then
    return value, 0ULL, false
  elseif type(value) == "string" then
    local low, high, is_negative = of_digits(value)
    -- Smaller ones are no strings.
    if not low or high == 0 and (not is_negative or low <= 0x8000000000000000ULL) then return end
    return low, high, is_negative
  end
end

local TOP = 0x8000000000000000ULL

--- The two words of an integer of 128 bits; nothing, and whether it was an integer, for what is none.
function integers.to_wide(value, is_signed)
  local low, high, is_negative = magnitude(value)
  if not low then return nil, false end
  if not is_signed then
    if is_negative and (low ~= 0 or high ~= 0) then return nil, true end
    return low, high
  end
  if is_negative then
    if high > TOP or high == TOP and low ~= 0 then return nil, true end
    return negated(low, high)
  end
  if high >= TOP then return nil, true end
  return low, high
end

--- An integer that fits between two numbers, of a type of 32 bits or fewer; nothing, and whether it was an integer.
function integers.to_narrow(value, low, high)
  if type(value) ~= "number" then
    if not (istype(int64, value) or istype(uint64, value)) then return nil, magnitude(value) ~= nil end
    local number = tonumber(value)
    return number >= low and number <= high and number or nil, true
  end
  if floor(value) ~= value then return nil, false end
  return value >= low and value <= high and value or nil, true
end

--- An integer of 64 bits, of the ffi's type; nothing, and whether it was an integer.
function integers.to_long(value, is_signed)
  if type(value) == "number" and value <= EXACT and value >= (is_signed and -EXACT or 0) and floor(value) == value then
    return is_signed and int64(value) or uint64(value)
  end
  local low, high, is_negative = magnitude(value)
  if not low then return nil, false end
  if high ~= 0 then return nil, true end
  if not is_signed then
    if is_negative and low ~= 0 then return nil, true end
    return low
  end
  if is_negative then
    if low > TOP then return nil, true end
    return ffi.cast(int64, -low)
  end
  if low >= TOP then return nil, true end
  return ffi.cast(int64, low)
end

return integers
