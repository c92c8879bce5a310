// The product of Hopper's warpgroups: bf16 operands, f32 sums (wgmma m64nNk16, PTX ISA 9.7.15).
//
// A block goes over tiles of c, each with its part of k. One thread has the copy engine bring both
// operands, 64 steps of k at a time, into a ring of stages, and goes on to the block's next tile
// while two warpgroups still multiply: 64 rows each, by all columns. A warpgroup stores its sums
// from registers, and the other multiplies meanwhile.
#ifndef RUNEXP_GEMM_WGMMA_CUH
#define RUNEXP_GEMM_WGMMA_CUH

#include "gemm_store.cuh"
#include "warpgroups.cuh"

namespace plugin {

constexpr int stage_depth = 64; // steps of k: 128 bytes, a row of the swizzle's pattern

/// A block's tile of c, and its ring.
template <int columns_> struct wgmma_shape {
  static constexpr int consumers = 2, threads = (1 + consumers) * warpgroup_size;
  static constexpr int rows = consumers * warpgroup_rows, columns = columns_;
  static constexpr uint32_t a_bytes = rows * stage_depth * 2, b_bytes = columns * stage_depth * 2;
  typedef ring_of<columns == 256 ? 4 : 6, a_bytes + b_bytes> ring; // 192 KB
  static constexpr uint32_t shared_bytes = ring::memory_bytes + ring::mbarrier_bytes;
  static_assert(shared_bytes <= 227 << 10, "what a block may have");
  // Of each thread; 65536 are there for all.
  static constexpr int producer_registers = 24, consumer_registers = 240;
};

struct wgmma_parameters {
  CUtensorMap a, b; // boxes of a stage: all lines along k, or 64 elements of each line across
  product p;
  uint32_t tiles, items; // tiles of c; those times parts of k
};

/// One operand's part of a stage: `extent` rows of op(a) or columns of op(b), and 64 steps of k.
/// Lines along k lie one after another, 128 bytes each; those across in panels of 64 elements, 64
/// lines each.
template <int extent, bool along_k> struct stage_part {
  static constexpr uint32_t panel_bytes = stage_depth * 128;

  static __device__ __forceinline__ void load(uint32_t to, const CUtensorMap *map, int first, int k,
                                              uint32_t mbarrier) {
    if constexpr (along_k) {
      cp_async_bulk_tensor(to, map, {k, first}, mbarrier);
    } else {
#pragma unroll
      for (int panel = 0; panel < extent / 64; panel++)
        cp_async_bulk_tensor(to + panel * panel_bytes, map, {first + panel * 64, k}, mbarrier);
    }
  }
  static __device__ __forceinline__ uint64_t descriptor(uint32_t at) {
    return matrix_descriptor(at, along_k ? 16 : panel_bytes, 8 * 128, swizzle::bytes_128);
  }
  /// What 16 steps of k further is, in a descriptor.
  static constexpr uint64_t step = (along_k ? step_bytes : 16 * 128) >> 4;
};

#if RUNEXP_IS_HOPPER

/// What a block does, tile by tile: an item is a tile and a part of k.
template <typename Shape, bool a_along_k, bool b_along_k> struct wgmma_block {
  typedef stage_part<Shape::rows, a_along_k> a_part;
  typedef stage_part<Shape::columns, b_along_k> b_part;
  static constexpr int sums_count = Shape::columns / 2;
  // Bytes of 64 lines along k and of a panel alike.
  static constexpr uint32_t rows_bytes = warpgroup_rows * stage_depth * 2;

  const wgmma_parameters &of;
  const product &p;
  typename Shape::ring ring;

  __device__ __forceinline__ wgmma_block(const wgmma_parameters &of)
      : of(of), p(of.p), ring{shared_address(shared_memory()),
                              shared_address(shared_memory()) + Shape::ring::memory_bytes} {}

  __device__ __forceinline__ void init() const {
    if (threadIdx.x == 0) {
      prefetch_tensormap(&of.a);
      prefetch_tensormap(&of.b);
      ring.init(Shape::consumers * 4);
      fence_mbarrier_init();
    }
    __syncthreads();
  }

  /// Calls `work` with the place and the part of k of each item that the block has.
  template <typename Work> __device__ __forceinline__ void for_items(const Work &work) const {
    for (uint32_t item = blockIdx.x; item < of.items; item += gridDim.x) {
      uint32_t part = item / of.tiles;
      work(tile_place(p, item - part * of.tiles, Shape::rows, Shape::columns), part);
    }
  }

  /// What the producer's one thread does.
  __device__ __forceinline__ void produce() const {
    uint32_t turn = 0;
    for_items([&](const tile_place &place, uint32_t part) {
      k_range range(p, part);
      int row = static_cast<int>(place.row), column = static_cast<int>(place.column);
      int end = static_cast<int>(range.end);
      for (int k = static_cast<int>(range.begin); k < end; k += stage_depth, turn++) {
        uint32_t to = ring.at(turn), mbarrier = ring.begin_to_fill(turn);
        a_part::load(to, &of.a, row, k, mbarrier);
        b_part::load(to + Shape::a_bytes, &of.b, column, k, mbarrier);
      }
    });
  }

  /// Issues, as a group, the product of a stage. The first of an item begins with zeros.
  __device__ __forceinline__ void multiply(float (&sums)[sums_count], uint32_t stage, int consumer,
                                           bool is_first) const {
    uint64_t a = a_part::descriptor(stage + consumer * rows_bytes);
    uint64_t b = b_part::descriptor(stage + Shape::a_bytes);
    wgmma_fence();
#pragma unroll
    for (int k = 0; k < stage_depth / 16; k++)
      wgmma<Shape::columns, !b_along_k, !a_along_k>(sums, a + k * a_part::step,
                                                    b + k * b_part::step, k > 0 || !is_first);
    wgmma_commit_group();
  }

  /// What a consumer does. A stage is given back once the next one's product is issued.
  __device__ __forceinline__ void consume(int consumer) const {
    uint32_t turn = 0;
    float sums[sums_count];
    set_zero(sums);
    for_items([&](const tile_place &place, uint32_t part) {
      k_range range(p, part);
      uint32_t begin = turn,
               steps =
                   static_cast<uint32_t>((range.end - range.begin + stage_depth - 1) / stage_depth);
      fence_registers(sums);
      ring.wait_until_full(turn);
      multiply(sums, ring.at(turn), consumer, true);
      for (turn++; turn < begin + steps; turn++) {
        ring.wait_until_full(turn);
        multiply(sums, ring.at(turn), consumer, false);
        wgmma_wait_group<1>();
        ring.give_back(turn - 1);
      }
      wgmma_wait_group<0>();
      fence_registers(sums);
      ring.give_back(turn - 1);
      store(sums, place.row + consumer * warpgroup_rows, place.column, part);
    });
  }

  /// Stores 64 rows of sums, from a row and a column of c on.
  __device__ __forceinline__ void store(float (&sums)[sums_count], int64_t row, int64_t column,
                                        uint32_t part) const {
    if (p.splits > 1) {
      float *to = p.partials + part * partial_size(p.m, p.n);
      store_in(to, sums, row, column, p.n % 4 == 0, false);
      return;
    }
    if (p.bias) add_bias(sums, column);
    if (p.c_is_f32)
      store_in(static_cast<float *>(p.c), sums, row, column, p.c_is_aligned, p.accumulate);
    else if (p.c_is_aligned && !p.accumulate)
      store_pairs(static_cast<bf16 *>(p.c), sums, row, column);
    else
      store_in(static_cast<bf16 *>(p.c), sums, row, column, p.c_is_aligned, p.accumulate);
  }

  __device__ __forceinline__ void add_bias(float (&sums)[sums_count], int64_t column) const {
    fragment mine;
    const float *bias = p.bias + column;
    int columns = p.n - column < Shape::columns ? static_cast<int>(p.n - column) : Shape::columns;
#pragma unroll
    for (int i = 0; i < sums_count; i += 4) { // two columns of two rows
#pragma unroll
      for (int j = 0; j < 2; j++) {
        float addend = mine.column(i + j) < columns ? bias[mine.column(i + j)] : 0;
        sums[i + j] += addend;
        sums[i + j + 2] += addend;
      }
    }
  }

  /// As store_in, into bf16 whose rows are whole runs. To swap sums that are rounded, two at a time,
  /// takes half of the instructions.
  __device__ __forceinline__ void store_pairs(bf16 *c, const float (&sums)[sums_count], int64_t row,
                                              int64_t column) const {
    fragment mine;
    int first = static_cast<int>(threadIdx.x) % 4 * run_length;
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int64_t at_row = row + mine.row() + half * 8;
      bf16 *line = c + at_row * p.n;
#pragma unroll
      for (int i = 2 * half; i < sums_count; i += 16) {
        uint32_t four[4];
#pragma unroll
        for (int j = 0; j < 4; j++) four[j] = cvt_rn_bf16x2(sums[i + 4 * j], sums[i + 4 * j + 1]);
        transpose_by_four(four);
        int64_t at = column + i / 16 * 32 + first;
        if (at_row < p.m && at < p.n)
          *reinterpret_cast<uint4 *>(line + at) = make_uint4(four[0], four[1], four[2], four[3]);
      }
    }
  }

  /// The 4 threads that share a row have 2 of every 8 columns each; here they swap, so that each
  /// has 8 neighbours of every 32 and moves them at once.
  template <typename T>
  __device__ __forceinline__ void store_in(T *c, const float (&sums)[sums_count], int64_t row,
                                           int64_t column, bool is_aligned, bool accumulate) const {
    fragment mine;
    int first = static_cast<int>(threadIdx.x) % 4 * run_length;
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int64_t at_row = row + mine.row() + half * 8;
      T *line = c + at_row * p.n;
#pragma unroll
      for (int i = 2 * half; i < sums_count; i += 16) {
        run values;
#pragma unroll
        for (int j = 0; j < 2; j++) {
          float four[4] = {sums[i + j], sums[i + 4 + j], sums[i + 8 + j], sums[i + 12 + j]};
          transpose_by_four(four);
#pragma unroll
          for (int of = 0; of < 4; of++) values[2 * of + j] = four[of];
        }
        int64_t at = column + i / 16 * 32 + first;
        if (at_row < p.m && at < p.n)
          store_or_add(line + at, values, extent(at, p.n, is_aligned), accumulate);
      }
    }
  }
};

#endif

template <typename Shape, bool a_along_k, bool b_along_k>
__global__ void __launch_bounds__(Shape::threads, 1)
    gemm_wgmma_tiles(const __grid_constant__ wgmma_parameters of) {
#if RUNEXP_IS_HOPPER
  wgmma_block<Shape, a_along_k, b_along_k> block(of);
  block.init();
  int warpgroup = warpgroup_number();
  if (warpgroup == 0) {
    setmaxnreg_dec<Shape::producer_registers>();
    if (threadIdx.x == 0) block.produce();
  } else {
    setmaxnreg_inc<Shape::consumer_registers>();
    block.consume(warpgroup - 1);
  }
#endif
}

} // namespace plugin

#endif
