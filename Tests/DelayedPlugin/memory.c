// The device's memory, apart from the host's: whoever follows one of its addresses on the host
// faults. And blocks that are the host's own.
#include "delayed.h"

#include <stdlib.h>
#include <string.h>

/// Set in every address of the device: no user's address has this bit, on x86-64 and on Arm.
#define DEVICE_BIT ((uintptr_t)1 << 55)

/// What memory holds that nobody has written, as NaN or an index beyond everything.
enum { GARBAGE = 0xff };

void *delayed_host_address(const void *pointer) {
  return (void *)((uintptr_t)pointer & ~DEVICE_BIT);
}

static bool is_device(const void *pointer) { return ((uintptr_t)pointer & DEVICE_BIT) != 0; }

// Lists of blocks.

/// How many blocks of a list begin at or before an address.
static int64_t blocks_until(const struct block_list *list, uintptr_t address) {
  int64_t low = 0, high = list->count;
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (list->blocks[middle].address <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/// The block that an address lies in; null where there is none.
static struct block *block_at(const struct block_list *list, const void *pointer) {
  int64_t until = blocks_until(list, (uintptr_t)pointer);
  if (until == 0) return NULL;
  struct block *block = &list->blocks[until - 1];
  return (uintptr_t)pointer - block->address < (uintptr_t)block->bytes ? block : NULL;
}

static void *add_block(struct block_list *list, void *address, int64_t bytes) {
  if (list->count == list->capacity) {
    list->capacity = 2 * list->capacity + 64;
    list->blocks = realloc(list->blocks, (size_t)list->capacity * sizeof *list->blocks);
    if (!list->blocks) abort();
  }
  int64_t place = blocks_until(list, (uintptr_t)address);
  struct block *block = &list->blocks[place];
  memmove(block + 1, block, (size_t)(list->count++ - place) * sizeof *block);
  *block = (struct block){(uintptr_t)address, bytes};
  list->bytes += bytes;
  return address;
}

/// False where no such block is there.
static bool remove_block(struct block_list *list, const void *address, int64_t bytes) {
  struct block *block = block_at(list, address);
  if (!block || block->address != (uintptr_t)address || block->bytes != bytes) return false;
  list->bytes -= bytes;
  memmove(block, block + 1, (size_t)(list->blocks + --list->count - block) * sizeof *block);
  return true;
}

void delayed_free_lists(struct kernel_context *c) {
  free(c->device.blocks);
  free(c->host.blocks);
}

// What calls point to.

bool delayed_check_device(struct kernel_context *c, const char *work, const char *name,
                          const void *pointer, int64_t bytes) {
  if (!pointer) return delayed_fail(c, "%s: '%s' is null", work, name);
  if (!is_device(pointer)) return delayed_fail(c, "%s: '%s' is memory of the host", work, name);
  struct block *block = block_at(&c->device, pointer);
  if (!block) return delayed_fail(c, "%s: '%s' is in no block of the device", work, name);
  if (bytes > block->bytes - (int64_t)((uintptr_t)pointer - block->address))
    return delayed_fail(c, "%s: '%s' is shorter than %lld bytes", work, name, (long long)bytes);
  return true;
}

bool delayed_check_host(struct kernel_context *c, const char *work, const void *pointer) {
  return !is_device(pointer) || delayed_fail(c, "%s: 'host' is memory of the device", work);
}

bool delayed_check_call(struct kernel_context *c, const struct work *work, const void *call) {
  for (int i = 0; i < work->pointer_count; i++) {
    const struct pointer_field *field = &work->pointers[i];
    const void *pointer;
    memcpy(&pointer, (const char *)call + field->offset, sizeof pointer);
    if (!pointer && field->may_be_null) continue;
    if (!delayed_check_device(c, work->name, field->name, pointer, 0)) return false;
  }
  return true;
}

// Blocks.

void *delayed_allocate(struct kernel_context *c, int64_t bytes) {
  // A device that has failed gives nothing more.
  int64_t most = c->faults.room < c->faults.memory ? c->faults.room : c->faults.memory;
  if (c->error[0] || bytes > most - c->device.bytes) return NULL;
  void *block = cpu()->allocate(c->cpu, bytes);
  if (!block) return NULL;
  memset(block, GARBAGE, (size_t)bytes);
  return add_block(&c->device, (void *)((uintptr_t)block | DEVICE_BIT), bytes);
}

struct release {
  void *block;
  int64_t bytes;
};

static void run_release(struct kernel_context *context, void *call) {
  struct release *release = call;
  void *block = delayed_host_address(release->block);
  // What still reads it finds other numbers.
  memset(block, GARBAGE, (size_t)release->bytes);
  cpu()->release(context, block, release->bytes);
}

void delayed_release(struct kernel_context *c, void *block, int64_t bytes) {
  // It is taken out of the list here, and so has no pointer that is looked at when it runs.
  static const struct work work = {.name = "release", .run = run_release};
  if (!delayed_allows(c, "release")) return;
  if (!remove_block(&c->device, block, bytes)) {
    delayed_fail(c, "release: there is no such block of %lld bytes", (long long)bytes);
    return;
  }
  struct release call = {block, bytes};
  // A device that has failed runs nothing, and its memory goes with it.
  delayed_give(c, &work, &call, sizeof call);
}

void *delayed_allocate_host(struct kernel_context *c, int64_t bytes) {
  void *block = c->error[0] ? NULL : cpu()->allocate_host(c->cpu, bytes);
  return block ? add_block(&c->host, memset(block, GARBAGE, (size_t)bytes), bytes) : NULL;
}

void delayed_release_host(struct kernel_context *c, void *block, int64_t bytes) {
  if (remove_block(&c->host, block, bytes))
    cpu()->release_host(c->cpu, block, bytes);
  else
    delayed_fail(c, "release_host: there is no such block of %lld bytes", (long long)bytes);
}

struct device_memory delayed_memory(struct kernel_context *c) {
  struct device_memory memory = cpu()->memory(c->cpu);
  if (c->faults.memory < memory.total) memory.total = c->faults.memory;
  if (memory.free > memory.total - c->device.bytes) memory.free = memory.total - c->device.bytes;
  return memory;
}
