// Tensor maps, which the driver makes.
#include "tensor_map.cuh"

namespace plugin {

/// The driver's function, null where it has none. Asked for by name, so that the plugin loads where
/// there is no driver.
static decltype(&cuTensorMapEncodeTiled) find_encoder() {
  void *found = nullptr;
  cudaDriverEntryPointQueryResult result;
  if (cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000, cudaEnableDefault,
                                       &result) != cudaSuccess)
    return nullptr;
  return reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(found);
}

bool make_tensor_map(kernel_context *context, CUtensorMap *map, const boxed_tensor &tensor) {
  if (!enter(context)) return false;
  static const auto encode = find_encoder();
  cuuint32_t ones[4] = {1, 1, 1, 1};
  CUresult result = CUDA_ERROR_INVALID_VALUE;
  if (encode) {
    result = encode(map, tensor.type, static_cast<cuuint32_t>(tensor.rank),
                    const_cast<void *>(tensor.data), tensor.sizes, tensor.strides, tensor.box, ones,
                    CU_TENSOR_MAP_INTERLEAVE_NONE, tensor.mode, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                    CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  }
  return check(context, result == CUDA_SUCCESS ? cudaSuccess : cudaErrorInvalidValue,
               "making a tensor map");
}

} // namespace plugin
