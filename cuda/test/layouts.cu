// Whether a chip lays out fragments, and shuffles boxes in shared memory, as the emulation and the
// kernels have it: small exact numbers through each instruction, against loops on the host. The
// same program runs on a GPU (make layouts) and over the emulation (make test).
#include <cstdio>
#include <cstring>
#include <vector>

#include "../entries.cuh"
#include "../ptx_hopper.cuh"

namespace plugin {

static kernel_context *context;
static int failures = 0;

static void expect(bool holds, const char *what, int first = 0, int second = 0, int third = 0) {
  printf("%s: %s (%d, %d, %d)\n", holds ? "ok" : "NOT SO", what, first, second, third);
  failures += !holds;
}

/// Memory of the device, and what it holds on the host.
template <typename T> struct Block {
  std::vector<T> values;
  T *device;
  explicit Block(size_t count)
      : values(count), device(static_cast<T *>(allocate(context, int64_t(count * sizeof(T))))) {}
  ~Block() { release(context, device, int64_t(values.size() * sizeof(T))); }
  void to_device() { upload(context, device, values.data(), int64_t(values.size() * sizeof(T))); }
  bool to_host() {
    return download(context, values.data(), device, int64_t(values.size() * sizeof(T)));
  }
};

/// Small whole numbers, whose products and sums are exact.
static float number(int i, int seed) { return float((i * 7 + seed * (i / 5)) % 9 - 4); }

/// A float that bf16 holds.
static uint16_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return uint16_t(bits >> 16);
}

static float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

// ldmatrix: 32 rows of 8 elements, whose element (row, column) is 8 row + column.

__global__ void load_matrices(uint32_t *out) {
  uint16_t *shared = reinterpret_cast<uint16_t *>(shared_memory());
  int lane = int(threadIdx.x);
  for (int c = 0; c < 8; c++) shared[lane * 8 + c] = uint16_t(lane * 8 + c);
  __syncthreads();
  uint32_t row = shared_address(shared) + uint32_t(lane) * 16, four[4], two[2];
  ldmatrix_x4(four, row);
  for (int i = 0; i < 4; i++) out[lane * 12 + i] = four[i];
  ldmatrix_x4_trans(four, row);
  for (int i = 0; i < 4; i++) out[lane * 12 + 4 + i] = four[i];
  ldmatrix_x2(two, row);
  for (int i = 0; i < 2; i++) out[lane * 12 + 8 + i] = two[i];
  ldmatrix_x2_trans(two, row);
  for (int i = 0; i < 2; i++) out[lane * 12 + 10 + i] = two[i];
}

static void test_load_matrices() {
  Block<uint32_t> out(32 * 12);
  launch(context, load_matrices, 1, 32, 512, out.device);
  bool holds = out.to_host();
  for (int lane = 0; lane < 32; lane++) {
    for (int i = 0; i < 12; i++) {
      bool is_transposed = (i >= 4 && i < 8) || i >= 10;
      int matrix = i < 8 ? i % 4 : i % 2, group = lane / 4, pair = lane % 4 * 2;
      uint32_t expected = 0;
      for (int half = 0; half < 2; half++) {
        int row = is_transposed ? pair + half : group, column = is_transposed ? group : pair + half;
        expected |= uint32_t((matrix * 8 + row) * 8 + column) << 16 * half;
      }
      holds &= out.values[size_t(lane * 12 + i)] == expected;
    }
  }
  expect(holds, "ldmatrix gives each lane its elements");
}

// mma.sync: out[16, 8] = a[16, 16] b[16, 8].

__global__ void multiply_fragments(float *out, const uint16_t *a, const uint16_t *b) {
  int lane = int(threadIdx.x), g = lane / 4, t = lane % 4 * 2;
  auto pair = [](uint16_t low, uint16_t high) { return uint32_t(low) | uint32_t(high) << 16; };
  uint32_t of_a[4], of_b[2];
  for (int i = 0; i < 4; i++) {
    int at = (g + i % 2 * 8) * 16 + t + i / 2 * 8;
    of_a[i] = pair(a[at], a[at + 1]);
  }
  for (int i = 0; i < 2; i++) of_b[i] = pair(b[(t + 8 * i) * 8 + g], b[(t + 8 * i + 1) * 8 + g]);
  float c[4] = {1, 1, 1, 1};
  mma_m16n8k16_bf16(c, of_a, of_b);
  for (int i = 0; i < 4; i++) out[(g + i / 2 * 8) * 8 + t + i % 2] = c[i];
}

static void test_multiply_fragments() {
  Block<uint16_t> a(256), b(128);
  Block<float> out(128);
  for (int i = 0; i < 256; i++) a.values[size_t(i)] = bits_of(number(i, 1));
  for (int i = 0; i < 128; i++) b.values[size_t(i)] = bits_of(number(i, 2));
  a.to_device(), b.to_device();
  launch(context, multiply_fragments, 1, 32, 0, out.device, a.device, b.device);
  bool holds = out.to_host();
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < 8; j++) {
      float sum = 1;
      for (int k = 0; k < 16; k++) sum += number(i * 16 + k, 1) * number(k * 8 + j, 2);
      holds &= out.values[size_t(i * 8 + j)] == sum;
    }
  }
  expect(holds, "mma.sync multiplies fragments");
}

// Numbers, at their edges.

__global__ void convert_numbers(uint32_t *out, const float *x, int n) {
  for (int i = int(threadIdx.x); i < n; i += int(blockDim.x)) {
    out[3 * i] = cvt_rn_bf16(x[i]);
    out[3 * i + 1] = cvt_rn_bf16x2(x[i], 1);
    out[3 * i + 2] = __float_as_uint(ex2_approx(x[i]));
  }
}

static void test_convert_numbers() {
  const std::vector<float> numbers = {0,
                                      -0.0f,
                                      1,
                                      -2.5f,
                                      1.00390625f,
                                      1.01171875f,
                                      3.3895314e38f,
                                      -INFINITY,
                                      INFINITY,
                                      float_of(0x7fc12345),
                                      -126,
                                      10};
  const std::vector<uint32_t> rounded = {0,      0x8000, 0x3f80, 0xc020, 0x3f80, 0x3f82,
                                         0x7f7f, 0xff80, 0x7f80, 0x7fff, 0xc2fc, 0x4120};
  Block<float> x(numbers.size());
  Block<uint32_t> out(3 * numbers.size());
  x.values = numbers;
  x.to_device();
  launch(context, convert_numbers, 1, 32, 0, out.device, x.device, int(numbers.size()));
  bool rounds = out.to_host(), raises = rounds;
  for (size_t i = 0; i < numbers.size(); i++) {
    rounds &= out.values[3 * i] == rounded[i];
    rounds &= out.values[3 * i + 1] == (rounded[i] | 0x3f800000u);
    float power = float_of(out.values[3 * i + 2]), expected = exp2f(numbers[i]);
    raises &= numbers[i] != numbers[i] ? power != power
                                       : power == expected || fabsf(power / expected - 1) < 3e-7f;
  }
  expect(rounds, "cvt rounds to nearest even, and NaN to 0x7fff");
  expect(raises, "ex2 has its accuracy, and its edges");
}

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

static int run() {
  char text[512];
  device_options options = {1, 0};
  context = create(&options, text, sizeof text);
  if (!context) return printf("error: %s\n", text), 1;
  describe(context, text, sizeof text);
  printf("%s\n", text);
  test_load_matrices();
  test_multiply_fragments();
  test_convert_numbers();
  if (context->capability == 90)
    test_hopper();
  else
    printf("Hopper's instructions are not on this GPU\n");
  if (context->has_failed) printf("error: %s\n", context->failure);
  failures += context->has_failed;
  destroy(context);
  return failures != 0;
}

} // namespace plugin

int main() { return plugin::run(); }
