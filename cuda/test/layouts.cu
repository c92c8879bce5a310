// Whether a chip lays out fragments, and shuffles boxes in shared memory, as the emulation and the
// kernels have it: small exact numbers through each instruction, against loops on the host. The
// same program runs on a GPU (make layouts) and over the emulation (make test).
#include "layouts_hopper.cuh"

namespace plugin {

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

static int run() {
  setvbuf(stdout, nullptr, _IOLBF, 0); // so that what is said stays said, should a kernel hang
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
