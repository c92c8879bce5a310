// Attention where the program's op cases do not go: tensors that stand at odd elements of their
// blocks, which have nothing beside them, and rows whose maximum stays from tile to tile.
//   attention LIBRARY
#include "plugin.h"

typedef std::vector<float> Values;

static Values noise(int64_t count) {
  std::normal_distribution<float> normal;
  Values values(static_cast<size_t>(count));
  for (float &value : values) value = float_of_bf16(bf16_of_float(normal(dice)));
  return values;
}

/// A tensor of the device, `skipped` elements of `size` bytes into its block.
struct Tensor {
  int64_t size, count;
  char *start, *data;

  Tensor(int64_t size, int64_t count, int64_t skipped) : size(size), count(count) {
    start = static_cast<char *>(table->allocate(context, (count + skipped) * size));
    data = start + skipped * size;
  }
  Tensor(const Tensor &) = delete;
  ~Tensor() { table->release(context, start, 0); }

  void set(const void *bytes) { table->upload(context, data, bytes, count * size); }
  void set(const Values &values) {
    if (size == 4) return set(static_cast<const void *>(values.data()));
    std::vector<uint16_t> narrow;
    for (float value : values) narrow.push_back(bf16_of_float(value));
    set(static_cast<const void *>(narrow.data()));
  }
  Values values() const {
    Values result(static_cast<size_t>(count));
    std::vector<uint16_t> narrow(static_cast<size_t>(count));
    void *to = size == 4 ? static_cast<void *>(result.data()) : narrow.data();
    table->download(context, to, data, count * size);
    if (size == 2)
      for (size_t i = 0; i < result.size(); i++) result[i] = float_of_bf16(narrow[i]);
    return result;
  }
  float *floats() const { return reinterpret_cast<float *>(data); }
};

/// Whether two results are the same but for rounding, relative to the largest.
static bool agree(const Values &a, const Values &b, float tolerance) {
  float largest = 0, off = 0;
  for (size_t i = 0; i < a.size(); i++) {
    if (std::isinf(b[i]) && a[i] == b[i]) continue;
    largest = std::fmax(largest, std::fabs(b[i]));
    off = std::fabs(a[i] - b[i]) <= off ? off : std::fabs(a[i] - b[i]);
  }
  return off <= tolerance * largest;
}

struct Algorithm {
  const char *name;
  const attention_kernel *kernel;
  float tolerance = 2e-2f; // of bf16, and of 8 bits
};

static std::vector<Algorithm> algorithms() {
  return {{"naive", table->naive_attention},
          {"flash1", table->flash1_attention},
          {"flash2", table->flash2_attention},
          {"flash3", table->flash3_attention},
          {"flash3_fp8", table->flash3_fp8_attention, 0.2f}};
}

static attention shape_of(element_type type, int64_t queries, int64_t keys, int64_t heads,
                          int64_t kv_heads, int64_t head_dim) {
  attention s = {};
  s.batch = 1, s.queries = queries, s.keys = keys, s.heads = heads, s.kv_heads = kv_heads;
  s.head_dim = head_dim, s.scale = 1 / std::sqrt(float(head_dim)), s.type = type;
  s.causal = true, s.offset = keys - queries;
  s.rows = {keys * kv_heads, 1, kv_heads, keys, 0, type == ELEMENT_F32 ? ROWS_F32 : ROWS_BF16};
  return s;
}

static bool supports(const Algorithm &algorithm, const attention &s, bool backward) {
  char reason[100];
  return algorithm.kernel->supports(context, &s, backward, reason, sizeof reason);
}

// Odd addresses.

/// All that an attention is given and gives, in the order in which bits say that one stands at an
/// odd element.
enum { q, k, v, out, saved, max_logit, dout, dq, dk, dv, mask, scales, tensors };

struct Inputs {
  Values q, k, v, dout;
  std::vector<uint8_t> keep, numbers; // of Q8 rows
  std::vector<uint16_t> scales;

  explicit Inputs(const attention &s)
      : q(noise(s.queries * s.heads * s.head_dim)), k(noise(s.keys * s.kv_heads * s.head_dim)),
        v(noise(s.keys * s.kv_heads * s.head_dim)), dout(noise(s.queries * s.heads * s.head_dim)) {
    for (int64_t i = 0; i < s.queries * s.keys; i++) keep.push_back(dice() % 4 != 0);
    for (size_t i = 0; i < k.size(); i++) numbers.push_back(static_cast<uint8_t>(dice()));
    int64_t blocks = (s.head_dim + Q8_BLOCK - 1) / Q8_BLOCK;
    // Of fp16, about 2^-6 and 2^-5.
    for (int64_t i = 0; i < s.keys * s.kv_heads * blocks; i++)
      scales.push_back(static_cast<uint16_t>(0x2400 + dice() % 0x400));
  }
};

/// Forward, and backward where that is there: all results, those at `odd` from odd elements.
static std::vector<Values> results(const Algorithm &algorithm, attention s, const Inputs &in,
                                   bool masked, unsigned odd, int64_t skipped) {
  const attention_kernel *kernel = algorithm.kernel;
  auto shift = [&](int tensor) { return odd >> tensor & 1 ? skipped : 0; };
  int64_t size = s.type == ELEMENT_F32 ? 4 : 2;
  bool is_q8 = s.rows.type == ROWS_Q8;
  int64_t row_size = is_q8 ? 1 : s.rows.type == ROWS_F32 ? 4 : 2;
  int64_t rows = s.queries * s.heads * s.head_dim, columns = s.keys * s.kv_heads * s.head_dim;
  Tensor of_q(size, rows, shift(q)), of_k(row_size, columns, shift(k)),
      of_v(row_size, columns, shift(v)), of_out(size, rows, shift(out)),
      of_saved(4, kernel->saved_floats(&s), shift(saved)), of_max(4, s.heads, shift(max_logit)),
      of_dout(size, rows, shift(dout)), of_dq(size, rows, shift(dq)),
      of_dk(size, columns, shift(dk)), of_dv(size, columns, shift(dv)),
      of_mask(1, s.queries * s.keys, shift(mask)),
      of_scales(2, static_cast<int64_t>(in.scales.size()), shift(scales));
  of_q.set(in.q), of_dout.set(in.dout), of_scales.set(in.scales.data());
  if (is_q8)
    of_k.set(in.numbers.data()), of_v.set(in.numbers.data());
  else
    of_k.set(in.k), of_v.set(in.v);
  if (is_q8) s.k_scales = s.v_scales = reinterpret_cast<uint16_t *>(of_scales.data);
  if (masked) {
    of_mask.set(in.keep.data());
    s.mask.keep = reinterpret_cast<uint8_t *>(of_mask.data), s.mask.keep_query = s.keys;
  }
  Tensor space(1, kernel->workspace(context, &s, false), 0);
  attention_forward forward = {of_out.data, of_saved.floats(), of_max.floats(),
                               of_q.data,   of_k.data,         of_v.data,
                               s,           space.data};
  kernel->forward(context, &forward);
  std::vector<Values> all = {of_out.values(), of_max.values()};
  if (!supports(algorithm, s, true)) return all;
  Tensor scratch(1, kernel->workspace(context, &s, true), 0);
  attention_backward backward = {
      {of_dq.data, false}, {of_dk.data, false}, {of_dv.data, false}, of_dout.data,      of_q.data,
      of_k.data,           of_v.data,           of_out.data,         of_saved.floats(), s,
      scratch.data};
  kernel->backward(context, &backward);
  for (bool adds : {false, true}) { // and the same again, to what is there
    if (adds) {
      backward.dq.accumulate = backward.dk.accumulate = backward.dv.accumulate = true;
      kernel->backward(context, &backward);
    }
    for (const Tensor *gradient : {&of_dq, &of_dk, &of_dv}) all.push_back(gradient->values());
  }
  return all;
}

/// All at odd elements, and each of them alone where `each` is set.
static void test_addresses(const Algorithm &algorithm, const attention &s, bool masked, bool each) {
  attention asked = s;
  uint8_t keep = 0;
  if (masked) asked.mask.keep = &keep;
  if (!supports(algorithm, asked, false)) return;
  Inputs in(s);
  std::vector<Values> wanted = results(algorithm, s, in, masked, 0, 0);
  const char *names[] = {"q",  "k",  "v",  "out",      "what is saved", "max_logit", "dout",
                         "dq", "dk", "dv", "the mask", "the scales",    "everything"};
  for (int tensor = each ? 0 : tensors; tensor <= tensors; tensor++) {
    // 1 is odd for all; at 2, pairs of bf16 are whole and runs of 8 are not.
    for (int64_t skipped : {1, 2}) {
      if (skipped == 2 && tensor < tensors) continue;
      unsigned odd = tensor == tensors ? ~0u : 1u << tensor;
      std::vector<Values> found = results(algorithm, s, in, masked, odd, skipped);
      bool holds = found.size() == wanted.size();
      for (size_t i = 0; holds && i < found.size(); i++)
        holds = agree(found[i], wanted[i], s.type == ELEMENT_F32 ? 1e-5f : algorithm.tolerance);
      expect(holds, std::string(algorithm.name) + " of " + std::to_string(s.queries) +
                        " queries, head_dim " + std::to_string(s.head_dim) +
                        (s.type == ELEMENT_F32 ? ", f32" : ", bf16") + (masked ? ", masked" : "") +
                        ", with " + names[tensor] + " at element " + std::to_string(skipped));
    }
  }
}

static void test_addresses() {
  for (const Algorithm &algorithm : algorithms()) {
    for (element_type type : {ELEMENT_F32, ELEMENT_BF16}) {
      for (int64_t head_dim : {64, 40}) {
        for (int64_t queries : {2, 20}) {
          attention s = shape_of(type, queries, 40, 2, 1, head_dim);
          test_addresses(algorithm, s, false, head_dim == 64);
          test_addresses(algorithm, s, true, false);
        }
        attention s = shape_of(type, 2, 40, 2, 1, head_dim);
        s.rows.type = ROWS_Q8;
        test_addresses(algorithm, s, false, false);
      }
    }
  }
}

/// Tiles whose rows are all there come in another way than those at odd addresses, or where a ring
/// ends; query heads that share keys, too.
static void test_whole_tiles() {
  Algorithm flash2 = {"flash2", table->flash2_attention};
  for (int64_t head_dim : {64, 128}) {
    attention s = shape_of(ELEMENT_BF16, 128, 192, 2, 1, head_dim);
    test_addresses(flash2, s, false, false);
    s.rows.first_slot = 90;
    test_addresses(flash2, s, false, false);
    s = shape_of(ELEMENT_BF16, 2, 192, 2, 1, head_dim);
    s.rows.first_slot = 90;
    test_addresses(flash2, s, false, false);
  }
}

// Sums over many tiles.

/// All keys are the same, values are 1 and then -1 for as many: the output is 0. Where what came
/// before is scaled by more or less than 1 from tile to tile, it is not.
static void test_equal_maxima(const Algorithm &algorithm, element_type type, int64_t queries,
                              int64_t head_dim) {
  attention s = shape_of(type, queries, 1536, 1, 1, head_dim);
  s.causal = false;
  if (!supports(algorithm, s, false)) return;
  Inputs in(s);
  Values key(in.k.begin(), in.k.begin() + head_dim);
  for (size_t i = 0; i < in.k.size(); i++) {
    in.k[i] = 8 * key[i % key.size()];
    in.v[i] = i < in.k.size() / 2 ? 1 : -1;
  }
  Values found = results(algorithm, s, in, false, 0, 0)[0];
  // Weights in bf16 are added without rounding.
  bool is_exact = type == ELEMENT_BF16 && (algorithm.kernel == table->flash2_attention ||
                                           algorithm.kernel == table->flash3_attention);
  float largest = 0;
  for (float x : found) largest = std::fabs(x) <= largest ? largest : std::fabs(x);
  expect(largest <= (is_exact ? 0 : 1e-5f),
         std::string(algorithm.name) + " of " + std::to_string(queries) + " queries, head_dim " +
             std::to_string(head_dim) + (type == ELEMENT_F32 ? ", f32" : ", bf16") +
             ": values whose weights are equal even out; it was: " + std::to_string(largest * 1e6) +
             "e-6");
}

int main(int count, char **arguments) {
  open_table(count, arguments);
  context = open_context();
  for (const Algorithm &algorithm : algorithms())
    for (element_type type : {ELEMENT_F32, ELEMENT_BF16})
      for (int64_t queries : {1, 17})
        for (int64_t head_dim : {64, 128}) test_equal_maxima(algorithm, type, queries, head_dim);
  test_addresses();
  test_whole_tiles();
  return close("attention");
}
