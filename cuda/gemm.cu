// Matrix products, by tiles of 16 x 16.
#include "elements.cuh"
#include "entries.cuh"

#include <cstdio>

namespace plugin {

constexpr int product_tile = 16;

/// One of the operands, element (row, column) of op(x).
struct operand {
  const void *data;
  int64_t row_stride, column_stride;
  element_type type;
  __device__ float at(int64_t row, int64_t column, bool rounded) const {
    int64_t i = row * row_stride + column * column_stride;
    float value = type == ELEMENT_F32 ? static_cast<const float *>(data)[i]
                                      : to_float(static_cast<const bf16 *>(data)[i]);
    if (!rounded) return value;
    bf16 narrow;
    set(narrow, value);
    return to_float(narrow);
  }
};

template <typename C>
__global__ void multiply_tiles(target<C> c, operand a, operand b, const float *bias, int64_t m,
                               int64_t n, int64_t k, bool rounded) {
  float *a_tile = reinterpret_cast<float *>(shared_memory());
  float *b_tile = a_tile + product_tile * product_tile;
  int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  int64_t row = static_cast<int64_t>(blockIdx.y) * product_tile + y;
  int64_t column = static_cast<int64_t>(blockIdx.x) * product_tile + x;
  float sum = 0;
  for (int64_t first = 0; first < k; first += product_tile) {
    int at = y * product_tile + x;
    a_tile[at] = row < m && first + x < k ? a.at(row, first + x, rounded) : 0;
    b_tile[at] = first + y < k && column < n ? b.at(first + y, column, rounded) : 0;
    __syncthreads();
    for (int i = 0; i < product_tile; i++)
      sum += a_tile[y * product_tile + i] * b_tile[i * product_tile + x];
    __syncthreads();
  }
  if (row < m && column < n) contribute(c, row * n + column, bias ? sum + bias[column] : sum);
}

void gemm(kernel_context *context, const struct gemm *call) {
  operand a = {call->a, call->k, 1, call->a_type}, b = {call->b, call->n, 1, call->b_type};
  if (call->a_transposed) a = {call->a, 1, call->m, call->a_type};
  if (call->b_transposed) b = {call->b, 1, call->k, call->b_type};
  dim3 grid(static_cast<unsigned>(ceil_div(call->n, product_tile)),
            static_cast<unsigned>(ceil_div(call->m, product_tile)));
  with_type(call->c_type, [&](auto zero) {
    launch(context, multiply_tiles<decltype(zero)>, grid, dim3(product_tile, product_tile),
           2 * product_tile * product_tile * sizeof(float), gradient{call->c, call->accumulate}, a,
           b, call->bias, call->m, call->n, call->k, call->compute == ELEMENT_BF16);
  });
}

int64_t gemm_workspace(kernel_context *context, const struct gemm *call) { return 0; }

bool supports_gemm(kernel_context *context, const struct gemm *call, char *reason,
                   int64_t capacity) {
  if (!call->bias || !call->accumulate) return true;
  snprintf(reason, static_cast<size_t>(capacity), "a bias on what is added to a matrix");
  return false;
}

} // namespace plugin
