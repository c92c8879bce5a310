// FlashAttention-3, backward: rows of dq that were not finite are done again.
#include "flash3_backward.cuh"
#include "flash3_forward.cuh"
#include "flash3_mend.cuh"

namespace plugin {

struct mend_queries_parameters {
  target<bf16> dq;
  const bf16 *q, *k, *v, *dout;
  flash3_shape shape;
  flash3_query_figures figures;
  int head_dim;
  int64_t batch_rows, head_rows, slot_rows; // of k and v
  const uint32_t *unsure;
  int64_t groups; // of rows, in all
};

/// dq of one query.
__device__ __forceinline__ void mend_query(const mend_queries_parameters &p, const mended_row &row,
                                           flash3_range seen, const bf16 *dout, float log_sum_exp,
                                           float delta, int64_t at, float *scratch) {
  int me = static_cast<int>(threadIdx.x);
  float sums[mend_columns] = {};
  for (int first = seen.begin; first < seen.end; first += mend_threads) {
    float weight = 0;
    if (int key = first + me; key < seen.end) {
      float slope, logit = row.logit(p.shape, key, slope);
      float gradient = row.dot(dout, row.v + key * row.key_stride);
      if (logit != -INFINITY) weight = ex2_approx(logit - log_sum_exp) * (gradient - delta) * slope;
    }
    add_weighted_rows(sums, weight, scratch, row.k, first, seen.end, row);
  }
  for (int i = 0; i < mend_columns; i++)
    if (int c = me + i * mend_threads; c < row.head_dim)
      contribute(p.dq, at + c, p.shape.scale * sums[i]);
}

__global__ void __launch_bounds__(mend_threads) flash3_mend_dq(mend_queries_parameters p) {
  float *scratch = reinterpret_cast<float *>(shared_memory());
  for_unsure_rows(
      p.unsure, p.groups, p.shape, scratch + mend_threads, [&](const mended_place &place) {
        int64_t at = place.query_row(p.shape) * p.head_dim;
        int64_t keys =
            (place.batch * p.batch_rows + place.head / p.shape.group() * p.head_rows) * p.head_dim;
        int64_t figure = place.plane(p.shape) * p.figures.padded + place.query;
        mended_row row = {p.q + at, p.k + keys, p.v + keys, p.slot_rows * p.head_dim, p.head_dim};
        mend_query(p, row, p.shape.seen_keys(place.query), p.dout + at,
                   p.figures.log_sum_exp[figure], p.figures.delta[figure], at, scratch);
      });
}

void flash3_mend_queries(kernel_context *context, const attention_backward *call,
                         const flash3_backward_parameters &p) {
  const attention &s = call->shape;
  mend_queries_parameters m = {.dq = p.dq,
                               .q = static_cast<const bf16 *>(call->q),
                               .k = static_cast<const bf16 *>(call->k),
                               .v = static_cast<const bf16 *>(call->v),
                               .dout = static_cast<const bf16 *>(call->dout),
                               .shape = p.shape,
                               .figures = p.figures,
                               .head_dim = static_cast<int>(s.head_dim),
                               .batch_rows = p.batch_rows,
                               .head_rows = p.head_rows,
                               .slot_rows = p.slot_rows,
                               .unsure = p.unsure,
                               .groups = s.batch * s.heads * flash3_groups_of_rows(s.queries)};
  launch(context, flash3_mend_dq, dim3(static_cast<unsigned>(ceil_div(m.groups, mend_threads))),
         dim3(mend_threads), mend_threads * 2 * sizeof(float), m);
}

} // namespace plugin
