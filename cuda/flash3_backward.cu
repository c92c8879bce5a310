// FlashAttention-3, backward: what is known of each query before, and the kernels in their order.
#include "flash3.cuh"
#include "flash3_backward.cuh"
#include "flash3_forward.cuh"
#include "reduce.cuh"

namespace plugin {

/// A warp for each query, those of the padding included.
__global__ void __launch_bounds__(256)
    flash3_figures(flash3_query_figures figures, const bf16 *out, const bf16 *dout,
                   const float *saved, int queries, int heads, int head_dim, int64_t rows) {
  int warp = static_cast<int>(threadIdx.x) / warp_size, lane = threadIdx.x % warp_size;
  int64_t row = static_cast<int64_t>(blockIdx.x) * (blockDim.x / warp_size) + warp;
  if (row >= rows) return;
  int64_t plane = row / figures.padded;
  int query = static_cast<int>(row % figures.padded);
  float sum = 0, log_sum_exp = INFINITY;
  if (query < queries) {
    int64_t at = ((plane / heads * queries + query) * heads + plane % heads) * head_dim;
    for (int c = lane * 2; c < head_dim; c += warp_size * 2) {
      uint32_t a = *reinterpret_cast<const uint32_t *>(out + at + c);
      uint32_t b = *reinterpret_cast<const uint32_t *>(dout + at + c);
      sum += low_bf16(a) * low_bf16(b) + high_bf16(a) * high_bf16(b);
    }
    float natural = saved[plane * queries + query];
    if (natural != -INFINITY) log_sum_exp = natural * log2_e;
  }
  sum = reduce_warp(sum, plus());
  if (lane == 0) {
    figures.delta[row] = sum;
    figures.log_sum_exp[row] = log_sum_exp;
  }
}

static int64_t padded_rows(const attention *s) {
  return s->batch * s->heads * ceil_div(s->queries, flash3_padding) * flash3_padding;
}

int64_t flash3_backward_workspace(const attention *s) {
  return padded_rows(s) * 2 * static_cast<int64_t>(sizeof(float)) +
         s->batch * s->heads * flash3_groups_of_rows(s->queries) *
             static_cast<int64_t>(sizeof(uint32_t));
}

void flash3_backward_entry(kernel_context *context, const attention_backward *call) {
  const attention &s = call->shape;
  int64_t rows = padded_rows(&s);
  flash3_backward_parameters p = {
      .shape = flash3_shape(s), .dq = call->dq, .dk = call->dk, .dv = call->dv};
  p.figures.log_sum_exp = static_cast<float *>(call->workspace);
  p.figures.delta = p.figures.log_sum_exp + rows;
  p.figures.padded = static_cast<int>(ceil_div(s.queries, flash3_padding) * flash3_padding);
  p.unsure = reinterpret_cast<uint32_t *>(p.figures.delta + rows);
  p.batch_rows = s.rows.batch_rows;
  p.head_rows = s.rows.head_rows;
  p.slot_rows = s.rows.slot_rows;
  constexpr int threads = 256, rows_a_block = threads / warp_size;
  launch(context, flash3_figures, dim3(static_cast<unsigned>(ceil_div(rows, rows_a_block))),
         dim3(threads), 0, p.figures, static_cast<const bf16 *>(call->out),
         static_cast<const bf16 *>(call->dout), call->saved, p.shape.queries, p.shape.heads,
         static_cast<int>(s.head_dim), rows);
  if (call->dk.data || call->dv.data) flash3_backward_of_keys(context, call, p);
  if (call->dq.data) {
    flash3_backward_of_queries(context, call, p);
    flash3_mend_queries(context, call, p);
  }
}

} // namespace plugin
