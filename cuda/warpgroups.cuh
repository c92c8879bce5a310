// What kernels of Hopper's warpgroups are made of: one that brings tiles and others that multiply
// them, through a ring of stages, and what a thread has of a product.
#ifndef RUNEXP_WARPGROUPS_CUH
#define RUNEXP_WARPGROUPS_CUH

#include "ptx_hopper.cuh"

namespace plugin {

/// What one warpgroup's wgmma has of rows.
constexpr int warpgroup_rows = 64;
/// Bytes along k that one wgmma takes of its operands: 16 bf16 or 32 e4m3.
constexpr int step_bytes = 32;

/// The elements of a 64 x n accumulator that a thread has: element i is in row `row() + 8 *
/// half(i)` and column `column(i)`.
struct fragment {
  int group, place; // lane / 4, and two columns of every 8 by lane % 4
  __device__ __forceinline__ fragment()
      : group(static_cast<int>(threadIdx.x) / 4 % 8), place(static_cast<int>(threadIdx.x) % 4 * 2) {
  }
  __device__ __forceinline__ int row() const {
    return static_cast<int>(threadIdx.x) / 32 % 4 * 16 + group;
  }
  static __device__ constexpr int half(int i) { return i / 2 % 2; }
  __device__ __forceinline__ int column(int i) const { return i / 4 * 8 + place + i % 2; }
};

template <int n> __device__ __forceinline__ void set_zero(float (&x)[n]) {
#pragma unroll
  for (int i = 0; i < n; i++) x[i] = 0;
}

/// Of the 4 threads t that share a row of an accumulator: x[i] of thread t becomes x[t] of thread i.
template <typename T> __device__ __forceinline__ void transpose_by_four(T (&x)[4]) {
#pragma unroll
  for (int bit = 1; bit < 4; bit *= 2) {
    bool has_bit = (threadIdx.x & bit) != 0;
#pragma unroll
    for (int low = 0; low < 4; low++) {
      if (low & bit) continue;
      int high = low | bit;
      T other = __shfl_xor_sync(~0u, has_bit ? x[low] : x[high], bit);
      x[low] = has_bit ? other : x[low];
      x[high] = has_bit ? x[high] : other;
    }
  }
}

/// Waits until the phase of this parity is complete.
__device__ __forceinline__ void wait(uint32_t mbarrier, uint32_t parity) {
  while (!mbarrier_try_wait_parity(mbarrier, parity)) {
  }
}

/// Stages of shared memory, `bytes` each, that one thread fills and warpgroups empty, in turn. For
/// each there are two mbarriers: `full` counts the bytes that land, `empty` the warps that have
/// read them.
template <uint32_t stages, uint32_t bytes> struct ring_of {
  static constexpr uint32_t stride = (bytes + 1023) / 1024 * 1024;
  static constexpr uint32_t memory_bytes = stages * stride, mbarrier_bytes = 2 * stages * 8;
  uint32_t memory, mbarriers;

  __device__ __forceinline__ uint32_t at(uint32_t turn) const {
    return memory + turn % stages * stride;
  }
  __device__ __forceinline__ uint32_t full(uint32_t turn) const {
    return mbarriers + turn % stages * 8;
  }
  __device__ __forceinline__ uint32_t empty(uint32_t turn) const {
    return mbarriers + (stages + turn % stages) * 8;
  }
  __device__ __forceinline__ void init(int warps) const {
    for (uint32_t stage = 0; stage < stages; stage++) {
      mbarrier_init(full(stage), 1);
      mbarrier_init(empty(stage), warps);
    }
  }
  /// Before what is to land in a stage is asked for: waits until its readers of the turn before are
  /// done, and gives the mbarrier for the copies.
  __device__ __forceinline__ uint32_t begin_to_fill(uint32_t turn) const {
    wait(empty(turn), (turn / stages & 1) ^ 1);
    mbarrier_arrive_expect_tx(full(turn), bytes);
    return full(turn);
  }
  __device__ __forceinline__ void wait_until_full(uint32_t turn) const {
    wait(full(turn), turn / stages & 1);
  }
  /// Once a warp has read its stage; all its threads call this.
  __device__ __forceinline__ void give_back(uint32_t turn) const {
    __syncwarp();
    if (threadIdx.x % 32 == 0) mbarrier_arrive(empty(turn));
  }
};

/// The number of this thread's warpgroup, which the compiler is to know for the same in all lanes.
__device__ __forceinline__ int warpgroup_number() {
  return __shfl_sync(~0u, static_cast<int>(threadIdx.x) / warpgroup_size, 0);
}

} // namespace plugin

#endif
