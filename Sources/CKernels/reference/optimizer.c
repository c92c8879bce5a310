// One step of AdamW for all parameters of a model.
#include "reference.h"

// AdamW (Loshchilov & Hutter 2019), in the order of its paper's algorithm 2 with the schedule in
// `rate`:
//
//   p -= rate * weight_decay * p
//   m = beta1 m + (1 - beta1) g          v = beta2 v + (1 - beta2) g^2
//   p -= rate * (m / correction1) / (sqrt(v / correction2) + epsilon)
static void update(const struct parameter_update *p, const struct adamw *call, float scale) {
  double rate = call->step->rate, beta1 = call->beta1, beta2 = call->beta2;
  for (int64_t i = 0; i < p->n; i++) {
    double g = (double)p->gradient[i] * scale;
    double parameter = p->parameter[i] * (1 - rate * p->weight_decay);
    double m = beta1 * p->first_moment[i] + (1 - beta1) * g;
    double v = beta2 * p->second_moment[i] + (1 - beta2) * g * g;
    parameter -=
        rate * (m / call->step->correction1) / (sqrt(v / call->step->correction2) + call->epsilon);
    p->parameter[i] = (float)parameter;
    p->first_moment[i] = (float)m;
    p->second_moment[i] = (float)v;
  }
}

// g = min(1, clip / (norm + 1e-6)) gradient; no step where a figure is not finite
void runexp_reference_adamw(struct kernel_context *context, const struct adamw *call) {
  for (int64_t i = 0; i < call->figure_count; i++)
    if (!isfinite(call->figures[i])) return;
  float scale = (float)fmin(1, call->clip / (call->figures[0] + 1e-6));
  for (int64_t i = 0; i < call->count; i++)
    if (call->list[i].gradient) update(&call->list[i], call, scale);
}
