// FlashAttention-2, backward, in bf16 on tensor cores. The probabilities are computed again from the
// saved log-sum-exp: P = 2^(S - lse). With D = rowsum(dO * O),
//   dV = P^T dO    dP = dO V^T    dS = P * (dP - D)    dK = scale dS^T Q    dQ = scale dS K
// where a softcap's derivative is one more factor of dS.
//
// Two passes of one kernel: one whose blocks hold a tile of keys while queries stream by, which adds
// up dK and dV, and one whose blocks hold queries, which adds up dQ. Every sum stays in the registers
// of one warp: nothing is written that is not a result, the order of terms is fixed, and no block
// waits for another. It costs 7 products a tile and not 5. The other ways to a fixed order cost more
// elsewhere: dQ in f32 through memory in turns, 8 bytes for each of its numbers and each tile of keys,
// which at 128 keys and 64 rows is 64 KB beside 10.5 MFLOP, what L2 gives at the rate of mma; or a
// copy of dQ for each part of the keys, in scratch memory of many times its size.
//
// What is held is X1 and X2, what streams by is Y1 and Y2. With keys held they are K, V and Q, dO:
//   S^T = X1 Y1^T    dP^T = X2 Y2^T    dV += P^T Y2    dK += dS^T Y1
// and with queries held Q, dO and K, V:
//   S = X1 Y1^T    dP = X2 Y2^T    dQ += dS Y1
// so that P and dS, as accumulators, are the next products' operands.
#ifndef RUNEXP_FLASH2_BACKWARD_CUH
#define RUNEXP_FLASH2_BACKWARD_CUH

#include "flash2_tiles.cuh"

namespace plugin {

struct flash2_backward_call {
  attention_view a;
  target<bf16> dq, dk, dv;
  const bf16 *q, *dout;
  key_rows k, v;
  const float2 *statistics; // [batch, kv_heads, rows]: see flash2_statistics
  bool is_whole;            // rows of q and its like are pieces of 16 bytes
  int stages;               // tiles of Y at once in shared memory, 1 or 2
};

/// How an instance is cut. `holds_keys`: else queries. It adds up the first result, dV, the second,
/// dK or dQ, or both.
template <int columns_, int warps_, int streamed_, bool holds_keys_, bool first_, bool second_,
          bool plain_>
struct backward_cut {
  static constexpr int columns = columns_, warps = warps_, streamed = streamed_;
  static constexpr bool holds_keys = holds_keys_, first = first_, second = second_, plain = plain_;
  static constexpr int threads = warps * warp_size, held = warps * 16;
  using held_tile = bf16_tile<held, columns>;
  using streamed_tile = bf16_tile<streamed, columns>;
  static constexpr int statistics_bytes = streamed * 8;
  static constexpr int stage_bytes = 2 * streamed_tile::bytes + statistics_bytes;
  static constexpr int shared_bytes(int stages) {
    return 2 * held_tile::bytes + stages * stage_bytes;
  }
};

/// A warp's 16 rows of what is held, as its threads hold them: see flash2_state.
template <typename cut> struct backward_state {
  float s[cut::streamed / 8][4], dp[cut::streamed / 8][4]; // scores, then P; dP, then dS
  float first[cut::columns / 8][4], second[cut::columns / 8][4];

  __device__ __forceinline__ static int first_row_of_warp() {
    int row = static_cast<int>(threadIdx.x) / warp_size * 16;
    computed_here(row);
    return row;
  }

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int c = 0; c < cut::columns / 8; c++)
#pragma unroll
      for (int i = 0; i < 4; i++) first[c][i] = second[c][i] = 0;
  }

  /// to = x y^T
  __device__ __forceinline__ static void multiply(float (&to)[cut::streamed / 8][4],
                                                  const typename cut::held_tile &x,
                                                  const typename cut::streamed_tile &y) {
    int lane = lane_here(), row = first_row_of_warp();
#pragma unroll
    for (int j = 0; j < cut::streamed / 8; j++) to[j][0] = to[j][1] = to[j][2] = to[j][3] = 0;
#pragma unroll
    for (int c = 0; c < cut::columns / 16; c++) {
      uint32_t a[4];
      load_a(a, x, row, c, lane);
#pragma unroll
      for (int j = 0; j < cut::streamed / 8; j += 2) {
        uint32_t b[2][2];
        load_b(b, y, 8 * j, c, lane);
        mma_m16n8k16_bf16(to[j], a, b[0]);
        mma_m16n8k16_bf16(to[j + 1], a, b[1]);
      }
    }
  }

  /// to += factors y
  __device__ __forceinline__ static void add(float (&to)[cut::columns / 8][4],
                                             const uint32_t (&factors)[cut::streamed / 16][4],
                                             const typename cut::streamed_tile &y) {
    int lane = lane_here();
#pragma unroll
    for (int j = 0; j < cut::streamed / 16; j++)
#pragma unroll
      for (int c = 0; c < cut::columns / 8; c += 2) {
        uint32_t b[2][2];
        load_b_transposed(b, y, 16 * j, c / 2, lane);
        mma_m16n8k16_bf16(to[c], factors[j], b[0]);
        mma_m16n8k16_bf16(to[c + 1], factors[j], b[1]);
      }
  }

  /// One score and its dP become P and dS.
  __device__ __forceinline__ void weigh_one(const attention_view &a, const logit_row &of, int key,
                                            float2 statistic, bool is_masked, int j, int i) {
    float slope = 1, x = s[j][i] * a.factor;
    if constexpr (!cut::plain)
      x = logit(a, of, key, s[j][i], slope);
    else if (is_masked && (key < of.seen.begin || key >= of.seen.end))
      x = -INFINITY;
    bool is_hidden = (!cut::plain || is_masked) && x == -INFINITY;
    float weight = is_hidden ? 0 : ex2_approx_ftz(x - statistic.x);
    s[j][i] = weight;
    if constexpr (cut::second) dp[j][i] = is_hidden ? 0 : weight * (dp[j][i] - statistic.y) * slope;
  }

  __device__ __forceinline__ static logit_row row_at(const attention_view &a,
                                                     const row_group &group, int row,
                                                     bool is_masked) {
    if constexpr (!cut::plain) return group.logits(a, row);
    logit_row of = no_row();
    if (is_masked && row < group.count(a)) of.seen = seen_keys(a, group.query(a, row));
    return of;
  }

  /// Scores and dP become P and dS. `statistics` are those of the rows from first_row on.
  template <typename Statistic>
  __device__ __forceinline__ void weigh(const attention_view &a, const row_group &group,
                                        int first_row, int first_key, bool is_masked,
                                        const Statistic &statistic) {
    int lane = lane_here(), warp_row = first_row_of_warp();
    if constexpr (cut::holds_keys) {
#pragma unroll
      for (int j = 0; j < cut::streamed / 8; j++)
#pragma unroll
        for (int l = 0; l < 2; l++) {
          int row = 8 * j + lane % 4 * 2 + l, key = first_key + warp_row + lane / 4;
          logit_row of = row_at(a, group, first_row + row, is_masked);
          float2 values = statistic(row);
          weigh_one(a, of, key, values, is_masked, j, l);
          weigh_one(a, of, key + 8, values, is_masked, j, l + 2);
        }
    } else {
#pragma unroll
      for (int half = 0; half < 2; half++) {
        int row = warp_row + half * 8 + lane / 4;
        logit_row of = row_at(a, group, first_row + row, is_masked);
        float2 values = statistic(row);
#pragma unroll
        for (int j = 0; j < cut::streamed / 8; j++)
#pragma unroll
          for (int l = 0; l < 2; l++)
            weigh_one(a, of, first_key + 8 * j + lane % 4 * 2 + l, values, is_masked, j,
                      half * 2 + l);
      }
    }
  }

  /// Scores or their like as an operand.
  __device__ __forceinline__ static void to_operands(uint32_t (&to)[cut::streamed / 16][4],
                                                     const float (&x)[cut::streamed / 8][4]) {
#pragma unroll
    for (int j = 0; j < cut::streamed / 16; j++) to_operand(to[j], x[2 * j], x[2 * j + 1]);
  }
};

/// Contributes a warp's rows. `at(row)`: the element where a row of the held begins, negative where
/// there is none.
template <typename cut, typename At>
__device__ __forceinline__ void write_gradient(const attention_view &a, const target<bf16> &to,
                                               const float (&x)[cut::columns / 8][4], float factor,
                                               const At &at) {
  if (!to.data) return;
  int lane = lane_of_warp();
#pragma unroll
  for (int half = 0; half < 2; half++) {
    int64_t begin = at(backward_state<cut>::first_row_of_warp() + half * 8 + lane / 4);
    if (begin < 0) continue;
#pragma unroll
    for (int c = 0; c < cut::columns / 8; c++) {
      int column = 8 * c + lane % 4 * 2;
      contribute_pair(to, begin, column, a.head_dim, x[c][2 * half] * factor,
                      x[c][2 * half + 1] * factor);
    }
  }
}

template <typename cut>
__global__ void __launch_bounds__(cut::threads, 1)
    flash2_backward_kernel(const __grid_constant__ flash2_backward_call call) {
  const attention_view &a = call.a;
  backward_block<cut::holds_keys, cut::held, cut::streamed> block(a);
  const row_group &group = block.group;
  query_rows q = {call.q, group, group.count(a), call.is_whole};
  query_rows dout = {call.dout, group, group.count(a), call.is_whole};
  head_rows<false> k = {call.k, group, a.keys}, v = {call.v, group, a.keys};
  uint32_t memory = shared_address(shared_memory());
  typename cut::held_tile x1 = {memory}, x2 = {memory + cut::held_tile::bytes};
  auto stage = [&](int tile) {
    return memory + 2 * cut::held_tile::bytes + (tile & (call.stages - 1)) * cut::stage_bytes;
  };
  auto load_streamed = [&](int tile) {
    typename cut::streamed_tile y1 = {stage(tile)}, y2 = {y1.address + y1.bytes};
    int first = tile * cut::streamed;
    if constexpr (cut::holds_keys) {
      load_tile<cut::threads>(a, y1, q, first);
      load_tile<cut::threads>(a, y2, dout, first);
      int row = static_cast<int>(threadIdx.x);
      if (row < cut::streamed) {
        bool is_there = first + row < group.count(a);
        cp_async_ca<8>(y2.address + y2.bytes + row * 8,
                       group.statistics(a, call.statistics, is_there ? first + row : 0), is_there);
      }
    } else {
      load_tile<cut::threads>(a, y1, k, first);
      load_tile<cut::threads>(a, y2, v, first);
    }
  };

  if constexpr (cut::holds_keys) {
    load_tile<cut::threads>(a, x1, k, block.first_held);
    if constexpr (cut::second) load_tile<cut::threads>(a, x2, v, block.first_held);
  } else {
    load_tile<cut::threads>(a, x1, q, block.first_held);
    load_tile<cut::threads>(a, x2, dout, block.first_held);
  }

  backward_state<cut> state;
  state.clear();
  int ahead = call.stages - 1; // by so many tiles Y is loaded before it is used
#pragma unroll 1
  for (int tile = block.begin - ahead; tile < block.end; tile++) {
    if (tile + ahead < block.end) load_streamed(tile + ahead);
    cp_async_commit_group();
    if (tile < block.begin) continue;
    typename cut::streamed_tile y1 = {stage(tile)}, y2 = {y1.address + y1.bytes};
    bool is_masked = block.is_masked(a, tile), is_careful = false;
    if (ahead == 0)
      cp_async_wait_group<0>();
    else
      cp_async_wait_group<1>();
    // A key that is not finite has dS = 0 where it is hidden, and NaN where it is not.
    if (!cut::holds_keys && (!cut::plain || is_masked))
      is_careful = __syncthreads_or(has_not_finite<cut::threads>(y1));
    else
      __syncthreads();
    state.multiply(state.s, x1, y1);
    if constexpr (cut::second) state.multiply(state.dp, x2, y2);
    if constexpr (cut::holds_keys)
      state.weigh(a, group, tile * cut::streamed, block.first_held, is_masked,
                  [&](int row) { return pair_at(y2.address + y2.bytes + row * 8); });
    else
      state.weigh(a, group, block.first_held, tile * cut::streamed, is_masked, [&](int row) {
        row += block.first_held;
        return row < group.count(a) ? *group.statistics(a, call.statistics, row)
                                    : make_float2(0, 0);
      });
    if (is_careful) {
      __syncthreads();
      replace_pairs<cut::threads>(y1, [](uint32_t x) { return x & ~widen_halves(not_finite(x)); });
      __syncthreads();
    }
    uint32_t factors[cut::streamed / 16][4];
    if constexpr (cut::first) {
      state.to_operands(factors, state.s);
      state.add(state.first, factors, y2);
    }
    if constexpr (cut::second) {
      state.to_operands(factors, state.dp);
      state.add(state.second, factors, y1);
    }
    __syncthreads(); // nobody reads this stage any more
  }
  cp_async_wait_group<0>();

  if constexpr (cut::holds_keys) {
    auto at = [&](int row) {
      int key = block.first_held + row;
      return key < a.keys ? row_of(call.k, group.batch, group.kv_head, key) * a.head_dim : -1;
    };
    if constexpr (cut::first) write_gradient<cut>(a, call.dv, state.first, 1, at);
    if constexpr (cut::second) write_gradient<cut>(a, call.dk, state.second, a.scale, at);
  } else {
    write_gradient<cut>(a, call.dq, state.second, a.scale, [&](int row) {
      row += block.first_held;
      return row < group.count(a) ? group.at(a, row) : -1;
    });
  }
}

} // namespace plugin

#endif
