// FlashAttention-3: masks and the online softmax on a warpgroup's scores, 64 queries by n keys,
// each thread with two rows.
#ifndef RUNEXP_FLASH3_SOFTMAX_CUH
#define RUNEXP_FLASH3_SOFTMAX_CUH

#include "flash3_shape.cuh"
#include "flash3_tiles.cuh"

namespace plugin {

/// Over the 4 threads that share a row.
__device__ __forceinline__ float largest_of_row(float x) {
  x = fmaxf(x, __shfl_xor_sync(~0u, x, 1));
  return fmaxf(x, __shfl_xor_sync(~0u, x, 2));
}

__device__ __forceinline__ float sum_of_row(float x) {
  x += __shfl_xor_sync(~0u, x, 1);
  return x + __shfl_xor_sync(~0u, x, 2);
}

/// Which keys a warpgroup's rows see.
struct flash3_rows {
  flash3_range seen[2];   // by this thread's two rows
  flash3_range some, all; // by any of the warpgroup's; by all of them

  __device__ __forceinline__ flash3_rows(const flash3_shape &s, int first_row) {
    int row = first_row + fragment().row(), last_row = first_row + warpgroup_rows - 1;
    flash3_range first = s.seen_keys(first_row), last = s.seen_keys(last_row);
    seen[0] = s.seen_keys(row);
    seen[1] = s.seen_keys(row + 8);
    some = {first.begin, last.end};
    all = {last.begin, first.end};
  }
};

/// Scores of keys that a row does not see become -inf. The tile's first key is `first`.
template <int n>
__device__ __forceinline__ void hide_keys(float (&scores)[n / 2], const flash3_rows &rows,
                                          int first) {
  if (first >= rows.all.begin && first + n <= rows.all.end) return;
  fragment mine;
#pragma unroll
  for (int i = 0; i < n / 2; i++) {
    const flash3_range &seen = rows.seen[fragment::half(i)];
    int key = first + mine.column(i);
    if (key < seen.begin || key >= seen.end) scores[i] = -INFINITY;
  }
}

/// The softmax of two rows, as far as keys have been seen: exponentials are 2^(factor * (score -
/// largest)).
struct flash3_softmax {
  float factor; // positive
  float largest[2] = {-INFINITY, -INFINITY};
  float sum[2] = {0, 0}; // this thread's part

  /// Scores become exponentials. `correction` is what earlier ones and what is made of them are to
  /// be multiplied by.
  template <int n>
  __device__ __forceinline__ void absorb(float (&scores)[n], float (&correction)[2]) {
    float next[2] = {largest[0], largest[1]};
#pragma unroll
    for (int i = 0; i < n; i++) next[fragment::half(i)] = fmaxf(next[fragment::half(i)], scores[i]);
    float shift[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
      next[half] = largest_of_row(next[half]);
      // A row that has seen nothing yet: its exponentials are to be 2^-inf, not NaN.
      shift[half] = next[half] == -INFINITY ? 0 : -factor * next[half];
      correction[half] = ex2_approx(fmaf(factor, largest[half], shift[half]));
      largest[half] = next[half];
      sum[half] *= correction[half];
    }
#pragma unroll
    for (int i = 0; i < n; i++) {
      scores[i] = ex2_approx(fmaf(factor, scores[i], shift[fragment::half(i)]));
      sum[fragment::half(i)] += scores[i];
    }
  }
};

template <int n> __device__ __forceinline__ void scale_rows(float (&x)[n], const float (&by)[2]) {
#pragma unroll
  for (int i = 0; i < n; i++) x[i] *= by[fragment::half(i)];
}

} // namespace plugin

#endif
