// One step of AdamW, and the sum of squares from which the gradient's norm is taken.
#include "reference.h"

// AdamW (Loshchilov & Hutter 2019), in the order of its paper's algorithm 2 with the schedule in `rate`:
//
//   p -= rate * weight_decay * p
//   m = beta1 m + (1 - beta1) g          v = beta2 v + (1 - beta2) g^2
//   p -= rate * (m / correction1) / (sqrt(v / correction2) + epsilon)
void reference_adamw(struct kernel_context *context, float *parameter, float *first_moment,
                     float *second_moment, const float *gradient, int64_t n,
                     const struct adamw *step) {
  double rate = step->rate, beta1 = step->beta1, beta2 = step->beta2;
  for (int64_t i = 0; i < n; i++) {
    double g = (double)gradient[i] * step->gradient_scale;
    double p = parameter[i] * (1 - rate * step->weight_decay);
    double m = beta1 * first_moment[i] + (1 - beta1) * g;
    double v = beta2 * second_moment[i] + (1 - beta2) * g * g;
    p -= rate * (m / step->correction1) / (sqrt(v / step->correction2) + step->epsilon);
    parameter[i] = (float)p;
    first_moment[i] = (float)m;
    second_moment[i] = (float)v;
  }
}

void reference_sum_squares(struct kernel_context *context, double *out, const float *x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
  out[0] = sum;
}
