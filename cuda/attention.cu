// What the attention algorithms ask and compute alike: what they support, the view of a shape, the
// shifts of explicit masks, the largest logit of each head.
#include "attention.cuh"

#include <algorithm>
#include <cstdio>

#include "reduce.cuh"

namespace plugin {

bool refuse(char *reason, int64_t capacity, const char *obstacle) {
  if (capacity > 0) snprintf(reason, static_cast<size_t>(capacity), "%s", obstacle);
  return false;
}

/// Whether keys and values lie as a tensor [batch, keys, kv_heads, head_dim] of the queries' type.
static bool is_tensor(const attention &s) {
  const row_layout &rows = s.rows;
  return rows.type == (s.type == ELEMENT_F32 ? ROWS_F32 : ROWS_BF16) && rows.head_rows == 1 &&
         rows.slot_rows == s.kv_heads && rows.first_slot == 0 && rows.slots >= s.keys;
}

bool supports_attention(kernel_context *, const attention *shape, bool backward, char *reason,
                        int64_t capacity) {
  if (shape->kv_heads <= 0 || shape->heads % shape->kv_heads != 0)
    return refuse(reason, capacity, "heads that cannot be shared out to the key/value heads");
  if (backward && !is_tensor(*shape)) return refuse(reason, capacity, "gradients of a cache");
  return true;
}

attention_view view_of(const attention &s, const float *shifts) {
  // Distances beyond all queries and keys are as good as infinite.
  const int64_t far = 1 << 30;
  auto near = [far](int64_t x) { return static_cast<int>(std::clamp(x, -far, far)); };
  bool has_window = s.window > 0 && s.window < far;
  int64_t offset = near(s.offset);
  int64_t first = has_window ? offset - s.window + 1 : -far;
  int64_t end = s.causal ? offset + 1 : has_window ? offset + s.window : far;
  return {.batch = static_cast<int>(s.batch),
          .queries = static_cast<int>(s.queries),
          .keys = static_cast<int>(s.keys),
          .heads = static_cast<int>(s.heads),
          .kv_heads = static_cast<int>(s.kv_heads),
          .group = static_cast<int>(s.heads / s.kv_heads),
          .head_dim = static_cast<int>(s.head_dim),
          .first = near(first),
          .end = near(end),
          .offset = static_cast<int>(offset),
          .scale = s.scale,
          .factor = s.softcap > 0 ? s.scale / s.softcap : s.scale * log2_e,
          .cap = s.softcap > 0 ? s.softcap * log2_e : 0,
          .slopes = s.slopes,
          .mask = s.mask,
          .shifts = s.mask.bias ? shifts : nullptr};
}

constexpr int rows_per_block = 4;
constexpr float far_below = -1024;

/// A warp a row. Most rows are done after their first keys.
__global__ void mask_shift_kernel(float *shifts, attention_view a) {
  int64_t rows = static_cast<int64_t>(a.batch) * a.heads * a.queries;
  int lane = static_cast<int>(threadIdx.x) % warp_size;
  int64_t step = static_cast<int64_t>(gridDim.x) * rows_per_block;
  for (int64_t i = blockIdx.x * static_cast<int64_t>(rows_per_block) + threadIdx.x / warp_size;
       i < rows; i += step) {
    int query = static_cast<int>(i % a.queries), head = static_cast<int>(i / a.queries % a.heads);
    int batch = static_cast<int>(i / a.queries / a.heads);
    logit_row row = logit_row_of(a, batch, head, query);
    float largest = -INFINITY;
    for (int key = row.seen.begin; key < row.seen.end && !(largest >= far_below);
         key += warp_size) {
      bool is_seen = key + lane < row.seen.end && (!row.keep || row.keep[key + lane]);
      largest = reduce_warp(fmaxf(largest, is_seen ? row.bias[key + lane] : -INFINITY), larger());
    }
    if (lane == 0) shifts[i] = largest < far_below && largest > -INFINITY ? largest : 0;
  }
}

int64_t mask_shift_floats(const attention &s) {
  return s.mask.bias ? s.batch * s.heads * s.queries : 0;
}

void mask_shifts(kernel_context *context, const attention &shape, float *shifts) {
  int64_t rows = mask_shift_floats(shape);
  launch(context, mask_shift_kernel, blocks_for(rows, rows_per_block), rows_per_block * warp_size,
         0, shifts, view_of(shape, nullptr));
}

/// A block a head.
__global__ void largest_logit_kernel(float *max_logit, const float *row_maximum, attention_view a) {
  float *scratch = reinterpret_cast<float *>(shared_memory());
  int64_t first = static_cast<int64_t>(blockIdx.x) * a.queries;
  float largest = -INFINITY;
  for (int i = static_cast<int>(threadIdx.x); i < a.queries; i += static_cast<int>(blockDim.x)) {
    float x = row_maximum[first + i] * ln_2;
    largest = larger()(largest, a.shifts ? x + a.shifts[first + i] : x);
  }
  largest = reduce_block(largest, scratch, larger());
  if (threadIdx.x == 0) max_logit[blockIdx.x] = largest;
}

void largest_logits(kernel_context *context, const attention_view &view, float *max_logit,
                    const float *row_maximum) {
  if (!max_logit) return;
  constexpr int threads = 256;
  launch(context, largest_logit_kernel, static_cast<unsigned>(view.batch * view.heads), threads,
         threads / warp_size * sizeof(float), max_logit, row_maximum, view);
}

} // namespace plugin
