// What the backward pass of FlashAttention-2 needs of each query row before it begins: its
// log-sum-exp and D = rowsum(dO * O), which is the sum of P * dP over the row.
#include "flash2.cuh"
#include "flash2_rows.cuh"

namespace plugin {

constexpr int statistics_threads = 128;

/// `team` threads a row, a power of two: 8 numbers each at a time.
template <typename T>
__global__ void flash2_statistics_kernel(float2 *statistics, const T *dout, const T *out,
                                         const float *saved, const attention_view a, int team,
                                         bool is_aligned) {
  int64_t first = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x;
  int64_t count = row_group::count(a), index = first / team;
  int place = static_cast<int>(threadIdx.x) % team;
  bool is_there = index < count * a.batch * a.kv_heads;
  row_group group(a, is_there ? static_cast<int>(index / count) : 0);
  int row = is_there ? static_cast<int>(index % count) : 0;
  int64_t at = group.at(a, row);
  float sum = 0;
  for (int column = place * run_length; column < a.head_dim; column += team * run_length) {
    run x, y;
    extent e(column, a.head_dim, is_aligned);
    load(x, dout + at + column, e);
    load(y, out + at + column, e);
#pragma unroll
    for (int i = 0; i < run_length; i++) sum += x[i] * y[i];
  }
  for (int bit = team / 2; bit > 0; bit /= 2) sum += __shfl_xor_sync(~0u, sum, bit);
  if (!is_there || place != 0) return;
  float log_sum = saved[group.statistic(a, row)] * log2_e;
  // Of a row that sees nothing every probability is 0.
  bool sees_nothing = log_sum == -INFINITY;
  statistics[index] = make_float2(sees_nothing ? INFINITY : log_sum, sees_nothing ? 0 : sum);
}

void flash2_statistics(kernel_context *context, const attention_backward *call,
                       const attention_view &a, float2 *statistics) {
  int team = 1;
  while (team < warp_size && team * run_length < a.head_dim) team *= 2;
  int64_t rows = static_cast<int64_t>(a.batch) * a.heads * a.queries;
  with_type(call->shape.type, [&](auto zero) {
    using T = decltype(zero);
    const T *dout = static_cast<const T *>(call->dout), *out = static_cast<const T *>(call->out);
    bool is_aligned = a.head_dim * sizeof(T) % 16 == 0 && are_aligned(dout, out);
    launch(context, flash2_statistics_kernel<T>,
           static_cast<unsigned>(ceil_div(rows * team, statistics_threads)), statistics_threads, 0,
           statistics, dout, out, call->saved, a, team, is_aligned);
  });
}

} // namespace plugin
