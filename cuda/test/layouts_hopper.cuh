// The layouts that Hopper alone has; see layouts.cu.
#ifndef RUNEXP_TEST_LAYOUTS_HOPPER_CUH
#define RUNEXP_TEST_LAYOUTS_HOPPER_CUH

#include "../ptx_hopper.cuh"
#include "exact.cuh"

namespace plugin {

// Hopper: boxes that TMA brings, multiplied by wgmma, in every layout that a descriptor can tell.

static decltype(&cuTensorMapEncodeTiled) encode;

/// A matrix [rows, columns] of small numbers in a tensor map whose boxes are [box_rows, 8 << mode].
struct Matrix {
  Block<uint16_t> numbers;
  int rows, columns, seed;
  CUtensorMap map;

  Matrix(int rows, int columns, int box_rows, int mode, int seed)
      : numbers(size_t(rows * columns)), rows(rows), columns(columns), seed(seed) {
    for (int i = 0; i < rows * columns; i++) numbers.values[size_t(i)] = bits_of(number(i, seed));
    numbers.to_device();
    cuuint64_t size[2] = {cuuint64_t(columns), cuuint64_t(rows)}, stride = cuuint64_t(columns) * 2;
    cuuint32_t box[2] = {8u << mode, cuuint32_t(box_rows)}, ones[2] = {1, 1};
    CUresult result =
        encode(&map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2, numbers.device, size, &stride, box, ones,
               CU_TENSOR_MAP_INTERLEAVE_NONE, CUtensorMapSwizzle(mode),
               CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    if (result != CUDA_SUCCESS) expect(false, "a tensor map can be made", rows, columns, mode);
  }
  /// 0 outside.
  float at(int row, int column) const {
    return row < rows && column < columns ? number(row * columns + column, seed) : 0;
  }
};

__device__ static void wait_for(uint32_t mbarrier) {
  while (!mbarrier_try_wait_parity(mbarrier, 0)) {
  }
}

/// out[64, 128] = a b of a [64, width] and b [width, 128], held [128, width] or, N-major, as it is,
/// in boxes whose rows are `width` elements: 64, 32 or 16, by the swizzle.
template <int mode, bool is_n_major, bool a_in_registers>
__global__ void __launch_bounds__(warpgroup_size, 1)
    multiply_boxes(float *out, __grid_constant__ const CUtensorMap a,
                   __grid_constant__ const CUtensorMap b) {
#if RUNEXP_IS_HOPPER
  constexpr int width = 8 << mode;
  uint32_t boxes = shared_address(shared_memory()), b_boxes = boxes + 64 * width * 2;
  uint32_t mbarrier = b_boxes + 128 * width * 2;
  int thread = int(threadIdx.x);
  if (thread == 0) {
    mbarrier_init(mbarrier, 1);
    fence_mbarrier_init();
  }
  __syncthreads();
  if (thread == 0) {
    mbarrier_arrive_expect_tx(mbarrier, (64 + 128) * width * 2);
    cp_async_bulk_tensor(boxes, &a, {0, 0}, mbarrier);
    for (int n = 0; is_n_major && n < 128; n += width)
      cp_async_bulk_tensor(b_boxes + uint32_t(n * width * 2), &b, {n, 0}, mbarrier);
    if (!is_n_major) cp_async_bulk_tensor(b_boxes, &b, {0, 0}, mbarrier);
  }
  wait_for(mbarrier);
  constexpr swizzle modes[] = {swizzle::bytes_32, swizzle::bytes_64, swizzle::bytes_128};
  constexpr swizzle pieces = modes[mode - 1];
  constexpr uint32_t eight_rows = 8 * width * 2;
  float d[64];
  uint32_t fragments[width / 16][4];
#pragma unroll
  for (int i = 0; i < 64; i++) d[i] = 0;
  if (a_in_registers) {
#pragma unroll
    for (int k = 0; k < width / 16; k++) {
#pragma unroll
      for (int part = 0; part < 4; part++) {
        int row = thread / 32 * 16 + thread % 32 / 4 + part % 2 * 8;
        int column = k * 16 + thread % 4 * 2 + part / 2 * 8;
        uint32_t at = uint32_t(row * width + column) * 2;
        at ^= (at >> 7 & ((1 << mode) - 1)) << 4;
        fragments[k][part] = *reinterpret_cast<const uint32_t *>(shared_memory() + at);
      }
    }
  }
  fence_registers(d);
  wgmma_fence();
#pragma unroll
  for (int k = 0; k < width / 16; k++) {
    uint64_t b_part = is_n_major
                          ? matrix_descriptor(b_boxes + 2 * uint32_t(k) * eight_rows,
                                              uint32_t(width * width * 2), eight_rows, pieces)
                          : matrix_descriptor(b_boxes + 32 * uint32_t(k), 16, eight_rows, pieces);
    if constexpr (a_in_registers)
      wgmma<128, is_n_major>(d, fragments[k], b_part, k > 0);
    else
      wgmma<128, is_n_major>(d, matrix_descriptor(boxes + 32 * uint32_t(k), 16, eight_rows, pieces),
                             b_part, k > 0);
  }
  wgmma_commit_group();
  wgmma_wait_group<0>();
  fence_registers(d);
#pragma unroll
  for (int i = 0; i < 64; i++) {
    int row = thread / 32 * 16 + thread % 32 / 4 + i / 2 % 2 * 8;
    out[row * 128 + i / 4 * 8 + thread % 4 * 2 + i % 2] = d[i];
  }
#endif
}

template <int mode, bool is_n_major, bool a_in_registers> static void test_multiply_boxes() {
  constexpr int width = 8 << mode;
  // Some rows and columns lie outside of the tensors.
  Matrix a(61, width, 64, mode, 1);
  Matrix b(is_n_major ? width : 125, is_n_major ? 120 : width, is_n_major ? width : 128, mode, 2);
  Block<float> out(64 * 128);
  launch(context, multiply_boxes<mode, is_n_major, a_in_registers>, 1, warpgroup_size,
         (64 + 128) * width * 2 + 8, out.device, a.map, b.map);
  bool holds = out.to_host();
  for (int i = 0; i < 64; i++) {
    for (int j = 0; j < 128; j++) {
      float sum = 0;
      for (int k = 0; k < width; k++) sum += a.at(i, k) * (is_n_major ? b.at(k, j) : b.at(j, k));
      holds &= out.values[size_t(i * 128 + j)] == sum;
    }
  }
  expect(holds, "wgmma multiplies what TMA brings (bytes of a row, N-major, a in registers)",
         width * 2, is_n_major, a_in_registers);
}

template <int mode> static void test_boxes_of() {
  test_multiply_boxes<mode, false, false>();
  test_multiply_boxes<mode, false, true>();
  test_multiply_boxes<mode, true, false>();
  test_multiply_boxes<mode, true, true>();
}

static void test_hopper() {
  void *found = nullptr;
  cudaDriverEntryPointQueryResult result;
  if (cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000, cudaEnableDefault,
                                       &result) != cudaSuccess)
    return expect(false, "the driver makes tensor maps");
  encode = reinterpret_cast<decltype(encode)>(found);
  test_boxes_of<1>();
  test_boxes_of<2>();
  test_boxes_of<3>();
}

} // namespace plugin

#endif
