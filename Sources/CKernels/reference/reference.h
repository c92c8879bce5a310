// What the reference kernels share: reading and writing elements of either type, and their names.
// Not fast, and not meant to be: every value goes through a double, one at a time.
#ifndef RUNEXP_REFERENCE_H
#define RUNEXP_REFERENCE_H

#include <math.h>
#include <string.h>

#include "kernels.h"

struct kernel_context {
  int64_t threads;  // always 1
};

// bf16 is the upper half of an f32: 1 sign, 8 exponent and 7 fraction bits.

static inline float from_bf16(uint16_t half) {
  uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/// Rounds to the nearest bf16, to the even one where two are equally near. NaN stays NaN.
static inline uint16_t to_bf16(float value) {
  if (isnan(value)) return 0x7fc0;
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t lowest_kept_bit = (bits >> 16) & 1;
  return (uint16_t)((bits + 0x7fff + lowest_kept_bit) >> 16);
}

/// x[i]
static inline double load(const void *x, int64_t i, element_type type) {
  return type == ELEMENT_F32 ? ((const float *)x)[i] : from_bf16(((const uint16_t *)x)[i]);
}

/// x[i] = value
static inline void store(void *x, int64_t i, double value, element_type type) {
  if (type == ELEMENT_F32) {
    ((float *)x)[i] = (float)value;
  } else {
    ((uint16_t *)x)[i] = to_bf16((float)value);
  }
}

/// x[i] = value, or x[i] += value where the gradient accumulates. Nothing where it is not wanted.
static inline void contribute(struct gradient x, int64_t i, double value, element_type type) {
  if (!x.data) return;
  store(x.data, i, x.accumulate ? load(x.data, i, type) + value : value, type);
}

// The kernels by name. `reference_gemm` and its like are declared with the types that `struct kernels` states.
#define REFERENCE_KERNELS(EACH)                                                                    \
  EACH(create) EACH(destroy) EACH(describe) EACH(threads)                                          \
  EACH(measure_peak) EACH(measure_bandwidth)                                                       \
  EACH(allocate) EACH(release) EACH(upload) EACH(download) EACH(zero) EACH(synchronise)            \
  EACH(gemm_workspace) EACH(gemm) EACH(column_sum)                                                 \
  EACH(embedding_forward) EACH(embedding_backward)                                                 \
  EACH(add_rows_forward) EACH(add_rows_backward)                                                   \
  EACH(rms_norm_forward) EACH(norm_workspace) EACH(rms_norm_backward)                              \
  EACH(layer_norm_forward) EACH(layer_norm_backward)                                               \
  EACH(rope) EACH(cache_append)                                                                    \
  EACH(add) EACH(accumulate) EACH(convert) EACH(scale)                                             \
  EACH(softcap_forward) EACH(softcap_backward) EACH(dropout)                                       \
  EACH(activation_forward) EACH(activation_backward) EACH(gated_forward) EACH(gated_backward)      \
  EACH(cross_entropy_forward) EACH(cross_entropy_backward)                                         \
  EACH(adamw) EACH(sum_squares)

#define DECLARE(name) __typeof__(*((struct kernels *)0)->name) reference_##name;
REFERENCE_KERNELS(DECLARE)
#undef DECLARE

extern const struct attention_kernel reference_naive_attention;
extern const struct attention_kernel reference_flash1_attention;
extern const struct attention_kernel reference_flash2_attention;
/// See rounded.c.
extern const struct attention_kernel rounded_naive_attention;

#endif
