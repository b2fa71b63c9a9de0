local greeter = polyplug.plugin {
  name = "bench-greeter",
  version = "1.0.0",
  implements = { "demo.greeter" },
}
function greeter:greet(name) return "Hello, " .. name .. "!" end
function greeter:add(a, b) return a + b end
return greeter
