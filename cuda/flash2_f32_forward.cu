// FlashAttention-2's forward pass in true f32, without tensor cores: the same order as in bf16
// (flash2_forward.cuh), with weights that pass through shared memory.
#include "flash2.cuh"
#include "flash2_f32.cuh"

namespace plugin {

struct f32_forward_call {
  attention_view a;
  float *out;
  float *saved, *row_maximum;
  const float *q;
  key_rows k, v;
  bool is_whole; // rows of q and out are pieces of 16 bytes
};

/// A tile of 16 n rows by 16 n keys; columns are a multiple of 64.
template <int columns, int n> struct f32_cut {
  static constexpr int rows = n * f32_side, keys = n * f32_side;
  using query_tile = f32_tile<rows, columns>;
  using key_tile = f32_tile<keys, columns>;
  using weight_tile = f32_tile<rows, keys>;
  static constexpr int shared_bytes = query_tile::bytes + key_tile::bytes + weight_tile::bytes;
};

/// Reduces over the 16 threads that share a row.
template <typename Join> __device__ __forceinline__ float reduce_row(float x, const Join &join) {
#pragma unroll
  for (int bit = f32_side / 2; bit > 0; bit /= 2) x = join(x, __shfl_xor_sync(~0u, x, bit));
  return x;
}

template <int columns, int n>
__global__ void __launch_bounds__(f32_threads, 2)
    flash2_f32_forward_kernel(const __grid_constant__ f32_forward_call call) {
  using cut = f32_cut<columns, n>;
  const attention_view &a = call.a;
  query_block<cut::rows, cut::keys> block(a);
  const row_group &group = block.group;
  unsigned char *memory = shared_memory();
  auto q = take_tile<typename cut::query_tile>(memory);
  auto k = take_tile<typename cut::key_tile>(memory); // and then the values
  auto weights = take_tile<typename cut::weight_tile>(memory);
  fill_with_queries(a, q, call.q, group, block.first_row, call.is_whole);

  constexpr int width = columns / f32_side; // of a thread's part of out
  float o[n][width] = {}, maximum[n], sum[n];
#pragma unroll
  for (int i = 0; i < n; i++) maximum[i] = -INFINITY, sum[i] = 0;
#pragma unroll 1
  for (int tile = block.last; tile >= block.first; tile--) {
    int first_key = tile * cut::keys;
    bool is_masked =
        has_explicit_mask(a) || !sees_all(a, block.queries, {first_key, first_key + cut::keys});
    __syncthreads();
    fill_with_keys(a, k, call.k, group, first_key);
    __syncthreads();
    float s[n][n];
    multiply_rows(s, q, k);
    int row = f32_row() * n, column = f32_column();
#pragma unroll
    for (int i = 0; i < n; i++) {
      logit_row of = group.logits(a, block.first_row + row + i);
      float largest = maximum[i], part = 0;
#pragma unroll
      for (int j = 0; j < n; j++) {
        s[i][j] = logit(a, of, first_key + column + j * f32_side, s[i][j]);
        largest = fmaxf(largest, s[i][j]);
      }
      largest = reduce_row(largest, [](float x, float y) { return fmaxf(x, y); });
#pragma unroll
      for (int j = 0; j < n; j++) {
        float weight = weight_of(s[i][j], shift_of(largest));
        *weights.at(row + i, column + j * f32_side) = weight;
        part += weight;
      }
      float correction =
          largest == -INFINITY ? 1 : ex2_approx(shift_of(maximum[i]) - shift_of(largest));
      maximum[i] = largest;
      sum[i] = sum[i] * correction + part;
#pragma unroll
      for (int c = 0; c < width; c++) o[i][c] *= correction;
    }
    __syncthreads(); // weights are written, keys are read
    bool is_finite = fill_with_keys(a, k, call.v, group, first_key);
    bool is_careful = __syncthreads_or(is_masked && !is_finite);
    add_weighted_rows(o, weights, k, is_careful);
  }

  int row = f32_row() * n, column = f32_column();
#pragma unroll
  for (int i = 0; i < n; i++) {
    int r = block.first_row + row + i;
    float total = reduce_row(sum[i], plus());
    if (r >= group.count(a)) continue;
    float inverse = total == 0 ? 0 : 1 / total;
    if (column == 0) {
      int64_t at = group.statistic(a, r);
      call.saved[at] = log_sum_exp_of(maximum[i], total, log2f(total));
      // A NaN among the logits shows in the sum alone.
      if (call.row_maximum) call.row_maximum[at] = total == total ? maximum[i] : NAN;
    }
    float *out = call.out + group.at(a, r);
#pragma unroll
    for (int c = 0; c < width; c += 4) {
      int at = column * 4 + c * f32_side;
      if (at >= a.head_dim) continue;
      float x[4] = {o[i][c] * inverse, o[i][c + 1] * inverse, o[i][c + 2] * inverse,
                    o[i][c + 3] * inverse};
      if (call.is_whole) {
        *reinterpret_cast<float4 *>(out + at) = make_float4(x[0], x[1], x[2], x[3]);
        continue;
      }
#pragma unroll
      for (int l = 0; l < 4; l++)
        if (at + l < a.head_dim) out[at + l] = x[l];
    }
  }
}

template <int columns, int n>
static void launch_cut(kernel_context *context, const f32_forward_call &call) {
  using cut = f32_cut<columns, n>;
  int64_t rows = static_cast<int64_t>(call.a.queries) * call.a.group;
  launch(context, flash2_f32_forward_kernel<columns, n>, blocks_of(call.a, rows, cut::rows),
         f32_threads, cut::shared_bytes, call);
}

void flash2_forward_f32(kernel_context *context, const attention_forward *call,
                        const attention_view &a, float *row_maximum) {
  const attention &s = call->shape;
  f32_forward_call forward = {.a = a,
                              .out = static_cast<float *>(call->out),
                              .saved = call->saved,
                              .row_maximum = row_maximum,
                              .q = static_cast<const float *>(call->q),
                              .k = key_rows_of(s, call->k, s.k_scales),
                              .v = key_rows_of(s, call->v, s.v_scales),
                              .is_whole = s.head_dim % 4 == 0 && are_aligned(call->q, call->out)};
  if (s.head_dim <= 64)
    launch_cut<64, 4>(context, forward);
  else if (s.head_dim <= 128)
    launch_cut<128, 4>(context, forward);
  else
    launch_cut<256, 2>(context, forward);
}

} // namespace plugin
