// Sums, conversions, scaling, softcap and dropout, element by element. The formulas are in calls.h.
#include "entries.cuh"
#include "map.cuh"

namespace plugin {

struct sum_formula {
  static constexpr int inputs = 2, outputs = 1;
  __device__ void operator()(int64_t, const float (&x)[2], float (&y)[1]) const {
    y[0] = x[0] + x[1];
  }
};

void add(kernel_context *context, const struct add *call) {
  map(context, call->type, sum_formula(), {{call->out, false}}, {call->a, call->b}, call->n);
}

struct identity_formula {
  static constexpr int inputs = 1, outputs = 1;
  __device__ void operator()(int64_t, const float (&x)[1], float (&y)[1]) const { y[0] = x[0]; }
};

void accumulate(kernel_context *context, const struct accumulate *call) {
  map(context, call->type, identity_formula(), {call->out}, {call->x}, call->n);
}

void convert(kernel_context *context, const struct convert *call) {
  with_type(call->out_type, [&](auto out_zero) {
    with_type(call->x_type, [&](auto x_zero) {
      using Out = decltype(out_zero);
      using In = decltype(x_zero);
      tensors<identity_formula, Out, In> t = {{gradient{call->out, false}},
                                              {static_cast<const In *>(call->x)}};
      map(context, identity_formula(), t, call->n);
    });
  });
}

struct scale_formula {
  static constexpr int inputs = 1, outputs = 1;
  float factor;
  __device__ void operator()(int64_t, const float (&x)[1], float (&y)[1]) const {
    y[0] = factor * x[0];
  }
};

void scale(kernel_context *context, const struct scale *call) {
  map(context, call->type, scale_formula{call->factor}, {call->out}, {call->x}, call->n);
}

struct softcap_formula {
  static constexpr int inputs = 1, outputs = 1;
  float cap;
  __device__ void operator()(int64_t, const float (&x)[1], float (&y)[1]) const {
    y[0] = cap * tanhf(x[0] / cap);
  }
};

void softcap_forward(kernel_context *context, const struct softcap_forward *call) {
  map(context, call->type, softcap_formula{call->cap}, {{call->out, false}}, {call->x}, call->n);
}

struct softcap_slope_formula {
  static constexpr int inputs = 2, outputs = 1;
  float cap;
  __device__ void operator()(int64_t, const float (&x)[2], float (&y)[1]) const {
    float capped = tanhf(x[1] / cap);
    y[0] = x[0] * (1 - capped * capped);
  }
};

void softcap_backward(kernel_context *context, const struct softcap_backward *call) {
  map(context, call->type, softcap_slope_formula{call->cap}, {call->dx}, {call->dout, call->x},
      call->n);
}

/// SplitMix64's output function (Steele, Lea & Flood 2014).
__device__ static uint64_t mix(uint64_t z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

/// Which run of neighbours an element is of; short numbers are divided much faster.
__device__ static uint64_t run_of(int64_t i, int64_t run) {
  if (run == 1) return static_cast<uint64_t>(i);
  if ((i | run) >> 32) return static_cast<uint64_t>(i / run);
  return static_cast<uint32_t>(i) / static_cast<uint32_t>(run);
}

struct dropout_formula {
  static constexpr int inputs = 1, outputs = 1;
  const step_scalars *step;
  int64_t run;
  uint64_t index;
  float probability, factor;
  __device__ void operator()(int64_t i, const float (&x)[1], float (&y)[1]) const {
    constexpr uint64_t gap = 0x9e3779b97f4a7c15u;
    uint64_t key = mix(step->dropout_key + index * gap);
    // 24 bits, which a float holds as they are.
    float draw = static_cast<float>(mix(key + run_of(i, run) * gap) >> 40) * 0x1p-24f;
    y[0] = draw >= probability ? x[0] * factor : 0;
  }
};

void dropout(kernel_context *context, const struct dropout *call) {
  float factor = static_cast<float>(1 / (1 - static_cast<double>(call->probability)));
  dropout_formula formula = {call->step, call->run, static_cast<uint64_t>(call->index),
                             call->probability, factor};
  map(context, call->type, formula, {call->out}, {call->x}, call->n);
}

} // namespace plugin
