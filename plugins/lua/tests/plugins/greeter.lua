local greeter = polyplug.plugin {
  name = "lua-greeter",
  version = "1.0.0",
  implements = { "demo.greeter" },
}

function greeter:greet(name)
  return "Hello, " .. name .. "!"
end

return greeter
