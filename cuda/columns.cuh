// Sums over the rows of a matrix, in a fixed order.
#ifndef RUNEXP_COLUMNS_CUH
#define RUNEXP_COLUMNS_CUH

#include "context.cuh"

namespace plugin {

/// out[n] = the sums of the columns of x[m, n]. `workspace` has column_workspace bytes; without it,
/// which is for few rows, a column is one block's.
void sum_columns(kernel_context *context, const gradient &out, const void *x, int64_t m, int64_t n,
                 element_type type, void *workspace);
int64_t column_workspace(int64_t m, int64_t n);

} // namespace plugin

#endif
