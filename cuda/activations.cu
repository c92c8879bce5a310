// Activations and gated activations, forward and backward.
#include "entries.cuh"
#include "map.cuh"

namespace plugin {

__device__ static float sigmoid(float x) { return 1 / (1 + expf(-x)); }

/// The normal distribution's cumulative probability, exact in its lower tail too.
__device__ static float normal_cdf(float x) { return 0.5f * erfcf(-0.70710678f * x); }
__device__ static float normal_pdf(float x) { return 0.39894228f * expf(-0.5f * x * x); }

/// 2 u, u = sqrt(2 / pi) (x + 0.044715 x^3), of which gelu_tanh is x sigmoid(2 u), and its
/// derivative. Beyond 20 the sigmoid is 0 or 1, and the cube need not overflow.
__device__ static float gelu_tanh_inner(float x) {
  float at = x > 20 ? 20 : x < -20 ? -20 : x;
  return at * (1.5957692f + 0.07135482f * at * at);
}
__device__ static float gelu_tanh_inner_slope(float x) {
  float at = x > 20 ? 20 : x < -20 ? -20 : x;
  return 1.5957692f + 3 * 0.07135482f * at * at;
}

__device__ static float activate(float x, activation_kind kind) {
  switch (kind) {
    case ACTIVATION_GELU: return x * normal_cdf(x);
    case ACTIVATION_RELU: return x < 0 ? 0 : x; // NaN stays NaN
    case ACTIVATION_SILU: return x * sigmoid(x);
    case ACTIVATION_GELU_TANH: return x * sigmoid(gelu_tanh_inner(x));
    case ACTIVATION_RELU2: break;
  }
  return x < 0 ? 0 : x * x;
}

__device__ static float derivative(float x, activation_kind kind) {
  switch (kind) {
    case ACTIVATION_GELU: return normal_cdf(x) + x * normal_pdf(x);
    case ACTIVATION_RELU: return x <= 0 ? 0 : 1;
    case ACTIVATION_SILU: return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
    case ACTIVATION_GELU_TANH: {
      float cdf = sigmoid(gelu_tanh_inner(x));
      return cdf + x * cdf * (1 - cdf) * gelu_tanh_inner_slope(x);
    }
    case ACTIVATION_RELU2: break;
  }
  return x <= 0 ? 0 : 2 * x;
}

struct activation_formula {
  static constexpr int inputs = 1, outputs = 1;
  activation_kind kind;
  __device__ void operator()(int64_t, const float (&x)[1], float (&y)[1]) const {
    y[0] = activate(x[0], kind);
  }
};

void activation_forward(kernel_context *context, const struct activation_forward *call) {
  map(context, call->type, activation_formula{call->kind}, {{call->out, false}}, {call->x},
      call->n);
}

struct derivative_formula {
  static constexpr int inputs = 2, outputs = 1;
  activation_kind kind;
  __device__ void operator()(int64_t, const float (&x)[2], float (&y)[1]) const {
    y[0] = x[0] * derivative(x[1], kind);
  }
};

void activation_backward(kernel_context *context, const struct activation_backward *call) {
  map(context, call->type, derivative_formula{call->kind}, {call->dx}, {call->dout, call->x},
      call->n);
}

struct gated_formula {
  static constexpr int inputs = 2, outputs = 1;
  activation_kind kind;
  __device__ void operator()(int64_t, const float (&x)[2], float (&y)[1]) const {
    y[0] = activate(x[0], kind) * x[1];
  }
};

void gated_forward(kernel_context *context, const struct gated_forward *call) {
  map(context, call->type, gated_formula{call->kind}, {{call->out, false}}, {call->gate, call->up},
      call->n);
}

struct gated_slopes_formula {
  static constexpr int inputs = 3, outputs = 2;
  activation_kind kind;
  __device__ void operator()(int64_t, const float (&x)[3], float (&y)[2]) const {
    y[0] = x[0] * x[2] * derivative(x[1], kind);
    y[1] = x[0] * activate(x[1], kind);
  }
};

void gated_backward(kernel_context *context, const struct gated_backward *call) {
  map(context, call->type, gated_slopes_formula{call->kind}, {call->dgate, call->dup},
      {call->dout, call->gate, call->up}, call->n);
}

} // namespace plugin
