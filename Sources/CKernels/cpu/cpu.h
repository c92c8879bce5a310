// What the CPU's parts know of each other: the tables of the instruction sets, and memory.
// Not for callers: they see kernels.h.
#ifndef RUNEXP_CPU_H
#define RUNEXP_CPU_H

#include "context.h"

/// One table for each instruction set, filled by cpu_<level>.c; all are compiled, one is chosen at start.
#if defined(__x86_64__)
extern const struct kernels cpu_table_v2, cpu_table_v3, cpu_table_v4;
#else
extern const struct kernels cpu_table_generic;
#endif

void *memory_allocate(struct kernel_context *context, int64_t bytes);
void memory_release(struct kernel_context *context, void *block, int64_t bytes);
void memory_copy_in(struct kernel_context *context, void *block, const void *host, int64_t bytes);
void memory_copy_out(struct kernel_context *context, void *host, const void *block, int64_t bytes);
void memory_zero(struct kernel_context *context, void *block, int64_t bytes);
void memory_synchronise(struct kernel_context *context);

#endif
