// FlashAttention-3, forward: rows that were not finite are done again, and the largest logits of
// warps become those of heads.
#include "flash3_forward.cuh"
#include "flash3_mend.cuh"

namespace plugin {

struct mend_parameters {
  bf16 *out;
  float *saved;
  const bf16 *q, *k, *v;
  flash3_shape shape;
  int head_dim;
  int64_t batch_rows, head_rows, slot_rows; // of k and v
  const uint32_t *unsure;
  float *largest;
  int64_t groups; // of rows, in all
};

/// One query's output, log-sum-exp and largest logit.
__device__ __forceinline__ float mend_row(const mend_parameters &p, const mended_row &row,
                                          flash3_range seen, bf16 *out, float *saved,
                                          float *scratch) {
  int me = static_cast<int>(threadIdx.x);
  float slope, largest = -INFINITY, sum = 0, sums[mend_columns] = {};
  for (int key = seen.begin + me; key < seen.end; key += mend_threads)
    largest = larger()(largest, row.logit(p.shape, key, slope));
  largest = reduce_block(largest, scratch, larger());
  for (int first = seen.begin; first < seen.end; first += mend_threads) {
    float weight = 0;
    if (first + me < seen.end) {
      float logit = row.logit(p.shape, first + me, slope);
      weight = logit == -INFINITY ? 0 : ex2_approx(logit - largest);
    }
    sum += weight;
    add_weighted_rows(sums, weight, scratch, row.v, first, seen.end, row);
  }
  sum = reduce_block(sum, scratch, plus());
  for (int i = 0; i < mend_columns; i++)
    if (int c = me + i * mend_threads; c < row.head_dim) set(out[c], sum == 0 ? 0 : sums[i] / sum);
  if (me == 0) *saved = largest * ln_2 + logf(sum);
  return largest * ln_2;
}

__global__ void __launch_bounds__(mend_threads) flash3_mend(mend_parameters p) {
  float *scratch = reinterpret_cast<float *>(shared_memory());
  for_unsure_rows(
      p.unsure, p.groups, p.shape, scratch + mend_threads, [&](const mended_place &place) {
        int64_t at = place.query_row(p.shape) * p.head_dim, plane = place.plane(p.shape);
        int64_t keys =
            (place.batch * p.batch_rows + place.head / p.shape.group() * p.head_rows) * p.head_dim;
        mended_row row = {p.q + at, p.k + keys, p.v + keys, p.slot_rows * p.head_dim, p.head_dim};
        float largest = mend_row(p, row, p.shape.seen_keys(place.query), p.out + at,
                                 p.saved + plane * p.shape.queries + place.query, scratch);
        if (threadIdx.x > 0) return;
        float *of_group =
            p.largest + plane * flash3_groups_of_rows(p.shape.queries) + place.query / warp_rows;
        *of_group = place.query % warp_rows == 0 ? largest : larger()(*of_group, largest);
      });
}

__global__ void __launch_bounds__(mend_threads)
    flash3_largest_logit(float *out, const float *largest, int64_t groups) {
  float mine = -INFINITY;
  for (int64_t i = threadIdx.x; i < groups; i += mend_threads)
    mine = larger()(mine, largest[blockIdx.x * groups + i]);
  mine = reduce_block(mine, reinterpret_cast<float *>(shared_memory()), larger());
  if (threadIdx.x == 0) out[blockIdx.x] = mine;
}

void flash3_mend_forward(kernel_context *context, const attention_forward *call, uint32_t *unsure,
                         float *largest) {
  const attention &s = call->shape;
  int64_t per_plane = flash3_groups_of_rows(s.queries), planes = s.batch * s.heads;
  mend_parameters p = {.out = static_cast<bf16 *>(call->out),
                       .saved = call->saved,
                       .q = static_cast<const bf16 *>(call->q),
                       .k = static_cast<const bf16 *>(call->k),
                       .v = static_cast<const bf16 *>(call->v),
                       .shape = flash3_shape(s),
                       .head_dim = static_cast<int>(s.head_dim),
                       .batch_rows = s.rows.batch_rows,
                       .head_rows = s.rows.head_rows,
                       .slot_rows = s.rows.slot_rows,
                       .unsure = unsure,
                       .largest = largest,
                       .groups = planes * per_plane};
  launch(context, flash3_mend, dim3(static_cast<unsigned>(ceil_div(p.groups, mend_threads))),
         dim3(mend_threads), mend_threads * 2 * sizeof(float), p);
  if (call->max_logit)
    launch(context, flash3_largest_logit, dim3(static_cast<unsigned>(planes)), dim3(mend_threads),
           mend_threads * sizeof(float), call->max_logit, largest, per_plane);
}

} // namespace plugin
