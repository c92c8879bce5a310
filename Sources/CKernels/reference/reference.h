// What the reference kernels share: reading and writing elements of either type, and their names.
// Not fast, and not meant to be: every value goes through a double, one at a time.
#ifndef RUNEXP_REFERENCE_H
#define RUNEXP_REFERENCE_H

#include <math.h>
#include <string.h>

#include "../host/host.h"

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

/// IEEE half precision: 1 sign, 5 exponent and 10 fraction bits.
static inline double from_f16(uint16_t half) {
  int exponent = half >> 10 & 31, fraction = half & 1023;
  double size = exponent == 0    ? ldexp(fraction, -24)
                : exponent == 31 ? (fraction ? NAN : INFINITY)
                                 : ldexp(1024 + fraction, exponent - 25);
  return half >> 15 ? -size : size;
}

/// x[i]
static inline double load(const void *x, int64_t i, element_type type) {
  return type == ELEMENT_F32 ? ((const float *)x)[i] : from_bf16(((const uint16_t *)x)[i]);
}

/// x[row, column] of a matrix [rows, columns], which may be Q8.
static inline double load_matrix(const void *x, int64_t row, int64_t column, int64_t rows,
                                 int64_t columns, element_type type) {
  int64_t at = row * columns + column;
  if (type != ELEMENT_Q8) return load(x, at, type);
  const char *scales = (const char *)x + runexp_q8_scales(rows, columns);
  int64_t block = row * runexp_q8_blocks(columns) + column / Q8_BLOCK;
  return from_f16(((const uint16_t *)(const void *)scales)[block]) * ((const int8_t *)x)[at];
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

/// act(x) and act'(x).
double runexp_reference_activate(double x, activation_kind kind);
double runexp_reference_derivative(double x, activation_kind kind);

// The device, beside what all devices on the host share.

struct kernel_context *runexp_reference_create(const struct device_options *options, char *reason,
                                               int64_t capacity);
void runexp_reference_describe(struct kernel_context *context, char *text, int64_t capacity);
double runexp_reference_measure_peak(struct kernel_context *context, element_type type);
double runexp_reference_measure_bandwidth(struct kernel_context *context);

// The kernels: `runexp_reference_gemm` and its like.
#define KERNEL(name) void runexp_reference_##name(struct kernel_context *, const struct name *);
#define WITH_WORKSPACE(name)                                                                       \
  KERNEL(name)                                                                                     \
  int64_t runexp_reference_##name##_workspace(struct kernel_context *, const struct name *);
RUNEXP_KERNELS(KERNEL, WITH_WORKSPACE)
#undef KERNEL
#undef WITH_WORKSPACE

extern const struct attention_kernel runexp_reference_naive_attention;
extern const struct attention_kernel runexp_reference_flash1_attention;
extern const struct attention_kernel runexp_reference_flash2_attention;
/// See rounded.c.
extern const struct attention_kernel runexp_rounded_naive_attention;

#endif
