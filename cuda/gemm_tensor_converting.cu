// Products by tensor cores of operands that are rounded to bf16 on their way, or whose lines are
// not aligned; and all those whose tiles are small.
#include "gemm_tensor.cuh"

namespace plugin {

void multiply_tensor_converting(kernel_context *context, const product &p, bool large) {
  if (large)
    launch_tensor<large_converting_shape, true>(context, p);
  else
    launch_tensor<small_shape, true>(context, p);
}

} // namespace plugin
