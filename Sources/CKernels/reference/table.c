// The reference's table of kernels. What each one computes is in the file of its family.
#include "reference.h"

#define ENTRY(name) .name = reference_##name,

static const struct kernels reference = {
  .abi = RUNEXP_KERNELS_ABI,
  .size = sizeof(struct kernels),
  .name = "reference",
  REFERENCE_KERNELS(ENTRY)
  .naive_attention = &reference_naive_attention,
  .flash1_attention = &reference_flash1_attention,
  .flash2_attention = &reference_flash2_attention,
};

static const struct kernels rounded = {
  .abi = RUNEXP_KERNELS_ABI,
  .size = sizeof(struct kernels),
  .name = "rounded",
  REFERENCE_KERNELS(ENTRY)
  .naive_attention = &rounded_naive_attention,
};

const struct kernels *reference_kernels(void) { return &reference; }
const struct kernels *rounded_kernels(void) { return &rounded; }
