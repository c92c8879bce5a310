// The cross-entropy of softmax(logits) against target classes, with smoothed labels and the z-loss,
// and its gradient.
#include "reference.h"

// loss[i] = (1 - e) (lse - logits[i, targets[i]]) + e (lse - mean(logits[i, :])) + z lse^2, in
// nats, lse = log sum exp(logits[i, :]), e = smoothing. The largest logit is taken out of the
// exponentials, so that none overflows: log sum exp(l) = max + log sum exp(l - max).
void runexp_reference_cross_entropy_forward(struct kernel_context *context,
                                            const struct cross_entropy_forward *call) {
  for (int64_t i = 0; i < call->n; i++) {
    int64_t row = i * call->vocabulary;
    double largest = -INFINITY;
    for (int64_t v = 0; v < call->vocabulary; v++)
      largest = fmax(largest, load(call->logits, row + v, call->type));
    double sum = 0;
    for (int64_t v = 0; v < call->vocabulary; v++)
      sum += exp(load(call->logits, row + v, call->type) - largest);
    double total = largest + log(sum);
    call->log_sum_exp[i] = (float)total;
    double loss = total - load(call->logits, row + call->targets[i], call->type);
    if (call->smoothing != 0) {
      double of_all = 0;
      for (int64_t v = 0; v < call->vocabulary; v++)
        of_all += (total - load(call->logits, row + v, call->type)) / (double)call->vocabulary;
      loss = (1 - (double)call->smoothing) * loss + call->smoothing * of_all;
    }
    call->loss[i] = (float)(loss + call->z * total * total);
  }
}

// dlogits = scale * (softmax(logits) (1 + 2 z lse) - (1 - e) one_hot(target) - e / vocabulary),
// softmax = exp(logits - lse)
void runexp_reference_cross_entropy_backward(struct kernel_context *context,
                                             const struct cross_entropy_backward *call) {
  for (int64_t i = 0; i < call->n; i++) {
    double pull = 1 + 2 * (double)call->z * call->log_sum_exp[i];
    for (int64_t v = 0; v < call->vocabulary; v++) {
      double probability =
          exp(load(call->logits, i * call->vocabulary + v, call->type) - call->log_sum_exp[i]);
      double wanted = (v == call->targets[i] ? 1 - (double)call->smoothing : 0) +
                      (double)call->smoothing / (double)call->vocabulary;
      contribute(call->dlogits, i * call->vocabulary + v,
                 call->scale * (probability * pull - wanted), call->type);
    }
  }
}
