// Attention by the book (naive.cu, naive_backward.cu): what its two directions share, a tile of a
// product of matrices in memory.
#ifndef RUNEXP_NAIVE_CUH
#define RUNEXP_NAIVE_CUH

#include "attention_rows.cuh"
#include "tiles.cuh"

namespace plugin {

/// Which tile of which plane, a (batch, head), a block computes; `planes` matrices of rows x
/// columns are laid out one tile after another.
struct tile_place {
  int64_t plane;
  int row, column;
  __device__ tile_place(int rows, int columns) {
    int across = (columns + tile_side - 1) / tile_side, down = (rows + tile_side - 1) / tile_side;
    int64_t block = blockIdx.x;
    column = static_cast<int>(block % across) * tile_side;
    row = static_cast<int>(block / across % down) * tile_side;
    plane = block / across / down;
  }
};

inline unsigned tiles_of(int64_t planes, int64_t rows, int64_t columns) {
  return static_cast<unsigned>(planes * ceil_div(rows, tile_side) * ceil_div(columns, tile_side));
}

/// What a block's two tiles take.
template <typename T> constexpr size_t naive_shared = 2 * sizeof(tile<T>);

/// The sums of the tile at (row, column): over `depth`, a's numbers times b's. `a(x, i, k)` makes
/// the run of row i from depth k on, or, where a lies across, that of depth k from row i on; b the
/// same with columns. The products of weights a leave out what is hidden, where it matters.
template <typename T, along a_along, along b_along, typename A, typename B>
__device__ __forceinline__ tile_sum<T, b_along> multiply_tiles(int row, int column, int depth,
                                                               const A &a, const B &b) {
  tile<T> *tiles = reinterpret_cast<tile<T> *>(shared_memory());
  tile_sum<T, b_along> sum;
  for (int k = 0; k < depth; k += tile_side) {
    fill(tiles[0], [&](run &x, int r, int c) {
      if constexpr (a_along == along::depth)
        a(x, row + r, k + c);
      else
        a(x, row + c, k + r);
    });
    bool odd = fill(tiles[1], [&](run &x, int r, int c) {
      if constexpr (b_along == along::depth)
        b(x, column + r, k + c);
      else
        b(x, column + c, k + r);
    });
    odd = __syncthreads_or(odd);
    sum.template multiply<a_along>(tiles[0], tiles[1], odd);
    __syncthreads();
  }
  return sum;
}

/// A run of a row of q, or of what lies like it.
template <typename T>
__device__ __forceinline__ void get_query(run &x, const T *data, const attention_view &a,
                                          int64_t plane, int query, int column, bool aligned) {
  int batch = static_cast<int>(plane / a.heads), head = static_cast<int>(plane % a.heads);
  bool exists = query < a.queries;
  get_run(x, exists ? data + query_at(a, batch, query, head) : nullptr, column, a.head_dim,
          aligned);
}

/// A run of a key's row, for a query head.
__device__ __forceinline__ void get_key(run &x, const key_rows &rows, const attention_view &a,
                                        int64_t plane, int key, int column) {
  int batch = static_cast<int>(plane / a.heads), head = static_cast<int>(plane % a.heads);
  if (key < a.keys) return load_numbers(x, rows, row_of(rows, batch, head / a.group, key), column);
#pragma unroll
  for (int i = 0; i < run_length; i++) x[i] = 0;
}

/// A run of a row of a matrix of the probabilities' shape, [rows][keys].
__device__ __forceinline__ void get_weights(run &x, const float *matrix, int row, int rows, int key,
                                            const attention_view &a, bool aligned) {
  get_run(x, row < rows ? matrix + row * static_cast<int64_t>(a.keys) : nullptr, key, a.keys,
          aligned);
}

/// A tile of x y^T: rows of q, or of what lies like it, times keys' rows.
template <typename T>
__device__ __forceinline__ auto multiply_by_keys(const tile_place &at, const T *x,
                                                 const key_rows &y, const attention_view &a,
                                                 bool aligned) {
  return multiply_tiles<T, along::depth, along::depth>(
      at.row, at.column, a.head_dim,
      [&](run &to, int i, int c) { get_query(to, x, a, at.plane, i, c, aligned); },
      [&](run &to, int j, int c) { get_key(to, y, a, at.plane, j, c); });
}

/// A tile of w y: weights of queries and keys times keys' rows; `use(element, sum)` has the element
/// of what lies like q.
template <typename T, typename Use>
__device__ __forceinline__ void mix_keys(const float *w, const key_rows &y, const attention_view &a,
                                         bool aligned, const Use &use) {
  tile_place at(a.queries, a.head_dim);
  const float *matrix = w + at.plane * a.queries * a.keys;
  auto sum = multiply_tiles<T, along::depth, along::side>(
      at.row, at.column, a.keys,
      [&](run &x, int i, int j) { get_weights(x, matrix, i, a.queries, j, a, aligned); },
      [&](run &x, int c, int j) { get_key(x, y, a, at.plane, j, c); });
  int batch = static_cast<int>(at.plane / a.heads), head = static_cast<int>(at.plane % a.heads);
  for_each_sum(sum, [&](int r, int c, float x) {
    int query = at.row + r, column = at.column + c;
    if (query < a.queries && column < a.head_dim) use(query_at(a, batch, query, head) + column, x);
  });
}

inline bool are_weights_aligned(const attention &s, const float *matrix) {
  return are_aligned(matrix) && s.keys % 4 == 0;
}

/// Where rows of q and of what lies like it can be moved by runs.
template <typename... Pointers> bool are_rows_aligned(const attention &s, Pointers... pointers) {
  return are_aligned(pointers...) && s.head_dim % run_length == 0;
}

int64_t naive_backward_bytes(const attention &shape);
void naive_backward(kernel_context *context, const attention_backward *call);

} // namespace plugin

#endif
