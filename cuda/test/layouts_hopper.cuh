// The layouts that Hopper alone has; see layouts.cu.
#ifndef RUNEXP_TEST_LAYOUTS_HOPPER_CUH
#define RUNEXP_TEST_LAYOUTS_HOPPER_CUH

#include <cmath>

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

/// How a is given: held [64, width] or, M-major, [width, 64], or in registers, from the former.
enum place_of_a { a_by_rows, a_by_columns, a_in_registers };

/// out[64, 128] = a b of a [64, width] and b [width, 128], held [128, width] or, N-major, as it is,
/// in boxes whose rows are `width` elements: 64, 32 or 16, by the swizzle.
template <int mode, bool is_n_major, place_of_a a_is>
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
    for (int m = 0; a_is == a_by_columns && m < 64; m += width)
      cp_async_bulk_tensor(boxes + uint32_t(m * width * 2), &a, {m, 0}, mbarrier);
    if (a_is != a_by_columns) cp_async_bulk_tensor(boxes, &a, {0, 0}, mbarrier);
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
  if (a_is == a_in_registers) {
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
    if constexpr (a_is == a_in_registers)
      wgmma<128, is_n_major>(d, fragments[k], b_part, k > 0);
    else if constexpr (a_is == a_by_columns)
      wgmma<128, is_n_major, true>(d,
                                   matrix_descriptor(boxes + 2 * uint32_t(k) * eight_rows,
                                                     uint32_t(width * width * 2), eight_rows,
                                                     pieces),
                                   b_part, k > 0);
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

template <int mode, bool is_n_major, place_of_a a_is> static void test_multiply_boxes() {
  constexpr int width = 8 << mode;
  // Some rows and columns lie outside of the tensors.
  constexpr bool by_columns = a_is == a_by_columns;
  Matrix a(by_columns ? width : 61, by_columns ? 56 : width, by_columns ? width : 64, mode, 1);
  Matrix b(is_n_major ? width : 125, is_n_major ? 120 : width, is_n_major ? width : 128, mode, 2);
  Block<float> out(64 * 128);
  launch(context, multiply_boxes<mode, is_n_major, a_is>, 1, warpgroup_size,
         (64 + 128) * width * 2 + 8, out.device, a.map, b.map);
  bool holds = out.to_host();
  for (int i = 0; i < 64; i++) {
    for (int j = 0; j < 128; j++) {
      float sum = 0;
      for (int k = 0; k < width; k++)
        sum += (by_columns ? a.at(k, i) : a.at(i, k)) * (is_n_major ? b.at(k, j) : b.at(j, k));
      holds &= out.values[size_t(i * 128 + j)] == sum;
    }
  }
  expect(holds, "wgmma multiplies what TMA brings (bytes of a row, N-major, place of a)", width * 2,
         is_n_major, a_is);
}

template <int mode> static void test_boxes_of() {
  test_multiply_boxes<mode, false, a_by_rows>();
  test_multiply_boxes<mode, false, a_by_columns>();
  test_multiply_boxes<mode, false, a_in_registers>();
  test_multiply_boxes<mode, true, a_by_rows>();
  test_multiply_boxes<mode, true, a_by_columns>();
  test_multiply_boxes<mode, true, a_in_registers>();
}

// The same of 8-bit numbers, of which a box's rows have `bytes`. Both operands are K-major.

/// out[64, 128] = a b^T of a [64, bytes] and b [128, bytes]; a in registers comes from fragments
/// [bytes / 32][128 threads][4].
template <int bytes, bool in_registers>
__global__ void __launch_bounds__(warpgroup_size, 1)
    multiply_bytes(float *out, __grid_constant__ const CUtensorMap a,
                   __grid_constant__ const CUtensorMap b, const uint32_t *fragments) {
#if RUNEXP_IS_HOPPER
  uint32_t a_box = shared_address(shared_memory()), b_box = a_box + 64 * bytes;
  uint32_t mbarrier = b_box + 128 * bytes;
  int thread = int(threadIdx.x);
  if (thread == 0) {
    mbarrier_init(mbarrier, 1);
    fence_mbarrier_init();
  }
  __syncthreads();
  if (thread == 0) {
    mbarrier_arrive_expect_tx(mbarrier, (64 + 128) * bytes);
    cp_async_bulk_tensor(a_box, &a, {0, 0}, mbarrier);
    cp_async_bulk_tensor(b_box, &b, {0, 0}, mbarrier);
  }
  wait_for(mbarrier);
  constexpr swizzle pieces = bytes == 128 ? swizzle::bytes_128 : swizzle::bytes_64;
  float d[64];
  uint32_t mine[bytes / 32][4];
#pragma unroll
  for (int i = 0; i < 64; i++) d[i] = 0;
#pragma unroll
  for (int i = 0; i < bytes / 8; i++)
    mine[i / 4][i % 4] = fragments[(i / 4 * warpgroup_size + thread) * 4 + i % 4];
  fence_registers(d);
  wgmma_fence();
#pragma unroll
  for (int k = 0; k < bytes / 32; k++) {
    uint64_t b_part = matrix_descriptor(b_box + 32 * uint32_t(k), 16, 8 * bytes, pieces);
    if constexpr (in_registers)
      wgmma_e4m3<128>(d, mine[k], b_part, k > 0);
    else
      wgmma_e4m3<128>(d, matrix_descriptor(a_box + 32 * uint32_t(k), 16, 8 * bytes, pieces), b_part,
                      k > 0);
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

/// Whole numbers from -4 to 4.
static uint8_t e4m3_of(float value) {
  const uint8_t sizes[] = {0, 0x38, 0x40, 0x44, 0x48};
  return uint8_t(sizes[int(fabsf(value))] | (value < 0 ? 0x80 : 0));
}

template <int bytes, bool in_registers> static void test_multiply_bytes() {
  auto of_a = [](int row, int k) { return number(row * bytes + k, 1); };
  auto of_b = [](int row, int k) { return number(row * bytes + k, 2); };
  Block<uint8_t> a(64 * bytes), b(128 * bytes);
  Block<uint32_t> fragments(warpgroup_size * bytes / 8);
  for (int i = 0; i < 64 * bytes; i++) a.values[size_t(i)] = e4m3_of(number(i, 1));
  for (int i = 0; i < 128 * bytes; i++) b.values[size_t(i)] = e4m3_of(number(i, 2));
  for (int i = 0; i < warpgroup_size * bytes / 8; i++) {
    int thread = i / 4 % warpgroup_size, part = i % 4, k = i / 4 / warpgroup_size * 32;
    int row = thread / 32 * 16 + thread % 32 / 4 + part % 2 * 8;
    for (int byte = 0; byte < 4; byte++) {
      float value = of_a(row, k + thread % 4 * 4 + part / 2 * 16 + byte);
      fragments.values[size_t(i)] |= uint32_t(e4m3_of(value)) << 8 * byte;
    }
  }
  a.to_device(), b.to_device(), fragments.to_device();
  CUtensorMap maps[2];
  for (int i = 0; i < 2; i++) {
    cuuint64_t size[2] = {bytes, i ? 128u : 64u}, stride = bytes;
    cuuint32_t box[2] = {bytes, i ? 128u : 64u}, ones[2] = {1, 1};
    CUresult result = encode(&maps[i], CU_TENSOR_MAP_DATA_TYPE_UINT8, 2, i ? b.device : a.device,
                             size, &stride, box, ones, CU_TENSOR_MAP_INTERLEAVE_NONE,
                             bytes == 128 ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_64B,
                             CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    if (result != CUDA_SUCCESS) expect(false, "a tensor map of bytes can be made", bytes);
  }
  Block<float> out(64 * 128);
  launch(context, multiply_bytes<bytes, in_registers>, 1, warpgroup_size, (64 + 128) * bytes + 8,
         out.device, maps[0], maps[1], fragments.device);
  bool holds = out.to_host();
  for (int i = 0; i < 64; i++) {
    for (int j = 0; j < 128; j++) {
      float sum = 0;
      for (int k = 0; k < bytes; k++) sum += of_a(i, k) * of_b(j, k);
      holds &= out.values[size_t(i * 128 + j)] == sum;
    }
  }
  expect(holds, "wgmma multiplies e4m3 (bytes of a row, a in registers)", bytes, in_registers);
}

__global__ void convert_to_e4m3(uint32_t *out, const float *x, int n) {
#if RUNEXP_IS_HOPPER
  for (int i = int(threadIdx.x); i < n; i += int(blockDim.x))
    out[i] = cvt_rn_satfinite_e4m3x2(x[i], 1);
#endif
}

static void test_convert_to_e4m3() {
  const std::vector<float> numbers = {
      0,        -0.0f,     1,       1.0625f,      1.1875f,       -447,     449,   -INFINITY,
      INFINITY, 0.015625f, 0.0137f, 0.001953125f, 0.0009765625f, 0.00098f, 3e-5f, NAN};
  const std::vector<uint8_t> rounded = {0,    0x80, 0x38, 0x38, 0x3a, 0xfe, 0x7e, 0xfe,
                                        0x7e, 0x08, 0x07, 0x01, 0x00, 0x01, 0x00, 0x7f};
  Block<float> x(numbers.size());
  Block<uint32_t> out(numbers.size());
  x.values = numbers;
  x.to_device();
  launch(context, convert_to_e4m3, 1, 32, 0, out.device, x.device, int(numbers.size()));
  bool holds = out.to_host();
  for (size_t i = 0; i < numbers.size(); i++) holds &= out.values[i] == (0x3800u | rounded[i]);
  expect(holds, "cvt rounds to the nearest e4m3, at most 448");
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
  test_multiply_bytes<64, false>();
  test_multiply_bytes<64, true>();
  test_multiply_bytes<128, false>();
  test_multiply_bytes<128, true>();
  test_convert_to_e4m3();
}

} // namespace plugin

#endif
