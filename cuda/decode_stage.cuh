// How rows of keys and values come to a warp that decodes on tensor cores: stages of 16 keys in
// shared memory, filled while the warp works on another. See decode_bf16.cuh.
#ifndef RUNEXP_DECODE_STAGE_CUH
#define RUNEXP_DECODE_STAGE_CUH

#include "decode.cuh"

namespace plugin {

constexpr int chunk_keys = 16, tile_rows = 16;

/// A stage of a warp: 16 keys' rows as they lie in memory, zeros beyond their ends, and their
/// scales. `columns` is head_dim, filled up to a multiple of 64. The distances of rows keep the
/// lanes that read at a time (8 for 16 bytes, 16 for 8) in different banks.
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

/// How the rows of keys and values lie where chunks of them are fetched without tests.
struct even_chunks {
  uint32_t stride; // bytes from slot to slot; 0: no chunk is even

  static even_chunks of(const key_rows &k, const key_rows &v, int columns, int64_t size) {
    int64_t bytes = k.slot_rows * k.head_dim * size;
    bool is_even = are_aligned(k.data, v.data) && k.head_dim == columns && bytes <= UINT32_MAX;
    return {is_even ? static_cast<uint32_t>(bytes) : 0};
  }
};

/// Brings a warp's chunks of a split to its stages.
template <row_type type, int columns> struct decode_fetcher {
  using stage = decode_stage<type, columns>;
  using element = typename stage::element;
  static constexpr int scales_each = chunk_keys * stage::blocks / warp_size;
  // Of a row's pieces of 16 bytes, as many lie side by side in 128 bytes or 64. The lanes have as
  // many of several rows at once, and so on along the rows.
  static constexpr int pieces = stage::row_bytes / 16, side_by_side = pieces % 8 == 0 ? 8 : 4;
  static constexpr int rows_at_once = warp_size / side_by_side;

  const key_rows &k, &v;
  const decode_place &place;
  even_chunks even;
  int lane;
  int64_t first_row;               // of slot 0
  int64_t own;                     // bytes: where the lane's first piece of slot 0 lies
  int own_key, own_value;          // bytes: in a stage
  uint16_t coming[2][scales_each]; // this lane's share of the scales of keys and of values

  __device__ __forceinline__ decode_fetcher(const key_rows &k, const key_rows &v,
                                            const decode_place &place, even_chunks even, int lane)
      : k(k), v(v), place(place), even(even), lane(lane) {
    unsigned row = static_cast<unsigned>(lane) / side_by_side;
    unsigned byte = static_cast<unsigned>(lane) % side_by_side * 16;
    first_row = place.batch * k.batch_rows + place.kv_head * k.head_rows;
    own = first_row * k.head_dim * static_cast<int64_t>(sizeof(element)) +
          row * static_cast<int64_t>(even.stride) + byte;
    own_key = static_cast<int>(row * stage::key_pitch + byte);
    own_value = static_cast<int>(row * stage::value_pitch + byte);
  }

  /// Begins to fetch 16 keys and their values.
  __device__ __forceinline__ void fetch(stage &to, int first) {
    int slot = k.first_slot + first;
    if (slot >= k.slots) slot -= k.slots;
    if (even.stride != 0 && first + chunk_keys <= place.keys.end && slot + chunk_keys <= k.slots)
      fetch_even(to, slot);
    else
      fetch_uneven(to, first);
  }

  /// The scales of 16 keys and their values come to registers.
  __device__ __forceinline__ void fetch_scales(int first) {
    if constexpr (type == ROWS_Q8) {
#pragma unroll
      for (int i = 0; i < scales_each; i++) {
        int key = (i * warp_size + lane) / stage::blocks;
        int block = (i * warp_size + lane) % stage::blocks;
        bool exists = first + key < place.keys.end && block < k.blocks;
        int64_t at =
            exists ? row_of(k, place.batch, place.kv_head, first + key) * k.blocks + block : 0;
        coming[0][i] = exists ? k.scales[at] : 0;
        coming[1][i] = exists ? v.scales[at] : 0;
      }
    }
  }

  /// Waits until the rows of a stage are there, for all lanes, but for the `pending` chunks that
  /// were asked for after it.
  template <int pending> __device__ __forceinline__ void await(stage &to) {
    cp_async_wait_group<pending>();
    if constexpr (type == ROWS_Q8) {
#pragma unroll
      for (int i = 0; i < scales_each; i++) {
        to.scales[0][i * warp_size + lane] = cvt_f32_f16(coming[0][i]);
        to.scales[1][i * warp_size + lane] = cvt_f32_f16(coming[1][i]);
      }
    }
    __syncwarp();
  }

private:
  __device__ __forceinline__ void fetch_even(stage &to, int slot) {
    int64_t at = own + static_cast<uint64_t>(static_cast<uint32_t>(slot)) * even.stride;
    const char *keys = static_cast<const char *>(k.data) + at;
    const char *values = static_cast<const char *>(v.data) + at;
    uint32_t to_keys = shared_address(to.keys) + own_key;
    uint32_t to_values = shared_address(to.values) + own_value;
    uint64_t step = static_cast<uint64_t>(even.stride) * rows_at_once;
#pragma unroll
    for (int row = 0; row < chunk_keys; row += rows_at_once) {
#pragma unroll
      for (int piece = 0; piece < pieces; piece += side_by_side) {
        cp_async_cg_16(to_keys + row * stage::key_pitch + piece * 16, keys + piece * 16);
        cp_async_cg_16(to_values + row * stage::value_pitch + piece * 16, values + piece * 16);
      }
      keys += step, values += step;
    }
  }

  /// Where a ring or the split ends, rows are cut, or do not lie at multiples of 16 bytes.
  __device__ __forceinline__ void fetch_uneven(stage &to, int first) {
    bool in_pieces = are_pieces();
    int width = in_pieces ? 16 / static_cast<int>(sizeof(element)) : 1;
#pragma unroll 1
    for (int i = lane * width; i < chunk_keys * columns; i += warp_size * width) {
      int key = i / columns, column = i % columns;
      bool exists = first + key < place.keys.end && column < k.head_dim;
      int64_t row = exists ? row_of(k, place.batch, place.kv_head, first + key) : 0;
      int64_t at = exists ? row * k.head_dim + column : 0;
      const element *from_key = static_cast<const element *>(k.data) + at;
      const element *from_value = static_cast<const element *>(v.data) + at;
      element *to_key = reinterpret_cast<element *>(to.keys + key * stage::key_pitch) + column;
      element *to_value =
          reinterpret_cast<element *>(to.values + key * stage::value_pitch) + column;
      if (in_pieces) {
        cp_async_cg_16(shared_address(to_key), from_key, exists);
        cp_async_cg_16(shared_address(to_value), from_value, exists);
      } else {
        *to_key = exists ? *from_key : 0;
        *to_value = exists ? *from_value : 0;
      }
    }
  }

  __device__ __forceinline__ bool are_pieces() const {
    return k.is_aligned && v.is_aligned && k.head_dim * sizeof(element) % 16 == 0;
  }
};

} // namespace plugin

#endif
