// Bytes that go from the host to the device, back, and from block to block.
#include "delayed.h"

#include <stdlib.h>
#include <string.h>

struct upload {
  void *block;
  uintptr_t staged; // of the host, to be freed
  int64_t bytes;
};

static void run_upload(struct kernel_context *context, void *call) {
  struct upload *upload = call;
  cpu()->upload(context, upload->block, (void *)upload->staged, upload->bytes);
  free((void *)upload->staged);
}

struct copy {
  void *to;
  const void *from;
  int64_t bytes;
};

static void run_copy(struct kernel_context *context, void *call) {
  struct copy *copy = call;
  cpu()->copy(context, copy->to, copy->from, copy->bytes);
}

struct zero {
  void *block;
  int64_t bytes;
};

static void run_zero(struct kernel_context *context, void *call) {
  struct zero *zero = call;
  cpu()->zero(context, zero->block, zero->bytes);
}

static struct work upload_work = {.name = "upload", .run = run_upload};
static struct work copy_work = {.name = "copy", .run = run_copy};
static struct work zero_work = {.name = "zero", .run = run_zero};

void delayed_find_transfers(void) {
  FIND_POINTERS(&upload_work, struct upload);
  FIND_POINTERS(&copy_work, struct copy);
  FIND_POINTERS(&zero_work, struct zero);
}

// The host's bytes are read before this returns: the host may do with them what it likes then.
bool delayed_upload(struct kernel_context *c, void *block, const void *host, int64_t bytes) {
  if (!delayed_allows(c, "upload") || !delayed_check_host(c, "upload", host) ||
      !delayed_check_device(c, "upload", "block", block, bytes))
    return false;
  void *staged = malloc((size_t)bytes + 1);
  if (!staged) abort();
  memcpy(staged, host, (size_t)bytes);
  struct upload call = {block, (uintptr_t)staged, bytes};
  return delayed_give(c, &upload_work, &call, sizeof call);
}

bool delayed_download(struct kernel_context *c, void *host, const void *block, int64_t bytes) {
  return delayed_allows(c, "download") && delayed_check_host(c, "download", host) &&
         delayed_check_device(c, "download", "block", block, bytes) && delayed_synchronise(c) &&
         cpu()->download(c->cpu, host, delayed_host_address(block), bytes);
}

bool delayed_copy(struct kernel_context *c, void *to, const void *from, int64_t bytes) {
  struct copy call = {to, from, bytes};
  return delayed_check_device(c, "copy", "to", to, bytes) &&
         delayed_check_device(c, "copy", "from", from, bytes) &&
         delayed_give(c, &copy_work, &call, sizeof call);
}

bool delayed_zero(struct kernel_context *c, void *block, int64_t bytes) {
  struct zero call = {block, bytes};
  return delayed_check_device(c, "zero", "block", block, bytes) &&
         delayed_give(c, &zero_work, &call, sizeof call);
}
