// Kernels that can be captured: a table's entry runs its kernel, or keeps the call where the
// context captures. The tables of cpu/ and reference/ are made of these.
#ifndef RUNEXP_CAPTURE_H
#define RUNEXP_CAPTURE_H

#include "host.h"

/// Keeps a call with what runs it where the context captures; false where it is to be run now.
bool runexp_host_captures(struct kernel_context *context,
                          void (*run)(struct kernel_context *, const void *call), const void *call,
                          size_t bytes);

/// Defines `name`, the entry of a kernel whose calls are `struct type`.
#define CAPTURED(name, kernel, type)                                                               \
  static void name##_run(struct kernel_context *context, const void *call) {                       \
    kernel(context, call);                                                                         \
  }                                                                                                \
  static void name(struct kernel_context *context, const struct type *call) {                      \
    if (!runexp_host_captures(context, name##_run, call, sizeof *call)) kernel(context, call);     \
  }

/// Defines `name`, the entry of an attention algorithm.
#define CAPTURED_ATTENTION(name, algorithm)                                                        \
  static int64_t name##_saved_floats(const struct attention *shape) {                              \
    return (algorithm).saved_floats(shape);                                                        \
  }                                                                                                \
  static int64_t name##_workspace(struct kernel_context *context, const struct attention *shape,   \
                                  bool backward) {                                                 \
    return (algorithm).workspace(context, shape, backward);                                        \
  }                                                                                                \
  CAPTURED(name##_forward, (algorithm).forward, attention_forward)                                 \
  CAPTURED(name##_backward, (algorithm).backward, attention_backward)                              \
  static const struct attention_kernel name = {                                                    \
      .supports = runexp_host_supports_attention,                                                  \
      .saved_floats = name##_saved_floats,                                                         \
      .workspace = name##_workspace,                                                               \
      .forward = name##_forward,                                                                   \
      .backward = name##_backward,                                                                 \
  };

#endif
