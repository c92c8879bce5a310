// How rows of queries and of keys come into tiles of shared memory.
#ifndef RUNEXP_FLASH2_LOAD_CUH
#define RUNEXP_FLASH2_LOAD_CUH

#include "flash2_tiles.cuh"

namespace plugin {

/// How rows lie where a thread's pieces of a tile are at one distance from another.
struct even_rows {
  uint32_t stride; // bytes from row to row; 0: tiles are uneven

  /// `step` rows are from one of a thread's pieces to the next; `columns` is a tile's width.
  static even_rows of(bool is_whole, int64_t row_stride, int64_t head_dim, int columns) {
    int64_t bytes = row_stride * head_dim * 2;
    bool is_even = is_whole && head_dim == columns && bytes <= UINT32_MAX;
    return {is_even ? static_cast<uint32_t>(bytes) : 0};
  }
  /// Of keys or values, whose rows are slots.
  static even_rows of(const key_rows &rows, int columns) {
    return of(rows.type == ROWS_BF16 && rows.is_aligned, rows.slot_rows, rows.head_dim, columns);
  }
  /// Of q and its like: after all heads of a group, or a multiple of that, come later queries of
  /// the same head.
  static even_rows of(const attention_view &a, bool is_whole, int step, int columns) {
    return of(is_whole && step % a.group == 0, a.kv_heads, a.head_dim, columns);
  }
};

constexpr int block_bytes = 32;

/// What a block works on, in shared memory, `at` bytes from its beginning: it is wanted once a
/// tile, and would fill registers. One thread finds it, and all wait for it.
template <typename Block>
__device__ __forceinline__ const Block &shared_block(const attention_view &a, int at) {
  static_assert(sizeof(Block) <= block_bytes, "it has its place");
  Block *block = reinterpret_cast<Block *>(shared_memory() + at);
  if (threadIdx.x == 0) *block = Block(a);
  __syncthreads();
  return *block;
}

// Where rows come from. A source is made once by each thread, and has the distance of its first
// piece of the rows from 0 on, in bytes: the same for tensors that lie alike. A tile is even where
// its rows are, and all of them are there: nearly all tiles are, and need no other tests.

/// Rows of q and its like, in bf16.
template <int threads, typename tile> struct query_rows {
  using share = own_pieces<threads, tile>;
  const bf16 *data;
  const row_group &group;
  int count;
  bool is_whole; // rows are pieces of 16 bytes
  even_rows even;
  int64_t own;

  __device__ __forceinline__ query_rows(const attention_view &a, const bf16 *data,
                                        const row_group &group, bool is_whole, even_rows even)
      : data(data), group(group), count(group.count(a)), is_whole(is_whole), even(even) {
    share mine;
    own = (group.at(a, mine.row) + mine.piece * 8) * 2;
  }

  /// Of a tensor that lies like another.
  __device__ __forceinline__ query_rows like_this(const bf16 *other) const {
    query_rows result = *this;
    result.data = other;
    return result;
  }

  __device__ __forceinline__ bool is_asynchronous() const { return is_whole; }
  /// Somewhere, of which nothing is read.
  __device__ __forceinline__ const bf16 *any() const { return data; }

  __device__ __forceinline__ bool is_even(int first) const {
    return even.stride != 0 && first + tile::rows <= count;
  }
  __device__ __forceinline__ const char *own_piece(int first) const {
    return reinterpret_cast<const char *>(data) + own +
           static_cast<uint64_t>(static_cast<uint32_t>(first)) * even.stride;
  }

  /// Where a piece lies.
  __device__ __forceinline__ const bf16 *piece(const attention_view &a, int row, int column) const {
    return data + group.at(a, row) + column;
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
template <int threads, typename tile, bool may_be_other> struct head_rows {
  using share = own_pieces<threads, tile>;
  const key_rows &rows;
  const row_group &group;
  int count;
  even_rows even;
  int64_t own; // in slot 0

  __device__ __forceinline__ head_rows(const attention_view &a, const key_rows &rows,
                                       const row_group &group, even_rows even)
      : rows(rows), group(group), count(a.keys), even(even) {
    share mine;
    int64_t row =
        group.batch * rows.batch_rows + group.kv_head * rows.head_rows + mine.row * rows.slot_rows;
    own = (row * rows.head_dim + mine.piece * 8) * 2;
  }

  /// Of a tensor that lies like another.
  __device__ __forceinline__ head_rows(const key_rows &rows, const head_rows &other, even_rows even)
      : rows(rows), group(other.group), count(other.count), even(even), own(other.own) {}

  __device__ __forceinline__ int slot(int key) const {
    int slot = rows.first_slot + key;
    return slot >= rows.slots ? slot - rows.slots : slot;
  }

  __device__ __forceinline__ bool is_asynchronous() const {
    return rows.type == ROWS_BF16 && rows.is_aligned;
  }
  __device__ __forceinline__ const bf16 *any() const {
    return static_cast<const bf16 *>(rows.data);
  }

  /// A ring may end within a tile.
  __device__ __forceinline__ bool is_even(int first) const {
    return even.stride != 0 && first + tile::rows <= count &&
           slot(first) + tile::rows <= rows.slots;
  }
  __device__ __forceinline__ const char *own_piece(int first) const {
    return static_cast<const char *>(rows.data) + own +
           static_cast<uint64_t>(static_cast<uint32_t>(slot(first))) * even.stride;
  }

  __device__ __forceinline__ const bf16 *piece(const attention_view &a, int key, int column) const {
    return static_cast<const bf16 *>(rows.data) +
           row_of(rows, group.batch, group.kv_head, key) * rows.head_dim + column;
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

/// Fills a tile with rows from `first` on, a multiple of the tile's, with 0 where there are none;
/// asynchronously where rows are pieces of 16 bytes. Seen by all after cp_async_wait_group and a
/// barrier. `own` is where the thread's first piece lies.
template <typename tile, typename Source>
__device__ __forceinline__ void load_tile(const attention_view &a, const tile &to, uint32_t own,
                                          const Source &source, int first) {
  using share = typename Source::share;
  if (source.is_even(first)) {
    const char *from = source.own_piece(first);
    uint64_t step = static_cast<uint64_t>(source.even.stride) * share::step;
#pragma unroll
    for (int i = 0; i < share::rows; i++) {
#pragma unroll
      for (int page = 0; page < tile::pages; page++)
        cp_async_cg_16(share::at(own, i, page), from + page * tile::row_bytes);
      from += step;
    }
    return;
  }
  auto is_there = [&](int row, int piece) {
    return first + row < source.count && piece * 8 < a.head_dim;
  };
  if (source.is_asynchronous()) {
    share::visit(to, [&](int row, int piece, uint32_t at) {
      bool exists = is_there(row, piece);
      cp_async_cg_16(at, exists ? source.piece(a, first + row, piece * 8) : source.any(), exists);
    });
  } else {
    share::visit(to, [&](int row, int piece, uint32_t at) {
      uint4 x = make_uint4(0, 0, 0, 0);
      if (is_there(row, piece)) x = source.load_piece(a, first + row, piece * 8);
      piece_at(at) = x;
    });
  }
}

} // namespace plugin

#endif
