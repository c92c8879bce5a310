// What the GPU reaches: multiply-adds per second in registers, and bytes per second read from its
// memory.
#include "entries.cuh"

#include <algorithm>

#include "ptx_hopper.cuh"

namespace plugin {

constexpr int block_threads = 256;
constexpr int warps = block_threads / 32;
constexpr int blocks_each = 4; // per multiprocessor: enough warps to hide an instruction's latency
constexpr int chains = 8;      // of multiply-adds that do not wait for one another
constexpr double duration = 0.05; // seconds to measure over, at least

/// FFMA. The sum leads to memory only where it is a value that it never has.
__global__ void peak_f32(float *sink, int links, float factor) {
  float chain[chains];
  for (int c = 0; c < chains; c++) chain[c] = static_cast<float>(threadIdx.x + c);
  for (int link = 0; link < links; link++) {
#pragma unroll
    for (int c = 0; c < chains; c++) chain[c] = fmaf(chain[c], factor, 1e-6f);
  }
  float sum = 0;
  for (int c = 0; c < chains; c++) sum += chain[c];
  if (sum == -1) *sink = sum;
}

/// Tensor cores by mma.sync, which gives all of their rate on every GPU but Hopper.
__global__ void peak_bf16(float *sink, int links, float factor) {
  float c[chains][4] = {};
  uint32_t pair = cvt_rn_bf16x2(factor, -factor);
  const uint32_t a[4] = {pair, pair, pair, pair}, b[2] = {pair, pair};
  for (int link = 0; link < links; link++) {
#pragma unroll
    for (int chain = 0; chain < chains; chain++) mma_m16n8k16_bf16(c[chain], a, b);
  }
  float sum = 0;
  for (int chain = 0; chain < chains; chain++) sum += c[chain][0] + c[chain][3];
  if (sum == -1) *sink = sum;
}

constexpr int hopper_threads = 2 * warpgroup_size;
constexpr int hopper_rows = 64, hopper_columns = 256, hopper_depth = 64; // of a, of b, of both
constexpr int products_per_link = hopper_depth / 16;
constexpr uint32_t hopper_shared = (hopper_rows + hopper_columns) * hopper_depth * 2;

/// Tensor cores by wgmma: two warpgroups of a multiprocessor multiply the same tiles again and
/// again.
__global__ void __launch_bounds__(hopper_threads, 1)
    peak_wgmma(float *sink, int links, float factor) {
#if RUNEXP_IS_HOPPER
  uint32_t *tiles = reinterpret_cast<uint32_t *>(shared_memory());
  for (uint32_t i = threadIdx.x; i < hopper_shared / 4; i += hopper_threads)
    tiles[i] = cvt_rn_bf16x2(factor, -factor);
  fence_proxy_async();
  __syncthreads();
  constexpr uint32_t row_bytes = hopper_depth * 2;
  uint32_t a = shared_address(tiles), b = a + hopper_rows * row_bytes;
  float d[hopper_columns / 2];
#pragma unroll
  for (int i = 0; i < hopper_columns / 2; i++) d[i] = 0;
#pragma unroll 1
  for (int link = 0; link < links; link++) {
    fence_registers(d);
    wgmma_fence();
#pragma unroll
    for (int k = 0; k < products_per_link; k++) {
      uint64_t of_a = matrix_descriptor(a + 32 * k, 0, 8 * row_bytes, swizzle::bytes_128);
      uint64_t of_b = matrix_descriptor(b + 32 * k, 0, 8 * row_bytes, swizzle::bytes_128);
      wgmma<hopper_columns, false>(d, of_a, of_b, true);
    }
    wgmma_commit_group();
    wgmma_wait_group<0>();
    fence_registers(d);
  }
  float sum = 0;
#pragma unroll
  for (int i = 0; i < hopper_columns / 2; i++) sum += d[i];
  if (sum == -1) *sink = sum;
#endif
}

__global__ void read_all(float *sink, const uint4 *block, int64_t count) {
  uint32_t bits = 0;
  int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.x;
#pragma unroll 4
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += stride) {
    uint4 x = block[i];
    bits |= x.x | x.y | x.z | x.w;
  }
  if (bits == 0x12345678) *sink = 1; // of zeros it never is
}

/// Seconds that what `give` gives takes; negative where something failed.
template <typename Give> static double seconds(kernel_context *context, const Give &give) {
  kernel_event *from = create_event(context), *to = create_event(context);
  double time = -1;
  if (from && to && record_event(context, from)) {
    give();
    if (record_event(context, to)) time = elapsed(context, from, to);
  }
  if (from) destroy_event(context, from);
  if (to) destroy_event(context, to);
  return context->has_failed ? -1 : time;
}

/// Doubles the work until it takes long enough: give(n) does n times `unit`, whose rate this is.
template <typename Give>
static double rate(kernel_context *context, double unit, const Give &give) {
  give(1); // loads the kernel
  for (int n = 1;; n *= 2) {
    double time = seconds(context, [&] { give(n); });
    if (time < 0) return 0;
    if (time >= duration || n >= 1 << 28) return unit * n / time;
  }
}

double measure_peak(kernel_context *context, element_type type) {
  auto *sink = static_cast<float *>(allocate(context, sizeof(float)));
  if (!sink) return 0;
  int64_t processors = context->multiprocessors;
  unsigned blocks = static_cast<unsigned>(processors * blocks_each);
  double result;
  if (type == ELEMENT_F32) {
    result = rate(context, 2.0 * chains * block_threads * blocks, [&](int links) {
      launch(context, peak_f32, blocks, block_threads, 0, sink, links, 0.5f);
    });
  } else if (context->capability / 10 == 9) {
    double product = 2.0 * hopper_rows * hopper_columns * 16 * products_per_link;
    double warpgroups = static_cast<double>(processors) * hopper_threads / warpgroup_size;
    result = rate(context, product * warpgroups, [&](int links) {
      launch(context, peak_wgmma, static_cast<unsigned>(processors), hopper_threads, hopper_shared,
             sink, links, 0.5f);
    });
  } else {
    result = rate(context, 2.0 * 16 * 8 * 16 * chains * warps * blocks, [&](int links) {
      launch(context, peak_bf16, blocks, block_threads, 0, sink, links, 0.5f);
    });
  }
  release(context, sink, sizeof(float));
  return result;
}

double measure_bandwidth(kernel_context *context) {
  // More than any cache holds, but little of what is free.
  int64_t bytes = std::min<int64_t>(1 << 30, memory(context).free / 16) / 256 * 256;
  auto *sink = static_cast<float *>(allocate(context, sizeof(float)));
  auto *block = static_cast<uint4 *>(allocate(context, bytes));
  double result = 0;
  if (sink && block && bytes > 0 && zero(context, block, bytes)) {
    unsigned blocks = static_cast<unsigned>(context->multiprocessors * 8);
    int64_t count = bytes / static_cast<int64_t>(sizeof(uint4));
    result = rate(context, static_cast<double>(bytes), [&](int times) {
      for (int i = 0; i < times; i++)
        launch(context, read_all, blocks, block_threads, 0, sink, block, count);
    });
  }
  if (block) release(context, block, bytes);
  if (sink) release(context, sink, sizeof(float));
  return result;
}

} // namespace plugin
