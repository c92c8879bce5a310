// FlashAttention-3: tensor maps, which the driver makes.
#include "flash3_tiles.cuh"

namespace plugin::flash3 {

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

bool make_map(kernel_context *context, CUtensorMap *map, const strided_tensor &tensor, int box_rows,
              int row_bytes) {
  if (tensor.rows == 0) return true; // nobody will ask for a part of it
  if (!enter(context)) return false;
  static const auto encode = find_encoder();
  // No stride may be 0.
  int size = tensor.element_bytes;
  auto in_bytes = [size](int64_t n) { return static_cast<cuuint64_t>(n > 8 ? n * size : 16); };
  cuuint64_t sizes[4] = {
      static_cast<cuuint64_t>(tensor.columns), static_cast<cuuint64_t>(tensor.heads),
      static_cast<cuuint64_t>(tensor.rows), static_cast<cuuint64_t>(tensor.batch)};
  cuuint64_t strides[3] = {in_bytes(tensor.head_stride), in_bytes(tensor.row_stride),
                           in_bytes(tensor.batch_stride)};
  int panel_row = panel_row_bytes(row_bytes);
  cuuint32_t box[4] = {static_cast<cuuint32_t>(panel_row / size), 1,
                       static_cast<cuuint32_t>(box_rows), 1};
  cuuint32_t ones[4] = {1, 1, 1, 1};
  CUresult result = CUDA_ERROR_INVALID_VALUE;
  if (encode) {
    result = encode(
        map, size == 1 ? CU_TENSOR_MAP_DATA_TYPE_UINT8 : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 4,
        const_cast<void *>(tensor.data), sizes, strides, box, ones, CU_TENSOR_MAP_INTERLEAVE_NONE,
        panel_row == 128 ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_64B,
        CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  }
  return check(context, result == CUDA_SUCCESS ? cudaSuccess : cudaErrorInvalidValue,
               "making a tensor map");
}

bool map_queries(kernel_context *context, CUtensorMap *map, const void *data, const attention &s,
                 int box_rows) {
  int64_t row = s.heads * s.head_dim;
  return make_map(context, map,
                  {data, s.batch, s.queries, s.heads, s.head_dim, s.queries * row, row, s.head_dim},
                  box_rows, static_cast<int>(s.head_dim) * 2);
}

bool map_keys(kernel_context *context, CUtensorMap *map, const void *data, const attention &s,
              int box_rows) {
  const row_layout &rows = s.rows;
  return make_map(context, map,
                  {data, s.batch, s.keys, s.kv_heads, s.head_dim, rows.batch_rows * s.head_dim,
                   rows.slot_rows * s.head_dim, rows.head_rows * s.head_dim},
                  box_rows, static_cast<int>(s.head_dim) * 2);
}

} // namespace plugin::flash3
