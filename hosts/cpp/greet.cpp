// A host in C++ that knows no contract: `greet PLUGIN NAME` loads a library with a greeter, and has it greet.

#include "polyplug.hpp"

#include <iostream>

int main(int count, char **arguments) try {
    if (count != 3) {
        std::cerr << "usage: greet PLUGIN NAME\n";
        return 2;
    }
    polyplug::Runtime runtime;
    runtime.load(arguments[1]);
    auto greeter = runtime.get("demo.greeter", 1);
    std::cout << greeter.call<std::string>("greet", arguments[2]) << '\n';
    std::cout << "2 + 3 = " << greeter.call<uint32_t>("add", 2, 3) << '\n';
    return 0;
} catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return 1;
}
