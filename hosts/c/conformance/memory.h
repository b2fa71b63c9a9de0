// How much memory a process has, for the leak checks of hosts in C and C++.
#ifndef CONFORMANCE_MEMORY_H
#define CONFORMANCE_MEMORY_H

#include <stdio.h>
#include <unistd.h>

/// More than this, over all the calls of a kind, is a leak: a byte a call would be a mebibyte.
#define MEMORY_SLACK (768L * 1024)

/// Bytes that are resident; 0 where nobody says.
static inline long memory_resident(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    long size = 0, resident = 0;
    if (!file) return 0;
    const int read = fscanf(file, "%ld %ld", &size, &resident);
    fclose(file);
    return read == 2 ? resident * sysconf(_SC_PAGESIZE) : 0;
}

/// How many calls of a kind are made: in the short form, which an argument more asks for, 100,000 at most.
static inline long memory_calls(long calls, int is_short) { return is_short && calls > 100000 ? 100000 : calls; }

/// Says what came of so many calls. Whether the memory stayed as it was.
static inline int memory_stayed(const char *host, const char *what, long calls, long before) {
    const long grown = memory_resident() - before;
    printf("%-4s %-40s %8ld calls  %+6ld KiB%s\n", host, what, calls, grown / 1024, grown > MEMORY_SLACK ? "  LEAKS" : "");
    fflush(stdout);
    return grown <= MEMORY_SLACK;
}

#endif
