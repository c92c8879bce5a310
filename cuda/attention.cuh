// What the attention kernels share: who sees what, how a product q . k becomes a logit, and how
// what is hidden is kept from what is seen. Not where keys and values lie: see attention_rows.cuh.
//
// Logits are in base 2: those of calls.h times log2 e, so that a probability is one ex2.
#ifndef RUNEXP_ATTENTION_CUH
#define RUNEXP_ATTENTION_CUH

#include "context.cuh"
#include "elements.cuh"

namespace plugin {

constexpr float log2_e = 1.44269504088896341f, ln_2 = 0.693147180559945309f;

/// Numbers begin ..< end. Empty where end <= begin.
struct range {
  int begin, end;
  __device__ __forceinline__ bool is_empty() const { return end <= begin; }
};

/// An attention as its kernels see it: a parameter of theirs.
struct attention_view {
  int batch, queries, keys, heads, kv_heads, group, head_dim;
  int first, end;      // query i sees keys i + first ..< i + end, of those that there are
  int offset;          // query i stands at the position of key i + offset
  float scale;         // of q . k, in gradients
  float factor;        // of q . k, in logits: the scale in base 2, or as a part of the softcap
  float cap;           // the softcap in base 2; 0: none
  const float *slopes; // [heads], or null
  attention_mask mask;
  const float *shifts; // [batch, heads, queries]: see mask_shifts; null: all 0
};

/// `shifts` is null where there are no biases.
attention_view view_of(const attention &shape, const float *shifts);

// Who sees what, by causal mask and window. Neither end of a row's run of keys falls from one query
// to the next.

__device__ __forceinline__ range seen_keys(const attention_view &a, int query) {
  return {max(0, query + a.first), min(a.keys, query + a.end)};
}

/// The keys that some of these queries see, which are at least one.
__device__ __forceinline__ range seen_keys(const attention_view &a, range queries) {
  return {max(0, queries.begin + a.first), min(a.keys, queries.end - 1 + a.end)};
}

/// The queries that see some of these keys, which are at least one.
__device__ __forceinline__ range seeing_queries(const attention_view &a, range keys) {
  return {max(0, keys.begin - a.end + 1), min(a.queries, keys.end - a.first)};
}

/// Whether each of these queries sees each of these keys, explicit masks apart. Keys beyond the
/// last are seen by none.
__device__ __forceinline__ bool sees_all(const attention_view &a, range queries, range keys) {
  return keys.begin >= queries.end - 1 + a.first && keys.end <= min(a.keys, queries.begin + a.end);
}

__host__ __device__ __forceinline__ bool has_explicit_mask(const attention_view &a) {
  return a.mask.keep || a.mask.bias;
}

/// Whether a logit is its product times the factor, for keys that are seen.
__host__ __device__ __forceinline__ bool is_plain(const attention_view &a) {
  return a.cap == 0 && !a.slopes && !has_explicit_mask(a);
}

// Logits.

/// What makes logits of one query row's products.
struct logit_row {
  range seen;
  int position;
  float slope; // in base 2
  float shift; // taken off the biases first, in their own base
  const uint8_t *keep;
  const float *bias;
};

/// The rows of out, of saved statistics and of shifts: [batch, heads, queries].
__device__ __forceinline__ int64_t statistic_at(const attention_view &a, int batch, int head,
                                                int query) {
  return (static_cast<int64_t>(batch) * a.heads + head) * a.queries + query;
}

/// The element of q, out and their gradients where a query's row of a head begins.
__device__ __forceinline__ int64_t query_at(const attention_view &a, int batch, int query,
                                            int head) {
  return ((static_cast<int64_t>(batch) * a.queries + query) * a.heads + head) * a.head_dim;
}

__device__ __forceinline__ logit_row logit_row_of(const attention_view &a, int batch, int head,
                                                  int query) {
  const attention_mask &m = a.mask;
  logit_row row = {seen_keys(a, query), query + a.offset, 0, 0, nullptr, nullptr};
  if (a.slopes) row.slope = a.slopes[head] * log2_e;
  if (m.keep) row.keep = m.keep + batch * m.keep_batch + head * m.keep_head + query * m.keep_query;
  if (m.bias) row.bias = m.bias + batch * m.bias_batch + head * m.bias_head + query * m.bias_query;
  if (a.shifts) row.shift = a.shifts[statistic_at(a, batch, head, query)];
  return row;
}

/// Numbers column .. of a row of `width` at `row`; 0 beyond it and where `row` is null.
template <typename T>
__device__ __forceinline__ void get_run(run &x, const T *row, int column, int width, bool aligned) {
  extent e(column, row ? width : 0, aligned);
  load(x, row + column, e);
}

/// A row that sees nothing: one of a tile's that does not exist.
__device__ __forceinline__ logit_row no_row() { return {{0, 0}, 0, 0, 0, nullptr, nullptr}; }

/// The logit of q . k, -inf where the key is hidden, whatever its product is, and beyond the keys
/// that there are. `slope` becomes the derivative of logit / factor by q . k: the softcap's.
__device__ __forceinline__ float logit(const attention_view &a, const logit_row &row, int key,
                                       float product, float &slope) {
  slope = 1;
  if (key < row.seen.begin || key >= row.seen.end) return -INFINITY;
  if (row.keep && !row.keep[key]) return -INFINITY;
  float x = product * a.factor;
  if (a.cap != 0) {
    float capped = tanhf(x);
    x = a.cap * capped;
    slope = 1 - capped * capped;
  }
  if (a.slopes) x -= row.slope * fabsf(static_cast<float>(row.position - key));
  if (row.bias) {
    float bias = row.bias[key];
    if (bias == -INFINITY) return -INFINITY;
    x += (bias - row.shift) * log2_e;
  }
  return x;
}

__device__ __forceinline__ float logit(const attention_view &a, const logit_row &row, int key,
                                       float product) {
  float slope;
  return logit(a, row, key, product, slope);
}

// Weights. A hidden key's is -0: as a factor it is 0, and where the other factor is not finite, the
// term can be left out, because 0 * NaN is NaN. A key that is seen may underflow, but to +0.

constexpr float hidden_weight = -0.0f;

__device__ __forceinline__ bool is_hidden(float weight) {
  return __float_as_uint(weight) == 0x80000000u;
}

/// 2^(logit - maximum). The maximum of a row that has seen nothing is -inf.
__device__ __forceinline__ float weight_of(float logit, float maximum) {
  return logit == -INFINITY ? hidden_weight : ex2_approx(logit - maximum);
}

/// By what sums over the keys so far are to be multiplied when the maximum rises.
__device__ __forceinline__ float correction_of(float old_maximum, float maximum) {
  return old_maximum == -INFINITY ? 0 : ex2_approx(old_maximum - maximum);
}

/// For each of two bf16, all bits where `holds` does, else none.
template <typename Predicate>
__device__ __forceinline__ uint32_t halves_where(uint32_t pair, const Predicate &holds) {
  return (holds(pair & 0xffff) ? 0xffffu : 0) | (holds(pair >> 16) ? 0xffff0000u : 0);
}

/// mma_m16n8k16_bf16 of weights a with b without the terms whose weight is hidden. A sum that takes
/// in a number that is not finite becomes NaN.
__device__ __forceinline__ void mma_seen_bf16(float (&c)[4], const uint32_t (&a)[4],
                                              const uint32_t (&b)[2]) {
  auto not_finite = [](uint32_t x) { return (x & 0x7f80) == 0x7f80; };
  uint32_t odd[2] = {halves_where(b[0], not_finite), halves_where(b[1], not_finite)};
  if (!__any_sync(~0u, (odd[0] | odd[1]) != 0)) return mma_m16n8k16_bf16(c, a, b);
  constexpr uint32_t ones = 0x3f803f80;
  auto seen = [](uint32_t x) { return x != 0x8000; };
  uint32_t finite[2] = {b[0] & ~odd[0], b[1] & ~odd[1]};
  uint32_t counted[2] = {odd[0] & ones, odd[1] & ones}, counting[4];
  float count[4] = {};
#pragma unroll
  for (int i = 0; i < 4; i++) counting[i] = halves_where(a[i], seen) & ones;
  mma_m16n8k16_bf16(c, a, finite);
  mma_m16n8k16_bf16(count, counting, counted);
#pragma unroll
  for (int i = 0; i < 4; i++)
    if (count[i] != 0) c[i] = NAN;
}

// On the host.

/// Parts of a workspace, one after another; without one, only counts them.
struct arena {
  unsigned char *memory;
  int64_t used = 0;
  template <typename T> T *take(int64_t n) {
    T *block = memory ? reinterpret_cast<T *>(memory + used) : nullptr;
    used += (n * static_cast<int64_t>(sizeof(T)) + 255) / 256 * 256;
    return block;
  }
};

/// Whether there is nothing to write. Without queries there are gradients of keys, which are 0.
inline bool is_empty(const attention &s) { return s.batch <= 0 || s.heads <= 0 || s.head_dim <= 0; }

/// Writes why not, and returns false.
bool refuse(char *reason, int64_t capacity, const char *obstacle);

/// What no algorithm computes: heads that the key/value heads do not divide, gradients of what is
/// no tensor of the queries' type.
bool supports_attention(kernel_context *context, const attention *shape, bool backward,
                        char *reason, int64_t capacity);

/// How many floats the shifts of `shape` take: 0 without biases.
int64_t mask_shift_floats(const attention &shape);

/// What is taken off the biases of each query, which changes no probability: the largest of those
/// that it sees where all are below -1024, else 0. Beside -1e9 a product has no digits left in f32,
/// nor has a log-sum-exp any of the number of keys. Saved statistics are of logits without it;
/// backward computes it again.
void mask_shifts(kernel_context *context, const attention &shape, float *shifts);

/// max_logit[batch, heads], unless it is null, from row_maximum[batch, heads, queries], in base 2
/// and without shifts.
void largest_logits(kernel_context *context, const attention_view &view, float *max_logit,
                    const float *row_maximum);

} // namespace plugin

#endif
