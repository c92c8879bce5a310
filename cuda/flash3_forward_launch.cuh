// FlashAttention-3, forward: its kernel, of bf16 or e4m3, and what it is launched with.
#ifndef RUNEXP_FLASH3_FORWARD_LAUNCH_CUH
#define RUNEXP_FLASH3_FORWARD_LAUNCH_CUH

#include "flash3_forward_block.cuh"

namespace plugin::flash3 {

template <typename element, int head_dim, bool is_wide, bool is_general>
__global__ void __launch_bounds__(forward_tiles<element, head_dim, is_wide, is_general>::threads, 1)
    forward_kernel(const __grid_constant__ forward_parameters p) {
#if RUNEXP_IS_HOPPER
  typedef forward_tiles<element, head_dim, is_wide, is_general> tiles;
  forward_block<element, head_dim, is_wide, is_general> block(p);
  block.init();
  int warpgroup = warpgroup_number();
  if (warpgroup == 0) {
    setmaxnreg_dec<tiles::producer_registers>();
    if (threadIdx.x == 0) block.produce();
  } else {
    setmaxnreg_inc<tiles::consumer_registers>();
    block.consume(warpgroup - 1);
  }
#endif
}

/// Launches it on what p.q, p.k and p.v map.
template <typename element, int head_dim, bool is_wide, bool is_general>
void launch_forward(kernel_context *context, const attention_forward *call, forward_parameters &p) {
  typedef forward_tiles<element, head_dim, is_wide, is_general> tiles;
  const attention &s = call->shape;
  p.tiles = static_cast<int>(ceil_div(s.queries, tiles::rows));
  p.heads_at_once =
      heads_at_once(s.keys * head_dim * 2 * static_cast<int64_t>(sizeof(element)) / p.shape.group);
  if (!map_queries(context, &p.out, call->out, s, warpgroup_rows)) return;
  launch(context, forward_kernel<element, head_dim, is_wide, is_general>,
         static_cast<unsigned>(s.batch * s.heads * p.tiles), tiles::threads, tiles::bytes, p);
}

} // namespace plugin::flash3

#endif
