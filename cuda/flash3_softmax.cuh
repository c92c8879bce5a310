// FlashAttention-3: masks and the online softmax on a warpgroup's scores, 64 queries by n keys,
// each thread with two rows.
#ifndef RUNEXP_FLASH3_SOFTMAX_CUH
#define RUNEXP_FLASH3_SOFTMAX_CUH

#include "flash3_shape.cuh"
#include "flash3_tiles.cuh"

namespace plugin::flash3 {

/// Over the 4 threads that share a row.
__device__ __forceinline__ float largest_of_row(float x) {
  x = fmaxf(x, __shfl_xor_sync(~0u, x, 1));
  return fmaxf(x, __shfl_xor_sync(~0u, x, 2));
}

__device__ __forceinline__ float sum_of_row(float x) {
  x += __shfl_xor_sync(~0u, x, 1);
  return x + __shfl_xor_sync(~0u, x, 2);
}

/// Which columns a warpgroup's 64 rows are seen with: the keys that queries see, or the queries
/// that see keys. Neither end falls from one row to the next.
struct seen_rows {
  range seen[2]; // of this thread's two rows
  range all;     // of every row

  /// `seen_of` gives a row's.
  template <typename Seen>
  __device__ __forceinline__ seen_rows(int first_row, const Seen &seen_of)
      : seen{seen_of(first_row + fragment().row()), seen_of(first_row + fragment().row() + 8)},
        all{seen_of(first_row + warpgroup_rows - 1).begin, seen_of(first_row).end} {}
};

/// What is in a column that a row is not seen with becomes `value`. The first column is `first`.
template <int n>
__device__ __forceinline__ void hide(float (&x)[n / 2], const seen_rows &rows, int first,
                                     float value) {
  if (first >= rows.all.begin && first + n <= rows.all.end) return;
  fragment mine;
#pragma unroll
  for (int i = 0; i < n / 2; i++) {
    const range &seen = rows.seen[fragment::half(i)];
    int column = first + mine.column(i);
    if (column < seen.begin || column >= seen.end) x[i] = value;
  }
}

/// The softmax of two rows, as far as keys have been seen. Exponentials are 2^(raised + logit -
/// largest).
template <int raised> struct online_softmax {
  float largest[2] = {-INFINITY, -INFINITY}; // logit
  float sum[2] = {0, 0};                     // this thread's part

  /// Scores, which are logits once they are multiplied by a positive factor, become exponentials.
  /// `correction` is what earlier ones and what is made of them are to be multiplied by.
  template <int n>
  __device__ __forceinline__ void absorb(float (&scores)[n], float factor, float (&correction)[2]) {
    float next[2] = {-INFINITY, -INFINITY};
#pragma unroll
    for (int i = 0; i < n; i++) next[fragment::half(i)] = fmaxf(next[fragment::half(i)], scores[i]);
    float shift[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
      next[half] = fmaxf(largest[half], factor * largest_of_row(next[half]));
      // A row that has seen nothing yet: its exponentials are to be 2^-inf, not NaN.
      float lowered = next[half] == -INFINITY ? 0 : -next[half];
      correction[half] = ex2_approx_ftz(largest[half] + lowered);
      shift[half] = lowered + raised;
      largest[half] = next[half];
      sum[half] *= correction[half];
    }
#pragma unroll
    for (int i = 0; i < n; i++) {
      scores[i] = ex2_approx_ftz(fmaf(factor, scores[i], shift[fragment::half(i)]));
      sum[fragment::half(i)] += scores[i];
    }
  }
};

template <int n> __device__ __forceinline__ float sum_of(const float (&x)[n]) {
  float sum = 0;
#pragma unroll
  for (int i = 0; i < n; i++) sum += x[i];
  return sum;
}

template <int n> __device__ __forceinline__ void scale_rows(float (&x)[n], const float (&by)[2]) {
#pragma unroll
  for (int i = 0; i < n; i++) x[i] *= by[fragment::half(i)];
}

} // namespace plugin::flash3

#endif
