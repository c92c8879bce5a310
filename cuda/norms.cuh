// RMSNorm and LayerNorm share their kernels: RMSNorm is a LayerNorm whose mean is 0 and that has no
// bias.
#ifndef RUNEXP_NORMS_CUH
#define RUNEXP_NORMS_CUH

#include "teams.cuh"

namespace plugin {

/// Any of the calls' forward fields; `mean` and `bias` may be null.
struct norm_forward {
  void *out;
  float *mean, *rstd;
  const void *x;
  const float *weight, *bias;
  int64_t n, d;
  float epsilon;
  element_type type;
};

/// And backward; `mean` is null for RMSNorm.
struct norm_backward {
  gradient dx, dweight, dbias;
  const void *dout, *x;
  const float *weight, *mean, *rstd;
  int64_t n, d;
  element_type type;
  void *workspace;
};

void normalise(kernel_context *context, const norm_forward &call);
void normalise_backward(kernel_context *context, const norm_backward &call);
int64_t norm_workspace(int64_t n, int64_t d);

} // namespace plugin

#endif
