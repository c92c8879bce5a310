// What a warp of FlashAttention-2's backward pass holds and does with a tile that streams by. The
// formulas and the names X and Y are in flash2_backward.cuh.
#ifndef RUNEXP_FLASH2_BACKWARD_STATE_CUH
#define RUNEXP_FLASH2_BACKWARD_STATE_CUH

#include "flash2_load.cuh"

namespace plugin {

/// How an instance is cut: a warp holds 16 or 32 rows. `holds_keys`: else queries. It adds up the
/// first result, dV, the second, dK or dQ, or both. `blocks`: so many at once shall fit a
/// multiprocessor's registers.
template <int columns_, int warps_, int warp_rows_, int streamed_, int blocks_, bool holds_keys_,
          bool first_, bool second_, bool plain_>
struct backward_cut {
  static constexpr int columns = columns_, warps = warps_, warp_rows = warp_rows_;
  static constexpr int streamed = streamed_, blocks = blocks_;
  static constexpr bool holds_keys = holds_keys_, first = first_, second = second_, plain = plain_;
  static constexpr int threads = warps * warp_size, held = warps * warp_rows;
  static constexpr int fragments = warp_rows / 16; // of a warp's rows
  using held_tile = bf16_tile<held, columns>;
  using streamed_tile = bf16_tile<streamed, columns>;
  static constexpr int statistics_bytes = streamed * 8;
  static constexpr int stage_bytes = 2 * streamed_tile::bytes + statistics_bytes;
  __host__ __device__ static constexpr int tile_bytes(int stages) {
    return 2 * held_tile::bytes + stages * stage_bytes;
  }
  static constexpr int shared_bytes(int stages) { return tile_bytes(stages) + block_bytes; }
  static_assert(stage_bytes % 128 == 0, "tiles begin at multiples of 128 bytes");
};

/// A warp's rows of what is held, as its threads hold them: see flash2_state.
template <typename cut> struct backward_state {
  static constexpr int fragments = cut::fragments;
  typedef float products[fragments][cut::streamed / 8][4];
  typedef float sums[fragments][cut::columns / 8][4];
  typedef uint32_t operands[fragments][cut::streamed / 16][4];
  products s, dp; // scores, then P; dP, then dS
  sums first, second;
  float2 statistics[fragments][2]; // of the held rows, where these are queries

  __device__ __forceinline__ static int first_row_of_warp() {
    return static_cast<int>(threadIdx.x / warp_size) * cut::warp_rows;
  }

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int f = 0; f < fragments; f++)
#pragma unroll
      for (int c = 0; c < cut::columns / 8; c++)
#pragma unroll
        for (int i = 0; i < 4; i++) first[f][c][i] = second[f][c][i] = 0;
  }

  /// to = x y^T, of the tiles whose lanes are given, or of those that follow them.
  template <int tile>
  __device__ __forceinline__ static void multiply(products &to,
                                                  fragment_lane<typename cut::held_tile> x,
                                                  fragment_lane<typename cut::streamed_tile> y) {
    constexpr int steps = cut::columns / 16;
#pragma unroll
    for (int f = 0; f < fragments; f++)
#pragma unroll
      for (int j = 0; j < cut::streamed / 8; j++)
        to[f][j][0] = to[f][j][1] = to[f][j][2] = to[f][j][3] = 0;
#pragma unroll
    for (int c = 0; c < steps; c++) {
      uint32_t a[fragments][4];
#pragma unroll
      for (int f = 0; f < fragments; f++) load_a(a[f], x, 16 * f, tile * steps + c);
#pragma unroll
      for (int j = 0; j < cut::streamed / 8; j += 2) {
        uint32_t b[2][2];
        load_b(b, y, 8 * j, tile * steps + c);
#pragma unroll
        for (int f = 0; f < fragments; f++) {
          mma_m16n8k16_bf16(to[f][j], a[f], b[0]);
          mma_m16n8k16_bf16(to[f][j + 1], a[f], b[1]);
        }
      }
    }
  }

  /// to += factors y, of the tile whose lane is given, or of the one that follows it.
  template <int tile>
  __device__ __forceinline__ static void add(sums &to, const operands &factors,
                                             fragment_lane<typename cut::streamed_tile> y) {
#pragma unroll
    for (int j = 0; j < cut::streamed / 16; j++)
#pragma unroll
      for (int c = 0; c < cut::columns / 8; c += 2) {
        uint32_t b[2][2];
        load_b_transposed(b, y, 16 * j, tile * (cut::columns / 16) + c / 2);
#pragma unroll
        for (int f = 0; f < fragments; f++) {
          mma_m16n8k16_bf16(to[f][c], factors[f][j], b[0]);
          mma_m16n8k16_bf16(to[f][c + 1], factors[f][j], b[1]);
        }
      }
  }

  /// One score and its dP become P and dS; of an instance that is plain, where `is_seen` holds.
  template <bool is_masked>
  __device__ __forceinline__ static void weigh_one(const attention_view &a, const logit_row &of,
                                                   int key, bool is_seen, float2 statistic,
                                                   float &s, float &dp) {
    float slope = 1, power; // of two
    if constexpr (cut::plain) {
      power = fmaf(s, a.factor, -statistic.x);
      if (is_masked && !is_seen) power = -INFINITY;
    } else {
      power = logit(a, of, key, s, slope) - statistic.x;
    }
    bool is_hidden = is_masked && power == -INFINITY;
    float weight = is_hidden ? 0 : ex2_approx_ftz(power);
    s = weight;
    if constexpr (cut::second) dp = is_hidden ? 0 : weight * (dp - statistic.y) * slope;
  }

  /// What a held row or key meets: the keys that the row sees, or the rows that see the key.
  __device__ __forceinline__ static range seen_by(const attention_view &a, const row_group &group,
                                                  int held) {
    if constexpr (cut::holds_keys)
      return group.rows(a, seeing_queries(a, {held, held + 1}));
    else
      return held < group.count(a) ? seen_keys(a, group.query(a, held)) : range{0, 0};
  }

  /// Scores and dP become P and dS, of held rows and streamed ones from these on. `of_streamed`:
  /// where the statistics of streamed rows lie.
  template <bool is_masked>
  __device__ __forceinline__ void weigh(const attention_view &a, const row_group &group,
                                        int first_held, int first_streamed, uint32_t of_streamed) {
    int lane = lane_of_warp(), other = lane % 4 * 2;
    int held = first_held + first_row_of_warp() + lane / 4;
    range seen[2 * fragments];
    if constexpr (cut::plain && is_masked) {
#pragma unroll
      for (int i = 0; i < 2 * fragments; i++) seen[i] = seen_by(a, group, held + 8 * i);
    }
    logit_row of[cut::holds_keys ? 1 : 2 * fragments];
    if constexpr (!cut::plain && !cut::holds_keys) {
#pragma unroll
      for (int i = 0; i < 2 * fragments; i++) of[i] = group.logits(a, held + 8 * i);
    }
#pragma unroll
    for (int j = 0; j < cut::streamed / 8; j++) {
      float4 both = make_float4(0, 0, 0, 0);
      if constexpr (cut::holds_keys) both = four_at(of_streamed + (8 * j + other) * 8);
#pragma unroll
      for (int l = 0; l < 2; l++) {
        int streamed = first_streamed + 8 * j + other + l;
        if constexpr (!cut::plain && cut::holds_keys) of[0] = group.logits(a, streamed);
#pragma unroll
        for (int i = 0; i < 2 * fragments; i++) {
          float2 statistic =
              cut::holds_keys ? (l == 0 ? make_float2(both.x, both.y) : make_float2(both.z, both.w))
                              : statistics[i / 2][i % 2];
          bool is_seen = true;
          if constexpr (cut::plain && is_masked)
            is_seen = streamed >= seen[i].begin && streamed < seen[i].end;
          weigh_one<is_masked>(a, of[cut::holds_keys ? 0 : i],
                               cut::holds_keys ? held + 8 * i : streamed, is_seen, statistic,
                               s[i / 2][j][i % 2 * 2 + l], dp[i / 2][j][i % 2 * 2 + l]);
        }
      }
    }
  }

  /// Scores or their like as an operand.
  __device__ __forceinline__ static void to_operands(operands &to, const products &x) {
#pragma unroll
    for (int f = 0; f < fragments; f++)
#pragma unroll
      for (int j = 0; j < cut::streamed / 16; j++)
        to_operand(to[f][j], x[f][2 * j], x[f][2 * j + 1]);
  }
};

} // namespace plugin

#endif
