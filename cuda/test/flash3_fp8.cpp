// FlashAttention-3's forward pass in 8 bits, held to a rule: against float64 of the same bf16
// inputs its largest error is at most twice that of a plain attention that rounds the same blocks
// to e4m3 and computes all else in double. Then the paper's experiment (arXiv 2407.08608, section
// 4.3): what outliers cost, and what a scale for each block and the rotation save.
//   flash3_fp8 LIBRARY
#include "attention.h"

/// How queries, keys and values are rounded.
struct Recipe {
  bool has_block_scales; // else a tensor has one
  bool rotates;
};
constexpr Recipe paper = {true, true};

/// The e4m3 nearest to a number.
static double to_e4m3(double x) {
  int exponent = std::max(x == 0 ? -6 : std::ilogb(x), -6);
  double nearest = std::ldexp(std::nearbyint(std::ldexp(x, 3 - exponent)), exponent - 3);
  return std::copysign(std::fmin(std::fabs(nearest), 448), x);
}

/// A tensor [batch, rows, heads, head_dim] in double.
struct Tensor {
  int64_t batch, rows, heads, dim;
  Numbers numbers;

  Tensor(const Rows &from, int64_t batch, int64_t rows, int64_t heads, int64_t dim)
      : batch(batch), rows(rows), heads(heads), dim(dim) {
    for (uint16_t bits : from) numbers.push_back(float_of_bf16(bits));
  }
  double *row(int64_t b, int64_t i, int64_t h) {
    return &numbers[size_t(((b * rows + i) * heads + h) * dim)];
  }

  /// Rows times a matrix of signs and the Hadamard matrix, whose element (i, j) is 1 or, where i
  /// and j have an odd number of bits in common, -1.
  void rotate() {
    for (size_t first = 0; first < numbers.size(); first += size_t(dim)) {
      Numbers before(numbers.begin() + ptrdiff_t(first),
                     numbers.begin() + ptrdiff_t(first) + ptrdiff_t(dim));
      for (uint32_t i = 0; i < dim; i++) {
        double sum = 0;
        for (uint32_t j = 0; j < dim; j++) {
          int signs = __builtin_popcount(j * 0x9e3779b1u) + __builtin_popcount(i & j);
          sum += signs % 2 ? -before[j] : before[j];
        }
        numbers[first + i] = sum / std::sqrt(double(dim));
      }
    }
  }

  /// What comes back from e4m3, `size` rows of a head with one scale, or all rows of all heads.
  void quantise(int64_t size, bool has_block_scales) {
    auto for_block = [&](int64_t b, int64_t h, int64_t begin, auto work) {
      for (int64_t i = begin; i < std::min(begin + size, rows); i++)
        for (int64_t c = 0; c < dim; c++) work(row(b, i, h)[c]);
    };
    double whole = 0;
    for (double x : numbers) whole = std::fmax(whole, std::fabs(x));
    for (int64_t b = 0; b < batch; b++) {
      for (int64_t h = 0; h < heads; h++) {
        for (int64_t begin = 0; begin < rows; begin += size) {
          double largest = has_block_scales ? 0 : whole;
          for_block(b, h, begin, [&](double &x) { largest = std::fmax(largest, std::fabs(x)); });
          double scale = largest == 0 ? 1 : largest / 448;
          for_block(b, h, begin, [&](double &x) { x = to_e4m3(x / scale) * scale; });
        }
      }
    }
  }
};

/// The plain attention of the rule. Probabilities are rounded as well, 256 times as large.
static Numbers rounded_attention(const Truth &truth, const Recipe &recipe) {
  const attention &s = truth.s;
  Tensor q(truth.q, s.batch, s.queries, s.heads, s.head_dim);
  Tensor k(truth.k, s.batch, s.keys, s.kv_heads, s.head_dim);
  Tensor v(truth.v, s.batch, s.keys, s.kv_heads, s.head_dim);
  if (recipe.rotates) q.rotate(), k.rotate();
  q.quantise(64, recipe.has_block_scales);
  k.quantise(128, recipe.has_block_scales);
  v.quantise(128, recipe.has_block_scales);
  Numbers out(truth.q.size());
  for (int64_t b = 0; b < s.batch; b++) {
    for (int64_t h = 0; h < s.heads; h++) {
      int64_t kv_head = h / (s.heads / s.kv_heads);
      for (int64_t i = 0; i < s.queries; i++) {
        Numbers logits(size_t(s.keys), -INFINITY);
        double maximum = -INFINITY, sum = 0;
        for (int64_t j = 0; j < s.keys; j++) {
          if (!truth.sees(i, j)) continue;
          double dot = 0;
          for (int64_t c = 0; c < s.head_dim; c++)
            dot += q.row(b, i, h)[c] * k.row(b, j, kv_head)[c];
          double logit = s.scale * dot;
          if (s.softcap > 0) logit = s.softcap * std::tanh(logit / s.softcap);
          logits[size_t(j)] = logit;
          maximum = std::fmax(maximum, logit);
        }
        double *to = &out[size_t(truth.at_query(b, i, h))];
        for (int64_t j = 0; j < s.keys; j++) {
          if (!truth.sees(i, j)) continue;
          double p = std::exp(logits[size_t(j)] - maximum), rounded = to_e4m3(256 * p) / 256;
          sum += p;
          for (int64_t c = 0; c < s.head_dim; c++) to[c] += rounded * v.row(b, j, kv_head)[c];
        }
        for (int64_t c = 0; c < s.head_dim && sum > 0; c++) to[c] /= sum;
      }
    }
  }
  return out;
}

struct Errors {
  double largest = 0, mean_square = 0;
  Errors(const Numbers &given, const Numbers &truth) {
    for (size_t i = 0; i < given.size(); i++) {
      double error = std::fabs(given[i] - truth[i]);
      largest = error <= largest ? largest : error; // NaN stays
      mean_square += error * error / double(given.size());
    }
  }
  double root_mean_square() const { return std::sqrt(mean_square); }
};

/// What the library gives.
struct Result {
  Numbers out;
  std::vector<float> saved, max_logit;

  Result(const attention_kernel *kernel, const Truth &truth) {
    const attention &s = truth.s;
    Block<uint16_t> q(truth.q), k(truth.k), v(truth.v), to(truth.q.size());
    Block<float> of_rows(size_t(kernel->saved_floats(&s))), of_heads(size_t(s.batch * s.heads));
    Block<char> space(size_t(kernel->workspace(context, &s, false)));
    attention_forward call = {to.data, of_rows.data, of_heads.data, q.data, k.data, v.data,
                              s,       space.data};
    kernel->forward(context, &call);
    for (uint16_t bits : to.values()) out.push_back(float_of_bf16(bits));
    saved = of_rows.values(), max_logit = of_heads.values();
    stop_where_failed();
  }
};

static double worst_ratio = 0, worst_mean_ratio = 0;

static void test_case(const Case &one, int64_t head_dim) {
  const attention_kernel *kernel = table->flash3_fp8_attention;
  Truth truth(one, head_dim);
  std::string name = std::string(one.name) + ", head_dim " + std::to_string(head_dim);
  char reason[100] = "";
  expect(kernel->supports(context, &truth.s, false, reason, sizeof reason), name + " is supported");
  truth.compute(nullptr);
  Result result(kernel, truth);
  expect(Result(kernel, truth).out == result.out || one.has_nan, name + ": the same bits again");
  if (one.has_nan) {
    // Rows that see it are done again by their definition, and are NaN; so are none else.
    bool holds = true;
    for (size_t i = 0; i < truth.out.size(); i++) {
      holds &= std::isnan(truth.out[i]) == std::isnan(result.out[i]);
      if (std::isnan(truth.out[i]) || std::isnan(result.out[i])) continue;
      holds &= std::fabs(result.out[i] - truth.out[i]) < 0.5;
    }
    return expect(holds, name + ": what is hidden does not matter");
  }
  Errors ours(result.out, truth.out), plain(rounded_attention(truth, paper), truth.out);
  // Where nothing is seen, both are exact.
  double ratio = ours.largest == 0 ? 0 : ours.largest / plain.largest;
  double mean_ratio = ours.largest == 0 ? 0 : ours.root_mean_square() / plain.root_mean_square();
  worst_ratio = std::fmax(worst_ratio, ratio);
  worst_mean_ratio = std::fmax(worst_mean_ratio, mean_ratio);
  expect(ratio <= 2 && mean_ratio <= 1.5,
         name + ": error " + std::to_string(ours.largest) + ", of the plain one " +
             std::to_string(plain.largest) + "; RMSE " + std::to_string(ours.root_mean_square()) +
             ", of the plain one " + std::to_string(plain.root_mean_square()));
  // Logits are off by some hundredths of q . k's size; these are their summary.
  double reach = 0.02 * std::fabs(truth.s.scale) * double(head_dim) + 0.15;
  auto near = [&](const std::vector<float> &given, const Numbers &wanted) {
    bool holds = true;
    for (size_t i = 0; i < given.size(); i++)
      holds &= double(given[i]) == wanted[i] || std::fabs(given[i] - wanted[i]) <= reach;
    return holds;
  };
  expect(near(result.saved, truth.log_sum_exp), name + ": log-sum-exps are near");
  expect(near(result.max_logit, truth.max_logit), name + ": largest logits are near");
}

/// N(0, 1) + N(0, 100) in one of 1000 elements, as the paper has it.
static Rows noise_with_outliers(size_t count) {
  Rows rows = noise(int64_t(count)), more = noise(int64_t(count));
  for (size_t i = 0; i < count; i++)
    if (dice() % 1000 == 0)
      rows[i] = bf16_of_float(float_of_bf16(rows[i]) + 10 * float_of_bf16(more[i]));
  return rows;
}

static void test_outliers(int64_t head_dim) {
  dice.seed(1); // docs/pieces/flash-attention.md has what comes out
  Truth truth({"outliers", 1, 256, 1024, 1, 1}, head_dim);
  truth.q = noise_with_outliers(truth.q.size());
  truth.k = noise_with_outliers(truth.k.size());
  truth.v = noise_with_outliers(truth.v.size());
  truth.compute(nullptr);
  auto error = [&](const Recipe &recipe) {
    return Errors(rounded_attention(truth, recipe), truth.out).root_mean_square();
  };
  auto error_of = [&](const attention_kernel *kernel) {
    return Errors(Result(kernel, truth).out, truth.out).root_mean_square();
  };
  double of_tensor = error({false, false}), of_blocks = error({true, false});
  double rotated = error({false, true}), both = error(paper);
  double ours = error_of(table->flash3_fp8_attention), bf16 = error_of(table->flash3_attention);
  printf(
      "RMSE with outliers, head_dim %d: one scale a tensor %.2e, rotated %.2e; one a block %.2e, "
      "rotated %.2e; flash3_fp8 %.2e, flash3 %.2e\n",
      int(head_dim), of_tensor, rotated, of_blocks, both, ours, bf16);
  // A format with exponents does not mind a scale that is too large by less than a thousand.
  expect(both < 0.9 * of_tensor && rotated < 0.9 * of_tensor, "the rotation saves errors");
  expect(ours < 1.1 * both && bf16 < 0.2 * both, "the kernels are as exact as they should be");
}

/// What scales for blocks are for: values a million times smaller than those of later keys, and
/// queries that see no others.
static void test_blocks_of_other_sizes() {
  Truth truth({"values of other sizes", 1, 256, 256, 1, 1, true}, 64);
  size_t half = truth.v.size() / 2;
  for (size_t i = 0; i < half; i++)
    truth.v[i] = bf16_of_float(float_of_bf16(truth.v[i]) * 0x1p-20f);
  truth.compute(nullptr);
  auto errors = [&](const Numbers &given, bool first) {
    ptrdiff_t middle = ptrdiff_t(half), begin = first ? 0 : middle, end = middle + begin;
    return Errors({given.begin() + begin, given.begin() + end},
                  {truth.out.begin() + begin, truth.out.begin() + end});
  };
  Numbers out = Result(table->flash3_fp8_attention, truth).out;
  Numbers blocks = rounded_attention(truth, paper),
          tensor = rounded_attention(truth, {false, true});
  for (bool first : {true, false})
    expect(errors(out, first).largest <= 2 * errors(blocks, first).largest,
           "each block's values keep their digits");
  expect(errors(tensor, true).largest > 5 * errors(out, true).largest,
         "with one scale they do not");
}

/// Keys of the last block that no query sees: whatever they hold, it has no part in the scale.
static void test_unseen_keys() {
  Truth truth({"keys that no query sees", 1, 100, 128, 1, 1, true}, 64);
  std::vector<Numbers> outputs;
  for (float unseen : {0.0f, 1e30f}) {
    for (size_t i = size_t(truth.at_key(0, 100, 0)); i < truth.k.size(); i++)
      truth.k[i] = truth.v[i] = bf16_of_float(unseen);
    outputs.push_back(Result(table->flash3_fp8_attention, truth).out);
  }
  expect(outputs[0] == outputs[1], "keys that no query sees do not matter");
}

int main(int argc, char **argv) {
  open_table(argc, argv);
  context = open_context();
  char reason[100] = "";
  attention s = flash3_cases[0].shape(64);
  if (!table->flash3_fp8_attention->supports(context, &s, false, reason, sizeof reason)) {
    printf("FlashAttention-3 in 8 bits: not on this device, for it is %s\n", reason);
    return 0;
  }
  for (int64_t head_dim : {64, 128, 256})
    for (const Case &one : flash3_cases) test_case(one, head_dim);
  test_outliers(64);
  test_outliers(128);
  test_blocks_of_other_sizes();
  test_unseen_keys();
  expect_refusals(table->flash3_fp8_attention);
  expect(!table->flash3_fp8_attention->supports(context, &s, true, reason, sizeof reason) &&
             strcmp(reason, "gradients") == 0,
         "it has no gradients");
  table->destroy(context);
  printf("FlashAttention-3 in 8 bits: %s; at most %.2f of the plain error, %.2f of its RMSE\n",
         failures ? "NOT RIGHT" : "right", worst_ratio, worst_mean_ratio);
  return failures ? 1 : 0;
}
