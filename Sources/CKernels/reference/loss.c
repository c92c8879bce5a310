// The cross-entropy of softmax(logits) against target classes, with the z-loss, and its gradient.
#include "reference.h"

// loss[i] = lse - logits[i, targets[i]] + z lse^2, in nats, lse = log sum exp(logits[i, :]). The largest logit is taken out of
// the exponentials, so that none overflows: log sum exp(l) = max + log sum exp(l - max).
void reference_cross_entropy_forward(struct kernel_context *context, float *loss, float *log_sum_exp,
                                     const void *logits, const int32_t *targets, float z, int64_t n,
                                     int64_t vocabulary, element_type type) {
  for (int64_t i = 0; i < n; i++) {
    int64_t row = i * vocabulary;
    double largest = -INFINITY;
    for (int64_t v = 0; v < vocabulary; v++) largest = fmax(largest, load(logits, row + v, type));
    double sum = 0;
    for (int64_t v = 0; v < vocabulary; v++) sum += exp(load(logits, row + v, type) - largest);
    double total = largest + log(sum);
    log_sum_exp[i] = (float)total;
    loss[i] = (float)(total - load(logits, row + targets[i], type) + z * total * total);
  }
}

// dlogits = scale * (softmax(logits) (1 + 2 z lse) - one_hot(target)), softmax = exp(logits - lse)
void reference_cross_entropy_backward(struct kernel_context *context, struct gradient dlogits,
                                      const void *logits, const float *log_sum_exp,
                                      const int32_t *targets, float z, float scale,
                                      int64_t n, int64_t vocabulary, element_type type) {
  for (int64_t i = 0; i < n; i++) {
    double pull = 1 + 2 * (double)z * log_sum_exp[i];
    for (int64_t v = 0; v < vocabulary; v++) {
      double probability = exp(load(logits, i * vocabulary + v, type) - log_sum_exp[i]);
      double wanted = v == targets[i] ? 1 : 0;
      contribute(dlogits, i * vocabulary + v, scale * (probability * pull - wanted), type);
    }
  }
}
