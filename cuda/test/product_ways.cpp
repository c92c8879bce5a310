// Whether the operands of a product are rounded before it.
//   product_ways PLUGIN
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

int main(int count, char **arguments) {
  setenv("RUNEXP_CUBLASLT", "off", 1);
  open_table(count, arguments);
  test_rounding_once();
  return failures != 0;
}
