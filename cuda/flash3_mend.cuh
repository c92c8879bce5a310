// FlashAttention-3: attention of one query by its definition, for rows that are not finite in a
// product of tiles: there 0 times what a hidden key holds is NaN, and it must not matter. A block
// of mend_threads threads does a row, in steps of as many keys. This is rare and slow.
#ifndef RUNEXP_FLASH3_MEND_CUH
#define RUNEXP_FLASH3_MEND_CUH

#include "elements.cuh"
#include "flash3_forward.cuh"
#include "reduce.cuh"

namespace plugin {

constexpr int mend_threads = 128;
constexpr int mend_columns = 256 / mend_threads; // of the largest head_dim, a thread

/// Where a row's data lie.
struct mended_row {
  const bf16 *q, *k, *v; // q: the row; k, v: of key 0
  int64_t key_stride;    // from key to key
  int head_dim;

  __device__ __forceinline__ float dot(const bf16 *a, const bf16 *b) const {
    float sum = 0;
    for (int c = 0; c < head_dim; c++) sum = fmaf(to_float(a[c]), to_float(b[c]), sum);
    return sum;
  }
  /// A key's logit in base 2.
  __device__ __forceinline__ float logit(const flash3_shape &s, int key, float &slope) const {
    return flash3_logit(s, dot(q, k + key * key_stride), slope);
  }
};

/// sums[c] += the sum over these keys, one from each thread, of weight * row `key` of x, in the
/// order of the keys. `weights` is shared memory for mend_threads floats.
__device__ __forceinline__ void add_weighted_rows(float (&sums)[mend_columns], float weight,
                                                  float *weights, const bf16 *x, int first, int end,
                                                  const mended_row &row) {
  int me = static_cast<int>(threadIdx.x);
  weights[me] = weight;
  __syncthreads();
  for (int key = first; key < end && key < first + mend_threads; key++)
    for (int i = 0; i < mend_columns; i++)
      if (int c = me + i * mend_threads; c < row.head_dim)
        sums[i] = fmaf(weights[key - first], to_float(x[key * row.key_stride + c]), sums[i]);
  __syncthreads();
}

/// Which query is done again.
struct mended_place {
  int64_t batch, head;
  int query;

  __device__ __forceinline__ int64_t plane(const flash3_shape &s) const {
    return batch * s.heads + head;
  }
  /// Its row of q.
  __device__ __forceinline__ int64_t query_row(const flash3_shape &s) const {
    return (batch * s.queries + query) * s.heads + head;
  }
};

/// Looks through as many groups of 16 rows as a block has threads, and calls `mend` for each row of
/// those that are unsure. `flags` is shared memory for mend_threads of them.
template <typename Mend>
__device__ __forceinline__ void for_unsure_rows(const uint32_t *unsure, int64_t groups,
                                                const flash3_shape &s, void *flags,
                                                const Mend &mend) {
  uint32_t *mine = static_cast<uint32_t *>(flags);
  int64_t first = static_cast<int64_t>(blockIdx.x) * mend_threads;
  mine[threadIdx.x] = first + threadIdx.x < groups ? unsure[first + threadIdx.x] : 0;
  __syncthreads();
  for (int i = 0; i < mend_threads; i++) {
    if (!mine[i]) continue;
    int64_t per_plane = flash3_groups_of_rows(s.queries), plane = (first + i) / per_plane;
    int begin = static_cast<int>((first + i) % per_plane) * warp_rows;
    for (int query = begin; query < begin + warp_rows && query < s.queries; query++)
      mend({plane / s.heads, plane % s.heads, query});
  }
}

} // namespace plugin

#endif
