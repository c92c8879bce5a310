// FlashAttention-3's forward pass in 8 bits (Shah et al. 2024, section 3.3): queries, keys and
// values in e4m3, each block of which has a scale.
#ifndef RUNEXP_FLASH3_FP8_CUH
#define RUNEXP_FLASH3_FP8_CUH

#include "flash3_forward.cuh"

namespace plugin::flash3 {

/// What is in the workspace before the products: numbers of 1 byte, and their scales.
struct quantised {
  e4m3 *q; // [batch, queries, heads, head_dim]
  e4m3 *k; // [batch, keys, kv_heads, head_dim]
  e4m3 *v; // [batch, kv_heads, head_dim, key_blocks * e4m3_keys], see column_in_operand
  float *q_scales, *k_scales, *v_scales; // see block_scales
  int query_blocks, key_blocks;
};

void quantise(kernel_context *context, const attention_forward *call, const quantised &to);

void fp8_forward(kernel_context *context, const attention_forward *call);
int64_t fp8_forward_bytes(const attention &s);

} // namespace plugin::flash3

#endif
