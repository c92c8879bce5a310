// The reference's table of kernels. What each one computes is in the file of its family.
#include "reference.h"

static const struct kernels table = {
  .abi = RUNEXP_KERNELS_ABI,
  .size = sizeof(struct kernels),
  .name = "reference",
#define ENTRY(name) .name = reference_##name,
  REFERENCE_KERNELS(ENTRY)
#undef ENTRY
  .naive_attention = &reference_naive_attention,
  .flash2_attention = &reference_flash2_attention,
};

const struct kernels *reference_kernels(void) { return &table; }
