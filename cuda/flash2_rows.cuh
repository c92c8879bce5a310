// Which rows and keys a block of FlashAttention-2 works on, whatever their type.
//
// The query rows of a key/value head are those of all its query heads: row = query * group + head
// in group. So keys and values are read once for the group, and a tile of rows covers few
// positions.
#ifndef RUNEXP_FLASH2_ROWS_CUH
#define RUNEXP_FLASH2_ROWS_CUH

#include "attention_rows.cuh"
#include "reduce.cuh"

#include <cfloat>

namespace plugin {

/// One key/value head, with its query rows.
struct row_group {
  int batch, kv_head;

  __device__ __forceinline__ row_group(const attention_view &a, int plane)
      : batch(plane / a.kv_heads), kv_head(plane - batch * a.kv_heads) {}

  __device__ __forceinline__ static int count(const attention_view &a) {
    return a.queries * a.group;
  }
  __device__ __forceinline__ static int query(const attention_view &a, int row) {
    return a.group == 1 ? row : row / a.group;
  }
  __device__ __forceinline__ int head(const attention_view &a, int row) const {
    return kv_head * a.group + row - query(a, row) * a.group;
  }

  /// The element of q and its like where a row begins.
  __device__ __forceinline__ int64_t at(const attention_view &a, int row) const {
    return query_at(a, batch, query(a, row), head(a, row));
  }
  __device__ __forceinline__ int64_t statistic(const attention_view &a, int row) const {
    return statistic_at(a, batch, head(a, row), query(a, row));
  }

  /// Where flash2_statistics has put a row's, [batch, kv_heads, rows].
  __device__ __forceinline__ const float2 *statistics(const attention_view &a, const float2 *all,
                                                      int row) const {
    return all + (static_cast<int64_t>(batch) * a.kv_heads + kv_head) * count(a) + row;
  }

  /// What makes logits of a row's products; of no row beyond the last.
  __device__ __forceinline__ logit_row logits(const attention_view &a, int row) const {
    if (row >= count(a)) return no_row();
    return logit_row_of(a, batch, head(a, row), query(a, row));
  }

  /// The queries of rows begin ..< end, of which there is one at least.
  __device__ __forceinline__ static range queries(const attention_view &a, int begin, int end) {
    return {query(a, begin), query(a, min(end, count(a)) - 1) + 1};
  }

  /// The rows of these queries.
  __device__ __forceinline__ static range rows(const attention_view &a, range queries) {
    return {queries.begin * a.group, queries.end * a.group};
  }
};

/// A block's tile of query rows, and the tiles of keys that some of them see, first ..= last. The
/// last rows, which see most under a causal mask, go first; those of a head follow one another, so
/// that its keys stay in L2.
template <int tile_rows, int tile_keys> struct query_block {
  row_group group;
  int first_row;
  range queries;
  int first, last;

  __device__ __forceinline__ explicit query_block(const attention_view &a)
      : query_block(a, (row_group::count(a) + tile_rows - 1) / tile_rows) {}

private:
  __device__ __forceinline__ query_block(const attention_view &a, int tiles)
      : group(a, static_cast<int>(blockIdx.x) / tiles),
        first_row((tiles - 1 - static_cast<int>(blockIdx.x) % tiles) * tile_rows),
        queries(row_group::queries(a, first_row, first_row + tile_rows)) {
    range seen = seen_keys(a, queries);
    first = seen.begin / tile_keys;
    last = seen.is_empty() ? first - 1 : (seen.end - 1) / tile_keys;
  }
};

/// A block of the backward pass: the keys or the query rows that it holds, from first_held on, and
/// the tiles begin ..< end of the others that meet them.
template <bool holds_keys, int held, int streamed> struct backward_block {
  row_group group;
  int first_held, begin, end;

  __device__ __forceinline__ explicit backward_block(const attention_view &a)
      : backward_block(a, ((holds_keys ? a.keys : row_group::count(a)) + held - 1) / held) {}

  /// Whether some row does not see some key of a tile, or may not.
  __device__ __forceinline__ bool is_masked(const attention_view &a, int tile) const {
    int first = tile * streamed;
    range queries = holds_keys ? row_group::queries(a, first, first + streamed)
                               : row_group::queries(a, first_held, first_held + held);
    range keys = holds_keys ? range{first_held, first_held + held} : range{first, first + streamed};
    return has_explicit_mask(a) || !sees_all(a, queries, keys);
  }

private:
  /// First those keys that most queries see under a causal mask, and those queries that see most.
  __device__ __forceinline__ backward_block(const attention_view &a, int tiles)
      : group(a, static_cast<int>(blockIdx.x) / tiles) {
    int tile = static_cast<int>(blockIdx.x) % tiles;
    first_held = (holds_keys ? tile : tiles - 1 - tile) * held;
    range others =
        holds_keys
            ? row_group::rows(a, seeing_queries(a, {first_held, min(first_held + held, a.keys)}))
            : seen_keys(a, row_group::queries(a, first_held, first_held + held));
    begin = others.begin / streamed;
    end = others.is_empty() ? begin : (others.end + streamed - 1) / streamed;
  }
};

/// How many blocks cover all query rows, or all keys.
inline unsigned blocks_of(const attention_view &a, int64_t rows, int tile) {
  return static_cast<unsigned>(ceil_div(rows, tile) * a.batch * a.kv_heads);
}

/// What is taken off logits whose largest is `maximum`. Not +inf, as 2^(inf - inf) is NaN: so the
/// sum of a row's weights is NaN where a logit is, and +inf where one is and none is NaN.
__device__ __forceinline__ float shift_of(float maximum) { return fminf(maximum, FLT_MAX); }

/// Of a row's largest logit in base 2, the sum of its weights and this sum's logarithm: -inf where
/// it has seen nothing, NaN where a logit was infinite.
__device__ __forceinline__ float log_sum_exp_of(float maximum, float sum, float log_sum) {
  return sum == 0 ? -INFINITY : maximum == INFINITY ? NAN : (maximum + log_sum) * ln_2;
}

} // namespace plugin

#endif
