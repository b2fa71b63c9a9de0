-- Everything that a plugin has of its runtime.
local life = polyplug.plugin {
  name = "lua-life",
  version = "1.0.0",
  implements = { "demo.guestbook", "demo.greeter" },
  requires = { "test.desk" },
  wants = { "fixture.kinds" },
  new = function(context)
    local config = context:config() or {}
    polyplug.log.debug("made")
    return {
      context = context,
      names = config.names or {},
      desk = context:host("test.desk"),
    }
  end,
  save = function(self) return table.concat(self.names, "\n") end,
  restore = function(context, saved)
    local names = {}
    for name in saved:gmatch("[^\n]+") do names[#names + 1] = name end
    return { context = context, names = names, desk = context:host("test.desk") }
  end,
}

function life:sign(name)
  self.names[#self.names + 1] = name
  return #self.names
end

function life:names() return self.names end
life["demo.guestbook"] = { names = function(self) return self.names end }

local asked = {}
function asked.config(self)
  local config = self.context:config()
  return ("%s %s %s %s"):format(config.text, tostring(config.big), config.list[2] == polyplug.none and "none" or "?", tostring(config.absent))
end
function asked.plugin(self) return self.context.plugin end
function asked.previous(self) return self.context.previous_version or "none" end
function asked.desk(self) return self.desk:write("from Lua") end
function asked.print(self) print("one", 2, nil) polyplug.log.warn("careful") return "" end
function asked.refused(self)
  local answer, reason = self.desk:ask("refuse")
  return tostring(answer) .. " " .. reason
end
function asked.answered(self) return (self.desk:ask("fine")) end
function asked.fault(self)
  local succeeded, fault = pcall(self.desk.write, self.desk, "panic")
  return ("%s %s %s %s"):format(tostring(succeeded), fault.kind, fault.message, fault.method)
end
function asked.raised(self) return self.desk:write("panic") end
function asked.unknown(self) return self.desk:nothing_such() end
function asked.arguments(self) return self.desk:write(1, 2) end
function asked.wrong(self) return self.desk:write(1) end
function asked.dot(self) return self.desk.write("x") end
function asked.peer(self) return self.context:peer("fixture.kinds"):greet("peer") end
function asked.peers(self)
  local texts = {}
  for i, peer in ipairs(self.context:peers("fixture.kinds")) do texts[i] = tostring(peer:answer()) end
  return table.concat(texts, " ")
end
function asked.left_out(self) return tostring(self.context:peer("demo.greeter"):add(40, 2)) end
function asked.lock(self) return self.desk:write("call me") end
function asked.closure(self)
  local seen = {}
  self.desk:each(3, function(number) seen[#seen + 1] = number; return number * 2 end)
  return table.concat(seen, " ")
end
function asked.closure_fails(self)
  self.desk:each(3, function(number) error("closure " .. number) end)
end
function asked.hot(self)
  local sum = 0
  for i = 1, 20000 do sum = sum + self.desk:back(i) end
  return tostring(sum)
end
function asked.coroutine(self)
  local co = coroutine.wrap(function()
    coroutine.yield(self.desk:write("call me"))
    coroutine.yield(self.desk:write("call me"))
  end)
  return co() .. co()
end

function life:greet(what)
  return asked[what] and asked[what](self) or "Hello, " .. what .. "!"
end
function life:add(a, b) return a + b end

return life
