// Decoding: how keys are split, and how the splits' parts become the output.
#include "decode.cuh"

#include <algorithm>

namespace plugin {

// So many rows of a key/value head are one tile of a tensor core's product.
constexpr int64_t most_rows = 16;
// A key's row is held by a warp, 8 numbers a lane.
constexpr int64_t most_columns = 256;

bool is_decode(const attention &s) {
  if (s.queries <= 0 || s.kv_heads <= 0 || s.head_dim > most_columns) return false;
  return s.queries == 1 || s.queries * (s.heads / s.kv_heads) <= most_rows;
}

/// The keys of a split, by their number alone, so that the same bits come out of any device: 32
/// splits, as soon as each has 64 keys; splits of 256, from which on their parts are small beside what
/// is read for them; and 256 splits at most.
static int64_t split_keys_for(int64_t keys) {
  auto over = [keys](int64_t splits) { return ceil_div(ceil_div(keys, splits), 64) * 64; };
  return std::max(std::min<int64_t>(over(32), 256), over(256));
}

struct decode_memory {
  decode_parts parts;
  float *shifts, *row_maximum;
  int64_t bytes;
  decode_memory(const attention &s, const attention_view &a, void *workspace) {
    arena memory = {static_cast<unsigned char *>(workspace)};
    int64_t rows = s.queries * a.group, width = ceil_div(s.head_dim, 64) * 64;
    int64_t split_keys = split_keys_for(s.keys);
    // The keys that some query sees.
    int64_t begin = std::max(0, a.first), end = std::min<int64_t>(s.keys, a.queries - 1 + a.end);
    int64_t first = begin / split_keys;
    int64_t splits = begin < end ? ceil_div(end, split_keys) - first : 0;
    int64_t n = s.batch * s.kv_heads * splits * rows;
    parts = {.rows = static_cast<int>(rows),
             .width = static_cast<int>(width),
             .split_keys = static_cast<int>(split_keys),
             .first_split = static_cast<int>(first),
             .splits = static_cast<int>(splits),
             .maximum = memory.take<float>(n),
             .sum = memory.take<float>(n),
             .mixed = memory.take<float>(n * width)};
    shifts = memory.take<float>(mask_shift_floats(s));
    row_maximum = memory.take<float>(s.batch * s.heads * s.queries);
    bytes = memory.used;
  }
};

constexpr int combine_warps = 16, combine_threads = combine_warps * warp_size;
constexpr int combine_columns = static_cast<int>(most_columns) / warp_size; // of a lane, at most

/// One row of the output: its splits' parts, each brought to the common maximum, added in an order
/// that depends on their number alone.
template <typename T>
__global__ void __launch_bounds__(combine_threads)
    decode_combine(T *out, float *saved, float *row_maximum, decode_parts d, attention_view a) {
  float *scratch = reinterpret_cast<float *>(shared_memory());
  float *weights = scratch + combine_warps, *sums = weights + d.splits;
  int thread = static_cast<int>(threadIdx.x), warp = thread / warp_size, lane = thread % warp_size;
  int row = static_cast<int>(blockIdx.x % static_cast<unsigned>(d.rows));
  int64_t plane = blockIdx.x / static_cast<unsigned>(d.rows);
  int64_t first = plane * d.splits * d.rows + row;

  float largest = -INFINITY, sum = 0;
  for (int i = thread; i < d.splits; i += combine_threads)
    largest = larger()(largest, d.maximum[first + static_cast<int64_t>(i) * d.rows]);
  largest = reduce_block(largest, scratch, larger());
  for (int i = thread; i < d.splits; i += combine_threads) {
    int64_t part = first + static_cast<int64_t>(i) * d.rows;
    weights[i] = correction_of(d.maximum[part], largest);
    sum += weights[i] * d.sum[part];
  }
  sum = reduce_block(sum, scratch, plus());

  float mixed[combine_columns] = {};
#pragma unroll 4
  for (int i = warp; i < d.splits; i += combine_warps) {
    const float *part = d.mixed + (first + static_cast<int64_t>(i) * d.rows) * d.width;
#pragma unroll
    for (int c = 0; c < combine_columns; c++) {
      int column = c * warp_size + lane;
      if (column < a.head_dim && weights[i] != 0) mixed[c] += weights[i] * part[column];
    }
  }
#pragma unroll
  for (int c = 0; c < combine_columns; c++)
    if (c * warp_size + lane < a.head_dim) sums[warp * d.width + c * warp_size + lane] = mixed[c];
  __syncthreads();

  int batch = static_cast<int>(plane / a.kv_heads), query = row / a.group;
  int head = static_cast<int>(plane % a.kv_heads) * a.group + row % a.group;
  int64_t statistic = statistic_at(a, batch, head, query);
  for (int column = thread; column < a.head_dim; column += combine_threads) {
    float total = 0;
    for (int i = 0; i < combine_warps; i++) total += sums[i * d.width + column];
    set(out[query_at(a, batch, query, head) + column], sum == 0 ? 0 : total / sum);
  }
  if (thread == 0) {
    saved[statistic] = sum == 0 ? -INFINITY : (largest + log2f(sum)) * ln_2;
    row_maximum[statistic] = largest;
  }
}

int64_t decode_workspace(kernel_context *, const attention &shape) {
  return decode_memory(shape, view_of(shape, nullptr), nullptr).bytes;
}

void decode_forward(kernel_context *context, const attention_forward *call) {
  const attention &s = call->shape;
  if (is_empty(s)) return;
  decode_memory memory(s, view_of(s, nullptr), call->workspace);
  const decode_parts &d = memory.parts;
  attention_view a = view_of(s, memory.shifts);
  mask_shifts(context, s, memory.shifts);
  bool on_tensor_cores = s.type == ELEMENT_BF16 && s.rows.type != ROWS_F32;
  (on_tensor_cores ? decode_bf16 : decode_f32)(context, call, a, d);
  size_t shared = (combine_warps + d.splits + combine_warps * d.width) * sizeof(float);
  with_type(s.type, [&](auto zero) {
    using T = decltype(zero);
    launch(context, decode_combine<T>, static_cast<unsigned>(s.batch * s.kv_heads * d.rows),
           combine_threads, shared, static_cast<T *>(call->out), call->saved, memory.row_maximum, d,
           a);
  });
  largest_logits(context, a, call->max_logit, memory.row_maximum);
}

} // namespace plugin
