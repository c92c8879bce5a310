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

constexpr int64_t most_splits = 256;

/// The keys of a split, by their number alone, so that the same bits come out of any device and any
/// batch: 64 splits, as soon as each has 64 keys; splits of 256, from which on their parts are
/// small beside what is read for them; and 256 splits at most.
static int64_t split_keys_for(int64_t keys) {
  auto over = [keys](int64_t splits) { return ceil_div(ceil_div(keys, splits), 64) * 64; };
  return std::max(std::min<int64_t>(over(64), 256), over(most_splits));
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

constexpr int combine_threads = static_cast<int>(most_splits); // one for each split's statistics
constexpr int combine_columns = 32;                            // of a block, 4 of a thread
constexpr int combine_teams = combine_threads / (combine_columns / 4);

/// Columns of one row of the output: its splits' parts, each brought to the common maximum, added
/// in an order that depends on their number alone. All that is read is asked for at once.
template <typename T>
__global__ void __launch_bounds__(combine_threads)
    decode_combine(T *out, float *saved, float *row_maximum, decode_parts d, attention_view a) {
  constexpr int quads = combine_columns / 4, rounds = static_cast<int>(most_splits) / combine_teams;
  float *scratch = reinterpret_cast<float *>(shared_memory()); // [warps]
  float *weights = scratch + combine_threads / warp_size;      // [splits]
  float *sums = weights + combine_threads;                     // [warps][columns]
  int thread = static_cast<int>(threadIdx.x), warp = thread / warp_size, lane = thread % warp_size;
  int team = thread / quads, column = static_cast<int>(blockIdx.y) * combine_columns;
  int row = static_cast<int>(blockIdx.x % static_cast<unsigned>(d.rows));
  int64_t plane = blockIdx.x / static_cast<unsigned>(d.rows);
  int64_t first = plane * d.splits * d.rows + row;

  bool is_split = thread < d.splits;
  int64_t own = first + static_cast<int64_t>(is_split ? thread : 0) * d.rows;
  float maximum = is_split ? d.maximum[own] : -INFINITY, sum = is_split ? d.sum[own] : 0;
  float4 parts[rounds];
#pragma unroll
  for (int i = 0; i < rounds; i++) {
    int split = i * combine_teams + team;
    const float *part = d.mixed + (first + static_cast<int64_t>(split) * d.rows) * d.width;
    parts[i] = make_float4(0, 0, 0, 0);
    if (split < d.splits)
      parts[i] = *reinterpret_cast<const float4 *>(part + column + thread % quads * 4);
  }

  float largest = reduce_block(maximum, scratch, larger());
  float weight = correction_of(maximum, largest);
  weights[thread] = weight;
  sum = reduce_block(is_split ? weight * sum : 0.0f, scratch, plus());

  float mixed[4] = {};
#pragma unroll
  for (int i = 0; i < rounds; i++) {
    float factor = weights[i * combine_teams + team];
    const float four[4] = {parts[i].x, parts[i].y, parts[i].z, parts[i].w};
#pragma unroll
    for (int c = 0; c < 4; c++) mixed[c] = factor != 0 ? mixed[c] + factor * four[c] : mixed[c];
  }
#pragma unroll
  for (int c = 0; c < 4; c++) {
#pragma unroll
    for (int bit = quads; bit < warp_size; bit *= 2)
      mixed[c] += __shfl_xor_sync(~0u, mixed[c], bit);
    if (lane < quads) sums[warp * combine_columns + lane * 4 + c] = mixed[c];
  }
  __syncthreads();

  int batch = static_cast<int>(plane / a.kv_heads), query = row / a.group;
  int head = static_cast<int>(plane % a.kv_heads) * a.group + row % a.group;
  int64_t statistic = statistic_at(a, batch, head, query);
  column += thread;
  if (thread < combine_columns && column < a.head_dim) {
    float total = 0;
#pragma unroll
    for (int i = 0; i < combine_threads / warp_size; i++)
      total += sums[i * combine_columns + thread];
    set(out[query_at(a, batch, query, head) + column], sum == 0 ? 0 : total / sum);
  }
  if (thread == 0 && blockIdx.y == 0) {
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
  constexpr int warps = combine_threads / warp_size;
  constexpr size_t shared = (warps + combine_threads + warps * combine_columns) * sizeof(float);
  dim3 grid(static_cast<unsigned>(s.batch * s.kv_heads * d.rows),
            static_cast<unsigned>(d.width / combine_columns));
  with_type(s.type, [&](auto zero) {
    using T = decltype(zero);
    launch(context, decode_combine<T>, grid, combine_threads, shared, static_cast<T *>(call->out),
           call->saved, memory.row_maximum, d, a);
  });
  largest_logits(context, a, call->max_logit, memory.row_maximum);
}

} // namespace plugin
