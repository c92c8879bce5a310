// FlashAttention-3: the table's entry, and what it can compute.
#include <cstdio>

#include "flash3.cuh"

namespace plugin {

static bool refuse(char *reason, int64_t capacity, const char *format, int64_t number = 0) {
  if (capacity > 0)
    snprintf(reason, static_cast<size_t>(capacity), format, static_cast<long long>(number));
  return false;
}

static bool supports(kernel_context *context, const attention *s, bool backward, char *reason,
                     int64_t capacity) {
  auto no = [&](const char *format, int64_t number = 0) {
    return refuse(reason, capacity, format, number);
  };
  if (context->capability != 90) return no("a GPU that is no Hopper");
  if (s->kv_heads <= 0 || s->heads % s->kv_heads != 0)
    return no("heads that cannot be shared out to the key/value heads");
  if (s->head_dim != 64 && s->head_dim != 128 && s->head_dim != 256)
    return no("a head_dim of %lld", s->head_dim);
  if (s->type != ELEMENT_BF16) return no("f32 activations");
  if (s->mask.keep || s->mask.bias) return no("an explicit mask");
  if (s->slopes) return no("ALiBi");
  if (s->rows.type != ROWS_BF16 || s->rows.head_rows != 1 || s->rows.slot_rows != s->kv_heads)
    return no("a cache");
  return true;
}

static int64_t saved_floats(const attention *s) { return s->batch * s->heads * s->queries; }

static int64_t workspace(kernel_context *, const attention *s, bool backward) {
  return backward ? flash3_backward_workspace(s) : flash3_forward_workspace(s);
}

const attention_kernel flash3_attention = {
    .supports = supports,
    .saved_floats = saved_floats,
    .workspace = workspace,
    .forward = flash3_forward_entry,
    .backward = flash3_backward_entry,
};

} // namespace plugin
