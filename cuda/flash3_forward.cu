// FlashAttention-3, forward: its kernel, and what it is launched with.
#include "flash3.cuh"
#include "flash3_forward_block.cuh"

namespace plugin::flash3 {

template <int head_dim, bool is_wide, bool is_general>
__global__ void __launch_bounds__(forward_tiles<head_dim, is_wide, is_general>::threads, 1)
    forward_kernel(const __grid_constant__ forward_parameters p) {
#if RUNEXP_IS_HOPPER
  typedef forward_tiles<head_dim, is_wide, is_general> tiles;
  forward_block<head_dim, is_wide, is_general> block(p);
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

template <int head_dim, bool is_wide, bool is_general>
static void forward_as(kernel_context *context, const attention_forward *call,
                       forward_parameters &p) {
  typedef forward_tiles<head_dim, is_wide, is_general> tiles;
  const attention &s = call->shape;
  p.tiles = static_cast<int>(ceil_div(s.queries, tiles::rows));
  p.heads_at_once = heads_at_once(s.keys * head_dim * 4 / p.shape.group);
  if (!map_queries(context, &p.q, call->q, s, warpgroup_rows) ||
      !map_queries(context, &p.out, call->out, s, warpgroup_rows) ||
      !map_keys(context, &p.k, call->k, s, tiles::keys) ||
      !map_keys(context, &p.v, call->v, s, tiles::keys))
    return;
  launch(context, forward_kernel<head_dim, is_wide, is_general>,
         static_cast<unsigned>(s.batch * s.heads * p.tiles), tiles::threads, tiles::bytes, p);
}

/// Says where the parts of the workspace are, and how much there is.
static int64_t place_parts(forward_parameters &p, const attention &s, void *workspace) {
  arena parts = {static_cast<unsigned char *>(workspace)};
  p.row_maximum = parts.take<float>(s.batch * s.heads * s.queries);
  p.unsure = parts.take<uint32_t>(s.batch * s.heads * groups_of_rows(s.queries));
  return parts.used;
}

int64_t forward_bytes(const attention &s) {
  forward_parameters p = {};
  return place_parts(p, s, nullptr);
}

void forward(kernel_context *context, const attention_forward *call) {
  const attention &s = call->shape;
  if (is_empty(s)) return;
  forward_parameters p = {.shape = view_of(s, nullptr), .saved = call->saved};
  place_parts(p, s, call->workspace);
  // The largest score is that of the largest logit where the factor is positive.
  bool is_general = p.shape.cap != 0 || !(p.shape.factor > 0);
  if (s.queries > 0) {
    with_head_dim(s, is_general, [&](auto head_dim, auto is_general) {
      constexpr bool can_be_wide = head_dim() != 64;
      if (can_be_wide && !is_masked(s))
        forward_as<head_dim(), can_be_wide, is_general()>(context, call, p);
      else
        forward_as<head_dim(), false, is_general()>(context, call, p);
    });
    mend_forward(context, call, p);
  }
  largest_logits(context, p.shape, call->max_logit, p.row_maximum);
}

} // namespace plugin::flash3
