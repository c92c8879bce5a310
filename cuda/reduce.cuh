// Sums and maxima over the threads of a warp and of a block. Their order is fixed, and all threads
// get the result.
#ifndef RUNEXP_REDUCE_CUH
#define RUNEXP_REDUCE_CUH

#include "ptx.cuh"

namespace plugin {

constexpr int warp_size = 32;

struct plus {
  template <typename T> __device__ __forceinline__ T operator()(T a, T b) const { return a + b; }
};

/// The larger of two, and NaN where either is one.
struct larger {
  __device__ __forceinline__ float operator()(float a, float b) const {
    return a > b || a != a ? a : b;
  }
};

/// Over the warp, by a butterfly. `join` must not depend on the order of its two operands.
template <typename T, typename Join>
__device__ __forceinline__ T reduce_warp(T x, const Join &join) {
#pragma unroll
  for (int bit = warp_size / 2; bit > 0; bit /= 2) x = join(x, __shfl_xor_sync(~0u, x, bit));
  return x;
}

/// Over a block of whole warps, one-dimensional. `scratch` is shared memory for one T a warp, which
/// may be used again at once.
template <typename T, typename Join>
__device__ __forceinline__ T reduce_block(T x, T *scratch, const Join &join) {
  int warp = static_cast<int>(threadIdx.x) / warp_size;
  int warps = static_cast<int>(blockDim.x) / warp_size;
  x = reduce_warp(x, join);
  if (threadIdx.x % warp_size == 0) scratch[warp] = x;
  __syncthreads();
  T result = scratch[0];
  for (int i = 1; i < warps; i++) result = join(result, scratch[i]);
  __syncthreads();
  return result;
}

} // namespace plugin

#endif
