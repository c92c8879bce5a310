// One step of AdamW (Loshchilov & Hutter 2019) for all parameters of a model.
#include "entries.cuh"
#include "parameters.cuh"

namespace plugin {

// In the order of its paper's algorithm 2 with the schedule in `rate`, on the clipped gradient g:
//
//   m = beta1 m + (1 - beta1) g          v = beta2 v + (1 - beta2) g^2
//   p = p (1 - rate * weight_decay) - rate * (m / correction1) / (sqrt(v / correction2) + epsilon)
__global__ void __launch_bounds__(parameter_threads)
    adamw_step(const parameter_update *list, const step_scalars *step, const double *figures,
               int64_t count, int64_t figure_count, double clip, float beta1, float beta2,
               float epsilon) {
  for (int64_t i = 0; i < figure_count; i++)
    if (!isfinite(figures[i])) return; // no thread takes a step
  double scale = clip / (figures[0] + 1e-6), rate = step->rate;
  float clipped = static_cast<float>(scale < 1 ? scale : 1);
  float speed = static_cast<float>(rate / step->correction1);
  float root = static_cast<float>(1 / sqrt(static_cast<double>(step->correction2)));
  float fresh1 = static_cast<float>(1 - static_cast<double>(beta1));
  float fresh2 = static_cast<float>(1 - static_cast<double>(beta2));
  for_parameters(list, count, [&](const parameter_update &p, int64_t i, const extent &e) {
    float keep = static_cast<float>(1 - rate * p.weight_decay);
    run g, m, v, values;
    load(g, p.gradient + i, e);
    load(m, p.first_moment + i, e);
    load(v, p.second_moment + i, e);
    load(values, p.parameter + i, e);
#pragma unroll
    for (int c = 0; c < run_length; c++) {
      g[c] *= clipped;
      m[c] = beta1 * m[c] + fresh1 * g[c];
      v[c] = beta2 * v[c] + fresh2 * g[c] * g[c];
      values[c] = values[c] * keep - speed * m[c] / (sqrtf(v[c]) * root + epsilon);
    }
    store(p.first_moment + i, m, e);
    store(p.second_moment + i, v, e);
    store(p.parameter + i, values, e);
  });
}

void adamw(kernel_context *context, const struct adamw *call) {
  unsigned blocks = static_cast<unsigned>(context->multiprocessors * 8);
  launch(context, adamw_step, call->count > 0 ? blocks : 0, parameter_threads, list_bytes,
         call->list, call->step, call->figures, call->count, call->figure_count, call->clip,
         call->beta1, call->beta2, call->epsilon);
}

} // namespace plugin
