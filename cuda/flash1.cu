// FlashAttention 1, forward (Dao et al. 2022, algorithm 1): each tile of keys meets every tile of
// query rows before the next one comes. So O, its maximum and its sum live in memory; at every
// visit they are brought up to date, and O is divided by the sum so far. Parallel over the
// key/value heads alone. A baseline of what the other order gains: see flash2_forward.cuh.
#include "flash1.cuh"

#include "entries.cuh"

namespace plugin {

/// `mixed` is O in f32, laid out like out, and out itself where that is f32. `maximum` (in base 2)
/// and `sum` are [batch, heads, queries].
template <typename T>
__global__ void __launch_bounds__(tile_threads, 2)
    flash1_forward_kernel(T *out, float *mixed, float *maximum, float *sum, const T *queries,
                          key_rows keys, key_rows values, attention_view a, int chunks, bool holds,
                          bool aligned) {
  using score_sum = tile_sum<T, along::depth>;
  using mixed_sum = tile_sum<T, along::side>;
  flash1_head here(a);
  tile<T> *tiles = reinterpret_cast<tile<T> *>(shared_memory()), &p = tiles[1];
  flash1_rows q(tiles, chunks, false, [&](run &x, int row, int column) {
    here.get_row(x, queries, a, row, column, aligned);
  });
  flash1_rows k(tiles + 2, chunks, holds,
                [&](run &x, int key, int column) { here.get_key(x, keys, a, key, column); });
  flash1_rows v(holds ? tiles + 2 + chunks : tiles + 2, chunks, holds,
                [&](run &x, int key, int column) { here.get_key(x, values, a, key, column); });

  int thread = static_cast<int>(threadIdx.x);
  for (int row = thread / warp_size; row < here.rows; row += tile_threads / warp_size) {
    float *to = mixed + here.row_at(a, row);
    for (int c = thread % warp_size; c < a.head_dim; c += warp_size) to[c] = 0;
    if (thread % warp_size == 0) {
      maximum[here.statistic(a, row)] = -INFINITY;
      sum[here.statistic(a, row)] = 0;
    }
  }
  __syncthreads();

  range seen = here.seen(a);
  for (int key = seen.begin; key < seen.end; key += tile_side) {
    k.open(key);
    v.open(key);
    range seeing = here.seeing_rows(a, {key, min(key + tile_side, a.keys)});
    for (int row = seeing.begin; row < seeing.end; row += tile_side) {
      score_sum s;
      float old_share[score_sum::rows], share[score_sum::rows];
      q.open(row);
      multiply_rows(s, q, k);
      __syncthreads(); // P's last use is over
#pragma unroll
      for (int r = 0; r < s.rows; r++) {
        int i = row + s.row(r);
        int64_t statistic = i < here.rows ? here.statistic(a, i) : 0;
        float old_maximum = i < here.rows ? maximum[statistic] : -INFINITY;
        float old_sum = i < here.rows ? sum[statistic] : 0, largest = old_maximum, total = 0;
        logit_row of = here.logits(a, i);
#pragma unroll
        for (int c = 0; c < s.columns; c++) {
          float &x = s.at(r, c);
          x = logit(a, of, key + s.column(c), x);
          largest = larger()(largest, x);
        }
        largest = reduce_row<score_sum>(largest, larger());
#pragma unroll
        for (int c = 0; c < s.columns; c++) {
          float weight = weight_of(s.at(r, c), largest);
          total += weight;
          set(*p.at(s.row(r), s.column(c)), weight);
        }
        old_sum *= correction_of(old_maximum, largest);
        total = old_sum + reduce_row<score_sum>(total, plus());
        share[r] = total == 0 ? 0 : 1 / total;
        old_share[r] = old_sum * share[r];
        __syncwarp(); // the row's lanes have read what one of them writes now
        if (i < here.rows && s.column(0) == 0) maximum[statistic] = largest, sum[statistic] = total;
      }
      __syncthreads();
      for (int c = 0; c < chunks; c++) {
        mixed_sum o;
        const tile<T> &chunk = v.chunk(c);
        o.template multiply<along::depth>(p, chunk, v.odd);
#pragma unroll
        for (int r = 0; r < o.rows; r++) {
          int i = row + o.row(r);
          if (i >= here.rows) continue;
          float *to = mixed + here.row_at(a, i) + c * tile_side;
#pragma unroll
          for (int d = 0; d < o.columns; d++) {
            if (c * tile_side + o.column(d) >= a.head_dim) continue;
            float &x = to[o.column(d)];
            x = x * old_share[r] + o.at(r, d) * share[r];
          }
        }
      }
    }
  }

  if constexpr (std::is_same_v<T, float>) return;
  __syncthreads();
  for (int row = thread / warp_size; row < here.rows; row += tile_threads / warp_size) {
    int64_t at = here.row_at(a, row);
    for (int c = thread % warp_size; c < a.head_dim; c += warp_size)
      set(out[at + c], mixed[at + c]);
  }
}

struct flash1_forward_parts {
  float *shifts, *mixed;
  int64_t bytes;
  flash1_forward_parts(const attention &s, void *workspace) {
    arena parts = {static_cast<unsigned char *>(workspace)};
    shifts = parts.take<float>(mask_shift_floats(s));
    mixed =
        parts.take<float>(s.type == ELEMENT_F32 ? 0 : s.batch * s.queries * s.heads * s.head_dim);
    bytes = parts.used;
  }
};

static void forward(kernel_context *context, const attention_forward *call) {
  const attention &s = call->shape;
  if (is_empty(s)) return;
  flash1_forward_parts parts(s, call->workspace);
  attention_view a = view_of(s, parts.shifts);
  int64_t chunks = flash1_chunks(s);
  float *maximum = call->saved, *sum = call->saved + s.batch * s.heads * s.queries;
  mask_shifts(context, s, parts.shifts);
  with_type(s.type, [&](auto zero) {
    using T = decltype(zero);
    int64_t all = (2 + 2 * chunks) * static_cast<int64_t>(sizeof(tile<T>));
    bool holds = all <= context->shared_memory;
    float *mixed = s.type == ELEMENT_F32 ? static_cast<float *>(call->out) : parts.mixed;
    launch(context, flash1_forward_kernel<T>, static_cast<unsigned>(s.batch * s.kv_heads),
           tile_threads, holds ? all : 3 * sizeof(tile<T>), static_cast<T *>(call->out), mixed,
           maximum, sum, static_cast<const T *>(call->q), key_rows_of(s, call->k, s.k_scales),
           key_rows_of(s, call->v, s.v_scales), a, static_cast<int>(chunks), holds,
           are_aligned(call->q) && s.head_dim % run_length == 0);
  });
  largest_logits(context, a, call->max_logit, maximum);
}

static int64_t saved_floats(const attention *s) { return 2 * s->batch * s->heads * s->queries; }

static int64_t workspace(kernel_context *context, const attention *shape, bool backward) {
  return backward ? flash1_backward_bytes(context, *shape)
                  : flash1_forward_parts(*shape, nullptr).bytes;
}

const attention_kernel flash1_attention = {.supports = supports_attention,
                                           .saved_floats = saved_floats,
                                           .workspace = workspace,
                                           .forward = forward,
                                           .backward = flash1_backward};

} // namespace plugin
