// How a warp decodes bf16 queries over bf16 and Q8 rows, on tensor cores: 16 query rows of a key/value
// head by the keys of a split. A product's tile is wide enough for all heads of a group, so the time is
// that of reading. See decode.cuh.
//
// Each warp goes over chunks of 16 keys on its own, every fourth of the split, and keeps maxima, sums
// and O of its own: no barrier but at the end. The next chunk's rows are on their way to its two
// stages of shared memory while it works on this one's, as they lie in memory. With bf16 rows of 128
// that is 8 KB a warp and 64 KB a multiprocessor; a memory of 3.35 TB/s that answers after 0.7 us
// wants 18 KB of each of 132.
//
// mma.m16n8k16 gets its operands without ldmatrix, which knows no int8: what is summed over may be in
// any order, as long as both operands agree, and so may the columns of the output. With g = lane / 4
// and t = lane % 4:
//   S = Q K^T: of key g and each 32 columns, a lane reads columns 8 t to 8 t + 7. They serve two
//     steps of 16: 8 t + 4 step + {0, 1} as its b[0], + {2, 3} as its b[1]. q is laid out to match.
//   O = P V: of keys 2 t, 2 t + 1 and 8 further, and each 64 columns, a lane reads columns 8 g to
//     8 g + 7, so that column f of those makes b of the f-th 8 columns of O: these are f, 8 + f, ...
//     and a lane's accumulators are the 16 columns from 16 t on of rows g and g + 8.
#ifndef RUNEXP_DECODE_BF16_CUH
#define RUNEXP_DECODE_BF16_CUH

#include "decode_stage.cuh"

namespace plugin {

/// One warp's way through a split.
template <row_type type, int columns> struct decode_warp {
  using stage = decode_stage<type, columns>;
  static constexpr int key_runs = columns / 32, value_runs = columns / 64;

  const attention_view &a;
  const decode_place &place;
  int lane, g, t;
  float o[value_runs][8][4] = {};
  float maximum[2] = {-INFINITY, -INFINITY}, sum[2] = {}; // the sum is this lane's part

  __device__ __forceinline__ decode_warp(const attention_view &a, const decode_place &place)
      : a(a), place(place), lane(static_cast<int>(threadIdx.x) % warp_size), g(lane / 4),
        t(lane % 4) {}

  /// s += q . k
  __device__ __forceinline__ void multiply_keys(float (&s)[2][4], const uint4 *q,
                                                const stage &from) {
#pragma unroll
    for (int c = 0; c < key_runs; c++) {
      uint4 parts[2] = {q[2 * c * warp_size + lane], q[(2 * c + 1) * warp_size + lane]};
#pragma unroll
      for (int n = 0; n < 2; n++) {
        int key = 8 * n + g;
        uint32_t pairs[4];
        read_pairs<type>(pairs,
                         from.keys + key * stage::key_pitch +
                             (32 * c + 8 * t) * sizeof(typename stage::element),
                         from.scales[0] + key * stage::blocks + c);
#pragma unroll
        for (int step = 0; step < 2; step++) {
          const uint32_t left[4] = {parts[step].x, parts[step].y, parts[step].z, parts[step].w};
          const uint32_t right[2] = {pairs[2 * step], pairs[2 * step + 1]};
          mma_m16n8k16_bf16(s[n], left, right);
        }
      }
    }
  }

  /// Products become logits, -inf where hidden.
  __device__ __forceinline__ void to_logits(float (&s)[2][4], int first, int rows, bool all_seen) {
    if (all_seen && is_plain(a)) {
#pragma unroll
      for (int i = 0; i < 8; i++) s[i / 4][i % 4] *= a.factor;
      return;
    }
#pragma unroll
    for (int half = 0; half < 2; half++) {
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
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float largest = maximum[half];
#pragma unroll
      for (int i = 0; i < 4; i++) largest = larger()(largest, s[i / 2][2 * half + i % 2]);
      largest = larger()(largest, __shfl_xor_sync(~0u, largest, 1));
      largest = larger()(largest, __shfl_xor_sync(~0u, largest, 2));
      float correction = correction_of(maximum[half], largest);
      maximum[half] = largest;
      sum[half] *= correction;
#pragma unroll
      for (int i = 0; i < 4; i++) {
        float &x = s[i / 2][2 * half + i % 2];
        x = weight_of(x, largest);
        sum[half] += x;
      }
#pragma unroll
      for (int i = 0; i < value_runs * 8; i++) {
        o[i / 8][i % 8][2 * half] *= correction;
        o[i / 8][i % 8][2 * half + 1] *= correction;
      }
      p[half] = cvt_rn_bf16x2(s[0][2 * half], s[0][2 * half + 1]);
      p[half + 2] = cvt_rn_bf16x2(s[1][2 * half], s[1][2 * half + 1]);
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

  /// Takes values that are not finite out of a stage, where not every row sees every key: 0 * NaN is
  /// NaN. O becomes NaN where a row sees one. The stage's keys have had their use.
  __device__ __forceinline__ void take_out(stage &from, const uint32_t (&p)[4]) {
    constexpr uint32_t hidden = 0x8000;
    uint32_t seen[2]; // bits of keys
#pragma unroll
    for (int half = 0; half < 2; half++) {
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
        for (int i = 0; i < 4; i++)
          if (odd[64 * c + 8 * (2 * t + i % 2) + f] & seen[i / 2]) o[c][f][i] = NAN;
    __syncwarp();
  }

  /// o += p v
  __device__ __forceinline__ void multiply_values(const uint32_t (&p)[4], const stage &from) {
#pragma unroll
    for (int c = 0; c < value_runs; c++) {
      uint32_t pairs[4][4];
#pragma unroll
      for (int i = 0; i < 4; i++) {
        int key = i / 2 * 8 + 2 * t + i % 2, column = 64 * c + 8 * g;
        read_pairs<type>(pairs[i],
                         from.values + key * stage::value_pitch +
                             column * sizeof(typename stage::element),
                         from.scales[1] + key * stage::blocks + column / Q8_BLOCK);
      }
#pragma unroll
      for (int f = 0; f < 8; f++) {
        // The f-th number of two keys.
        uint32_t which = f % 2 ? 0x7632 : 0x5410;
        const uint32_t b[2] = {__byte_perm(pairs[0][f / 2], pairs[1][f / 2], which),
                               __byte_perm(pairs[2][f / 2], pairs[3][f / 2], which)};
        mma_m16n8k16_bf16(o[c][f], p, b);
      }
    }
  }

  /// Writes maxima, sums and O: [rows][columns].
  __device__ __forceinline__ void write(float *maxima, float *sums, float *mixed) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int row = g + 8 * half;
      float all = sum[half] + __shfl_xor_sync(~0u, sum[half], 1);
      maxima[row] = maximum[half];
      sums[row] = all + __shfl_xor_sync(~0u, all, 2);
#pragma unroll
      for (int i = 0; i < value_runs * 2; i++) {
        float4 *to =
            reinterpret_cast<float4 *>(mixed + row * columns + 64 * (i / 2) + 16 * t + 8 * (i % 2));
        const auto &from = o[i / 2];
        int part = 2 * half + i % 2;
        to[0] = make_float4(from[0][part], from[1][part], from[2][part], from[3][part]);
        to[1] = make_float4(from[4][part], from[5][part], from[6][part], from[7][part]);
      }
    }
  }
};

/// q as the operand of S: for each step and lane, its 4 registers.
template <int columns>
__device__ __forceinline__ void lay_out_queries(uint32_t *to, const bf16 *q,
                                                const decode_place &place, const decode_parts &d,
                                                const attention_view &a) {
  for (int i = static_cast<int>(threadIdx.x); i < columns * 8; i += static_cast<int>(blockDim.x)) {
    // Register i % 4 of lane 4 g + t in step i / 128: two columns of row g or g + 8.
    int lane = i / 4 % warp_size, step = i / 4 / warp_size;
    int row = place.first_row + lane / 4 + i % 2 * 8;
    int column = step / 2 * 32 + 8 * (lane % 4) + 4 * (step % 2) + i % 4 / 2 * 2;
    const bf16 *from =
        q + (row < d.rows ? query_at(a, place.batch, row / a.group, place.head(a, row)) : 0);
    uint32_t low = row < d.rows && column < a.head_dim ? from[column].bits : 0;
    uint32_t high = row < d.rows && column + 1 < a.head_dim ? from[column + 1].bits : 0;
    to[i] = low | high << 16;
  }
}

} // namespace plugin

#endif
