// FlashAttention-3: its entries, each in the file of its name.
#ifndef RUNEXP_FLASH3_CUH
#define RUNEXP_FLASH3_CUH

#include "context.cuh"

namespace plugin {

void flash3_forward_entry(kernel_context *context, const attention_forward *call);
void flash3_backward_entry(kernel_context *context, const attention_backward *call);
int64_t flash3_forward_workspace(const attention *s);
int64_t flash3_backward_workspace(const attention *s);

extern const attention_kernel flash3_attention;

} // namespace plugin

#endif
