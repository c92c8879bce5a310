// FlashAttention-3's forward pass in 8 bits: e4m3 is made of bf16, then the kernel of bf16 does its
// work on that.
#include "flash3_fp8.cuh"
#include "flash3_forward_launch.cuh"

namespace plugin::flash3 {

static quantised take_quantised(const attention &s, arena &parts) {
  int64_t query_blocks = ceil_div(s.queries, warpgroup_rows);
  int64_t key_blocks = ceil_div(s.keys, e4m3_keys);
  int64_t key_rows = s.batch * s.kv_heads * s.head_dim;
  return {.q = parts.take<e4m3>(s.batch * s.heads * s.queries * s.head_dim),
          .k = parts.take<e4m3>(key_rows * s.keys),
          .v = parts.take<e4m3>(key_rows * key_blocks * e4m3_keys),
          .q_scales = parts.take<float>(s.batch * s.heads * query_blocks),
          .k_scales = parts.take<float>(s.batch * s.kv_heads * key_blocks),
          .v_scales = parts.take<float>(s.batch * s.kv_heads * key_blocks),
          .query_blocks = static_cast<int>(query_blocks),
          .key_blocks = static_cast<int>(key_blocks)};
}

int64_t fp8_forward_bytes(const attention &s) {
  forward_parameters p = {};
  arena parts = {};
  take_parts(p, s, parts);
  take_quantised(s, parts);
  return parts.used;
}

/// For tiles of so many keys.
static bool map_quantised(kernel_context *context, forward_parameters &p, const quantised &x,
                          const attention &s, int keys) {
  int64_t d = s.head_dim, columns = static_cast<int64_t>(x.key_blocks) * e4m3_keys;
  int row_bytes = static_cast<int>(d);
  auto rows_of = [&](const e4m3 *data, int64_t rows, int64_t heads) {
    return strided_tensor{.data = data,
                          .batch = s.batch,
                          .rows = rows,
                          .heads = heads,
                          .columns = d,
                          .batch_stride = rows * heads * d,
                          .row_stride = heads * d,
                          .head_stride = d,
                          .element_bytes = 1};
  };
  strided_tensor q = rows_of(x.q, s.queries, s.heads), k = rows_of(x.k, s.keys, s.kv_heads);
  strided_tensor v = {.data = x.v,
                      .batch = s.batch,
                      .rows = d,
                      .heads = s.kv_heads,
                      .columns = columns,
                      .batch_stride = s.kv_heads * d * columns,
                      .row_stride = columns,
                      .head_stride = d * columns,
                      .element_bytes = 1};
  return make_map(context, &p.q, q, warpgroup_rows, row_bytes) &&
         make_map(context, &p.k, k, keys, row_bytes) &&
         (s.keys == 0 || make_map(context, &p.v, v, row_bytes, keys));
}

void fp8_forward(kernel_context *context, const attention_forward *call) {
  const attention &s = call->shape;
  if (is_empty(s)) return;
  forward_parameters p = {.shape = view_of(s, nullptr), .saved = call->saved};
  arena parts = {static_cast<unsigned char *>(call->workspace)};
  take_parts(p, s, parts);
  quantised x = take_quantised(s, parts);
  p.scales = {x.q_scales, x.k_scales, x.v_scales, x.query_blocks, x.key_blocks};
  if (s.queries > 0) {
    quantise(context, call, x);
    with_head_dim(s, is_general(p.shape), [&](auto head_dim, auto is_general) {
      constexpr int keys = forward_tiles<e4m3, head_dim(), false, is_general()>::keys;
      if (map_quantised(context, p, x, s, keys))
        launch_forward<e4m3, head_dim(), false, is_general()>(context, call, p);
    });
  }
  finish_forward(context, call, p);
}

} // namespace plugin::flash3
