// Tiles of f32 rows in shared memory, and the products of FlashAttention-2 in true f32: 256 threads
// as 16 x 16, each of which computes a small rectangle of sums, four terms at a time.
#ifndef RUNEXP_FLASH2_F32_CUH
#define RUNEXP_FLASH2_F32_CUH

#include "flash2_rows.cuh"

namespace plugin {

constexpr int f32_side = 16, f32_threads = f32_side * f32_side;

/// Rows lie four numbers further apart than they are wide, so that 8 of them, read 16 bytes at a
/// time, are in different banks.
template <int rows_, int columns_> struct f32_tile {
  static constexpr int rows = rows_, columns = columns_, pitch = columns + 4;
  static constexpr int bytes = rows * pitch * 4;
  float *numbers;

  __device__ __forceinline__ float *at(int row, int column) const {
    return numbers + row * pitch + column;
  }
  __device__ __forceinline__ float4 four(int row, int column) const {
    return *reinterpret_cast<const float4 *>(at(row, column));
  }
};

/// The tile at the beginning of `memory`, which goes on behind it.
template <typename tile> __device__ __forceinline__ tile take_tile(unsigned char *&memory) {
  tile result = {reinterpret_cast<float *>(memory)};
  memory += tile::bytes;
  return result;
}

/// Fills a tile: `load(x, row, column)` gives eight numbers. Returns whether the thread's are finite.
template <typename tile, typename Load>
__device__ __forceinline__ bool fill_tile(const tile &to, const Load &load) {
  constexpr int runs = tile::columns / run_length;
  static_assert(tile::rows * runs % f32_threads == 0, "equal shares");
  float check = 0;
#pragma unroll 1
  for (int i = 0; i < tile::rows * runs / f32_threads; i++) {
    int n = i * f32_threads + static_cast<int>(threadIdx.x);
    run x = {};
    load(x, n / runs, n % runs * run_length);
    store_whole(to.at(n / runs, n % runs * run_length), x);
#pragma unroll
    for (int j = 0; j < run_length; j++) check += x[j] * 0;
  }
  return check == 0;
}

/// The same from the rows of queries, 0 where there are none.
template <typename tile>
__device__ __forceinline__ void fill_with_queries(const attention_view &a, const tile &to,
                                                  const float *data, const row_group &group,
                                                  int first, bool is_whole) {
  fill_tile(to, [&](run &x, int row, int column) {
    if (first + row < group.count(a) && column < a.head_dim)
      load(x, data + group.at(a, first + row) + column, extent(column, a.head_dim, is_whole));
  });
}

/// The same from the rows of keys or values. Returns whether those that the thread has loaded are
/// finite.
template <typename tile>
__device__ __forceinline__ bool fill_with_keys(const attention_view &a, const tile &to,
                                               const key_rows &rows, const row_group &group,
                                               int first) {
  return fill_tile(to, [&](run &x, int row, int column) {
    if (first + row < a.keys && column < a.head_dim)
      load_numbers(x, rows, row_of(rows, group.batch, group.kv_head, first + row), column);
  });
}

/// The thread's place among 16 x 16. In products its rows are row * n and on, its columns those at
/// `column` and every 16th from there.
__device__ __forceinline__ int f32_row() {
  int row = static_cast<int>(threadIdx.x) / f32_side;
  computed_here(row);
  return row;
}
__device__ __forceinline__ int f32_column() {
  int column = static_cast<int>(threadIdx.x) % f32_side;
  computed_here(column);
  return column;
}

/// s = x y^T: dot products of rows.
template <int n, int m, typename tile_x, typename tile_y>
__device__ __forceinline__ void multiply_rows(float (&s)[n][m], const tile_x &x, const tile_y &y) {
  static_assert(tile_x::rows == n * f32_side && tile_y::rows == m * f32_side, "whole tiles");
  int row = f32_row() * n, column = f32_column();
#pragma unroll
  for (int i = 0; i < n; i++)
#pragma unroll
    for (int j = 0; j < m; j++) s[i][j] = 0;
#pragma unroll 2
  for (int c = 0; c < tile_x::columns; c += 4) {
    float4 left[n];
#pragma unroll
    for (int i = 0; i < n; i++) left[i] = x.four(row + i, c);
#pragma unroll
    for (int j = 0; j < m; j++) {
      float4 right = y.four(column + j * f32_side, c);
#pragma unroll
      for (int i = 0; i < n; i++) {
        s[i][j] = fmaf(left[i].x, right.x, s[i][j]);
        s[i][j] = fmaf(left[i].y, right.y, s[i][j]);
        s[i][j] = fmaf(left[i].z, right.z, s[i][j]);
        s[i][j] = fmaf(left[i].w, right.w, s[i][j]);
      }
    }
  }
}

/// o += weights y: sums of rows of y. Four columns of o lie together: those of o[i][c] are 4 *
/// f32_column() + 64 (c / 4) + c % 4. Where it is `careful`, terms of hidden weights are left out.
template <int n, int columns, typename tile_w, typename tile_y>
__device__ __forceinline__ void add_weighted_rows(float (&o)[n][columns], const tile_w &weights,
                                                  const tile_y &y, bool careful) {
  static_assert(tile_w::rows == n * f32_side && tile_w::columns == tile_y::rows, "whole tiles");
  int row = f32_row() * n, column = f32_column() * 4;
  auto add = [&](int i, int c, float weight, const float4 &right) {
    o[i][c] = fmaf(weight, right.x, o[i][c]), o[i][c + 1] = fmaf(weight, right.y, o[i][c + 1]);
    o[i][c + 2] = fmaf(weight, right.z, o[i][c + 2]);
    o[i][c + 3] = fmaf(weight, right.w, o[i][c + 3]);
  };
  if (careful) {
#pragma unroll 1
    for (int k = 0; k < tile_y::rows; k++)
#pragma unroll
      for (int i = 0; i < n; i++) {
        float weight = *weights.at(row + i, k);
        if (is_hidden(weight)) continue;
#pragma unroll
        for (int c = 0; c < columns; c += 4) add(i, c, weight, y.four(k, column + c * f32_side));
      }
    return;
  }
#pragma unroll 1
  for (int k = 0; k < tile_y::rows; k += 4) {
    float4 left[n];
#pragma unroll
    for (int i = 0; i < n; i++) left[i] = weights.four(row + i, k);
#pragma unroll
    for (int c = 0; c < columns; c += 4) {
      float4 right[4];
#pragma unroll
      for (int l = 0; l < 4; l++) right[l] = y.four(k + l, column + c * f32_side);
#pragma unroll
      for (int i = 0; i < n; i++) {
        add(i, c, left[i].x, right[0]), add(i, c, left[i].y, right[1]);
        add(i, c, left[i].z, right[2]), add(i, c, left[i].w, right[3]);
      }
    }
  }
}

} // namespace plugin

#endif
