// FlashAttention-3: attention of one query by its definition, for rows that are not finite in a
// product of tiles: there 0 times what a hidden key holds is NaN, and it must not matter. A block
// of mend_threads threads does a row, in steps of as many keys. This is rare and slow.
#ifndef RUNEXP_FLASH3_MEND_CUH
#define RUNEXP_FLASH3_MEND_CUH

#include "attention_rows.cuh"
#include "flash3_forward.cuh"
#include "reduce.cuh"

namespace plugin::flash3 {

constexpr int mend_threads = 128;
constexpr int mend_columns = 256 / mend_threads; // of the largest head_dim, a thread

struct mend_parameters {
  attention_view shape;
  const bf16 *q;
  key_rows k, v;
  const uint32_t *unsure; // [groups], of 16 rows of a head
  int64_t groups;
};

inline mend_parameters mend_parameters_of(const attention &s, const void *q, const void *k,
                                          const void *v, const uint32_t *unsure) {
  return {view_of(s, nullptr),
          static_cast<const bf16 *>(q),
          key_rows_of(s, k, nullptr),
          key_rows_of(s, v, nullptr),
          unsure,
          s.batch * s.heads * groups_of_rows(s.queries)};
}

inline unsigned mend_blocks(const mend_parameters &p) {
  return static_cast<unsigned>(ceil_div(p.groups, mend_threads));
}
/// Shared memory: as many weights and flags as there are threads.
constexpr size_t mend_bytes = mend_threads * (sizeof(float) + sizeof(uint32_t));

/// One query of those that are done again.
struct mended_row {
  const mend_parameters &p;
  int batch, head, query;
  logit_row logits;

  __device__ __forceinline__ mended_row(const mend_parameters &p, int batch, int head, int query)
      : p(p), batch(batch), head(head), query(query),
        logits(logit_row_of(p.shape, batch, head, query)) {}

  __device__ __forceinline__ int64_t statistic() const {
    return statistic_at(p.shape, batch, head, query);
  }
  /// Where its row of q begins.
  __device__ __forceinline__ int64_t at() const { return query_at(p.shape, batch, query, head); }
  __device__ __forceinline__ const bf16 *row(const key_rows &rows, int key) const {
    return static_cast<const bf16 *>(rows.data) +
           row_of(rows, batch, head / p.shape.group, key) * rows.head_dim;
  }
  __device__ __forceinline__ float dot(const bf16 *a, const bf16 *b) const {
    float sum = 0;
    for (int c = 0; c < p.shape.head_dim; c++) sum = fmaf(to_float(a[c]), to_float(b[c]), sum);
    return sum;
  }
  __device__ __forceinline__ float logit(int key, float &slope) const {
    return plugin::logit(p.shape, logits, key, dot(p.q + at(), row(p.k, key)), slope);
  }
  /// This thread's column i of mend_columns; it may be none.
  static __device__ __forceinline__ int column(int i) {
    return static_cast<int>(threadIdx.x) + i * mend_threads;
  }

  /// sums = the sum over the keys that are seen, in their order, of weight_of_key(key) times their
  /// rows of x. `weights` is shared memory.
  template <typename Weight>
  __device__ __forceinline__ void mix(float (&sums)[mend_columns], const key_rows &x,
                                      float *weights, const Weight &weight_of_key) const {
    for (float &sum : sums) sum = 0;
    for (int first = logits.seen.begin; first < logits.seen.end; first += mend_threads) {
      int mine = first + static_cast<int>(threadIdx.x),
          end = min(first + mend_threads, logits.seen.end);
      if (mine < end) weights[threadIdx.x] = weight_of_key(mine);
      __syncthreads();
      for (int key = first; key < end; key++)
        for (int i = 0; i < mend_columns; i++)
          if (column(i) < x.head_dim)
            sums[i] = fmaf(weights[key - first], to_float(row(x, key)[column(i)]), sums[i]);
      __syncthreads();
    }
  }
};

/// Looks through as many groups of 16 rows as a block has threads, and calls `mend` for each row of
/// those that are unsure.
template <typename Mend>
__device__ __forceinline__ void for_unsure_rows(const mend_parameters &p, const Mend &mend) {
  float *weights = reinterpret_cast<float *>(shared_memory());
  uint32_t *flags = reinterpret_cast<uint32_t *>(weights + mend_threads);
  int64_t first = static_cast<int64_t>(blockIdx.x) * mend_threads;
  flags[threadIdx.x] = first + threadIdx.x < p.groups ? p.unsure[first + threadIdx.x] : 0;
  __syncthreads();
  for (int i = 0; i < mend_threads; i++) {
    if (!flags[i]) continue;
    int64_t per_head = groups_of_rows(p.shape.queries), plane = (first + i) / per_head;
    int begin = static_cast<int>((first + i) % per_head) * warp_rows;
    for (int query = begin; query < begin + warp_rows && query < p.shape.queries; query++)
      mend(mended_row(p, static_cast<int>(plane / p.shape.heads),
                      static_cast<int>(plane % p.shape.heads), query),
           weights);
  }
}

} // namespace plugin::flash3

#endif
