// FlashAttention 1 (Dao et al. 2022): what its two directions share. Tiles of keys outside, tiles
// of query rows inside, one after another in one block for each key/value head of a batch: a row is
// a query of one of its query heads, all heads of a query, then the next query.
#ifndef RUNEXP_FLASH1_CUH
#define RUNEXP_FLASH1_CUH

#include "attention_rows.cuh"
#include "tiles.cuh"

namespace plugin {

/// The key/value head of a block, and its rows.
struct flash1_head {
  int batch, kv_head, rows;
  __device__ explicit flash1_head(const attention_view &a)
      : batch(static_cast<int>(blockIdx.x) / a.kv_heads),
        kv_head(static_cast<int>(blockIdx.x) % a.kv_heads), rows(a.queries * a.group) {}

  __device__ __forceinline__ int head(const attention_view &a, int row) const {
    return kv_head * a.group + row % a.group;
  }
  /// Where a row of q and of what lies like it begins.
  __device__ __forceinline__ int64_t row_at(const attention_view &a, int row) const {
    return query_at(a, batch, row / a.group, head(a, row));
  }
  __device__ __forceinline__ int64_t statistic(const attention_view &a, int row) const {
    return statistic_at(a, batch, head(a, row), row / a.group);
  }
  __device__ __forceinline__ logit_row logits(const attention_view &a, int row) const {
    return row < rows ? logit_row_of(a, batch, head(a, row), row / a.group) : no_row();
  }
  /// The rows, from a multiple of a tile's side on, that see some of these keys.
  __device__ __forceinline__ range seeing_rows(const attention_view &a, range keys) const {
    range seeing = seeing_queries(a, keys);
    return {seeing.begin * a.group / tile_side * tile_side, seeing.end * a.group};
  }
  /// The keys, from a multiple of a tile's side on, that some query sees.
  __device__ __forceinline__ range seen(const attention_view &a) const {
    if (a.queries == 0) return {0, 0};
    range all = seen_keys(a, range{0, a.queries});
    return {all.begin / tile_side * tile_side, all.end};
  }
  template <typename T>
  __device__ __forceinline__ void get_row(run &x, const T *data, const attention_view &a, int row,
                                          int column, bool aligned) const {
    get_run(x, row < rows ? data + row_at(a, row) : nullptr, column, a.head_dim, aligned);
  }
  __device__ __forceinline__ void get_key(run &x, const key_rows &keys, const attention_view &a,
                                          int key, int column) const {
    if (key < a.keys) return load_numbers(x, keys, row_of(keys, batch, kv_head, key), column);
#pragma unroll
    for (int i = 0; i < run_length; i++) x[i] = 0;
  }
};

/// 64 rows of a matrix in shared memory, by chunks of 64 columns: all of them, where there is room
/// (`holds`), else one at a time. `get(x, row, column)` makes a run.
template <typename T, typename Get> struct flash1_rows {
  tile<T> *tiles;
  int chunks;
  bool holds, odd; // whether a number of what is there is not finite
  Get get;
  int first;

  __device__ flash1_rows(tile<T> *tiles, int chunks, bool holds, const Get &get)
      : tiles(tiles), chunks(chunks), holds(holds), odd(false), get(get), first(0) {}

  /// From row `row` on.
  __device__ __forceinline__ void open(int row) {
    first = row;
    if (!holds) return;
    __syncthreads(); // until the last rows have had their use
    bool mine = false;
    for (int c = 0; c < chunks; c++) mine |= fill_chunk(tiles[c], c);
    odd = __syncthreads_or(mine);
  }

  __device__ __forceinline__ const tile<T> &chunk(int c) {
    if (holds) return tiles[c];
    __syncthreads();
    odd = __syncthreads_or(fill_chunk(tiles[0], c));
    return tiles[0];
  }

private:
  __device__ __forceinline__ bool fill_chunk(tile<T> &to, int c) {
    return fill(to,
                [&](run &x, int row, int column) { get(x, first + row, c * tile_side + column); });
  }
};

/// s = a b^T over all columns of both.
template <typename Sum, typename A, typename B>
__device__ __forceinline__ void multiply_rows(Sum &s, A &a, B &b) {
  for (int c = 0; c < a.chunks; c++) {
    const auto &left = a.chunk(c);
    s.template multiply<along::depth>(left, b.chunk(c));
  }
}

inline int64_t flash1_chunks(const attention &s) { return ceil_div(s.head_dim, tile_side); }

int64_t flash1_backward_bytes(kernel_context *context, const attention &shape);
void flash1_backward(kernel_context *context, const attention_backward *call);

} // namespace plugin

#endif
