// FlashAttention-2's backward pass in bf16: which instances compute which attention.
#include "flash2.cuh"
#include "flash2_backward.cuh"

namespace plugin {

template <typename cut> static void launch_cut(kernel_context *context, flash2_backward_call call) {
  const attention_view &a = call.a;
  int64_t held = cut::holds_keys ? a.keys : static_cast<int64_t>(a.queries) * a.group;
  call.stages = cut::shared_bytes(2) <= context->shared_memory ? 2 : 1;
  launch(context, flash2_backward_kernel<cut>, blocks_of(a, held, cut::held), cut::threads,
         cut::shared_bytes(call.stages), call);
}

/// Both passes, as far as their results are wanted. Heads up to 128: a warp's dK and dV of 16 keys
/// fill its registers. Wider ones: so does either, and each has a pass of its own.
template <int columns, bool plain>
static void launch_width(kernel_context *context, const flash2_backward_call &call) {
  constexpr bool is_wide = columns > 128;
  constexpr int warps = is_wide ? 4 : 8, streamed = is_wide || !plain ? 32 : 64;
  if constexpr (is_wide) {
    if (call.dv.data)
      launch_cut<backward_cut<columns, warps, streamed, true, true, false, plain>>(context, call);
    if (call.dk.data)
      launch_cut<backward_cut<columns, warps, streamed, true, false, true, plain>>(context, call);
  } else {
    if (call.dv.data || call.dk.data)
      launch_cut<backward_cut<columns, warps, streamed, true, true, true, plain>>(context, call);
  }
  if (call.dq.data)
    launch_cut<backward_cut<columns, warps, streamed, false, false, true, plain>>(context, call);
}

void flash2_backward_bf16(kernel_context *context, const attention_backward *call,
                          const attention_view &a, const float2 *statistics) {
  const attention &s = call->shape;
  flash2_backward_call backward = {.a = a,
                                   .dq = call->dq,
                                   .dk = call->dk,
                                   .dv = call->dv,
                                   .q = static_cast<const bf16 *>(call->q),
                                   .dout = static_cast<const bf16 *>(call->dout),
                                   .k = key_rows_of(s, call->k, nullptr),
                                   .v = key_rows_of(s, call->v, nullptr),
                                   .statistics = statistics,
                                   .is_whole =
                                       s.head_dim % 8 == 0 && are_aligned(call->q, call->dout)};
  int width = a.head_dim;
  if (is_plain(a)) {
    if (width <= 32) return launch_width<32, true>(context, backward);
    if (width <= 64) return launch_width<64, true>(context, backward);
    if (width <= 128) return launch_width<128, true>(context, backward);
    return launch_width<256, true>(context, backward);
  }
  if (width <= 64) return launch_width<64, false>(context, backward);
  if (width <= 128) return launch_width<128, false>(context, backward);
  launch_width<256, false>(context, backward);
}

} // namespace plugin
