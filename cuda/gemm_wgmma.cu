// Products by Hopper's warpgroups of operands that are bf16 with aligned lines.
#include "gemm_wgmma.cuh"
#include "tensor_map.cuh"

namespace plugin {

/// Maps an operand, of which a stage has `extent` rows of op(a) or columns of op(b). What lies
/// beyond its ends reads as zeros.
static bool map_operand(kernel_context *context, CUtensorMap *map, const operand &x, int64_t size,
                        int64_t k, int extent) {
  int64_t lines = x.along_k ? size : k, length = x.along_k ? k : size;
  cuuint32_t box_lines = static_cast<cuuint32_t>(x.along_k ? extent : stage_depth);
  return make_tensor_map(
      context, map,
      {.type = CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,
       .data = x.data,
       .rank = 2,
       .sizes = {static_cast<cuuint64_t>(length), static_cast<cuuint64_t>(lines)},
       .strides = {static_cast<cuuint64_t>(x.stride) * 2},
       .box = {64, box_lines},
       .mode = CU_TENSOR_MAP_SWIZZLE_128B});
}

template <typename Shape, bool a_along_k, bool b_along_k>
static void launch_wgmma(kernel_context *context, const product &p) {
  wgmma_parameters of = {};
  of.p = p;
  if (!map_operand(context, &of.a, p.a, p.m, p.k, Shape::rows) ||
      !map_operand(context, &of.b, p.b, p.n, p.k, Shape::columns))
    return;
  of.tiles = static_cast<uint32_t>(ceil_div(p.m, Shape::rows) * ceil_div(p.n, Shape::columns));
  of.items = of.tiles * static_cast<uint32_t>(p.splits);
  uint32_t most = static_cast<uint32_t>(context->multiprocessors);
  launch(context, gemm_wgmma_tiles<Shape, a_along_k, b_along_k>, of.items < most ? of.items : most,
         Shape::threads, Shape::shared_bytes, of);
}

template <typename Shape> static void multiply_as(kernel_context *context, const product &p) {
  if (p.a.along_k && p.b.along_k)
    launch_wgmma<Shape, true, true>(context, p);
  else if (p.a.along_k)
    launch_wgmma<Shape, true, false>(context, p);
  else if (p.b.along_k)
    launch_wgmma<Shape, false, true>(context, p);
  else
    launch_wgmma<Shape, false, false>(context, p);
}

void multiply_wgmma(kernel_context *context, const product &p, bool wide) {
  if (wide)
    multiply_as<wgmma_shape<wide_tile>>(context, p);
  else
    multiply_as<wgmma_shape<large_tile>>(context, p);
}

} // namespace plugin
