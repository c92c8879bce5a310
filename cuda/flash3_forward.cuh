// FlashAttention-3, forward: what its kernel is given.
#ifndef RUNEXP_FLASH3_FORWARD_CUH
#define RUNEXP_FLASH3_FORWARD_CUH

#include "flash3_shape.cuh"
#include "flash3_tiles.cuh"

namespace plugin::flash3 {

/// Rows of a warp. What it says about all of them is one entry of `unsure`.
constexpr int warp_rows = 16;

__host__ __device__ constexpr int64_t groups_of_rows(int64_t queries) {
  return (queries + warp_rows - 1) / warp_rows;
}

/// Keys in e4m3 that have one scale: a tile's, or two tiles'.
constexpr int e4m3_keys = 128;

/// By what e4m3 numbers are to be multiplied: null for bf16.
struct block_scales {
  const float *q;     // [batch, heads, query_blocks]: of a warpgroup's 64 rows
  const float *k, *v; // [batch, kv_heads, key_blocks]: of e4m3_keys rows
  int query_blocks, key_blocks;
};

struct forward_parameters {
  // Boxes of 64 rows for q and out, of a key tile for k and v; v in e4m3 is transposed, [batch,
  // head_dim, kv_heads, keys], and a box has all rows.
  CUtensorMap q, k, v, out;
  attention_view shape;
  block_scales scales;
  float *saved;       // log-sum-exp [batch, heads, queries]
  float *row_maximum; // the same: the largest logit
  uint32_t *unsure;   // [batch, heads, queries / 16]: whether a row of these is not finite
  int tiles, heads_at_once;
};

/// Whether a warp is unsure of its 16 rows, within those of a warpgroup from `first_row` on:
/// whether one of its threads is. The same for all of them.
template <typename Parameters>
__device__ __forceinline__ bool report_unsure(const Parameters &p, const block_place &place,
                                              int first_row, bool unsure) {
  unsure = __any_sync(~0u, unsure);
  int row = first_row + static_cast<int>(threadIdx.x) / 32 % 4 * warp_rows;
  int64_t plane = static_cast<int64_t>(place.batch) * p.shape.heads + place.head;
  if (threadIdx.x % 32 == 0 && row < p.shape.queries)
    p.unsure[plane * groups_of_rows(p.shape.queries) + row / warp_rows] = unsure;
  return unsure;
}

/// What both forward passes begin with: takes their parts of the workspace.
void take_parts(forward_parameters &p, const attention &s, arena &parts);
/// Whether logits are more than products times a positive factor: where it is positive, the largest
/// score is that of the largest logit.
inline bool is_general(const attention_view &shape) {
  return shape.cap != 0 || !(shape.factor > 0);
}
/// What both end with.
void finish_forward(kernel_context *context, const attention_forward *call,
                    const forward_parameters &p);

/// Does the rows again of which forward was unsure, one key after another: see flash3_mend.cuh.
void mend_forward(kernel_context *context, const attention_forward *call,
                  const forward_parameters &p);

} // namespace plugin::flash3

#endif
