// The affinity mask of the calling thread, a system call that Swift does not see.
#ifndef RUNEXP_AFFINITY_H
#define RUNEXP_AFFINITY_H

#include <stdint.h>

/// Sets the bits of the processors that the calling thread may run on: `bytes` of `mask`, a
/// multiple of 8. Returns 0 or an errno: EINVAL where the mask is shorter than the kernel's own.
int runexp_affinity_mask(int64_t bytes, void *mask);

#endif
