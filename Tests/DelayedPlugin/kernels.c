// The kernels: the CPU's, whose calls are put into the queue. Questions are answered at once.
#include "delayed.h"

#include <stdio.h>

/// One kernel that `run` computes on the CPU.
#define LATE(linkage, kernel, type, cpu_kernel)                                                    \
  static void run_##kernel(struct kernel_context *context, void *call) {                           \
    cpu_kernel(context, call);                                                                     \
  }                                                                                                \
  static struct work kernel##_work = {.name = #kernel, .run = run_##kernel};                       \
  linkage void delayed_##kernel(struct kernel_context *c, const struct type *call) {               \
    delayed_give(c, &kernel##_work, call, sizeof *call);                                           \
  }

#define KERNEL(kernel) LATE(extern, kernel, kernel, cpu()->kernel)
RUNEXP_KERNELS(KERNEL, KERNEL)
KERNEL(gemm_pack)

#define ATTENTION(name)                                                                            \
  LATE(static, name##_forward, attention_forward, cpu()->name##_attention->forward)                \
  LATE(static, name##_backward, attention_backward, cpu()->name##_attention->backward)             \
  static bool name##_supports(struct kernel_context *c, const struct attention *shape,             \
                              bool backward, char *reason, int64_t capacity) {                     \
    return cpu()->name##_attention->supports(c->cpu, shape, backward, reason, capacity);           \
  }                                                                                                \
  static int64_t name##_saved_floats(const struct attention *shape) {                              \
    return cpu()->name##_attention->saved_floats(shape);                                           \
  }                                                                                                \
  static int64_t name##_workspace(struct kernel_context *c, const struct attention *shape,         \
                                  bool backward) {                                                 \
    return cpu()->name##_attention->workspace(c->cpu, shape, backward);                            \
  }                                                                                                \
  const struct attention_kernel delayed_##name = {                                                 \
      .supports = name##_supports,                                                                 \
      .saved_floats = name##_saved_floats,                                                         \
      .workspace = name##_workspace,                                                               \
      .forward = delayed_##name##_forward,                                                         \
      .backward = delayed_##name##_backward,                                                       \
  };
ATTENTION(naive)
ATTENTION(flash1)
ATTENTION(flash2)

/// For GPUs of another generation: whoever asks is told so, and nobody calls it.
static bool flash3_supports(struct kernel_context *c, const struct attention *shape, bool backward,
                            char *reason, int64_t capacity) {
  snprintf(reason, (size_t)capacity, "%s", delayed_flash3_refusal());
  return false;
}
const struct attention_kernel delayed_flash3 = {.supports = flash3_supports,
                                                .saved_floats = flash2_saved_floats,
                                                .workspace = flash2_workspace,
                                                .forward = delayed_flash2_forward,
                                                .backward = delayed_flash2_backward};

bool delayed_supports_gemm(struct kernel_context *c, const struct gemm *call, char *reason,
                           int64_t capacity) {
  if (!c->faults.refusal || !call->bias)
    return cpu()->supports_gemm(c->cpu, call, reason, capacity);
  snprintf(reason, (size_t)capacity, "%s", c->faults.refusal);
  return false;
}

#define FIND(name) FIND_POINTERS(&name##_work, struct name);
#define FIND_ATTENTION(name)                                                                       \
  FIND_POINTERS(&name##_forward_work, struct attention_forward);                                   \
  FIND_POINTERS(&name##_backward_work, struct attention_backward);

void delayed_find_kernels(void) {
  RUNEXP_KERNELS(FIND, FIND)
  FIND(gemm_pack)
  FIND_ATTENTION(naive)
  FIND_ATTENTION(flash1)
  FIND_ATTENTION(flash2)
}
