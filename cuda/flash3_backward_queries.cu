// FlashAttention-3, backward, over queries: a block has 64 queries for each of two consumers, and
// all keys that they see pass by.
//
//   P = 2^(Q K^T - lse)    dS = P (dO V^T - delta)    dQ += dS K
#include "flash3_backward.cuh"
#include "flash3_forward.cuh"

namespace plugin::flash3 {

template <int head_dim> struct queries_tiles {
  static constexpr int consumers = 2;
  static constexpr int threads = (1 + consumers) * warpgroup_size;
  static constexpr int rows = consumers * warpgroup_rows;
  static constexpr int keys = head_dim == 256 ? 64 : 128;
  static constexpr int producer_registers = 24, consumer_registers = 240;

  typedef tile<warpgroup_rows, head_dim> query_tile; // a warpgroup's
  typedef tile<keys, head_dim> key_tile;
  // More do not fit with 256 columns.
  typedef ring_of<head_dim == 256 ? 1 : 2, key_tile::bytes> ring;

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

  const backward_parameters &p;
  block_place place;
  uint32_t shared, queries_full;
  typename tiles::ring k_ring, v_ring;
  int first_row;
  flash3::walk walk;

  __device__ __forceinline__ queries_block(const backward_parameters &p)
      : p(p),
        place(static_cast<int>(blockIdx.x), p.tiles, p.shape.heads, p.shape.batch, p.heads_at_once),
        shared(shared_address(shared_memory())), queries_full(shared + tiles::mbarriers),
        k_ring{shared + tiles::k, queries_full + 8},
        v_ring{shared + tiles::v, queries_full + 8 + tiles::ring::mbarrier_bytes},
        first_row(place.tile * tiles::rows),
        walk(seen_keys(p.shape, range{first_row, min(first_row + tiles::rows, p.shape.queries)}),
             keys) {}

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
    int kv_head = place.head / p.shape.group;
    mbarrier_arrive_expect_tx(queries_full, 2 * tiles::dout);
    for (int consumer = 0; consumer < tiles::consumers; consumer++) {
      uint32_t to = shared + consumer * query_tile::bytes;
      int row = first_row + consumer * warpgroup_rows;
      query_tile::load(to, &p.q, row, place.head, place.batch, queries_full);
      query_tile::load(to + tiles::dout, &p.dout, row, place.head, place.batch, queries_full);
    }
    for (uint32_t turn = 0; turn < walk.count; turn++) {
      key_tile::load(k_ring.at(turn), &p.k, walk.first(turn), kv_head, place.batch,
                     k_ring.begin_to_fill(turn));
      key_tile::load(v_ring.at(turn), &p.v, walk.first(turn), kv_head, place.batch,
                     v_ring.begin_to_fill(turn));
    }
  }

  __device__ __forceinline__ void consume(int consumer) const {
    int first = first_row + consumer * warpgroup_rows;
    uint32_t q = shared + consumer * query_tile::bytes, dout = q + tiles::dout;
    seen_rows rows(first, [this](int query) { return seen_keys(p.shape, query); });
    int64_t figures = p.figures.at(p.shape, place.batch, place.head) + first + fragment().row();
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
        scores[i] = probability<is_capped>(p.shape, scores[i], log_sum_exp[half], slope);
        if (is_capped) gradients[i] = scores[i] * slope * (gradients[i] - delta[half]);
      }
      if (!is_capped) compute_before_wait(sum_of(scores));
      wgmma_wait_group<0>();
      fence_registers(gradients);
      v_ring.give_back(turn);
      if (!is_capped) {
#pragma unroll
        for (int i = 0; i < keys / 2; i++)
          gradients[i] = scores[i] * (gradients[i] - delta[fragment::half(i)]);
      }
      hide<keys>(gradients, rows, walk.first(turn), 0);
      to_operand<keys>(operand, gradients);
      multiply_columns<keys, head_dim>(dq, operand, k_ring.at(turn));
      wgmma_wait_group<0>();
      fence_registers(dq);
      k_ring.give_back(turn);
    }
    finish(dq, first);
  }

  /// Writes a warp's 16 rows, unless one is not finite: then what hidden keys hold may be why.
  __device__ __forceinline__ void finish(float (&dq)[head_dim / 2], int first) const {
    float unsure = 0;
#pragma unroll
    for (int i = 0; i < head_dim / 2; i++) unsure += dq[i] * 0; // NaN unless all are finite
    if (report_unsure(p, place, first, unsure != 0)) return;
    contribute_rows<head_dim>(p.dq, dq, p.shape.scale, [this, first](int row) {
      bool is_there = first + row < p.shape.queries;
      return is_there ? query_at(p.shape, place.batch, first + row, place.head) : -1;
    });
  }
};

#endif

template <int head_dim, bool is_capped>
__global__ void __launch_bounds__(queries_tiles<head_dim>::threads, 1)
    queries_kernel(const __grid_constant__ backward_parameters p) {
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
                        backward_parameters &p) {
  typedef queries_tiles<head_dim> tiles;
  const attention &s = call->shape;
  p.tiles = static_cast<int>(ceil_div(s.queries, tiles::rows));
  p.heads_at_once = heads_at_once(s.keys * head_dim * 4 / p.shape.group);
  if (!map_queries(context, &p.q, call->q, s, warpgroup_rows) ||
      !map_queries(context, &p.dout, call->dout, s, warpgroup_rows))
    return;
  if (s.keys > 0 && (!map_keys(context, &p.k, call->k, s, tiles::keys) ||
                     !map_keys(context, &p.v, call->v, s, tiles::keys)))
    return;
  int64_t blocks = s.batch * s.heads * p.tiles;
  launch(context, queries_kernel<head_dim, is_capped>, static_cast<unsigned>(blocks),
         tiles::threads, tiles::bytes, p);
}

void backward_of_queries(kernel_context *context, const attention_backward *call,
                         backward_parameters &p) {
  with_head_dim(call->shape, call->shape.softcap > 0, [&](auto head_dim, auto is_capped) {
    run_queries<head_dim(), is_capped()>(context, call, p);
  });
}

} // namespace plugin::flash3
