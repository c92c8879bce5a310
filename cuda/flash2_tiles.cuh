// Tiles of bf16 rows in shared memory, as FlashAttention-2 multiplies them: how they lie there, how
// rows of queries and of keys come in, and the fragments that mma reads of them.
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
  static_assert(rows % 16 == 0 && columns % page == 0, "whole fragments, whole pages");

  uint32_t address; // in shared memory

  __device__ __forceinline__ uint32_t at(int row, int piece) const {
    constexpr int page_pieces = page / 8;
    int turn = page == 64 ? row & 7 : row >> 1 & 3;
    return address + piece / page_pieces * (rows * page * 2) + row * (page * 2) +
           ((piece % page_pieces ^ turn) * 16);
  }

  /// Calls `work(row, piece, address)` for those of the tile's pieces that are the calling thread's
  /// share.
  template <int threads, bool unrolled = true, typename Work>
  __device__ __forceinline__ void for_own_pieces(const Work &work) const {
    static_assert(rows * pieces % threads == 0, "equal shares");
    unsigned thread = threadIdx.x;
    computed_here(thread);
    constexpr int count = rows * pieces / threads;
    auto visit = [&](int i) {
      unsigned row = (i * threads + thread) / pieces, piece = (i * threads + thread) % pieces;
      if constexpr (threads % pieces == 0)
        row = i * (threads / pieces) + thread / pieces, piece = thread % pieces;
      work(static_cast<int>(row), static_cast<int>(piece),
           at(static_cast<int>(row), static_cast<int>(piece)));
    };
    if constexpr (unrolled) {
#pragma unroll
      for (int i = 0; i < count; i++) visit(i);
    } else {
#pragma unroll 1
      for (int i = 0; i < count; i++) visit(i);
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

__device__ __forceinline__ float2 pair_at(uint32_t address) {
  return *reinterpret_cast<const float2 *>(shared_memory() +
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

// Where rows come from.

/// Rows of q and its like, in bf16.
struct query_rows {
  const bf16 *data;
  row_group group;
  int count;
  bool is_whole; // rows are pieces of 16 bytes

  __device__ __forceinline__ bool is_asynchronous() const { return is_whole; }

  /// Where a piece lies, or anywhere at all where there is none.
  __device__ __forceinline__ const bf16 *piece(const attention_view &a, int row, int column,
                                               bool is_there) const {
    return is_there ? data + group.at(a, row) + column : data;
  }

  /// 8 numbers, some of which there are.
  __device__ __forceinline__ uint4 load_piece(const attention_view &a, int row, int column) const {
    run x;
    load(x, data + group.at(a, row) + column, extent(column, a.head_dim, false));
    return to_piece(x);
  }
};

/// The rows of the keys (or values) that one key/value head has, rounded to bf16 where they are
/// held as something else; which the backward pass's never are.
template <bool may_be_other> struct head_rows {
  const key_rows &rows;
  row_group group;
  int count;

  __device__ __forceinline__ bool is_asynchronous() const {
    return rows.type == ROWS_BF16 && rows.is_aligned;
  }

  __device__ __forceinline__ const bf16 *piece(const attention_view &a, int key, int column,
                                               bool is_there) const {
    const bf16 *data = static_cast<const bf16 *>(rows.data);
    return is_there ? data + row_of(rows, group.batch, group.kv_head, key) * rows.head_dim + column
                    : data;
  }

  __device__ __forceinline__ uint4 load_piece(const attention_view &a, int key, int column) const {
    int64_t row = row_of(rows, group.batch, group.kv_head, key);
    run x;
    if constexpr (may_be_other)
      load_numbers(x, rows, row, column);
    else
      load_numbers<ROWS_BF16>(x, rows, row, column);
    return to_piece(x);
  }
};

/// Fills a tile with rows from `first` on, with 0 where there are none; asynchronously where rows
/// are pieces of 16 bytes. Seen by all after cp_async_wait_group and a barrier.
template <int threads, int rows, int columns, typename Source>
__device__ __forceinline__ void load_tile(const attention_view &a,
                                          const bf16_tile<rows, columns> &tile, Source source,
                                          int first) {
  // What follows from these is worth fewer registers than it takes.
  computed_here(first);
  computed_here(source.group.batch);
  computed_here(source.group.kv_head);
  auto is_there = [&](int row, int piece) {
    return first + row < source.count && piece * 8 < a.head_dim;
  };
  if (source.is_asynchronous()) {
    tile.template for_own_pieces<threads>([&](int row, int piece, uint32_t to) {
      bool exists = is_there(row, piece);
      cp_async_cg_16(to, source.piece(a, first + row, piece * 8, exists), exists);
    });
  } else {
    tile.template for_own_pieces<threads, false>([&](int row, int piece, uint32_t to) {
      uint4 x = make_uint4(0, 0, 0, 0);
      if (is_there(row, piece)) x = source.load_piece(a, first + row, piece * 8);
      piece_at(to) = x;
    });
  }
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
  tile.template for_own_pieces<threads>([&](int row, int piece, uint32_t at) {
    uint4 x = piece_at(at);
    found |= not_finite(x.x) | not_finite(x.y) | not_finite(x.z) | not_finite(x.w);
  });
  return found != 0;
}

/// Replaces the calling thread's share of the numbers, two at a time.
template <int threads, int rows, int columns, typename Function>
__device__ __forceinline__ void replace_pairs(const bf16_tile<rows, columns> &tile,
                                              const Function &function) {
  tile.template for_own_pieces<threads, false>([&](int row, int piece, uint32_t at) {
    uint4 &x = piece_at(at);
    x = make_uint4(function(x.x), function(x.y), function(x.z), function(x.w));
  });
}

// Fragments of 16 x 16 numbers. `lane` is the thread's place in its warp.

__device__ __forceinline__ int lane_of_warp() { return static_cast<int>(threadIdx.x) % 32; }

/// The same, for addresses that are computed again each time: kept, they would fill registers.
__device__ __forceinline__ int lane_here() {
  int lane = lane_of_warp();
  computed_here(lane);
  return lane;
}

/// Operand a of m16n8k16: rows `row` and on, columns 16 k and on.
template <int rows, int columns>
__device__ __forceinline__ void load_a(uint32_t (&a)[4], const bf16_tile<rows, columns> &tile,
                                       int row, int k, int lane) {
  ldmatrix_x4(a, tile.at(row + lane % 16, 2 * k + lane / 16));
}

/// Two operands b, of columns n and n + 8, from a tile whose rows are those columns.
template <int rows, int columns>
__device__ __forceinline__ void load_b(uint32_t (&b)[2][2], const bf16_tile<rows, columns> &tile,
                                       int n, int k, int lane) {
  uint32_t r[4];
  ldmatrix_x4(r, tile.at(n + lane / 16 * 8 + lane % 8, 2 * k + lane / 8 % 2));
  b[0][0] = r[0], b[0][1] = r[1], b[1][0] = r[2], b[1][1] = r[3];
}

/// Two operands b, of columns 16 n and 16 n + 8, from a tile whose rows, `row` and on, are along k.
template <int rows, int columns>
__device__ __forceinline__ void load_b_transposed(uint32_t (&b)[2][2],
                                                  const bf16_tile<rows, columns> &tile, int row,
                                                  int n, int lane) {
  uint32_t r[4];
  ldmatrix_x4_trans(r, tile.at(row + lane % 16, 2 * n + lane / 16));
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
