// FlashAttention-2's forward pass in bf16: which instance computes which attention.
#include "flash2.cuh"
#include "flash2_forward.cuh"

namespace plugin {

template <typename cut> static void launch_cut(kernel_context *context, flash2_forward_call call) {
  const attention_view &a = call.a;
  constexpr int step = own_pieces<cut::threads, typename cut::query_tile>::step;
  call.even_queries = even_rows::of(a, call.is_whole, step, cut::columns);
  call.even_keys = even_rows::of(call.k, cut::columns);
  call.even_values = even_rows::of(call.v, cut::columns);
  int64_t rows = static_cast<int64_t>(a.queries) * a.group;
  launch(context, flash2_forward_kernel<cut>, blocks_of(a, rows, cut::rows), cut::threads,
         cut::shared_bytes, call);
}

/// Columns, warps, rows of a warp, keys, blocks. Accumulators fill the registers: 32 rows of a warp
/// share each fragment of keys and values that is read, for which wide heads have no room.
static void launch_plain(kernel_context *context, const flash2_forward_call &call) {
  int width = call.a.head_dim;
  if (width <= 32) return launch_cut<flash2_cut<32, 4, 32, 64, 3, true>>(context, call);
  if (width <= 64) return launch_cut<flash2_cut<64, 4, 32, 64, 2, true>>(context, call);
  if (width <= 96) return launch_cut<flash2_cut<96, 4, 32, 64, 2, true>>(context, call);
  if (width <= 128) return launch_cut<flash2_cut<128, 4, 32, 64, 2, true>>(context, call);
  if (width <= 192) return launch_cut<flash2_cut<192, 4, 16, 64, 2, true>>(context, call);
  launch_cut<flash2_cut<256, 4, 16, 64, 2, true>>(context, call);
}

/// What more than causal mask and window makes of scores takes its registers and its time.
static void launch_general(kernel_context *context, const flash2_forward_call &call) {
  int width = call.a.head_dim;
  if (width <= 64) return launch_cut<flash2_cut<64, 4, 16, 64, 4, false>>(context, call);
  if (width <= 128) return launch_cut<flash2_cut<128, 4, 16, 64, 3, false>>(context, call);
  launch_cut<flash2_cut<256, 4, 16, 64, 2, false>>(context, call);
}

void flash2_forward_bf16(kernel_context *context, const attention_forward *call,
                         const attention_view &a, float *row_maximum) {
  const attention &s = call->shape;
  flash2_forward_call forward = {.a = a,
                                 .out = static_cast<bf16 *>(call->out),
                                 .saved = call->saved,
                                 .row_maximum = row_maximum,
                                 .q = static_cast<const bf16 *>(call->q),
                                 .k = key_rows_of(s, call->k, s.k_scales),
                                 .v = key_rows_of(s, call->v, s.v_scales),
                                 .is_whole =
                                     s.head_dim % 8 == 0 && are_aligned(call->q, call->out)};
  // The largest score is the largest logit where the factor is positive.
  if (is_plain(a) && a.factor > 0)
    launch_plain(context, forward);
  else
    launch_general(context, forward);
}

} // namespace plugin
