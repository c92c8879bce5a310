// Tests of the proxies in the emulation: what threads store in shared memory, bulk copies and wgmma
// see after a fence alone (PTX ISA, section 8.6).
#include "../ptx_hopper.cuh"
#include "test.h"

/// Tiles that threads store themselves, to be multiplied and then copied to memory.
template <bool fences_product, bool fences_copy>
__global__ void stored_tiles(float *out, CUtensorMap map) {
  uint32_t *tile = reinterpret_cast<uint32_t *>(shared_memory());
  auto fill = [&](uint32_t pair, bool fences) {
    for (int i = threadIdx.x; i < 64 * 64 / 2; i += 128) tile[i] = pair;
    if (fences) fence_proxy_async();
    __syncthreads();
  };
  fill(0x3f803f80, fences_product); // of ones
  uint64_t part = matrix_descriptor(shared_address(tile), 16, 1024, swizzle::bytes_128);
  float d[32];
  wgmma_fence();
  wgmma<64, false>(d, part, part, false);
  wgmma_commit_group();
  wgmma_wait_group<0>();
  out[threadIdx.x] = d[threadIdx.x % 32];
  fill(0x40004000, fences_copy); // of twos
  if (threadIdx.x > 0) return;
  cp_async_bulk_tensor_store(&map, {0, 0, 0, 0}, shared_address(tile));
  cp_async_bulk_commit_group();
  cp_async_bulk_wait_group_read<0>();
}

/// The same of 8-bit operands.
template <bool fences> __global__ void stored_bytes(float *out) {
  uint32_t *tile = reinterpret_cast<uint32_t *>(shared_memory());
  for (int i = threadIdx.x; i < 64 * 64 / 4; i += 128) tile[i] = 0x38383838; // ones
  if (fences) fence_proxy_async();
  __syncthreads();
  uint64_t part = matrix_descriptor(shared_address(tile), 16, 512, swizzle::bytes_64);
  float d[32];
  wgmma_fence();
  wgmma_e4m3<64>(d, part, part, false);
  wgmma_commit_group();
  wgmma_wait_group<0>();
  out[threadIdx.x] = d[threadIdx.x % 32];
}

void test_proxies() {
  Block<float> out(128);
  Block<uint16_t> to(64 * 64);
  cuuint64_t size[4] = {64, 1, 64, 1}, strides[3] = {128, 128, 64 * 128};
  cuuint32_t box[4] = {64, 1, 64, 1}, ones[4] = {1, 1, 1, 1};
  CUtensorMap map;
  cuTensorMapEncodeTiled(&map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 4, to.data, size, strides, box,
                         ones, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                         CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  std::string text = run(stored_tiles<true, true>, 1, 128, 8192, out.data, map);
  bool holds = text.empty();
  for (size_t i = 0; i < out.count; i++) holds &= out.data[i] == 16;
  for (size_t i = 0; i < to.count; i++) holds &= to.data[i] == 0x4000;
  expect(holds, "what threads have stored is multiplied and copied after a fence", text);
  text = run(stored_tiles<false, true>, 1, 128, 8192, out.data, map);
  expect(has(text, "wgmma: no fence.proxy.async"), "and reported without one", text);
  text = run(stored_bytes<true>, 1, 128, 4096, out.data);
  holds = text.empty();
  for (size_t i = 0; i < out.count; i++) holds &= out.data[i] == 32;
  expect(holds, "8-bit numbers are multiplied after a fence", text);
  text = run(stored_bytes<false>, 1, 128, 4096, out.data);
  expect(has(text, "wgmma: no fence.proxy.async"), "and reported without one", text);
  text = run(stored_tiles<true, false>, 1, 128, 8192, out.data, map);
  expect(has(text, "(a store): no fence.proxy.async"), "by the copy too", text);
}
