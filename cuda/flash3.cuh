// FlashAttention-3: its entries, each in the file of its name.
#ifndef RUNEXP_FLASH3_CUH
#define RUNEXP_FLASH3_CUH

#include "context.cuh"

namespace plugin::flash3 {

void forward(kernel_context *context, const attention_forward *call);
void backward(kernel_context *context, const attention_backward *call);
int64_t forward_bytes(const attention &s); // of workspace
int64_t backward_bytes(const attention &s);

} // namespace plugin::flash3

#endif
