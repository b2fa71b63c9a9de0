-- A runtime with all that a guest of the kit needs: the contracts, the desk, the peer, the loader, its configuration.
local polyplug = require "polyplug"

local stage = {}

--- The host's own listener, which keeps what it heard.
function stage.ears(name)
  local ears = { heard = {}, called = name or "ears" }
  function ears:hear(what)
    self.heard[#self.heard + 1] = what
    return #self.heard - 1
  end
  function ears:name() return self.called end
  return ears
end

local function desk(made)
  local desk = { lines = {}, kept = {} }
  function desk:write(line)
    self.lines[#self.lines + 1] = line
    return #self.lines
  end
  function desk:lookup(key) return key ~= "" and key .. "?" or nil end
  function desk:settle(number)
    if number < 0 then return nil, "too small: " .. tostring(number):gsub("LL$", "") end
    return number * 2
  end
  function desk:fail(message) error(message, 0) end
  function desk:everything(value) return value end
  function desk:apply(work, value) return work(value) end
  function desk:listener(name) return stage.ears(name) end
  function desk:keep(listener)
    self.kept[#self.kept + 1] = listener
    return listener:hear "desk"
  end
  function desk:again(depth) return made.life:enter(depth) end
  return desk
end

--- Everything but the desk, and so without the guest.
function stage.without_desk()
  local files, runtime = stage.files, polyplug.runtime()
  runtime:load(files.contracts)
  runtime:configure("conformance-guest", { greeting = "größer 🎈", big = 18446744073709551615ULL })
  runtime:load(files.peer)
  if files.loader then runtime:load(files.loader) end
  return runtime
end

--- All of it.
function stage.new()
  local made = { runtime = stage.without_desk() }
  made.desk = desk(made)
  made.runtime:provide("conformance.desk", made.desk)
  made.module = made.runtime:load(stage.files.guest)
  made.life = made.runtime:get "conformance.life"
  return made
end

return stage
