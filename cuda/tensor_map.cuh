// Tensor maps, by which the copy engine finds boxes of a tensor: the driver makes them.
#ifndef RUNEXP_TENSOR_MAP_CUH
#define RUNEXP_TENSOR_MAP_CUH

#include <cuda.h> // types alone: no function of the driver is linked

#include "context.cuh"

namespace plugin {

/// A tensor and its boxes, the fastest dimension first, which has stride 1.
struct boxed_tensor {
  CUtensorMapDataType type;
  const void *data;        // at a multiple of 16 bytes
  int rank;                // at most 4
  cuuint64_t sizes[4];     // elements
  cuuint64_t strides[3];   // bytes, multiples of 16 and not 0, of the dimensions from the second on
  cuuint32_t box[4];       // elements
  CUtensorMapSwizzle mode; // how the box's 16-byte pieces are shuffled in shared memory
};

/// Makes a map. False where it went wrong, which the context knows then.
bool make_tensor_map(kernel_context *context, CUtensorMap *map, const boxed_tensor &tensor);

} // namespace plugin

#endif
