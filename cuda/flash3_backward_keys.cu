// FlashAttention-3, backward, over keys: a block has 64 keys for each consumer, or 64 for both, and
// all queries that see them pass by. Everything is transposed, S^T = K Q^T, so that probabilities
// and their gradients are in registers as the next products want them.
//
//   P^T = 2^(S^T - lse)    dV += P^T dO    dS^T = P^T (V dO^T - delta)    dK += dS^T Q
#include "flash3_backward.cuh"

namespace plugin::flash3 {

template <int head_dim, bool is_capped> struct keys_tiles {
  static constexpr int consumers = 2;
  static constexpr int threads = (1 + consumers) * warpgroup_size;
  // Where both accumulators are too many registers, one consumer gives dv and the other dk.
  static constexpr bool is_split = head_dim == 256 || (head_dim == 128 && is_capped);
  static constexpr int rows = is_split ? warpgroup_rows : consumers * warpgroup_rows;
  static constexpr int queries = 64;
  static_assert(padding % queries == 0, "figures are there for whole tiles");
  static constexpr int producer_registers = 24, consumer_registers = 240;

  typedef tile<warpgroup_rows, head_dim> key_tile;
  typedef tile<queries, head_dim> query_tile;
  // A stage: q, dout, log-sum-exps, deltas.
  static constexpr uint32_t dout = query_tile::bytes, figures = 2 * query_tile::bytes;
  static constexpr uint32_t figure_bytes = queries * sizeof(float);
  typedef ring_of<2, figures + 2 * figure_bytes> ring;

  static constexpr uint32_t v = rows / warpgroup_rows * key_tile::bytes;
  static constexpr uint32_t stages = 2 * v;
  static constexpr uint32_t mbarriers = stages + ring::memory_bytes;
  static constexpr uint32_t bytes = mbarriers + ring::mbarrier_bytes + 8;
  static_assert(bytes <= 227 << 10, "what a block may have");
};

#if RUNEXP_IS_HOPPER

template <int head_dim, bool is_capped> struct keys_block {
  typedef keys_tiles<head_dim, is_capped> tiles;
  typedef typename tiles::key_tile key_tile;
  typedef typename tiles::query_tile query_tile;
  static constexpr int queries = tiles::queries;

  const backward_parameters &p;
  block_place place; // its head is one of keys
  uint32_t shared, keys_full;
  typename tiles::ring ring;
  int first_key;
  flash3::walk walk; // of one head of queries
  uint32_t turns;

  __device__ __forceinline__ keys_block(const backward_parameters &p)
      : p(p), place(static_cast<int>(blockIdx.x), p.tiles, p.shape.kv_heads, p.shape.batch,
                    p.heads_at_once),
        shared(shared_address(shared_memory())), keys_full(shared + tiles::mbarriers),
        ring{shared + tiles::stages, keys_full + 8},
        // Under a causal mask the first keys are seen by the most queries.
        first_key((p.tiles - 1 - place.tile) * tiles::rows),
        walk(seeing_queries(p.shape, range{first_key, min(first_key + tiles::rows, p.shape.keys)}),
             queries),
        turns(walk.count * p.shape.group) {}

  __device__ __forceinline__ void init() const {
    if (threadIdx.x == 0) {
      ring.init(tiles::consumers * 4);
      mbarrier_init(keys_full, 1);
      fence_mbarrier_init();
    }
    __syncthreads();
  }

  __device__ __forceinline__ int first_query(uint32_t turn) const {
    return walk.first(turn % walk.count);
  }

  /// What the producer's one thread does: the keys and values, then queries, head by head.
  __device__ __forceinline__ void produce() const {
    mbarrier_arrive_expect_tx(keys_full, 2 * tiles::v);
    for (int part = 0; part < tiles::rows / warpgroup_rows; part++) {
      uint32_t to = shared + part * key_tile::bytes;
      int row = first_key + part * warpgroup_rows;
      key_tile::load(to, &p.k, row, place.head, place.batch, keys_full);
      key_tile::load(to + tiles::v, &p.v, row, place.head, place.batch, keys_full);
    }
    for (uint32_t turn = 0; turn < turns; turn++) {
      int head = place.head * p.shape.group + static_cast<int>(turn / walk.count);
      int row = first_query(turn);
      uint32_t to = ring.at(turn), mbarrier = ring.begin_to_fill(turn);
      query_tile::load(to, &p.q, row, head, place.batch, mbarrier);
      query_tile::load(to + tiles::dout, &p.dout, row, head, place.batch, mbarrier);
      int64_t figures = p.figures.at(p.shape, place.batch, head) + row;
      cp_async_bulk(to + tiles::figures, p.figures.log_sum_exp + figures, tiles::figure_bytes,
                    mbarrier);
      cp_async_bulk(to + tiles::figures + tiles::figure_bytes, p.figures.delta + figures,
                    tiles::figure_bytes, mbarrier);
    }
  }

  /// One consumer's part: dv, dk or both of the 64 keys that lie in the part-th tile.
  template <bool gives_dv, bool gives_dk> __device__ __forceinline__ void consume(int part) const {
    uint32_t k = shared + part * key_tile::bytes, v = k + tiles::v;
    seen_rows rows(first_key + part * warpgroup_rows,
                   [this](int key) { return seeing_queries(p.shape, range{key, key + 1}); });
    float dk[head_dim / 2], dv[head_dim / 2], scores[queries / 2], gradients[queries / 2];
    uint32_t operand[queries / 16][4], gradient_operand[queries / 16][4];
    if (gives_dk) set_zero(dk);
    if (gives_dv) set_zero(dv);
    wait(keys_full, 0);
    for (uint32_t turn = 0; turn < turns; turn++) {
      uint32_t q = ring.at(turn), dout = q + tiles::dout;
      ring.wait_until_full(turn);
      multiply_rows<queries, head_dim>(scores, k, q);
      if (gives_dk) multiply_rows<queries, head_dim>(gradients, v, dout);
      wgmma_wait_group<gives_dk && !is_capped ? 1 : 0>();
      fence_registers(scores);
      to_probabilities<gives_dk>(scores, gradients, turn);
      hide<queries>(scores, rows, first_query(turn), 0);
      if (gives_dv) {
        to_operand<queries>(operand, scores);
        multiply_columns<queries, head_dim>(dv, operand, dout);
      }
      if (gives_dk) {
        wgmma_wait_group<gives_dv ? 1 : 0>();
        fence_registers(gradients);
        if (!is_capped) to_gradients(scores, gradients, turn);
        hide<queries>(gradients, rows, first_query(turn), 0);
        to_operand<queries>(gradient_operand, gradients);
        multiply_columns<queries, head_dim>(dk, gradient_operand, q);
      }
      wgmma_wait_group<0>();
      if (gives_dk) fence_registers(dk);
      if (gives_dv) fence_registers(dv);
      fence_proxy_async(); // figures were read before the copy engine overwrites them
      ring.give_back(turn);
    }
    auto at = [this, part](int row) {
      int64_t key = first_key + part * warpgroup_rows + row;
      if (key >= p.shape.keys) return int64_t(-1);
      return (place.batch * p.rows.batch_rows + place.head * p.rows.head_rows +
              key * p.rows.slot_rows) *
             head_dim;
    };
    if (gives_dk) contribute_rows<head_dim>(p.dk, dk, p.shape.scale, at);
    if (gives_dv) contribute_rows<head_dim>(p.dv, dv, 1, at);
  }

  /// Two figures of neighbouring queries, those of elements i and i + 1 of an accumulator.
  __device__ __forceinline__ float2 figures_of(uint32_t turn, uint32_t which, int i) const {
    const unsigned char *stage = shared_memory() + (ring.at(turn) - shared) + tiles::figures;
    return *reinterpret_cast<const float2 *>(stage + which * tiles::figure_bytes +
                                             fragment().column(i) * sizeof(float));
  }

  /// Scores become probabilities. With a softcap, whose slopes are known here alone, gradients of
  /// probabilities, which have arrived then, become those of scaled scores.
  template <bool gives_dk>
  __device__ __forceinline__ void to_probabilities(float (&scores)[queries / 2],
                                                   float (&gradients)[queries / 2],
                                                   uint32_t turn) const {
    constexpr bool with_slopes = gives_dk && is_capped;
    if (with_slopes) fence_registers(gradients);
#pragma unroll
    for (int i = 0; i < queries / 2; i += 4) {
      float2 log_sum_exp = figures_of(turn, 0, i), delta;
      if (with_slopes) delta = figures_of(turn, 1, i);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        float slope;
        scores[i + j] = probability<is_capped>(p.shape, scores[i + j],
                                               j % 2 ? log_sum_exp.y : log_sum_exp.x, slope);
        if (with_slopes)
          gradients[i + j] =
              scores[i + j] * slope * (gradients[i + j] - (j % 2 ? delta.y : delta.x));
      }
    }
  }

  /// Gradients of probabilities become those of scaled scores.
  __device__ __forceinline__ void to_gradients(const float (&probabilities)[queries / 2],
                                               float (&gradients)[queries / 2],
                                               uint32_t turn) const {
#pragma unroll
    for (int i = 0; i < queries / 2; i += 4) {
      float2 delta = figures_of(turn, 1, i);
#pragma unroll
      for (int j = 0; j < 4; j++)
        gradients[i + j] = probabilities[i + j] * (gradients[i + j] - (j % 2 ? delta.y : delta.x));
    }
  }
};

#endif

template <int head_dim, bool is_capped>
__global__ void __launch_bounds__(keys_tiles<head_dim, is_capped>::threads, 1)
    keys_kernel(const __grid_constant__ backward_parameters p) {
#if RUNEXP_IS_HOPPER
  typedef keys_tiles<head_dim, is_capped> tiles;
  keys_block<head_dim, is_capped> block(p);
  block.init();
  int warpgroup = warpgroup_number();
  if (warpgroup == 0) {
    setmaxnreg_dec<tiles::producer_registers>();
    if (threadIdx.x == 0) block.produce();
  } else if (!tiles::is_split) {
    setmaxnreg_inc<tiles::consumer_registers>();
    block.template consume<true, true>(warpgroup - 1);
  } else {
    setmaxnreg_inc<tiles::consumer_registers>();
    if (warpgroup == 1)
      block.template consume<true, false>(0);
    else
      block.template consume<false, true>(0);
  }
#endif
}

template <int head_dim, bool is_capped>
static void run_keys(kernel_context *context, const attention_backward *call,
                     backward_parameters &p) {
  typedef keys_tiles<head_dim, is_capped> tiles;
  const attention &s = call->shape;
  p.tiles = static_cast<int>(ceil_div(s.keys, tiles::rows));
  p.heads_at_once = heads_at_once(s.queries * head_dim * 4 * p.shape.group);
  if (!map_queries(context, &p.q, call->q, s, tiles::queries) ||
      !map_queries(context, &p.dout, call->dout, s, tiles::queries) ||
      !map_keys(context, &p.k, call->k, s, warpgroup_rows) ||
      !map_keys(context, &p.v, call->v, s, warpgroup_rows))
    return;
  int64_t blocks = s.batch * s.kv_heads * p.tiles;
  launch(context, keys_kernel<head_dim, is_capped>, static_cast<unsigned>(blocks), tiles::threads,
         tiles::bytes, p);
}

void backward_of_keys(kernel_context *context, const attention_backward *call,
                      backward_parameters &p) {
  with_head_dim(call->shape, call->shape.softcap > 0, [&](auto head_dim, auto is_capped) {
    run_keys<head_dim(), is_capped()>(context, call, p);
  });
}

} // namespace plugin::flash3
