// How the benches of hosts in C and C++ measure: arms take turns, medians of rounds.
#ifndef MEASURE_H
#define MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 61
#define CALLS 200000

/// Makes that many calls, and answers something that depends on them.
typedef uint64_t (*Arm)(void *with, uint64_t calls);

static inline int measure_order(const void *a, const void *b) {
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/// Prints the nanoseconds of a call of each arm, and its ratio to the first of the same round; the limit of the ratio, or 0. Whether the
/// limits hold.
static inline int measure(const char *what, size_t count, const char *const *names, const Arm *arms, const double *limits, void *with) {
    static double took[16][ROUNDS], ratios[16][ROUNDS];
    static volatile uint64_t sink;
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t arm = 0; arm < count; arm++) {
            struct timespec start, end;
            timespec_get(&start, TIME_UTC);
            sink += arms[arm](with, CALLS);
            timespec_get(&end, TIME_UTC);
            took[arm][round] = ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) / CALLS;
            ratios[arm][round] = took[arm][round] / took[0][round];
        }
    }
    int holds = 1;
    for (size_t arm = 0; arm < count; arm++) {
        qsort(took[arm], ROUNDS, sizeof(double), measure_order);
        qsort(ratios[arm], ROUNDS, sizeof(double), measure_order);
        double ratio = ratios[arm][ROUNDS / 2];
        printf("%-24s %-34s %8.2f ns %6.2fx", what, names[arm], took[arm][ROUNDS / 2], ratio);
        if (limits[arm] > 0) {
            printf("   at most %.2fx: %s", limits[arm], ratio <= limits[arm] ? "yes" : "NO");
            holds &= ratio <= limits[arm];
        }
        printf("\n");
    }
    return holds;
}

#endif
