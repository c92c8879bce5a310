// The reference's table of kernels. What each one computes is in the file of its family.
#include "../host/capture.h"
#include "reference.h"

#define DEVICE                                                                                     \
  HOST_DEVICE, HOST_COMPUTES, .create = runexp_reference_create,                                   \
      .describe = runexp_reference_describe, .measure_peak = runexp_reference_measure_peak,        \
      .measure_bandwidth = runexp_reference_measure_bandwidth

#define KERNEL(name) CAPTURED(captured_##name, runexp_reference_##name, name)
RUNEXP_KERNELS(KERNEL, KERNEL)
#undef KERNEL

CAPTURED_ATTENTION(captured_naive_attention, runexp_reference_naive_attention)
CAPTURED_ATTENTION(captured_flash1_attention, runexp_reference_flash1_attention)
CAPTURED_ATTENTION(captured_flash2_attention, runexp_reference_flash2_attention)
CAPTURED_ATTENTION(captured_rounded_attention, runexp_rounded_naive_attention)

#define KERNEL(name) .name = captured_##name,
#define WITH_WORKSPACE(name) KERNEL(name).name##_workspace = runexp_reference_##name##_workspace,

static const struct kernels reference = {DEVICE,
                                         .name = "reference",
                                         .naive_attention = &captured_naive_attention,
                                         .flash1_attention = &captured_flash1_attention,
                                         .flash2_attention = &captured_flash2_attention,
                                         RUNEXP_KERNELS(KERNEL, WITH_WORKSPACE)};

static const struct kernels rounded = {DEVICE, .name = "rounded",
                                       .naive_attention = &captured_rounded_attention,
                                       RUNEXP_KERNELS(KERNEL, WITH_WORKSPACE)};

const struct kernels *runexp_reference_kernels(void) { return &reference; }
const struct kernels *runexp_rounded_kernels(void) { return &rounded; }
