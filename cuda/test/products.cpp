// Matrix products of a plugin against sums in double: sizes at the edges of tiles and of memory,
// types, transpositions, addresses that are not aligned, k in parts; each twice, for the same bits.
//   products PLUGIN          on a GPU, or by the emulation, with the library of products that there
// is
//   products PLUGIN FAKE     also by the fake library, which is the emulation's
#include <filesystem>
#include <functional>

#include <unistd.h>

#include "products.h"

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
