// FlashAttention-3, backward, over queries: a block has 64 queries for each of two consumers, and
// all keys that they see pass by.
//
//   P = 2^(Q K^T - lse)    dS = P (dO V^T - delta)    dQ += dS K
#include "flash3_backward.cuh"
#include "flash3_forward.cuh"

namespace plugin {

template <int head_dim> struct queries_tiles {
  static constexpr int consumers = 2;
  static constexpr int threads = (1 + consumers) * warpgroup_size;
  static constexpr int rows = consumers * warpgroup_rows;
  static constexpr int keys = head_dim == 256 ? 64 : 128;
  static constexpr int producer_registers = 24, consumer_registers = 240;

  typedef flash3_tile<warpgroup_rows, head_dim> query_tile; // a warpgroup's
  typedef flash3_tile<keys, head_dim> key_tile;
  // More do not fit with 256 columns.
  typedef flash3_ring<head_dim == 256 ? 1 : 2, key_tile::bytes> ring;

  static constexpr uint32_t dout = consumers * query_tile::bytes;
  static constexpr uint32_t k = 2 * dout;
  static constexpr uint32_t v = k + ring::memory_bytes;
  static constexpr uint32_t mbarriers = v + ring::memory_bytes;
  static constexpr uint32_t bytes = mbarriers + 2 * ring::mbarrier_bytes + 8;
  static_assert(bytes <= 227 << 10, "what a block may have");
};

#if RUNEXP_IS_HOPPER

template <int head_dim, bool is_capped> struct queries_block {
  typedef queries_tiles<head_dim> tiles;
  typedef typename tiles::query_tile query_tile;
  typedef typename tiles::key_tile key_tile;
  static constexpr int keys = tiles::keys;

  const flash3_backward_parameters &p;
  flash3_place place;
  uint32_t shared, queries_full;
  typename tiles::ring k_ring, v_ring;
  flash3_walk walk;

  __device__ __forceinline__ queries_block(const flash3_backward_parameters &p)
      : p(p),
        place(static_cast<int>(blockIdx.x), p.tiles, p.shape.heads, p.shape.batch, p.heads_at_once),
        shared(shared_address(shared_memory())), queries_full(shared + tiles::mbarriers),
        k_ring{shared + tiles::k, queries_full + 8},
        v_ring{shared + tiles::v, queries_full + 8 + tiles::ring::mbarrier_bytes},
        walk(place.tile * tiles::rows, tiles::rows, p.shape.queries, keys,
             [&p](int query) { return p.shape.seen_keys(query); }) {}

  __device__ __forceinline__ void init() const {
    if (threadIdx.x == 0) {
      k_ring.init(tiles::consumers * 4);
      v_ring.init(tiles::consumers * 4);
      mbarrier_init(queries_full, 1);
      fence_mbarrier_init();
    }
    __syncthreads();
  }

  /// What the producer's one thread does.
  __device__ __forceinline__ void produce() const {
    int kv_head = place.head / p.shape.group();
    mbarrier_arrive_expect_tx(queries_full, 2 * tiles::dout);
    for (int consumer = 0; consumer < tiles::consumers; consumer++) {
      uint32_t to = shared + consumer * query_tile::bytes;
      int row = walk.first_row + consumer * warpgroup_rows;
      query_tile::load(to, &p.q, row, place.head, place.batch, queries_full);
      query_tile::load(to + tiles::dout, &p.dout, row, place.head, place.batch, queries_full);
    }
    for (uint32_t turn = 0; turn < walk.count; turn++) {
      key_tile::load(k_ring.at(turn), &p.k, walk.first_column(turn), kv_head, place.batch,
                     k_ring.begin_to_fill(turn));
      key_tile::load(v_ring.at(turn), &p.v, walk.first_column(turn), kv_head, place.batch,
                     v_ring.begin_to_fill(turn));
    }
  }

  __device__ __forceinline__ void consume(int consumer) const {
    int first = walk.first_row + consumer * warpgroup_rows;
    uint32_t q = shared + consumer * query_tile::bytes, dout = q + tiles::dout;
    flash3_rows rows(first, [this](int query) { return p.shape.seen_keys(query); });
    int64_t plane = static_cast<int64_t>(place.batch) * p.shape.heads + place.head;
    int64_t figures = plane * p.figures.padded + first + fragment().row();
    float log_sum_exp[2] = {p.figures.log_sum_exp[figures], p.figures.log_sum_exp[figures + 8]};
    float delta[2] = {p.figures.delta[figures], p.figures.delta[figures + 8]};
    float dq[head_dim / 2], scores[keys / 2], gradients[keys / 2];
    uint32_t operand[keys / 16][4];
    set_zero(dq);
    wait(queries_full, 0);
    for (uint32_t turn = 0; turn < walk.count; turn++) {
      k_ring.wait_until_full(turn);
      multiply_rows<keys, head_dim>(scores, q, k_ring.at(turn));
      v_ring.wait_until_full(turn);
      multiply_rows<keys, head_dim>(gradients, dout, v_ring.at(turn));
      // A softcap's slope is known with the probability alone, so both products are waited for.
      wgmma_wait_group<is_capped ? 0 : 1>();
      fence_registers(scores);
      if (is_capped) fence_registers(gradients);
#pragma unroll
      for (int i = 0; i < keys / 2; i++) {
        int half = fragment::half(i);
        float slope;
        scores[i] = flash3_probability<is_capped>(p.shape, scores[i], log_sum_exp[half], slope);
        if (is_capped) gradients[i] = scores[i] * slope * (gradients[i] - delta[half]);
      }
      wgmma_wait_group<0>();
      fence_registers(gradients);
      v_ring.give_back(turn);
      if (!is_capped) {
#pragma unroll
        for (int i = 0; i < keys / 2; i++)
          gradients[i] = scores[i] * (gradients[i] - delta[fragment::half(i)]);
      }
      hide<keys>(gradients, rows, walk.first_column(turn), 0);
      to_operand<keys>(operand, gradients);
      multiply_columns<keys, head_dim>(dq, operand, k_ring.at(turn));
      wgmma_wait_group<0>();
      fence_registers(dq);
      k_ring.give_back(turn);
    }
    finish(dq, plane, first);
  }

  /// Writes a warp's 16 rows, unless one is not finite: then what hidden keys hold may be why.
  __device__ __forceinline__ void finish(float (&dq)[head_dim / 2], int64_t plane,
                                         int first) const {
    float unsure = 0;
#pragma unroll
    for (int i = 0; i < head_dim / 2; i++) unsure += dq[i] * 0; // NaN unless all are finite
    bool any = __any_sync(~0u, unsure != 0);
    int row = first + static_cast<int>(threadIdx.x) / 32 % 4 * warp_rows;
    if (threadIdx.x % 32 == 0 && row < p.shape.queries)
      p.unsure[plane * flash3_groups_of_rows(p.shape.queries) + row / warp_rows] = any;
    if (any) return;
    contribute_rows<head_dim>(p.dq, dq, p.shape.scale, [this, first](int row) {
      int64_t query = first + row;
      return query >= p.shape.queries
                 ? -1
                 : ((place.batch * static_cast<int64_t>(p.shape.queries) + query) * p.shape.heads +
                    place.head) *
                       head_dim;
    });
  }
};

#endif

template <int head_dim, bool is_capped>
__global__ void __launch_bounds__(queries_tiles<head_dim>::threads, 1)
    flash3_queries(const __grid_constant__ flash3_backward_parameters p) {
#if RUNEXP_IS_HOPPER
  typedef queries_tiles<head_dim> tiles;
  queries_block<head_dim, is_capped> block(p);
  block.init();
  int warpgroup = warpgroup_number();
  if (warpgroup == 0) {
    setmaxnreg_dec<tiles::producer_registers>();
    if (threadIdx.x == 0) block.produce();
  } else {
    setmaxnreg_inc<tiles::consumer_registers>();
    block.consume(warpgroup - 1);
  }
#endif
}

template <int head_dim, bool is_capped>
static void run_queries(kernel_context *context, const attention_backward *call,
                        flash3_backward_parameters &p) {
  typedef queries_tiles<head_dim> tiles;
  const attention &s = call->shape;
  p.tiles = static_cast<int>(ceil_div(s.queries, tiles::rows));
  p.heads_at_once = flash3_heads_at_once(s.keys * head_dim * 4 / p.shape.group());
  if (!map_queries(context, &p.q, call->q, s, warpgroup_rows) ||
      !map_queries(context, &p.dout, call->dout, s, warpgroup_rows))
    return;
  if (s.keys > 0 && (!map_keys(context, &p.k, call->k, s, tiles::keys) ||
                     !map_keys(context, &p.v, call->v, s, tiles::keys)))
    return;
  int64_t blocks = s.batch * s.heads * p.tiles;
  launch(context, flash3_queries<head_dim, is_capped>, dim3(static_cast<unsigned>(blocks)),
         dim3(tiles::threads), tiles::bytes, p);
}

void flash3_backward_of_queries(kernel_context *context, const attention_backward *call,
                                flash3_backward_parameters &p) {
  with_head_dim(call->shape, call->shape.softcap > 0, [&](auto head_dim, auto is_capped) {
    run_queries<head_dim(), is_capped()>(context, call, p);
  });
}

} // namespace plugin
