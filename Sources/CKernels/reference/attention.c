// Attention by its definition, one query row at a time, in double:
//
//   out_i = sum over j of p_ij v_j        p_ij = exp(s_ij - lse_i)        lse_i = log sum over j of exp(s_ij)
//   s_ij = c tanh(scale (q_i . k_j) / c) + bias_ij, without the tanh where there is no softcap
//
// where j runs over the keys that query i sees. The algorithms compute the same here and differ in what they save for
// backward: the probabilities p, the log-sum-exps, or maximum and sum of the exponentials.
#include "attention.h"

enum saves { SAVES_PROBABILITIES, SAVES_LOG_SUM_EXP, SAVES_MAXIMUM_AND_SUM };

/// One query row's way through the keys. `logit` is -inf where a key is hidden; `slope` is the softcap's derivative.
struct row {
  double *logit, *slope, *p;  // [keys]
};

static struct row row_in(void *workspace, const struct attention *s) {
  double *first = workspace;
  return (struct row){first, first + s->keys, first + 2 * s->keys};
}

/// Gradients of one key/value head, summed over its query heads before they are rounded.
struct kv_sums {
  double *dk, *dv;  // [keys, head_dim]
};

static int64_t workspace_size(struct kernel_context *context, const struct attention *s, bool backward) {
  int64_t doubles = 3 * s->keys + (backward ? 2 * s->keys * s->head_dim : 0) + 1;
  return doubles * (int64_t)sizeof(double);
}

static void compute_logits(const struct row *row, const void *q, const void *k, const struct attention *s,
                           int64_t batch, int64_t head, int64_t i) {
  int64_t query = query_row(s, batch, head, i);
  for (int64_t j = 0; j < s->keys; j++) {
    row->logit[j] = -INFINITY;
    row->slope[j] = 1;
    if (is_hidden(s, batch, head, i, j)) continue;
    int64_t key = key_row(&s->rows, batch, head / group_size(s), j);
    double score = 0;
    for (int64_t c = 0; c < s->head_dim; c++)
      score += load(q, query + c, s->type) * row_element(k, s->k_scales, key, c, s);
    score *= s->scale;
    if (s->softcap > 0) {
      double capped = tanh(score / s->softcap);
      score = s->softcap * capped;
      row->slope[j] = 1 - capped * capped;
    }
    row->logit[j] = score + logit_bias(s, batch, head, i, j);
  }
}

/// Turns logits into probabilities, all 0 for a row that sees nothing. Gives the largest logit and the sum of
/// exponentials above it.
static void softmax(const struct row *row, int64_t keys, double *largest, double *sum) {
  *largest = -INFINITY;
  *sum = 0;
  for (int64_t j = 0; j < keys; j++) *largest = fmax(*largest, row->logit[j]);
  for (int64_t j = 0; j < keys; j++) {
    // The largest logit is taken out of the exponentials, so that none overflows.
    row->p[j] = row->logit[j] == -INFINITY ? 0 : exp(row->logit[j] - *largest);
    *sum += row->p[j];
  }
  for (int64_t j = 0; j < keys && *sum != 0; j++) row->p[j] /= *sum;
}

static void save_row(enum saves saves, float *saved, const struct attention *s, int64_t index,
                     const struct row *row, double largest, double sum) {
  if (saves == SAVES_LOG_SUM_EXP) {
    saved[index] = (float)(largest + log(sum));
  } else if (saves == SAVES_MAXIMUM_AND_SUM) {
    saved[index] = (float)largest;
    saved[s->batch * s->heads * s->queries + index] = (float)sum;
  } else {
    for (int64_t j = 0; j < s->keys; j++) saved[index * s->keys + j] = (float)row->p[j];
  }
}

static void forward(enum saves saves, void *out, float *saved, float *max_logit, const void *q, const void *k,
                    const void *v, const struct attention *s, void *workspace) {
  struct row row = row_in(workspace, s);
  for (int64_t plane = 0; plane < s->batch * s->heads; plane++) {
    int64_t batch = plane / s->heads, head = plane % s->heads;
    double largest_of_all = -INFINITY;
    for (int64_t i = 0; i < s->queries; i++) {
      double largest, sum;
      compute_logits(&row, q, k, s, batch, head, i);
      softmax(&row, s->keys, &largest, &sum);
      largest_of_all = fmax(largest_of_all, largest);
      for (int64_t c = 0; c < s->head_dim; c++) {
        double mixed = 0;
        for (int64_t j = 0; j < s->keys; j++) {
          if (row.logit[j] == -INFINITY) continue;
          mixed += row.p[j] * row_element(v, s->v_scales, key_row(&s->rows, batch, head / group_size(s), j), c, s);
        }
        store(out, query_row(s, batch, head, i) + c, mixed, s->type);
      }
      save_row(saves, saved, s, plane * s->queries + i, &row, largest, sum);
    }
    if (max_logit) max_logit[plane] = (float)largest_of_all;
  }
}

/// What backward reads.
struct backward_inputs {
  const void *dout, *q, *k, *v, *out;
  const float *saved;
  enum saves saves;
};

/// The probabilities again, from what forward saved.
static void recompute(const struct row *row, const struct backward_inputs *in, const struct attention *s,
                      int64_t index) {
  int64_t rows = s->batch * s->heads * s->queries;
  for (int64_t j = 0; j < s->keys; j++) {
    if (in->saves == SAVES_PROBABILITIES) row->p[j] = in->saved[index * s->keys + j];
    else if (row->logit[j] == -INFINITY) row->p[j] = 0;
    else if (in->saves == SAVES_LOG_SUM_EXP) row->p[j] = exp(row->logit[j] - in->saved[index]);
    else row->p[j] = exp(row->logit[j] - in->saved[index]) / in->saved[rows + index];
  }
}

/// dp_ij = dout_i . v_j
static double probability_gradient(const struct backward_inputs *in, const struct attention *s, int64_t query,
                                   int64_t batch, int64_t head, int64_t j) {
  int64_t key = key_row(&s->rows, batch, head / group_size(s), j);
  double dp = 0;
  for (int64_t c = 0; c < s->head_dim; c++)
    dp += load(in->dout, query + c, s->type) * row_element(in->v, s->v_scales, key, c, s);
  return dp;
}

// With dp_ij = dout_i . v_j, the gradient of p_ij, and D_i = sum over j of p_ij dp_ij = dout_i . out_i:
//   ds_ij = p_ij (dp_ij - D_i) slope_ij, the gradient of the scaled score
// Where the probabilities are at hand, D is the first of the two: out has been rounded to its type.
//   dq_i = scale * sum over j of ds_ij k_j    dk_j += scale * ds_ij q_i    dv_j += p_ij dout_i
static void differentiate_row(const struct row *row, struct kv_sums sums, struct gradient dq,
                              const struct backward_inputs *in, const struct attention *s, int64_t batch,
                              int64_t head, int64_t i) {
  int64_t width = s->head_dim, query = query_row(s, batch, head, i);
  double D = 0, dq_row[width + 1];
  for (int64_t c = 0; c < width; c++) {
    if (in->saves != SAVES_PROBABILITIES)
      D += load(in->dout, query + c, s->type) * load(in->out, query + c, s->type);
    dq_row[c] = 0;
  }
  for (int64_t j = 0; j < s->keys && in->saves == SAVES_PROBABILITIES; j++)
    if (row->logit[j] != -INFINITY) D += row->p[j] * probability_gradient(in, s, query, batch, head, j);
  for (int64_t j = 0; j < s->keys; j++) {
    if (row->logit[j] == -INFINITY) continue;
    int64_t key = key_row(&s->rows, batch, head / group_size(s), j);
    double ds = row->p[j] * (probability_gradient(in, s, query, batch, head, j) - D) * row->slope[j];
    for (int64_t c = 0; c < width; c++) {
      dq_row[c] += ds * row_element(in->k, s->k_scales, key, c, s);
      sums.dk[j * width + c] += ds * load(in->q, query + c, s->type);
      sums.dv[j * width + c] += row->p[j] * load(in->dout, query + c, s->type);
    }
  }
  for (int64_t c = 0; c < width; c++) contribute(dq, query + c, s->scale * dq_row[c], s->type);
}

static void backward(struct backward_inputs in, struct gradient dq, struct gradient dk, struct gradient dv,
                     const struct attention *s, void *workspace) {
  struct row row = row_in(workspace, s);
  int64_t group = group_size(s), size = s->keys * s->head_dim;
  struct kv_sums sums = {row.p + s->keys, row.p + s->keys + size};
  for (int64_t plane = 0; plane < s->batch * s->kv_heads; plane++) {
    int64_t batch = plane / s->kv_heads, kv_head = plane % s->kv_heads;
    for (int64_t n = 0; n < size; n++) sums.dk[n] = sums.dv[n] = 0;
    for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
      for (int64_t i = 0; i < s->queries; i++) {
        compute_logits(&row, in.q, in.k, s, batch, head, i);
        recompute(&row, &in, s, (batch * s->heads + head) * s->queries + i);
        differentiate_row(&row, sums, dq, &in, s, batch, head, i);
      }
    }
    for (int64_t j = 0; j < s->keys; j++) {
      int64_t at = key_row(&s->rows, batch, kv_head, j) * s->head_dim;
      for (int64_t c = 0; c < s->head_dim; c++) {
        contribute(dk, at + c, s->scale * sums.dk[j * s->head_dim + c], s->type);
        contribute(dv, at + c, sums.dv[j * s->head_dim + c], s->type);
      }
    }
  }
}

// The three algorithms.

#define ALGORITHM(name, saves, floats)                                                                             \
  static int64_t name##_saved_floats(const struct attention *s) { return s->batch * s->heads * s->queries * (floats); } \
  static void name##_forward(struct kernel_context *context, void *out, float *saved, float *max_logit,           \
                             const void *q, const void *k, const void *v, const struct attention *s,              \
                             void *workspace) {                                                                    \
    forward(saves, out, saved, max_logit, q, k, v, s, workspace);                                                  \
  }                                                                                                                \
  static void name##_backward(struct kernel_context *context, struct gradient dq, struct gradient dk,             \
                              struct gradient dv, const void *dout, const void *q, const void *k, const void *v,  \
                              const void *out, const float *saved, const struct attention *s, void *workspace) {  \
    backward((struct backward_inputs){dout, q, k, v, out, saved, saves}, dq, dk, dv, s, workspace);                \
  }                                                                                                                \
  const struct attention_kernel reference_##name##_attention = {                                                   \
    .saved_floats = name##_saved_floats,                                                                           \
    .workspace = workspace_size,                                                                                   \
    .forward = name##_forward,                                                                                     \
    .backward = name##_backward,                                                                                   \
  };

ALGORITHM(naive, SAVES_PROBABILITIES, s->keys)
ALGORITHM(flash1, SAVES_MAXIMUM_AND_SUM, 2)
ALGORITHM(flash2, SAVES_LOG_SUM_EXP, 1)
