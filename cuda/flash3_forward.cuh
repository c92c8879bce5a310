// FlashAttention-3, forward: what its kernel is given and how it is tiled. Its rows are done anew
// by flash3_mend.cu where they are not finite.
#ifndef RUNEXP_FLASH3_FORWARD_CUH
#define RUNEXP_FLASH3_FORWARD_CUH

#include "flash3_shape.cuh"
#include "flash3_tiles.cuh"

namespace plugin {

/// Rows of a warp: what it says about all of them is one entry of `unsure` and of `largest`.
constexpr int warp_rows = 16;

struct flash3_forward_parameters {
  CUtensorMap q, k, v, out; // boxes of 64 rows for q and out, of a key tile for k and v
  flash3_shape shape;
  int tiles, heads_at_once;
  float *saved;     // log-sum-exp [batch, heads, queries]
  uint32_t *unsure; // [batch, heads, queries / 16]: whether a row is not finite
  float *largest;   // the same: the largest logit
};

__host__ __device__ constexpr int64_t flash3_groups_of_rows(int64_t queries) {
  return (queries + warp_rows - 1) / warp_rows;
}

/// Does the rows of which forward was unsure again, one key after another: 0 times what is not
/// finite is NaN in a product of tiles, but a hidden key must not matter. Then reduces the largest
/// logits.
void flash3_mend_forward(kernel_context *context, const attention_forward *call, uint32_t *unsure,
                         float *largest);

} // namespace plugin

#endif
