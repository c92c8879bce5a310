// FlashAttention 1, backward (Dao et al. 2022, algorithm 4): for each tile of keys, all tiles of
// query rows. The probabilities are computed again from the saved maximum and sum, a tile at a
// time. With D = rowsum(dO * O),
//   dV = P^T dO    dP = dO V^T    dS = P * (dP - D)    dK = scale dS^T Q    dQ = scale dS K
// where a softcap's derivative is one more factor of dS. dK and dV of a tile are summed before the
// next one comes, over the query heads of a group too; dQ lives in memory and is brought up to
// date.
#include "flash1.cuh"

namespace plugin {

/// What of a block's work lies in shared memory.
struct flash1_room {
  bool holds;           // all columns of a tile's rows of Q, dO, K and V, else 64 of each
  bool sums_are_shared; // dK's and dV's sums
  int64_t bytes;
};

/// A thread's sums of a 64 x 64 tile of dK or dV, between two products that add to it. Only the
/// thread itself uses them.
struct flash1_sums {
  float *memory; // [chunks][each][threads]
  static constexpr int each = tile_side * tile_side / tile_threads;

  template <typename Sum> __device__ __forceinline__ void load(Sum &sum, int chunk) const {
    for_each(sum, chunk, [](float &x, float kept) { x = kept; });
  }
  template <typename Sum> __device__ __forceinline__ void keep(Sum &sum, int chunk) const {
    for_each(sum, chunk, [](float x, float &kept) { kept = x; });
  }

private:
  template <typename Sum, typename Work>
  __device__ __forceinline__ void for_each(Sum &sum, int chunk, const Work &work) const {
#pragma unroll
    for (int r = 0; r < Sum::rows; r++)
#pragma unroll
      for (int c = 0; c < Sum::columns; c++)
        work(sum.at(r, c),
             memory[(chunk * each + r * Sum::columns + c) * tile_threads + threadIdx.x]);
  }
};

/// What backward reads and writes besides its tiles.
template <typename T> struct flash1_backward_call {
  target<T> dq, dk, dv;
  const T *dout, *q, *out;
  key_rows k, v;
  const float *maximum, *sum; // [batch, heads, queries]
  float *delta;               // D, the same
  float *mixed;               // dQ so far, laid out like q
  float *sums;                // dK's and dV's, of each block, where they are not in shared memory
  int chunks;
  bool aligned;
};

template <typename T>
__global__ void __launch_bounds__(tile_threads, 1)
    flash1_backward_kernel(flash1_backward_call<T> call, attention_view a, flash1_room room) {
  using score_sum = tile_sum<T, along::depth>;
  using gradient_sum = tile_sum<T, along::side>;
  flash1_head here(a);
  tile<T> *tiles = reinterpret_cast<tile<T> *>(shared_memory()), &p = tiles[0], &ds = tiles[1];
  int chunks = call.chunks, held = room.holds ? chunks : 0;
  flash1_rows q(tiles + 2, chunks, room.holds, [&](run &x, int row, int column) {
    here.get_row(x, call.q, a, row, column, call.aligned);
  });
  flash1_rows dout(tiles + 2 + held, chunks, room.holds, [&](run &x, int row, int column) {
    here.get_row(x, call.dout, a, row, column, call.aligned);
  });
  tile<T> *key_tiles = tiles + (room.holds ? 2 + 2 * chunks : 3);
  flash1_rows k(key_tiles, chunks, room.holds,
                [&](run &x, int key, int column) { here.get_key(x, call.k, a, key, column); });
  flash1_rows v(key_tiles + held, chunks, room.holds,
                [&](run &x, int key, int column) { here.get_key(x, call.v, a, key, column); });
  int sums_each = chunks * tile_side * tile_side;
  float *sums = room.sums_are_shared
                    ? reinterpret_cast<float *>(key_tiles + (room.holds ? 2 * chunks : 1))
                    : call.sums + blockIdx.x * static_cast<int64_t>(2 * sums_each);
  flash1_sums dk = {sums}, dv = {sums + sums_each};

  int thread = static_cast<int>(threadIdx.x), lane = thread % warp_size;
  for (int row = thread / warp_size; row < here.rows; row += tile_threads / warp_size) {
    int64_t at = here.row_at(a, row);
    float delta = 0;
    for (int c = lane; c < a.head_dim; c += warp_size) {
      delta += to_float(call.dout[at + c]) * to_float(call.out[at + c]);
      call.mixed[at + c] = 0;
    }
    delta = reduce_warp(delta, plus());
    if (lane == 0) call.delta[here.statistic(a, row)] = delta;
  }
  __syncthreads();

  for (int key = 0; key < a.keys; key += tile_side) {
    k.open(key);
    v.open(key);
    gradient_sum none;
    for (int c = 0; c < chunks; c++) dk.keep(none, c), dv.keep(none, c);
    range seeing = here.seeing_rows(a, {key, min(key + tile_side, a.keys)});
    for (int row = seeing.begin; row < seeing.end; row += tile_side) {
      score_sum s, dp;
      q.open(row);
      dout.open(row);
      multiply_rows(s, q, k);
      multiply_rows(dp, dout, v);
      __syncthreads(); // the last use of P and dS is over
#pragma unroll
      for (int r = 0; r < s.rows; r++) {
        int i = row + s.row(r);
        int64_t statistic = i < here.rows ? here.statistic(a, i) : 0;
        float maximum = call.maximum[statistic], inverse = 1 / call.sum[statistic];
        float delta = call.delta[statistic];
        logit_row of = here.logits(a, i);
#pragma unroll
        for (int c = 0; c < s.columns; c++) {
          float slope;
          float x = logit(a, of, key + s.column(c), s.at(r, c), slope);
          float weight = weight_of(x, maximum), gradient = hidden_weight;
          if (!is_hidden(weight)) {
            weight *= inverse;
            gradient = weight * (dp.at(r, c) - delta) * slope + 0.0f; // -0 is of hidden keys alone
          }
          set(*p.at(s.row(r), s.column(c)), weight);
          set(*ds.at(s.row(r), s.column(c)), gradient);
        }
      }
      __syncthreads();
      for (int c = 0; c < chunks; c++) {
        gradient_sum sum;
        dv.load(sum, c);
        const tile<T> &douts = dout.chunk(c);
        sum.template multiply<along::side>(p, douts, dout.odd);
        dv.keep(sum, c);

        dk.load(sum, c);
        const tile<T> &qs = q.chunk(c);
        sum.template multiply<along::side>(ds, qs, q.odd);
        dk.keep(sum, c);

        gradient_sum dq;
        const tile<T> &ks = k.chunk(c);
        dq.template multiply<along::depth>(ds, ks, k.odd);
        for_each_sum(dq, [&](int r, int d, float x) {
          int i = row + r, column = c * tile_side + d;
          if (i < here.rows && column < a.head_dim) call.mixed[here.row_at(a, i) + column] += x;
        });
      }
    }
    for (int c = 0; c < chunks; c++) {
      auto write = [&](const target<T> &to, const flash1_sums &from, float factor) {
        gradient_sum sum;
        from.load(sum, c);
        for_each_sum(sum, [&](int r, int d, float x) {
          int j = key + r, column = c * tile_side + d;
          if (j >= a.keys || column >= a.head_dim) return;
          int64_t at = (static_cast<int64_t>(here.batch) * a.keys + j) * a.kv_heads + here.kv_head;
          contribute(to, at * a.head_dim + column, x * factor);
        });
      };
      write(call.dk, dk, a.scale);
      write(call.dv, dv, 1);
    }
  }

  __syncthreads();
  for (int row = thread / warp_size; row < here.rows; row += tile_threads / warp_size) {
    int64_t at = here.row_at(a, row);
    for (int c = lane; c < a.head_dim; c += warp_size)
      contribute(call.dq, at + c, call.mixed[at + c] * a.scale);
  }
}

/// Shared memory is given to what is used most, as far as it goes.
template <typename T> static flash1_room room_for(kernel_context *context, const attention &s) {
  int64_t chunks = flash1_chunks(s), side = sizeof(tile<T>);
  int64_t sums = 2 * chunks * tile_side * tile_side * static_cast<int64_t>(sizeof(float));
  int64_t all = (2 + 4 * chunks) * side, few = 4 * side;
  flash1_room room = {.holds = all <= context->shared_memory};
  room.bytes = room.holds ? all : few;
  room.sums_are_shared = room.bytes + sums <= context->shared_memory;
  if (room.sums_are_shared) room.bytes += sums;
  return room;
}

struct flash1_backward_parts {
  float *shifts, *delta, *mixed, *sums;
  int64_t bytes;
  flash1_backward_parts(const attention &s, const flash1_room &room, void *workspace) {
    arena parts = {static_cast<unsigned char *>(workspace)};
    int64_t rows = s.batch * s.heads * s.queries;
    shifts = parts.take<float>(mask_shift_floats(s));
    delta = parts.take<float>(rows);
    mixed = parts.take<float>(rows * s.head_dim);
    int64_t each = 2 * flash1_chunks(s) * tile_side * tile_side;
    sums = parts.take<float>(room.sums_are_shared ? 0 : s.batch * s.kv_heads * each);
    bytes = parts.used;
  }
};

int64_t flash1_backward_bytes(kernel_context *context, const attention &s) {
  int64_t bytes = 0;
  with_type(s.type, [&](auto zero) {
    bytes = flash1_backward_parts(s, room_for<decltype(zero)>(context, s), nullptr).bytes;
  });
  return bytes;
}

void flash1_backward(kernel_context *context, const attention_backward *call) {
  const attention &s = call->shape;
  if (is_empty(s)) return;
  with_type(s.type, [&](auto zero) {
    using T = decltype(zero);
    flash1_room room = room_for<T>(context, s);
    flash1_backward_parts parts(s, room, call->workspace);
    mask_shifts(context, s, parts.shifts);
    flash1_backward_call<T> work = {.dq = call->dq,
                                    .dk = call->dk,
                                    .dv = call->dv,
                                    .dout = static_cast<const T *>(call->dout),
                                    .q = static_cast<const T *>(call->q),
                                    .out = static_cast<const T *>(call->out),
                                    .k = key_rows_of(s, call->k, nullptr),
                                    .v = key_rows_of(s, call->v, nullptr),
                                    .maximum = call->saved,
                                    .sum = call->saved + s.batch * s.heads * s.queries,
                                    .delta = parts.delta,
                                    .mixed = parts.mixed,
                                    .sums = parts.sums,
                                    .chunks = static_cast<int>(flash1_chunks(s)),
                                    .aligned = are_aligned(call->q, call->dout) &&
                                               s.head_dim % run_length == 0};
    launch(context, flash1_backward_kernel<T>, static_cast<unsigned>(s.batch * s.kv_heads),
           tile_threads, room.bytes, work, view_of(s, parts.shifts), room);
  });
}

} // namespace plugin
