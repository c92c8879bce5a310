// The matrix product, one dot product an element, and the sum over columns that a bias' gradient
// is.
#include "reference.h"

int64_t runexp_reference_gemm_workspace(struct kernel_context *context, const struct gemm *call) {
  return 0;
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

// c[i, j] = sum over p of op(a)[i, p] op(b)[p, j]
void runexp_reference_gemm(struct kernel_context *context, const struct gemm *call) {
  int64_t m = call->m, n = call->n, k = call->k;
  for (int64_t i = 0; i < m; i++) {
    for (int64_t j = 0; j < n; j++) {
      double sum = call->bias ? call->bias[j] : 0;
      for (int64_t p = 0; p < k; p++) {
        double a = load(call->a, call->a_transposed ? p * m + i : i * k + p, call->a_type);
        double b = call->b_transposed ? load_matrix(call->b, j, p, n, k, call->b_type)
                                      : load(call->b, p * n + j, call->b_type);
        sum += operand(a, call->compute) * operand(b, call->compute);
      }
      finish(call, i * n + j, sum);
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
