// The meta device: it computes nothing and owns no memory, but answers every question as the device
// does that it stands for. What runs on it asks for the same blocks in the same order, so that its
// books tell what a run needs before the run is made.
#include <stdio.h>
#include <stdlib.h>

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

// What is asked of it, it asks of the device that it stands for.

static bool meta_supports_gemm(struct kernel_context *context, const struct gemm *call,
                               char *reason, int64_t capacity) {
  struct original of = *runexp_host_original(context);
  return of.table->supports_gemm(of.context, call, reason, capacity);
}

static int64_t meta_gemm_packed_bytes(struct kernel_context *context, const struct gemm *call) {
  struct original of = *runexp_host_original(context);
  return of.table->gemm_packed_bytes(of.context, call);
}

static void meta_gemm_pack(struct kernel_context *context, const struct gemm_pack *call) {}

static void attention_forward(struct kernel_context *context,
                              const struct attention_forward *call) {}
static void attention_backward(struct kernel_context *context,
                               const struct attention_backward *call) {}

#define ATTENTION(name)                                                                            \
  static bool name##_supports(struct kernel_context *context, const struct attention *shape,       \
                              bool backward, char *reason, int64_t capacity) {                     \
    struct original of = *runexp_host_original(context);                                           \
    return of.table->name->supports(of.context, shape, backward, reason, capacity);                \
  }                                                                                                \
  static int64_t name##_workspace(struct kernel_context *context, const struct attention *shape,   \
                                  bool backward) {                                                 \
    struct original of = *runexp_host_original(context);                                           \
    return of.table->name->workspace(of.context, shape, backward);                                 \
  }
RUNEXP_ATTENTIONS(ATTENTION)

#define DEFINE(name)                                                                               \
  static void meta_##name(struct kernel_context *context, const struct name *call) {}
#define DEFINE_WITH_WORKSPACE(name)                                                                \
  DEFINE(name)                                                                                     \
  static int64_t meta_##name##_workspace(struct kernel_context *context,                           \
                                         const struct name *call) {                                \
    struct original of = *runexp_host_original(context);                                           \
    return of.table->name##_workspace(of.context, call);                                           \
  }
RUNEXP_KERNELS(DEFINE, DEFINE_WITH_WORKSPACE)

DEFINE_WITH_WORKSPACE(gemm_group)

#define KERNEL(name) .name = meta_##name,
#define WITH_WORKSPACE(name) .name = meta_##name, .name##_workspace = meta_##name##_workspace,

static const struct kernels meta = {HOST_DEVICE,
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
                                    .supports_gemm = meta_supports_gemm,
                                    RUNEXP_KERNELS(KERNEL, WITH_WORKSPACE)};

/// A table, with the attention algorithms that it has.
struct meta_kernels {
  struct kernels table; // first: whoever has this has the whole
#define KERNEL_OF_ATTENTION(name) struct attention_kernel name;
  RUNEXP_ATTENTIONS(KERNEL_OF_ATTENTION)
};

struct kernels *runexp_create_meta_kernels(const struct kernels *of) {
  struct meta_kernels *made = malloc(sizeof *made);
  if (!made) return NULL;
  made->table = meta;
  made->table.name = of->name;
  // What a device lacks, its stand-in lacks too.
  if (of->gemm_pack) {
    made->table.gemm_packed_bytes = meta_gemm_packed_bytes;
    made->table.gemm_pack = meta_gemm_pack;
  }
  if (of->gemm_group) {
    made->table.gemm_group = meta_gemm_group;
    made->table.gemm_group_workspace = meta_gemm_group_workspace;
  }
#define FILL(name)                                                                                 \
  if (of->name) {                                                                                  \
    made->name = (struct attention_kernel){.supports = name##_supports,                            \
                                           .saved_floats = of->name->saved_floats,                 \
                                           .workspace = name##_workspace,                          \
                                           .forward = attention_forward,                           \
                                           .backward = attention_backward};                        \
    made->table.name = &made->name;                                                                \
  }
  RUNEXP_ATTENTIONS(FILL)
  return &made->table;
}

void runexp_meta_stand_for(struct kernel_context *context, const struct kernels *of,
                           struct kernel_context *original) {
  *runexp_host_original(context) = (struct original){of, original};
}
