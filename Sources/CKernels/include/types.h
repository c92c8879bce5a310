// Types that the kernels' calls share.
#ifndef RUNEXP_TYPES_H
#define RUNEXP_TYPES_H

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
/// Q8 is a type of whole matrices, which only an inference has: see `runexp_q8_bytes`.
typedef RUNEXP_ENUM element_type : int32_t {
  ELEMENT_F32 = 0,
  ELEMENT_BF16 = 1,
  ELEMENT_Q8 = 2,
} element_type;

typedef RUNEXP_ENUM activation_kind : int32_t {
  ACTIVATION_GELU = 0,   // exact: x * (1 + erf(x / sqrt 2)) / 2
  ACTIVATION_RELU = 1,   // max(x, 0)
  ACTIVATION_SILU = 2,   // x * sigmoid(x)
  ACTIVATION_RELU2 = 3,  // max(x, 0)^2
  ACTIVATION_GELU_TANH = 4,  // x * (1 + tanh(u)) / 2, u = sqrt(2 / pi) (x + 0.044715 x^3)
} activation_kind;
// clang-format on

// clang-format off
/// What a product x becomes before it is stored; `act` is the epilogue's activation. A backward one
/// goes on from the gradient of what an activation gave, x, to those of what it took.
typedef RUNEXP_ENUM epilogue_kind : int32_t {
  EPILOGUE_NONE = 0,                 // c = x
  EPILOGUE_ACTIVATION = 1,           // c = act(x), and x is kept
  EPILOGUE_GATED = 2,                // c = act(gate) x, and x is kept
  EPILOGUE_DACTIVATION = 3,  // c = x act'(gate)
  EPILOGUE_DGATED = 4,       // c = x up act'(gate), dup = x act(gate)
  EPILOGUE_RESIDUAL = 5,     // c = residual + x
} epilogue_kind;
// clang-format on

/// Where a gradient goes: `data` is overwritten, or added to when `accumulate` is set. Null: not
/// wanted. It has the element type of what it is the gradient of: a parameter's is f32, an
/// activation's has the call's type. What is added to a bf16 element is added in f32 and rounded
/// once.
struct gradient {
  void *RUNEXP_NULLABLE data;
  bool accumulate;
};

/// What changes from one training step to the next. It lies in the device's memory and is read when
/// a kernel runs, so that a step that was captured can be replayed.
struct step_scalars {
  uint64_t dropout_key;
  float rate;                     // the learning rate
  float correction1, correction2; // 1 - beta1^t, 1 - beta2^t at step t, from 1
  float reserved;
};

static_assert(sizeof(struct step_scalars) == 24, "the same for every compiler");

/// Numbers of 8 bits come in blocks of 32 along a row, the last of which may be shorter, with an
/// fp16 scale each; a value is scale * number, and a scale is the block's largest magnitude / 127.
enum { Q8_BLOCK = 32 };

static inline int64_t runexp_q8_blocks(int64_t columns) {
  return (columns + Q8_BLOCK - 1) / Q8_BLOCK;
}

/// A Q8 matrix: the numbers [rows, columns] as int8, from the next multiple of 64 bytes on the
/// scales [rows, blocks]. Where these begin, and all its bytes.
static inline int64_t runexp_q8_scales(int64_t rows, int64_t columns) {
  return (rows * columns + 63) / 64 * 64;
}

static inline int64_t runexp_q8_bytes(int64_t rows, int64_t columns) {
  return runexp_q8_scales(rows, columns) + rows * runexp_q8_blocks(columns) * 2;
}

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
