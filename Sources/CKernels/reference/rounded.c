// Naive attention that really rounds: every matrix that the formula names is rounded to the element
// type, and sums are f32, in plain order. Its error against the double reference is what a
// faultless kernel of that precision may have; the error rule of the tests allows others a small
// multiple of it. K is scaled and not Q, so that the order of operations is another than theirs.
#include "attention.h"

static float rounded(float x, element_type type) {
  return type == ELEMENT_F32 ? x : from_bf16(to_bf16(x));
}

/// Scratch memory: one key/value head as the products want it, and one query row.
struct scratch {
  float *k,
      *v; // [head_dim, keys]: columns, so that many sums advance together, each in plain order
  float *k_rows, *v_rows; // [keys, head_dim]; k times the scale, rounded
  float *scores, *ds;     // [keys]
  float *q, *dout, *row;  // [head_dim]
  float *dk, *dv;         // [keys, head_dim]: gradients, summed over the head's queries
};

static struct scratch scratch_in(void *workspace, const struct attention *s) {
  int64_t keys = s->keys, width = s->head_dim, size = keys * width;
  float *next = workspace;
  return (struct scratch){.k = next,
                          .v = next + size,
                          .k_rows = next + 2 * size,
                          .v_rows = next + 3 * size,
                          .scores = next + 4 * size,
                          .ds = next + 4 * size + keys,
                          .q = next + 4 * size + 2 * keys,
                          .dout = next + 4 * size + 2 * keys + width,
                          .row = next + 4 * size + 2 * keys + 2 * width,
                          .dk = next + 4 * size + 2 * keys + 3 * width,
                          .dv = next + 5 * size + 2 * keys + 3 * width};
}

static int64_t workspace_size(struct kernel_context *context, const struct attention *s,
                              bool backward) {
  int64_t floats = (backward ? 6 : 4) * s->keys * s->head_dim + 2 * s->keys + 3 * s->head_dim;
  return floats * (int64_t)sizeof(float);
}

static void load_keys(const struct scratch *w, const void *k, const void *v,
                      const struct attention *s, int64_t batch, int64_t kv_head) {
  for (int64_t j = 0; j < s->keys; j++) {
    int64_t key = key_row(&s->rows, batch, kv_head, j);
    for (int64_t c = 0; c < s->head_dim; c++) {
      float scaled = rounded(s->scale * (float)row_element(k, s->k_scales, key, c, s), s->type);
      float value = (float)row_element(v, s->v_scales, key, c, s);
      w->k[c * s->keys + j] = w->k_rows[j * s->head_dim + c] = scaled;
      w->v[c * s->keys + j] = w->v_rows[j * s->head_dim + c] = value;
    }
  }
}

static void load_row(float *to, const void *from, int64_t at, const struct attention *s) {
  for (int64_t c = 0; c < s->head_dim; c++) to[c] = (float)load(from, at + c, s->type);
}

/// sum += factor * x
static void add_scaled(float *restrict sum, float factor, const float *restrict x, int64_t n) {
  for (int64_t i = 0; i < n; i++) sum[i] += factor * x[i];
}

/// products[keys] = row . columns, rounded; of hidden keys too.
static void multiply(float *products, const float *row, const float *columns,
                     const struct attention *s) {
  for (int64_t j = 0; j < s->keys; j++) products[j] = 0;
  for (int64_t c = 0; c < s->head_dim; c++)
    add_scaled(products, row[c], columns + c * s->keys, s->keys);
  for (int64_t j = 0; j < s->keys; j++) products[j] = rounded(products[j], s->type);
}

/// The softcap's derivative at a score.
static float cap_slope(float score, const struct attention *s) {
  if (!(s->softcap > 0)) return 1;
  float capped = tanhf(score / s->softcap);
  return 1 - capped * capped;
}

/// p[keys]: logits of the query in w->q, then the softmax of those that are seen; 0 where a key is
/// hidden. Returns the largest logit.
static float probabilities(float *p, const struct scratch *w, const struct attention *s,
                           int64_t batch, int64_t head, int64_t i) {
  float largest = -INFINITY, sum = 0;
  multiply(w->scores, w->q, w->k, s); // scale * (q_i . k_j), before softcap and bias
  for (int64_t j = 0; j < s->keys; j++) {
    p[j] = -INFINITY;
    if (is_hidden(s, batch, head, i, j)) continue;
    float score = w->scores[j];
    if (s->softcap > 0) score = rounded(s->softcap * tanhf(score / s->softcap), s->type);
    p[j] = rounded(score + (float)logit_bias(s, batch, head, i, j), s->type);
    largest = (float)maximum(largest, p[j]);
  }
  for (int64_t j = 0; j < s->keys; j++) {
    p[j] = p[j] == -INFINITY ? 0 : expf(p[j] - largest);
    sum += p[j];
  }
  for (int64_t j = 0; j < s->keys; j++) p[j] = sum == 0 ? 0 : rounded(p[j] / sum, s->type);
  return largest;
}

static void forward(struct kernel_context *context, const struct attention_forward *call) {
  const struct attention *s = &call->shape;
  struct scratch w = scratch_in(call->workspace, s);
  int64_t width = s->head_dim;
  for (int64_t plane = 0; plane < s->batch * s->heads; plane++) {
    int64_t batch = plane / s->heads, head = plane % s->heads;
    float largest = -INFINITY;
    load_keys(&w, call->k, call->v, s, batch, head / group_size(s));
    for (int64_t i = 0; i < s->queries; i++) {
      float *p = call->saved + (plane * s->queries + i) * s->keys;
      int64_t query = query_row(s, batch, head, i);
      load_row(w.q, call->q, query, s);
      largest = (float)maximum(largest, probabilities(p, &w, s, batch, head, i));
      for (int64_t c = 0; c < width; c++) w.row[c] = 0;
      for (int64_t j = 0; j < s->keys; j++)
        if (!is_hidden(s, batch, head, i, j)) add_scaled(w.row, p[j], w.v_rows + j * width, width);
      for (int64_t c = 0; c < width; c++) store(call->out, query + c, w.row[c], s->type);
    }
    if (call->max_logit) call->max_logit[plane] = largest;
  }
}

/// w->ds from p: the gradient of the scaled scores of one query row.
static void score_gradients(const struct scratch *w, const float *p, const struct attention *s,
                            int64_t batch, int64_t head, int64_t i) {
  float delta = 0;
  multiply(w->ds, w->dout, w->v, s);
  if (s->softcap > 0) multiply(w->scores, w->q, w->k, s);
  for (int64_t j = 0; j < s->keys; j++)
    if (!is_hidden(s, batch, head, i, j)) delta += p[j] * w->ds[j];
  for (int64_t j = 0; j < s->keys; j++) {
    float ds_capped = rounded(p[j] * (w->ds[j] - delta), s->type);
    w->ds[j] =
        s->softcap > 0 ? rounded(ds_capped * cap_slope(w->scores[j], s), s->type) : ds_capped;
  }
}

static void backward(struct kernel_context *context, const struct attention_backward *call) {
  const struct attention *s = &call->shape;
  struct scratch w = scratch_in(call->workspace, s);
  int64_t group = group_size(s), width = s->head_dim, size = s->keys * width;
  for (int64_t plane = 0; plane < s->batch * s->kv_heads; plane++) {
    int64_t batch = plane / s->kv_heads, kv_head = plane % s->kv_heads;
    load_keys(&w, call->k, call->v, s, batch, kv_head);
    for (int64_t n = 0; n < size; n++) w.dk[n] = w.dv[n] = 0;
    for (int64_t row = 0; row < group * s->queries; row++) {
      int64_t head = kv_head * group + row / s->queries, i = row % s->queries,
              query = query_row(s, batch, head, i);
      const float *p = call->saved + ((batch * s->heads + head) * s->queries + i) * s->keys;
      load_row(w.q, call->q, query, s);
      load_row(w.dout, call->dout, query, s);
      score_gradients(&w, p, s, batch, head, i);
      for (int64_t c = 0; c < width; c++) w.row[c] = 0;
      for (int64_t j = 0; j < s->keys; j++) {
        if (is_hidden(s, batch, head, i, j)) continue;
        add_scaled(w.row, w.ds[j], w.k_rows + j * width, width);
        add_scaled(w.dk + j * width, w.ds[j], w.q, width);
        add_scaled(w.dv + j * width, p[j], w.dout, width);
      }
      for (int64_t c = 0; c < width; c++) contribute(call->dq, query + c, w.row[c], s->type);
    }
    for (int64_t n = 0; n < size; n++) {
      int64_t at = key_row(&s->rows, batch, kv_head, n / width) * width + n % width;
      contribute(call->dk, at, s->scale * rounded(w.dk[n], s->type), s->type);
      contribute(call->dv, at, w.dv[n], s->type);
    }
  }
}

static int64_t saved_floats(const struct attention *s) {
  return s->batch * s->heads * s->queries * s->keys;
}

const struct attention_kernel runexp_rounded_naive_attention = {
    .saved_floats = saved_floats,
    .workspace = workspace_size,
    .forward = forward,
    .backward = backward,
};
