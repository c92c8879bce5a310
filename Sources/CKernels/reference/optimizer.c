// One step of AdamW, and the sum of squares from which the gradient's norm is taken.
#include "reference.h"

// AdamW (Loshchilov & Hutter 2019), in the order of its paper's algorithm 2 with the schedule in
// `rate`:
//
//   p -= rate * weight_decay * p
//   m = beta1 m + (1 - beta1) g          v = beta2 v + (1 - beta2) g^2
//   p -= rate * (m / correction1) / (sqrt(v / correction2) + epsilon)
void runexp_reference_adamw(struct kernel_context *context, const struct adamw *call) {
  double rate = call->rate, beta1 = call->beta1, beta2 = call->beta2;
  for (int64_t i = 0; i < call->n; i++) {
    double g = (double)call->gradient[i] * call->gradient_scale;
    double p = call->parameter[i] * (1 - rate * call->weight_decay);
    double m = beta1 * call->first_moment[i] + (1 - beta1) * g;
    double v = beta2 * call->second_moment[i] + (1 - beta2) * g * g;
    p -= rate * (m / call->correction1) / (sqrt(v / call->correction2) + call->epsilon);
    call->parameter[i] = (float)p;
    call->first_moment[i] = (float)m;
    call->second_moment[i] = (float)v;
  }
}

void runexp_reference_sum_squares(struct kernel_context *context, const struct sum_squares *call) {
  double sum = 0;
  for (int64_t i = 0; i < call->n; i++) sum += (double)call->x[i] * call->x[i];
  call->out[0] = sum;
}
