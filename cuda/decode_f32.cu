// Decoding in f32, over rows of any type: by multiply-adds, for queries that tensor cores would
// round, and for f32 rows. See decode.cuh.
//
// A team of lanes holds a key's row, 8 numbers a lane, beside the same columns of q and of O of all
// query rows of the tile. Teams go over keys on their own, each with maxima and sums of its own.
#include "decode.cuh"

namespace plugin {

constexpr int keys_at_once = 2; // of a team, so that more loads are on their way

/// A split's part of `tile_rows` rows. A team has `lanes` lanes, a power of 2.
template <typename T, row_type type, int tile_rows>
__global__ void __launch_bounds__(decode_threads, tile_rows > 2 ? 2 : 4)
    decode_f32_kernel(decode_parts d, attention_view a, const T *queries, key_rows k, key_rows v,
                      int lanes, bool aligned) {
  decode_place place(d, a, tile_rows);
  int team = static_cast<int>(threadIdx.x) / lanes, teams = decode_threads / lanes;
  int column = static_cast<int>(threadIdx.x) % lanes * run_length;
  int rows = min(tile_rows, d.rows - place.first_row);

  run q[tile_rows], mixed[tile_rows] = {};
  float maximum[tile_rows], sum[tile_rows];
#pragma unroll
  for (int r = 0; r < tile_rows; r++) {
    int row = place.first_row + r;
    maximum[r] = -INFINITY, sum[r] = 0;
    get_run(q[r],
            r < rows ? queries + query_at(a, place.batch, row / a.group, place.head(a, row))
                     : nullptr,
            column, a.head_dim, aligned);
  }

  for (int first = place.keys.begin; first < place.keys.end; first += keys_at_once * teams) {
    row_run<type> key[keys_at_once], value[keys_at_once];
    float s[keys_at_once][tile_rows];
#pragma unroll
    for (int i = 0; i < keys_at_once; i++) {
      int j = first + i * teams + team;
      bool exists = j < place.keys.end;
      int64_t row = row_of(k, place.batch, place.kv_head, min(j, place.keys.end - 1));
      load(key[i], k, row, column, exists);
      load(value[i], v, row, column, exists);
    }
    range keys = {first, first + keys_at_once * teams};
    bool is_simple = keys.end <= place.keys.end && sees_all(a, place.queries, keys) && is_plain(a);
#pragma unroll
    for (int i = 0; i < keys_at_once; i++) {
      run x;
      key[i].widen(x);
#pragma unroll
      for (int r = 0; r < tile_rows; r++) {
        s[i][r] = 0;
#pragma unroll
        for (int c = 0; c < run_length; c++) s[i][r] += q[r][c] * x[c];
        for (int bit = lanes / 2; bit > 0; bit /= 2) s[i][r] += __shfl_xor_sync(~0u, s[i][r], bit);
      }
    }
#pragma unroll
    for (int r = 0; r < tile_rows; r++) {
      int row = place.first_row + r;
      logit_row of;
      if (!is_simple)
        of = r < rows ? logit_row_of(a, place.batch, place.head(a, row), row / a.group) : no_row();
      float largest = maximum[r];
#pragma unroll
      for (int i = 0; i < keys_at_once; i++) {
        int j = first + i * teams + team;
        if (is_simple)
          s[i][r] *= a.factor;
        else
          s[i][r] = j < place.keys.end ? logit(a, of, j, s[i][r]) : -INFINITY;
        largest = larger()(largest, s[i][r]);
      }
      float correction = correction_of(maximum[r], largest);
      maximum[r] = largest;
      sum[r] *= correction;
#pragma unroll
      for (int c = 0; c < run_length; c++) mixed[r][c] *= correction;
#pragma unroll
      for (int i = 0; i < keys_at_once; i++) sum[r] += s[i][r] = weight_of(s[i][r], largest);
    }
#pragma unroll
    for (int i = 0; i < keys_at_once; i++) {
      run x;
      value[i].widen(x);
#pragma unroll
      for (int r = 0; r < tile_rows; r++) {
        if (is_hidden(s[i][r])) continue;
#pragma unroll
        for (int c = 0; c < run_length; c++) mixed[r][c] += s[i][r] * x[c];
      }
    }
  }

  decode_merge merge(shared_memory(), lanes * run_length, tile_rows);
#pragma unroll
  for (int r = 0; r < tile_rows; r++) {
    store_whole(merge.mixed(team) + r * lanes * run_length + column, mixed[r]);
    if (column == 0) merge.maxima(team)[r] = maximum[r], merge.sums(team)[r] = sum[r];
  }
  __syncthreads();
  merge.write(d, place, teams);
}

template <typename T, row_type type, int tile_rows>
static void launch_split(kernel_context *context, const attention_forward *call,
                         const attention_view &a, const decode_parts &d) {
  const attention &s = call->shape;
  int lanes = 1;
  while (lanes * run_length < s.head_dim) lanes *= 2;
  int64_t blocks = s.batch * s.kv_heads * d.splits * ceil_div(d.rows, tile_rows);
  launch(context, decode_f32_kernel<T, type, tile_rows>, static_cast<unsigned>(blocks),
         decode_threads, decode_merge::bytes(lanes * run_length, tile_rows, decode_threads / lanes),
         d, a, static_cast<const T *>(call->q), key_rows_of(s, call->k, s.k_scales),
         key_rows_of(s, call->v, s.v_scales), lanes,
         are_aligned(call->q) && s.head_dim % run_length == 0);
}

template <typename T, row_type type>
static void launch_rows(kernel_context *context, const attention_forward *call,
                        const attention_view &a, const decode_parts &d) {
  if (d.rows <= 2)
    launch_split<T, type, 2>(context, call, a, d);
  else
    launch_split<T, type, 8>(context, call, a, d);
}

void decode_f32(kernel_context *context, const attention_forward *call, const attention_view &a,
                const decode_parts &d) {
  if (call->shape.type == ELEMENT_BF16)
    return launch_rows<bf16, ROWS_F32>(context, call, a, d); // others are decode_bf16's
  with_rows(call->shape.rows.type,
            [&](auto type) { launch_rows<float, type>(context, call, a, d); });
}

} // namespace plugin
