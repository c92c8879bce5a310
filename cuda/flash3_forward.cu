// FlashAttention-3, forward: its kernel, and what it is launched with.
#include "flash3.cuh"
#include "flash3_forward_block.cuh"

namespace plugin {

template <int head_dim, bool is_wide, bool is_general>
__global__ void __launch_bounds__(forward_tiles<head_dim, is_wide, is_general>::threads, 1)
    flash3_forward(const __grid_constant__ flash3_forward_parameters p) {
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
static void forward_as(kernel_context *context, const attention_forward *call) {
  typedef forward_tiles<head_dim, is_wide, is_general> tiles;
  const attention &s = call->shape;
  int64_t count = s.batch * s.heads * flash3_groups_of_rows(s.queries);
  flash3_forward_parameters p = {.shape = flash3_shape(s)};
  p.tiles = static_cast<int>(ceil_div(s.queries, tiles::rows));
  p.heads_at_once = flash3_heads_at_once(s.keys * head_dim * 4 / p.shape.group());
  p.saved = call->saved;
  p.unsure = static_cast<uint32_t *>(call->workspace);
  p.largest = static_cast<float *>(call->workspace) + count;
  // Of keys that are not there nothing is read, and nothing is mapped.
  bool is_mapped = count == 0 || (map_queries(context, &p.q, call->q, s, warpgroup_rows) &&
                                  map_queries(context, &p.out, call->out, s, warpgroup_rows));
  if (is_mapped && count > 0 && s.keys > 0)
    is_mapped = map_keys(context, &p.k, call->k, s, tiles::keys) &&
                map_keys(context, &p.v, call->v, s, tiles::keys);
  if (!is_mapped) return;
  int64_t blocks = s.batch * s.heads * p.tiles;
  launch(context, flash3_forward<head_dim, is_wide, is_general>,
         dim3(static_cast<unsigned>(blocks)), dim3(tiles::threads), tiles::bytes, p);
  flash3_mend_forward(context, call, p.unsure, p.largest);
}

int64_t flash3_forward_workspace(const attention *s) {
  return s->batch * s->heads * flash3_groups_of_rows(s->queries) *
         static_cast<int64_t>(sizeof(uint32_t) + sizeof(float));
}

void flash3_forward_entry(kernel_context *context, const attention_forward *call) {
  flash3_shape shape(call->shape);
  with_head_dim(call->shape, shape.is_general(), [&](auto head_dim, auto is_general) {
    constexpr bool can_be_wide = head_dim() != 64;
    if (can_be_wide && !shape.is_masked())
      forward_as<head_dim(), can_be_wide, is_general()>(context, call);
    else
      forward_as<head_dim(), false, is_general()>(context, call);
  });
}

} // namespace plugin
