// Q8 matrices: where their numbers and scales lie, and what products and look-ups ask for.
#ifndef RUNEXP_Q8_CUH
#define RUNEXP_Q8_CUH

#include "context.cuh"

namespace plugin {

/// A Q8 matrix [rows, columns]; see `runexp_q8_bytes`.
struct q8_matrix {
  const int8_t *numbers;
  const uint16_t *scales;
  int64_t columns, blocks;

  q8_matrix(const void *data, int64_t rows, int64_t of_columns)
      : numbers(static_cast<const int8_t *>(data)),
        scales(reinterpret_cast<const uint16_t *>(static_cast<const char *>(data) +
                                                  runexp_q8_scales(rows, of_columns))),
        columns(of_columns), blocks(runexp_q8_blocks(of_columns)) {}
};

/// All of a matrix [rows, columns] as f32 or bf16.
void widen_q8(kernel_context *context, void *out, element_type type, const void *data, int64_t rows,
              int64_t columns);
/// An embedding whose table is Q8.
void look_up_q8(kernel_context *context, const struct embedding_forward *call);

} // namespace plugin

#endif
