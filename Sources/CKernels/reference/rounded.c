// Naive attention that really rounds: every matrix that the formula names is rounded to the element type, and sums are
// f32, in plain order. Its error against the double reference is what a faultless kernel of that precision may have;
// the error rule of the tests allows others a small multiple of it. K is scaled and not Q, so that the order of
// operations is another than theirs.
#include "attention.h"

static float rounded(float x, element_type type) { return type == ELEMENT_F32 ? x : from_bf16(to_bf16(x)); }

static float key_element(const void *rows, const uint16_t *scales, int64_t key, int64_t c, const struct attention *s) {
  return (float)row_element(rows, scales, key, c, s);
}

/// The softcap's derivative at a score.
static float cap_slope(float score, const struct attention *s) {
  if (!(s->softcap > 0)) return 1;
  float capped = tanhf(score / s->softcap);
  return 1 - capped * capped;
}

/// scale * (q_i . k_j), before softcap and bias.
static float scaled_score(const void *q, const void *k, const struct attention *s, int64_t query, int64_t key) {
  float score = 0;
  for (int64_t c = 0; c < s->head_dim; c++)
    score += (float)load(q, query + c, s->type) * rounded(s->scale * key_element(k, s->k_scales, key, c, s), s->type);
  return rounded(score, s->type);
}

/// p[keys]: logits, then the softmax of those that are seen; 0 where a key is hidden. Returns the largest logit.
static float probabilities(float *p, const void *q, const void *k, const struct attention *s, int64_t batch,
                           int64_t head, int64_t i) {
  float largest = -INFINITY, sum = 0;
  for (int64_t j = 0; j < s->keys; j++) {
    p[j] = -INFINITY;
    if (is_hidden(s, batch, head, i, j)) continue;
    float score = scaled_score(q, k, s, query_row(s, batch, head, i), key_row(&s->rows, batch, head / group_size(s), j));
    if (s->softcap > 0) score = rounded(s->softcap * tanhf(score / s->softcap), s->type);
    p[j] = rounded(score + (float)logit_bias(s, batch, head, i, j), s->type);
    largest = fmaxf(largest, p[j]);
  }
  for (int64_t j = 0; j < s->keys; j++) {
    p[j] = p[j] == -INFINITY ? 0 : expf(p[j] - largest);
    sum += p[j];
  }
  for (int64_t j = 0; j < s->keys; j++) p[j] = sum == 0 ? 0 : rounded(p[j] / sum, s->type);
  return largest;
}

static void forward(struct kernel_context *context, void *out, float *saved, float *max_logit, const void *q,
                    const void *k, const void *v, const struct attention *s, void *workspace) {
  for (int64_t plane = 0; plane < s->batch * s->heads; plane++) {
    int64_t batch = plane / s->heads, head = plane % s->heads;
    float largest = -INFINITY;
    for (int64_t i = 0; i < s->queries; i++) {
      float *p = saved + (plane * s->queries + i) * s->keys;
      largest = fmaxf(largest, probabilities(p, q, k, s, batch, head, i));
      for (int64_t c = 0; c < s->head_dim; c++) {
        float mixed = 0;
        for (int64_t j = 0; j < s->keys; j++) {
          if (is_hidden(s, batch, head, i, j)) continue;
          mixed += p[j] * key_element(v, s->v_scales, key_row(&s->rows, batch, head / group_size(s), j), c, s);
        }
        store(out, query_row(s, batch, head, i) + c, mixed, s->type);
      }
    }
    if (max_logit) max_logit[plane] = largest;
  }
}

/// ds[keys] from p: the gradient of the scaled scores of one query row.
static void score_gradients(float *ds, const float *p, const void *dout, const void *q, const void *k, const void *v,
                            const struct attention *s, int64_t batch, int64_t head, int64_t i) {
  int64_t query = query_row(s, batch, head, i);
  float delta = 0;
  for (int64_t j = 0; j < s->keys; j++) {
    ds[j] = 0;
    if (is_hidden(s, batch, head, i, j)) continue;
    int64_t key = key_row(&s->rows, batch, head / group_size(s), j);
    for (int64_t c = 0; c < s->head_dim; c++)
      ds[j] += (float)load(dout, query + c, s->type) * key_element(v, s->v_scales, key, c, s);
    ds[j] = rounded(ds[j], s->type);
    delta += p[j] * ds[j];
  }
  for (int64_t j = 0; j < s->keys; j++) {
    if (is_hidden(s, batch, head, i, j)) continue;
    int64_t key = key_row(&s->rows, batch, head / group_size(s), j);
    float ds_capped = rounded(p[j] * (ds[j] - delta), s->type);
    ds[j] = s->softcap > 0 ? rounded(ds_capped * cap_slope(scaled_score(q, k, s, query, key), s), s->type) : ds_capped;
  }
}

static void backward(struct kernel_context *context, struct gradient dq, struct gradient dk, struct gradient dv,
                     const void *dout, const void *q, const void *k, const void *v, const void *out,
                     const float *saved, const struct attention *s, void *workspace) {
  int64_t group = group_size(s), width = s->head_dim, size = s->keys * width;
  float *ds = workspace, *dk_sum = ds + s->keys, *dv_sum = dk_sum + size;
  for (int64_t plane = 0; plane < s->batch * s->kv_heads; plane++) {
    int64_t batch = plane / s->kv_heads, kv_head = plane % s->kv_heads;
    for (int64_t n = 0; n < 2 * size; n++) dk_sum[n] = 0;
    for (int64_t row = 0; row < group * s->queries; row++) {
      int64_t head = kv_head * group + row / s->queries, i = row % s->queries, query = query_row(s, batch, head, i);
      const float *p = saved + ((batch * s->heads + head) * s->queries + i) * s->keys;
      float dq_row[width + 1];
      score_gradients(ds, p, dout, q, k, v, s, batch, head, i);
      for (int64_t c = 0; c < width; c++) dq_row[c] = 0;
      for (int64_t j = 0; j < s->keys; j++) {
        if (is_hidden(s, batch, head, i, j)) continue;
        int64_t key = key_row(&s->rows, batch, kv_head, j);
        for (int64_t c = 0; c < width; c++) {
          dq_row[c] += ds[j] * rounded(s->scale * key_element(k, s->k_scales, key, c, s), s->type);
          dk_sum[j * width + c] += ds[j] * (float)load(q, query + c, s->type);
          dv_sum[j * width + c] += p[j] * (float)load(dout, query + c, s->type);
        }
      }
      for (int64_t c = 0; c < width; c++) contribute(dq, query + c, dq_row[c], s->type);
    }
    for (int64_t n = 0; n < size; n++) {
      int64_t at = key_row(&s->rows, batch, kv_head, n / width) * width + n % width;
      contribute(dk, at, s->scale * rounded(dk_sum[n], s->type), s->type);
      contribute(dv, at, dv_sum[n], s->type);
    }
  }
}

static int64_t saved_floats(const struct attention *s) { return s->batch * s->heads * s->queries * s->keys; }

static int64_t workspace_size(struct kernel_context *context, const struct attention *s, bool backward) {
  return backward ? s->keys * (1 + 2 * s->head_dim) * (int64_t)sizeof(float) : 0;
}

const struct attention_kernel rounded_naive_attention = {
  .saved_floats = saved_floats,
  .workspace = workspace_size,
  .forward = forward,
  .backward = backward,
};
