// FlashAttention-3, forward (Shah et al. 2024, arXiv 2407.08608): what a block does. A warpgroup
// brings keys and values, and two or three compute, 64 queries each. They take turns at issuing
// products, so that one's softmax is done while another's products run (section 3.1, ping-pong),
// and the scores of the next keys are computed while those of these become probabilities (section
// 3.2).
#ifndef RUNEXP_FLASH3_FORWARD_BLOCK_CUH
#define RUNEXP_FLASH3_FORWARD_BLOCK_CUH

#include "flash3_forward.cuh"
#include "flash3_softmax.cuh"

namespace plugin::flash3 {

/// Tiles of queries and keys, as large as registers and shared memory allow. Wide ones are for
/// where all queries see all keys: a mask hides much of a wide tile on its edge.
template <typename element, int head_dim, bool is_wide, bool is_general> struct forward_tiles {
  /// Whether numbers are to be multiplied by their block's scale.
  static constexpr bool is_scaled = std::is_same_v<element, e4m3>;
  static constexpr int consumers = head_dim == 64 && !is_general ? 3 : 2;
  static constexpr int threads = (1 + consumers) * warpgroup_size;
  static constexpr int rows = consumers * warpgroup_rows;
  static constexpr int keys = is_scaled         ? (head_dim == 256 && is_general ? 64 : e4m3_keys)
                              : head_dim == 64  ? 128
                              : head_dim == 128 ? (is_wide ? 176 : 128)
                                                : (is_wide ? 80 : 64);
  // Of each thread; 65536 are there for all.
  static constexpr int producer_registers = 24, consumer_registers = consumers == 3 ? 160 : 240;

  typedef tile<warpgroup_rows, head_dim, element> query_tile; // a warpgroup's
  typedef tile<warpgroup_rows, head_dim> out_tile;
  typedef tile<keys, head_dim, element> key_tile;
  /// Products of e4m3 take k along the columns alone, so values come transposed.
  typedef std::conditional_t<is_scaled, tile<head_dim, keys, e4m3>, key_tile> value_tile;
  typedef ring_of<2, key_tile::bytes> ring;
  static_assert(key_tile::bytes == value_tile::bytes, "one ring for either");

  // Shared memory. The output goes where the queries were.
  static constexpr uint32_t k = consumers * out_tile::bytes;
  static constexpr uint32_t v = k + ring::memory_bytes;
  static constexpr uint32_t mbarriers = v + ring::memory_bytes;
  static constexpr uint32_t bytes = mbarriers + 2 * ring::mbarrier_bytes + 8;
  static_assert(bytes <= 227 << 10, "what a block may have");
};

#if RUNEXP_IS_HOPPER

// Barriers by number: one for each consumer's turn, one for each consumer's own warps.
enum { barrier_of_turn = 1, barrier_of_warpgroup = 4 };

/// One block's work: where its tiles lie and which keys it goes through.
template <typename element, int head_dim, bool is_wide, bool is_general> struct forward_block {
  typedef forward_tiles<element, head_dim, is_wide, is_general> tiles;
  typedef typename tiles::query_tile query_tile;
  typedef typename tiles::out_tile out_tile;
  typedef typename tiles::key_tile key_tile;
  typedef typename tiles::value_tile value_tile;
  static constexpr bool is_scaled = tiles::is_scaled;
  // A probability is at most 1; times 2^8 it uses more of what e4m3 has.
  static constexpr int raised = is_scaled ? 8 : 0;
  typedef online_softmax<raised> softmax_of_rows;

  const forward_parameters &p;
  block_place place;
  uint32_t shared, q_full;
  typename tiles::ring k_ring, v_ring;
  int first_row;
  flash3::walk walk;

  __device__ __forceinline__ forward_block(const forward_parameters &p)
      : p(p),
        place(static_cast<int>(blockIdx.x), p.tiles, p.shape.heads, p.shape.batch, p.heads_at_once),
        shared(shared_address(shared_memory())), q_full(shared + tiles::mbarriers),
        k_ring{shared + tiles::k, q_full + 8},
        v_ring{shared + tiles::v, q_full + 8 + tiles::ring::mbarrier_bytes},
        first_row(place.tile * tiles::rows),
        walk(seen_keys(p.shape, range{first_row, min(first_row + tiles::rows, p.shape.queries)}),
             tiles::keys) {}

  __device__ __forceinline__ void init() const {
    if (threadIdx.x == 0) {
      k_ring.init(tiles::consumers * 4);
      v_ring.init(tiles::consumers * 4);
      mbarrier_init(q_full, 1);
      fence_mbarrier_init();
    }
    __syncthreads();
  }

  __device__ __forceinline__ uint32_t query_at(int consumer) const {
    return shared + consumer * out_tile::bytes;
  }
  __device__ __forceinline__ void bring_keys(uint32_t turn) const {
    uint32_t mbarrier = k_ring.begin_to_fill(turn);
    key_tile::load(k_ring.at(turn), &p.k, walk.first(turn), place.head / p.shape.group, place.batch,
                   mbarrier);
  }
  __device__ __forceinline__ void bring_values(uint32_t turn) const {
    uint32_t mbarrier = v_ring.begin_to_fill(turn);
    int first = walk.first(turn);
    value_tile::load(v_ring.at(turn), &p.v, is_scaled ? 0 : first, place.head / p.shape.group,
                     place.batch, mbarrier, is_scaled ? first : 0);
  }

  /// What the producer's one thread does: queries, then keys one tile ahead of values.
  __device__ __forceinline__ void produce() const {
    mbarrier_arrive_expect_tx(q_full, tiles::consumers * query_tile::bytes);
    for (int consumer = 0; consumer < tiles::consumers; consumer++)
      query_tile::load(query_at(consumer), &p.q, first_row + consumer * warpgroup_rows, place.head,
                       place.batch, q_full);
    for (uint32_t turn = 0; turn < walk.count; turn++) {
      bring_keys(turn);
      if (turn > 0) bring_values(turn - 1);
    }
    if (walk.count > 0) bring_values(walk.count - 1);
  }

  // The consumers' turns at issuing products: one lets the next go once its own are issued.
  __device__ __forceinline__ void wait_for_turn(int consumer) const {
    bar_sync(barrier_of_turn + consumer, 2 * warpgroup_size);
  }
  __device__ __forceinline__ void give_turn(int consumer) const {
    bar_arrive(barrier_of_turn + (consumer + 1) % tiles::consumers, 2 * warpgroup_size);
  }

  /// The scale of a consumer's queries, and those of a turn's keys and values. Read early, so that
  /// they are there when they are wanted.
  __device__ __forceinline__ float query_scale(int first) const {
    if constexpr (!is_scaled) return 1;
    int plane = place.batch * p.shape.heads + place.head, block = first / warpgroup_rows;
    return block < p.scales.query_blocks ? p.scales.q[plane * p.scales.query_blocks + block] : 1;
  }
  __device__ __forceinline__ float scale_at(const float *scales, uint32_t turn) const {
    if constexpr (!is_scaled) return 1;
    int plane = place.batch * p.shape.kv_heads + place.head / p.shape.group;
    return scales[plane * p.scales.key_blocks + walk.first(turn) / e4m3_keys];
  }

  /// Scores, by whose scale they are to be multiplied, become what softmax_factor makes logits of,
  /// -inf where a row does not see a key.
  __device__ __forceinline__ void to_logits(float (&scores)[tiles::keys / 2], float scale,
                                            const seen_rows &rows, uint32_t turn) const {
    if (is_general && p.shape.cap != 0) {
      float slope;
#pragma unroll
      for (int i = 0; i < tiles::keys / 2; i++)
        scores[i] = capped_logit(p.shape, scores[i] * scale, slope);
    } else if (is_general) {
#pragma unroll
      for (int i = 0; i < tiles::keys / 2; i++) scores[i] *= p.shape.factor * scale;
    }
    hide<tiles::keys>(scores, rows, walk.first(turn), -INFINITY);
  }
  __device__ __forceinline__ float softmax_factor(float scale) const {
    return is_general ? 1 : p.shape.factor * scale;
  }

  __device__ __forceinline__ void consume(int consumer) const {
    constexpr int keys = tiles::keys, last = tiles::consumers - 1;
    int first = first_row + consumer * warpgroup_rows;
    seen_rows rows(first, [this](int query) { return seen_keys(p.shape, query); });
    softmax_of_rows softmax;
    float scores[keys / 2], out[head_dim / 2], correction[2];
    uint32_t probabilities[keys * sizeof(element) / step_bytes][4];
    float q_scale = query_scale(first), unit = 1; // unit: what the sums in `out` are multiples of
    set_zero(out);
    wait(q_full, 0);
    if (walk.count > 0) {
      float scale = q_scale * scale_at(p.scales.k, 0);
      unit = scale_at(p.scales.v, 0);
      k_ring.wait_until_full(0);
      multiply_rows<keys, head_dim, element>(scores, query_at(consumer), k_ring.at(0));
      wgmma_wait_group<0>();
      fence_registers(scores);
      k_ring.give_back(0);
      to_logits(scores, scale, rows, 0);
      softmax.absorb(scores, softmax_factor(scale), correction);
      to_operand<keys>(probabilities, scores);
    }
    if (consumer == last && walk.count > 1) give_turn(last);
    for (uint32_t turn = 1; turn < walk.count; turn++) {
      float scale = q_scale * scale_at(p.scales.k, turn), next_unit = scale_at(p.scales.v, turn);
      k_ring.wait_until_full(turn);
      wait_for_turn(consumer);
      multiply_rows<keys, head_dim, element>(scores, query_at(consumer), k_ring.at(turn));
      v_ring.wait_until_full(turn - 1);
      multiply_columns<keys, head_dim>(out, probabilities, v_ring.at(turn - 1));
      if (consumer != last || turn + 1 < walk.count) give_turn(consumer);
      wgmma_wait_group<1>();
      fence_registers(scores);
      k_ring.give_back(turn);
      to_logits(scores, scale, rows, turn);
      softmax.absorb(scores, softmax_factor(scale), correction);
      if constexpr (is_scaled) {
        float change = __fdividef(unit, next_unit);
        correction[0] *= change, correction[1] *= change;
        unit = next_unit;
      }
      compute_before_wait(softmax.sum[0] + softmax.sum[1]);
      wgmma_wait_group<0>();
      fence_registers(out);
      v_ring.give_back(turn - 1);
      scale_rows(out, correction);
      to_operand<keys>(probabilities, scores);
    }
    if (walk.count > 0) {
      v_ring.wait_until_full(walk.count - 1);
      multiply_columns<keys, head_dim>(out, probabilities, v_ring.at(walk.count - 1));
      wgmma_wait_group<0>();
      fence_registers(out);
    }
    finish(softmax, out, unit, consumer, first);
  }

  /// Divides by the sums, and writes the output and what is saved.
  __device__ __forceinline__ void finish(softmax_of_rows &softmax, float (&out)[head_dim / 2],
                                         float unit, int consumer, int first) const {
    fragment mine;
    float inverse[2], unsure = 0;
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int row = first + mine.row() + half * 8;
      float sum = sum_of_row(softmax.sum[half]);
      inverse[half] = sum == 0 ? 0 : __fdividef(unit, sum);
      if (mine.place > 0 || row >= p.shape.queries) continue;
      float maximum = softmax.largest[half];
      int64_t at = statistic_at(p.shape, place.batch, place.head, row);
      p.row_maximum[at] = maximum;
      p.saved[at] = (maximum - raised) * ln_2 + logf(sum);
    }
    scale_rows(out, inverse);
#pragma unroll
    for (int i = 0; i < head_dim / 2; i++) unsure += out[i] * 0; // NaN unless all are finite
    report_unsure(p, place, first, unsure != 0);
    store_output(out, consumer, first);
  }

  /// By way of shared memory, where the warpgroup's queries were, and the copy engine.
  __device__ __forceinline__ void store_output(const float (&out)[head_dim / 2], int consumer,
                                               int first) const {
    fragment mine;
    bar_sync(barrier_of_warpgroup + consumer, warpgroup_size); // all have read their queries
    unsigned char *tile = shared_memory() + consumer * out_tile::bytes;
#pragma unroll
    for (int i = 0; i < head_dim / 2; i += 2) {
      int row = mine.row() + fragment::half(i) * 8, piece = i / 4 % 8;
      // The copy engine undoes this shuffle, which spares bank conflicts.
      uint32_t at =
          i / 32 * out_tile::panel_bytes + row * 128 + ((piece ^ row % 8) * 16) + mine.place * 2;
      *reinterpret_cast<uint32_t *>(tile + at) = cvt_rn_bf16x2(out[i], out[i + 1]);
    }
    fence_proxy_async();
    bar_sync(barrier_of_warpgroup + consumer, warpgroup_size);
    if (threadIdx.x % warpgroup_size == 0) {
      out_tile::store(&p.out, first, place.head, place.batch, query_at(consumer));
      cp_async_bulk_commit_group();
      cp_async_bulk_wait_group_read<0>();
    }
  }
};

#endif

} // namespace plugin::flash3

#endif
