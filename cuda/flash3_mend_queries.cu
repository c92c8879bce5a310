// FlashAttention-3, backward: rows of dq that were not finite are done again.
#include "flash3_backward.cuh"
#include "flash3_mend.cuh"

namespace plugin::flash3 {

__global__ void __launch_bounds__(mend_threads)
    mend_queries_kernel(mend_parameters p, target<bf16> dq, const bf16 *dout,
                        query_figures figures) {
  for_unsure_rows(p, [&](const mended_row &row, float *scratch) {
    int64_t figure = figures.at(p.shape, row.batch, row.head) + row.query;
    float log_sum_exp = figures.log_sum_exp[figure], delta = figures.delta[figure];
    float sums[mend_columns];
    row.mix(sums, p.k, scratch, [&](int key) {
      float slope, weight = weight_of(row.logit(key, slope), log_sum_exp);
      if (is_hidden(weight)) return weight;
      return weight * slope * (row.dot(dout + row.at(), row.row(p.v, key)) - delta);
    });
    for (int i = 0; i < mend_columns; i++)
      if (int c = mended_row::column(i); c < p.shape.head_dim)
        contribute(dq, row.at() + c, p.shape.scale * sums[i]);
  });
}

void mend_queries(kernel_context *context, const attention_backward *call,
                  const backward_parameters &p) {
  mend_parameters m = mend_parameters_of(call->shape, call->q, call->k, call->v, p.unsure);
  launch(context, mend_queries_kernel, mend_blocks(m), mend_threads, mend_bytes, m, p.dq,
         static_cast<const bf16 *>(call->dout), p.figures);
}

} // namespace plugin::flash3
