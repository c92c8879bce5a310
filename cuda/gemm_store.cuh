// Where the sums of a product go: into c, with the bias or with what was there, or into the
// workspace, where k is split.
#ifndef RUNEXP_GEMM_STORE_CUH
#define RUNEXP_GEMM_STORE_CUH

#include "gemm.cuh"

namespace plugin {

template <typename T>
__device__ __forceinline__ void store_or_add(T *c, run &sums, const extent &e, bool accumulate) {
  if (accumulate) {
    run before;
    load(before, c, e);
#pragma unroll
    for (int i = 0; i < run_length; i++) sums[i] += before[i];
  }
  store(c, sums, e);
}

/// A finished run of c, from element `at` of it on, which is in column `column`.
__device__ __forceinline__ void store_in_c(const product &p, int64_t at, int64_t column, run &sums,
                                           const extent &e) {
  if (p.bias) {
#pragma unroll
    for (int i = 0; i < run_length; i++)
      if (i < e.count) sums[i] += p.bias[(column + i) * p.bias_step];
  }
  if (p.c_is_f32)
    store_or_add(static_cast<float *>(p.c) + at, sums, e, p.accumulate);
  else
    store_or_add(static_cast<bf16 *>(p.c) + at, sums, e, p.accumulate);
}

/// A run of sums of the part of k that this block has, blockIdx.z.
__device__ __forceinline__ void store_sums(const product &p, int64_t row, int64_t column,
                                           run &sums) {
  int64_t at = row * p.n + column;
  if (p.splits > 1) {
    extent e(column, p.n, p.n % 4 == 0);
    store(p.partials + blockIdx.z * partial_size(p.m, p.n) + at, sums, e);
  } else {
    extent e(column, p.n, p.c_is_aligned);
    store_in_c(p, at, column, sums, e);
  }
}

/// The same of one sum.
__device__ __forceinline__ void store_sum(const product &p, int64_t row, int64_t column,
                                          float sum) {
  int64_t at = row * p.n + column;
  if (p.splits > 1) {
    p.partials[blockIdx.z * partial_size(p.m, p.n) + at] = sum;
    return;
  }
  if (p.bias) sum += p.bias[column * p.bias_step];
  if (p.c_is_f32) {
    float *to = static_cast<float *>(p.c) + at;
    *to = p.accumulate ? *to + sum : sum;
  } else {
    bf16 *to = static_cast<bf16 *>(p.c) + at;
    set(*to, p.accumulate ? to_float(*to) + sum : sum);
  }
}

/// Columns of a strip in shared memory are so many more than it has, so that its rows begin in
/// different banks.
constexpr int strip_padding = 8;

/// Stores rows [row, row + rows) and columns [column, column + columns) of the product, by all
/// `threads` of the block, from a strip in shared memory with rows of columns + strip_padding
/// floats.
template <int threads, int rows, int columns>
__device__ __forceinline__ void store_strip(const product &p, const float *strip, int64_t row,
                                            int64_t column) {
  constexpr int runs = columns / run_length;
  for (int i = static_cast<int>(threadIdx.x); i < rows * runs; i += threads) {
    int r = i / runs, c = i % runs * run_length;
    if (row + r >= p.m || column + c >= p.n) continue;
    run sums;
    load_whole(sums, strip + r * (columns + strip_padding) + c);
    store_sums(p, row + r, column + c, sums);
  }
}

/// Where the number-th tile of c is. Neighbours are computed at the same time, so they share lines
/// of both operands: groups of 8 tiles high, one column of a group after another.
struct tile_place {
  int64_t row, column; // of c, its first
  __device__ tile_place(const product &p, uint32_t number, int tile_rows, int tile_columns) {
    constexpr uint32_t group = 8;
    uint32_t down = static_cast<uint32_t>((p.m + tile_rows - 1) / tile_rows);
    uint32_t across = static_cast<uint32_t>((p.n + tile_columns - 1) / tile_columns);
    uint32_t first = number / (group * across) * group;
    uint32_t high = down - first < group ? down - first : group;
    uint32_t in_group = number - first * across;
    row = static_cast<int64_t>(first + in_group % high) * tile_rows;
    column = static_cast<int64_t>(in_group / high) * tile_columns;
  }
};

/// A part of k, such as a block has where its number in z is the part's.
struct k_range {
  int64_t begin, end;
  __device__ k_range(const product &p) : k_range(p, blockIdx.z) {}
  __device__ k_range(const product &p, uint32_t number) {
    begin = number * p.split_k;
    end = p.k - begin < p.split_k ? p.k : begin + p.split_k;
  }
};

} // namespace plugin

#endif
