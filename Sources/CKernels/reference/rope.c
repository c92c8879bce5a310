// Rotary position embedding (Su et al. 2021): each pair of a head's elements is turned by an angle
// that grows with the token's position, so that a dot product of two tokens depends on their
// distance alone.
#include "reference.h"

//   first'  = first * cos - second * sin
//   second' = first * sin + second * cos
//
// Elements beyond the rotated ones stay. The inverse turns by the negative angle. A rotation's
// transpose is its inverse, so that is the gradient.
void runexp_reference_rope(struct kernel_context *context, const struct rope *call) {
  int64_t half = call->rotated / 2;
  for (int64_t row = 0; row < call->batch * call->tokens * call->heads; row++) {
    int64_t token = row / call->heads % call->tokens;
    for (int64_t pair = 0; pair < half; pair++) {
      int64_t i = row * call->head_dim + (call->interleaved ? 2 * pair : pair);
      int64_t j = row * call->head_dim + (call->interleaved ? 2 * pair + 1 : pair + half);
      double c = call->cosine[token * half + pair];
      double s = call->inverse ? -call->sine[token * half + pair] : call->sine[token * half + pair];
      double first = load(call->x, i, call->type),
             second = load(call->x, j, call->type); // before writing: call->out may be call->x
      contribute(call->out, i, first * c - second * s, call->type);
      contribute(call->out, j, first * s + second * c, call->type);
    }
    for (int64_t i = call->rotated; i < call->head_dim; i++) {
      int64_t at = row * call->head_dim + i;
      contribute(call->out, at, load(call->x, at, call->type), call->type);
    }
  }
}
