// FlashAttention-3, forward: rows that were not finite are done again.
#include "flash3_mend.cuh"

namespace plugin::flash3 {

__global__ void __launch_bounds__(mend_threads)
    mend_kernel(mend_parameters p, bf16 *out, float *saved, float *row_maximum) {
  for_unsure_rows(p, [&](const mended_row &row, float *scratch) {
    float slope, largest = -INFINITY, sum = 0, sums[mend_columns];
    const range &seen = row.logits.seen;
    for (int key = seen.begin + static_cast<int>(threadIdx.x); key < seen.end; key += mend_threads)
      largest = larger()(largest, row.logit(key, slope));
    largest = reduce_block(largest, scratch, larger());
    row.mix(sums, p.v, scratch, [&](int key) {
      float weight = weight_of(row.logit(key, slope), largest);
      sum += weight;
      return weight;
    });
    sum = reduce_block(sum, scratch, plus());
    for (int i = 0; i < mend_columns; i++)
      if (int c = mended_row::column(i); c < p.shape.head_dim)
        set(out[row.at() + c], sum == 0 ? 0 : sums[i] / sum);
    if (threadIdx.x > 0) return;
    saved[row.statistic()] = largest * ln_2 + logf(sum);
    row_maximum[row.statistic()] = largest;
  });
}

void mend_forward(kernel_context *context, const attention_forward *call,
                  const forward_parameters &p) {
  mend_parameters m = mend_parameters_of(call->shape, call->q, call->k, call->v, p.unsure);
  launch(context, mend_kernel, mend_blocks(m), mend_threads, mend_bytes, m,
         static_cast<bf16 *>(call->out), p.saved, p.row_maximum);
}

} // namespace plugin::flash3
