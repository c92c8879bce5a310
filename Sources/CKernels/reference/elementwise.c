// Sums, conversions, scaling, dropout, activations and gated activations, element by element.
#include "reference.h"

void runexp_reference_add(struct kernel_context *context, const struct add *call) {
  for (int64_t i = 0; i < call->n; i++)
    store(call->out, i, load(call->a, i, call->type) + load(call->b, i, call->type), call->type);
}

void runexp_reference_accumulate(struct kernel_context *context, const struct accumulate *call) {
  for (int64_t i = 0; i < call->n; i++)
    contribute(call->out, i, load(call->x, i, call->type), call->type);
}

void runexp_reference_convert(struct kernel_context *context, const struct convert *call) {
  for (int64_t i = 0; i < call->n; i++)
    store(call->out, i, load(call->x, i, call->x_type), call->out_type);
}

// out = factor x
void runexp_reference_scale(struct kernel_context *context, const struct scale *call) {
  for (int64_t i = 0; i < call->n; i++)
    contribute(call->out, i, call->factor * load(call->x, i, call->type), call->type);
}

// out = c tanh(x / c)
void runexp_reference_softcap_forward(struct kernel_context *context,
                                      const struct softcap_forward *call) {
  for (int64_t i = 0; i < call->n; i++)
    store(call->out, i, call->cap * tanh(load(call->x, i, call->type) / call->cap), call->type);
}

// dx = dout (1 - tanh(x / c)^2)
void runexp_reference_softcap_backward(struct kernel_context *context,
                                       const struct softcap_backward *call) {
  for (int64_t i = 0; i < call->n; i++) {
    double capped = tanh(load(call->x, i, call->type) / call->cap);
    contribute(call->dx, i, load(call->dout, i, call->type) * (1 - capped * capped), call->type);
  }
}

/// SplitMix64's output function (Steele, Lea & Flood 2014).
static uint64_t mix(uint64_t z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

// out = x / (1 - p) where it is kept, else 0 (Srivastava et al. 2014); a draw for each run of
// neighbours
void runexp_reference_dropout(struct kernel_context *context, const struct dropout *call) {
  const uint64_t gap = 0x9e3779b97f4a7c15u;
  uint64_t key = mix(call->step->dropout_key + (uint64_t)call->index * gap);
  for (int64_t i = 0; i < call->n; i++) {
    double draw = (double)(mix(key + (uint64_t)(i / call->run) * gap) >> 40) * 0x1p-24;
    contribute(call->out, i,
               draw >= call->probability
                   ? load(call->x, i, call->type) / (1 - (double)call->probability)
                   : 0,
               call->type);
  }
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/// The normal distribution's cumulative probability and density.
static double normal_cdf(double x) { return 0.5 * erfc(-x / sqrt(2)); }
static double normal_pdf(double x) { return exp(-0.5 * x * x) / sqrt(2 * M_PI); }

/// 2 u of gelu_tanh, as (1 + tanh u) / 2 is sigmoid(2 u), and its derivative. Beyond 20 the sigmoid
/// is 0 or 1 to the last bit, and the cube need not overflow.
static double gelu_tanh_inner(double x) {
  double at = x > 20 ? 20 : x < -20 ? -20 : x;
  return sqrt(8 / M_PI) * (at + 0.044715 * at * at * at);
}
static double gelu_tanh_inner_slope(double x) {
  double at = x > 20 ? 20 : x < -20 ? -20 : x;
  return sqrt(8 / M_PI) * (1 + 3 * 0.044715 * at * at);
}

double runexp_reference_activate(double x, activation_kind kind) {
  switch (kind) {
    case ACTIVATION_GELU: return x * normal_cdf(x);
    case ACTIVATION_RELU: return x < 0 ? 0 : x; // NaN stays NaN
    case ACTIVATION_SILU: return x * sigmoid(x);
    case ACTIVATION_RELU2: return x < 0 ? 0 : x * x;
    case ACTIVATION_GELU_TANH: return x * sigmoid(gelu_tanh_inner(x));
  }
}

double runexp_reference_derivative(double x, activation_kind kind) {
  switch (kind) {
    case ACTIVATION_GELU: return normal_cdf(x) + x * normal_pdf(x);
    case ACTIVATION_RELU: return x <= 0 ? 0 : 1;
    case ACTIVATION_SILU: return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
    case ACTIVATION_RELU2: return x <= 0 ? 0 : 2 * x;
    case ACTIVATION_GELU_TANH: {
      double cdf = sigmoid(gelu_tanh_inner(x));
      return cdf + x * cdf * (1 - cdf) * gelu_tanh_inner_slope(x);
    }
  }
}

// out = act(x)
void runexp_reference_activation_forward(struct kernel_context *context,
                                         const struct activation_forward *call) {
  for (int64_t i = 0; i < call->n; i++)
    store(call->out, i, runexp_reference_activate(load(call->x, i, call->type), call->kind),
          call->type);
}

// dx = dout * act'(x)
void runexp_reference_activation_backward(struct kernel_context *context,
                                          const struct activation_backward *call) {
  for (int64_t i = 0; i < call->n; i++) {
    contribute(call->dx, i,
               load(call->dout, i, call->type) *
                   runexp_reference_derivative(load(call->x, i, call->type), call->kind),
               call->type);
  }
}

// out = act(gate) * up (Shazeer 2020)
void runexp_reference_gated_forward(struct kernel_context *context,
                                    const struct gated_forward *call) {
  for (int64_t i = 0; i < call->n; i++) {
    store(call->out, i,
          runexp_reference_activate(load(call->gate, i, call->type), call->kind) *
              load(call->up, i, call->type),
          call->type);
  }
}

// dgate = dout * up * act'(gate), dup = dout * act(gate)
void runexp_reference_gated_backward(struct kernel_context *context,
                                     const struct gated_backward *call) {
  for (int64_t i = 0; i < call->n; i++) {
    double gradient = load(call->dout, i, call->type), g = load(call->gate, i, call->type),
           u = load(call->up, i, call->type);
    contribute(call->dgate, i, gradient * u * runexp_reference_derivative(g, call->kind),
               call->type);
    contribute(call->dup, i, gradient * runexp_reference_activate(g, call->kind), call->type);
  }
}
