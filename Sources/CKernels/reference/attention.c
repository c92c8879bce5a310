// Attention by its definition, one row of one head at a time:
//
//   out_i = sum over j of p_ij v_j        p_ij = exp(s_ij - lse_i)        s_ij = scale * (q_i . k_j)
//
// where j runs over the keys that query i sees and lse_i = log sum over j of exp(s_ij). `naive` and `flash2`
// compute the same here and differ in what they save: the probabilities p, or the log-sum-exps.
#include "reference.h"

static int64_t group_size(const struct attention *shape) { return shape->heads / shape->kv_heads; }

/// Query i of a head sees the keys 0 ..< visible.
static int64_t visible(const struct attention *shape, int64_t i) {
  if (!shape->causal) return shape->keys;
  int64_t end = i + shape->causal_offset + 1;
  return end < 0 ? 0 : end > shape->keys ? shape->keys : end;
}

/// Where query i's row begins, in q, out, dout and dq [batch, queries, heads, head_dim].
static int64_t query_row(const struct attention *shape, int64_t batch, int64_t head, int64_t i) {
  return ((batch * shape->queries + i) * shape->heads + head) * shape->head_dim;
}

/// Where key j's row begins, in k, v, dk and dv [batch, keys, kv_heads, head_dim].
static int64_t key_row(const struct attention *shape, int64_t batch, int64_t kv_head, int64_t j) {
  return ((batch * shape->keys + j) * shape->kv_heads + kv_head) * shape->head_dim;
}

static double dot(const void *x, int64_t x_row, const void *y, int64_t y_row,
                  const struct attention *shape) {
  double sum = 0;
  for (int64_t c = 0; c < shape->head_dim; c++) {
    sum += load(x, x_row + c, shape->type) * load(y, y_row + c, shape->type);
  }
  return sum;
}

static void forward(bool save_probabilities, void *out, float *saved, float *max_logit,
                    const void *q, const void *k, const void *v, const struct attention *shape) {
  int64_t width = shape->head_dim;
  for (int64_t plane = 0; plane < shape->batch * shape->heads; plane++) {
    int64_t batch = plane / shape->heads, head = plane % shape->heads;
    int64_t kv_head = head / group_size(shape);
    double largest_of_all = -INFINITY;

    for (int64_t i = 0; i < shape->queries; i++) {
      int64_t query = query_row(shape, batch, head, i), seen = visible(shape, i);
      double largest = -INFINITY;
      for (int64_t j = 0; j < seen; j++) {
        double logit = shape->scale * dot(q, query, k, key_row(shape, batch, kv_head, j), shape);
        largest = fmax(largest, logit);
      }
      largest_of_all = fmax(largest_of_all, largest);

      // The largest logit is taken out of the exponentials, so that none overflows.
      double sum = 0, row[width + 1];
      for (int64_t c = 0; c < width; c++) row[c] = 0;
      for (int64_t j = 0; j < seen; j++) {
        int64_t key = key_row(shape, batch, kv_head, j);
        double weight = exp(shape->scale * dot(q, query, k, key, shape) - largest);
        sum += weight;
        for (int64_t c = 0; c < width; c++) row[c] += weight * load(v, key + c, shape->type);
      }
      for (int64_t c = 0; c < width; c++) {
        store(out, query + c, seen > 0 ? row[c] / sum : 0, shape->type);
      }

      double lse = seen > 0 ? largest + log(sum) : -INFINITY;
      int64_t saved_row = plane * shape->queries + i;
      if (!save_probabilities) {
        saved[saved_row] = (float)lse;
        continue;
      }
      for (int64_t j = 0; j < shape->keys; j++) {
        int64_t key = key_row(shape, batch, kv_head, j);
        double p = j < seen ? exp(shape->scale * dot(q, query, k, key, shape) - lse) : 0;
        saved[saved_row * shape->keys + j] = (float)p;
      }
    }
    if (max_logit) max_logit[plane] = (float)largest_of_all;
  }
}

/// What backward reads.
struct backward_inputs {
  const void *dout, *q, *k, *v, *out;
  const float *saved;
  bool saved_probabilities;
};

/// p_ij, and ds_ij = p_ij (dp_ij - D_i): the gradient of the logit s_ij. dp_ij = dout_i . v_j is the gradient
/// of p_ij, and D_i = sum over j of p_ij dp_ij = dout_i . out_i is the softmax's own part.
struct score_gradient {
  double p, ds;
};

static struct score_gradient score_gradient(const struct backward_inputs *in,
                                            const struct attention *shape, int64_t batch,
                                            int64_t head, int64_t i, int64_t j) {
  int64_t query = query_row(shape, batch, head, i);
  int64_t key = key_row(shape, batch, head / group_size(shape), j);
  int64_t saved_row = (batch * shape->heads + head) * shape->queries + i;
  double p = in->saved_probabilities
                 ? in->saved[saved_row * shape->keys + j]
                 : exp(shape->scale * dot(in->q, query, in->k, key, shape) - in->saved[saved_row]);
  double dp = dot(in->dout, query, in->v, key, shape);
  double row_sum = dot(in->dout, query, in->out, query, shape);
  return (struct score_gradient){p, p * (dp - row_sum)};
}

// dq_i = scale * sum over j of ds_ij k_j
static void query_gradients(struct gradient dq, const struct backward_inputs *in,
                            const struct attention *shape) {
  int64_t width = shape->head_dim;
  for (int64_t plane = 0; plane < shape->batch * shape->heads; plane++) {
    int64_t batch = plane / shape->heads, head = plane % shape->heads;
    for (int64_t i = 0; i < shape->queries; i++) {
      double row[width + 1];
      for (int64_t c = 0; c < width; c++) row[c] = 0;
      for (int64_t j = 0; j < visible(shape, i); j++) {
        int64_t key = key_row(shape, batch, head / group_size(shape), j);
        double ds = score_gradient(in, shape, batch, head, i, j).ds;
        for (int64_t c = 0; c < width; c++) row[c] += ds * load(in->k, key + c, shape->type);
      }
      int64_t query = query_row(shape, batch, head, i);
      for (int64_t c = 0; c < width; c++) {
        contribute(dq, query + c, shape->scale * row[c], shape->type);
      }
    }
  }
}

// dk_j = scale * sum over i of ds_ij q_i        dv_j = sum over i of p_ij dout_i
// where i runs over the queries that see key j, of all the query heads that read this key/value head.
static void key_value_gradients(struct gradient dk, struct gradient dv,
                                const struct backward_inputs *in, const struct attention *shape) {
  int64_t width = shape->head_dim, group = group_size(shape);
  for (int64_t plane = 0; plane < shape->batch * shape->kv_heads; plane++) {
    int64_t batch = plane / shape->kv_heads, kv_head = plane % shape->kv_heads;
    for (int64_t j = 0; j < shape->keys; j++) {
      double k_row[width + 1], v_row[width + 1];
      for (int64_t c = 0; c < width; c++) k_row[c] = v_row[c] = 0;
      for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (int64_t i = 0; i < shape->queries; i++) {
          if (j >= visible(shape, i)) continue;
          int64_t query = query_row(shape, batch, head, i);
          struct score_gradient score = score_gradient(in, shape, batch, head, i, j);
          for (int64_t c = 0; c < width; c++) {
            k_row[c] += score.ds * load(in->q, query + c, shape->type);
            v_row[c] += score.p * load(in->dout, query + c, shape->type);
          }
        }
      }
      int64_t key = key_row(shape, batch, kv_head, j);
      for (int64_t c = 0; c < width; c++) {
        contribute(dk, key + c, shape->scale * k_row[c], shape->type);
        contribute(dv, key + c, v_row[c], shape->type);
      }
    }
  }
}

static int64_t no_workspace(struct kernel_context *context, const struct attention *shape,
                            bool backward) {
  return 0;
}

// The two algorithms.

static int64_t naive_saved_floats(const struct attention *shape) {
  return shape->batch * shape->heads * shape->queries * shape->keys;
}

static void naive_forward(struct kernel_context *context, void *out, float *saved, float *max_logit,
                          const void *q, const void *k, const void *v,
                          const struct attention *shape, void *workspace) {
  forward(true, out, saved, max_logit, q, k, v, shape);
}

static void naive_backward(struct kernel_context *context, struct gradient dq, struct gradient dk,
                           struct gradient dv, const void *dout, const void *q, const void *k,
                           const void *v, const void *out, const float *saved,
                           const struct attention *shape, void *workspace) {
  struct backward_inputs in = {dout, q, k, v, out, saved, .saved_probabilities = true};
  query_gradients(dq, &in, shape);
  key_value_gradients(dk, dv, &in, shape);
}

static int64_t flash2_saved_floats(const struct attention *shape) {
  return shape->batch * shape->heads * shape->queries;
}

static void flash2_forward(struct kernel_context *context, void *out, float *saved, float *max_logit,
                           const void *q, const void *k, const void *v,
                           const struct attention *shape, void *workspace) {
  forward(false, out, saved, max_logit, q, k, v, shape);
}

static void flash2_backward(struct kernel_context *context, struct gradient dq, struct gradient dk,
                            struct gradient dv, const void *dout, const void *q, const void *k,
                            const void *v, const void *out, const float *saved,
                            const struct attention *shape, void *workspace) {
  struct backward_inputs in = {dout, q, k, v, out, saved, .saved_probabilities = false};
  query_gradients(dq, &in, shape);
  key_value_gradients(dk, dv, &in, shape);
}

const struct attention_kernel reference_naive_attention = {
  .saved_floats = naive_saved_floats,
  .workspace = no_workspace,
  .forward = naive_forward,
  .backward = naive_backward,
};

const struct attention_kernel reference_flash2_attention = {
  .saved_floats = flash2_saved_floats,
  .workspace = no_workspace,
  .forward = flash2_forward,
  .backward = flash2_backward,
};
