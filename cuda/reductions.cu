// Reductions to one number: sums, the largest, and the norm of all gradients.
#include "entries.cuh"
#include "parameters.cuh"
#include "reduce.cuh"

namespace plugin {

// Losses and logits of a step: few enough for one block, which needs no memory for parts.
constexpr int reduction_threads = 1024;

__global__ void __launch_bounds__(reduction_threads)
    sum_all(double *out, const float *x, int64_t n, bool squared) {
  double sum = 0;
#pragma unroll 4
  for (int64_t i = threadIdx.x; i < n; i += reduction_threads) {
    double value = x[i];
    sum += squared ? value * value : value;
  }
  sum = reduce_block(sum, reinterpret_cast<double *>(shared_memory()), plus());
  if (threadIdx.x == 0) out[0] = sum;
}

void sum(kernel_context *context, const struct sum *call) {
  launch(context, sum_all, 1, reduction_threads, warp_size * sizeof(double), call->out, call->x,
         call->n, call->squared);
}

__global__ void __launch_bounds__(reduction_threads)
    largest_of_all(float *out, const float *x, int64_t n, bool accumulate) {
  float largest = accumulate ? out[0] : -INFINITY;
#pragma unroll 4
  for (int64_t i = threadIdx.x; i < n; i += reduction_threads) largest = larger()(largest, x[i]);
  largest = reduce_block(largest, reinterpret_cast<float *>(shared_memory()), larger());
  if (threadIdx.x == 0) out[0] = largest;
}

void maximum(kernel_context *context, const struct maximum *call) {
  launch(context, largest_of_all, 1, reduction_threads, warp_size * sizeof(float), call->out,
         call->x, call->n, call->accumulate);
}

/// Blocks that share the gradients, whatever GPU it is: so the sum is cut in the same way.
constexpr unsigned norm_blocks = 1024;
static_assert(norm_blocks <= reduction_threads, "a thread for each part");

__global__ void __launch_bounds__(parameter_threads)
    sum_of_squares(double *parts, const parameter_update *list, int64_t count) {
  double sum = 0;
  for_parameters(list, count, [&](const parameter_update &p, int64_t i, const extent &e) {
    run values;
    load(values, p.gradient + i, e);
#pragma unroll
    for (int c = 0; c < run_length; c++) sum += static_cast<double>(values[c]) * values[c];
  });
  double *scratch = reinterpret_cast<double *>(shared_memory() + list_bytes);
  sum = reduce_block(sum, scratch, plus());
  if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(reduction_threads) root_of_sum(double *out, const double *parts) {
  double sum = threadIdx.x < norm_blocks ? parts[threadIdx.x] : 0;
  sum = reduce_block(sum, reinterpret_cast<double *>(shared_memory()), plus());
  if (threadIdx.x == 0) out[0] = sqrt(sum);
}

int64_t gradient_norm_workspace(kernel_context *context, const struct gradient_norm *call) {
  return norm_blocks * static_cast<int64_t>(sizeof(double));
}

void gradient_norm(kernel_context *context, const struct gradient_norm *call) {
  double *parts = static_cast<double *>(call->workspace);
  launch(context, sum_of_squares, norm_blocks, parameter_threads,
         list_bytes + parameter_threads / warp_size * sizeof(double), parts, call->list,
         call->count);
  launch(context, root_of_sum, 1, reduction_threads, warp_size * sizeof(double), call->out, parts);
}

} // namespace plugin
