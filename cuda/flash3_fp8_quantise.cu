// FlashAttention-3's forward pass in 8 bits: from bf16 to e4m3 with a scale for each block. Queries
// and keys are rotated first, which spreads outliers over all columns (section 3.3, incoherent
// processing); values are transposed.
#include "flash3_fp8.cuh"
#include "reduce.cuh"

namespace plugin::flash3 {

/// Rows of a head that become e4m3, a block of threads for each block of them.
struct source {
  const bf16 *data;
  int rows, heads, blocks;          // of a head
  int64_t batch_stride, row_stride; // a head's row follows the row of the head before
  bool are_keys;                    // of which some may be seen by no query
  attention_view shape;
};

/// Which block of rows this is, and which of them there are.
struct source_block {
  const source &from;
  int block, head, batch;

  __device__ __forceinline__ source_block(const source &from)
      : from(from), block(static_cast<int>(blockIdx.x) % from.blocks),
        head(static_cast<int>(blockIdx.x) / from.blocks % from.heads),
        batch(static_cast<int>(blockIdx.x) / from.blocks / from.heads) {}

  /// What a row that is not there or is not seen holds does not matter, nor to the scale.
  __device__ __forceinline__ bool is_wanted(int row) const {
    if (row >= from.rows) return false;
    return !from.are_keys || !seeing_queries(from.shape, range{row, row + 1}).is_empty();
  }
  __device__ __forceinline__ const bf16 *row(int row, int head_dim) const {
    return from.data + batch * from.batch_stride + row * from.row_stride + head * head_dim;
  }
  __device__ __forceinline__ int64_t plane() const {
    return static_cast<int64_t>(batch) * from.heads + head;
  }
};

/// So many 32-bit words that are moved at once.
template <int n> struct alignas(4 * n) words {
  uint32_t at[n];
};

__device__ __forceinline__ bool is_finite(float x) { return fabsf(x) < INFINITY; }

/// From the largest magnitude of a block's finite numbers; none is so small that its reciprocal is
/// infinite.
__device__ __forceinline__ float scale_of(float largest) { return fmaxf(largest, 0x1p-116f) / 448; }

/// Two numbers in units of the scale. What is not finite becomes NaN, so that its rows are done
/// again.
__device__ __forceinline__ uint32_t pair_of(float low, float high, float inverse_scale) {
  return cvt_rn_satfinite_e4m3x2(is_finite(low) ? low * inverse_scale : NAN,
                                 is_finite(high) ? high * inverse_scale : NAN);
}

/// The largest magnitude of what is finite so far.
__device__ __forceinline__ void take_in(float &largest, float x) {
  if (is_finite(x)) largest = fmaxf(largest, fabsf(x));
}

/// Which columns' signs change: half of them, without a pattern that data might have.
__device__ __forceinline__ bool is_turned(int column) {
  return __popc(static_cast<unsigned>(column) * 0x9e3779b1u) % 2 != 0;
}

/// A row that a warp holds, n neighbours a lane, times a matrix of the signs of its columns and the
/// Hadamard matrix: orthogonal, so that products of two rows stay what they are.
template <int n> __device__ __forceinline__ void rotate(float (&x)[n]) {
  int lane = static_cast<int>(threadIdx.x) % warp_size;
  const float factor = rsqrtf(n * warp_size);
#pragma unroll
  for (int i = 0; i < n; i++) x[i] = is_turned(lane * n + i) ? -x[i] * factor : x[i] * factor;
#pragma unroll
  for (int step = 1; step < n; step *= 2) {
#pragma unroll
    for (int i = 0; i < n; i++) {
      if (i & step) continue;
      float low = x[i], high = x[i + step];
      x[i] = low + high, x[i + step] = low - high;
    }
  }
#pragma unroll
  for (int step = 1; step < warp_size; step *= 2) {
#pragma unroll
    for (int i = 0; i < n; i++) {
      float other = __shfl_xor_sync(~0u, x[i], step);
      x[i] = lane & step ? other - x[i] : x[i] + other;
    }
  }
}

/// A warp takes 8 rows.
constexpr int rows_each = 8;

template <int head_dim, int block_rows>
__global__ void __launch_bounds__(block_rows / rows_each * warp_size)
    quantise_rows_kernel(source from, e4m3 *to, float *scales) {
#if RUNEXP_IS_HOPPER
  constexpr int n = head_dim / warp_size, warps = block_rows / rows_each;
  source_block here(from);
  int lane = static_cast<int>(threadIdx.x) % warp_size;
  int first = here.block * block_rows + static_cast<int>(threadIdx.x) / warp_size;
  float x[rows_each][n], largest = 0;
#pragma unroll
  for (int i = 0; i < rows_each; i++) {
    words<n / 2> pairs = {};
    int row = first + i * warps;
    if (here.is_wanted(row))
      pairs = reinterpret_cast<const words<n / 2> *>(here.row(row, head_dim))[lane];
#pragma unroll
    for (int c = 0; c < n; c += 2) {
      x[i][c] = low_bf16(pairs.at[c / 2]);
      x[i][c + 1] = high_bf16(pairs.at[c / 2]);
    }
    rotate(x[i]);
#pragma unroll
    for (int c = 0; c < n; c++) take_in(largest, x[i][c]);
  }
  largest = reduce_block(largest, reinterpret_cast<float *>(shared_memory()), larger());
  float scale = scale_of(largest), inverse = 1 / scale;
  if (threadIdx.x == 0) scales[here.plane() * from.blocks + here.block] = scale;
#pragma unroll
  for (int i = 0; i < rows_each; i++) {
    int row = first + i * warps;
    if (row >= from.rows) continue;
    int64_t at = (static_cast<int64_t>(here.batch) * from.rows + row) * from.heads + here.head;
    uint16_t *pairs = reinterpret_cast<uint16_t *>(to + at * head_dim) + lane * (n / 2);
#pragma unroll
    for (int c = 0; c < n; c += 2)
      pairs[c / 2] = static_cast<uint16_t>(pair_of(x[i][c], x[i][c + 1], inverse));
  }
#endif
}

constexpr int value_threads = 512;
/// Words of a column's keys in a block, and in a line of shared memory, where neighbouring lines
/// begin in other banks.
constexpr int key_words = e4m3_keys / 4, line_words = key_words + 1;

/// A thread takes two columns of four keys at a time: in the order of wgmma's operand, so that four
/// bytes of a column are one word.
template <int head_dim>
__global__ void __launch_bounds__(value_threads)
    quantise_values_kernel(source from, e4m3 *to, float *scales) {
#if RUNEXP_IS_HOPPER
  constexpr int warps = value_threads / warp_size, turns = head_dim / 64 * key_words / warps;
  source_block here(from);
  float *scratch = reinterpret_cast<float *>(shared_memory());
  uint32_t *lines = reinterpret_cast<uint32_t *>(scratch + warps);
  int lane = static_cast<int>(threadIdx.x) % warp_size;
  int warp = static_cast<int>(threadIdx.x) / warp_size;
  auto word_of = [&](int turn) { return (warp + turn * warps) % key_words; };
  auto column_of = [&](int turn) { return (warp + turn * warps) / key_words * 64 + lane * 2; };
  float x[turns][2][4], largest = 0;
#pragma unroll
  for (int turn = 0; turn < turns; turn++) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      int place = word_of(turn) * 4 + i;
      int key = here.block * e4m3_keys + place / 16 * 16 + column_in_operand(place % 16);
      uint32_t pair = 0;
      if (here.is_wanted(key))
        pair = *reinterpret_cast<const uint32_t *>(here.row(key, head_dim) + column_of(turn));
      x[turn][0][i] = low_bf16(pair);
      x[turn][1][i] = high_bf16(pair);
      take_in(largest, x[turn][0][i]);
      take_in(largest, x[turn][1][i]);
    }
  }
  largest = reduce_block(largest, scratch, larger());
  float scale = scale_of(largest), inverse = 1 / scale;
  if (threadIdx.x == 0) scales[here.plane() * from.blocks + here.block] = scale;
#pragma unroll
  for (int turn = 0; turn < turns; turn++) {
#pragma unroll
    for (int c = 0; c < 2; c++) {
      const float (&four)[4] = x[turn][c];
      lines[(column_of(turn) + c) * line_words + word_of(turn)] =
          pair_of(four[0], four[1], inverse) | pair_of(four[2], four[3], inverse) << 16;
    }
  }
  __syncthreads();
  uint32_t *rows =
      reinterpret_cast<uint32_t *>(to) + here.plane() * head_dim * from.blocks * key_words;
  for (int row = warp; row < head_dim; row += warps)
    rows[(static_cast<int64_t>(row) * from.blocks + here.block) * key_words + lane] =
        lines[row * line_words + lane];
#endif
}

template <int head_dim, int block_rows>
static void quantise_rows(kernel_context *context, const source &from, int64_t batch, e4m3 *to,
                          float *scales) {
  constexpr int threads = block_rows / rows_each * warp_size;
  launch(context, quantise_rows_kernel<head_dim, block_rows>,
         static_cast<unsigned>(batch * from.heads * from.blocks), threads,
         threads / warp_size * sizeof(float), from, to, scales);
}

void quantise(kernel_context *context, const attention_forward *call, const quantised &to) {
  const attention &s = call->shape;
  attention_view shape = view_of(s, nullptr);
  source q = {
      static_cast<const bf16 *>(call->q), shape.queries,        shape.heads, to.query_blocks,
      s.queries * s.heads * s.head_dim,   s.heads * s.head_dim, false,       shape};
  source k = {static_cast<const bf16 *>(call->k),
              shape.keys,
              shape.kv_heads,
              to.key_blocks,
              s.rows.batch_rows * s.head_dim,
              s.rows.slot_rows * s.head_dim,
              true,
              shape};
  source v = k;
  v.data = static_cast<const bf16 *>(call->v);
  with_head_dim(s, false, [&](auto head_dim, auto) {
    quantise_rows<head_dim(), warpgroup_rows>(context, q, s.batch, to.q, to.q_scales);
    quantise_rows<head_dim(), e4m3_keys>(context, k, s.batch, to.k, to.k_scales);
    constexpr size_t words = value_threads / warp_size + head_dim() * line_words;
    launch(context, quantise_values_kernel<head_dim()>,
           static_cast<unsigned>(s.batch * s.kv_heads * to.key_blocks), value_threads,
           words * sizeof(uint32_t), v, to.v, to.v_scales);
  });
}

} // namespace plugin::flash3
