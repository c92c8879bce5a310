// FlashAttention-3: tiles of bf16 or e4m3 in shared memory, how they come there, and the products
// of a warpgroup with them.
#ifndef RUNEXP_FLASH3_TILES_CUH
#define RUNEXP_FLASH3_TILES_CUH

#include "elements.cuh"
#include "warpgroups.cuh"

namespace plugin::flash3 {

/// Bytes of a panel's row, within which pieces are shuffled.
__host__ __device__ constexpr int panel_row_bytes(int row_bytes) {
  return row_bytes < 128 ? row_bytes : 128;
}

/// A tile [rows, columns] lies as panels of its columns, whose rows have 128 bytes, or 64 where the
/// tile's have no more. Each panel begins at a multiple of 1024 bytes.
template <int rows, int columns, typename element = bf16> struct tile {
  static constexpr int row_bytes = columns * static_cast<int>(sizeof(element));
  static constexpr int panel_row = panel_row_bytes(row_bytes);
  static constexpr int panel_columns = panel_row / static_cast<int>(sizeof(element));
  static constexpr int panels = row_bytes / panel_row;
  static constexpr uint32_t panel_bytes = rows * panel_row;
  static constexpr uint32_t bytes = panels * panel_bytes;
  static constexpr swizzle mode = panel_row == 128 ? swizzle::bytes_128 : swizzle::bytes_64;
  static_assert(rows % 8 == 0 && row_bytes % panel_row == 0 && panel_row >= 64,
                "whole patterns of the swizzle");

  /// As an operand whose k runs along the columns; steps are `along_columns(step)` further.
  static __device__ __forceinline__ uint64_t by_rows(uint32_t tile) {
    return matrix_descriptor(tile, 16, 8 * panel_row, mode);
  }
  static __device__ constexpr uint64_t along_columns(int step) {
    constexpr int steps = panel_row / step_bytes; // of a panel
    return (step / steps * panel_bytes + step % steps * step_bytes) >> 4;
  }
  /// As an operand whose k runs along the rows, of bf16.
  static __device__ __forceinline__ uint64_t by_columns(uint32_t tile) {
    static_assert(panel_row == 128 && sizeof(element) == 2, "what the steps are for");
    return matrix_descriptor(tile, panel_bytes, 1024, mode);
  }
  static __device__ constexpr uint64_t along_rows(int step) { return (step * 16 * 128) >> 4; }

  /// Loads it, from a row and a column on.
  static __device__ __forceinline__ void load(uint32_t tile, const CUtensorMap *map, int row,
                                              int head, int batch, uint32_t mbarrier,
                                              int column = 0) {
#pragma unroll
    for (int panel = 0; panel < panels; panel++)
      cp_async_bulk_tensor(tile + panel * panel_bytes, map,
                           {column + panel * panel_columns, head, row, batch}, mbarrier);
  }

  static __device__ __forceinline__ void store(const CUtensorMap *map, int row, int head, int batch,
                                               uint32_t tile) {
#pragma unroll
    for (int panel = 0; panel < panels; panel++)
      cp_async_bulk_tensor_store(map, {panel * panel_columns, head, row, batch},
                                 tile + panel * panel_bytes);
  }
};

/// Issues, as a group, out[64, n] = a b^T over `columns` columns: a is 64 rows of a tile of theirs,
/// b a tile of n rows.
template <int n, int columns, typename element = bf16>
__device__ __forceinline__ void multiply_rows(float (&out)[n / 2], uint32_t a, uint32_t b) {
  typedef tile<warpgroup_rows, columns, element> a_tile;
  typedef tile<n, columns, element> b_tile;
  uint64_t a_part = a_tile::by_rows(a), b_part = b_tile::by_rows(b);
  wgmma_fence();
#pragma unroll
  for (int step = 0; step < a_tile::row_bytes / step_bytes; step++) {
    uint64_t a_step = a_part + a_tile::along_columns(step);
    uint64_t b_step = b_part + b_tile::along_columns(step);
    if constexpr (sizeof(element) == 1)
      wgmma_e4m3<n>(out, a_step, b_step, step > 0);
    else
      wgmma<n, false>(out, a_step, b_step, step > 0);
  }
  wgmma_commit_group();
}

/// Issues, as a group, out[64, columns] += a b: a [64, k] in registers, b a tile of k rows.
template <int k, int columns>
__device__ __forceinline__ void multiply_columns(float (&out)[columns / 2],
                                                 const uint32_t (&a)[k / 16][4], uint32_t b) {
  typedef tile<k, columns> b_tile;
  uint64_t b_part = b_tile::by_columns(b);
  fence_registers(out);
  wgmma_fence();
#pragma unroll
  for (int step = 0; step < k / 16; step++)
    wgmma<columns, true>(out, a[step], b_part + b_tile::along_rows(step), true);
  wgmma_commit_group();
}

/// The same of e4m3: b^T is a tile of `columns` rows, each with the k numbers of its column in the
/// order of to_operand.
template <int k, int columns>
__device__ __forceinline__ void multiply_columns(float (&out)[columns / 2],
                                                 const uint32_t (&a)[k / 32][4], uint32_t b) {
  typedef tile<columns, k, e4m3> b_tile;
  uint64_t b_part = b_tile::by_rows(b);
  fence_registers(out);
  wgmma_fence();
#pragma unroll
  for (int step = 0; step < k / 32; step++)
    wgmma_e4m3<columns>(out, a[step], b_part + b_tile::along_columns(step), true);
  wgmma_commit_group();
}

/// Keeps what gives `x`, which is never negative, in front of the wait that follows. ptxas takes a
/// wait for a product as early as it can, before arithmetic that does not need the product, which
/// then no longer runs beside it; the compiler's own fences are gone when it does so. Only a branch
/// stops it, so this is one that depends on x and is never taken.
__device__ __forceinline__ void compute_before_wait(float x) {
  if (__any_sync(~0u, x == -1.0f)) wgmma_wait_group<1>();
}

/// An accumulator as the bf16 operand of the next product: what wgmma gives is laid out as what it
/// takes.
template <int n>
__device__ __forceinline__ void to_operand(uint32_t (&a)[n / 16][4], const float (&x)[n / 2]) {
#pragma unroll
  for (int i = 0; i < n / 4; i++) a[i / 4][i % 4] = cvt_rn_bf16x2(x[2 * i], x[2 * i + 1]);
}

/// The same as e4m3. Here the layouts differ: of every 16 columns a thread has 2 and the 2 that are
/// 8 further, and is to give 4 neighbours. So it gives those that it has, and b's rows follow
/// (section 3.3 moves the registers instead).
template <int n>
__device__ __forceinline__ void to_operand(uint32_t (&a)[n / 32][4], const float (&x)[n / 2]) {
#pragma unroll
  for (int i = 0; i < n / 8; i++) {
    int at = i / 2 * 8 + i % 2 * 2;
    a[i / 4][i % 4] = cvt_rn_satfinite_e4m3x2(x[at], x[at + 1]) |
                      cvt_rn_satfinite_e4m3x2(x[at + 4], x[at + 5]) << 16;
  }
}

/// Which column of its 16 is in a place of the operand.
__host__ __device__ constexpr int column_in_operand(int place) {
  return place / 4 * 2 + place % 2 + place % 4 / 2 * 8;
}

// On the host.

/// What is mapped: [batch, rows, heads, columns], strides in elements, those of columns 1.
struct strided_tensor {
  const void *data;
  int64_t batch, rows, heads, columns;
  int64_t batch_stride, row_stride, head_stride;
  int element_bytes = 2; // bf16; 1: e4m3
};

/// A tensor map for the copy engine, in boxes of `box_rows` rows of a head and the columns of a
/// panel of tiles with rows of so many bytes. False where it went wrong, which the context knows
/// then.
bool make_map(kernel_context *context, CUtensorMap *map, const strided_tensor &tensor, int box_rows,
              int row_bytes);
/// The same of a bf16 tensor like q, and of one like k.
bool map_queries(kernel_context *context, CUtensorMap *map, const void *data, const attention &s,
                 int box_rows);
bool map_keys(kernel_context *context, CUtensorMap *map, const void *data, const attention &s,
              int box_rows);

} // namespace plugin::flash3

#endif
