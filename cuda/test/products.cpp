// Matrix products of a plugin against sums in double: sizes at the edges of tiles and of memory,
// types, transpositions, addresses that are not aligned, k in parts; each twice, for the same bits.
//   products PLUGIN          on a GPU, or by the emulation, with the library of products that there
// is
//   products PLUGIN FAKE     also by the fake library, which is the emulation's
#include <filesystem>
#include <functional>

#include <unistd.h>

#include "plugin.h"

static int done = 0;

/// A matrix of the device, some elements into its block, with what it holds.
struct matrix {
  element_type type;
  int64_t shift, count;
  std::vector<float> values;
  char *block;

  matrix(element_type type, int64_t count, int64_t shift, std::mt19937 &dice)
      : type(type), shift(shift), count(count), values(size_t(count)) {
    std::normal_distribution<float> normal;
    for (float &x : values) {
      x = normal(dice);
      if (type == ELEMENT_BF16) x = float_of_bf16(bf16_of_float(x));
    }
    block = static_cast<char *>(table->allocate(context, bytes()));
    upload();
  }
  ~matrix() { table->release(context, block, bytes()); }

  int64_t size() const { return type == ELEMENT_F32 ? 4 : 2; }
  int64_t bytes() const { return (shift + count) * size(); }
  char *data() const { return block + shift * size(); }

  /// The block, filled with 7 before the matrix.
  std::vector<char> image() const {
    std::vector<char> host(size_t(bytes()), 7);
    for (int64_t i = 0; i < count; i++) {
      char *to = host.data() + (shift + i) * size();
      uint16_t narrow = bf16_of_float(values[size_t(i)]);
      if (type == ELEMENT_F32)
        memcpy(to, &values[size_t(i)], 4);
      else
        memcpy(to, &narrow, 2);
    }
    return host;
  }
  void upload() const {
    std::vector<char> host = image();
    if (!host.empty()) table->upload(context, block, host.data(), bytes());
  }
  std::vector<char> download() const {
    std::vector<char> host(static_cast<size_t>(bytes()));
    if (!host.empty()) table->download(context, host.data(), block, bytes());
    return host;
  }
};

struct product_case {
  int64_t m, n, k;
  bool a_transposed, b_transposed;
  element_type a, b, c, compute;
  bool accumulate, bias;
  int64_t shift; // of all matrices, in elements

  std::string name() const {
    auto word = [](element_type t) { return t == ELEMENT_F32 ? "f32" : "bf16"; };
    char text[200];
    snprintf(text, sizeof text,
             "[%lld, %lld] x [%lld, %lld]%s%s, %s x %s -> %s by %s%s%s, shift %lld", (long long)m,
             (long long)k, (long long)k, (long long)n, a_transposed ? ", a^T" : "",
             b_transposed ? ", b^T" : "", word(a), word(b), word(c), word(compute),
             accumulate ? ", added" : "", bias ? ", bias" : "", (long long)shift);
    return text;
  }
};

static void wrong(const product_case &p, const char *what, double how = 0) {
  failures++;
  printf("%s: %s (%g)\n", p.name().c_str(), what, how);
}

/// What is in c's block after the product.
static std::vector<char> multiply(struct gemm call, const matrix &c) {
  c.upload();
  int64_t bytes = table->gemm_workspace(context, &call);
  call.workspace = bytes > 0 ? table->allocate(context, bytes) : nullptr;
  table->gemm(context, &call);
  if (call.workspace) table->release(context, call.workspace, bytes);
  return c.download();
}

static void run(const product_case &p, std::mt19937 &dice) {
  matrix a(p.a, p.m * p.k, p.shift, dice), b(p.b, p.k * p.n, p.shift, dice);
  matrix c(p.c, p.m * p.n, p.shift, dice), bias(ELEMENT_F32, p.n, 0, dice);
  struct gemm call = {};
  call.c = c.data(), call.a = a.data(), call.b = b.data();
  call.bias = p.bias ? reinterpret_cast<float *>(bias.data()) : nullptr;
  call.m = p.m, call.n = p.n, call.k = p.k;
  call.a_transposed = p.a_transposed, call.b_transposed = p.b_transposed;
  call.accumulate = p.accumulate;
  call.a_type = p.a, call.b_type = p.b, call.c_type = p.c, call.compute = p.compute;
  char reason[100];
  if (!table->supports_gemm(context, &call, reason, sizeof reason)) return wrong(p, reason);
  std::vector<char> first = multiply(call, c), second = multiply(call, c);
  done++;
  if (const char *error = table->error(context)) {
    printf("%s: %s\n", p.name().c_str(), error);
    exit(1);
  }
  if (first != second) wrong(p, "other bits the second time");
  for (int64_t i = 0; i < p.shift * c.size(); i++)
    if (first[size_t(i)] != 7) return wrong(p, "something was written before c");
  double worst = 0;
  bool rounds = p.compute == ELEMENT_BF16;
  for (int64_t i = 0; i < p.m; i++) {
    for (int64_t j = 0; j < p.n; j++) {
      double sum = 0, size = 0;
      for (int64_t k = 0; k < p.k; k++) {
        float x = a.values[size_t(p.a_transposed ? k * p.m + i : i * p.k + k)];
        float y = b.values[size_t(p.b_transposed ? j * p.k + k : k * p.n + j)];
        if (rounds) x = float_of_bf16(bf16_of_float(x)), y = float_of_bf16(bf16_of_float(y));
        sum += double(x) * double(y);
        size += fabs(double(x) * double(y));
      }
      if (p.bias) sum += double(bias.values[size_t(j)]);
      if (p.accumulate) sum += double(c.values[size_t(i * p.n + j)]);
      const char *at = first.data() + (p.shift + i * p.n + j) * c.size();
      float found;
      uint16_t narrow;
      memcpy(&narrow, at, 2);
      if (p.c == ELEMENT_F32)
        memcpy(&found, at, 4);
      else
        found = float_of_bf16(narrow);
      double allowed =
          1e-6 * (size + fabs(sum)) + (p.c == ELEMENT_BF16 ? fabs(sum) / 256 : 0) + 1e-30;
      double error = fabs(double(found) - sum) / allowed;
      if (!(error <= worst)) worst = error;
    }
  }
  if (!(worst <= 1)) wrong(p, "off by so many times what is allowed", worst);
}

/// Every case of a size: all transpositions, with types, bias and addresses by dice.
static void run_all(int64_t m, int64_t n, int64_t k, std::mt19937 &dice) {
  for (bool a : {false, true}) {
    for (bool b : {false, true}) {
      for (element_type compute : {ELEMENT_F32, ELEMENT_BF16}) {
        int one = static_cast<int>(dice() % 8);
        for (int types = 0; types < 8; types++) {
          // By f32, operands of bf16 are rare; of large products, one.
          if (compute == ELEMENT_F32 && types % 4 != 0 && dice() % 3 != 0) continue;
          if (m * n * k > 1000000 && types != one) continue;
          auto type = [&](int bit) { return types >> bit & 1 ? ELEMENT_BF16 : ELEMENT_F32; };
          unsigned way = dice() % 3; // plain, added, with bias
          product_case p = {m,       n,       k,       a,        b,        type(0),
                            type(1), type(2), compute, way == 1, way == 2, dice() % 5 == 0 ? 1 : 0};
          run(p, dice);
        }
      }
    }
  }
}

static void check(const char *library) {
  if (library)
    setenv("RUNEXP_CUBLASLT", library, 1);
  else
    unsetenv("RUNEXP_CUBLASLT");
  context = open_context();
  std::mt19937 dice(5);
  done = 0;
  const int64_t sizes[][3] = {
      {0, 3, 4},       {3, 5, 0},       {1, 1, 1},       {1, 65, 128},     {1, 258, 1032},
      {2, 33, 40},     {4, 300, 24},    {8, 131, 300},   {5, 70, 33},      {8, 35, 456},
      {300, 1, 65},    {70, 1, 600},    {3, 48, 1600},   {9, 8, 8},        {40, 65, 97},
      {64, 72, 520},   {65, 129, 31},   {136, 200, 64},  {200, 136, 600},  {72, 1160, 40},
      {72, 1160, 272}, {1160, 72, 280}, {70, 1100, 333}, {1032, 1064, 24},
  };
  // Of the fake library, which has no size of its own, those that are given to it at times.
  bool is_fake = library && strcmp(library, "off") != 0;
  for (auto &size : sizes)
    if (!is_fake || (size[0] > 8 && size[1] % 8 == 0)) run_all(size[0], size[1], size[2], dice);
  for (bool a : {false, true}) { // what the library computes, each kind of it
    for (bool b : {false, true}) {
      const element_type f32 = ELEMENT_F32, bf16 = ELEMENT_BF16;
      run({24, 40, 72, a, b, f32, f32, f32, f32, false, true, 0}, dice);
      run({24, 40, 72, a, b, bf16, bf16, f32, bf16, false, true, 0}, dice);
      run({24, 40, 72, a, b, bf16, bf16, bf16, bf16, true, false, 0}, dice);
    }
  }
  printf("%d products with %s: %s\n", done, library ? library : "what there is",
         failures ? "NOT RIGHT" : "right");
  table->destroy(context);
}

/// What a context says after one product that the library shall compute.
static std::string says(const char *library) {
  setenv("RUNEXP_CUBLASLT", library, 1);
  context = open_context();
  std::string said;
  {
    matrix a(ELEMENT_F32, 4096, 0, dice), b(ELEMENT_F32, 4096, 0, dice),
        c(ELEMENT_F32, 4096, 0, dice);
    struct gemm call = {};
    call.c = c.data(), call.a = a.data(), call.b = b.data();
    call.m = call.n = call.k = 64;
    multiply(call, c);
    const char *error = table->error(context);
    said = error ? error : "nothing";
  }
  table->destroy(context);
  return said;
}

/// The library fails in its first product: that one and those after it are ours.
static void check_fallback() {
  unsetenv("RUNEXP_CUBLASLT");
  setenv("RUNEXP_FAKE_CUBLASLT", "fails", 1);
  device_options options = {1, 0};
  char reason[512];
  context = table->create(&options, reason, sizeof reason);
  std::mt19937 dice(1);
  const element_type f32 = ELEMENT_F32, bf16 = ELEMENT_BF16;
  run({24, 40, 1200, false, true, f32, f32, f32, f32, true, false, 0}, dice);
  run({24, 40, 1200, false, true, bf16, bf16, f32, bf16, true, false, 0}, dice);
  table->destroy(context);
}

static void expect(const std::string &said, const char *begins) {
  if (said.rfind(begins, 0) == 0) return;
  failures++;
  printf("expected '%s', but it said '%s'\n", begins, said.c_str());
}

/// The library in a folder that is named, and in a toolkit's.
static void test_search(const char *fake, const std::function<int()> &products) {
  namespace fs = std::filesystem;
  // Others run this test at the same time.
  fs::path toolkit = fs::path(fake).parent_path() / ("toolkit-" + std::to_string(getpid()));
  fs::path folder = toolkit / "lib64";
  fs::create_directories(folder);
  fs::create_symlink(fake, folder / "libcublasLt.so.12");
  int before = products();
  expect(says(folder.c_str()), "nothing");
  if (products() != before + 1) failures++, printf("RUNEXP_CUBLASLT can be no folder\n");
  if (!dlopen("libcublasLt.so.13", RTLD_NOW) && !dlopen("libcublasLt.so.12", RTLD_NOW)) {
    setenv("CUDA_HOME", toolkit.c_str(), 1);
    expect(says(""), "nothing");
    if (products() != before + 2) failures++, printf("CUDA_HOME is not searched\n");
    unsetenv("CUDA_HOME");
  }
  fs::remove_all(toolkit);
}

int main(int count, char **arguments) {
  open_table(count, arguments);
  check("off");
  if (count < 3) {
    check(nullptr);
    return failures != 0;
  }
  const char *fake = arguments[2];
  check(fake);
  void *library = dlopen(fake, RTLD_NOW | RTLD_LOCAL);
  auto count_of = [&](const char *what) {
    return reinterpret_cast<int (*)()>(dlsym(library, what))();
  };
  int kinds = count_of("fake_cublaslt_kinds"), refusals = count_of("fake_cublaslt_refusals");
  printf("of which the library was given %d, of %d kinds, and refused %d\n",
         count_of("fake_cublaslt_products"), kinds, refusals);
  // All transpositions, f32 to f32 and bf16 to both.
  if (kinds != 12 || refusals > 0) failures++;

  expect(says("/nowhere/libcublasLt.so"), "RUNEXP_CUBLASLT names a library that does not work: ");
  expect(says(arguments[1]),
         "RUNEXP_CUBLASLT names a library that does not work: there is no cublasLt");
  expect(
      says("/"),
      "RUNEXP_CUBLASLT names a library that does not work: there is no libcublasLt in the folder");
  expect(says(fake), "nothing");
  test_search(fake, [&] { return count_of("fake_cublaslt_products"); });
  setenv("RUNEXP_FAKE_CUBLASLT", "fails", 1);
  expect(says(fake), "cublasLtMatmul failed: cuBLAS status 13");
  int before = count_of("fake_cublaslt_failures");
  check_fallback();
  if (count_of("fake_cublaslt_failures") != before + 1) {
    failures++;
    printf("a library that has failed is asked again, or was never asked\n");
  }
  return failures != 0;
}
