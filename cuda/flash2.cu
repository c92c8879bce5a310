// FlashAttention-2 (Dao 2023) as an entry of the table: what it supports, its scratch memory, and
// which kernels compute what.
#include "decode.cuh"
#include "entries.cuh"
#include "flash2.cuh"

namespace plugin {

/// Heads beyond this have no room in registers.
constexpr int64_t widest_head = 256;

static bool supports(kernel_context *context, const attention *shape, bool backward, char *reason,
                     int64_t capacity) {
  if (shape->head_dim > widest_head) return refuse(reason, capacity, "a head dimension above 256");
  return supports_attention(context, shape, backward, reason, capacity);
}

static int64_t rows_of(const attention &s) {
  return is_empty(s) ? 0 : s.batch * s.heads * s.queries;
}

static int64_t saved_floats(const attention *shape) { return rows_of(*shape); }

/// Parts of the workspace.
struct flash2_memory {
  arena parts;
  float *shifts;      // see mask_shifts
  float *row_maximum; // forward: see largest_logits
  float2 *statistics; // backward: see flash2_statistics
  flash2_memory(const attention &s, bool backward, void *workspace)
      : parts{static_cast<unsigned char *>(workspace)},
        shifts(parts.take<float>(mask_shift_floats(s))),
        row_maximum(parts.take<float>(backward ? 0 : rows_of(s))),
        statistics(parts.take<float2>(backward ? rows_of(s) : 0)) {}
};

static int64_t workspace(kernel_context *context, const attention *shape, bool backward) {
  if (!backward && is_decode(*shape)) return decode_workspace(context, *shape);
  return flash2_memory(*shape, backward, nullptr).parts.used;
}

static void forward(kernel_context *context, const attention_forward *call) {
  const attention &s = call->shape;
  if (is_empty(s)) return;
  if (is_decode(s)) return decode_forward(context, call);
  flash2_memory memory(s, false, call->workspace);
  if (mask_shift_floats(s) > 0) mask_shifts(context, s, memory.shifts);
  attention_view a = view_of(s, memory.shifts);
  float *row_maximum = call->max_logit ? memory.row_maximum : nullptr;
  if (s.type == ELEMENT_BF16)
    flash2_forward_bf16(context, call, a, row_maximum);
  else
    flash2_forward_f32(context, call, a, row_maximum);
  if (call->max_logit) largest_logits(context, a, call->max_logit, row_maximum);
}

static void backward(kernel_context *context, const attention_backward *call) {
  const attention &s = call->shape;
  if (is_empty(s)) return;
  flash2_memory memory(s, true, call->workspace);
  if (mask_shift_floats(s) > 0) mask_shifts(context, s, memory.shifts);
  attention_view a = view_of(s, memory.shifts);
  flash2_statistics(context, call, a, memory.statistics);
  if (s.type == ELEMENT_BF16)
    flash2_backward_bf16(context, call, a, memory.statistics);
  else
    flash2_backward_f32(context, call, a, memory.statistics);
}

const attention_kernel flash2_attention = {.supports = supports,
                                           .saved_floats = saved_floats,
                                           .workspace = workspace,
                                           .forward = forward,
                                           .backward = backward};

} // namespace plugin
