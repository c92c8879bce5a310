// FlashAttention-2, forward, in bf16 on tensor cores (Dao 2023, algorithm 1): blocks of query rows
// outside, tiles of keys inside. Not where it is chosen how: see flash2.cu.
//
// A block holds a tile of query rows and goes over keys from the last to the first, so that tiles
// under the edge of a causal mask come first. A warp owns 16 or 32 rows whole: S, P and O stay in
// its registers, as the accumulators of S are the operand of P V, and a row's maximum needs four
// lanes. The values of a tile arrive while S is computed, and the next keys while P V is.
#ifndef RUNEXP_FLASH2_FORWARD_CUH
#define RUNEXP_FLASH2_FORWARD_CUH

#include "flash2_load.cuh"

namespace plugin {

struct flash2_forward_call {
  attention_view a;
  bf16 *out;
  float *saved, *row_maximum; // [batch, heads, queries]; the second may be null
  const bf16 *q;
  key_rows k, v;
  bool is_whole; // rows of q and out are pieces of 16 bytes
  even_rows even_queries, even_keys, even_values;
};

/// How an instance is cut. `blocks`: so many at once shall fit a multiprocessor's registers.
template <int columns_, int warps_, int warp_rows_, int keys_, int blocks_, bool plain_>
struct flash2_cut {
  static constexpr int columns = columns_, warps = warps_, warp_rows = warp_rows_, keys = keys_;
  static constexpr int blocks = blocks_;
  static constexpr bool plain = plain_; // logits are scores, but for causal mask and window
  static constexpr int threads = warps * warp_size, rows = warps * warp_rows;
  static constexpr int fragments = warp_rows / 16; // of a warp's rows
  using query_tile = bf16_tile<rows, columns>;
  using key_tile = bf16_tile<keys, columns>;
  static constexpr int tile_bytes = query_tile::bytes + 2 * key_tile::bytes;
  static constexpr int shared_bytes = tile_bytes + block_bytes;
};

/// One warp's rows, as its threads hold them: of fragment f, thread 4 g + t of the warp has parts
/// of rows g and g + 8, and of each 8 columns two, from 2 t on.
template <typename cut> struct flash2_state {
  static constexpr int fragments = cut::fragments;
  float s[fragments][cut::keys / 8][4]; // scores, logits, then weights
  float o[fragments][cut::columns / 8][4];
  float maximum[fragments][2], sum[fragments][2]; // the sum is the thread's part

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int f = 0; f < fragments; f++) {
#pragma unroll
      for (int j = 0; j < cut::columns / 8; j++)
        o[f][j][0] = o[f][j][1] = o[f][j][2] = o[f][j][3] = 0;
      maximum[f][0] = maximum[f][1] = -INFINITY;
      sum[f][0] = sum[f][1] = 0;
    }
  }

  /// Of the tile's, the first that is the warp's.
  __device__ __forceinline__ static int first_row_of_warp() {
    return static_cast<int>(threadIdx.x / warp_size) * cut::warp_rows;
  }

  /// S = Q K^T.
  __device__ __forceinline__ void multiply_keys(fragment_lane<typename cut::query_tile> q,
                                                fragment_lane<typename cut::key_tile> k) {
    computed_here(q.first); // what follows from it is not kept from tile to tile
    computed_here(k.first);
#pragma unroll
    for (int f = 0; f < fragments; f++)
#pragma unroll
      for (int j = 0; j < cut::keys / 8; j++) s[f][j][0] = s[f][j][1] = s[f][j][2] = s[f][j][3] = 0;
#pragma unroll
    for (int c = 0; c < cut::columns / 16; c++) {
      uint32_t a[fragments][4];
#pragma unroll
      for (int f = 0; f < fragments; f++) load_a(a[f], q, f * 16, c);
#pragma unroll
      for (int j = 0; j < cut::keys / 8; j += 2) {
        uint32_t b[2][2];
        load_b(b, k, 8 * j, c);
#pragma unroll
        for (int f = 0; f < fragments; f++) {
          mma_m16n8k16_bf16(s[f][j], a[f], b[0]);
          mma_m16n8k16_bf16(s[f][j + 1], a[f], b[1]);
        }
      }
    }
  }

  /// Turns scores into logits, -inf where a key is hidden.
  __device__ __forceinline__ void mask(const attention_view &a, const row_group &group,
                                       int first_row, int first_key) {
    int lane = lane_here(), row = first_row + first_row_of_warp() + lane / 4;
    first_key += lane % 4 * 2;
#pragma unroll
    for (int f = 0; f < fragments; f++) {
#pragma unroll
      for (int half = 0; half < 2; half++) {
        int r = row + f * 16 + half * 8;
        logit_row of = no_row();
        if constexpr (cut::plain)
          of.seen = seen_keys(a, group.query(a, r));
        else
          of = group.logits(a, r);
#pragma unroll
        for (int j = 0; j < cut::keys / 8; j++)
#pragma unroll
          for (int i = 0; i < 2; i++) {
            float &x = s[f][j][2 * half + i];
            int key = first_key + 8 * j + i;
            if constexpr (cut::plain)
              x = key >= of.seen.begin && key < of.seen.end ? x : -INFINITY;
            else
              x = logit(a, of, key, x);
          }
      }
    }
  }

  /// Turns logits / factor into weights 2^(logit - maximum), and brings maximum, sum and O up to
  /// date (Milakov & Gimelshein 2018).
  __device__ __forceinline__ void exponentiate(float factor) {
    float corrections[fragments][2];
    bool stays = true; // O, as it is
#pragma unroll
    for (int f = 0; f < fragments; f++)
#pragma unroll
      for (int half = 0; half < 2; half++) {
        float largest = maximum[f][half];
#pragma unroll
        for (int j = 0; j < cut::keys / 8; j++)
          largest = fmaxf(largest, fmaxf(s[f][j][2 * half], s[f][j][2 * half + 1]));
        largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, 1));
        largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, 2));
        // A row that has seen nothing subtracts 0 and not -inf: its weights are 0 and not NaN.
        float shift = largest == -INFINITY ? 0 : shift_of(__fmul_rn(largest, factor));
        // Rounded as the shift is: where the maximum stays, the correction is 1.
        float before = shift_of(__fmul_rn(maximum[f][half], factor)), part = 0;
        float correction = ex2_approx_ftz(before - shift);
        maximum[f][half] = largest;
#pragma unroll
        for (int j = 0; j < cut::keys / 8; j++)
#pragma unroll
          for (int i = 0; i < 2; i++) {
            float &x = s[f][j][2 * half + i];
            x = ex2_approx_ftz(x * factor - shift);
            part += x;
          }
        sum[f][half] = sum[f][half] * correction + part;
        corrections[f][half] = correction;
        stays = stays && correction == 1;
      }
    // After the first tiles, most find no larger one in any of the warp's rows.
    if (__all_sync(~0u, stays)) return;
#pragma unroll
    for (int f = 0; f < fragments; f++)
#pragma unroll
      for (int j = 0; j < cut::columns / 8; j++)
#pragma unroll
        for (int i = 0; i < 4; i++) o[f][j][i] *= corrections[f][i / 2];
  }

  /// O += P V. Where values are not finite that some row may not see (`careful`, the same for the
  /// whole block), three times: with 0 in their place, then with the largest number in theirs and 0
  /// in all others', times the largest number for weights that are not 0, of either sign. The
  /// products are infinite, and their sum is NaN.
  __device__ __forceinline__ void multiply_values(const typename cut::key_tile &v,
                                                  fragment_lane<typename cut::key_tile> lane,
                                                  bool careful) {
    constexpr uint32_t largest = 0x7f7f7f7f, signs = 0x80008000;
    constexpr uint32_t marks = 0x80008000; // -0, which is nothing else once -0 is +0
    computed_here(lane.first);
    uint32_t weights[fragments][cut::keys / 16][4];
#pragma unroll
    for (int f = 0; f < fragments; f++)
#pragma unroll
      for (int j = 0; j < cut::keys / 16; j++)
        to_operand(weights[f][j], s[f][2 * j], s[f][2 * j + 1]);
    if (careful) {
      replace_pairs<cut::threads>(v, [](uint32_t x) {
        uint32_t odd = widen_halves(not_finite(x));
        return (x & ~odd & ~equal_halves(x, marks)) | (odd & marks);
      });
      __syncthreads();
    }
#pragma unroll 1
    for (int pass = 0; pass < (careful ? 3 : 1); pass++) {
      if (pass == 1) {
        __syncthreads();
        replace_pairs<cut::threads>(v, [](uint32_t x) { return equal_halves(x, marks) & largest; });
        __syncthreads();
      }
      if (pass > 0) {
#pragma unroll
        for (int f = 0; f < fragments; f++)
#pragma unroll
          for (int j = 0; j < cut::keys / 16; j++)
#pragma unroll
            for (int i = 0; i < 4; i++)
              weights[f][j][i] = pass == 1 ? largest & ~equal_halves(weights[f][j][i], 0)
                                           : weights[f][j][i] ^ signs;
      }
#pragma unroll
      for (int j = 0; j < cut::keys / 16; j++)
#pragma unroll
        for (int c = 0; c < cut::columns / 8; c += 2) {
          uint32_t b[2][2];
          load_b_transposed(b, lane, 16 * j, c / 2);
#pragma unroll
          for (int f = 0; f < fragments; f++) {
            mma_m16n8k16_bf16(o[f][c], weights[f][j], b[0]);
            mma_m16n8k16_bf16(o[f][c + 1], weights[f][j], b[1]);
          }
        }
    }
  }
};

/// Writes a warp's rows of out, which pass through the place of its queries, and their statistics.
template <typename cut>
__device__ __forceinline__ void flash2_write(const flash2_forward_call &call,
                                             const row_group &group, flash2_state<cut> &state,
                                             const typename cut::query_tile &tile, int first_row) {
  const attention_view &a = call.a;
  int lane = lane_of_warp(), warp_row = state.first_row_of_warp();
#pragma unroll
  for (int f = 0; f < cut::fragments; f++)
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int r = warp_row + f * 16 + half * 8 + lane / 4, row = first_row + r;
      float sum = state.sum[f][half];
      sum += __shfl_xor_sync(~0u, sum, 1);
      sum += __shfl_xor_sync(~0u, sum, 2);
      float inverse = sum == 0 ? 0 : 1 / sum;
#pragma unroll
      for (int j = 0; j < cut::columns / 8; j++) {
        const float (&o)[4] = state.o[f][j];
        word_at(tile.at(r, j) + lane % 4 * 4) =
            cvt_rn_bf16x2(o[2 * half] * inverse, o[2 * half + 1] * inverse);
      }
      if (lane % 4 != 0 || row >= group.count(a)) continue;
      int64_t at = group.statistic(a, row);
      float maximum = state.maximum[f][half] * (cut::plain ? a.factor : 1);
      call.saved[at] = log_sum_exp_of(maximum, sum, lg2_approx(sum));
      // A NaN among the logits shows in the sum alone.
      if (call.row_maximum) call.row_maximum[at] = sum == sum ? maximum : NAN;
    }
  __syncwarp();
  for (int i = lane; i < cut::warp_rows * cut::columns / 8; i += warp_size) {
    int r = warp_row + i / (cut::columns / 8), column = i % (cut::columns / 8) * 8;
    if (first_row + r < group.count(a) && column < a.head_dim)
      store_piece(call.out + group.at(a, first_row + r) + column, piece_at(tile.at(r, column / 8)),
                  min(8, a.head_dim - column));
  }
}

template <typename cut>
__global__ void __launch_bounds__(cut::threads, cut::blocks)
    flash2_forward_kernel(const __grid_constant__ flash2_forward_call call) {
  const attention_view &a = call.a;
  using block_type = query_block<cut::rows, cut::keys>;
  const block_type &block = shared_block<block_type>(a, cut::tile_bytes);
  query_rows<cut::threads, typename cut::query_tile> q(a, call.q, block.group, call.is_whole,
                                                       call.even_queries);
  head_rows<cut::threads, typename cut::key_tile, true> k(a, call.k, block.group, call.even_keys);
  head_rows<cut::threads, typename cut::key_tile, true> v(call.v, k, call.even_values);
  uint32_t memory = shared_address(shared_memory());
  computed_here(memory);
  typename cut::query_tile q_tile = {memory};
  typename cut::key_tile k_tile = {memory + cut::query_tile::bytes};
  typename cut::key_tile v_tile = {k_tile.address + cut::key_tile::bytes};
  uint32_t own = memory + own_pieces<cut::threads, typename cut::key_tile>().first;
  load_tile(a, q_tile, own, q, block.first_row);
  own += cut::query_tile::bytes; // the first of keys
  if (block.last >= block.first) load_tile(a, k_tile, own, k, block.last * cut::keys);
  cp_async_commit_group();

  flash2_state<cut> state;
  state.clear();
  auto q_lane = lane_across(typename cut::query_tile{
      memory + static_cast<uint32_t>(state.first_row_of_warp() * cut::query_tile::row_bytes)});
  auto k_lane = lane_down(k_tile);
  auto v_lane = lane_across(v_tile);
  for (int tile = block.last; tile >= block.first; tile--) {
    int key = tile * cut::keys;
    bool is_masked = !cut::plain || !sees_all(a, block.queries, {key, key + cut::keys});
    cp_async_wait_group<0>();
    __syncthreads(); // these keys are here, and nobody reads values any more
    load_tile(a, v_tile, own + cut::key_tile::bytes, v, key);
    cp_async_commit_group();
    state.multiply_keys(q_lane, k_lane);
    if (is_masked) state.mask(a, block.group, block.first_row, key);
    cp_async_wait_group<0>();
    bool careful = false;
    if (is_masked)
      careful = __syncthreads_or(has_not_finite<cut::threads>(v_tile));
    else
      __syncthreads(); // the values are here, and nobody reads keys any more
    if (tile > block.first) load_tile(a, k_tile, own, k, key - cut::keys);
    cp_async_commit_group();
    state.exponentiate(cut::plain ? a.factor : 1);
    state.multiply_values(v_tile, v_lane, careful);
  }
  cp_async_wait_group<0>();
  __syncthreads(); // where no key was seen, nobody has waited for q yet
  flash2_write(call, block.group, state, q_tile, block.first_row);
}

} // namespace plugin

#endif
