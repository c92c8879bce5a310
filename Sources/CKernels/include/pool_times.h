// What the threads of a device on the host have done, for a profile. No part of the table: a GPU
// has no such threads.
#ifndef RUNEXP_POOL_TIMES_H
#define RUNEXP_POOL_TIMES_H

#include "kernels.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/// Seconds since a pool began to keep time. A region is a piece of work that all threads share;
/// what is done outside of one, the caller does alone.
struct pool_times {
  double regions; // of the caller, from opening a region until all threads have left it
  double working; // of all threads in regions, without what they wait
};

/// Lets the threads of a context keep time from now on, from 0, or stop keeping it. Returns whether
/// it has such threads: they are a device's of the host. It must not be at work.
bool runexp_keep_pool_times(const struct kernels *table, struct kernel_context *context,
                            bool keeps);

/// What they have done so far. It must not be at work.
struct pool_times runexp_pool_times(struct kernel_context *context);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
