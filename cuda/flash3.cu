// FlashAttention-3: the table's entry, and what it can compute.
#include "flash3.cuh"

#include <algorithm>
#include <cstdio>

#include "attention.cuh"
#include "entries.cuh"
#include "flash3_fp8.cuh"

namespace plugin {

static bool supports(kernel_context *context, const attention *s, bool backward, char *reason,
                     int64_t capacity) {
  auto no = [&](const char *obstacle) { return refuse(reason, capacity, obstacle); };
  if (context->capability != 90) return no("a GPU that is no Hopper");
  if (s->head_dim != 64 && s->head_dim != 128 && s->head_dim != 256) {
    char obstacle[64];
    snprintf(obstacle, sizeof obstacle, "a head_dim of %lld", static_cast<long long>(s->head_dim));
    return no(obstacle);
  }
  if (s->type != ELEMENT_BF16) return no("f32 activations");
  if (s->mask.keep || s->mask.bias) return no("an explicit mask");
  if (s->slopes) return no("ALiBi");
  if (s->rows.type != ROWS_BF16 || s->rows.head_rows != 1 || s->rows.slot_rows != s->kv_heads)
    return no("a cache");
  return supports_attention(context, s, backward, reason, capacity);
}

static int64_t saved_floats(const attention *s) { return s->batch * s->heads * s->queries; }

static int64_t workspace(kernel_context *context, const attention *s, bool backward) {
  int64_t bytes = backward ? flash3::backward_bytes(*s) : flash3::forward_bytes(*s);
  return std::max(bytes, flash2_attention.workspace(context, s, backward));
}

// The copy engine needs tensors at multiples of 16 bytes. flash2 does those that lie elsewhere,
// which `supports` and `workspace` cannot know; it saves the same statistics.

static void forward(kernel_context *context, const attention_forward *call) {
  if (are_aligned(call->q, call->k, call->v, call->out))
    flash3::forward(context, call);
  else
    flash2_attention.forward(context, call);
}

static void backward(kernel_context *context, const attention_backward *call) {
  if (are_aligned(call->q, call->k, call->v, call->out, call->dout, call->dq.data, call->dk.data,
                  call->dv.data))
    flash3::backward(context, call);
  else
    flash2_attention.backward(context, call);
}

const attention_kernel flash3_attention = {.supports = supports,
                                           .saved_floats = saved_floats,
                                           .workspace = workspace,
                                           .forward = forward,
                                           .backward = backward};

// The same in 8 bits, forward only.

static bool supports_fp8(kernel_context *context, const attention *s, bool backward, char *reason,
                         int64_t capacity) {
  return supports(context, s, false, reason, capacity) &&
         (!backward || refuse(reason, capacity, "gradients"));
}

static int64_t fp8_workspace(kernel_context *context, const attention *s, bool backward) {
  return backward ? 0
                  : std::max(flash3::fp8_forward_bytes(*s),
                             flash2_attention.workspace(context, s, false));
}

static void fp8_forward(kernel_context *context, const attention_forward *call) {
  if (are_aligned(call->q, call->k, call->v, call->out))
    flash3::fp8_forward(context, call);
  else
    flash2_attention.forward(context, call);
}

static void no_backward(kernel_context *context, const attention_backward *) {
  fail(context, cudaErrorInvalidValue, "a backward pass by flash3_fp8");
}

const attention_kernel flash3_fp8_attention = {.supports = supports_fp8,
                                               .saved_floats = saved_floats,
                                               .workspace = fp8_workspace,
                                               .forward = fp8_forward,
                                               .backward = no_backward};

} // namespace plugin
