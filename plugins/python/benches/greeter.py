import polyplug


@polyplug.plugin(implements="demo.greeter", name="bench-greeter")
class Greeter:
    def greet(self, name):
        return f"Hello, {name}!"

    def add(self, a, b):
        return a + b
