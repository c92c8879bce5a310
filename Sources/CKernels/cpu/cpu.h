// The tables of the instruction sets.
// Not for callers: they see kernels.h.
#ifndef RUNEXP_CPU_H
#define RUNEXP_CPU_H

#include "../host/host.h"

// Not within the files of a table: they are compiled with the instruction set of each.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/// One table for each instruction set, filled by cpu_<level>.c; all are compiled, one is chosen at
/// start.
extern const struct kernels runexp_cpu_table_generic;
#if defined(__x86_64__)
extern const struct kernels runexp_cpu_table_v2, runexp_cpu_table_v3, runexp_cpu_table_v4,
    runexp_cpu_table_v4_bf16;
#elif defined(__aarch64__)
extern const struct kernels runexp_cpu_table_neon;
#endif

#endif
