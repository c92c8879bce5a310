// FlashAttention-3: tensor maps of its tensors.
#include "flash3_tiles.cuh"
#include "tensor_map.cuh"

namespace plugin::flash3 {

bool make_map(kernel_context *context, CUtensorMap *map, const strided_tensor &tensor, int box_rows,
              int row_bytes) {
  if (tensor.rows == 0) return true; // nobody will ask for a part of it
  // No stride may be 0.
  int size = tensor.element_bytes, panel_row = panel_row_bytes(row_bytes);
  auto in_bytes = [size](int64_t n) { return static_cast<cuuint64_t>(n > 8 ? n * size : 16); };
  boxed_tensor boxed = {
      .type = size == 1 ? CU_TENSOR_MAP_DATA_TYPE_UINT8 : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,
      .data = tensor.data,
      .rank = 4,
      .sizes = {static_cast<cuuint64_t>(tensor.columns), static_cast<cuuint64_t>(tensor.heads),
                static_cast<cuuint64_t>(tensor.rows), static_cast<cuuint64_t>(tensor.batch)},
      .strides = {in_bytes(tensor.head_stride), in_bytes(tensor.row_stride),
                  in_bytes(tensor.batch_stride)},
      .box = {static_cast<cuuint32_t>(panel_row / size), 1, static_cast<cuuint32_t>(box_rows), 1},
      .mode = panel_row == 128 ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_64B};
  return make_tensor_map(context, map, boxed);
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
