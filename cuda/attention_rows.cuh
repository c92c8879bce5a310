// Where the rows of keys and of values lie (struct row_layout), a tensor's or a ring's, and how
// their numbers come into registers: f32, bf16, or Q8, whose blocks of 32 share an fp16 scale.
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
  bool is_aligned; // runs of 8 numbers lie whole, at multiples of their bytes (at most 16)
};

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
          .is_aligned = are_aligned(data) && s.head_dim % run_length == 0};
}

/// The number of key `key`'s row. There are no more keys than slots.
__device__ __forceinline__ int64_t row_of(const key_rows &rows, int batch, int kv_head, int key) {
  int slot = rows.first_slot + key;
  if (slot >= rows.slots) slot -= rows.slots;
  return batch * rows.batch_rows + kv_head * rows.head_rows + slot * rows.slot_rows;
}

// 8 numbers of a row as they lie, so that several can be on their way before one is looked at.

template <row_type type> struct row_run;

template <> struct row_run<ROWS_F32> {
  run numbers;
  __device__ __forceinline__ void load_whole(const key_rows &rows, int64_t at) {
    plugin::load_whole(numbers, static_cast<const float *>(rows.data) + at);
  }
  __device__ __forceinline__ void put(const key_rows &rows, int64_t at, int i) {
    numbers[i] = static_cast<const float *>(rows.data)[at];
  }
  __device__ __forceinline__ void take_scale(const key_rows &, int64_t, int) {}
  __device__ __forceinline__ void widen(run &x) const {
#pragma unroll
    for (int i = 0; i < run_length; i++) x[i] = numbers[i];
  }
};

template <> struct row_run<ROWS_BF16> {
  uint32_t pairs[4];
  __device__ __forceinline__ void load_whole(const key_rows &rows, int64_t at) {
    uint4 four = *reinterpret_cast<const uint4 *>(static_cast<const uint16_t *>(rows.data) + at);
    pairs[0] = four.x, pairs[1] = four.y, pairs[2] = four.z, pairs[3] = four.w;
  }
  __device__ __forceinline__ void put(const key_rows &rows, int64_t at, int i) {
    pairs[i / 2] |= static_cast<uint32_t>(static_cast<const uint16_t *>(rows.data)[at])
                    << i % 2 * 16;
  }
  __device__ __forceinline__ void take_scale(const key_rows &, int64_t, int) {}
  __device__ __forceinline__ void widen(run &x) const {
#pragma unroll
    for (int i = 0; i < 4; i++) x[2 * i] = low_bf16(pairs[i]), x[2 * i + 1] = high_bf16(pairs[i]);
  }
};

/// 8 int8 times their scale. Each byte b becomes the float 2^23 + (b + 128), from which that is
/// taken: conversions proper go at a quarter of the rate of additions.
__device__ __forceinline__ void widen_int8(run &x, uint2 bytes, float scale) {
#pragma unroll
  for (int i = 0; i < run_length; i++) {
    uint32_t four = (i < 4 ? bytes.x : bytes.y) ^ 0x80808080u;
    uint32_t bits = __byte_perm(four, 0x4b000000u, 0x7440u + i % 4);
    x[i] = scale * (__uint_as_float(bits) - 8388736.0f);
  }
}

template <> struct row_run<ROWS_Q8> {
  uint32_t fours[2];
  uint16_t scale; // of the block of 32, in which all 8 are
  __device__ __forceinline__ void load_whole(const key_rows &rows, int64_t at) {
    uint2 two = *reinterpret_cast<const uint2 *>(static_cast<const uint8_t *>(rows.data) + at);
    fours[0] = two.x, fours[1] = two.y;
  }
  __device__ __forceinline__ void put(const key_rows &rows, int64_t at, int i) {
    fours[i / 4] |= static_cast<uint32_t>(static_cast<const uint8_t *>(rows.data)[at]) << i % 4 * 8;
  }
  __device__ __forceinline__ void take_scale(const key_rows &rows, int64_t row, int column) {
    scale = rows.scales[row * rows.blocks + column / Q8_BLOCK];
  }
  __device__ __forceinline__ void widen(run &x) const {
    widen_int8(x, make_uint2(fours[0], fours[1]), cvt_f32_f16(scale));
  }
};

/// Numbers column ..< column + 8 of a row, 0 beyond head_dim and where the row does not exist. The
/// column is a multiple of 8.
template <row_type type>
__device__ __forceinline__ void load(row_run<type> &to, const key_rows &rows, int64_t row,
                                     int column, bool exists = true) {
  int count = exists ? rows.head_dim - column : 0;
  int64_t at = row * rows.head_dim + column;
  to = {};
  if (count <= 0) return;
  to.take_scale(rows, row, column);
  if (rows.is_aligned) {
    to.load_whole(rows, at);
  } else {
#pragma unroll
    for (int i = 0; i < run_length; i++)
      if (i < count) to.put(rows, at + i, i);
  }
}

/// The same, as floats.
template <row_type type>
__device__ __forceinline__ void load_numbers(run &x, const key_rows &rows, int64_t row,
                                             int column) {
  row_run<type> numbers;
  load(numbers, rows, row, column);
  numbers.widen(x);
}

/// The same for rows of any type.
__device__ __forceinline__ void load_numbers(run &x, const key_rows &rows, int64_t row,
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
