// The affinity mask of the calling thread.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "affinity.h"

#include <errno.h>
#include <sched.h>

int runexp_affinity_mask(int64_t bytes, void *mask) {
  return sched_getaffinity(0, (size_t)bytes, mask) == 0 ? 0 : errno;
}
