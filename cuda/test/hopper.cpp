// Tests of Hopper's instructions in the emulation: products of boxes that TMA has brought, in every
// layout that a descriptor can tell, and the mistakes that a GPU would punish, made on purpose.
#include <vector>

#include "../ptx_hopper.cuh"
#include "test.h"

/// A matrix [rows, columns] of small bf16 numbers in a tensor map whose boxes are [box_rows,
/// width].
struct Matrix {
  Block<uint16_t> numbers;
  int rows, columns;
  CUtensorMap map;

  Matrix(int rows, int columns, int box_rows, int mode, int seed)
      : numbers(size_t(rows) * size_t(columns)), rows(rows), columns(columns) {
    for (int i = 0; i < rows * columns; i++) numbers.data[i] = cvt_rn_bf16(number(i, seed));
    cuuint64_t size[2] = {cuuint64_t(columns), cuuint64_t(rows)}, stride = cuuint64_t(columns) * 2;
    cuuint32_t box[2] = {8u << mode, cuuint32_t(box_rows)}, ones[2] = {1, 1};
    CUresult result = cuTensorMapEncodeTiled(
        &map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2, numbers.data, size, &stride, box, ones,
        CU_TENSOR_MAP_INTERLEAVE_NONE, CUtensorMapSwizzle(mode), CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
        CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    expect(result == CUDA_SUCCESS, "a tensor map can be made");
  }
  static float number(int i, int seed) { return float((i * 7 + seed * (i / 5)) % 9 - 4); }
  /// 0 outside.
  float at(int row, int column) const {
    if (row >= rows || column >= columns) return 0;
    return __uint_as_float(uint32_t(numbers.data[row * columns + column]) << 16);
  }
};

/// out[64, 128] = a b of a [64, width] and b [width, 128], held [128, width] or, N-major, as it is,
/// in boxes whose rows are `width` elements: 64, 32 or 16, by the swizzle.
template <int mode, bool is_n_major, bool a_in_registers>
__global__ void product_of_boxes(float *out, CUtensorMap a, CUtensorMap b) {
  constexpr int width = 8 << mode; // elements of a row, and the k of the product
  uint32_t boxes = shared_address(shared_memory()), b_boxes = boxes + 64 * width * 2;
  uint32_t mbarrier = b_boxes + 128 * width * 2;
  if (threadIdx.x == 0) {
    mbarrier_init(mbarrier, 1);
    fence_mbarrier_init();
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    mbarrier_arrive_expect_tx(mbarrier, (64 + 128) * width * 2);
    cp_async_bulk_tensor(boxes, &a, {0, 0}, mbarrier);
    for (int n = 0; is_n_major && n < 128; n += width)
      cp_async_bulk_tensor(b_boxes + n * width * 2, &b, {n, 0}, mbarrier);
    if (!is_n_major) cp_async_bulk_tensor(b_boxes, &b, {0, 0}, mbarrier);
  }
  mbarrier_try_wait_parity(mbarrier, 0);
  constexpr swizzle modes[] = {swizzle::bytes_32, swizzle::bytes_64, swizzle::bytes_128};
  constexpr swizzle pieces = modes[mode - 1];
  constexpr uint32_t eight_rows = 8 * width * 2;
  float d[64];
  uint32_t fragments[width / 16][4];
  wgmma_fence();
  for (int k = 0; k < width / 16; k++) {
    uint64_t b_part = is_n_major ? matrix_descriptor(b_boxes + 2 * k * eight_rows,
                                                     width * width * 2, eight_rows, pieces)
                                 : matrix_descriptor(b_boxes + 32 * k, 16, eight_rows, pieces);
    if (a_in_registers) {
      int row = threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4, column = k * 16 + threadIdx.x % 4 * 2;
      for (int part = 0; part < 4; part++) {
        uint32_t at = uint32_t((row + part % 2 * 8) * width + column + part / 2 * 8) * 2 + boxes;
        at ^= (at >> 7 & ((1 << mode) - 1)) << 4;
        memcpy(&fragments[k][part], shared_memory() + at, 4);
      }
      wgmma<128, is_n_major>(d, fragments[k], b_part, k > 0);
    } else {
      wgmma<128, is_n_major>(d, matrix_descriptor(boxes + 32 * k, 16, eight_rows, pieces), b_part,
                             k > 0);
    }
  }
  wgmma_commit_group();
  wgmma_wait_group<0>();
  for (int i = 0; i < 64; i++) {
    int row = threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4 + i / 2 % 2 * 8;
    out[row * 128 + i / 4 * 8 + threadIdx.x % 4 * 2 + i % 2] = d[i];
  }
}

template <int mode, bool is_n_major, bool a_in_registers> static void test_product_of_boxes() {
  constexpr int width = 8 << mode;
  // Some rows and columns lie outside of the tensors.
  Matrix a(61, width, 64, mode, 1);
  Matrix b(is_n_major ? width : 125, is_n_major ? 120 : width, is_n_major ? width : 128, mode, 2);
  Block<float> out(64 * 128);
  size_t shared = (64 + 128) * width * 2 + 8;
  std::string text = run(product_of_boxes<mode, is_n_major, a_in_registers>, 1, 128, shared,
                         out.data, a.map, b.map);
  expect(text.empty(), "a product of boxes runs", text);
  bool holds = true;
  for (int i = 0; i < 64; i++) {
    for (int j = 0; j < 128; j++) {
      float sum = 0;
      for (int k = 0; k < width; k++) sum += a.at(i, k) * (is_n_major ? b.at(k, j) : b.at(j, k));
      holds &= out.data[i * 128 + j] == sum;
    }
  }
  char name[80];
  snprintf(name, sizeof name, "TMA and wgmma multiply matrices (%d, %d, %d)", mode, is_n_major,
           a_in_registers);
  expect(holds, name);
}

/// A box of 4 dimensions, there and back, its last part outside.
__global__ void copy_box(CUtensorMap from, CUtensorMap to) {
  uint32_t box = shared_address(shared_memory()), mbarrier = box + 2048;
  if (threadIdx.x == 0) {
    mbarrier_init(mbarrier, 1);
    fence_mbarrier_init();
    mbarrier_arrive_expect_tx(mbarrier, 2048);
    cp_async_bulk_tensor(box, &from, {0, 1, 2, 1}, mbarrier);
    mbarrier_try_wait_parity(mbarrier, 0);
    cp_async_bulk_tensor_store(&to, {0, 1, 2, 1}, box);
    cp_async_bulk_commit_group();
    cp_async_bulk_wait_group_read<0>();
  }
}

static void test_copy_box() {
  constexpr int d = 32, heads = 3, rows = 20, batch = 2; // the box: 32, 1, 32, 1
  Block<uint16_t> from(d * heads * rows * batch), to(d * heads * rows * batch);
  for (size_t i = 0; i < from.count; i++) from.data[i] = uint16_t(i);
  cuuint64_t size[4] = {d, heads, rows, batch};
  cuuint64_t strides[3] = {d * 2, d * heads * 2, d * heads * rows * 2};
  cuuint32_t box[4] = {d, 1, 32, 1}, ones[4] = {1, 1, 1, 1};
  CUtensorMap maps[2];
  for (int i = 0; i < 2; i++)
    cuTensorMapEncodeTiled(&maps[i], CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 4, i ? to.data : from.data,
                           size, strides, box, ones, CU_TENSOR_MAP_INTERLEAVE_NONE,
                           CU_TENSOR_MAP_SWIZZLE_64B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                           CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  std::string text = run(copy_box, 1, 32, 2056, maps[0], maps[1]);
  expect(text.empty(), "a box is copied", text);
  bool holds = true;
  for (int i = 0; i < d * heads * rows * batch; i++) {
    bool is_inside =
        i / d % heads == 1 && i / (d * heads) % rows >= 2 && i / (d * heads * rows) == 1;
    holds &= to.data[i] == (is_inside ? from.data[i] : 0xffff);
  }
  expect(holds, "a box there and back is the same, and nothing else is written");
}

enum mistake {
  none,
  no_wait_for_bytes,
  no_wait_for_product,
  no_wait_for_consumer,
  early_arrival,
  no_fence,
  wrong_parity,
  too_few_bytes,
  not_initialised,
  no_fence_of_init,
  wrong_step,
  registers_change,
  accumulators_change,
  too_many_registers,
};

/// out[64, 64] = a [64, 64 steps] times the transpose of b [64, 64 steps], by a warpgroup that is
/// fed by another through a ring of two stages.
template <int wrong>
__global__ void fed_product(float *out, CUtensorMap a, CUtensorMap b, int steps) {
  constexpr uint32_t box = 64 * 64 * 2;
  uint32_t stages = shared_address(shared_memory()), full = stages + 4 * box, empty = full + 16;
  if (threadIdx.x == 0) {
    for (uint32_t stage = 0; stage < 2 && wrong != not_initialised; stage++) {
      mbarrier_init(full + 8 * stage, 1);
      mbarrier_init(empty + 8 * stage, 4);
    }
    if (wrong != no_fence_of_init) fence_mbarrier_init();
  }
  __syncthreads();
  if (threadIdx.x >= 128) {
    if (wrong != too_many_registers) setmaxnreg_dec<24>();
    if (threadIdx.x != 128) return;
    for (int step = 0; step < steps; step++) {
      uint32_t stage = uint32_t(step % 2), turn = uint32_t(step / 2), to = stages + stage * 2 * box;
      if (wrong != no_wait_for_consumer) mbarrier_try_wait_parity(empty + 8 * stage, ~turn & 1);
      mbarrier_arrive_expect_tx(full + 8 * stage, wrong == too_few_bytes ? box : 2 * box);
      cp_async_bulk_tensor(to, &a, {step * 64, 0}, full + 8 * stage);
      cp_async_bulk_tensor(to + box, &b, {step * 64, 0}, full + 8 * stage);
    }
    return;
  }
  setmaxnreg_inc<
      240>(); // from the 168 of 384 threads; the 8 warps beside this one have given up theirs
  float d[32];
  uint32_t fragment[4] = {};
  for (int step = 0; step < steps; step++) {
    uint32_t stage = uint32_t(step % 2), turn = uint32_t(step / 2), at = stages + stage * 2 * box;
    if (wrong != no_wait_for_bytes)
      mbarrier_try_wait_parity(full + 8 * stage, (wrong == wrong_parity ? ~turn : turn) & 1);
    if (wrong != no_fence) wgmma_fence();
    for (uint32_t k = 0; k < 4; k++) {
      uint32_t part = (wrong == wrong_step ? 16 : 32) * k;
      wgmma<64, false>(d, matrix_descriptor(at + part, 16, 1024, swizzle::bytes_128),
                       matrix_descriptor(at + box + part, 16, 1024, swizzle::bytes_128),
                       step > 0 || k > 0);
    }
    if (wrong == registers_change)
      wgmma<64, false>(d, fragment, matrix_descriptor(at, 16, 1024, swizzle::bytes_128), true);
    wgmma_commit_group();
    if (wrong == registers_change) fragment[0] = uint32_t(step + 1);
    if (wrong == accumulators_change) d[0] = 0;
    if (wrong == early_arrival && threadIdx.x % 32 == 0) mbarrier_arrive(empty + 8 * stage);
    if (wrong != no_wait_for_product || step + 1 < steps) wgmma_wait_group<0>();
    if (wrong != early_arrival && threadIdx.x % 32 == 0) mbarrier_arrive(empty + 8 * stage);
  }
  for (int i = 0; i < 32; i++) {
    int row = threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4 + i / 2 % 2 * 8;
    out[row * 64 + i / 4 * 8 + threadIdx.x % 4 * 2 + i % 2] = d[i];
  }
}

/// Runs it; "" where the result is right, else what was said, or "wrong".
template <int wrong> static std::string fed_product_says() {
  constexpr int steps = 5;
  Matrix a(64, 64 * steps, 64, 3, 1), b(64, 64 * steps, 64, 3, 2);
  Block<float> out(64 * 64);
  std::string text =
      run(fed_product<wrong>, 1, 384, 4 * 64 * 64 * 2 + 32, out.data, a.map, b.map, steps);
  bool holds = true;
  for (int i = 0; i < 64; i++) {
    for (int j = 0; j < 64; j++) {
      float sum = 0;
      for (int k = 0; k < 64 * steps; k++) sum += a.at(i, k) * b.at(j, k);
      holds &= out.data[i * 64 + j] == sum;
    }
  }
  return !text.empty() ? text : holds ? "" : "wrong";
}

static std::vector<std::string> said(too_many_registers + 1);

template <int wrong> static void make_mistake() {
  std::string text = fed_product_says<wrong>();
  if (!text.empty()) said[wrong] += text + "; ";
}

void test_hopper() {
  test_product_of_boxes<3, false, false>();
  test_product_of_boxes<3, true, false>();
  test_product_of_boxes<3, true, true>();
  test_product_of_boxes<2, false, false>();
  test_product_of_boxes<2, true, true>();
  test_product_of_boxes<1, false, true>();
  test_product_of_boxes<1, true, false>();
  test_copy_box();
  test_proxies();
  std::string text = fed_product_says<none>();
  expect(text.empty(), "a ring of stages feeds a warpgroup", text);
  make_mistake<no_wait_for_bytes>();
  make_mistake<no_wait_for_product>();
  make_mistake<no_wait_for_consumer>();
  make_mistake<early_arrival>();
  make_mistake<no_fence>();
  make_mistake<wrong_parity>();
  make_mistake<too_few_bytes>();
  make_mistake<not_initialised>();
  make_mistake<no_fence_of_init>();
  make_mistake<wrong_step>();
  make_mistake<registers_change>();
  make_mistake<accumulators_change>();
  make_mistake<too_many_registers>();
}

void expect_hopper_mistakes_caught() {
  auto caught = [](mistake which, const char *how, const char *what) {
    expect(has(said[which], how), what, said[which]);
  };
  caught(no_wait_for_bytes, "; ", "a missing wait for TMA shows");
  caught(no_wait_for_product, "wrong", "a missing wait for wgmma shows");
  caught(no_wait_for_consumer, "; ", "a stage that is filled too early shows");
  caught(early_arrival, "wrong", "a stage that is given back before wgmma has read it shows");
  caught(no_fence, "no wgmma.fence", "a missing wgmma.fence is reported");
  caught(wrong_parity, "; ", "a wait for the wrong phase shows");
  caught(too_few_bytes, "; ", "bytes that nobody expects show");
  caught(not_initialised, "is not initialised", "an mbarrier without its init is reported");
  caught(no_fence_of_init, "no fence.mbarrier_init", "an mbarrier without its fence is reported");
  caught(wrong_step, "wrong", "a descriptor's wrong step shows");
  caught(registers_change, "registers of A were changed", "A's registers are held to");
  caught(accumulators_change, "accumulators were changed", "accumulators are held to");
  caught(too_many_registers, "setmaxnreg.inc", "the budget of registers is held to");
}
