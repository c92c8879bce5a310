// Decoding of bf16 queries: a warp, which is a block, takes 16 query rows over a split. What it
// does is in decode_bf16.cuh.
#include "decode_bf16.cuh"

namespace plugin {

constexpr int decode_stages = 3; // two chunks on their way, one in use

/// A split's part of 16 rows.
template <row_type type, int columns, int halves>
__global__ void __launch_bounds__(warp_size, 8)
    decode_bf16_kernel(decode_parts d, attention_view a, const bf16 *q, key_rows k, key_rows v,
                       even_chunks even, bool is_whole) {
  using stage = decode_stage<type, columns>;
  decode_place place(d, a, tile_rows);
  decode_warp<type, columns, halves> warp(a, place);
  decode_fetcher<type, columns> fetcher(k, v, place, even, warp.lane);
  stage *stages = reinterpret_cast<stage *>(shared_memory() + warp.query_bytes);
  int first = place.keys.begin, end = place.keys.end, ahead = first;
  auto fetch = [&](stage &to) { // a chunk more, where there is one
    if (ahead < end) fetcher.fetch(to, ahead);
    cp_async_commit_group();
    ahead += chunk_keys;
  };
#pragma unroll
  for (int i = 0; i < decode_stages - 1; i++) fetch(stages[i]);
  if (first < end) fetcher.fetch_scales(first);
  warp.load_queries(q, d, is_whole);
  // Chunks within this are seen by all rows.
  range whole = {place.queries.end - 1 + a.first, min(end, place.queries.begin + a.end)};
  if (has_explicit_mask(a)) whole.end = first;
#pragma unroll 1
  for (int turn = 0; first < end; first += chunk_keys) {
    int free = turn == 0 ? decode_stages - 1 : turn - 1;
    stage &here = stages[turn];
    fetcher.template await<decode_stages - 2>(here);
    fetch(stages[free]); // whose keys all lanes have used
    if (first + chunk_keys < end) fetcher.fetch_scales(first + chunk_keys);
    bool all_seen = first >= whole.begin && first + chunk_keys <= whole.end;
    float s[2][4] = {};
    uint32_t p[4];
    warp.multiply_keys(s, here);
    warp.to_logits(s, first, d.rows, all_seen);
    warp.to_weights(p, s);
    if (!all_seen && warp.is_odd(here)) warp.take_out(here, p);
    warp.multiply_values(p, here);
    turn = turn == decode_stages - 1 ? 0 : turn + 1;
  }
  warp.write(d);
}

template <row_type type, int columns, int halves>
static void launch_split(kernel_context *context, const attention_forward *call,
                         const attention_view &a, const decode_parts &d) {
  const attention &s = call->shape;
  using stage = decode_stage<type, columns>;
  int64_t blocks = s.batch * s.kv_heads * d.splits * ceil_div(d.rows, tile_rows);
  key_rows k = key_rows_of(s, call->k, s.k_scales), v = key_rows_of(s, call->v, s.v_scales);
  launch(context, decode_bf16_kernel<type, columns, halves>, static_cast<unsigned>(blocks),
         warp_size, decode_warp<type, columns, halves>::query_bytes + decode_stages * sizeof(stage),
         d, a, static_cast<const bf16 *>(call->q), k, v,
         even_chunks::of(k, v, columns, sizeof(typename stage::element)),
         s.head_dim % run_length == 0 && are_aligned(call->q));
}

template <row_type type, int columns>
static void launch_rows(kernel_context *context, const attention_forward *call,
                        const attention_view &a, const decode_parts &d) {
  if (d.rows <= tile_rows / 2)
    launch_split<type, columns, 1>(context, call, a, d);
  else
    launch_split<type, columns, 2>(context, call, a, d);
}

template <row_type type>
static void launch_width(kernel_context *context, const attention_forward *call,
                         const attention_view &a, const decode_parts &d) {
  switch (d.width) {
    case 64: return launch_rows<type, 64>(context, call, a, d);
    case 128: return launch_rows<type, 128>(context, call, a, d);
    case 192: return launch_rows<type, 192>(context, call, a, d);
    default: return launch_rows<type, 256>(context, call, a, d);
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
