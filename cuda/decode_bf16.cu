// Decoding of bf16 queries: a block takes 16 query rows over a split, and brings its warps' parts
// together. What a warp does is in decode_bf16.cuh.
#include "decode_bf16.cuh"

#include <algorithm>

namespace plugin {

/// A split's part of 16 rows.
template <row_type type, int columns>
__global__ void __launch_bounds__(decode_threads, columns > 128 ? 1 : 2)
    decode_bf16_kernel(decode_parts d, attention_view a, const bf16 *q, key_rows k, key_rows v) {
  using stage = decode_stage<type, columns>;
  decode_place place(d, a, tile_rows);
  decode_warp<type, columns> warp(a, place);
  decode_fetcher<type, columns> fetcher = {k, v, place, warp.lane};
  uint32_t *queries = reinterpret_cast<uint32_t *>(shared_memory());
  unsigned char *rest = shared_memory() + columns * 32;
  int number = static_cast<int>(threadIdx.x) / warp_size;
  stage *stages = reinterpret_cast<stage *>(rest) + 2 * number;
  int warps = static_cast<int>(blockDim.x) / warp_size, step = warps * chunk_keys;
  int first = place.keys.begin + number * chunk_keys;
  if (first < place.keys.end) fetcher.fetch(stages[0], first);
  lay_out_queries<columns>(queries, q, place, d, a);
  __syncthreads();
  for (int turn = 0; first < place.keys.end; first += step, turn ^= 1) {
    range keys = {first, first + chunk_keys};
    bool all_seen =
        keys.end <= place.keys.end && sees_all(a, place.queries, keys) && !has_explicit_mask(a);
    float s[2][4] = {};
    uint32_t p[4];
    fetcher.await(stages[turn]);
    if (first + step < place.keys.end) fetcher.fetch(stages[turn ^ 1], first + step);
    warp.multiply_keys(s, reinterpret_cast<const uint4 *>(queries), stages[turn]);
    warp.to_logits(s, first, d.rows, all_seen);
    warp.to_weights(p, s);
    if (!all_seen && warp.is_odd(stages[turn])) warp.take_out(stages[turn], p);
    warp.multiply_values(p, stages[turn]);
  }

  __syncthreads();
  decode_merge merge(rest, columns, tile_rows);
  warp.write(merge.maxima(number), merge.sums(number), merge.mixed(number));
  __syncthreads();
  merge.write(d, place, warps);
}

template <row_type type, int columns>
static void launch_split(kernel_context *context, const attention_forward *call,
                         const attention_view &a, const decode_parts &d) {
  const attention &s = call->shape;
  int64_t blocks = s.batch * s.kv_heads * d.splits * ceil_div(d.rows, tile_rows);
  auto bytes_for = [](int warps) {
    size_t stages = 2 * warps * sizeof(decode_stage<type, columns>);
    return columns * 32 + std::max(stages, decode_merge::bytes(columns, tile_rows, warps));
  };
  int warps = decode_threads / warp_size; // fewer where shared memory is scarce
  while (warps > 1 && bytes_for(warps) > static_cast<size_t>(context->shared_memory)) warps /= 2;
  launch(context, decode_bf16_kernel<type, columns>, static_cast<unsigned>(blocks),
         warps * warp_size, bytes_for(warps), d, a, static_cast<const bf16 *>(call->q),
         key_rows_of(s, call->k, s.k_scales), key_rows_of(s, call->v, s.v_scales));
}

template <row_type type>
static void launch_width(kernel_context *context, const attention_forward *call,
                         const attention_view &a, const decode_parts &d) {
  switch (d.width) {
    case 64: return launch_split<type, 64>(context, call, a, d);
    case 128: return launch_split<type, 128>(context, call, a, d);
    case 192: return launch_split<type, 192>(context, call, a, d);
    default: return launch_split<type, 256>(context, call, a, d);
  }
}

void decode_bf16(kernel_context *context, const attention_forward *call, const attention_view &a,
                 const decode_parts &d) {
  if (call->shape.rows.type == ROWS_BF16)
    launch_width<ROWS_BF16>(context, call, a, d);
  else
    launch_width<ROWS_Q8>(context, call, a, d);
}

} // namespace plugin
