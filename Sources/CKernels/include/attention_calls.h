// The calls of attention: rotary positions, the algorithms' one shape, and what a cache takes.
#ifndef RUNEXP_ATTENTION_CALLS_H
#define RUNEXP_ATTENTION_CALLS_H

#include "types.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

#ifdef __cplusplus
extern "C" {
#endif

/// Rotary positions: rotates each pair among the first `rotated` elements of each head of
/// x[batch, tokens, heads, head_dim] by the angle whose cosine and sine are given as
/// [tokens, rotated / 2]. Pair i is (2i, 2i + 1) when interleaved, else (i, i + rotated / 2).
/// Elements after these stay as they are. out may be x itself.
struct rope {
  struct gradient out;
  const void *x;
  const float *cosine, *sine;
  int64_t batch, tokens, heads, head_dim, rotated;
  bool interleaved;
  bool inverse; // rotates back, which is the gradient
  element_type type;
};

/// How keys and values are held. Q8: int8 numbers with an fp16 scale for each block along head_dim,
/// as in a Q8 matrix.
// clang-format off
typedef RUNEXP_ENUM row_type : int32_t { ROWS_F32 = 0, ROWS_BF16 = 1, ROWS_Q8 = 2 } row_type;
// clang-format on

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
/// where softcap(x) = c tanh(x / c). The key is hidden when a causal mask, the window or the
/// explicit mask hides it. What a hidden key and its value hold never matters, not even NaN; with
/// flash3_fp8 it may cost digits.
struct attention {
  const float *RUNEXP_NULLABLE slopes; // ALiBi, [heads]
  struct attention_mask mask;
  const uint16_t *RUNEXP_NULLABLE k_scales,
      *RUNEXP_NULLABLE v_scales; // fp16, [row][blocks], of Q8 rows
  int64_t batch, queries, keys, heads, kv_heads, head_dim;
  int64_t offset;
  int64_t window; // hides keys with |i + offset - j| >= window; 0: none. It counts the query itself
  struct row_layout rows;
  float scale;
  float softcap;     // c; 0: none
  bool causal;       // hides keys j > i + offset
  element_type type; // of q and out; rows other than these are for forward only
};

struct attention_forward {
  void *out;    // like q
  float *saved; // what backward reads again: see attention_kernel.saved_floats
  float *RUNEXP_NULLABLE
      max_logit; // [batch, heads]: the largest logit that took part; NaN where one is, +inf
                 // where one is and none is NaN, -inf without any
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

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
