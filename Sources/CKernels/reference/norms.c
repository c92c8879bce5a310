// RMSNorm and LayerNorm over the last dimension of x[n, d], and their gradients.
#include "reference.h"

int64_t reference_norm_workspace(struct kernel_context *context, int64_t n, int64_t d) { return 0; }

// RMSNorm (Zhang & Sennrich 2019). With x' = x * rstd, rstd = 1 / sqrt(mean(x^2) + epsilon):
//
//   out = x' * weight

void reference_rms_norm_forward(struct kernel_context *context, void *out, float *rstd,
                                const void *x, const float *weight, int64_t n, int64_t d,
                                float epsilon, element_type type) {
  for (int64_t i = 0; i < n; i++) {
    double squares = 0;
    for (int64_t c = 0; c < d; c++) {
      double value = load(x, i * d + c, type);
      squares += value * value;
    }
    double scale = 1 / sqrt(squares / (double)d + epsilon);
    rstd[i] = (float)scale;
    for (int64_t c = 0; c < d; c++) {
      store(out, i * d + c, load(x, i * d + c, type) * scale * weight[c], type);
    }
  }
}

// With g = dout * weight, per row:
//
//   dx = rstd * (g - x' * mean(g * x'))        dweight = sum over rows of dout * x'

void reference_rms_norm_backward(struct kernel_context *context, struct gradient dx,
                                 struct gradient dweight, const void *dout, const void *x,
                                 const float *weight, const float *rstd, int64_t n, int64_t d,
                                 element_type type, void *workspace) {
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
      contribute(dx, i * d + c, rstd[i] * (g - normed * projection), type);
    }
  }
  for (int64_t c = 0; c < d; c++) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
      sum += load(dout, i * d + c, type) * load(x, i * d + c, type) * rstd[i];
    }
    contribute(dweight, c, sum, ELEMENT_F32);
  }
}

// LayerNorm (Ba et al. 2016). With x' = (x - mean) * rstd, rstd = 1 / sqrt(variance + epsilon), where the
// variance is that of the row itself (divided by d, not by d - 1):
//
//   out = x' * weight + bias

void reference_layer_norm_forward(struct kernel_context *context, void *out, float *mean,
                                  float *rstd, const void *x, const float *weight,
                                  const float *bias, int64_t n, int64_t d, float epsilon,
                                  element_type type) {
  for (int64_t i = 0; i < n; i++) {
    double sum = 0;
    for (int64_t c = 0; c < d; c++) sum += load(x, i * d + c, type);
    double centre = sum / (double)d;
    double squares = 0;
    for (int64_t c = 0; c < d; c++) {
      double deviation = load(x, i * d + c, type) - centre;
      squares += deviation * deviation;
    }
    double scale = 1 / sqrt(squares / (double)d + epsilon);
    mean[i] = (float)centre;
    rstd[i] = (float)scale;
    for (int64_t c = 0; c < d; c++) {
      double normed = (load(x, i * d + c, type) - centre) * scale;
      store(out, i * d + c, normed * weight[c] + (bias ? bias[c] : 0), type);
    }
  }
}

// With g = dout * weight, per row:
//
//   dx = rstd * (g - mean(g) - x' * mean(g * x'))
//   dweight = sum over rows of dout * x'        dbias = sum over rows of dout

void reference_layer_norm_backward(struct kernel_context *context, struct gradient dx,
                                   struct gradient dweight, struct gradient dbias,
                                   const void *dout, const void *x, const float *weight,
                                   const float *mean, const float *rstd, int64_t n, int64_t d,
                                   element_type type, void *workspace) {
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
      contribute(dx, i * d + c, rstd[i] * (g - average - normed * projection), type);
    }
  }
  for (int64_t c = 0; c < d; c++) {
    double weight_sum = 0, bias_sum = 0;
    for (int64_t i = 0; i < n; i++) {
      double gradient = load(dout, i * d + c, type);
      weight_sum += gradient * (load(x, i * d + c, type) - mean[i]) * rstd[i];
      bias_sum += gradient;
    }
    contribute(dweight, c, weight_sum, ELEMENT_F32);
    contribute(dbias, c, bias_sum, ELEMENT_F32);
  }
}
