import polyplug


@polyplug.plugin(implements="demo.greeter", name="python-greeter", version="1.0.0")
class Greeter:
    def greet(self, name):
        return f"Hello, {name}!"
