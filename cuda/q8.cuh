// Q8 matrices, as products and look-ups ask for them.
#ifndef RUNEXP_Q8_CUH
#define RUNEXP_Q8_CUH

#include "context.cuh"

namespace plugin {

/// All of a matrix [rows, columns] as f32 or bf16.
void widen_q8(kernel_context *context, void *out, element_type type, const void *data, int64_t rows,
              int64_t columns);
/// An embedding whose table is Q8.
void look_up_q8(kernel_context *context, const struct embedding_forward *call);

} // namespace plugin

#endif
