// How rows of keys and values come to a warp that decodes on tensor cores: a stage of 16 keys in
// shared memory, filled while the warp works on another. See decode_bf16.cuh.
#ifndef RUNEXP_DECODE_STAGE_CUH
#define RUNEXP_DECODE_STAGE_CUH

#include "decode.cuh"

namespace plugin {

constexpr int chunk_keys = 16, tile_rows = 16;

/// A stage of a warp: 16 keys' rows as they lie in memory, zeros beyond their ends, and their scales.
/// `columns` is head_dim, filled up to a multiple of 64. The distances of rows keep the lanes that
/// read at a time (8 for 16 bytes, 16 for 8) in different banks.
template <row_type type, int columns> struct alignas(16) decode_stage {
  using element = std::conditional_t<type == ROWS_BF16, uint16_t, uint8_t>;
  static constexpr int row_bytes = columns * sizeof(element), blocks = columns / Q8_BLOCK;
  static constexpr int key_pitch = row_bytes + (type == ROWS_BF16 ? 64 : 32);
  static constexpr int value_pitch = row_bytes + 16;
  unsigned char keys[chunk_keys * key_pitch], values[chunk_keys * value_pitch];
  float scales[2][type == ROWS_Q8 ? chunk_keys * blocks : 4]; // of keys, of values
};

/// Two steps' operands from 8 numbers along a row.
template <row_type type>
__device__ __forceinline__ void read_pairs(uint32_t (&pairs)[4], const unsigned char *at,
                                           const float *scale) {
  if constexpr (type == ROWS_BF16) {
    uint4 four = *reinterpret_cast<const uint4 *>(at);
    pairs[0] = four.x, pairs[1] = four.y, pairs[2] = four.z, pairs[3] = four.w;
  } else {
    uint2 two = *reinterpret_cast<const uint2 *>(at);
    run x;
    widen_int8(x, two, *scale);
#pragma unroll
    for (int i = 0; i < 4; i++) pairs[i] = cvt_rn_bf16x2(x[2 * i], x[2 * i + 1]);
  }
}

/// Brings a warp's chunks of a split to its stages.
template <row_type type, int columns> struct decode_fetcher {
  using stage = decode_stage<type, columns>;
  using element = typename stage::element;
  static constexpr int scales_each = chunk_keys * stage::blocks / warp_size;

  const key_rows &k, &v;
  const decode_place &place;
  int lane;
  uint16_t coming[2][scales_each]; // this lane's share of the scales of keys and of values

  /// Begins to fetch 16 keys and their values.
  __device__ __forceinline__ void fetch(stage &to, int first) {
    // Key j's row is j slots on from the first one's, or as much less as a ring is long.
    int slot = k.first_slot + first, round = k.slots - slot, count = place.keys.end - first;
    int64_t row = place.batch * k.batch_rows + place.kv_head * k.head_rows + slot * k.slot_rows;
    int64_t ring = k.slots * k.slot_rows;
    int step = static_cast<int>(k.slot_rows);
    auto offset = [&](int key) { return key * step - (key >= round ? ring : 0); };
    const element *keys = static_cast<const element *>(k.data) + row * k.head_dim;
    const element *values = static_cast<const element *>(v.data) + row * k.head_dim;
    if (k.is_aligned && v.is_aligned && k.head_dim * sizeof(element) % 16 == 0) {
      constexpr int pieces = stage::row_bytes / 16;
#pragma unroll 4
      for (int i = lane; i < chunk_keys * pieces; i += warp_size) {
        int key = i / pieces, byte = i % pieces * 16;
        int column = byte / static_cast<int>(sizeof(element));
        bool exists = key < count && column < k.head_dim;
        int64_t at = offset(key) * k.head_dim + column;
        cp_async_cg_16(shared_address(to.keys + key * stage::key_pitch + byte), keys + at, exists);
        cp_async_cg_16(shared_address(to.values + key * stage::value_pitch + byte), values + at,
                       exists);
      }
    } else {
      for (int i = lane; i < chunk_keys * columns; i += warp_size) {
        int key = i / columns, column = i % columns;
        bool exists = key < count && column < k.head_dim;
        int64_t at = offset(key) * k.head_dim + column;
        element *row = reinterpret_cast<element *>(to.keys + key * stage::key_pitch);
        row[column] = exists ? keys[at] : 0;
        row = reinterpret_cast<element *>(to.values + key * stage::value_pitch);
        row[column] = exists ? values[at] : 0;
      }
    }
    cp_async_commit_group();
    if constexpr (type == ROWS_Q8) {
#pragma unroll
      for (int i = 0; i < scales_each; i++) {
        int key = (i * warp_size + lane) / stage::blocks;
        int block = (i * warp_size + lane) % stage::blocks;
        bool exists = key < count && block < k.blocks;
        int64_t at = (row + offset(key)) * k.blocks + block;
        coming[0][i] = exists ? k.scales[at] : 0;
        coming[1][i] = exists ? v.scales[at] : 0;
      }
    }
  }

  /// Waits until the stage's rows are there, for all lanes.
  __device__ __forceinline__ void await(stage &to) {
    cp_async_wait_group<0>();
    if constexpr (type == ROWS_Q8) {
#pragma unroll
      for (int i = 0; i < scales_each; i++) {
        to.scales[0][i * warp_size + lane] = cvt_f32_f16(coming[0][i]);
        to.scales[1][i * warp_size + lane] = cvt_f32_f16(coming[1][i]);
      }
    }
    __syncwarp();
  }
};

} // namespace plugin

#endif
