// RMSNorm and LayerNorm over the last dimension of x[n, d], forward; and the entries of both. With
//
//   rstd = 1 / sqrt(mean((x - mean)^2) + epsilon), where RMSNorm takes 0 for the mean:
//
//   out = (x - mean) * rstd * weight + bias
#include "norms.cuh"

#include "entries.cuh"

namespace plugin {

/// A row of a team at a time. It is read again for each pass, from the nearest cache.
template <typename T, int size, bool centred>
__global__ void __launch_bounds__(team_block)
    normalise_rows(T *out, float *mean, float *rstd, const T *x, const float *weight,
                   const float *bias, int64_t n, int64_t d, float epsilon, bool aligned) {
  float *scratch = reinterpret_cast<float *>(shared_memory());
  team<size> us;
  for (int64_t row = us.first_row(); row < n; row += us.row_stride()) {
    const T *in = x + row * d;
    float centre = 0, squares = 0;
    if (centred) {
      us.for_runs(d, aligned, [&](int64_t c, const extent &e) {
        run values;
        load(values, in + c, e);
#pragma unroll
        for (int i = 0; i < run_length; i++) centre += values[i];
      });
      centre = us.reduce(centre, scratch, plus()) / static_cast<float>(d);
    }
    us.for_runs(d, aligned, [&](int64_t c, const extent &e) {
      run values;
      load(values, in + c, e);
#pragma unroll
      for (int i = 0; i < run_length; i++) {
        float deviation = i < e.count ? values[i] - centre : 0;
        squares += deviation * deviation;
      }
    });
    squares = us.reduce(squares, scratch, plus());
    float factor = 1 / sqrtf(squares / static_cast<float>(d) + epsilon);
    if (us.member == 0) {
      rstd[row] = factor;
      if (centred) mean[row] = centre;
    }
    us.for_runs(d, aligned, [&](int64_t c, const extent &e) {
      run values, weights, shift = {};
      load(values, in + c, e);
      load(weights, weight + c, e);
      if (bias) load(shift, bias + c, e);
#pragma unroll
      for (int i = 0; i < run_length; i++)
        values[i] = (values[i] - centre) * factor * weights[i] + shift[i];
      store(out + row * d + c, values, e);
    });
  }
}

void normalise(kernel_context *context, const norm_forward &call) {
  bool aligned = are_aligned(call.out, call.x, call.weight, call.bias) && call.d % run_length == 0;
  with_type(call.type, [&](auto zero) {
    with_team(call.d, [&](auto size) {
      using T = decltype(zero);
      unsigned blocks = blocks_for(call.n, team<size>::per_block);
      launch(context, call.mean ? normalise_rows<T, size, true> : normalise_rows<T, size, false>,
             blocks, team_block, team_scratch, static_cast<T *>(call.out), call.mean, call.rstd,
             static_cast<const T *>(call.x), call.weight, call.bias, call.n, call.d, call.epsilon,
             aligned);
    });
  });
}

void rms_norm_forward(kernel_context *context, const struct rms_norm_forward *call) {
  normalise(context, {call->out, nullptr, call->rstd, call->x, call->weight, nullptr, call->n,
                      call->d, call->epsilon, call->type});
}

void layer_norm_forward(kernel_context *context, const struct layer_norm_forward *call) {
  normalise(context, {call->out, call->mean, call->rstd, call->x, call->weight, call->bias, call->n,
                      call->d, call->epsilon, call->type});
}

void rms_norm_backward(kernel_context *context, const struct rms_norm_backward *call) {
  normalise_backward(context, {call->dx,
                               call->dweight,
                               {},
                               call->dout,
                               call->x,
                               call->weight,
                               nullptr,
                               call->rstd,
                               call->n,
                               call->d,
                               call->type,
                               call->workspace});
}

void layer_norm_backward(kernel_context *context, const struct layer_norm_backward *call) {
  normalise_backward(context,
                     {call->dx, call->dweight, call->dbias, call->dout, call->x, call->weight,
                      call->mean, call->rstd, call->n, call->d, call->type, call->workspace});
}

int64_t rms_norm_backward_workspace(kernel_context *context, const struct rms_norm_backward *call) {
  return norm_workspace(call->n, call->d);
}

int64_t layer_norm_backward_workspace(kernel_context *context,
                                      const struct layer_norm_backward *call) {
  return 2 * norm_workspace(call->n, call->d);
}

} // namespace plugin
