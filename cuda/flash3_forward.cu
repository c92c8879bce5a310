// FlashAttention-3, forward: its kernel, and what it is launched with.
#include "flash3.cuh"
#include "flash3_forward_block.cuh"

namespace plugin {

template <int head_dim, bool is_masked, bool is_general>
__global__ void __launch_bounds__(forward_tiles<head_dim, is_masked>::threads, 1)
    flash3_forward(const __grid_constant__ flash3_forward_parameters p) {
#if RUNEXP_IS_HOPPER
  typedef forward_tiles<head_dim, is_masked> tiles;
  forward_block<head_dim, is_masked> block(p);
  block.init();
  int warpgroup = warpgroup_number();
  if (warpgroup == 0) {
    setmaxnreg_dec<tiles::producer_registers>();
    if (threadIdx.x == 0) block.produce();
  } else {
    setmaxnreg_inc<tiles::consumer_registers>();
    block.template consume<is_general>(warpgroup - 1);
  }
#endif
}

template <int head_dim, bool is_masked, bool is_general>
static void forward_as(kernel_context *context, const attention_forward *call) {
  typedef forward_tiles<head_dim, is_masked> tiles;
  const attention &s = call->shape;
  int64_t count = s.batch * s.heads * flash3_groups_of_rows(s.queries);
  flash3_forward_parameters p = {.shape = flash3_shape(s)};
  p.tiles = static_cast<int>(ceil_div(s.queries, tiles::rows));
  p.heads_at_once = flash3_heads_at_once(s.keys * head_dim * 4 / p.shape.group());
  p.saved = call->saved;
  p.unsure = static_cast<uint32_t *>(call->workspace);
  p.largest = static_cast<float *>(call->workspace) + count;
  if (count > 0) {
    const row_layout &rows = s.rows;
    int64_t width = s.head_dim, row = s.heads * width;
    flash3_tensor q = {call->q, s.batch, s.queries, s.heads, width, s.queries * row, row, width};
    flash3_tensor k = {s.keys > 0 ? call->k : call->q,
                       s.batch,
                       s.keys,
                       s.kv_heads,
                       width,
                       rows.batch_rows * width,
                       rows.slot_rows * width,
                       rows.head_rows * width};
    flash3_tensor v = k, out = q;
    if (s.keys > 0) v.data = call->v;
    out.data = call->out;
    if (!make_tensor_map(context, &p.q, q, warpgroup_rows) ||
        !make_tensor_map(context, &p.k, k, tiles::keys) ||
        !make_tensor_map(context, &p.v, v, tiles::keys) ||
        !make_tensor_map(context, &p.out, out, warpgroup_rows))
      return;
  }
  int64_t blocks = s.batch * s.heads * p.tiles;
  launch(context, flash3_forward<head_dim, is_masked, is_general>,
         dim3(static_cast<unsigned>(blocks)), dim3(tiles::threads), tiles::bytes, p);
  flash3_mend_forward(context, call, p.unsure, p.largest);
}

template <int head_dim>
static void forward_of(kernel_context *context, const attention_forward *call) {
  flash3_shape shape(call->shape);
  if (shape.is_masked() && shape.is_general())
    forward_as<head_dim, true, true>(context, call);
  else if (shape.is_masked())
    forward_as<head_dim, true, false>(context, call);
  else if (shape.is_general())
    forward_as<head_dim, false, true>(context, call);
  else
    forward_as<head_dim, false, false>(context, call);
}

int64_t flash3_forward_workspace(const attention *s) {
  return s->batch * s->heads * flash3_groups_of_rows(s->queries) *
         static_cast<int64_t>(sizeof(uint32_t) + sizeof(float));
}

void flash3_forward_entry(kernel_context *context, const attention_forward *call) {
  if (call->shape.head_dim == 64)
    forward_of<64>(context, call);
  else if (call->shape.head_dim == 128)
    forward_of<128>(context, call);
  else
    forward_of<256>(context, call);
}

} // namespace plugin
