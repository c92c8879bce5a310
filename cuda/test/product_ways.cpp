// Which of the plugin's own kernels computes a product, and whether operands are rounded before it;
// and products that Hopper's warpgroups compute, in all their cases, against sums in double.
//   product_ways PLUGIN
#include <sys/wait.h>
#include <unistd.h>

#include "products.h"

static const element_type f32 = ELEMENT_F32, bf16 = ELEMENT_BF16;

/// Operands are rounded once where there is room for their copy in the workspace: in products that
/// are long enough. Those that read an operand once or twice, or are over sooner than one more
/// kernel, convert it on its way.
static void test_rounding_once() {
  context = open_context();
  auto bytes = [](int64_t m, int64_t n, int64_t k, bool transposed, element_type a,
                  element_type b) {
    struct gemm call = {};
    call.m = m, call.n = n, call.k = k;
    call.a_transposed = transposed;
    call.a_type = a, call.b_type = b, call.c_type = f32, call.compute = bf16;
    return table->gemm_workspace(context, &call);
  };
  const int64_t tokens = 16384, words = 50304, width = 768;
  expect(bytes(tokens, width, words, false, f32, bf16) >= 2 * tokens * words,
         "the logits' gradient, read 6 times, is rounded once");
  expect(bytes(words, width, tokens, true, f32, bf16) >= 2 * tokens * words,
         "and so is its transpose");
  expect(bytes(tokens, width, width, false, bf16, f32) >= 2 * width * width,
         "a weight that many tiles read is rounded once");
  expect(bytes(tokens, width, width, false, bf16, bf16) == 0, "what is ready is not copied");
  expect(bytes(4 * tokens, 72, width, false, f32, bf16) == 0,
         "an operand that is read once is converted on its way");
  expect(bytes(72, 128, 96, false, f32, f32) == 0, "a small product needs no other kernel");
  table->destroy(context);
}

/// A thin product reads a Q8 matrix as it is; others widen it into the workspace.
static void test_q8_in_place() {
  context = open_context();
  auto bytes = [](int64_t m, int64_t n) {
    struct gemm call = {};
    call.m = m, call.n = n, call.k = 512;
    call.b_transposed = true;
    call.b_type = ELEMENT_Q8, call.a_type = call.c_type = call.compute = f32;
    return table->gemm_workspace(context, &call);
  };
  expect(bytes(1, 2048) == 0 && bytes(8, 2048) == 0, "one to eight rows need no copy of it");
  expect(bytes(9, 2048) >= 4 * 2048 * 512, "more rows are multiplied by a copy");
  expect(bytes(4, 1) >= 4 * 512, "and a single column is one");
  table->destroy(context);
}

/// The name of the first kernel of a product, by an emulation that lets it fail in a process of its
/// own, and says so.
static std::string first_kernel(int64_t m, int64_t n, int64_t k, element_type a,
                                const char *capability) {
  int ends[2];
  if (pipe(ends) != 0) return "";
  pid_t child = fork();
  if (child == 0) {
    setenv("RUNEXP_EMULATION_FAILURE", "0", 1);
    setenv("RUNEXP_EMULATION_CAPABILITY", capability, 1);
    context = open_context();
    std::string said;
    {
      matrix x(a, m * k, 0, dice), y(bf16, k * n, 0, dice), z(bf16, m * n, 0, dice);
      struct gemm call = {};
      call.c = z.data(), call.a = x.data(), call.b = y.data();
      call.m = m, call.n = n, call.k = k;
      call.a_type = a, call.b_type = call.c_type = call.compute = bf16;
      multiply(call, z);
      if (const char *error = table->error(context)) said = error;
    }
    if (write(ends[1], said.data(), said.size()) < 0) _exit(1);
    _exit(0);
  }
  close(ends[1]);
  char text[1024];
  std::string said;
  for (ssize_t count; (count = read(ends[0], text, sizeof text)) > 0;)
    said.append(text, size_t(count));
  close(ends[0]);
  int status;
  waitpid(child, &status, 0);
  return said;
}

static void test_choice() {
  auto shall_be = [](const std::string &said, const char *kernel) {
    expect(said.find(kernel) != std::string::npos, std::string(kernel) + " comes first: " + said);
  };
  shall_be(first_kernel(136, 264, 72, bf16, "9.0"), "gemm_wgmma_tiles");
  shall_be(first_kernel(520, 520, 136, f32, "9.0"), "gemm_pack_lines");
  shall_be(first_kernel(136, 264, 72, f32, "9.0"), "gemm_tensor_tiles");
  shall_be(first_kernel(72, 72, 72, bf16, "9.0"), "gemm_tensor_tiles"); // one tile for 4 processors
  shall_be(first_kernel(136, 264, 72, bf16, "8.0"), "gemm_tensor_tiles");
}

/// A size with all transpositions, and what may be done with the sums.
static void run_all(int64_t m, int64_t n, int64_t k, element_type a, element_type b) {
  for (int transposed = 0; transposed < 4; transposed++) {
    for (element_type c : {f32, bf16}) {
      for (int way = 0; way < 3; way++) { // plain, added, with bias
        bool is_wanted = m * n * k < 10000000 || dice() % 6 == 0;
        if (is_wanted)
          run({m, n, k, (transposed & 1) != 0, (transposed & 2) != 0, a, b, c, bf16, way == 1,
               way == 2, 0},
              dice);
      }
    }
  }
}

static void test_products(const char *capability) {
  setenv("RUNEXP_EMULATION_CAPABILITY", capability, 1);
  context = open_context();
  done = 0;
  run_all(136, 264, 72, bf16, bf16);   // wide tiles, the last of each kind in part
  run_all(72, 136, 1160, bf16, bf16);  // k in parts, the last shorter
  run_all(72, 264, 520, bf16, bf16);   // two parts of two tiles
  run_all(392, 648, 136, bf16, bf16);  // several tiles a block
  run_all(1160, 120, 200, bf16, bf16); // the same, of tiles that are not wide
  // Lines that are not aligned, in an operand or in c.
  run({131, 265, 136, false, true, bf16, bf16, bf16, bf16, false, true, 0}, dice);
  run({131, 265, 136, false, true, bf16, bf16, f32, bf16, true, false, 0}, dice);
  run({131, 265, 1160, false, true, bf16, bf16, bf16, bf16, false, true, 0}, dice);
  run({136, 264, 136, false, true, bf16, bf16, bf16, bf16, true, false, 8}, dice);
  // Operands that are rounded first.
  run_all(520, 520, 136, f32, bf16);
  run_all(601, 603, 333, f32, f32);
  printf("%d products at capability %s: %s\n", done, capability, failures ? "NOT RIGHT" : "right");
  table->destroy(context);
}

int main(int count, char **arguments) {
  setenv("RUNEXP_CUBLASLT", "off", 1);
  open_table(count, arguments);
  test_choice();
  test_rounding_once();
  test_q8_in_place();
  test_products("9.0");
  test_products("8.0");
  return failures != 0;
}
