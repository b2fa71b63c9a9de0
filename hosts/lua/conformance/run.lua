-- The runner of the conformance kit for hosts in Lua; `plugins/fixtures/conformance/README.md` says what a runner does.
--
--     luajit hosts/lua/conformance/run.lua <contracts> <peer> <loader or -> <guest> <cases.json> <guest language>
io.stdout:setvbuf "no"
local folder = arg[0]:match "^(.*)run%.lua$"
package.path = folder .. "?.lua;" .. folder .. "../?.lua;" .. folder .. "../?/init.lua;" .. package.path

local polyplug = require "polyplug"
local kinds = require("polyplug.values").kinds
local golden = require "golden"
local read_json = require "read_json"
local behaviours = require "behaviours"
local stage = require "stage"
local null = read_json.null

-- What the list of what cannot be done calls this host.
local LANGUAGE = "lua"

local function shown(json)
  if type(json) ~= "table" or json == null then return type(json) == "string" and ("%q"):format(json) or tostring(json) end
  local parts = {}
  for key, item in pairs(json) do
    if #parts == 20 then break end
    parts[#parts + 1] = tostring(key) .. " = " .. shown(item)
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function is_same(one, other)
  if one == other then return true end
  if type(one) ~= "table" or type(other) ~= "table" then return false end
  for key, value in pairs(one) do
    if not is_same(value, other[key]) then return false end
  end
  for key in pairs(other) do
    if one[key] == nil then return false end
  end
  return true
end

local function same(what, value, wanted)
  if not is_same(value, wanted) then error(what .. " is " .. shown(value):sub(1, 300) .. ", expected " .. shown(wanted):sub(1, 300), 0) end
end

-- Whether a fault is of that kind, and has that message in its own.
local function same_fault(fault, wanted)
  if wanted.kind and not ("|" .. wanted.kind .. "|"):find("|" .. fault.kind .. "|", 1, true) then
    error("a fault of the kind " .. tostring(fault.kind) .. ", expected " .. wanted.kind .. ": " .. tostring(fault), 0)
  end
  if not tostring(fault.message):find(wanted.message or "", 1, true) then
    error("the fault says " .. tostring(fault.message) .. ", expected " .. wanted.message, 0)
  end
end

-- A list, as the elements of one are written.
local function as_list(argument)
  local passing = argument.passing
  if passing == 2 or passing == 5 then return { kind = kinds.LIST, elements = { argument.ty }, fields = {}, variants = {} } end
  return argument.ty
end

-- Writes what stands in the file again, as a value of that type is written.
local function again(node, json) return golden.write(node, golden.read(node, json)) end

local function call(case)
  local proxy = stage.current.runtime:get(case.contract)
  local method
  for _, found in ipairs(polyplug.contract_of(proxy).methods) do
    if found.name == case.method then method = found end
  end
  local given, changed, after = {}, {}, {}
  for at, argument in ipairs(method.arguments) do
    given[at] = golden.read(as_list(argument), case.arguments[at])
    if argument.passing == 5 or argument.passing == 7 then changed[#changed + 1] = { as_list(argument), at } end
  end
  local answers = { pcall(proxy[case.method], proxy, unpack(given, 1, #method.arguments)) }
  local count = 0
  for at in pairs(answers) do count = math.max(count, at) end
  for at, change in ipairs(changed) do
    -- Where it failed they are what they were.
    after[at] = golden.write(change[1], given[change[2]])
  end
  if not answers[1] then
    if not polyplug.is_fault(answers[2]) then error(answers[2], 0) end
    if not case.fault then error("a fault: " .. tostring(answers[2]), 0) end
    same_fault(answers[2], case.fault)
  else
    local result, first = method.result, 2
    local json
    if result.kind == kinds.RESULT then
      if answers[2] == nil and answers[3] ~= nil then
        local reason = answers[3]
        if reason == polyplug.none then reason = nil end
        if case.fault and polyplug.is_fault(reason) then return same_fault(reason, case.fault) end
        json, first = { err = golden.write(result.elements[2], reason) }, 4
      else
        json, first = { ok = golden.write(result.elements[1], answers[2]) }, 3
      end
    elseif result.kind == kinds.UNIT then
      json = null
    else
      json, first = golden.write(result, answers[2]), 3
    end
    if case.fault then error("no fault, but " .. shown(json):sub(1, 300), 0) end
    local wanted = case.result
    if result.kind == kinds.RESULT then
      local which = wanted.ok ~= nil and "ok" or "err"
      wanted = { [which] = again(result.elements[which == "ok" and 1 or 2], wanted[which]) }
    else
      wanted = again(result, wanted)
    end
    same("the result", json, wanted)
    for at, change in ipairs(changed) do after[at] = golden.write(change[1], answers[first + at - 1]) end
  end
  for at, change in ipairs(changed) do
    if case.after then same("what was changed", after[at], again(change[1], case.after[at])) end
  end
end

local function check(case)
  if case.behaviour then
    local work = behaviours[case.name] or error("this host has no code for it", 0)
    return work(stage.current)
  end
  call(case)
end

-- Whether the list says that this cannot be done: by the guest, or by this host.
local function listed(file, case, language)
  local sides = { guest = { language, LANGUAGE }, host = { LANGUAGE, language } }
  for _, row in ipairs(file.cannot) do
    local own, other = unpack(sides[row.role])
    local is_meant = not row.with
    for _, with in ipairs(row.with or {}) do is_meant = is_meant or with == other end
    if row.language == own and is_meant and (row.case == case.name or row.feature == case.feature) then return true end
  end
end

local contracts, peer, loader, guest, cases, language = unpack(arg)
stage.files = { contracts = contracts, peer = peer, loader = loader ~= "-" and loader or nil, guest = guest }
local source = assert(io.open(cases, "rb"))
local file = read_json.read(source:read "*a")
source:close()

stage.current = stage.new()
local passed = true
for _, case in ipairs(file.cases) do
  local succeeded, raised = pcall(check, case)
  local word, detail = "passed", ""
  if not succeeded then
    word, detail = listed(file, case, language) and "cannot" or "failed", tostring(raised):gsub("[\n\t]", " ")
  end
  if word == "failed" then passed = false end
  print(case.name .. "\t" .. word .. "\t" .. detail)
end
os.exit(passed and 0 or 1, true)
