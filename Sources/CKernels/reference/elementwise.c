// Sums, conversions, scaling, dropout, activations and gated activations, element by element.
#include "reference.h"

void reference_add(struct kernel_context *context, void *out, const void *a, const void *b, int64_t n,
                   element_type type) {
  for (int64_t i = 0; i < n; i++) store(out, i, load(a, i, type) + load(b, i, type), type);
}

void reference_accumulate(struct kernel_context *context, struct gradient out, const void *x,
                          int64_t n, element_type type) {
  for (int64_t i = 0; i < n; i++) contribute(out, i, load(x, i, type), type);
}

void reference_convert(struct kernel_context *context, void *out, element_type out_type,
                       const void *x, element_type x_type, int64_t n) {
  for (int64_t i = 0; i < n; i++) store(out, i, load(x, i, x_type), out_type);
}

// out = factor x
void reference_scale(struct kernel_context *context, struct gradient out, const void *x, float factor,
                     int64_t n, element_type type) {
  for (int64_t i = 0; i < n; i++) contribute(out, i, factor * load(x, i, type), type);
}

// out = c tanh(x / c)
void reference_softcap_forward(struct kernel_context *context, void *out, const void *x, float c,
                               int64_t n, element_type type) {
  for (int64_t i = 0; i < n; i++) store(out, i, c * tanh(load(x, i, type) / c), type);
}

// dx = dout (1 - tanh(x / c)^2)
void reference_softcap_backward(struct kernel_context *context, struct gradient dx, const void *dout,
                                const void *x, float c, int64_t n, element_type type) {
  for (int64_t i = 0; i < n; i++) {
    double capped = tanh(load(x, i, type) / c);
    contribute(dx, i, load(dout, i, type) * (1 - capped * capped), type);
  }
}

/// SplitMix64's output function (Steele, Lea & Flood 2014).
static uint64_t mix(uint64_t z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

// out = x / (1 - p) where it is kept, else 0 (Srivastava et al. 2014)
void reference_dropout(struct kernel_context *context, struct gradient out, const void *x, uint64_t key,
                       float probability, int64_t n, element_type type) {
  for (int64_t i = 0; i < n; i++) {
    double draw = (double)(mix(key + (uint64_t)i * 0x9e3779b97f4a7c15u) >> 40) * 0x1p-24;
    contribute(out, i, draw >= probability ? load(x, i, type) / (1 - (double)probability) : 0, type);
  }
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/// The normal distribution's cumulative probability and density.
static double normal_cdf(double x) { return 0.5 * erfc(-x / sqrt(2)); }
static double normal_pdf(double x) { return exp(-0.5 * x * x) / sqrt(2 * M_PI); }

static double activate(double x, activation_kind kind) {
  switch (kind) {
    case ACTIVATION_GELU: return x * normal_cdf(x);
    case ACTIVATION_RELU: return x < 0 ? 0 : x;  // NaN stays NaN
    case ACTIVATION_SILU: return x * sigmoid(x);
    case ACTIVATION_RELU2: return x < 0 ? 0 : x * x;
  }
}

static double derivative(double x, activation_kind kind) {
  switch (kind) {
    case ACTIVATION_GELU: return normal_cdf(x) + x * normal_pdf(x);
    case ACTIVATION_RELU: return x <= 0 ? 0 : 1;
    case ACTIVATION_SILU: return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
    case ACTIVATION_RELU2: return x <= 0 ? 0 : 2 * x;
  }
}

// out = act(x)
void reference_activation_forward(struct kernel_context *context, void *out, const void *x, int64_t n,
                                  activation_kind kind, element_type type) {
  for (int64_t i = 0; i < n; i++) store(out, i, activate(load(x, i, type), kind), type);
}

// dx = dout * act'(x)
void reference_activation_backward(struct kernel_context *context, struct gradient dx,
                                   const void *dout, const void *x, int64_t n, activation_kind kind,
                                   element_type type) {
  for (int64_t i = 0; i < n; i++) {
    contribute(dx, i, load(dout, i, type) * derivative(load(x, i, type), kind), type);
  }
}

// out = act(gate) * up (Shazeer 2020)
void reference_gated_forward(struct kernel_context *context, void *out, const void *gate,
                             const void *up, int64_t n, activation_kind kind, element_type type) {
  for (int64_t i = 0; i < n; i++) {
    store(out, i, activate(load(gate, i, type), kind) * load(up, i, type), type);
  }
}

// dgate = dout * up * act'(gate), dup = dout * act(gate)
void reference_gated_backward(struct kernel_context *context, struct gradient dgate,
                              struct gradient dup, const void *dout, const void *gate,
                              const void *up, int64_t n, activation_kind kind, element_type type) {
  for (int64_t i = 0; i < n; i++) {
    double gradient = load(dout, i, type), g = load(gate, i, type), u = load(up, i, type);
    contribute(dgate, i, gradient * u * derivative(g, kind), type);
    contribute(dup, i, gradient * activate(g, kind), type);
  }
}
