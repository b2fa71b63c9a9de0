-- What is declared to the ffi stands in the headers.
local support = require "support"

local function read(path)
  local file = assert(io.open(support.root .. path))
  local text = file:read "*a"
  file:close()
  return text
end

local function bare(text)
  text = text:gsub("//[^\n]*", ""):gsub("\n#[^\n]*", "\n"):gsub("%s+", " ")
  return (text:gsub(" ?([%(%),;{}%*]) ?", "%1"):gsub("^ ", ""))
end

return {
  {
    "declarations are those of the headers",
    function()
      local headers = bare(read "plugins/c/include/polyplug.h") .. bare(read "hosts/capi/include/polyplug_host.h")
      local count, depth, current = 0, 0, ""
      for character in bare(read("hosts/lua/polyplug/declarations.lua"):match "ffi%.cdef %[%[(.-)%]%]"):gmatch "." do
        current = current .. character
        if character == "{" then depth = depth + 1 elseif character == "}" then depth = depth - 1 end
        if character == ";" and depth == 0 then
          if not headers:find(current, 1, true) then error("the headers do not say: " .. current) end
          count, current = count + 1, ""
        end
      end
      support.equal(count > 80, true)
    end,
  },
}
