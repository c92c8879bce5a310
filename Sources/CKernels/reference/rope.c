// Rotary position embedding (Su et al. 2021): each pair of a head's elements is turned by an angle that
// grows with the token's position, so that a dot product of two tokens depends on their distance alone.
#include "reference.h"

//   first'  = first * cos - second * sin
//   second' = first * sin + second * cos
//
// The inverse turns by the negative angle. A rotation's transpose is its inverse, so that is the gradient.
void reference_rope(struct kernel_context *context, struct gradient out, const void *x,
                    const float *cosine, const float *sine, int64_t batch, int64_t tokens,
                    int64_t heads, int64_t head_dim, bool interleaved, bool inverse,
                    element_type type) {
  int64_t half = head_dim / 2;
  for (int64_t row = 0; row < batch * tokens * heads; row++) {
    int64_t token = row / heads % tokens;
    for (int64_t pair = 0; pair < half; pair++) {
      int64_t i = row * head_dim + (interleaved ? 2 * pair : pair);
      int64_t j = row * head_dim + (interleaved ? 2 * pair + 1 : pair + half);
      double c = cosine[token * half + pair];
      double s = inverse ? -sine[token * half + pair] : sine[token * half + pair];
      double first = load(x, i, type), second = load(x, j, type);  // before writing: out may be x
      contribute(out, i, first * c - second * s, type);
      contribute(out, j, first * s + second * c, type);
    }
  }
}
