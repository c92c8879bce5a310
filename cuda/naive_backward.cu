// Attention by the book, backward, from the probabilities that forward kept:
//
//   dP = dO V^T    dS = P * (dP - rowsum(P * dP)), times the softcap's derivative
//   dQ = scale dS K    dK = scale dS^T Q    dV = P^T dO
//
// dP is a second matrix of queries x keys, in the workspace; dS takes its place.
#include "naive.cuh"

namespace plugin {

/// dp = dout v^T
template <typename T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    naive_dp(float *dp, const T *dout, key_rows v, attention_view a, bool aligned) {
  tile_place at(a.queries, a.keys);
  auto sum = multiply_by_keys(at, dout, v, a, aligned);
  for_each_sum(sum, [&](int r, int c, float x) {
    int query = at.row + r, key = at.column + c;
    if (query < a.queries && key < a.keys) dp[(at.plane * a.queries + query) * a.keys + key] = x;
  });
}

/// dp becomes ds: a block a row. Only a hidden key's is -0.
__global__ void __launch_bounds__(tile_threads) naive_ds(float *dp, const float *p, int keys) {
  float *scratch = reinterpret_cast<float *>(shared_memory());
  int64_t row = blockIdx.x * static_cast<int64_t>(keys);
  float delta = 0;
  for (int j = static_cast<int>(threadIdx.x); j < keys; j += tile_threads)
    if (!is_hidden(p[row + j])) delta += p[row + j] * dp[row + j];
  delta = reduce_block(delta, scratch, plus());
  for (int j = static_cast<int>(threadIdx.x); j < keys; j += tile_threads) {
    float weight = p[row + j];
    dp[row + j] = is_hidden(weight) ? weight : weight * (dp[row + j] - delta) + 0.0f;
  }
}

/// ds times the softcap's derivative at the products, which are made again.
template <typename T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    naive_softcap_slopes(float *ds, const T *q, key_rows k, attention_view a, bool aligned) {
  tile_place at(a.queries, a.keys);
  auto sum = multiply_by_keys(at, q, k, a, aligned);
  for_each_sum(sum, [&](int r, int c, float x) {
    int query = at.row + r, key = at.column + c;
    if (query >= a.queries || key >= a.keys) return;
    float *to = ds + (at.plane * a.queries + query) * a.keys + key, capped = tanhf(x * a.factor);
    if (!is_hidden(*to)) *to = *to * (1 - capped * capped) + 0.0f;
  });
}

/// dq = scale ds k
template <typename T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    naive_dq(target<T> dq, const float *ds, key_rows k, attention_view a, bool aligned) {
  mix_keys<T>(ds, k, a, aligned,
              [&](int64_t element, float x) { contribute(dq, element, x * a.scale); });
}

/// dk = factor weights^T rows, or dv: the heads of a group one after another, as one long matrix of
/// weights.
template <typename T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    naive_dkv(target<T> dk, const float *weights, const T *rows, float factor, attention_view a,
              bool weights_aligned, bool rows_aligned) {
  tile_place at(a.keys, a.head_dim);
  int batch = static_cast<int>(at.plane / a.kv_heads);
  int kv_head = static_cast<int>(at.plane % a.kv_heads), depth = a.group * a.queries;
  int64_t first_head = at.plane * a.group;
  const float *matrix = weights + first_head * a.queries * a.keys;
  auto sum = multiply_tiles<T, along::side, along::side>(
      at.row, at.column, depth,
      [&](run &x, int j, int i) { get_weights(x, matrix, i, depth, j, a, weights_aligned); },
      [&](run &x, int c, int i) {
        int head = i / a.queries, query = head < a.group ? i % a.queries : a.queries;
        get_query(x, rows, a, first_head + head, query, c, rows_aligned);
      });
  for_each_sum(sum, [&](int r, int c, float x) {
    int key = at.row + r, column = at.column + c;
    if (key >= a.keys || column >= a.head_dim) return;
    int64_t row = (static_cast<int64_t>(batch) * a.keys + key) * a.kv_heads + kv_head;
    contribute(dk, row * a.head_dim + column, x * factor);
  });
}

int64_t naive_backward_bytes(const attention &s) {
  return s.batch * s.heads * s.queries * s.keys * static_cast<int64_t>(sizeof(float));
}

void naive_backward(kernel_context *context, const attention_backward *call) {
  const attention &s = call->shape;
  if (is_empty(s)) return;
  attention_view a = view_of(s, nullptr);
  int64_t heads = s.batch * s.heads, kv_heads = s.batch * s.kv_heads;
  unsigned squares = tiles_of(heads, s.queries, s.keys);
  const float *p = call->saved;
  float *ds = static_cast<float *>(call->workspace);
  key_rows k = key_rows_of(s, call->k, nullptr), v = key_rows_of(s, call->v, nullptr);
  bool aligned = are_rows_aligned(s, call->q, call->dout);
  bool weights_aligned = are_weights_aligned(s, p) && are_aligned(ds);
  with_type(s.type, [&](auto zero) {
    using T = decltype(zero);
    const T *q = static_cast<const T *>(call->q), *dout = static_cast<const T *>(call->dout);
    launch(context, naive_dp<T>, squares, tile_threads, naive_shared<T>, ds, dout, v, a, aligned);
    launch(context, naive_ds, static_cast<unsigned>(heads * s.queries), tile_threads,
           tile_threads / warp_size * sizeof(float), ds, p, a.keys);
    if (a.cap != 0) {
      launch(context, naive_softcap_slopes<T>, squares, tile_threads, naive_shared<T>, ds, q, k, a,
             aligned);
    }
    if (call->dq.data) {
      launch(context, naive_dq<T>, tiles_of(heads, s.queries, s.head_dim), tile_threads,
             naive_shared<T>, call->dq, ds, k, a, weights_aligned);
    }
    unsigned rows = tiles_of(kv_heads, s.keys, s.head_dim);
    if (call->dk.data) {
      launch(context, naive_dkv<T>, rows, tile_threads, naive_shared<T>, call->dk, ds, q, s.scale,
             a, weights_aligned, aligned);
    }
    if (call->dv.data) {
      launch(context, naive_dkv<T>, rows, tile_threads, naive_shared<T>, call->dv, p, dout, 1, a,
             weights_aligned, aligned);
    }
  });
}

} // namespace plugin
