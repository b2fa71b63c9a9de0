// The floors of the benches of hosts in C and C++: plain functions of another library, called through their addresses.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

uint32_t floor_add(uint32_t a, uint32_t b);
uint32_t floor_add(uint32_t a, uint32_t b) { return a + b; }

// `Hello, {name}!` in memory that `floor_free` takes.
void floor_greet(const char *name, size_t len, char **out, size_t *out_len);
void floor_greet(const char *name, size_t len, char **out, size_t *out_len) {
    char *text = malloc(len + 8);
    if (!text) abort();
    memcpy(text, "Hello, ", 7);
    memcpy(text + 7, name, len);
    text[len + 7] = '!';
    *out = text;
    *out_len = len + 8;
}

void floor_free(char *text);
void floor_free(char *text) { free(text); }
