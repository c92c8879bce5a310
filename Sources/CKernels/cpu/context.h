// The CPU's context: a pool of threads and how kernels share work out to it.
// Not the kernels, and not the choice of instruction set: see cpu.h.
#ifndef RUNEXP_CPU_CONTEXT_H
#define RUNEXP_CPU_CONTEXT_H

#include "kernels.h"

/// A pool of `threads` threads, at least 1, the caller's included. Null when out of memory.
struct kernel_context *context_create(int64_t threads);
void context_destroy(struct kernel_context *context);
int64_t context_threads(struct kernel_context *context);

/// Calls run(argument, task, worker) once for each task in 0 ..< tasks, in any order, and returns when all are
/// done. `worker` is in 0 ..< threads and no two calls with the same worker overlap: it selects scratch memory.
/// What a task computes must not depend on `worker`: results never depend on the number of threads.
/// Regions on one context run one after another; a task must not open another region.
void parallel_for(struct kernel_context *context, int64_t tasks,
                  void (*run)(void *argument, int64_t task, int64_t worker), void *argument);

/// Splits 0 ..< n into ranges of `grain` items (the last may be shorter) and calls run(argument, begin, end)
/// for each. The ranges depend on n and grain alone, so a range may own a partial sum.
void parallel_ranges(struct kernel_context *context, int64_t n, int64_t grain,
                     void (*run)(void *argument, int64_t begin, int64_t end), void *argument);

#endif
