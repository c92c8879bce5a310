// FlashAttention-3, forward: bf16, and what e4m3 has in common with it.
#include "flash3.cuh"
#include "flash3_forward_launch.cuh"

namespace plugin::flash3 {

template <int head_dim, bool is_wide, bool is_general>
static void forward_as(kernel_context *context, const attention_forward *call,
                       forward_parameters &p) {
  typedef forward_tiles<bf16, head_dim, is_wide, is_general> tiles;
  const attention &s = call->shape;
  if (map_queries(context, &p.q, call->q, s, warpgroup_rows) &&
      map_keys(context, &p.k, call->k, s, tiles::keys) &&
      map_keys(context, &p.v, call->v, s, tiles::keys))
    launch_forward<bf16, head_dim, is_wide, is_general>(context, call, p);
}

void take_parts(forward_parameters &p, const attention &s, arena &parts) {
  p.row_maximum = parts.take<float>(s.batch * s.heads * s.queries);
  p.unsure = parts.take<uint32_t>(s.batch * s.heads * groups_of_rows(s.queries));
}

int64_t forward_bytes(const attention &s) {
  forward_parameters p = {};
  arena parts = {};
  take_parts(p, s, parts);
  return parts.used;
}

void forward(kernel_context *context, const attention_forward *call) {
  const attention &s = call->shape;
  if (is_empty(s)) return;
  forward_parameters p = {.shape = view_of(s, nullptr), .saved = call->saved};
  arena parts = {static_cast<unsigned char *>(call->workspace)};
  take_parts(p, s, parts);
  if (s.queries > 0) {
    with_head_dim(s, is_general(p.shape), [&](auto head_dim, auto is_general) {
      constexpr bool can_be_wide = head_dim() != 64;
      if (can_be_wide && !is_masked(s))
        forward_as<head_dim(), can_be_wide, is_general()>(context, call, p);
      else
        forward_as<head_dim(), false, is_general()>(context, call, p);
    });
  }
  finish_forward(context, call, p);
}

void finish_forward(kernel_context *context, const attention_forward *call,
                    const forward_parameters &p) {
  if (call->shape.queries > 0) mend_forward(context, call, p);
  largest_logits(context, p.shape, call->max_logit, p.row_maximum);
}

} // namespace plugin::flash3
