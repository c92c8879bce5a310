// One block of a kernel on the host: its threads take turns, and wait for one another where a GPU's
// would. What the instructions do is in builtins.h and ptx.h; this is what they are made of.
//
// A thread runs until it waits, and one that never waits is never left. RUNEXP_EMULATION_ORDER says
// who is next, blocks and threads alike: `forward`, `reversed`, or `random:SEED`. A kernel that
// lacks a barrier gives other numbers in one of them.
#ifndef RUNEXP_EMULATION_BLOCK_H
#define RUNEXP_EMULATION_BLOCK_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

namespace emulation {

class Fiber;

/// A copy to shared memory that was begun with cp.async and has not landed.
struct AsyncCopy {
  uint32_t to;
  const void *from;
  int bytes, valid; // the rest becomes 0
  int64_t group;
};

/// Where a thread is.
struct Place {
  const char *instruction; // null: it has not begun
  const char *file;
  int line;
};

/// One thread of the block that runs.
struct Thread {
  uint3 index;
  unsigned number; // in the block
  bool has_ended;
  Place place;  // where it waits
  Fiber *fiber; // on which it waits
  std::vector<AsyncCopy> copies;
  int64_t copy_group; // the group of cp.async that is not committed yet
};

/// The thread that runs now, and its block.
extern Thread *self;
extern uint3 block_index;
extern dim3 block_size, grid_size;
extern unsigned char *shared_memory; // filled with 0xff (NaN) when a block begins
extern size_t shared_bytes;

inline unsigned lane() { return self->number % 32; }

/// The bytes of shared memory at an address, which must lie in it.
unsigned char *shared_at(uint32_t address, size_t bytes, size_t alignment, const char *instruction);

/// Ends the kernel with a sentence; every later call of the runtime fails with it.
[[noreturn]] void fault(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// Waits until `count` threads have come to barrier `id`; one that only arrives goes on at once.
void barrier(int id, unsigned count, bool waits, Place place);
unsigned threads_in_block();
/// How many blocks have begun, of all launches: which one this is.
extern uint64_t blocks_so_far;

/// What `count` neighbouring threads from `first` on do together, those whose bit is in `mask`
/// (which repeats every 32 threads): the last to come calls `compute` with everyone's operands,
/// null for those who take no part. All of them wait for it.
void together(unsigned first, unsigned count, uint32_t mask, void *operands,
              void (*compute)(void *const *operands), Place place);

/// Waits until `is_ready` says so; it is asked again whenever other threads have run.
void wait_until(const std::function<bool()> &is_ready, Place place);
/// Does something on behalf of no thread, some time later: in order `forward` when no thread can go
/// on without it, in `reversed` at once, else some time between.
void later(std::function<void()> work);

struct Launch {
  std::string kernel; // its name
  dim3 grid, block;
  size_t shared_bytes;
  std::function<void()> thread; // what one thread does
};

/// Runs all blocks. Where that fails, gives the sentence of `fault`.
std::string run(const Launch &launch);

/// The order, as in the environment variable; for tests.
void set_order(const std::string &order);

} // namespace emulation

#endif
