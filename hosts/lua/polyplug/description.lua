-- Contracts as they are described, copied into tables, once for all that are equal.
local ffi = require "ffi"
local native = require "polyplug.native"
local C, text = native.C, native.text

local description = {}

local METHOD_DEFAULT, METHOD_BORROWS, METHOD_BORROWS_OBJECT = 1, 4, 8
local EXCLUSIVE = 2

local function address(pointer) return tonumber(ffi.cast("uintptr_t", pointer)) end

-- A description that is being read: what was read of it already, by address. Types may hold themselves.
local Reader = {}
Reader.__index = Reader

function Reader:fields(fields, count)
  local found = {}
  for at = 0, tonumber(count) - 1 do
    local field = fields[at]
    found[at + 1] = {
      name = text(field.name), docs = text(field.docs), ty = self:type(field.ty), lent_offset = tonumber(field.lent_offset),
      owned_offset = tonumber(field.owned_offset), has_default = bit.band(field.flags, 1) ~= 0,
    }
  end
  return found
end

function Reader:type(pointer)
  local key = address(pointer)
  local node = self.types[key]
  if node then return node end
  node = {
    pointer = pointer, kind = pointer.kind, flags = pointer.flags, length = tonumber(pointer.length), name = text(pointer.name),
    docs = text(pointer.docs), text = text(pointer.text), lent_size = tonumber(pointer.lent_size),
    lent_align = tonumber(pointer.lent_align), owned_size = tonumber(pointer.owned_size),
    owned_align = tonumber(pointer.owned_align), is_by_value = bit.band(pointer.flags, 2) ~= 0, elements = {}, variants = {},
    codecs = {},
  }
  self.types[key] = node
  for at = 0, tonumber(pointer.element_count) - 1 do node.elements[at + 1] = self:type(pointer.elements[at]) end
  node.fields = self:fields(pointer.fields, pointer.field_count)
  for at = 0, tonumber(pointer.variant_count) - 1 do
    local variant = pointer.variants[at]
    node.variants[at + 1] = {
      name = text(variant.name), docs = text(variant.docs), tag = variant.tag, is_other = variant.is_other ~= 0,
      fields = self:fields(variant.fields, variant.field_count),
    }
  end
  if pointer.contract ~= nil then node.contract = self:contract(pointer.contract) end
  return node
end

function Reader:method(contract, pointer)
  local flags = pointer.flags
  local method = {
    contract = contract, name = text(pointer.name), docs = text(pointer.docs), signature = text(pointer.signature),
    number = pointer.number, frame_size = tonumber(pointer.frame_size), result = self:type(pointer.result), arguments = {},
    has_default = bit.band(flags, METHOD_DEFAULT) ~= 0, borrows = bit.band(flags, METHOD_BORROWS) ~= 0, changes = false,
    -- What such a call yields lies in memory of the plugin.
    needs_pin = bit.band(flags, METHOD_BORROWS_OBJECT) ~= 0,
  }
  method.full_name = contract.id ~= "" and contract.id .. "." .. method.name or method.name
  for at = 0, tonumber(pointer.argument_count) - 1 do
    local argument = pointer.arguments[at]
    local name = text(argument.name)
    method.arguments[at + 1] = {
      name = name ~= "" and name or "argument" .. at + 1, passing = argument.passing, ty = self:type(argument.ty),
      offset = tonumber(argument.frame_offset), text = text(argument.text),
    }
    if argument.passing == 5 or argument.passing == 7 then method.changes = true end
  end
  return method
end

local Contract = { __name = "polyplug.contract" }
Contract.__index = Contract
function Contract:__tostring() return (self.id ~= "" and self.id or "closure") .. " " .. self.major .. "." .. self.minor end

function Reader:contract(pointer)
  local key = address(pointer)
  local contract = self.contracts[key]
  if contract then return contract end
  contract = setmetatable({
    pointer = pointer, id = text(pointer.id), name = text(pointer.name), docs = text(pointer.docs), major = pointer.major,
    minor = pointer.minor, flags = pointer.flags, order = pointer.order, is_exclusive = bit.band(pointer.flags, EXCLUSIVE) ~= 0,
    methods = {},
  }, Contract)
  self.contracts[key] = contract
  for at = 0, tonumber(pointer.method_count) - 1 do
    contract.methods[at + 1] = self:method(contract, pointer.methods[at])
  end
  return contract
end

-- All that there is to know of a contract, in one text: equal texts, equal contracts.
local function fingerprint(contract)
  local parts, numbers, count = {}, {}, 0
  local add, of_type, of_contract

  function add(...)
    for at = 1, select("#", ...) do
      local part = tostring((select(at, ...)))
      parts[#parts + 1] = #part .. ":" .. part
    end
  end
  -- Whether it was there before; if so its number is added.
  local function seen(node)
    if numbers[node] then
      add("again", numbers[node])
      return true
    end
    count = count + 1
    numbers[node] = count
  end
  local function of_fields(fields)
    add(#fields)
    for _, field in ipairs(fields) do
      add(field.name, field.docs, field.lent_offset, field.owned_offset, field.has_default)
      of_type(field.ty)
    end
  end
  function of_type(node)
    if seen(node) then return end
    add(node.kind, node.flags, node.length, node.name, node.docs, node.text, node.lent_size, node.lent_align, node.owned_size,
      node.owned_align, #node.elements)
    for _, element in ipairs(node.elements) do of_type(element) end
    of_fields(node.fields)
    add(#node.variants)
    for _, variant in ipairs(node.variants) do
      add(variant.name, variant.docs, variant.tag, variant.is_other)
      of_fields(variant.fields)
    end
    if node.contract then of_contract(node.contract) end
  end
  function of_contract(one)
    if seen(one) then return end
    add(one.id, one.name, one.docs, one.major, one.minor, one.flags, one.order, #one.methods)
    for _, method in ipairs(one.methods) do
      add(method.name, method.docs, method.signature, method.number, method.frame_size, method.has_default, method.borrows,
        method.needs_pin, #method.arguments)
      of_type(method.result)
      for _, argument in ipairs(method.arguments) do
        add(argument.name, argument.passing, argument.offset)
        of_type(argument.ty)
      end
    end
  end
  of_contract(contract)
  return table.concat(parts)
end

-- Contracts are few, and outlive what they were learned from.
local known = {}

--- The contract of a handle, which is taken over; one and the same for equal ones.
function description.learned(handle)
  local contract = setmetatable({ types = {}, contracts = {} }, Reader):contract(handle)
  local key = fingerprint(contract)
  local found = known[key]
  if found then
    C.polyplug_release(handle)
    return found
  end
  contract.handle = native.own(handle)
  known[key] = contract
  return contract
end

description.Contract = Contract
return description
