// Where the rows of keys and of values lie (struct row_layout), a tensor's or a ring's, and how their
// numbers come into registers: f32, bf16, or Q8, whose blocks of 32 share an fp16 scale.
#ifndef RUNEXP_ATTENTION_ROWS_CUH
#define RUNEXP_ATTENTION_ROWS_CUH

#include "attention.cuh"

namespace plugin {

/// The keys, or the values.
struct key_rows {
  const void *data;
  const uint16_t *scales; // [row][blocks], of Q8
  int64_t batch_rows, head_rows, slot_rows;
  int slots, first_slot;
  int head_dim, blocks;
  row_type type;
  bool is_aligned; // every row begins at a multiple of 16 bytes
};

inline int64_t bytes_of(row_type type) { return type == ROWS_F32 ? 4 : type == ROWS_BF16 ? 2 : 1; }

inline key_rows key_rows_of(const attention &s, const void *data, const uint16_t *scales) {
  return {.data = data,
          .scales = scales,
          .batch_rows = s.rows.batch_rows,
          .head_rows = s.rows.head_rows,
          .slot_rows = s.rows.slot_rows,
          .slots = static_cast<int>(s.rows.slots),
          .first_slot = s.rows.slots > 0 ? static_cast<int>(s.rows.first_slot % s.rows.slots) : 0,
          .head_dim = static_cast<int>(s.head_dim),
          .blocks = static_cast<int>(ceil_div(s.head_dim, Q8_BLOCK)),
          .type = s.rows.type,
          .is_aligned = are_aligned(data) && s.head_dim * bytes_of(s.rows.type) % 16 == 0};
}

/// The number of key `key`'s row. There are no more keys than slots.
__device__ __forceinline__ int64_t row_of(const key_rows &rows, int batch, int kv_head, int key) {
  int slot = rows.first_slot + key;
  if (slot >= rows.slots) slot -= rows.slots;
  return batch * rows.batch_rows + kv_head * rows.head_rows + slot * rows.slot_rows;
}

/// Four int8 as floats. Each byte b becomes the float 2^23 + (b + 128), from which that is taken:
/// conversions proper go at a quarter of the rate of additions.
__device__ __forceinline__ void widen_int8(float *x, uint32_t bytes) {
  bytes ^= 0x80808080u;
#pragma unroll
  for (int i = 0; i < 4; i++)
    x[i] = __uint_as_float(__byte_perm(bytes, 0x4b000000u, 0x7440u + i)) - 8388736.0f;
}

/// Numbers column ..< column + n of a row, 0 beyond head_dim; without their scale. n is 4, 8 or 16,
/// and column a multiple of it.
template <row_type type, int n>
__device__ __forceinline__ void load_unscaled(float (&x)[n], const key_rows &rows, int64_t row,
                                              int column) {
  static_assert(n == 4 || n == 8 || n == 16, "what 16 bytes hold");
  int64_t at = row * rows.head_dim + column;
  bool is_whole = rows.is_aligned && column + n <= rows.head_dim;
  if constexpr (type == ROWS_F32) {
    const float *from = static_cast<const float *>(rows.data) + at;
#pragma unroll
    for (int i = 0; i < n; i += 4) {
      float4 four = make_float4(0, 0, 0, 0);
      if (is_whole) {
        four = *reinterpret_cast<const float4 *>(from + i);
      } else {
        if (column + i < rows.head_dim) four.x = from[i];
        if (column + i + 1 < rows.head_dim) four.y = from[i + 1];
        if (column + i + 2 < rows.head_dim) four.z = from[i + 2];
        if (column + i + 3 < rows.head_dim) four.w = from[i + 3];
      }
      x[i] = four.x, x[i + 1] = four.y, x[i + 2] = four.z, x[i + 3] = four.w;
    }
  } else {
    // 2 or 4 numbers to a word.
    constexpr int each = type == ROWS_BF16 ? 2 : 4, words = n / each;
    uint32_t word[words] = {};
    if (is_whole && words % 4 == 0) {
#pragma unroll
      for (int i = 0; i < words; i += 4) {
        uint4 four = reinterpret_cast<const uint4 *>(static_cast<const char *>(rows.data) +
                                                     at * (4 / each))[i / 4];
        word[i] = four.x, word[i + 1] = four.y, word[i + 2] = four.z, word[i + 3] = four.w;
      }
    } else if (is_whole) {
#pragma unroll
      for (int i = 0; i < words; i++)
        word[i] = reinterpret_cast<const uint32_t *>(static_cast<const char *>(rows.data) +
                                                     at * (4 / each))[i];
    } else {
#pragma unroll
      for (int i = 0; i < n; i++) {
        if (column + i >= rows.head_dim) continue;
        uint32_t bits = type == ROWS_BF16 ? static_cast<const uint16_t *>(rows.data)[at + i]
                                          : static_cast<const uint8_t *>(rows.data)[at + i];
        word[i / each] |= bits << i % each * (32 / each);
      }
    }
#pragma unroll
    for (int i = 0; i < words; i++) {
      if constexpr (type == ROWS_BF16)
        x[2 * i] = low_bf16(word[i]), x[2 * i + 1] = high_bf16(word[i]);
      else
        widen_int8(x + 4 * i, word[i]);
    }
  }
}

/// What the numbers of a row at `column` and of its block of 32 are to be multiplied by.
template <row_type type>
__device__ __forceinline__ float scale_at(const key_rows &rows, int64_t row, int column) {
  if constexpr (type != ROWS_Q8) return 1;
  return column < rows.head_dim ? cvt_f32_f16(rows.scales[row * rows.blocks + column / Q8_BLOCK])
                                : 0;
}

/// The same numbers, with their scale.
template <row_type type, int n>
__device__ __forceinline__ void load_numbers(float (&x)[n], const key_rows &rows, int64_t row,
                                             int column) {
  load_unscaled<type>(x, rows, row, column);
  if constexpr (type == ROWS_Q8) {
    float scale = scale_at<type>(rows, row, column);
#pragma unroll
    for (int i = 0; i < n; i++) x[i] *= scale;
  }
}

/// The same for rows of any type.
template <int n>
__device__ __forceinline__ void load_numbers(float (&x)[n], const key_rows &rows, int64_t row,
                                             int column) {
  switch (rows.type) {
    case ROWS_F32: return load_numbers<ROWS_F32>(x, rows, row, column);
    case ROWS_BF16: return load_numbers<ROWS_BF16>(x, rows, row, column);
    case ROWS_Q8: return load_numbers<ROWS_Q8>(x, rows, row, column);
  }
}

/// Calls `work` with a value that has the type of the rows as its constant.
template <typename Work> void with_rows(row_type type, const Work &work) {
  switch (type) {
    case ROWS_F32: return work(std::integral_constant<row_type, ROWS_F32>());
    case ROWS_BF16: return work(std::integral_constant<row_type, ROWS_BF16>());
    case ROWS_Q8: return work(std::integral_constant<row_type, ROWS_Q8>());
  }
}

} // namespace plugin

#endif
