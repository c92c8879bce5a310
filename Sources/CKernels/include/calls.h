// The calls of the kernels: what each computes, and what it is handed. One struct per kernel of
// kernels.def, of its name; their conventions are in kernels.h.
#ifndef RUNEXP_CALLS_H
#define RUNEXP_CALLS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#define RUNEXP_ENUM enum __attribute__((enum_extensibility(closed)))
#pragma clang assume_nonnull begin
#define RUNEXP_NULLABLE _Nullable
#define RUNEXP_NONNULL _Nonnull
#else
#define RUNEXP_ENUM enum
#define RUNEXP_NULLABLE
#define RUNEXP_NONNULL
#endif

#ifdef __cplusplus
extern "C" {
#endif

// clang-format off
typedef RUNEXP_ENUM element_type : int32_t { ELEMENT_F32 = 0, ELEMENT_BF16 = 1 } element_type;

typedef RUNEXP_ENUM activation_kind : int32_t {
  ACTIVATION_GELU = 0,   // exact: x * (1 + erf(x / sqrt 2)) / 2
  ACTIVATION_RELU = 1,   // max(x, 0)
  ACTIVATION_SILU = 2,   // x * sigmoid(x)
  ACTIVATION_RELU2 = 3,  // max(x, 0)^2
} activation_kind;
// clang-format on

/// Where a gradient goes: `data` is overwritten, or added to when `accumulate` is set. Null: not
/// wanted.
struct gradient {
  void *RUNEXP_NULLABLE data;
  bool accumulate;
};

// Matrix product.

/// c[m, n] = op(a) op(b) + bias, or added to c when `accumulate` is set.
/// op(a) is a[m, k], or the transpose of a[k, m]; op(b) is b[k, n], or the transpose of b[n, k].
struct gemm {
  void *c;
  const void *a, *b;
  const float *RUNEXP_NULLABLE bias; // [n], added once; not with accumulate
  int64_t m, n, k;
  bool a_transposed, b_transposed, accumulate;
  element_type c_type, a_type, b_type;
  element_type
      compute; // bf16: operands are rounded to bf16 first; the accumulator is f32 in either case
  void *RUNEXP_NULLABLE workspace;
};

/// dbias[n] (f32) = the column sums of dout[m, n].
struct column_sum {
  struct gradient dbias;
  const void *dout;
  int64_t m, n;
  element_type type;
};

// Embedding: out[n, d] = table[ids[n], d].

struct embedding_forward {
  void *out;
  const float *table;
  const int32_t *ids;
  int64_t n, d;
  element_type type;
};

struct embedding_backward {
  struct gradient dtable; // [vocabulary, d]
  const void *dout;
  const int32_t *ids;
  int64_t n, d, vocabulary;
  element_type type;
};

// Position rows: out[batch, tokens, d] = x[batch, tokens, d] + rows[tokens, d].

struct add_rows_forward {
  void *out;
  const void *x;
  const float *rows;
  int64_t batch, tokens, d;
  element_type type;
};

struct add_rows_backward {
  struct gradient drows;
  const void *dout;
  int64_t batch, tokens, d;
  element_type type;
};

// Normalisation over the last dimension of x[n, d].

/// out = x * rstd * weight, rstd = 1 / sqrt(mean(x^2) + epsilon) (Zhang & Sennrich 2019).
struct rms_norm_forward {
  void *out;
  float *rstd; // [n]
  const void *x;
  const float *weight; // [d]
  int64_t n, d;
  float epsilon;
  element_type type;
};

struct rms_norm_backward {
  struct gradient dx, dweight;
  const void *dout, *x;
  const float *weight, *rstd;
  int64_t n, d;
  element_type type;
  void *RUNEXP_NULLABLE workspace;
};

/// out = (x - mean) * rstd * weight + bias (Ba et al. 2016).
struct layer_norm_forward {
  void *out;
  float *mean, *rstd; // [n]
  const void *x;
  const float *weight, *RUNEXP_NULLABLE bias; // [d]
  int64_t n, d;
  float epsilon;
  element_type type;
};

struct layer_norm_backward {
  struct gradient dx, dweight, dbias;
  const void *dout, *x;
  const float *weight, *mean, *rstd;
  int64_t n, d;
  element_type type;
  void *RUNEXP_NULLABLE workspace;
};

/// Rotary positions: rotates each pair of x[batch, tokens, heads, head_dim] by the angle whose
/// cosine and sine are given as [tokens, head_dim / 2]. Pair i is (2i, 2i + 1) when interleaved,
/// else (i, i + head_dim / 2). out may be x itself.
struct rope {
  struct gradient out;
  const void *x;
  const float *cosine, *sine;
  int64_t batch, tokens, heads, head_dim;
  bool interleaved;
  bool inverse; // rotates back, which is the gradient
  element_type type;
};

// Attention.

/// How keys and values are held. Q8: int8 numbers with an fp16 scale for each block of 32 along
/// head_dim (the last block of a row may be shorter); a value is scale * number, and a scale is the
/// block's largest magnitude / 127.
// clang-format off
typedef RUNEXP_ENUM row_type : int32_t { ROWS_F32 = 0, ROWS_BF16 = 1, ROWS_Q8 = 2 } row_type;
// clang-format on

enum { Q8_BLOCK = 32 };

/// Where the rows of keys and of values lie, head_dim numbers each. Key j of a key/value head is
/// row
///   batch * batch_rows + kv_head * head_rows + (first_slot + j) % slots * slot_rows
/// A tensor [batch, keys, kv_heads, head_dim] has slots = keys, first_slot = 0. A cache [batch,
/// kv_heads, slots, head_dim] may be a ring: its oldest key is in first_slot, the newer ones follow
/// and go on at slot 0.
struct row_layout {
  int64_t batch_rows, head_rows, slot_rows;
  int64_t slots, first_slot;
  row_type type;
};

/// An explicit mask, broadcast by strides of 0: its element for (batch, head, query, key) is at
/// batch * batch_stride + head * head_stride + query * query_stride + key.
struct attention_mask {
  const uint8_t *RUNEXP_NULLABLE keep; // boolean: a key takes part where it is not 0
  const float *RUNEXP_NULLABLE bias;   // additive: added to the logit; -inf hides the key
  int64_t keep_batch, keep_head, keep_query;
  int64_t bias_batch, bias_head, bias_query;
};

/// What one attention computes. q and out [batch, queries, heads, head_dim]; keys and values lie as
/// `rows` says. Query head h reads key/value head h / (heads / kv_heads).
///
/// Query i stands at the position of key i + offset: 0 aligns queries and keys at the start
/// (top-left), keys - queries at the end (bottom-right). Its logit for key j is
///   softcap(scale * (q . k)) - slopes[head] * |i + offset - j| + mask.bias
/// where softcap(x) = c tanh(x / c). The key is hidden when a causal mask, the window or the explicit
/// mask hides it. What a hidden key and its value hold never matters, not even NaN.
struct attention {
  int64_t batch, queries, keys, heads, kv_heads, head_dim;
  float scale;
  float softcap; // c; 0: none
  bool causal;   // hides keys j > i + offset
  int64_t offset;
  int64_t window; // hides keys with |i + offset - j| >= window; 0: none. It counts the query itself
  const float *RUNEXP_NULLABLE slopes; // ALiBi, [heads]
  struct attention_mask mask;
  struct row_layout rows;
  const uint16_t *RUNEXP_NULLABLE k_scales,
      *RUNEXP_NULLABLE v_scales; // fp16, [row][blocks], of Q8 rows
  element_type type;             // of q and out; rows other than these are for forward only
};

struct attention_forward {
  void *out;    // like q
  float *saved; // what backward reads again: see attention_kernel.saved_floats
  float *RUNEXP_NULLABLE
      max_logit; // [batch, heads]: the largest logit that took part, NaN where one is, -inf without
  const void *q, *k, *v;
  struct attention shape;
  void *RUNEXP_NULLABLE workspace;
};

struct attention_backward {
  struct gradient dq, dk, dv;
  const void *dout, *q, *k, *v, *out;
  const float *saved;
  struct attention shape;
  void *RUNEXP_NULLABLE workspace;
};

/// Puts x[batch, tokens, kv_heads, head_dim] into a cache: token t into the row of key t of
/// `layout`, whose first_slot is the slot of the first of them. A later token overwrites an earlier
/// one in the same slot. Q8: a block of zeros has the scale 0, magnitudes beyond what an fp16 scale
/// can express are clipped to the largest.
struct cache_append {
  void *rows;
  uint16_t *RUNEXP_NULLABLE scales;
  const void *x;
  int64_t batch, tokens, kv_heads, head_dim;
  struct row_layout layout;
  element_type type;
};

// Element by element, over n elements.

/// out = a + b.
struct add {
  void *out;
  const void *a, *b;
  int64_t n;
  element_type type;
};

/// out = x, or out += x.
struct accumulate {
  struct gradient out;
  const void *x;
  int64_t n;
  element_type type;
};

struct convert {
  void *out;
  const void *x;
  int64_t n;
  element_type out_type, x_type;
};

/// out = factor * x. out may be x itself.
struct scale {
  struct gradient out;
  const void *x;
  int64_t n;
  float factor;
  element_type type;
};

/// out = cap tanh(x / cap).
struct softcap_forward {
  void *out;
  const void *x;
  int64_t n;
  float cap;
  element_type type;
};

struct softcap_backward {
  struct gradient dx;
  const void *dout, *x;
  int64_t n;
  float cap;
  element_type type;
};

/// What changes from one training step to the next. It lies in the device's memory and is read when
/// a kernel runs, so that a step that was captured can be replayed.
struct step_scalars {
  uint64_t dropout_key;
  float rate;                     // the learning rate
  float correction1, correction2; // 1 - beta1^t, 1 - beta2^t at step t, from 1
  float reserved;
};

/// out = x / (1 - probability) where element i is kept, else 0; also its own gradient. Element i is
/// kept when the upper 24 bits of mix(key + i * G), as a fraction of 2^24, are at least
/// `probability`, where key = mix(step->dropout_key + index * G), G is 0x9e3779b97f4a7c15 and mix
/// is SplitMix64's. So the choice depends on the step's key and two indices alone and can be made
/// again.
struct dropout {
  struct gradient out;
  const void *x;
  const struct step_scalars *step;
  int64_t n;
  int64_t index; // which dropout of the step this is, from 0
  float probability;
  element_type type;
};

struct activation_forward {
  void *out;
  const void *x;
  int64_t n;
  activation_kind kind;
  element_type type;
};

struct activation_backward {
  struct gradient dx;
  const void *dout, *x;
  int64_t n;
  activation_kind kind;
  element_type type;
};

/// out = act(gate) * up (Shazeer 2020).
struct gated_forward {
  void *out;
  const void *gate, *up;
  int64_t n;
  activation_kind kind;
  element_type type;
};

struct gated_backward {
  struct gradient dgate, dup;
  const void *dout, *gate, *up;
  int64_t n;
  activation_kind kind;
  element_type type;
};

// Loss: cross-entropy of softmax(logits[n, vocabulary]) against targets[n], plus z * lse^2, where
// lse is the log-sum-exp of a row of logits (z-loss, Chowdhery et al. 2022: keeps lse near 0; z is
// 0 for none).

struct cross_entropy_forward {
  float *loss, *log_sum_exp; // [n]; loss in nats
  const void *logits;
  const int32_t *targets;
  int64_t n, vocabulary;
  float z;
  element_type type;
};

/// dlogits = scale * (softmax(logits) * (1 + 2 z lse) - one_hot(targets)).
struct cross_entropy_backward {
  struct gradient dlogits;
  const void *logits;
  const float *log_sum_exp;
  const int32_t *targets;
  int64_t n, vocabulary;
  float z, scale;
  element_type type;
};

// Reductions: what a training step tells is reduced on the device, so that a few bytes of it are
// downloaded.

/// out[0] = the sum of x[n], or of the squares of x[n], accumulated in double.
struct sum {
  double *out;
  const float *x;
  int64_t n;
  bool squared;
};

/// out[0] = the largest of x[n], and of what out[0] was where it accumulates. NaN where one is;
/// -inf of none.
struct maximum {
  float *out;
  const float *x;
  int64_t n;
  bool accumulate;
};

// Optimizer: one call for all parameters of a model.

/// A parameter and what its update needs. Without a gradient it stays as it is.
struct parameter_update {
  float *parameter, *first_moment, *second_moment; // [n]
  const float *RUNEXP_NULLABLE gradient;           // [n]
  int64_t n;
  float weight_decay;
  float reserved;
};

/// out[0] = the Euclidean norm over all gradients of the list: squares are accumulated in double,
/// one parameter after another.
struct gradient_norm {
  double *out;
  const struct parameter_update *list; // [count], in the device's memory as all that is pointed to
  int64_t count;
  void *RUNEXP_NULLABLE workspace;
};

/// One AdamW step (Loshchilov & Hutter 2019): decay is decoupled, and the gradient is scaled first,
/// by min(1, clip / (figures[0] + 1e-6)). Where a figure is not finite, nothing is changed.
struct adamw {
  const struct parameter_update *list; // [count]
  const struct step_scalars *step;
  const double *figures; // [figure_count]: the gradients' norm, and what else must be finite
  int64_t count, figure_count;
  double clip; // the largest norm; infinite for none
  float beta1, beta2, epsilon;
};

static_assert(sizeof(struct step_scalars) == 24, "the same for every compiler");
static_assert(sizeof(struct parameter_update) == 48, "the same for every compiler");

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
