// What the reference's attentions share: where rows lie, what a key row holds, and who sees what.
// Not an algorithm: see attention.c and rounded.c.
#ifndef RUNEXP_REFERENCE_ATTENTION_H
#define RUNEXP_REFERENCE_ATTENTION_H

#include <stdlib.h>

#include "reference.h"

/// The larger of two, and NaN where either is NaN.
static inline double maximum(double a, double b) { return a > b || isnan(a) ? a : b; }

static inline int64_t group_size(const struct attention *s) { return s->heads / s->kv_heads; }

/// Where query i's row begins, in q, out, dout and dq [batch, queries, heads, head_dim].
static inline int64_t query_row(const struct attention *s, int64_t batch, int64_t head, int64_t i) {
  return ((batch * s->queries + i) * s->heads + head) * s->head_dim;
}

/// The number of key j's row.
static inline int64_t key_row(const struct row_layout *rows, int64_t batch, int64_t kv_head,
                              int64_t j) {
  return batch * rows->batch_rows + kv_head * rows->head_rows +
         (rows->first_slot + j) % rows->slots * rows->slot_rows;
}

/// Element c of a row of keys or values, whatever it is held as.
static inline double row_element(const void *rows, const uint16_t *scales, int64_t row, int64_t c,
                                 const struct attention *s) {
  int64_t at = row * s->head_dim + c;
  switch (s->rows.type) {
    case ROWS_F32: return ((const float *)rows)[at];
    case ROWS_BF16: return from_bf16(((const uint16_t *)rows)[at]);
    case ROWS_Q8:
      return from_f16(scales[row * runexp_q8_blocks(s->head_dim) + c / Q8_BLOCK]) *
             ((const int8_t *)rows)[at];
  }
}

static inline double additive_mask(const struct attention *s, int64_t batch, int64_t head,
                                   int64_t i, int64_t j) {
  const struct attention_mask *m = &s->mask;
  return m->bias ? m->bias[batch * m->bias_batch + head * m->bias_head + i * m->bias_query + j] : 0;
}

/// Whether query i of a head does not see key j.
static inline bool is_hidden(const struct attention *s, int64_t batch, int64_t head, int64_t i,
                             int64_t j) {
  const struct attention_mask *m = &s->mask;
  int64_t ahead = j - (i + s->offset);
  if (s->causal && ahead > 0) return true;
  if (s->window > 0 && (ahead >= s->window || -ahead >= s->window)) return true;
  if (m->keep && !m->keep[batch * m->keep_batch + head * m->keep_head + i * m->keep_query + j])
    return true;
  return additive_mask(s, batch, head, i, j) == -INFINITY;
}

/// What is added to a capped score: the distance's share (ALiBi) and the mask's.
static inline double logit_bias(const struct attention *s, int64_t batch, int64_t head, int64_t i,
                                int64_t j) {
  double slope = s->slopes ? s->slopes[head] : 0;
  return slope * (double)-llabs(i + s->offset - j) + additive_mask(s, batch, head, i, j);
}

#endif
