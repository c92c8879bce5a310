// FlashAttention-3, backward: what its kernels are given. One goes over keys and gives dk and dv,
// one over queries and gives dq; each computes the probabilities again. So every sum is one
// warpgroup's, in a fixed order, at the price of two products more than the five of one kernel that
// adds up dq in memory.
#ifndef RUNEXP_FLASH3_BACKWARD_CUH
#define RUNEXP_FLASH3_BACKWARD_CUH

#include "elements.cuh"
#include "flash3_softmax.cuh"

namespace plugin::flash3 {

/// What is known of each query before: [batch, heads, padded], whole tiles of queries.
struct query_figures {
  float *log_sum_exp; // in base 2; +inf for a row that sees nothing or is not there, whose
                      // probabilities are to be 0
  float *delta;       // dout . out
  int padded;         // a multiple of padding

  /// Where a head's begin.
  __device__ __forceinline__ int64_t at(const attention_view &a, int batch, int head) const {
    return (static_cast<int64_t>(batch) * a.heads + head) * padded;
  }
};

constexpr int padding = 128;

struct backward_parameters {
  CUtensorMap q, k, v, dout; // boxes as each kernel has tiles
  attention_view shape;
  query_figures figures;
  target<bf16> dq, dk, dv;
  row_layout rows;  // of k and v
  uint32_t *unsure; // [batch, heads, queries / 16]: rows whose dq is not finite and not written
  int tiles, heads_at_once;
};

/// 2^(logit - log-sum-exp) of a score, and the softcap's slope.
template <bool is_capped>
__device__ __forceinline__ float probability(const attention_view &s, float score,
                                             float log_sum_exp, float &slope) {
  if (is_capped) return ex2_approx_ftz(capped_logit(s, score, slope) - log_sum_exp);
  slope = 1;
  return ex2_approx_ftz(fmaf(score, s.factor, -log_sum_exp));
}

/// A warpgroup's 64 rows of a gradient from its accumulator, two columns at a time. `at(row)` is
/// where a row begins, below 0 for one that is not there.
template <int columns, typename At>
__device__ __forceinline__ void contribute_rows(const target<bf16> &to, float (&x)[columns / 2],
                                                float factor, const At &at) {
  if (!to.data) return;
  fragment mine;
#pragma unroll
  for (int half = 0; half < 2; half++) {
    int64_t row = at(mine.row() + half * 8);
    if (row < 0) continue;
#pragma unroll
    for (int i = 2 * half; i < columns / 2; i += 4) {
      uint32_t *pair = reinterpret_cast<uint32_t *>(to.data + row + mine.column(i));
      float low = factor * x[i], high = factor * x[i + 1];
      if (to.accumulate) {
        uint32_t before = *pair;
        low += low_bf16(before);
        high += high_bf16(before);
      }
      *pair = cvt_rn_bf16x2(low, high);
    }
  }
}

void backward_of_keys(kernel_context *context, const attention_backward *call,
                      backward_parameters &p);
void backward_of_queries(kernel_context *context, const attention_backward *call,
                         backward_parameters &p);
/// Does the rows of dq again that are not finite, one key after another: see flash3_mend.cuh.
void mend_queries(kernel_context *context, const attention_backward *call,
                  const backward_parameters &p);

} // namespace plugin::flash3

#endif
