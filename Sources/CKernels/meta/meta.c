// The meta device: it computes nothing and owns no memory, but answers every question as the CPU
// does. What runs on it asks for the same blocks in the same order, so that its books tell what a
// run needs before the run is made.
#include <stdio.h>

#include "../host/host.h"

static void meta_describe(struct kernel_context *context, char *text, int64_t capacity) {
  if (capacity > 0) snprintf(text, (size_t)capacity, "meta device, which computes nothing");
}

static double meta_measure_peak(struct kernel_context *context, element_type type) { return 0; }
static double meta_measure_bandwidth(struct kernel_context *context) { return 0; }

/// Every block is at one address that nobody reads or writes.
static void *meta_allocate(struct kernel_context *context, int64_t bytes) { return (void *)4096; }
static void meta_release(struct kernel_context *context, void *block, int64_t bytes) {}
static bool meta_synchronise(struct kernel_context *context) { return true; }

static bool meta_upload(struct kernel_context *context, void *block, const void *host,
                        int64_t bytes) {
  return true;
}

static bool meta_copy(struct kernel_context *context, void *to, const void *from, int64_t bytes) {
  return true;
}

static bool meta_zero(struct kernel_context *context, void *block, int64_t bytes) { return true; }

/// Zeros.
static bool meta_download(struct kernel_context *context, void *host, const void *block,
                          int64_t bytes) {
  return runexp_host_zero(context, host, bytes);
}

// The algorithms' sizes without their work.

#define ATTENTION(name)                                                                            \
  static int64_t name##_saved_floats(const struct attention *shape) {                              \
    return runexp_cpu_kernels()->name->saved_floats(shape);                                        \
  }                                                                                                \
  static int64_t name##_workspace(struct kernel_context *context, const struct attention *shape,   \
                                  bool backward) {                                                 \
    return runexp_cpu_kernels()->name->workspace(context, shape, backward);                        \
  }                                                                                                \
  static const struct attention_kernel meta_##name = {                                             \
      .supports = runexp_host_supports_attention,                                                  \
      .saved_floats = name##_saved_floats,                                                         \
      .workspace = name##_workspace,                                                               \
      .forward = attention_forward,                                                                \
      .backward = attention_backward,                                                              \
  };

static void attention_forward(struct kernel_context *context,
                              const struct attention_forward *call) {}
static void attention_backward(struct kernel_context *context,
                               const struct attention_backward *call) {}

ATTENTION(naive_attention)
ATTENTION(flash1_attention)
ATTENTION(flash2_attention)

#define DEFINE(name)                                                                               \
  static void meta_##name(struct kernel_context *context, const struct name *call) {}
#define DEFINE_WITH_WORKSPACE(name)                                                                \
  DEFINE(name)                                                                                     \
  static int64_t meta_##name##_workspace(struct kernel_context *context,                           \
                                         const struct name *call) {                                \
    return runexp_cpu_kernels()->name##_workspace(context, call);                                  \
  }
RUNEXP_KERNELS(DEFINE, DEFINE_WITH_WORKSPACE)

#define KERNEL(name) .name = meta_##name,
#define WITH_WORKSPACE(name) .name = meta_##name, .name##_workspace = meta_##name##_workspace,

static const struct kernels meta = {HOST_DEVICE,
                                    .name = "meta",
                                    .create = runexp_host_create_idle,
                                    .describe = meta_describe,
                                    .measure_peak = meta_measure_peak,
                                    .measure_bandwidth = meta_measure_bandwidth,
                                    .allocate = meta_allocate,
                                    .release = meta_release,
                                    .allocate_host = runexp_host_allocate,
                                    .release_host = runexp_host_release,
                                    .upload = meta_upload,
                                    .download = meta_download,
                                    .copy = meta_copy,
                                    .zero = meta_zero,
                                    .synchronise = meta_synchronise,
                                    .naive_attention = &meta_naive_attention,
                                    .flash1_attention = &meta_flash1_attention,
                                    .flash2_attention = &meta_flash2_attention,
                                    RUNEXP_KERNELS(KERNEL, WITH_WORKSPACE)};

const struct kernels *runexp_meta_kernels(void) { return &meta; }
