// Attention by its definition, one query row at a time, in double:
//
// out_i = sum over j of p_ij v_j        p_ij = exp(s_ij - lse_i)        lse_i = log sum over j of
// exp(s_ij)
//   s_ij = c tanh(scale (q_i . k_j) / c) + bias_ij, without the tanh where there is no softcap
//
// where j runs over the keys that query i sees. The algorithms compute the same here and differ in
// what they save for backward: the probabilities p, the log-sum-exps, or maximum and sum of the
// exponentials.
#include "attention.h"

enum saves { SAVES_PROBABILITIES, SAVES_LOG_SUM_EXP, SAVES_MAXIMUM_AND_SUM };

/// One query row's way through the keys of its head. `logit` is -inf where a key is hidden; `slope`
/// is the softcap's derivative.
struct row {
  double *logit, *slope, *p; // [keys]
  double *q, *dout, *out;    // [head_dim]; out is the gradient of q in backward
  double *k, *v;             // [keys, head_dim], converted once a head
  double *dk, *dv; // the same: gradients, summed over the head's queries before they are rounded
};

static struct row row_in(void *workspace, const struct attention *s) {
  int64_t keys = s->keys, width = s->head_dim;
  struct row row = {.logit = workspace};
  row.slope = row.logit + keys, row.p = row.slope + keys;
  row.q = row.p + keys, row.dout = row.q + width, row.out = row.dout + width;
  row.k = row.out + width, row.v = row.k + keys * width;
  row.dk = row.v + keys * width, row.dv = row.dk + keys * width;
  return row;
}

static int64_t workspace_size(struct kernel_context *context, const struct attention *s,
                              bool backward) {
  int64_t doubles = 3 * (s->keys + s->head_dim) + (backward ? 4 : 2) * s->keys * s->head_dim + 1;
  return doubles * (int64_t)sizeof(double);
}

static void load_keys(const struct row *row, const void *k, const void *v,
                      const struct attention *s, int64_t batch, int64_t kv_head) {
  for (int64_t j = 0; j < s->keys; j++) {
    int64_t key = key_row(&s->rows, batch, kv_head, j), at = j * s->head_dim;
    for (int64_t c = 0; c < s->head_dim; c++) {
      row->k[at + c] = row_element(k, s->k_scales, key, c, s);
      row->v[at + c] = row_element(v, s->v_scales, key, c, s);
    }
  }
}

static void load_row(double *to, const void *from, int64_t at, const struct attention *s) {
  for (int64_t c = 0; c < s->head_dim; c++) to[c] = load(from, at + c, s->type);
}

/// The order of a sum of doubles does not show in an f32.
static double dot(const double *a, const double *b, int64_t n) {
#pragma clang fp reassociate(on)
  double sum = 0;
  for (int64_t c = 0; c < n; c++) sum += a[c] * b[c];
  return sum;
}

/// sum += factor * x
static void add_scaled(double *restrict sum, double factor, const double *restrict x, int64_t n) {
  for (int64_t c = 0; c < n; c++) sum[c] += factor * x[c];
}

static void compute_logits(const struct row *row, const struct attention *s, int64_t batch,
                           int64_t head, int64_t i) {
  for (int64_t j = 0; j < s->keys; j++) {
    row->logit[j] = -INFINITY;
    row->slope[j] = 1;
    if (is_hidden(s, batch, head, i, j)) continue;
    double score = s->scale * dot(row->q, row->k + j * s->head_dim, s->head_dim);
    if (s->softcap > 0) {
      double capped = tanh(score / s->softcap);
      score = s->softcap * capped;
      row->slope[j] = 1 - capped * capped;
    }
    row->logit[j] = score + logit_bias(s, batch, head, i, j);
  }
}

/// The largest logit of a row, and the sum of exponentials above it.
struct statistics {
  double largest, sum;
};

/// Turns logits into probabilities, all 0 for a row that sees nothing.
static struct statistics softmax(const struct row *row, int64_t keys) {
  struct statistics of = {.largest = -INFINITY};
  for (int64_t j = 0; j < keys; j++) of.largest = maximum(of.largest, row->logit[j]);
  for (int64_t j = 0; j < keys; j++) {
    // The largest logit is taken out of the exponentials, so that none overflows.
    row->p[j] = row->logit[j] == -INFINITY ? 0 : exp(row->logit[j] - of.largest);
    of.sum += row->p[j];
  }
  for (int64_t j = 0; j < keys && of.sum != 0; j++) row->p[j] /= of.sum;
  return of;
}

static void save_row(enum saves saves, float *saved, const struct attention *s, int64_t index,
                     const struct row *row, struct statistics of) {
  if (saves == SAVES_LOG_SUM_EXP) {
    saved[index] = (float)(of.largest + log(of.sum));
  } else if (saves == SAVES_MAXIMUM_AND_SUM) {
    saved[index] = (float)of.largest;
    saved[s->batch * s->heads * s->queries + index] = (float)of.sum;
  } else {
    for (int64_t j = 0; j < s->keys; j++) saved[index * s->keys + j] = (float)row->p[j];
  }
}

static void forward(enum saves saves, const struct attention_forward *call) {
  const struct attention *s = &call->shape;
  struct row row = row_in(call->workspace, s);
  int64_t width = s->head_dim;
  for (int64_t plane = 0; plane < s->batch * s->heads; plane++) {
    int64_t batch = plane / s->heads, head = plane % s->heads;
    double largest_of_all = -INFINITY;
    load_keys(&row, call->k, call->v, s, batch, head / group_size(s));
    for (int64_t i = 0; i < s->queries; i++) {
      int64_t query = query_row(s, batch, head, i);
      load_row(row.q, call->q, query, s);
      compute_logits(&row, s, batch, head, i);
      struct statistics of = softmax(&row, s->keys);
      largest_of_all = maximum(largest_of_all, of.largest);
      for (int64_t c = 0; c < width; c++) row.out[c] = 0;
      for (int64_t j = 0; j < s->keys; j++)
        if (row.logit[j] != -INFINITY) add_scaled(row.out, row.p[j], row.v + j * width, width);
      for (int64_t c = 0; c < width; c++) store(call->out, query + c, row.out[c], s->type);
      save_row(saves, call->saved, s, plane * s->queries + i, &row, of);
    }
    if (call->max_logit) call->max_logit[plane] = (float)largest_of_all;
  }
}

/// The probabilities again: those that forward saved, or from the logits. Not from a log-sum-exp,
/// which is saved in f32 and would lose digits of large logits.
static void recompute(const struct row *row, enum saves saves,
                      const struct attention_backward *call, int64_t index) {
  const struct attention *s = &call->shape;
  if (saves != SAVES_PROBABILITIES) {
    softmax(row, s->keys);
    return;
  }
  for (int64_t j = 0; j < s->keys; j++) row->p[j] = call->saved[index * s->keys + j];
}

/// D_i = sum over j of p_ij dp_ij, which is dout_i . out_i. An algorithm that kept the
/// probabilities adds them up; the others take the output, rounded as it is.
static double probability_gradient_mean(const struct row *row, enum saves saves,
                                        const struct attention *s) {
  int64_t width = s->head_dim;
  if (saves != SAVES_PROBABILITIES) return dot(row->dout, row->out, width);
  double mean = 0;
  for (int64_t j = 0; j < s->keys; j++)
    if (row->logit[j] != -INFINITY) mean += row->p[j] * dot(row->dout, row->v + j * width, width);
  return mean;
}

// With dp_ij = dout_i . v_j, the gradient of p_ij:
//   ds_ij = p_ij (dp_ij - D_i) slope_ij, the gradient of the scaled score
//   dq_i = scale * sum over j of ds_ij k_j    dk_j += scale * ds_ij q_i    dv_j += p_ij dout_i
static void differentiate_row(const struct row *row, enum saves saves,
                              const struct attention_backward *call, int64_t query) {
  const struct attention *s = &call->shape;
  int64_t width = s->head_dim;
  load_row(row->dout, call->dout, query, s);
  load_row(row->out, call->out, query, s);
  double D = probability_gradient_mean(row, saves, s), *dq_row = row->out;
  for (int64_t c = 0; c < width; c++) dq_row[c] = 0;
  for (int64_t j = 0; j < s->keys; j++) {
    if (row->logit[j] == -INFINITY) continue;
    double dp = dot(row->dout, row->v + j * width, width),
           ds = row->p[j] * (dp - D) * row->slope[j];
    add_scaled(dq_row, ds, row->k + j * width, width);
    add_scaled(row->dk + j * width, ds, row->q, width);
    add_scaled(row->dv + j * width, row->p[j], row->dout, width);
  }
  for (int64_t c = 0; c < width; c++)
    contribute(call->dq, query + c, s->scale * dq_row[c], s->type);
}

static void backward(enum saves saves, const struct attention_backward *call) {
  const struct attention *s = &call->shape;
  struct row row = row_in(call->workspace, s);
  int64_t group = group_size(s), width = s->head_dim;
  for (int64_t plane = 0; plane < s->batch * s->kv_heads; plane++) {
    int64_t batch = plane / s->kv_heads, kv_head = plane % s->kv_heads;
    load_keys(&row, call->k, call->v, s, batch, kv_head);
    for (int64_t n = 0; n < s->keys * width; n++) row.dk[n] = row.dv[n] = 0;
    for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
      for (int64_t i = 0; i < s->queries; i++) {
        int64_t query = query_row(s, batch, head, i);
        load_row(row.q, call->q, query, s);
        compute_logits(&row, s, batch, head, i);
        recompute(&row, saves, call, (batch * s->heads + head) * s->queries + i);
        differentiate_row(&row, saves, call, query);
      }
    }
    for (int64_t j = 0; j < s->keys; j++) {
      int64_t at = key_row(&s->rows, batch, kv_head, j) * width;
      for (int64_t c = 0; c < width; c++) {
        contribute(call->dk, at + c, s->scale * row.dk[j * width + c], s->type);
        contribute(call->dv, at + c, row.dv[j * width + c], s->type);
      }
    }
  }
}

// The three algorithms.

#define ALGORITHM(name, saves, floats)                                                             \
  static int64_t name##_saved_floats(const struct attention *s) {                                  \
    return s->batch * s->heads * s->queries * (floats);                                            \
  }                                                                                                \
  static void name##_forward(struct kernel_context *context,                                       \
                             const struct attention_forward *call) {                               \
    forward(saves, call);                                                                          \
  }                                                                                                \
  static void name##_backward(struct kernel_context *context,                                      \
                              const struct attention_backward *call) {                             \
    backward(saves, call);                                                                         \
  }                                                                                                \
  const struct attention_kernel runexp_reference_##name##_attention = {                            \
      .saved_floats = name##_saved_floats,                                                         \
      .workspace = workspace_size,                                                                 \
      .forward = name##_forward,                                                                   \
      .backward = name##_backward,                                                                 \
  };

ALGORITHM(naive, SAVES_PROBABILITIES, s->keys)
ALGORITHM(flash1, SAVES_MAXIMUM_AND_SUM, 2)
ALGORITHM(flash2, SAVES_LOG_SUM_EXP, 1)
