// Tiles of bf16 rows in shared memory, as FlashAttention-2 multiplies them: how they lie there, and
// the fragments that mma reads of them. How rows come in is in flash2_load.cuh.
#ifndef RUNEXP_FLASH2_TILES_CUH
#define RUNEXP_FLASH2_TILES_CUH

#include "flash2_rows.cuh"

namespace plugin {

/// `rows` rows of `columns` bf16, in pages of 64 columns, or of 32 where 64 do not divide them. A
/// page's row is 128 bytes (or 64), and its pieces of 16 bytes are exchanged by an exclusive or
/// with the row's number: the 8 rows of a piece that ldmatrix reads at once lie in different banks.
template <int rows_, int columns_> struct bf16_tile {
  static constexpr int rows = rows_, columns = columns_;
  static constexpr int pieces = columns / 8; // of a row
  static constexpr int bytes = rows * columns * 2;
  static constexpr int page = columns % 64 == 0 ? 64 : 32;
  static constexpr int pages = columns / page, page_pieces = page / 8;
  static constexpr int row_bytes = page * 2, page_bytes = rows * row_bytes; // of a page
  static_assert(rows % 16 == 0 && columns % page == 0, "whole fragments, whole pages");

  uint32_t address; // in shared memory, a multiple of 128

  /// Where a piece lies, from its page's beginning on.
  __device__ __forceinline__ static uint32_t in_page(int row, int piece) {
    int turn = page == 64 ? row & 7 : row >> 1 & 3;
    return row * row_bytes + (piece ^ turn) * 16;
  }
  __device__ __forceinline__ uint32_t at(int row, int piece) const {
    return address + piece / page_pieces * page_bytes + in_page(row, piece % page_pieces);
  }
};

/// A thread's share of a tile's pieces, where `threads` have equal ones: in each page the same
/// piece of every `step`-th row. All lie at constant distances from the first, since the exchange
/// of pieces is the same after 8 rows.
template <int threads, typename tile> struct own_pieces {
  static constexpr int step = threads / tile::page_pieces, rows = tile::rows / step;
  static_assert(tile::rows % step == 0 && step % 8 == 0, "equal shares, the same exchange");

  int row, piece; // of the first
  uint32_t first; // where it lies, from the tile's beginning on

  __device__ __forceinline__ own_pieces()
      : row(static_cast<int>(threadIdx.x / tile::page_pieces)),
        piece(static_cast<int>(threadIdx.x % tile::page_pieces)), first(tile::in_page(row, piece)) {
  }

  /// Where the piece of the thread's i-th row lies in a page.
  __device__ __forceinline__ static uint32_t at(uint32_t first, int i, int page) {
    return first + i * step * tile::row_bytes + page * tile::page_bytes;
  }

  /// Calls `work(row, piece, address)` for each. In a loop: for what is rare.
  template <typename Work> __device__ __forceinline__ static void visit(tile of, const Work &work) {
    own_pieces own;
#pragma unroll 1
    for (int i = 0; i < rows * tile::pages; i++) {
      int page = i / rows, number = i % rows;
      work(own.row + number * step, own.piece + page * tile::page_pieces,
           at(of.address + own.first, number, page));
    }
  }
};

/// 16 bytes of shared memory.
__device__ __forceinline__ uint4 &piece_at(uint32_t address) {
  return *reinterpret_cast<uint4 *>(shared_memory() + (address - shared_address(shared_memory())));
}

__device__ __forceinline__ uint32_t &word_at(uint32_t address) {
  return *reinterpret_cast<uint32_t *>(shared_memory() +
                                       (address - shared_address(shared_memory())));
}

__device__ __forceinline__ float4 four_at(uint32_t address) {
  return *reinterpret_cast<const float4 *>(shared_memory() +
                                           (address - shared_address(shared_memory())));
}

/// Contributes two numbers of a row that begins at `begin`, those at `column` and the next.
__device__ __forceinline__ void contribute_pair(const target<bf16> &to, int64_t begin, int column,
                                                int head_dim, float low, float high) {
  bf16 *at = to.data + begin + column;
  if (column + 1 < head_dim && reinterpret_cast<uintptr_t>(at) % 4 == 0) {
    uint32_t &pair = *reinterpret_cast<uint32_t *>(at);
    if (to.accumulate) low += low_bf16(pair), high += high_bf16(pair);
    pair = cvt_rn_bf16x2(low, high);
    return;
  }
  if (column < head_dim) contribute(to, begin + column, low);
  if (column + 1 < head_dim) contribute(to, begin + column + 1, high);
}

/// Writes the first `count` of 8 numbers; all 8 are a piece of 16 bytes in memory too.
__device__ __forceinline__ void store_piece(bf16 *to, uint4 piece, int count) {
  if (count == 8 && reinterpret_cast<uintptr_t>(to) % 16 == 0) {
    *reinterpret_cast<uint4 *>(to) = piece;
    return;
  }
  uint32_t words[4] = {piece.x, piece.y, piece.z, piece.w};
#pragma unroll
  for (int i = 0; i < 8; i++)
    if (i < count) to[i].bits = static_cast<uint16_t>(words[i / 2] >> i % 2 * 16);
}

__device__ __forceinline__ uint4 to_piece(const run &x) {
  return make_uint4(cvt_rn_bf16x2(x[0], x[1]), cvt_rn_bf16x2(x[2], x[3]), cvt_rn_bf16x2(x[4], x[5]),
                    cvt_rn_bf16x2(x[6], x[7]));
}

// Numbers that are not finite, of rows that some of the others must not see: 0 * NaN is NaN.

/// Two bits, 0x8000 and 0x80000000, for those halves of a pair that are infinite or NaN.
__device__ __forceinline__ uint32_t not_finite(uint32_t pair) {
  // Of an exponent of all ones, the sum carries into the sign's place.
  return ((pair & 0x7f807f80u) + 0x00800080u) & 0x80008000u;
}

/// All bits of those halves whose upper bit is set.
__device__ __forceinline__ uint32_t widen_halves(uint32_t upper) {
  return (upper >> 15 & 0x00010001u) * 0xffffu;
}

/// All bits of those halves that are equal.
__device__ __forceinline__ uint32_t equal_halves(uint32_t a, uint32_t b) {
  uint32_t differing = a ^ b; // a half that is not 0 has its upper bit, or gets it by the sum
  return ~widen_halves(((differing & 0x7fff7fffu) + 0x7fff7fffu) | differing);
}

/// Whether a number of the calling thread's share is not finite.
template <int threads, int rows, int columns>
__device__ __forceinline__ bool has_not_finite(const bf16_tile<rows, columns> &tile) {
  uint32_t found = 0;
  own_pieces<threads, bf16_tile<rows, columns>>::visit(tile, [&](int, int, uint32_t at) {
    uint4 x = piece_at(at);
    found |= not_finite(x.x) | not_finite(x.y) | not_finite(x.z) | not_finite(x.w);
  });
  return found != 0;
}

/// Replaces the calling thread's share of the numbers, two at a time.
template <int threads, int rows, int columns, typename Function>
__device__ __forceinline__ void replace_pairs(const bf16_tile<rows, columns> &tile,
                                              const Function &function) {
  own_pieces<threads, bf16_tile<rows, columns>>::visit(tile, [&](int, int, uint32_t at) {
    uint4 &x = piece_at(at);
    x = make_uint4(function(x.x), function(x.y), function(x.z), function(x.w));
  });
}

// Fragments of 16 x 16 numbers. `lane` is the thread's place in its warp.

__device__ __forceinline__ int lane_of_warp() { return static_cast<int>(threadIdx.x % 32); }

/// The same, for what is computed again each time: kept, it would fill registers.
__device__ __forceinline__ int lane_here() {
  int lane = lane_of_warp();
  computed_here(lane);
  return lane;
}

/// Where a lane reads its row of a tile's fragments. They begin at rows that are multiples of 8 and
/// at pairs of pieces, so that all addresses are made of that of the first: an exclusive or with a
/// constant of the step along the row, and the addition of another one.
template <typename tile> struct fragment_lane {
  uint32_t first;

  /// Of the fragment of rows `row` and on, columns 16 k and on.
  __device__ __forceinline__ uint32_t at(int row, int k) const {
    constexpr int steps = tile::page / 16;
    return (first ^ (k % steps * 32)) + k / steps * tile::page_bytes + row * tile::row_bytes;
  }
};

/// Fragments whose upper 16 lanes read the columns from 8 on: operand a of m16n8k16, and two
/// operands b of a tile whose rows are along k.
template <int rows, int columns>
__device__ __forceinline__ fragment_lane<bf16_tile<rows, columns>> lane_across(
    const bf16_tile<rows, columns> &tile) {
  unsigned lane = threadIdx.x; // unsigned, as each use may compute it again
  return {tile.address + tile.in_page(lane % 16, lane / 16 % 2)};
}

/// Fragments whose upper 16 lanes read the rows from 8 on: two operands b of a tile whose rows are
/// their columns.
template <int rows, int columns>
__device__ __forceinline__ fragment_lane<bf16_tile<rows, columns>> lane_down(
    const bf16_tile<rows, columns> &tile) {
  unsigned lane = threadIdx.x;
  return {tile.address + tile.in_page(lane / 16 % 2 * 8 + lane % 8, lane / 8 % 2)};
}

/// Operand a of m16n8k16: rows `row` and on, columns 16 k and on. From lane_across.
template <typename tile>
__device__ __forceinline__ void load_a(uint32_t (&a)[4], const fragment_lane<tile> &from, int row,
                                       int k) {
  ldmatrix_x4(a, from.at(row, k));
}

/// Two operands b, of columns n and n + 8, from a tile whose rows are those columns. From
/// lane_down.
template <typename tile>
__device__ __forceinline__ void load_b(uint32_t (&b)[2][2], const fragment_lane<tile> &from, int n,
                                       int k) {
  uint32_t r[4];
  ldmatrix_x4(r, from.at(n, k));
  b[0][0] = r[0], b[0][1] = r[1], b[1][0] = r[2], b[1][1] = r[3];
}

/// Two operands b, of columns 16 n and 16 n + 8, from a tile whose rows, `row` and on, are along k.
/// From lane_across.
template <typename tile>
__device__ __forceinline__ void load_b_transposed(uint32_t (&b)[2][2],
                                                  const fragment_lane<tile> &from, int row, int n) {
  uint32_t r[4];
  ldmatrix_x4_trans(r, from.at(row, n));
  b[0][0] = r[0], b[0][1] = r[1], b[1][0] = r[2], b[1][1] = r[3];
}

/// Accumulators of 16 x 16 sums, which are two of m16n8k16's, as its next operand a.
__device__ __forceinline__ void to_operand(uint32_t (&a)[4], const float (&left)[4],
                                           const float (&right)[4]) {
  a[0] = cvt_rn_bf16x2(left[0], left[1]), a[1] = cvt_rn_bf16x2(left[2], left[3]);
  a[2] = cvt_rn_bf16x2(right[0], right[1]), a[3] = cvt_rn_bf16x2(right[2], right[3]);
}

} // namespace plugin

#endif
