// Products of tiles in shared memory, 64 x 64 by a block of 128 threads: bf16 by mma.sync, f32 by
// multiply-adds. For attention by the book and FlashAttention 1, which are there to be compared
// with: no copies overlap with products here.
#ifndef RUNEXP_TILES_CUH
#define RUNEXP_TILES_CUH

#include "attention.cuh"
#include "reduce.cuh"

namespace plugin {

constexpr int tile_side = 64, tile_threads = 128;
/// Blocks of a multiprocessor at a time, for which there are registers.
constexpr int tile_blocks = 4;

/// How a tile lies as an operand: with the numbers that are summed over side by side, or across.
enum class along { depth, side };

/// 64 x 64 numbers in shared memory. The distance of two rows leaves no bank conflict, neither to
/// ldmatrix nor to reads of 16 bytes of several rows.
template <typename T> struct tile {
  static constexpr int pitch = tile_side + 16 / static_cast<int>(sizeof(T));
  T numbers[tile_side * pitch];
  __device__ __forceinline__ T *at(int row, int column) { return numbers + row * pitch + column; }
  __device__ __forceinline__ const T *at(int row, int column) const {
    return numbers + row * pitch + column;
  }
};

/// Fills a tile by runs: `get` makes that of (row, column), 0 where there is nothing. Returns
/// whether some number that this thread moved is not finite.
template <typename T, typename Get>
__device__ __forceinline__ bool fill(tile<T> &to, const Get &get) {
  constexpr int runs = tile_side / run_length;
  float check = 0;
#pragma unroll
  for (int i = static_cast<int>(threadIdx.x); i < tile_side * runs; i += tile_threads) {
    int row = i / runs, column = i % runs * run_length;
    run x;
    get(x, row, column);
#pragma unroll
    for (int c = 0; c < run_length; c++) check += x[c] * 0;
    store_whole(to.at(row, column), x);
  }
  return check != 0;
}

/// What a thread holds of the 64 x 64 sums: at(r, c) is that of row(r) and column(c).
template <typename T, along b_along> struct tile_sum;

/// Each warp has 16 rows; of those a thread has 2, whose other columns are in the 3 lanes beside
/// it.
template <along b_along> struct tile_sum<bf16, b_along> {
  static constexpr int rows = 2, columns = 16, lanes = 4;
  float sums[columns / 2][4] = {};

  __device__ __forceinline__ float &at(int r, int c) { return sums[c / 2][2 * r + c % 2]; }
  static __device__ __forceinline__ int row(int r) {
    int thread = static_cast<int>(threadIdx.x);
    return thread / warp_size * 16 + thread % warp_size / 4 + 8 * r;
  }
  static __device__ __forceinline__ int column(int c) {
    return c / 2 * 8 + static_cast<int>(threadIdx.x) % 4 * 2 + c % 2;
  }

  /// += a b over the 64 numbers that both have in common. `careful` leaves out what is hidden.
  template <along a_along>
  __device__ __forceinline__ void multiply(const tile<bf16> &a, const tile<bf16> &b,
                                           bool careful = false) {
    int lane = static_cast<int>(threadIdx.x) % warp_size, first = row(0) - lane / 4;
    int low = lane % 8, middle = lane / 8 % 2 * 8, high = lane / 16 * 8;
#pragma unroll
    for (int k = 0; k < tile_side; k += 16) {
      uint32_t left[4];
      if constexpr (a_along == along::depth)
        ldmatrix_x4(left, shared_address(a.at(first + middle + low, k + high)));
      else
        ldmatrix_x4_trans(left, shared_address(a.at(k + high + low, first + middle)));
#pragma unroll
      for (int n = 0; n < tile_side; n += 16) {
        uint32_t both[4];
        if constexpr (b_along == along::depth)
          ldmatrix_x4(both, shared_address(b.at(n + high + low, k + middle)));
        else
          ldmatrix_x4_trans(both, shared_address(b.at(k + middle + low, n + high)));
        const uint32_t right[2][2] = {{both[0], both[1]}, {both[2], both[3]}};
#pragma unroll
        for (int i = 0; i < 2; i++) {
          if (careful)
            mma_seen_bf16(sums[n / 8 + i], left, right[i]);
          else
            mma_m16n8k16_bf16(sums[n / 8 + i], left, right[i]);
        }
      }
    }
  }
};

/// A thread has 8 rows of 4 columns each; the other columns of a row are in the 15 lanes beside it.
template <along b_along> struct tile_sum<float, b_along> {
  static constexpr int rows = 8, columns = 4, lanes = 16;
  float sums[rows][columns] = {};

  __device__ __forceinline__ float &at(int r, int c) { return sums[r][c]; }
  static __device__ __forceinline__ int row(int r) {
    return static_cast<int>(threadIdx.x) / lanes * 4 + r % 4 + r / 4 * 32;
  }
  static __device__ __forceinline__ int column(int c) {
    int lane = static_cast<int>(threadIdx.x) % lanes;
    return b_along == along::depth ? lane + lanes * c : columns * lane + c;
  }

  template <along a_along>
  __device__ __forceinline__ void multiply(const tile<float> &a, const tile<float> &b,
                                           bool careful = false) {
    if (careful)
      multiply_all<a_along, true>(a, b);
    else
      multiply_all<a_along, false>(a, b);
  }

private:
  template <along a_along, bool careful>
  __device__ __forceinline__ void multiply_all(const tile<float> &a, const tile<float> &b) {
#pragma unroll 2
    for (int k = 0; k < tile_side; k += 4) {
      float left[rows][4], right[4][columns];
      if constexpr (a_along == along::depth) {
#pragma unroll
        for (int r = 0; r < rows; r++) load_four(left[r], a.at(row(r), k));
      } else {
#pragma unroll
        for (int i = 0; i < 4 * rows; i += 4) {
          float four[4];
          load_four(four, a.at(k + i / rows, row(i % rows)));
#pragma unroll
          for (int r = 0; r < 4; r++) left[i % rows + r][i / rows] = four[r];
        }
      }
#pragma unroll
      for (int i = 0; i < 4; i++) {
        if constexpr (b_along == along::side) {
          load_four(right[i], b.at(k + i, column(0)));
        } else {
          float four[4];
          load_four(four, b.at(column(i), k));
#pragma unroll
          for (int d = 0; d < 4; d++) right[d][i] = four[d];
        }
      }
#pragma unroll
      for (int d = 0; d < 4; d++)
#pragma unroll
        for (int r = 0; r < rows; r++)
#pragma unroll
          for (int c = 0; c < columns; c++)
            if (!careful || !is_hidden(left[r][d])) sums[r][c] += left[r][d] * right[d][c];
    }
  }

  static __device__ __forceinline__ void load_four(float (&x)[4], const float *from) {
    float4 four = *reinterpret_cast<const float4 *>(from);
    x[0] = four.x, x[1] = four.y, x[2] = four.z, x[3] = four.w;
  }
};

/// Calls `work(row, column, sum)` for all of a thread's sums.
template <typename Sum, typename Work>
__device__ __forceinline__ void for_each_sum(Sum &sum, const Work &work) {
#pragma unroll
  for (int r = 0; r < Sum::rows; r++)
#pragma unroll
    for (int c = 0; c < Sum::columns; c++) work(Sum::row(r), Sum::column(c), sum.at(r, c));
}

/// Over the columns of a row, of which each lane has joined its own.
template <typename Sum, typename Join>
__device__ __forceinline__ float reduce_row(float x, const Join &join) {
#pragma unroll
  for (int bit = Sum::lanes / 2; bit > 0; bit /= 2) x = join(x, __shfl_xor_sync(~0u, x, bit));
  return x;
}

} // namespace plugin

#endif
