// The parts of FlashAttention-2, each in the file of its direction and type, which flash2.cu puts
// together.
#ifndef RUNEXP_FLASH2_CUH
#define RUNEXP_FLASH2_CUH

#include "attention_rows.cuh"

namespace plugin {

/// Forward. `row_maximum` may be null: see largest_logits.
void flash2_forward_bf16(kernel_context *context, const attention_forward *call,
                         const attention_view &a, float *row_maximum);
void flash2_forward_f32(kernel_context *context, const attention_forward *call,
                        const attention_view &a, float *row_maximum);

/// Of each query row, in the order of row_group, the log-sum-exp in base 2, +inf where it sees
/// nothing, and D.
void flash2_statistics(kernel_context *context, const attention_backward *call,
                       const attention_view &a, float2 *statistics);

/// Backward: dQ, dK and dV, those that are wanted.
void flash2_backward_bf16(kernel_context *context, const attention_backward *call,
                          const attention_view &a, const float2 *statistics);
void flash2_backward_f32(kernel_context *context, const attention_backward *call,
                         const attention_view &a, const float2 *statistics);

} // namespace plugin

#endif
