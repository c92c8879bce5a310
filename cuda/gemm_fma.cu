// The product in f32, by multiply-adds: each thread has 8 x 8 sums (8 x 4 of a small tile) in
// registers and reads 16 (12) numbers from shared memory for them, step by step along k. While 8
// steps are multiplied, the next 8 are on their way from global memory.
#include "gemm_store.cuh"

namespace plugin {

constexpr int fma_depth = 8; // steps of k in a stage

/// `size` rows of op(a) or columns of op(b), by fma_depth, in shared memory by steps of k: element
/// (step, i) is at step * stride + i. Each of 2 * size threads brings 4 neighbours of a line.
template <int size, bool along_k> struct fma_tile {
  static constexpr int stride = size + 4, floats = fma_depth * stride;
  static constexpr int quads = (along_k ? fma_depth : size) / 4; // of a line in memory
  const unsigned char *at;                                       // what the thread reads next
  int64_t advance; // from there to what follows, in bytes
  int left;        // steps of k from there on; none where the line is beyond the operand's end
  int width;       // of the quad, where lines lie across k
  float values[4];

  __device__ __forceinline__ fma_tile(const operand &x, int64_t begin, int64_t extent,
                                      const k_range &range) {
    int line = static_cast<int>(threadIdx.x) / quads,
        first = static_cast<int>(threadIdx.x) % quads * 4;
    int64_t i = begin + (along_k ? line : first);
    int64_t k = range.begin + (along_k ? first : line);
    int bytes = x.is_f32 ? 4 : 2;
    at = static_cast<const unsigned char *>(x.data) +
         (along_k ? i * x.stride + k : k * x.stride + i) * bytes;
    advance = fma_depth * bytes * (along_k ? 1 : x.stride);
    left = i < extent ? static_cast<int>(range.end - k) : 0;
    width = static_cast<int>(min(extent - i, int64_t(4)));
  }

  /// Reads the next 4; 0 beyond the end. Aligned f32 lines have multiples of 4 elements, bf16 ones
  /// of 8.
  __device__ __forceinline__ void fetch(const operand &x) {
    int count = along_k ? left : left > 0 ? width : 0;
    values[0] = values[1] = values[2] = values[3] = 0;
    if (!x.is_aligned) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        if (i >= count) continue;
        values[i] = x.is_f32 ? reinterpret_cast<const float *>(at)[i]
                             : to_float(reinterpret_cast<const bf16 *>(at)[i]);
      }
    } else if (count > 0 && x.is_f32) {
      float4 four = *reinterpret_cast<const float4 *>(at);
      values[0] = four.x, values[1] = four.y, values[2] = four.z, values[3] = four.w;
    } else if (count > 0) {
      uint2 four = *reinterpret_cast<const uint2 *>(at);
      values[0] = low_bf16(four.x), values[1] = high_bf16(four.x);
      values[2] = low_bf16(four.y), values[3] = high_bf16(four.y);
    }
    at += advance;
    left -= fma_depth;
  }

  __device__ __forceinline__ void put(float *to) const {
    int thread = static_cast<int>(threadIdx.x), line = thread / quads, first = thread % quads * 4;
    if (along_k) { // 16 neighbouring lines and 2 quads of a warp are in different banks
#pragma unroll
      for (int i = 0; i < 4; i++) to[(first + i) * stride + line] = values[i];
    } else {
      *reinterpret_cast<float4 *>(to + line * stride + first) =
          make_float4(values[0], values[1], values[2], values[3]);
    }
  }
};

/// Four neighbours in shared memory.
__device__ __forceinline__ void load_four(float *to, const float *from) {
  float4 four = *reinterpret_cast<const float4 *>(from);
  to[0] = four.x, to[1] = four.y, to[2] = four.z, to[3] = four.w;
}

template <int size> struct fma_shape {
  static constexpr int threads = 2 * size;  // 16 across, size / 8 down
  static constexpr int columns = size / 16; // of a thread
  static constexpr int stage_floats = 2 * fma_depth * (size + 4);
  static constexpr int strip_floats = size / 2 * (size + strip_padding);
  static constexpr int shared_bytes =
      4 * (2 * stage_floats > strip_floats ? 2 * stage_floats : strip_floats);
};

/// A thread's rows are 4 in the upper half of the tile and 4 in the lower one, its columns 4 or
/// twice 4, so that what neighbours read at once lies side by side.
template <int size, bool a_along_k, bool b_along_k>
__global__ void __launch_bounds__(fma_shape<size>::threads, size == 128 ? 2 : 4)
    gemm_fma_tiles(product p) {
  using shape = fma_shape<size>;
  constexpr int half = size / 2, columns = shape::columns;
  tile_place place(p, blockIdx.x, size, size);
  k_range range(p);
  float *memory = reinterpret_cast<float *>(shared_memory());
  int steps = static_cast<int>((range.end - range.begin + fma_depth - 1) / fma_depth);
  int across = static_cast<int>(threadIdx.x) % 16 * 4,
      down = static_cast<int>(threadIdx.x) / 16 * 4;
  fma_tile<size, a_along_k> a(p.a, place.row, p.m, range);
  fma_tile<size, b_along_k> b(p.b, place.column, p.n, range);
  float sums[8][columns] = {};

  auto fetch = [&] {
    a.fetch(p.a);
    b.fetch(p.b);
  };
  auto put = [&](float *stage) {
    a.put(stage);
    b.put(stage + a.floats);
  };
  fetch();
  put(memory);
  __syncthreads();
  for (int step = 0; step < steps; step++) {
    if (step + 1 < steps) fetch();
    const float *a_stage = memory + step % 2 * shape::stage_floats, *b_stage = a_stage + a.floats;
#pragma unroll
    for (int k = 0; k < fma_depth; k++) {
      float x[8], y[columns];
      load_four(x, a_stage + k * a.stride + down);
      load_four(x + 4, a_stage + k * a.stride + half + down);
      load_four(y, b_stage + k * b.stride + across);
      if (columns == 8) load_four(y + columns - 4, b_stage + k * b.stride + half + across);
#pragma unroll
      for (int i = 0; i < 8; i++) {
#pragma unroll
        for (int j = 0; j < columns; j++) sums[i][j] = fmaf(x[i], y[j], sums[i][j]);
      }
    }
    // The stage that is written was read a step ago, before the last barrier.
    if (step + 1 < steps) put(memory + (step + 1) % 2 * shape::stage_floats);
    __syncthreads();
  }

  constexpr int stride = size + strip_padding;
#pragma unroll
  for (int part = 0; part < 2; part++) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
      for (int j = 0; j < columns; j += 4) {
        const float *four = sums[part * 4 + i] + j;
        *reinterpret_cast<float4 *>(memory + (down + i) * stride + j / 4 * half + across) =
            make_float4(four[0], four[1], four[2], four[3]);
      }
    }
    __syncthreads();
    store_strip<shape::threads, half, size>(p, memory, place.row + part * half, place.column);
    __syncthreads();
  }
}

template <int size, bool a_along_k, bool b_along_k>
static void launch_fma_tiles(kernel_context *context, const product &p) {
  int64_t tiles = ceil_div(p.m, size) * ceil_div(p.n, size);
  launch(context, gemm_fma_tiles<size, a_along_k, b_along_k>,
         dim3(static_cast<unsigned>(tiles), 1, static_cast<unsigned>(p.splits)),
         fma_shape<size>::threads, fma_shape<size>::shared_bytes, p);
}

template <int size> static void launch_fma(kernel_context *context, const product &p) {
  if (p.a.along_k && p.b.along_k)
    launch_fma_tiles<size, true, true>(context, p);
  else if (p.a.along_k)
    launch_fma_tiles<size, true, false>(context, p);
  else if (p.b.along_k)
    launch_fma_tiles<size, false, true>(context, p);
  else
    launch_fma_tiles<size, false, false>(context, p);
}

void multiply_fma(kernel_context *context, const product &p, bool large) {
  if (large)
    launch_fma<128>(context, p);
  else
    launch_fma<64>(context, p);
}

} // namespace plugin
