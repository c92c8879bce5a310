// FlashAttention-2's backward pass in bf16: which instances compute which attention.
#include "flash2.cuh"
#include "flash2_backward.cuh"

namespace plugin {

template <typename cut> static void launch_cut(kernel_context *context, flash2_backward_call call) {
  const attention_view &a = call.a;
  int64_t held = cut::holds_keys ? a.keys : static_cast<int64_t>(a.queries) * a.group;
  call.stages = cut::shared_bytes(2) <= context->shared_memory ? 2 : 1;
  constexpr int step = own_pieces<cut::threads, typename cut::streamed_tile>::step;
  call.even_queries = even_rows::of(a, call.is_whole, step, cut::columns);
  call.even_keys = even_rows::of(call.k, cut::columns);
  if (!call.v.is_aligned) call.even_keys = {};
  launch(context, flash2_backward_kernel<cut>, blocks_of(a, held, cut::held), cut::threads,
         cut::shared_bytes(call.stages), call);
}

/// Both passes, as far as their results are wanted: columns, warps, rows of a warp, streamed rows,
/// blocks. A fragment of what streams by serves all rows of a warp, and shared memory is the
/// narrowest place: so a warp has 32, unless its sums of 16 fill its registers, as dK and dV do of
/// heads up to 128, and either of wider ones, which have a pass of its own each.
template <int columns>
static void launch_plain(kernel_context *context, const flash2_backward_call &call) {
  constexpr bool is_wide = columns > 128, is_narrow = columns <= 64;
  if constexpr (is_wide) {
    if (call.dv.data)
      launch_cut<backward_cut<columns, 4, 16, 32, 1, true, true, false, true>>(context, call);
    if (call.dk.data)
      launch_cut<backward_cut<columns, 4, 16, 32, 1, true, false, true, true>>(context, call);
  } else if constexpr (is_narrow) {
    if (call.dv.data || call.dk.data)
      launch_cut<backward_cut<columns, 4, 32, 32, 2, true, true, true, true>>(context, call);
  } else {
    if (call.dv.data || call.dk.data)
      launch_cut<backward_cut<columns, 8, 16, 64, 1, true, true, true, true>>(context, call);
  }
  if (!call.dq.data) return;
  if constexpr (is_wide)
    launch_cut<backward_cut<columns, 4, 16, 32, 1, false, false, true, true>>(context, call);
  else
    launch_cut<backward_cut<columns, 4, 32, is_narrow ? 64 : 32, 2, false, false, true, true>>(
        context, call);
}

/// What more than causal mask and window makes of scores takes its registers and its time.
template <int columns>
static void launch_general(kernel_context *context, const flash2_backward_call &call) {
  constexpr bool is_wide = columns > 128;
  constexpr int warps = is_wide ? 4 : 8;
  if constexpr (is_wide) {
    if (call.dv.data)
      launch_cut<backward_cut<columns, warps, 16, 32, 1, true, true, false, false>>(context, call);
    if (call.dk.data)
      launch_cut<backward_cut<columns, warps, 16, 32, 1, true, false, true, false>>(context, call);
  } else {
    if (call.dv.data || call.dk.data)
      launch_cut<backward_cut<columns, warps, 16, 32, 1, true, true, true, false>>(context, call);
  }
  if (call.dq.data)
    launch_cut<backward_cut<columns, warps, 16, 32, 1, false, false, true, false>>(context, call);
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
    if (width <= 32) return launch_plain<32>(context, backward);
    if (width <= 64) return launch_plain<64>(context, backward);
    if (width <= 128) return launch_plain<128>(context, backward);
    return launch_plain<256>(context, backward);
  }
  if (width <= 64) return launch_general<64>(context, backward);
  if (width <= 128) return launch_general<128>(context, backward);
  launch_general<256>(context, backward);
}

} // namespace plugin
