// What devices on the host can compute: all that the calls can say, but for what has no meaning.
#include "host.h"

#include <stdio.h>

static bool refuse(char *reason, int64_t capacity, const char *obstacle) {
  if (capacity > 0) snprintf(reason, (size_t)capacity, "%s", obstacle);
  return false;
}

bool runexp_host_supports_gemm(struct kernel_context *context, const struct gemm *call,
                               char *reason, int64_t capacity) {
  if (call->bias && call->accumulate)
    return refuse(reason, capacity, "a bias on what is added to a matrix");
  if (call->a_type == ELEMENT_Q8 || call->c_type == ELEMENT_Q8 ||
      (call->b_type == ELEMENT_Q8 && !call->b_transposed))
    return refuse(reason, capacity, "a Q8 matrix that is no transposed b");
  epilogue_kind kind = call->epilogue.kind;
  if (call->accumulate && (kind == EPILOGUE_ACTIVATION || kind == EPILOGUE_GATED))
    return refuse(reason, capacity, "an activation of what is added to a matrix");
  if (call->accumulate && kind == EPILOGUE_RESIDUAL)
    return refuse(reason, capacity, "a residual of what is added to a matrix");
  return true;
}

/// Whether keys and values lie as a tensor [batch, keys, kv_heads, head_dim] of the queries' type.
static bool is_tensor(const struct attention *s) {
  const struct row_layout *rows = &s->rows;
  return rows->type == (s->type == ELEMENT_F32 ? ROWS_F32 : ROWS_BF16) && rows->head_rows == 1 &&
         rows->slot_rows == s->kv_heads && rows->first_slot == 0 && rows->slots >= s->keys;
}

bool runexp_host_supports_attention(struct kernel_context *context, const struct attention *shape,
                                    bool backward, char *reason, int64_t capacity) {
  if (shape->kv_heads <= 0 || shape->heads % shape->kv_heads != 0)
    return refuse(reason, capacity, "heads that cannot be shared out to the key/value heads");
  if (backward && !is_tensor(shape)) return refuse(reason, capacity, "gradients of a cache");
  return true;
}
