// Rows looked up in a table, rows added by position, and the gradients of both.
#include "reference.h"

// out[i, :] = table[ids[i], :]
void reference_embedding_forward(struct kernel_context *context, void *out, const float *table,
                                 const int32_t *ids, int64_t n, int64_t d, element_type type) {
  for (int64_t i = 0; i < n; i++) {
    for (int64_t c = 0; c < d; c++) store(out, i * d + c, table[ids[i] * d + c], type);
  }
}

// dtable[v, :] = sum over the i with ids[i] = v of dout[i, :]; a row that no id names gets 0.
void reference_embedding_backward(struct kernel_context *context, struct gradient dtable,
                                  const void *dout, const int32_t *ids, int64_t n, int64_t d,
                                  int64_t vocabulary, element_type type) {
  for (int64_t v = 0; v < vocabulary; v++) {
    for (int64_t c = 0; c < d; c++) {
      double sum = 0;
      for (int64_t i = 0; i < n; i++) {
        if (ids[i] == v) sum += load(dout, i * d + c, type);
      }
      contribute(dtable, v * d + c, sum, ELEMENT_F32);
    }
  }
}

// out[b, t, :] = x[b, t, :] + rows[t, :]
void reference_add_rows_forward(struct kernel_context *context, void *out, const void *x,
                                const float *rows, int64_t batch, int64_t tokens, int64_t d,
                                element_type type) {
  for (int64_t b = 0; b < batch; b++) {
    for (int64_t i = 0; i < tokens * d; i++) {
      int64_t at = b * tokens * d + i;
      store(out, at, load(x, at, type) + rows[i], type);
    }
  }
}

// drows[t, :] = sum over b of dout[b, t, :]
void reference_add_rows_backward(struct kernel_context *context, struct gradient drows,
                                 const void *dout, int64_t batch, int64_t tokens, int64_t d,
                                 element_type type) {
  for (int64_t i = 0; i < tokens * d; i++) {
    double sum = 0;
    for (int64_t b = 0; b < batch; b++) sum += load(dout, b * tokens * d + i, type);
    contribute(drows, i, sum, ELEMENT_F32);
  }
}
