// The host's memory: aligned blocks, and copies that are plain copies. Every call has finished when
// it returns.
// Not a cache of blocks and not an account of them: the caller keeps both.
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#endif
#include "capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

int64_t runexp_host_count(void) { return 1; }

const char *runexp_host_error(struct kernel_context *context) { return NULL; }

/// A line of /proc/meminfo in bytes; 0 where it is not there.
static int64_t memory_line(const char *text, const char *name) {
  const char *at = strstr(text, name);
  return at ? atoll(at + strlen(name)) * 1024 : 0;
}

struct device_memory runexp_host_memory(struct kernel_context *context) {
  char text[4096] = "";
  FILE *file = fopen("/proc/meminfo", "r");
  if (file) {
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
  }
  return (struct device_memory){.free = memory_line(text, "MemAvailable:"),
                                .total = memory_line(text, "MemTotal:")};
}

/// Blocks of several huge pages are aligned to them and ask for them: a matrix then costs few TLB
/// entries.
void *runexp_host_allocate(struct kernel_context *context, int64_t bytes) {
  if (bytes < 0 || bytes > INT64_MAX - HUGE_PAGE) return NULL;
  size_t alignment = bytes >= 2 * HUGE_PAGE ? HUGE_PAGE : RUNEXP_ALIGNMENT;
  size_t size = ((size_t)bytes + RUNEXP_ALIGNMENT - 1) / RUNEXP_ALIGNMENT * RUNEXP_ALIGNMENT;
  void *block = NULL;
  if (posix_memalign(&block, alignment, size ? size : RUNEXP_ALIGNMENT) != 0) return NULL;
  if (alignment == HUGE_PAGE) madvise(block, size, MADV_HUGEPAGE);
  return block;
}

void runexp_host_release(struct kernel_context *context, void *block, int64_t bytes) {
  free(block);
}

struct transfer {
  void *to;
  const void *from; // null: zeros
  int64_t bytes;
};

static void run_transfer(struct kernel_context *context, const void *call) {
  const struct transfer *t = call;
  if (t->bytes <= 0) return;
  if (t->from)
    memcpy(t->to, t->from, (size_t)t->bytes);
  else
    memset(t->to, 0, (size_t)t->bytes);
}

/// Runs a transfer, or keeps it where the context captures.
static bool give_transfer(struct kernel_context *context, struct transfer transfer) {
  if (!runexp_host_captures(context, run_transfer, &transfer, sizeof transfer))
    run_transfer(context, &transfer);
  return true;
}

bool runexp_host_copy(struct kernel_context *context, void *to, const void *from, int64_t bytes) {
  return give_transfer(context, (struct transfer){to, from, bytes});
}

bool runexp_host_upload(struct kernel_context *context, void *block, const void *host,
                        int64_t bytes) {
  run_transfer(context, &(struct transfer){block, host, bytes});
  return true;
}

bool runexp_host_download(struct kernel_context *context, void *host, const void *block,
                          int64_t bytes) {
  run_transfer(context, &(struct transfer){host, block, bytes});
  return true;
}

bool runexp_host_zero(struct kernel_context *context, void *block, int64_t bytes) {
  return give_transfer(context, (struct transfer){block, NULL, bytes});
}

bool runexp_host_synchronise(struct kernel_context *context) { return true; }
