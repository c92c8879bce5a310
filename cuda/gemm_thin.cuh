// What thin products have in common: their blocks, and how they read a.
#ifndef RUNEXP_GEMM_THIN_CUH
#define RUNEXP_GEMM_THIN_CUH

#include "gemm_store.cuh"
#include "reduce.cuh"

namespace plugin {

constexpr int thin_block = 256, thin_warps = thin_block / warp_size;
constexpr int dot_columns = 2; // that a thread has; of each it reads a run at a time

__device__ __forceinline__ float round_to_bf16(float x) { return low_bf16(cvt_rn_bf16x2(x, 0)); }

__device__ __forceinline__ void round_to_bf16(run &values) {
#pragma unroll
  for (int i = 0; i < run_length; i += 2) {
    uint32_t pair = cvt_rn_bf16x2(values[i], values[i + 1]);
    values[i] = low_bf16(pair), values[i + 1] = high_bf16(pair);
  }
}

/// op(a)[row, k]. It is read again for all columns, from a cache.
__device__ __forceinline__ float a_element(const product &p, int64_t row, int64_t k) {
  int64_t at = p.a.along_k ? row * p.a.stride + k : k * p.a.stride + row;
  if (!p.a.is_f32) return to_float(static_cast<const bf16 *>(p.a.data)[at]);
  float value = static_cast<const float *>(p.a.data)[at];
  return p.rounds ? round_to_bf16(value) : value;
}

/// A run of a row whose lines lie along k and are aligned.
__device__ __forceinline__ void load_a(run &values, const product &p, int64_t row, int64_t k) {
  int64_t at = row * p.a.stride + k;
  if (!p.a.is_f32) return load_whole(values, static_cast<const bf16 *>(p.a.data) + at);
  load_whole(values, static_cast<const float *>(p.a.data) + at);
  if (p.rounds) round_to_bf16(values);
}

/// The lanes of a dot product: `warps` warps of a block share dot_columns columns, and take runs of
/// `length` in turn.
struct dot_place {
  int warp, lane;
  int64_t column; // the first
  int first, threads;
  __device__ explicit dot_place(int warps)
      : warp(static_cast<int>(threadIdx.x) / warp_size), lane(static_cast<int>(threadIdx.x) % 32),
        column((static_cast<int64_t>(blockIdx.x) * (thin_warps / warps) + warp / warps) *
               dot_columns),
        first(warp % warps * warp_size + lane), threads(warps * warp_size) {}
};

/// Adds the threads' sums, and stores them. Needs `dots_bytes` of shared memory.
template <int rows>
__device__ __forceinline__ void store_dots(const product &p, const dot_place &place, int warps,
                                           const float (&sums)[rows][dot_columns]) {
  float *scratch = reinterpret_cast<float *>(shared_memory()); // [warps][rows][columns]
#pragma unroll
  for (int r = 0; r < rows; r++) {
#pragma unroll
    for (int j = 0; j < dot_columns; j++) {
      float sum = reduce_warp(sums[r][j], plus());
      if (place.lane == 0) scratch[(place.warp * rows + r) * dot_columns + j] = sum;
    }
  }
  __syncthreads();
  if (place.warp % warps != 0 || place.lane >= rows * dot_columns) return;
  int row = place.lane / dot_columns;
  int64_t column = place.column + place.lane % dot_columns;
  if (row >= p.m || column >= p.n) return;
  float sum = 0;
  for (int w = 0; w < warps; w++)
    sum += scratch[(place.warp + w) * rows * dot_columns + place.lane];
  store_sum(p, row, column, sum);
}

/// How dot products are launched, which take `length` steps of k at a time: with more warps to a
/// group of columns while there are too few for the GPU, and each has a long way to go.
struct dot_launch {
  int warps = 1;
  unsigned blocks;
  dot_launch(const kernel_context *context, const product &p, int length) {
    int64_t groups = ceil_div(p.n, dot_columns), wanted = 16 * context->multiprocessors;
    while (warps < thin_warps && groups * warps < wanted &&
           p.k > static_cast<int64_t>(warps) * warp_size * length)
      warps *= 2;
    blocks = static_cast<unsigned>(ceil_div(groups, thin_warps / warps));
  }
};

/// Bytes of shared memory that `store_dots` needs.
constexpr size_t dots_bytes(int rows) {
  return size_t(thin_warps) * size_t(rows) * dot_columns * sizeof(float);
}

/// Calls `work` with the rows of c that a kernel is made for, as a constant.
template <typename Work> void with_thin_rows(int64_t m, const Work &work) {
  if (m == 1)
    work(std::integral_constant<int, 1>());
  else if (m <= 2)
    work(std::integral_constant<int, 2>());
  else if (m <= 4)
    work(std::integral_constant<int, 4>());
  else
    work(std::integral_constant<int, thin_rows>());
}

} // namespace plugin

#endif
