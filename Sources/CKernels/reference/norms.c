// RMSNorm and LayerNorm over the last dimension of x[n, d], and their gradients.
#include "reference.h"

int64_t runexp_reference_rms_norm_backward_workspace(struct kernel_context *context,
                                                     const struct rms_norm_backward *call) {
  return 0;
}

int64_t runexp_reference_layer_norm_backward_workspace(struct kernel_context *context,
                                                       const struct layer_norm_backward *call) {
  return 0;
}

// RMSNorm (Zhang & Sennrich 2019). With x' = x * rstd, rstd = 1 / sqrt(mean(x^2) + epsilon):
//
//   out = x' * weight

void runexp_reference_rms_norm_forward(struct kernel_context *context,
                                       const struct rms_norm_forward *call) {
  const void *x = call->x;
  int64_t n = call->n, d = call->d;
  element_type type = call->type;
  for (int64_t i = 0; i < n; i++) {
    double squares = 0;
    for (int64_t c = 0; c < d; c++) {
      double value = load(x, i * d + c, type);
      squares += value * value;
    }
    double scale = 1 / sqrt(squares / (double)d + call->epsilon);
    call->rstd[i] = (float)scale;
    for (int64_t c = 0; c < d; c++) {
      store(call->out, i * d + c, load(x, i * d + c, type) * scale * call->weight[c], type);
    }
  }
}

// With g = dout * weight, per row:
//
//   dx = rstd * (g - x' * mean(g * x'))        dweight = sum over rows of dout * x'

void runexp_reference_rms_norm_backward(struct kernel_context *context,
                                        const struct rms_norm_backward *call) {
  const void *dout = call->dout, *x = call->x;
  const float *weight = call->weight, *rstd = call->rstd;
  int64_t n = call->n, d = call->d;
  element_type type = call->type;
  for (int64_t i = 0; i < n; i++) {
    double projection = 0;
    for (int64_t c = 0; c < d; c++) {
      double g = load(dout, i * d + c, type) * weight[c];
      projection += g * load(x, i * d + c, type) * rstd[i];
    }
    projection /= (double)d;
    for (int64_t c = 0; c < d; c++) {
      double g = load(dout, i * d + c, type) * weight[c];
      double normed = load(x, i * d + c, type) * rstd[i];
      contribute(call->dx, i * d + c, rstd[i] * (g - normed * projection), type);
    }
  }
  for (int64_t c = 0; c < d; c++) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
      sum += load(dout, i * d + c, type) * load(x, i * d + c, type) * rstd[i];
    }
    contribute(call->dweight, c, sum, ELEMENT_F32);
  }
}

// LayerNorm (Ba et al. 2016). With x' = (x - mean) * rstd, rstd = 1 / sqrt(variance + epsilon),
// where the variance is that of the row itself (divided by d, not by d - 1):
//
//   out = x' * weight + bias

void runexp_reference_layer_norm_forward(struct kernel_context *context,
                                         const struct layer_norm_forward *call) {
  const void *x = call->x;
  int64_t n = call->n, d = call->d;
  element_type type = call->type;
  for (int64_t i = 0; i < n; i++) {
    double sum = 0;
    for (int64_t c = 0; c < d; c++) sum += load(x, i * d + c, type);
    double centre = sum / (double)d;
    double squares = 0;
    for (int64_t c = 0; c < d; c++) {
      double deviation = load(x, i * d + c, type) - centre;
      squares += deviation * deviation;
    }
    double scale = 1 / sqrt(squares / (double)d + call->epsilon);
    call->mean[i] = (float)centre;
    call->rstd[i] = (float)scale;
    for (int64_t c = 0; c < d; c++) {
      double normed = (load(x, i * d + c, type) - centre) * scale;
      store(call->out, i * d + c, normed * call->weight[c] + (call->bias ? call->bias[c] : 0),
            type);
    }
  }
}

// With g = dout * weight, per row:
//
//   dx = rstd * (g - mean(g) - x' * mean(g * x'))
//   dweight = sum over rows of dout * x'        dbias = sum over rows of dout

void runexp_reference_layer_norm_backward(struct kernel_context *context,
                                          const struct layer_norm_backward *call) {
  const void *dout = call->dout, *x = call->x;
  const float *weight = call->weight, *mean = call->mean, *rstd = call->rstd;
  int64_t n = call->n, d = call->d;
  element_type type = call->type;
  for (int64_t i = 0; i < n; i++) {
    double average = 0, projection = 0;
    for (int64_t c = 0; c < d; c++) {
      double g = load(dout, i * d + c, type) * weight[c];
      average += g;
      projection += g * (load(x, i * d + c, type) - mean[i]) * rstd[i];
    }
    average /= (double)d;
    projection /= (double)d;
    for (int64_t c = 0; c < d; c++) {
      double g = load(dout, i * d + c, type) * weight[c];
      double normed = (load(x, i * d + c, type) - mean[i]) * rstd[i];
      contribute(call->dx, i * d + c, rstd[i] * (g - average - normed * projection), type);
    }
  }
  for (int64_t c = 0; c < d; c++) {
    double weight_sum = 0, bias_sum = 0;
    for (int64_t i = 0; i < n; i++) {
      double gradient = load(dout, i * d + c, type);
      weight_sum += gradient * (load(x, i * d + c, type) - mean[i]) * rstd[i];
      bias_sum += gradient;
    }
    contribute(call->dweight, c, weight_sum, ELEMENT_F32);
    contribute(call->dbias, c, bias_sum, ELEMENT_F32);
  }
}
