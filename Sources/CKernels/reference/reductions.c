// Reductions to one number: sums, the largest, and the norm of all gradients.
#include "reference.h"

void runexp_reference_sum(struct kernel_context *context, const struct sum *call) {
  double sum = 0;
  for (int64_t i = 0; i < call->n; i++) {
    double x = call->x[i];
    sum += call->squared ? x * x : x;
  }
  call->out[0] = sum;
}

void runexp_reference_maximum(struct kernel_context *context, const struct maximum *call) {
  float largest = call->accumulate ? call->out[0] : -INFINITY;
  for (int64_t i = 0; i < call->n; i++)
    if (call->x[i] > largest || isnan(call->x[i])) largest = call->x[i];
  call->out[0] = largest;
}

// norm = sqrt(sum over the parameters of (sum over the elements of g^2))
void runexp_reference_gradient_norm(struct kernel_context *context,
                                    const struct gradient_norm *call) {
  double total = 0;
  for (int64_t p = 0; p < call->count; p++) {
    const float *gradient = call->list[p].gradient;
    double sum = 0;
    for (int64_t i = 0; gradient && i < call->list[p].n; i++)
      sum += (double)gradient[i] * gradient[i];
    total += sum;
  }
  call->out[0] = sqrt(total);
}

int64_t runexp_reference_gradient_norm_workspace(struct kernel_context *context,
                                                 const struct gradient_norm *call) {
  return 0;
}
