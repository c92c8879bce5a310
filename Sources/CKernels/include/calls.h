// The calls of the kernels: what each computes, and what it is handed. One struct per kernel of
// kernels.def, of its name; their conventions are in kernels.h.
#ifndef RUNEXP_CALLS_H
#define RUNEXP_CALLS_H

#include "attention_calls.h"
#include "types.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

#ifdef __cplusplus
extern "C" {
#endif

// Matrix product.

/// What is done to each element x of a product, with its bias, while it is at hand. All matrices
/// are [m, n] of c's type. What is kept is what c would be without an epilogue, rounded;
/// activations are of what is kept or given, not of what was rounded away.
struct epilogue {
  void *RUNEXP_NULLABLE kept; // null where nobody wants it
  struct gradient dup;        // of a gated one, backward
  const void *RUNEXP_NULLABLE gate, *RUNEXP_NULLABLE up;
  const void *RUNEXP_NULLABLE residual;
  epilogue_kind kind;
  activation_kind activation;
};

/// c[m, n] = op(a) op(b) + bias, or added to c when `accumulate` is set, which an epilogue forward
/// does not go with. op(a) is a[m, k], or the transpose of a[k, m]; op(b) is b[k, n], or the
/// transpose of b[n, k].
struct gemm {
  void *c;
  const void *a, *b;
  const void *RUNEXP_NULLABLE packed_b; // the same b, as `gemm_pack` gave it; else null
  const float *RUNEXP_NULLABLE bias;    // [n], added once; not with accumulate
  int64_t m, n, k;
  bool a_transposed, b_transposed, accumulate;
  element_type c_type, a_type, b_type; // b may be Q8, a matrix [n, k], transposed
  // bf16: operands are rounded to bf16 first, but where Q8 is not by up to 8 rows; the accumulator
  // is f32 in either case.
  element_type compute;
  struct epilogue epilogue;
  void *RUNEXP_NULLABLE workspace;
};

/// out = op(b) of a product as products like it read it, so that they need not make it each time.
/// Like it are those of the same n, k, transpositions and types; m, all pointers but b, and the
/// epilogue may be others. It holds until b is written.
struct gemm_pack {
  void *out; // `gemm_packed_bytes` of the product
  struct gemm product;
};

enum { GEMM_GROUP_MOST = 4 };

/// Products of which none reads what another writes, as one: each gives what `gemm` gives, to the
/// same bits. Their own workspaces are not used.
struct gemm_group {
  struct gemm products[GEMM_GROUP_MOST];
  int64_t count;
  void *RUNEXP_NULLABLE workspace;
};

/// dbias[n] (f32) = the column sums of dout[m, n].
struct column_sum {
  struct gradient dbias;
  const void *dout;
  int64_t m, n;
  element_type type;
  void *RUNEXP_NULLABLE workspace;
};

// Embedding: out[n, d] = table[ids[n], d].

struct embedding_forward {
  void *out;
  const void *table; // [vocabulary, d]
  const int32_t *ids;
  int64_t n, d, vocabulary;
  element_type type, table_type; // the table may be Q8
};

/// dtable[v] = the sum of dout[i] over all i with ids[i] = v; a row that no id names gets zeros, or
/// stays as it is where the gradient accumulates.
struct embedding_backward {
  struct gradient dtable; // [vocabulary, d]
  const void *dout;
  const int32_t *ids;
  int64_t n, d, vocabulary;
  element_type type;
  void *RUNEXP_NULLABLE workspace;
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

/// out = x / (1 - probability) where element i is kept, else 0; also its own gradient. Each `run`
/// neighbours are kept or not together: run i / run when the upper 24 bits of mix(key + (i / run) *
/// G), as a fraction of 2^24, are at least `probability`, where key = mix(step->dropout_key + index
/// * G), G is 0x9e3779b97f4a7c15 and mix is SplitMix64's. So the choice depends on the step's key
/// and two indices alone and can be made again.
struct dropout {
  struct gradient out;
  const void *x;
  const struct step_scalars *step;
  int64_t n;
  int64_t run;   // 1 in dropout; the elements of a sample in stochastic depth; at least 1
  int64_t index; // which dropout of the step this is
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
// 0 for none). A target has the share 1 - smoothing of what is wanted, and all classes together,
// itself included, have the rest in equal parts (Szegedy et al. 2016; smoothing is 0 for none).

/// loss = (1 - smoothing) (lse - logits[target]) + smoothing (lse - mean of the row) + z lse^2.

struct cross_entropy_forward {
  float *loss, *log_sum_exp; // [n]; loss in nats
  const void *logits;
  const int32_t *targets;
  int64_t n, vocabulary;
  float z, smoothing;
  element_type type;
};

/// dlogits = scale * (softmax(logits) * (1 + 2 z lse) - (1 - smoothing) one_hot(targets) -
/// smoothing / vocabulary). dlogits may be logits itself.
struct cross_entropy_backward {
  struct gradient dlogits;
  const void *logits;
  const float *log_sum_exp;
  const int32_t *targets;
  int64_t n, vocabulary;
  float z, smoothing, scale;
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

/// One AdamW step (Loshchilov & Hutter 2019) of each parameter p with its gradient g and moments m
/// and v, element by element, in this order:
///   g = g * min(1, clip / (figures[0] + 1e-6))
///   m = beta1 m + (1 - beta1) g
///   v = beta2 v + (1 - beta2) g^2
///   p = p * (1 - rate * weight_decay)
///       - rate * (m / correction1) / (sqrt(v / correction2) + epsilon)
/// Where a figure is not finite, nothing is changed.
struct adamw {
  const struct parameter_update *list; // [count]
  const struct step_scalars *step;
  const double *figures; // [figure_count]: the gradients' norm, and what else must be finite
  int64_t count, figure_count;
  double clip; // the largest norm; infinite for none
  float beta1, beta2, epsilon;
};

static_assert(sizeof(struct parameter_update) == 48, "the same for every compiler");

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
