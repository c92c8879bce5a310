// Q8 matrices: widened before a product, and rows of them looked up.
#include "elements.cuh"
#include "entries.cuh"
#include "q8.cuh"

namespace plugin {

constexpr int q8_threads = 128;

/// A block takes a row: that of its number, or of the id that is given for it.
template <typename T>
__global__ void __launch_bounds__(q8_threads)
    q8_rows(T *out, q8_matrix from, const int32_t *ids, int64_t n) {
  for (int64_t i = blockIdx.x; i < n; i += gridDim.x) {
    int64_t row = ids ? ids[i] : i;
    for (int64_t c = threadIdx.x; c < from.columns; c += q8_threads) {
      float scale = cvt_f32_f16(from.scales[row * from.blocks + c / Q8_BLOCK]);
      set(out[i * from.columns + c], scale * from.numbers[row * from.columns + c]);
    }
  }
}

void widen_q8(kernel_context *context, void *out, element_type type, const void *data, int64_t rows,
              int64_t columns) {
  with_type(type, [&](auto zero) {
    using T = decltype(zero);
    launch(context, q8_rows<T>, blocks_for(rows, 1), q8_threads, 0, static_cast<T *>(out),
           q8_matrix(data, rows, columns), static_cast<const int32_t *>(nullptr), rows);
  });
}

void look_up_q8(kernel_context *context, const struct embedding_forward *call) {
  with_type(call->type, [&](auto zero) {
    using T = decltype(zero);
    launch(context, q8_rows<T>, blocks_for(call->n, 1), q8_threads, 0, static_cast<T *>(call->out),
           q8_matrix(call->table, call->vocabulary, call->d), call->ids, call->n);
  });
}

} // namespace plugin
