// The product by tensor cores: bf16 operands, f32 sums (mma.sync m16n8k16, PTX ISA 9.7.14).
//
// A block computes a tile of c. Tiles of both operands come by cp.async into a ring of 4 stages,
// three steps ahead of the step that is multiplied; a barrier a step says that a stage has landed
// for all and that the one before it may be overwritten. Where an operand is f32 or its lines are
// not aligned, its tiles come through registers instead: they are read before a step is multiplied
// and written, rounded, after it.
#ifndef RUNEXP_GEMM_TENSOR_CUH
#define RUNEXP_GEMM_TENSOR_CUH

#include "gemm_store.cuh"
#include "gemm_tile.cuh"

namespace plugin {

/// A block's tile of c, and how its warps share it.
template <int rows_, int columns_, int down_, int across_, int blocks_> struct tensor_shape {
  static constexpr int rows = rows_, columns = columns_;
  static constexpr int down = down_, across = across_, threads = 32 * down * across;
  static constexpr int warp_rows = rows / down, warp_columns = columns / across;
  static constexpr int row_groups = warp_rows / 16, column_groups = warp_columns / 16;
  static constexpr int blocks = blocks_; // that a multiprocessor shall have room for
  static constexpr int stages = 4, stage_bytes = (rows + columns) * tile_depth * 2;
  static constexpr int strip_bytes = warp_rows * (columns + strip_padding) * 4;
  static constexpr int shared_bytes =
      stages * stage_bytes > strip_bytes ? stages * stage_bytes : strip_bytes;
};

/// 64 x 64 a warp: of the shapes that fit the registers, the one that reads the least shared
/// memory.
using large_shape = tensor_shape<128, 128, 2, 2, 2>;
/// More warps, for the registers that operands pass through.
using large_converting_shape = tensor_shape<128, 128, 2, 4, 1>;
using small_shape = tensor_shape<64, 64, 2, 2, 3>;

/// A warp's part of the tile of c.
template <typename Shape> struct warp_sums {
  float c[Shape::row_groups][Shape::column_groups * 2][4];

  /// Adds the product of one stage.
  template <typename A, typename B>
  __device__ __forceinline__ void add(uint32_t a_tile, uint32_t b_tile, int row, int column) {
#pragma unroll
    for (int k = 0; k < tile_depth; k += 16) {
      uint32_t a[Shape::row_groups][4], b[Shape::column_groups][4];
#pragma unroll
      for (int i = 0; i < Shape::row_groups; i++)
        load_fragments<A, false>(a[i], a_tile, row + i * 16, k);
#pragma unroll
      for (int j = 0; j < Shape::column_groups; j++)
        load_fragments<B, true>(b[j], b_tile, column + j * 16, k);
#pragma unroll
      for (int i = 0; i < Shape::row_groups; i++) {
#pragma unroll
        for (int j = 0; j < Shape::column_groups; j++) {
          uint32_t left[2] = {b[j][0], b[j][1]}, right[2] = {b[j][2], b[j][3]};
          mma_m16n8k16_bf16(c[i][2 * j], a[i], left);
          mma_m16n8k16_bf16(c[i][2 * j + 1], a[i], right);
        }
      }
    }
  }

  /// Writes the sums into a strip of shared memory: the warp's rows, from its first column on.
  __device__ __forceinline__ void put(float *strip, int column) const {
    constexpr int stride = Shape::columns + strip_padding;
    int lane = static_cast<int>(threadIdx.x) % 32;
    float *to = strip + lane / 4 * stride + column + lane % 4 * 2;
#pragma unroll
    for (int i = 0; i < Shape::row_groups; i++) {
#pragma unroll
      for (int j = 0; j < Shape::column_groups * 2; j++) {
        const float *sums = c[i][j];
        float *at = to + i * 16 * stride + j * 8;
        *reinterpret_cast<float2 *>(at) = make_float2(sums[0], sums[1]);
        *reinterpret_cast<float2 *>(at + 8 * stride) = make_float2(sums[2], sums[3]);
      }
    }
  }
};

/// Fills one stage after another, from operands that may be copied as they are.
template <typename A, typename B, int threads, bool converts> struct stage_filler {
  tile_reader<A, threads> a;
  tile_reader<B, threads> b;
  __device__ __forceinline__ stage_filler(const product &p, const tile_place &place,
                                          const k_range &range)
      : a(p.a, place.row, p.m, range, A::chunks), b(p.b, place.column, p.n, range, B::chunks) {}
  __device__ __forceinline__ void begin(const product &, uint32_t stage) {
    copy_tile(stage, a);
    copy_tile(stage + A::bytes, b);
    a.go_on();
    b.go_on();
  }
  __device__ __forceinline__ void end(const product &, unsigned char *) {}
};

/// The same from operands of which at least one may not.
template <typename A, typename B, int threads> struct stage_filler<A, B, threads, true> {
  tile_reader<A, threads> a;
  tile_reader<B, threads> b;
  converter<A, threads> from_a;
  converter<B, threads> from_b;
  __device__ __forceinline__ stage_filler(const product &p, const tile_place &place,
                                          const k_range &range)
      : a(p.a, place.row, p.m, range, from_a.per_line(p.a)),
        b(p.b, place.column, p.n, range, from_b.per_line(p.b)) {}
  __device__ __forceinline__ void begin(const product &p, uint32_t stage) {
    if (from_a.copies(p.a))
      copy_tile(stage, a);
    else
      from_a.fetch(p.a, a);
    if (from_b.copies(p.b))
      copy_tile(stage + A::bytes, b);
    else
      from_b.fetch(p.b, b);
    a.go_on();
    b.go_on();
  }
  __device__ __forceinline__ void end(const product &p, unsigned char *stage) {
    if (!from_a.copies(p.a)) from_a.put(stage, p.a);
    if (!from_b.copies(p.b)) from_b.put(stage + A::bytes, p.b);
  }
};

template <typename Shape, bool a_along_k, bool b_along_k, bool converts>
__global__ void __launch_bounds__(Shape::threads, Shape::blocks) gemm_tensor_tiles(product p) {
  using A = tile<Shape::rows, a_along_k>;
  using B = tile<Shape::columns, b_along_k>;
  constexpr int stages = Shape::stages;
  tile_place place(p, blockIdx.x, Shape::rows, Shape::columns);
  k_range range(p);
  stage_filler<A, B, Shape::threads, converts> filler(p, place, range);
  unsigned char *memory = shared_memory();
  uint32_t first_stage = shared_address(memory);
  int steps = static_cast<int>((range.end - range.begin + tile_depth - 1) / tile_depth);
  int warp = static_cast<int>(threadIdx.x) / 32;
  int row = warp / Shape::across * Shape::warp_rows;
  int column = warp % Shape::across * Shape::warp_columns;
  warp_sums<Shape> sums = {};

  for (int step = 0; step < stages - 1; step++) {
    if (step < steps) {
      filler.begin(p, first_stage + step * Shape::stage_bytes);
      filler.end(p, memory + step * Shape::stage_bytes);
    }
    cp_async_commit_group(); // also an empty one, so that they can be counted
  }
  for (int step = 0; step < steps; step++) {
    cp_async_wait_group<stages - 2>();
    __syncthreads();
    int next = step + stages - 1, next_at = next % stages * Shape::stage_bytes;
    if (next < steps) filler.begin(p, first_stage + next_at);
    cp_async_commit_group();
    uint32_t stage = first_stage + step % stages * Shape::stage_bytes;
    sums.template add<A, B>(stage, stage + A::bytes, row, column);
    if (next < steps) filler.end(p, memory + next_at);
  }

  // A strip is the rows of the warps that stand side by side.
  cp_async_wait_group<0>();
  float *strip = reinterpret_cast<float *>(memory);
  for (int i = 0; i < Shape::down; i++) {
    __syncthreads();
    if (warp / Shape::across == i) sums.put(strip, column);
    __syncthreads();
    store_strip<Shape::threads, Shape::warp_rows, Shape::columns>(
        p, strip, place.row + i * Shape::warp_rows, place.column);
  }
}

template <typename Shape, bool a_along_k, bool b_along_k, bool converts>
void launch_tensor_tiles(kernel_context *context, const product &p) {
  int64_t tiles = ceil_div(p.m, Shape::rows) * ceil_div(p.n, Shape::columns);
  launch(context, gemm_tensor_tiles<Shape, a_along_k, b_along_k, converts>,
         dim3(static_cast<unsigned>(tiles), 1, static_cast<unsigned>(p.splits)), Shape::threads,
         Shape::shared_bytes, p);
}

template <typename Shape, bool converts>
void launch_tensor(kernel_context *context, const product &p) {
  if (p.a.along_k && p.b.along_k)
    launch_tensor_tiles<Shape, true, true, converts>(context, p);
  else if (p.a.along_k)
    launch_tensor_tiles<Shape, true, false, converts>(context, p);
  else if (p.b.along_k)
    launch_tensor_tiles<Shape, false, true, converts>(context, p);
  else
    launch_tensor_tiles<Shape, false, false, converts>(context, p);
}

} // namespace plugin

#endif
