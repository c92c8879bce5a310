// Thin products of a Q8 b, which lies along k: its numbers and scales are read once and in place,
// and widened in registers, so that decoding a token reads no more than they take.
#include "gemm_thin.cuh"
#include "q8.cuh"

namespace plugin {

constexpr int q8_run = 2 * run_length; // numbers that a thread reads at once, 16 bytes
static_assert(Q8_BLOCK % q8_run == 0, "the numbers of a run share their scale");

/// A run as it is in memory: what has been asked for and not come yet is not to be touched.
struct raw_q8_run {
  uint4 numbers;
  uint16_t scale;
  __device__ __forceinline__ void widen(run (&values)[2], bool rounds) const {
    uint32_t words[4] = {numbers.x, numbers.y, numbers.z, numbers.w};
    float factor = cvt_f32_f16(scale);
#pragma unroll
    for (int i = 0; i < q8_run; i++)
      values[i / run_length][i % run_length] =
          factor * static_cast<float>(static_cast<int8_t>(words[i / 4] >> (i % 4 * 8)));
    if (!rounds) return;
    round_to_bf16(values[0]);
    round_to_bf16(values[1]);
  }
};

/// As `gemm_thin_dots`. Rows of b that are no whole runs are read an element a thread.
template <int rows>
__global__ void __launch_bounds__(thin_block, rows == 1   ? 4
                                              : rows <= 4 ? 3
                                                          : 2)
    gemm_thin_q8(product p, q8_matrix b, int warps) {
  dot_place place(warps);
  int64_t lines[dot_columns]; // a missing one is read as the last and not stored
#pragma unroll
  for (int j = 0; j < dot_columns; j++) lines[j] = min(place.column + j, p.n - 1);
  float sums[rows][dot_columns] = {};

  bool aligned = p.k % q8_run == 0 && p.a.along_k && p.a.is_aligned;
  int64_t whole = aligned ? p.k : 0, step = place.threads * q8_run;
  raw_q8_run next[dot_columns];
  auto ask = [&](int64_t k) {
#pragma unroll
    for (int j = 0; j < dot_columns; j++) {
      if (k >= whole) continue;
      next[j].numbers = *reinterpret_cast<const uint4 *>(b.numbers + lines[j] * b.columns + k);
      next[j].scale = b.scales[lines[j] * b.blocks + k / Q8_BLOCK];
    }
  };
  ask(place.first * q8_run);
  for (int64_t k = place.first * q8_run; k < whole; k += step) {
    run y[dot_columns][2];
#pragma unroll
    for (int j = 0; j < dot_columns; j++) next[j].widen(y[j], p.rounds);
    ask(k + step);
#pragma unroll
    for (int r = 0; r < rows; r++) {
      if (r >= p.m) continue;
#pragma unroll
      for (int half = 0; half < 2; half++) {
        run x;
        load_a(x, p, r, k + half * run_length);
#pragma unroll
        for (int j = 0; j < dot_columns; j++) {
#pragma unroll
          for (int i = 0; i < run_length; i++) sums[r][j] = fmaf(x[i], y[j][half][i], sums[r][j]);
        }
      }
    }
  }
  for (int64_t k = whole + place.first; k < p.k; k += place.threads) {
#pragma unroll
    for (int j = 0; j < dot_columns; j++) {
      float y = cvt_f32_f16(b.scales[lines[j] * b.blocks + k / Q8_BLOCK]) *
                static_cast<float>(b.numbers[lines[j] * b.columns + k]);
      if (p.rounds) y = round_to_bf16(y);
#pragma unroll
      for (int r = 0; r < rows; r++)
        if (r < p.m) sums[r][j] = fmaf(a_element(p, r, k), y, sums[r][j]);
    }
  }
  store_dots<rows>(p, place, warps, sums);
}

void multiply_thin_q8(kernel_context *context, const product &p, const void *b) {
  q8_matrix matrix(b, p.n, p.k);
  with_thin_rows(p.m, [&](auto rows) {
    dot_launch how(context, p, q8_run);
    launch(context, gemm_thin_q8<rows.value>, how.blocks, thin_block, dots_bytes(rows.value), p,
           matrix, how.warps);
  });
}

} // namespace plugin
