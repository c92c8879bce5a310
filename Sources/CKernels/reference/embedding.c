// Rows looked up in a table, rows added by position, and the gradients of both.
#include "reference.h"

// out[i, :] = table[ids[i], :]
void runexp_reference_embedding_forward(struct kernel_context *context,
                                        const struct embedding_forward *call) {
  for (int64_t i = 0; i < call->n; i++) {
    for (int64_t c = 0; c < call->d; c++)
      store(call->out, i * call->d + c,
            load_matrix(call->table, call->ids[i], c, call->vocabulary, call->d, call->table_type),
            call->type);
  }
}

int64_t runexp_reference_embedding_backward_workspace(struct kernel_context *context,
                                                      const struct embedding_backward *call) {
  return 0;
}

// dtable[v, :] = sum over the i with ids[i] = v of dout[i, :]; a row that no id names gets 0.
void runexp_reference_embedding_backward(struct kernel_context *context,
                                         const struct embedding_backward *call) {
  for (int64_t v = 0; v < call->vocabulary; v++) {
    for (int64_t c = 0; c < call->d; c++) {
      double sum = 0;
      for (int64_t i = 0; i < call->n; i++) {
        if (call->ids[i] == v) sum += load(call->dout, i * call->d + c, call->type);
      }
      contribute(call->dtable, v * call->d + c, sum, ELEMENT_F32);
    }
  }
}

// out[b, t, :] = x[b, t, :] + rows[t, :]
void runexp_reference_add_rows_forward(struct kernel_context *context,
                                       const struct add_rows_forward *call) {
  int64_t sequence = call->tokens * call->d;
  for (int64_t b = 0; b < call->batch; b++) {
    for (int64_t i = 0; i < sequence; i++) {
      int64_t at = b * sequence + i;
      store(call->out, at, load(call->x, at, call->type) + call->rows[i], call->type);
    }
  }
}

// drows[t, :] = sum over b of dout[b, t, :]
void runexp_reference_add_rows_backward(struct kernel_context *context,
                                        const struct add_rows_backward *call) {
  int64_t sequence = call->tokens * call->d;
  for (int64_t i = 0; i < sequence; i++) {
    double sum = 0;
    for (int64_t b = 0; b < call->batch; b++) sum += load(call->dout, b * sequence + i, call->type);
    contribute(call->drows, i, sum, ELEMENT_F32);
  }
}
