// How a warp decodes bf16 queries over bf16 and Q8 rows, on tensor cores: 16 query rows of a
// key/value head by the keys of a split. A product's tile is wide enough for all heads of a group,
// so the time is that of reading. See decode.cuh.
//
// Each warp is a block, and goes over the chunks of 16 keys of a split on its own: there is no
// barrier, and warps that begin and end hide behind those that read. The next two chunks' rows are
// on their way to its three stages of shared memory while it works on this one's, as they lie in
// memory. With bf16 rows of 128 that is 16 KB a warp, and 7 warps have room on an H100's
// multiprocessor; a memory of 4.8 TB/s that answers after 1 us wants 36 KB of each of 132.
//
// mma.m16n8k16 gets its operands without ldmatrix, which knows no int8: what is summed over may be
// in any order, as long as both operands agree, and so may the columns of the output. Where
// g = lane / 4 and t = lane % 4:
//   S = Q K^T: of key g and each 32 columns, a lane reads columns 8 t to 8 t + 7. They serve two
//     steps of 16: 8 t + 4 step + {0, 1} as its b[0], + {2, 3} as its b[1]. q is laid out to match.
//   O = P V: of keys 2 t, 2 t + 1 and 8 further, and each 64 columns, a lane reads columns 8 g to
//     8 g + 7, so that column f of those makes b of the f-th 8 columns of O: these are f, 8 + f
//     and so on, and a lane's accumulators are the 16 columns from 16 t on of rows g and g + 8.
#ifndef RUNEXP_DECODE_BF16_CUH
#define RUNEXP_DECODE_BF16_CUH

#include "decode_stage.cuh"

namespace plugin {

/// One warp's way through a split. `halves` of 8 rows exist; where one does, nothing is done for
/// the other.
template <row_type type, int columns, int halves> struct decode_warp {
  using stage = decode_stage<type, columns>;
  static constexpr int key_runs = columns / 32, value_runs = columns / 64;

  const attention_view &a;
  const decode_place &place;
  int lane, g, t;
  static constexpr bool keeps_queries = columns <= 128; // in registers; else in shared memory
  static constexpr int query_bytes = keeps_queries ? 0 : key_runs * halves * warp_size * 16;
  uint4 q[keeps_queries ? key_runs : 1][halves]; // of two steps: see load_queries
  float o[value_runs][8][4] = {};
  float maximum[2] = {-INFINITY, -INFINITY}, sum[2] = {}; // the sum is this lane's part

  __device__ __forceinline__ decode_warp(const attention_view &a, const decode_place &place)
      : a(a), place(place), lane(static_cast<int>(threadIdx.x) % warp_size), g(lane / 4),
        t(lane % 4) {}

  /// The lane's own place for these, which wide heads have at the beginning of shared memory.
  __device__ __forceinline__ uint4 &query(int c, int half) {
    if constexpr (keeps_queries)
      return q[c][half];
    else
      return reinterpret_cast<uint4 *>(shared_memory())[(c * halves + half) * warp_size + lane];
  }

  /// The rows of q as operands of S: of each 32 columns a lane has 8, of which 4 are for either
  /// step.
  __device__ __forceinline__ void load_queries(const bf16 *queries, const decode_parts &d,
                                               bool is_whole) {
#pragma unroll
    for (int half = 0; half < halves; half++) {
      int row = place.first_row + g + 8 * half;
      const bf16 *from =
          queries +
          (row < d.rows ? query_at(a, place.batch, row / a.group, place.head(a, row)) : 0);
#pragma unroll
      for (int c = 0; c < key_runs; c++) {
        int column = 32 * c + 8 * t;
        run x = {};
        if (row < d.rows && column < a.head_dim)
          load(x, from + column, extent(column, a.head_dim, is_whole));
        query(c, half) = make_uint4(cvt_rn_bf16x2(x[0], x[1]), cvt_rn_bf16x2(x[2], x[3]),
                                    cvt_rn_bf16x2(x[4], x[5]), cvt_rn_bf16x2(x[6], x[7]));
      }
    }
  }

  /// s += q . k
  __device__ __forceinline__ void multiply_keys(float (&s)[2][4], const stage &from) {
    const unsigned char *keys =
        from.keys + g * stage::key_pitch + 8 * t * sizeof(typename stage::element);
#pragma unroll
    for (int c = 0; c < key_runs; c++) {
      uint4 low = query(c, 0), high = make_uint4(0, 0, 0, 0);
      if constexpr (halves == 2) high = query(c, 1);
#pragma unroll
      for (int n = 0; n < 2; n++) {
        uint32_t pairs[4];
        read_pairs<type>(pairs,
                         keys + 8 * n * stage::key_pitch + 32 * c * sizeof(typename stage::element),
                         from.scales[0] + (8 * n + g) * stage::blocks + c);
        mma_m16n8k16_bf16(s[n], {low.x, high.x, low.y, high.y}, {pairs[0], pairs[1]});
        mma_m16n8k16_bf16(s[n], {low.z, high.z, low.w, high.w}, {pairs[2], pairs[3]});
      }
    }
  }

  /// Products become logits, -inf where hidden.
  __device__ __forceinline__ void to_logits(float (&s)[2][4], int first, int rows, bool all_seen) {
    if (all_seen && is_plain(a)) {
#pragma unroll
      for (int i = 0; i < 8; i++)
        if (i % 4 / 2 < halves) s[i / 4][i % 4] *= a.factor;
      return;
    }
#pragma unroll
    for (int half = 0; half < halves; half++) {
      int row = place.first_row + g + 8 * half;
      logit_row of =
          row < rows ? logit_row_of(a, place.batch, place.head(a, row), row / a.group) : no_row();
      of.seen.end = min(of.seen.end, place.keys.end); // beyond, keys are another split's
#pragma unroll
      for (int i = 0; i < 4; i++) {
        float &x = s[i / 2][2 * half + i % 2];
        x = logit(a, of, first + i / 2 * 8 + 2 * t + i % 2, x);
      }
    }
  }

  /// Logits become weights, as the operand of P V; what was summed so far is brought up to date.
  __device__ __forceinline__ void to_weights(uint32_t (&p)[4], float (&s)[2][4]) {
    float corrections[halves];
    bool stays = true;
    if constexpr (halves == 1) p[1] = p[3] = 0;
#pragma unroll
    for (int half = 0; half < halves; half++) {
      float largest = maximum[half];
#pragma unroll
      for (int i = 0; i < 4; i++) largest = larger()(largest, s[i / 2][2 * half + i % 2]);
      largest = larger()(largest, __shfl_xor_sync(~0u, largest, 1));
      largest = larger()(largest, __shfl_xor_sync(~0u, largest, 2));
      float correction = correction_of(maximum[half], largest);
      maximum[half] = largest;
      corrections[half] = correction;
      stays = stays && correction == 1;
      sum[half] *= correction;
#pragma unroll
      for (int i = 0; i < 4; i++) {
        float &x = s[i / 2][2 * half + i % 2];
        x = weight_of(x, largest);
        sum[half] += x;
      }
      p[half] = cvt_rn_bf16x2(s[0][2 * half], s[0][2 * half + 1]);
      p[half + 2] = cvt_rn_bf16x2(s[1][2 * half], s[1][2 * half + 1]);
    }
    if (__all_sync(~0u, stays)) return;
#pragma unroll
    for (int i = 0; i < value_runs * 8; i++)
#pragma unroll
      for (int half = 0; half < halves; half++) {
        o[i / 8][i % 8][2 * half] *= corrections[half];
        o[i / 8][i % 8][2 * half + 1] *= corrections[half];
      }
  }

  /// Whether some value of a stage is not finite.
  __device__ __forceinline__ bool is_odd(const stage &from) const {
    bool odd = false;
    if constexpr (type == ROWS_Q8) {
      for (int i = lane; i < chunk_keys * stage::blocks; i += warp_size)
        odd |= !isfinite(from.scales[1][i]);
    } else {
      for (int i = lane; i < chunk_keys * columns / 2; i += warp_size) {
        uint32_t pair = *reinterpret_cast<const uint32_t *>(
            from.values + i / (columns / 2) * stage::value_pitch + i % (columns / 2) * 4);
        odd |= (pair & 0x7f80) == 0x7f80 || (pair & 0x7f800000) == 0x7f800000;
      }
    }
    return __any_sync(~0u, odd);
  }

  /// Takes values that are not finite out of a stage, where not every row sees every key: 0 * NaN
  /// is NaN. O becomes NaN where a row sees one. The stage's keys have had their use.
  __device__ __forceinline__ void take_out(stage &from, const uint32_t (&p)[4]) {
    constexpr uint32_t hidden = 0x8000;
    uint32_t seen[halves]; // bits of keys
#pragma unroll
    for (int half = 0; half < halves; half++) {
      seen[half] = 0;
#pragma unroll
      for (int i = 0; i < 4; i++) {
        uint32_t weight = p[half + i / 2 * 2] >> i % 2 * 16 & 0xffff;
        seen[half] |= static_cast<uint32_t>(weight != hidden) << (i / 2 * 8 + 2 * t + i % 2);
      }
      seen[half] |= __shfl_xor_sync(~0u, seen[half], 1);
      seen[half] |= __shfl_xor_sync(~0u, seen[half], 2);
    }
    __syncwarp();
    uint32_t *odd = reinterpret_cast<uint32_t *>(from.keys); // [columns]
    for (int column = lane; column < columns; column += warp_size) {
      uint32_t bits = 0;
      for (int key = 0; key < chunk_keys; key++) {
        if constexpr (type == ROWS_Q8) {
          bool is = !isfinite(from.scales[1][key * stage::blocks + column / Q8_BLOCK]);
          bits |= static_cast<uint32_t>(is) << key;
        } else {
          uint16_t &number =
              reinterpret_cast<uint16_t *>(from.values + key * stage::value_pitch)[column];
          bool is = (number & 0x7f80) == 0x7f80;
          bits |= static_cast<uint32_t>(is) << key;
          if (is) number = 0;
        }
      }
      odd[column] = bits;
    }
    __syncwarp();
    if constexpr (type == ROWS_Q8) {
      for (int i = lane; i < chunk_keys * stage::blocks; i += warp_size)
        if (!isfinite(from.scales[1][i])) from.scales[1][i] = 0;
    }
#pragma unroll
    for (int c = 0; c < value_runs; c++)
#pragma unroll
      for (int f = 0; f < 8; f++)
#pragma unroll
        for (int i = 0; i < 2 * halves; i++)
          if (odd[64 * c + 8 * (2 * t + i % 2) + f] & seen[i / 2]) o[c][f][i] = NAN;
    __syncwarp();
  }

  /// o += p v
  __device__ __forceinline__ void multiply_values(const uint32_t (&p)[4], const stage &from) {
    const unsigned char *values =
        from.values + 2 * t * stage::value_pitch + 8 * g * sizeof(typename stage::element);
#pragma unroll
    for (int c = 0; c < value_runs; c++) {
      uint32_t pairs[4][4];
#pragma unroll
      for (int i = 0; i < 4; i++) {
        int key = i / 2 * 8 + i % 2; // and 2 t
        read_pairs<type>(
            pairs[i], values + key * stage::value_pitch + 64 * c * sizeof(typename stage::element),
            from.scales[1] + (key + 2 * t) * stage::blocks + (64 * c + 8 * g) / Q8_BLOCK);
      }
#pragma unroll
      for (int f = 0; f < 8; f++) {
        // The f-th number of two keys.
        uint32_t which = f % 2 ? 0x7632 : 0x5410;
        mma_m16n8k16_bf16(o[c][f], p,
                          {__byte_perm(pairs[0][f / 2], pairs[1][f / 2], which),
                           __byte_perm(pairs[2][f / 2], pairs[3][f / 2], which)});
      }
    }
  }

  /// Writes what there is of the split's maxima, sums and O.
  __device__ __forceinline__ void write(const decode_parts &d) const {
    int64_t first = (place.plane * d.splits + place.split) * d.rows;
#pragma unroll
    for (int half = 0; half < halves; half++) {
      int row = place.first_row + g + 8 * half;
      float all = sum[half] + __shfl_xor_sync(~0u, sum[half], 1);
      all += __shfl_xor_sync(~0u, all, 2);
      if (row >= d.rows) continue;
      if (t == 0) d.maximum[first + row] = maximum[half], d.sum[first + row] = all;
      float *mixed = d.mixed + (first + row) * columns;
#pragma unroll
      for (int i = 0; i < value_runs * 2; i++) {
        float4 *to = reinterpret_cast<float4 *>(mixed + 64 * (i / 2) + 16 * t + 8 * (i % 2));
        const auto &from = o[i / 2];
        int part = 2 * half + i % 2;
        to[0] = make_float4(from[0][part], from[1][part], from[2][part], from[3][part]);
        to[1] = make_float4(from[4][part], from[5][part], from[6][part], from[7][part]);
      }
    }
  }
};

} // namespace plugin

#endif
