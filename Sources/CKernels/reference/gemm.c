// The matrix product, one dot product an element, and the sum over columns that a bias' gradient
// is.
#include "reference.h"

/// Columns whose sums advance side by side, each in the order of its terms: one alone waits for
/// itself.
enum { ABREAST = 4 };

/// In doubles: a row of op(a), and op(b), whose columns are made up to a multiple of ABREAST.
int64_t runexp_reference_gemm_workspace(struct kernel_context *context, const struct gemm *call) {
  int64_t columns = (call->n + ABREAST - 1) / ABREAST * ABREAST;
  return (columns + 1) * call->k * (int64_t)sizeof(double);
}

/// An operand's element, rounded to bf16 where the product is to be computed in bf16.
static double operand(double value, element_type compute) {
  return compute == ELEMENT_BF16 ? from_bf16(to_bf16((float)value)) : value;
}

/// Element i of c, and of what else the epilogue writes, from its sum.
static void finish(const struct gemm *call, int64_t i, double sum) {
  const struct epilogue *e = &call->epilogue;
  struct gradient c = {call->c, call->accumulate}, kept = {e->kept, false};
  double gate = e->gate ? load(e->gate, i, call->c_type) : 0;
  double up = e->up ? load(e->up, i, call->c_type) : 0;
  if (call->c_type == ELEMENT_BF16 && (e->kind == EPILOGUE_ACTIVATION || e->kind == EPILOGUE_GATED))
    sum = from_bf16(to_bf16((float)sum));
  contribute(kept, i, sum, call->c_type);
  switch (e->kind) {
    case EPILOGUE_NONE: break;
    case EPILOGUE_ACTIVATION: sum = runexp_reference_activate(sum, e->activation); break;
    case EPILOGUE_GATED: sum *= runexp_reference_activate(gate, e->activation); break;
    case EPILOGUE_DACTIVATION: sum *= runexp_reference_derivative(gate, e->activation); break;
    case EPILOGUE_DGATED:
      contribute(e->dup, i, sum * runexp_reference_activate(gate, e->activation), call->c_type);
      sum *= up * runexp_reference_derivative(gate, e->activation);
      break;
    case EPILOGUE_RESIDUAL: sum += load(e->residual, i, call->c_type); break;
  }
  contribute(c, i, sum, call->c_type);
}

/// op(b), converted once and not for every row of c: [n / ABREAST, k, ABREAST], 0 beyond column n.
static void load_b(double *b, const struct gemm *call) {
  int64_t n = call->n, k = call->k;
  for (int64_t j = 0; j < n; j += ABREAST) {
    for (int64_t p = 0; p < k; p++) {
      for (int64_t x = j; x < j + ABREAST; x++) {
        double value = x >= n               ? 0
                       : call->b_transposed ? load_matrix(call->b, x, p, n, k, call->b_type)
                                            : load(call->b, p * n + x, call->b_type);
        *b++ = operand(value, call->compute);
      }
    }
  }
}

// c[i, j] = sum over p of op(a)[i, p] op(b)[p, j]
void runexp_reference_gemm(struct kernel_context *context, const struct gemm *call) {
  int64_t m = call->m, n = call->n, k = call->k;
  double *a = call->workspace, *b = a + k;
  load_b(b, call);
  for (int64_t i = 0; i < m; i++) {
    for (int64_t p = 0; p < k; p++) {
      int64_t at = call->a_transposed ? p * m + i : i * k + p;
      a[p] = operand(load(call->a, at, call->a_type), call->compute);
    }
    for (int64_t j = 0; j < n; j += ABREAST) {
      const double *columns = b + j * k;
      double sums[ABREAST];
      for (int x = 0; x < ABREAST; x++) sums[x] = call->bias && j + x < n ? call->bias[j + x] : 0;
      for (int64_t p = 0; p < k; p++)
        for (int x = 0; x < ABREAST; x++) sums[x] += a[p] * columns[p * ABREAST + x];
      for (int x = 0; x < ABREAST && j + x < n; x++) finish(call, i * n + j + x, sums[x]);
    }
  }
}

int64_t runexp_reference_column_sum_workspace(struct kernel_context *context,
                                              const struct column_sum *call) {
  return 0;
}

// dbias[j] = sum over i of dout[i, j]
void runexp_reference_column_sum(struct kernel_context *context, const struct column_sum *call) {
  for (int64_t j = 0; j < call->n; j++) {
    double sum = 0;
    for (int64_t i = 0; i < call->m; i++) sum += load(call->dout, i * call->n + j, call->type);
    contribute(call->dbias, j, sum, ELEMENT_F32);
  }
}
