// Thin products in bf16, whose operands both lie along k: on tensor cores, so that nothing is
// waited for but b, which is read once and goes from memory straight into operands.
//
// mma.m16n8k16 computes the transposed product: 16 columns of b are the rows of its first operand,
// and up to 8 rows of a the columns of its second. What is summed over may be in any order that
// both operands share: lane 4 g + t reads 8 numbers of each line at a time, from 8 t on, of which
// the first 4 are its part of one step of 16, and the others of the next.
#include "gemm_store.cuh"
#include "reduce.cuh"

namespace plugin {

constexpr int thin_tensor_warps = 8, thin_tensor_block = thin_tensor_warps * warp_size;
constexpr int thin_tensor_columns = 16; // of a warp
constexpr int unit_length = 64;         // of k: 128 bytes of a line
constexpr int units_ahead = 2;          // that are always on their way

/// A lane's part of the next 64 numbers of each line, as they lie in memory.
struct thin_unit {
  uint4 b[2][2], a[2]; // [columns g and g + 8][the first 32 numbers, the others]; [these]
};

/// 8 numbers from k on, 0 beyond the last.
__device__ __forceinline__ uint4 load_rest(const bf16 *line, int64_t k, int64_t end) {
  run x;
  load(x, line + k, extent(k, end, true));
  return make_uint4(cvt_rn_bf16x2(x[0], x[1]), cvt_rn_bf16x2(x[2], x[3]), cvt_rn_bf16x2(x[4], x[5]),
                    cvt_rn_bf16x2(x[6], x[7]));
}

/// `warps` warps of a block share 16 columns, and take units of k in turn.
__global__ void __launch_bounds__(thin_tensor_block, 2)
    gemm_thin_tensor(const __grid_constant__ product p, int warps) {
  int warp = static_cast<int>(threadIdx.x) / warp_size, lane = static_cast<int>(threadIdx.x) % 32;
  int g = lane / 4, t = lane % 4;
  int64_t group = static_cast<int64_t>(blockIdx.x) * (thin_tensor_warps / warps) + warp / warps;
  int64_t column = group * thin_tensor_columns;
  // A missing line is read as the last, and what comes of it is not stored.
  const bf16 *a = static_cast<const bf16 *>(p.a.data) +
                  min(static_cast<int64_t>(g), p.m - 1) * p.a.stride + 8 * t;
  const bf16 *b[2];
#pragma unroll
  for (int j = 0; j < 2; j++)
    b[j] =
        static_cast<const bf16 *>(p.b.data) + min(column + g + 8 * j, p.n - 1) * p.b.stride + 8 * t;
  int units = static_cast<int>(p.k / unit_length), unit = warp % warps;
  float sums[2][4] = {}; // of either half of a unit
  auto add = [&](const thin_unit &x) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      const uint4 &low = x.b[0][half], &high = x.b[1][half];
      mma_m16n8k16_bf16(sums[half], {low.x, high.x, low.y, high.y}, {x.a[half].x, x.a[half].y});
      mma_m16n8k16_bf16(sums[half], {low.z, high.z, low.w, high.w}, {x.a[half].z, x.a[half].w});
    }
  };

  thin_unit next[units_ahead];
  auto ask = [&](thin_unit &to, int number) {
    if (number >= units) return;
    int64_t k = static_cast<int64_t>(number) * unit_length;
#pragma unroll
    for (int half = 0; half < 2; half++) {
#pragma unroll
      for (int j = 0; j < 2; j++)
        to.b[j][half] = *reinterpret_cast<const uint4 *>(b[j] + k + 32 * half);
      to.a[half] = *reinterpret_cast<const uint4 *>(a + k + 32 * half);
    }
  };
#pragma unroll
  for (int i = 0; i < units_ahead; i++) ask(next[i], unit + i * warps);
#pragma unroll 1
  for (; unit < units; unit += units_ahead * warps) {
#pragma unroll
    for (int i = 0; i < units_ahead; i++) {
      if (unit + i * warps >= units) break;
      add(next[i]);
      ask(next[i], unit + (i + units_ahead) * warps);
    }
  }
  if (warp % warps == 0 && p.k % unit_length != 0) {
    int64_t k = static_cast<int64_t>(units) * unit_length;
    thin_unit rest;
#pragma unroll
    for (int half = 0; half < 2; half++) {
#pragma unroll
      for (int j = 0; j < 2; j++)
        rest.b[j][half] = load_rest(b[j] - 8 * t, k + 32 * half + 8 * t, p.k);
      rest.a[half] = load_rest(a - 8 * t, k + 32 * half + 8 * t, p.k);
    }
    add(rest);
  }

  // [warps][columns][rows]; a lane has columns g and g + 8, rows 2 t and the next.
  float *scratch = reinterpret_cast<float *>(shared_memory());
  float *own = scratch + warp * thin_tensor_columns * thin_rows;
#pragma unroll
  for (int i = 0; i < 4; i++)
    own[(g + i / 2 * 8) * thin_rows + 2 * t + i % 2] = sums[0][i] + sums[1][i];
  __syncthreads();
  if (warp % warps != 0) return;
  for (int i = lane; i < thin_tensor_columns * thin_rows; i += warp_size) {
    int row = i % thin_rows;
    int64_t to = column + i / thin_rows;
    if (row >= p.m || to >= p.n) continue;
    float sum = 0;
    for (int w = 0; w < warps; w++) sum += own[w * thin_tensor_columns * thin_rows + i];
    store_sum(p, row, to, sum);
  }
}

bool multiply_thin_tensor(kernel_context *context, const product &p) {
  auto suits = [](const operand &x) { return !x.is_f32 && x.along_k && x.is_aligned; };
  if (p.m < 2 || !p.rounds || !suits(p.a) || !suits(p.b)) return false;
  // More warps to a group while there are too few for the GPU, and each has a long way to go.
  int64_t groups = ceil_div(p.n, thin_tensor_columns), wanted = 16 * context->multiprocessors;
  int warps = 1;
  while (warps < thin_tensor_warps && groups * warps < wanted &&
         p.k > static_cast<int64_t>(warps) * units_ahead * unit_length)
    warps *= 2;
  launch(context, gemm_thin_tensor,
         static_cast<unsigned>(ceil_div(groups, thin_tensor_warps / warps)), thin_tensor_block,
         thin_tensor_block / warp_size * thin_tensor_columns * thin_rows * sizeof(float), p, warps);
  return true;
}

} // namespace plugin
