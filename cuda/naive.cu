// Attention by the book, forward: the matrix of probabilities is computed whole, kept for backward,
// and multiplied. A baseline, of what the others gain in time and in memory: queries x keys numbers
// exist for every head.
#include "naive.cuh"

#include "entries.cuh"

namespace plugin {

/// p = logits in base 2.
template <typename T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    naive_logits(float *p, const T *q, key_rows k, attention_view a, bool aligned) {
  tile_place at(a.queries, a.keys);
  auto sum = multiply_by_keys(at, q, k, a, aligned);
  int batch = static_cast<int>(at.plane / a.heads), head = static_cast<int>(at.plane % a.heads);
#pragma unroll
  for (int r = 0; r < sum.rows; r++) {
    int query = at.row + sum.row(r);
    if (query >= a.queries) continue;
    logit_row row = logit_row_of(a, batch, head, query);
    float *to = p + (at.plane * a.queries + query) * a.keys;
#pragma unroll
    for (int c = 0; c < sum.columns; c++) {
      int key = at.column + sum.column(c);
      if (key < a.keys) to[key] = logit(a, row, key, sum.at(r, c));
    }
  }
}

/// Logits become probabilities, in place: a block a row.
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    naive_softmax(float *p, float *row_maximum, int keys) {
  float *scratch = reinterpret_cast<float *>(shared_memory());
  float *x = p + blockIdx.x * static_cast<int64_t>(keys), largest = -INFINITY, sum = 0;
  int first = static_cast<int>(threadIdx.x);
  for (int j = first; j < keys; j += tile_threads) largest = larger()(largest, x[j]);
  largest = reduce_block(largest, scratch, larger());
  for (int j = first; j < keys; j += tile_threads) sum += weight_of(x[j], largest);
  sum = reduce_block(sum, scratch, plus());
  for (int j = first; j < keys; j += tile_threads) {
    float weight = weight_of(x[j], largest);
    x[j] = is_hidden(weight) ? weight : weight / sum;
  }
  if (first == 0) row_maximum[blockIdx.x] = largest;
}

/// out = p v
template <typename T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    naive_mix(T *out, const float *p, key_rows v, attention_view a, bool aligned) {
  mix_keys<T>(p, v, a, aligned, [&](int64_t element, float x) { set(out[element], x); });
}

struct naive_forward_parts {
  float *shifts, *row_maximum;
  int64_t bytes;
  naive_forward_parts(const attention &s, void *workspace) {
    arena parts = {static_cast<unsigned char *>(workspace)};
    shifts = parts.take<float>(mask_shift_floats(s));
    row_maximum = parts.take<float>(s.batch * s.heads * s.queries);
    bytes = parts.used;
  }
};

static void forward(kernel_context *context, const attention_forward *call) {
  const attention &s = call->shape;
  if (is_empty(s)) return;
  naive_forward_parts parts(s, call->workspace);
  attention_view a = view_of(s, parts.shifts);
  int64_t planes = s.batch * s.heads;
  mask_shifts(context, s, parts.shifts);
  with_type(s.type, [&](auto zero) {
    using T = decltype(zero);
    launch(context, naive_logits<T>, tiles_of(planes, s.queries, s.keys), tile_threads,
           naive_shared<T>, call->saved, static_cast<const T *>(call->q),
           key_rows_of(s, call->k, s.k_scales), a, are_rows_aligned(s, call->q));
    launch(context, naive_softmax, static_cast<unsigned>(planes * s.queries), tile_threads,
           tile_threads / warp_size * sizeof(float), call->saved, parts.row_maximum, a.keys);
    launch(context, naive_mix<T>, tiles_of(planes, s.queries, s.head_dim), tile_threads,
           naive_shared<T>, static_cast<T *>(call->out), call->saved,
           key_rows_of(s, call->v, s.v_scales), a, are_weights_aligned(s, call->saved));
  });
  largest_logits(context, a, call->max_logit, parts.row_maximum);
}

static int64_t saved_floats(const attention *s) {
  return s->batch * s->heads * s->queries * s->keys;
}

static int64_t workspace(kernel_context *, const attention *shape, bool backward) {
  return backward ? naive_backward_bytes(*shape) : naive_forward_parts(*shape, nullptr).bytes;
}

const attention_kernel naive_attention = {.supports = supports_attention,
                                          .saved_floats = saved_floats,
                                          .workspace = workspace,
                                          .forward = forward,
                                          .backward = naive_backward};

} // namespace plugin
