// Rows looked up in a table, rows added by position, and the gradient of the latter.
#include "columns.cuh"
#include "elements.cuh"
#include "entries.cuh"
#include "q8.cuh"

namespace plugin {

constexpr int embedding_threads = 128;

/// A block takes a row.
template <typename T, typename Table>
__global__ void __launch_bounds__(embedding_threads)
    look_up(T *out, const Table *table, const int32_t *ids, int64_t n, int64_t d, bool aligned) {
  for (int64_t row = blockIdx.x; row < n; row += gridDim.x) {
    const Table *from = table + ids[row] * d;
    for (int64_t c = threadIdx.x * run_length; c < d; c += embedding_threads * run_length) {
      extent e(c, d, aligned);
      run values;
      load(values, from + c, e);
      store(out + row * d + c, values, e);
    }
  }
}

void embedding_forward(kernel_context *context, const struct embedding_forward *call) {
  if (call->table_type == ELEMENT_Q8) return look_up_q8(context, call);
  bool aligned = are_aligned(call->out, call->table) && call->d % run_length == 0;
  with_type(call->type, [&](auto zero) {
    using T = decltype(zero);
    with_type(call->table_type, [&](auto table_zero) {
      using Table = decltype(table_zero);
      launch(context, look_up<T, Table>, blocks_for(call->n, 1), embedding_threads, 0,
             static_cast<T *>(call->out), static_cast<const Table *>(call->table), call->ids,
             call->n, call->d, aligned);
    });
  });
}

/// out[b, i] = x[b, i] + rows[i] over a sequence's elements i.
template <typename T>
__global__ void __launch_bounds__(embedding_threads)
    add_to_sequences(T *out, const T *x, const float *rows, int64_t batch, int64_t sequence,
                     bool aligned) {
  int64_t stride = static_cast<int64_t>(gridDim.x) * embedding_threads * run_length;
  int64_t first = (static_cast<int64_t>(blockIdx.x) * embedding_threads + threadIdx.x) * run_length;
  for (int64_t i = first; i < sequence; i += stride) {
    extent e(i, sequence, aligned);
    run shift;
    load(shift, rows + i, e);
    for (int64_t b = blockIdx.y; b < batch; b += gridDim.y) {
      run values;
      load(values, x + b * sequence + i, e);
#pragma unroll
      for (int c = 0; c < run_length; c++) values[c] += shift[c];
      store(out + b * sequence + i, values, e);
    }
  }
}

void add_rows_forward(kernel_context *context, const struct add_rows_forward *call) {
  int64_t sequence = call->tokens * call->d;
  bool aligned = are_aligned(call->out, call->x, call->rows) && sequence % run_length == 0;
  dim3 grid(blocks_for(sequence, embedding_threads * run_length), blocks_for(call->batch, 1));
  with_type(call->type, [&](auto zero) {
    using T = decltype(zero);
    launch(context, add_to_sequences<T>, grid, embedding_threads, 0, static_cast<T *>(call->out),
           static_cast<const T *>(call->x), call->rows, call->batch, sequence, aligned);
  });
}

void add_rows_backward(kernel_context *context, const struct add_rows_backward *call) {
  sum_columns(context, call->drows, call->dout, call->batch, call->tokens * call->d, call->type,
              nullptr);
}

} // namespace plugin
