// Thin products, of at most 8 rows of c: bound by the reading of b, which is read once and in
// place, and rounded in registers. Decoding a token is made of these. A product with a single
// column is the transposed one with a single row, and lies in memory like it.
#include "gemm_thin.cuh"

namespace plugin {

/// A run as it is in memory: what has been asked for and not come yet is not to be touched.
template <typename T> struct raw_run {
  static constexpr int count = sizeof(T) * run_length / 16;
  uint4 words[count];
  __device__ __forceinline__ void load(const T *x) {
#pragma unroll
    for (int i = 0; i < count; i++) words[i] = reinterpret_cast<const uint4 *>(x)[i];
  }
  __device__ __forceinline__ void widen(run &values) const {
#pragma unroll
    for (int i = 0; i < count; i++) {
      uint32_t w[4] = {words[i].x, words[i].y, words[i].z, words[i].w};
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (count == 2)
          values[i * 4 + j] = __uint_as_float(w[j]);
        else
          values[j * 2] = low_bf16(w[j]), values[j * 2 + 1] = high_bf16(w[j]);
      }
    }
  }
};

/// b's lines lie along k: dot products. `warps` warps of a block share a group of columns; each
/// thread sums every so many runs, of which the next are always on their way, then the threads'
/// sums are added. What is not aligned is read an element a thread.
template <typename T, int rows>
__global__ void __launch_bounds__(thin_block, rows < 4 ? 4 : 3)
    gemm_thin_dots(product p, int warps) {
  dot_place place(warps);
  int64_t column = place.column;
  int first = place.first, threads = place.threads;
  const T *lines[dot_columns]; // a missing one is read as the last and not stored
#pragma unroll
  for (int j = 0; j < dot_columns; j++)
    lines[j] = static_cast<const T *>(p.b.data) + min(column + j, p.n - 1) * p.b.stride;
  bool rounds = p.rounds && std::is_same<T, float>::value;
  float sums[rows][dot_columns] = {};

  bool aligned = p.b.is_aligned && p.a.along_k && p.a.is_aligned;
  int64_t whole = aligned ? p.k / run_length * run_length : 0, step = threads * run_length;
  raw_run<T> next[dot_columns];
  auto ask = [&](int64_t k) {
#pragma unroll
    for (int j = 0; j < dot_columns; j++)
      if (k < whole) next[j].load(lines[j] + k);
  };
  ask(first * run_length);
  for (int64_t k = first * run_length; k < whole; k += step) {
    run y[dot_columns];
#pragma unroll
    for (int j = 0; j < dot_columns; j++) next[j].widen(y[j]);
    ask(k + step);
    if (rounds) {
#pragma unroll
      for (int j = 0; j < dot_columns; j++) round_to_bf16(y[j]);
    }
#pragma unroll
    for (int r = 0; r < rows; r++) {
      if (r >= p.m) continue;
      run x;
      load_a(x, p, r, k);
#pragma unroll
      for (int j = 0; j < dot_columns; j++) {
#pragma unroll
        for (int i = 0; i < run_length; i++) sums[r][j] = fmaf(x[i], y[j][i], sums[r][j]);
      }
    }
  }
#pragma unroll 2
  for (int64_t k = whole + first; k < p.k; k += threads) {
#pragma unroll
    for (int j = 0; j < dot_columns; j++) {
      float y = to_float(lines[j][k]);
      if (rounds) y = round_to_bf16(y);
#pragma unroll
      for (int r = 0; r < rows; r++)
        if (r < p.m) sums[r][j] = fmaf(a_element(p, r, k), y, sums[r][j]);
    }
  }

  store_dots<rows>(p, place, warps, sums);
}

constexpr int thin_columns = warp_size * run_length; // of a block

/// b's lines lie across k: each lane has a run of columns, and the warps take steps of k in turn.
template <typename T, int rows>
__global__ void __launch_bounds__(thin_block) gemm_thin_sums(product p) {
  int warp = static_cast<int>(threadIdx.x) / warp_size, lane = static_cast<int>(threadIdx.x) % 32;
  int64_t first = static_cast<int64_t>(blockIdx.x) * thin_columns,
          column = first + lane * run_length;
  k_range range(p);
  extent e(column, p.n, p.b.is_aligned);
  bool rounds = p.rounds && std::is_same<T, float>::value;
  float sums[rows][run_length] = {};
#pragma unroll 4
  for (int64_t k = range.begin + warp; k < range.end; k += thin_warps) {
    run y;
    load(y, static_cast<const T *>(p.b.data) + k * p.b.stride + column, e);
    if (rounds) round_to_bf16(y);
#pragma unroll
    for (int r = 0; r < rows; r++) {
      if (r >= p.m) continue;
      float x = a_element(p, r, k);
#pragma unroll
      for (int i = 0; i < run_length; i++) sums[r][i] = fmaf(x, y[i], sums[r][i]);
    }
  }
  float *scratch = reinterpret_cast<float *>(shared_memory()); // [warps][columns], a row at a time
#pragma unroll
  for (int r = 0; r < rows; r++) {
    if (r >= p.m) continue;
    store_whole(scratch + warp * thin_columns + lane * run_length, sums[r]);
    __syncthreads();
    float sum = 0;
    for (int w = 0; w < thin_warps; w++) sum += scratch[w * thin_columns + threadIdx.x];
    if (first + threadIdx.x < p.n) store_sum(p, r, first + threadIdx.x, sum);
    __syncthreads();
  }
}
static_assert(thin_columns == thin_block, "a thread for each column adds the warps' sums");

template <typename T, int rows> static void launch_thin(kernel_context *context, const product &p) {
  if (!p.b.along_k) {
    dim3 grid(static_cast<unsigned>(ceil_div(p.n, thin_columns)), 1,
              static_cast<unsigned>(p.splits));
    launch(context, gemm_thin_sums<T, rows>, grid, thin_block,
           thin_warps * thin_columns * sizeof(float), p);
    return;
  }
  dot_launch how(context, p, run_length);
  launch(context, gemm_thin_dots<T, rows>, how.blocks, thin_block, dots_bytes(rows), p, how.warps);
}

void multiply_thin(kernel_context *context, const product &p) {
  if (multiply_thin_tensor(context, p)) return;
  with_type(p.b.is_f32 ? ELEMENT_F32 : ELEMENT_BF16, [&](auto zero) {
    using T = decltype(zero);
    with_thin_rows(p.m, [&](auto rows) { launch_thin<T, rows.value>(context, p); });
  });
}

} // namespace plugin
