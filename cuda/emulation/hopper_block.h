// What the emulation of Hopper's instructions remembers of the block that runs.
#ifndef RUNEXP_EMULATION_HOPPER_BLOCK_H
#define RUNEXP_EMULATION_HOPPER_BLOCK_H

#include <deque>
#include <map>
#include <memory>

#include "../ptx_hopper.cuh"

namespace emulation {

/// The accumulators of a warpgroup while wgmma has them: [128 threads][n / 2].
struct Accumulators {
  std::vector<float> values;
  int64_t last_product; // that uses them
};

/// One wgmma.
struct Product {
  WarpgroupProduct call;
  std::vector<uint32_t> a; // [128 threads][4], where registers gave it
  std::shared_ptr<Accumulators> d;
};

struct Warpgroup {
  std::deque<Product> products; // not computed yet
  int64_t issued = 0, computed = 0;
  int registers = 0; // each thread's; 0: as at first
};

/// A thread's registers that a wgmma reads or accumulates in.
struct HeldRegisters {
  float *d;
  int n;
  std::shared_ptr<Accumulators> accumulators;
};

struct ReadRegisters {
  const uint32_t *a;
  uint32_t as_issued[4];
  int64_t product;
};

struct HopperThread {
  std::vector<HeldRegisters> held;
  std::vector<ReadRegisters> read;
  std::vector<int64_t> groups; // how many products had been issued when each was committed
  bool has_fenced = false;     // since its last wait
  std::deque<std::pair<std::function<void()>, int64_t>> stores; // and their groups
  int64_t store_groups = 0;
};

struct Hopper {
  uint64_t block = ~uint64_t(0); // which block this is about
  std::vector<HopperThread> threads;
  std::vector<Warpgroup> warpgroups;
  std::map<uint32_t, unsigned> unfenced; // mbarriers that were initialised, and by which thread
  int registers_each, registers_free = 0;
  /// Shared memory as bulk copies and wgmma see it, the asynchronous proxy: what copies brought is
  /// there at once, what threads have stored since a fence.proxy.async.
  std::vector<unsigned char> seen;
};

extern Hopper hopper;

/// The same, made anew when a block begins.
Hopper &hopper_block();

/// Ends the kernel where the asynchronous proxy does not see what a thread has stored in these
/// bytes of this block.
inline void expect_seen(uint32_t address, size_t bytes, const char *instruction) {
  if (memcmp(hopper.seen.data() + address, shared_memory + address, bytes) != 0)
    fault("%s: no fence.proxy.async since shared memory at %u was written", instruction, address);
}

} // namespace emulation

#endif
