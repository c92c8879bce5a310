// The host's memory: aligned blocks, and copies that are plain copies.
// Not a cache of blocks and not an account of them: the caller keeps both.
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#endif
#include "host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, HUGE_PAGE = 2 << 20 };

/// Blocks of several huge pages are aligned to them and ask for them: a matrix then costs few TLB
/// entries.
void *runexp_host_allocate(struct kernel_context *context, int64_t bytes) {
  if (bytes < 0 || bytes > INT64_MAX - HUGE_PAGE) return NULL;
  size_t alignment = bytes >= 2 * HUGE_PAGE ? HUGE_PAGE : LINE;
  size_t size = ((size_t)bytes + LINE - 1) / LINE * LINE;
  void *block = NULL;
  if (posix_memalign(&block, alignment, size ? size : LINE) != 0) return NULL;
  if (alignment == HUGE_PAGE) madvise(block, size, MADV_HUGEPAGE);
  return block;
}

void runexp_host_release(struct kernel_context *context, void *block, int64_t bytes) {
  free(block);
}

void runexp_host_upload(struct kernel_context *context, void *block, const void *host,
                        int64_t bytes) {
  if (bytes > 0) memcpy(block, host, (size_t)bytes);
}

void runexp_host_download(struct kernel_context *context, void *host, const void *block,
                          int64_t bytes) {
  if (bytes > 0) memcpy(host, block, (size_t)bytes);
}

void runexp_host_zero(struct kernel_context *context, void *block, int64_t bytes) {
  if (bytes > 0) memset(block, 0, (size_t)bytes);
}

void runexp_host_synchronise(struct kernel_context *context) {}
