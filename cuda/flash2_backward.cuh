// FlashAttention-2, backward, in bf16 on tensor cores. The probabilities are computed again from
// the saved log-sum-exp: P = 2^(S - lse). With D = rowsum(dO * O),
//   dV = P^T dO    dP = dO V^T    dS = P * (dP - D)    dK = scale dS^T Q    dQ = scale dS K
// where a softcap's derivative is one more factor of dS.
//
// Two passes of one kernel: one whose blocks hold a tile of keys while queries stream by, which
// adds up dK and dV, and one whose blocks hold queries, which adds up dQ. Every sum stays in the
// registers of one warp: nothing is written that is not a result, the order of terms is fixed, and
// no block waits for another. It costs 7 products a tile and not 5. The other ways to a fixed order
// cost more elsewhere: dQ in f32 through memory in turns, 8 bytes for each of its numbers and each
// tile of keys, which at 128 keys and 64 rows is 64 KB beside 10.5 MFLOP, what L2 gives at the rate
// of mma; or a copy of dQ for each part of the keys, in scratch memory of many times its size.
//
// What is held is X1 and X2, what streams by is Y1 and Y2. With keys held they are K, V and Q, dO:
//   S^T = X1 Y1^T    dP^T = X2 Y2^T    dV += P^T Y2    dK += dS^T Y1
// and with queries held Q, dO and K, V:
//   S = X1 Y1^T    dP = X2 Y2^T    dQ += dS Y1
// so that P and dS, as accumulators, are the next products' operands.
#ifndef RUNEXP_FLASH2_BACKWARD_CUH
#define RUNEXP_FLASH2_BACKWARD_CUH

#include "flash2_backward_state.cuh"

namespace plugin {

struct flash2_backward_call {
  attention_view a;
  target<bf16> dq, dk, dv;
  const bf16 *q, *dout;
  key_rows k, v;
  const float2 *statistics;          // [batch, kv_heads, rows]: see flash2_statistics
  bool is_whole;                     // rows of q and its like are pieces of 16 bytes
  int stages;                        // tiles of Y at once in shared memory, 1 or 2
  even_rows even_queries, even_keys; // of k and v, which lie alike
};

/// Contributes a warp's rows. `at(row)`: the element where a row of the held begins, negative where
/// there is none.
template <typename cut, typename At>
__device__ __forceinline__ void write_gradient(const attention_view &a, const target<bf16> &to,
                                               const typename backward_state<cut>::sums &x,
                                               float factor, const At &at) {
  if (!to.data) return;
  int lane = lane_of_warp();
#pragma unroll
  for (int i = 0; i < 2 * cut::fragments; i++) {
    int64_t begin = at(backward_state<cut>::first_row_of_warp() + i * 8 + lane / 4);
    if (begin < 0) continue;
#pragma unroll
    for (int c = 0; c < cut::columns / 8; c++) {
      const float (&four)[4] = x[i / 2][c];
      contribute_pair(to, begin, 8 * c + lane % 4 * 2, a.head_dim, four[i % 2 * 2] * factor,
                      four[i % 2 * 2 + 1] * factor);
    }
  }
}

template <typename cut>
__global__ void __launch_bounds__(cut::threads, cut::blocks)
    flash2_backward_kernel(const __grid_constant__ flash2_backward_call call) {
  using held_tile = typename cut::held_tile;
  using streamed_tile = typename cut::streamed_tile;
  using query_tile = std::conditional_t<cut::holds_keys, streamed_tile, held_tile>;
  using key_tile = std::conditional_t<cut::holds_keys, held_tile, streamed_tile>;
  const attention_view &a = call.a;
  using block_type = backward_block<cut::holds_keys, cut::held, cut::streamed>;
  const block_type &block = shared_block<block_type>(a, cut::tile_bytes(call.stages));
  const row_group &group = block.group;
  query_rows<cut::threads, query_tile> q(a, call.q, group, call.is_whole, call.even_queries);
  query_rows<cut::threads, query_tile> dout = q.like_this(call.dout);
  head_rows<cut::threads, key_tile, false> k(a, call.k, group, call.even_keys);
  head_rows<cut::threads, key_tile, false> v(call.v, k, call.even_keys);
  uint32_t memory = shared_address(shared_memory());
  computed_here(memory);
  held_tile x1 = {memory}, x2 = {memory + held_tile::bytes};
  streamed_tile y1 = {memory + 2 * held_tile::bytes}; // in the first stage
  // In every tile the thread's first piece lies at the same place.
  uint32_t own = own_pieces<cut::threads, streamed_tile>().first;
  auto stage = [&](int tile) { return (tile & (call.stages - 1)) * cut::stage_bytes; };
  auto load_streamed = [&](int tile) {
    streamed_tile to1 = {y1.address + stage(tile)}, to2 = {to1.address + to1.bytes};
    int first = tile * cut::streamed;
    if constexpr (cut::holds_keys) {
      load_tile(a, to1, to1.address + own, q, first);
      load_tile(a, to2, to2.address + own, dout, first);
      int row = static_cast<int>(threadIdx.x);
      if (row < cut::streamed) {
        bool is_there = first + row < group.count(a);
        cp_async_ca<8>(to2.address + to2.bytes + row * 8,
                       group.statistics(a, call.statistics, is_there ? first + row : 0), is_there);
      }
    } else {
      load_tile(a, to1, to1.address + own, k, first);
      load_tile(a, to2, to2.address + own, v, first);
    }
  };

  backward_state<cut> state;
  state.clear();
  if constexpr (cut::holds_keys) {
    load_tile(a, x1, x1.address + own, k, block.first_held);
    if constexpr (cut::second) load_tile(a, x2, x2.address + own, v, block.first_held);
  } else {
    load_tile(a, x1, x1.address + own, q, block.first_held);
    load_tile(a, x2, x2.address + own, dout, block.first_held);
#pragma unroll
    for (int i = 0; i < 2 * cut::fragments; i++) {
      int row = block.first_held + state.first_row_of_warp() + lane_of_warp() / 4 + 8 * i;
      state.statistics[i / 2][i % 2] =
          row < group.count(a) ? *group.statistics(a, call.statistics, row) : make_float2(0, 0);
    }
  }

  auto x = lane_across(
      held_tile{memory + static_cast<uint32_t>(state.first_row_of_warp() * held_tile::row_bytes)});
  auto y_down = lane_down(y1), y_across = lane_across(y1);
  int ahead = call.stages - 1; // by so many tiles Y is loaded before it is used
#pragma unroll 1
  for (int tile = block.begin - ahead; tile < block.end; tile++) {
    if (ahead > 0) cp_async_wait_group<0>();
    __syncthreads(); // this tile is here, and nobody reads what the next one takes the place of
    if (tile + ahead < block.end) load_streamed(tile + ahead);
    cp_async_commit_group();
    if (tile < block.begin) continue;
    if (ahead == 0) {
      cp_async_wait_group<0>();
      __syncthreads();
    }
    streamed_tile here = {y1.address + stage(tile)};
    bool is_masked = !cut::plain || block.is_masked(a, tile), is_careful = false;
    // A key that is not finite has dS = 0 where it is hidden, and NaN where it is not.
    if (!cut::holds_keys && is_masked)
      is_careful = __syncthreads_or(has_not_finite<cut::threads>(here));
    auto down = y_down, across = y_across;
    down.first += stage(tile), across.first += stage(tile);
    state.template multiply<0>(state.s, x, down);
    if constexpr (cut::second) state.template multiply<1>(state.dp, x, down);
    uint32_t of_rows = here.address + 2 * here.bytes;
    if (is_masked)
      state.template weigh<true>(a, group, block.first_held, tile * cut::streamed, of_rows);
    else if constexpr (cut::plain)
      state.template weigh<false>(a, group, block.first_held, tile * cut::streamed, of_rows);
    if (is_careful) {
      __syncthreads();
      replace_pairs<cut::threads>(here,
                                  [](uint32_t x) { return x & ~widen_halves(not_finite(x)); });
      __syncthreads();
    }
    typename backward_state<cut>::operands factors;
    if constexpr (cut::first) {
      state.to_operands(factors, state.s);
      state.template add<1>(state.first, factors, across);
    }
    if constexpr (cut::second) {
      state.to_operands(factors, state.dp);
      state.template add<0>(state.second, factors, across);
    }
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
