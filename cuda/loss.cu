// The cross-entropy of softmax(logits) against target classes, with smoothed labels and the z-loss,
// and its gradient.
#include "entries.cuh"
#include "teams.cuh"

namespace plugin {

/// What the largest of some logits is taken to be: exponentials are of what remains, which must be
/// 0 and no NaN where all are -inf.
__device__ static float base_of(float largest) { return largest == -INFINITY ? 0 : largest; }

/// loss = lse - logits[target] + z lse^2. A team takes a row, and reads it once: each thread keeps
/// the largest of its logits so far, and the sum of their exponentials relative to it (Milakov &
/// Gimelshein 2018). Smoothed labels take a second reading, for the mean of lse - logits.
template <typename T, int size>
__global__ void __launch_bounds__(team_block)
    cross_entropy_rows(float *loss, float *log_sum_exp, const T *logits, const int32_t *targets,
                       int64_t n, int64_t vocabulary, float z, float smoothing, bool aligned) {
  float *scratch = reinterpret_cast<float *>(shared_memory());
  team<size> us;
  for (int64_t row = us.first_row(); row < n; row += us.row_stride()) {
    const T *in = logits + row * vocabulary;
    float largest = -INFINITY, sum = 0;
    us.for_runs(vocabulary, aligned, [&](int64_t c, const extent &e) {
      run values;
      load(values, in + c, e);
      float before = largest;
#pragma unroll
      for (int i = 0; i < run_length; i++)
        if (i < e.count) largest = fmaxf(largest, values[i]); // a NaN shows in the sum
      float base = base_of(largest);
      sum *= expf(before - base);
#pragma unroll
      for (int i = 0; i < run_length; i++)
        if (i < e.count) sum += expf(values[i] - base);
    });
    float of_all = base_of(us.reduce(largest, scratch, larger()));
    float rest = logf(us.reduce(sum * expf(base_of(largest) - of_all), scratch, plus()));
    float total = of_all + rest, mean = 0;
    if (smoothing != 0) {
      float distances = 0;
      us.for_runs(vocabulary, aligned, [&](int64_t c, const extent &e) {
        run values;
        load(values, in + c, e);
#pragma unroll
        for (int i = 0; i < run_length; i++)
          if (i < e.count) distances += of_all - values[i];
      });
      mean = rest + us.reduce(distances, scratch, plus()) / static_cast<float>(vocabulary);
    }
    if (us.member == 0) {
      float own = total - to_float(in[targets[row]]);
      if (smoothing != 0) own = (1 - smoothing) * own + smoothing * mean;
      log_sum_exp[row] = total;
      loss[row] = own + z * total * total;
    }
  }
}

void cross_entropy_forward(kernel_context *context, const struct cross_entropy_forward *call) {
  bool aligned = are_aligned(call->logits) && call->vocabulary % run_length == 0;
  with_type(call->type, [&](auto zero) {
    with_team(call->vocabulary, [&](auto size) {
      using T = decltype(zero);
      launch(context, cross_entropy_rows<T, size>, blocks_for(call->n, team<size>::per_block),
             team_block, team_scratch, call->loss, call->log_sum_exp,
             static_cast<const T *>(call->logits), call->targets, call->n, call->vocabulary,
             call->z, call->smoothing, aligned);
    });
  });
}

/// dlogits = scale * (softmax(logits) (1 + 2 z lse) - (1 - smoothing) one_hot(target) - smoothing /
/// vocabulary), softmax = exp(logits - lse)
template <typename T, int size>
__global__ void __launch_bounds__(team_block)
    cross_entropy_slopes(target<T> dlogits, const T *logits, const float *log_sum_exp,
                         const int32_t *targets, int64_t n, int64_t vocabulary, float z,
                         float smoothing, float scale, bool aligned) {
  team<size> us;
  // Without smoothing 0, which leaves every bit of what it is taken off.
  float of_each = scale * smoothing / static_cast<float>(vocabulary);
  float of_target = scale * (1 - smoothing) + of_each;
  for (int64_t row = us.first_row(); row < n; row += us.row_stride()) {
    float total = log_sum_exp[row], pull = scale * (1 + 2 * z * total);
    int64_t wanted = targets[row], first = row * vocabulary;
    us.for_runs(vocabulary, aligned, [&](int64_t c, const extent &e) {
      run values;
      load(values, logits + first + c, e);
#pragma unroll
      for (int i = 0; i < run_length; i++)
        values[i] = expf(values[i] - total) * pull - (c + i == wanted ? of_target : of_each);
      contribute(dlogits, first + c, values, e);
    });
  }
}

void cross_entropy_backward(kernel_context *context, const struct cross_entropy_backward *call) {
  bool aligned =
      are_aligned(call->dlogits.data, call->logits) && call->vocabulary % run_length == 0;
  with_type(call->type, [&](auto zero) {
    with_team(call->vocabulary, [&](auto size) {
      using T = decltype(zero);
      launch(context, cross_entropy_slopes<T, size>, blocks_for(call->n, team<size>::per_block),
             team_block, 0, call->dlogits, static_cast<const T *>(call->logits), call->log_sum_exp,
             call->targets, call->n, call->vocabulary, call->z, call->smoothing, call->scale,
             aligned);
    });
  });
}

} // namespace plugin
