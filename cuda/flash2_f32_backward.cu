// FlashAttention-2's backward pass in true f32, without tensor cores: the same two passes as in bf16
// (flash2_backward.cuh), with P and dS that pass through shared memory.
#include "flash2.cuh"
#include "flash2_f32.cuh"

namespace plugin {

struct f32_backward_call {
  attention_view a;
  target<float> dq, dk, dv;
  const float *q, *dout;
  key_rows k, v;
  const float2 *statistics; // [batch, kv_heads, rows]: see flash2_statistics
  bool is_whole;            // rows of q and its like are pieces of 16 bytes
};

/// 16 n keys or rows are held while 16 m of the others stream by; columns are a multiple of 64.
template <int columns, int n, int m> struct f32_backward_cut {
  static constexpr int held = n * f32_side, streamed = m * f32_side;
  using held_tile = f32_tile<held, columns>;
  using streamed_tile = f32_tile<streamed, columns>;
  using factor_tile = f32_tile<held, streamed>;
  static constexpr int shared_bytes =
      2 * (held_tile::bytes + streamed_tile::bytes + factor_tile::bytes);
};

/// Scores s and dP become P and dS, in shared memory.
template <bool holds_keys, int n, int m, typename Tile>
__device__ __forceinline__ void weigh(const f32_backward_call &call, const row_group &group,
                                      int first_held, int first_streamed, const float (&s)[n][m],
                                      const float (&dp)[n][m], const Tile &p, const Tile &ds) {
  const attention_view &a = call.a;
  int held = f32_row() * n, streamed = f32_column();
  auto weigh_one = [&](int i, int j, const logit_row &of, int key, float2 statistic) {
    float slope, x = logit(a, of, key, s[i][j], slope);
    float weight = weight_of(x, statistic.x);
    *p.at(held + i, streamed + j * f32_side) = weight;
    *ds.at(held + i, streamed + j * f32_side) =
        is_hidden(weight) ? weight : weight * (dp[i][j] - statistic.y) * slope;
  };
  auto statistic_of = [&](int row) {
    return row < group.count(a) ? *group.statistics(a, call.statistics, row)
                                : make_float2(INFINITY, 0);
  };
  if constexpr (holds_keys) {
#pragma unroll
    for (int j = 0; j < m; j++) {
      int row = first_streamed + streamed + j * f32_side;
      logit_row of = group.logits(a, row);
      float2 statistic = statistic_of(row);
#pragma unroll
      for (int i = 0; i < n; i++) weigh_one(i, j, of, first_held + held + i, statistic);
    }
  } else {
#pragma unroll
    for (int i = 0; i < n; i++) {
      int row = first_held + held + i;
      logit_row of = group.logits(a, row);
      float2 statistic = statistic_of(row);
#pragma unroll
      for (int j = 0; j < m; j++)
        weigh_one(i, j, of, first_streamed + streamed + j * f32_side, statistic);
    }
  }
}

/// Contributes the thread's part of a row that begins at `begin`.
template <int width>
__device__ __forceinline__ void write_part(const attention_view &a, const target<float> &to,
                                           int64_t begin, const float (&x)[width], float factor) {
#pragma unroll
  for (int c = 0; c < width; c++) {
    int column = f32_column() * 4 + c / 4 * 64 + c % 4;
    if (column < a.head_dim) contribute(to, begin + column, x[c] * factor);
  }
}

template <int columns, int n, int m, bool holds_keys>
__global__ void __launch_bounds__(f32_threads, 2)
    flash2_f32_backward_kernel(const __grid_constant__ f32_backward_call call) {
  using cut = f32_backward_cut<columns, n, m>;
  const attention_view &a = call.a;
  backward_block<holds_keys, cut::held, cut::streamed> block(a);
  const row_group &group = block.group;
  unsigned char *memory = shared_memory();
  auto x1 = take_tile<typename cut::held_tile>(memory);
  auto x2 = take_tile<typename cut::held_tile>(memory);
  auto y1 = take_tile<typename cut::streamed_tile>(memory);
  auto y2 = take_tile<typename cut::streamed_tile>(memory);
  auto p = take_tile<typename cut::factor_tile>(memory);
  auto ds = take_tile<typename cut::factor_tile>(memory);
  if constexpr (holds_keys) {
    fill_with_keys(a, x1, call.k, group, block.first_held);
    fill_with_keys(a, x2, call.v, group, block.first_held);
  } else {
    fill_with_queries(a, x1, call.q, group, block.first_held, call.is_whole);
    fill_with_queries(a, x2, call.dout, group, block.first_held, call.is_whole);
  }

  constexpr int width = columns / f32_side;
  float first[n][width] = {}, second[n][width] = {};
#pragma unroll 1
  for (int tile = block.begin; tile < block.end; tile++) {
    int from = tile * cut::streamed;
    bool is_finite = true;
    __syncthreads(); // nobody reads the tiles before any more
    if constexpr (holds_keys) {
      fill_with_queries(a, y1, call.q, group, from, call.is_whole);
      fill_with_queries(a, y2, call.dout, group, from, call.is_whole);
    } else {
      is_finite = fill_with_keys(a, y1, call.k, group, from);
      fill_with_keys(a, y2, call.v, group, from);
    }
    // A key that is not finite has dS = 0 where it is hidden, and NaN where it is not.
    bool is_careful = __syncthreads_or(!is_finite && block.is_masked(a, tile));
    float s[n][m], dp[n][m];
    multiply_rows(s, x1, y1);
    multiply_rows(dp, x2, y2);
    weigh<holds_keys>(call, group, block.first_held, from, s, dp, p, ds);
    __syncthreads();
    if constexpr (holds_keys)
      if (call.dv.data) add_weighted_rows(first, p, y2, false);
    add_weighted_rows(second, ds, y1, is_careful);
  }

#pragma unroll
  for (int i = 0; i < n; i++) {
    int index = block.first_held + f32_row() * n + i;
    if (index >= (holds_keys ? a.keys : group.count(a))) continue;
    if constexpr (holds_keys) {
      int64_t at = row_of(call.k, group.batch, group.kv_head, index) * a.head_dim;
      write_part(a, call.dv, at, first[i], 1);
      write_part(a, call.dk, at, second[i], a.scale);
    } else {
      write_part(a, call.dq, group.at(a, index), second[i], a.scale);
    }
  }
}

template <int columns, int n, int m>
static void launch_cut(kernel_context *context, const f32_backward_call &call) {
  using cut = f32_backward_cut<columns, n, m>;
  const attention_view &a = call.a;
  if (call.dk.data || call.dv.data)
    launch(context, flash2_f32_backward_kernel<columns, n, m, true>,
           blocks_of(a, a.keys, cut::held), f32_threads, cut::shared_bytes, call);
  if (call.dq.data)
    launch(context, flash2_f32_backward_kernel<columns, n, m, false>,
           blocks_of(a, static_cast<int64_t>(a.queries) * a.group, cut::held), f32_threads,
           cut::shared_bytes, call);
}

void flash2_backward_f32(kernel_context *context, const attention_backward *call,
                         const attention_view &a, const float2 *statistics) {
  const attention &s = call->shape;
  f32_backward_call backward = {.a = a,
                                .dq = call->dq,
                                .dk = call->dk,
                                .dv = call->dv,
                                .q = static_cast<const float *>(call->q),
                                .dout = static_cast<const float *>(call->dout),
                                .k = key_rows_of(s, call->k, nullptr),
                                .v = key_rows_of(s, call->v, nullptr),
                                .statistics = statistics,
                                .is_whole =
                                    s.head_dim % 4 == 0 && are_aligned(call->q, call->dout)};
  if (s.head_dim <= 64)
    launch_cut<64, 4, 2>(context, backward);
  else if (s.head_dim <= 128)
    launch_cut<128, 2, 2>(context, backward);
  else
    launch_cut<256, 1, 1>(context, backward);
}

} // namespace plugin
