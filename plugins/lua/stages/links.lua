-- A stage of the example pipeline, in Lua: makes links of bare addresses, so that the next stages see them.
local links = polyplug.plugin {
  name = "links",
  version = "1.0.0",
  description = "Makes links of addresses, in Lua",
  implements = { "demo.stage 1.0" },
  requires = { "demo.progress 1.0" },
  new = function(context) return { progress = context:host("demo.progress") } end,
}

function links:position() return 220 end

function links:describe() return "text in, the same text with its bare addresses as links out" end

function links:run(input, options)
  if options.sabotage then error("sabotaged") end
  local made, done = 0, 0
  local text = (input .. "\n"):gsub("([^\n]*)\n", function(line)
    done = done + #line + 1
    self.progress:report(math.min(done, #input), #input)
    -- What is in code, in parentheses or in angle brackets is something else already.
    return line:gsub("^(https?://%S*[%w/])", " %1"):gsub("(%s)(https?://%S*[%w/])", function(before, address)
      made = made + 1
      return ("%s<%s>"):format(before, address)
    end) .. "\n"
  end)
  return { bytes = text:sub(1, -2), notes = { { label = "links made", value = tostring(made) } } }
end

return links
