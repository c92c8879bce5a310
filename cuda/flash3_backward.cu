// FlashAttention-3, backward: what is known of each query before, and the kernels in their order.
#include "flash3.cuh"
#include "flash3_backward.cuh"
#include "flash3_forward.cuh"
#include "reduce.cuh"

namespace plugin::flash3 {

constexpr int figure_threads = 256;

/// A warp for each query, those of the padding included.
__global__ void __launch_bounds__(figure_threads)
    figures_kernel(query_figures figures, attention_view a, const bf16 *out, const bf16 *dout,
                   const float *saved) {
  int lane = static_cast<int>(threadIdx.x) % warp_size;
  int64_t row = (static_cast<int64_t>(blockIdx.x) * figure_threads + threadIdx.x) / warp_size;
  int64_t plane = row / figures.padded;
  int query = static_cast<int>(row % figures.padded);
  int batch = static_cast<int>(plane / a.heads), head = static_cast<int>(plane % a.heads);
  if (batch >= a.batch) return;
  float sum = 0, log_sum_exp = INFINITY;
  if (query < a.queries) {
    int64_t at = query_at(a, batch, query, head);
    for (int c = lane * 2; c < a.head_dim; c += warp_size * 2) {
      uint32_t x = *reinterpret_cast<const uint32_t *>(out + at + c);
      uint32_t dx = *reinterpret_cast<const uint32_t *>(dout + at + c);
      sum += low_bf16(x) * low_bf16(dx) + high_bf16(x) * high_bf16(dx);
    }
    float natural = saved[statistic_at(a, batch, head, query)];
    if (natural != -INFINITY) log_sum_exp = natural * log2_e;
  }
  sum = reduce_warp(sum, plus());
  if (lane > 0) return;
  figures.delta[row] = sum;
  figures.log_sum_exp[row] = log_sum_exp;
}

/// Says where the parts of the workspace are, and how much there is.
static int64_t place_parts(backward_parameters &p, const attention &s, void *workspace) {
  arena parts = {static_cast<unsigned char *>(workspace)};
  p.figures.padded = static_cast<int>(ceil_div(s.queries, padding) * padding);
  int64_t figures = s.batch * s.heads * p.figures.padded;
  p.figures.log_sum_exp = parts.take<float>(figures);
  p.figures.delta = parts.take<float>(figures);
  p.unsure = parts.take<uint32_t>(s.batch * s.heads * groups_of_rows(s.queries));
  return parts.used;
}

int64_t backward_bytes(const attention &s) {
  backward_parameters p = {.dq = gradient(), .dk = gradient(), .dv = gradient()};
  return place_parts(p, s, nullptr);
}

void backward(kernel_context *context, const attention_backward *call) {
  const attention &s = call->shape;
  if (is_empty(s)) return;
  backward_parameters p = {
      .shape = view_of(s, nullptr), .dq = call->dq, .dk = call->dk, .dv = call->dv, .rows = s.rows};
  place_parts(p, s, call->workspace);
  int64_t figures = s.batch * s.heads * p.figures.padded;
  launch(context, figures_kernel,
         static_cast<unsigned>(ceil_div(figures * warp_size, figure_threads)), figure_threads, 0,
         p.figures, p.shape, static_cast<const bf16 *>(call->out),
         static_cast<const bf16 *>(call->dout), call->saved);
  if (call->dk.data || call->dv.data) backward_of_keys(context, call, p);
  if (call->dq.data) {
    backward_of_queries(context, call, p);
    mend_queries(context, call, p);
  }
}

} // namespace plugin::flash3
