// Matrix products of a plugin beside sums in double: what tests of them are made of.
#ifndef RUNEXP_TEST_PRODUCTS_H
#define RUNEXP_TEST_PRODUCTS_H

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

/// The rows of op(a), or the columns of op(b), as the product reads them: [lanes, k].
static std::vector<double> operand(const product_case &p, const matrix &x, int64_t lanes,
                                   bool lie_side_by_side) {
  std::vector<double> result;
  for (int64_t lane = 0; lane < lanes; lane++) {
    for (int64_t k = 0; k < p.k; k++) {
      float value = x.values[size_t(lie_side_by_side ? k * lanes + lane : lane * p.k + k)];
      if (p.compute == ELEMENT_BF16) value = float_of_bf16(bf16_of_float(value));
      result.push_back(double(value));
    }
  }
  return result;
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
  std::vector<double> rows = operand(p, a, p.m, p.a_transposed),
                      columns = operand(p, b, p.n, !p.b_transposed);
  for (int64_t i = 0; i < p.m; i++) {
    for (int64_t j = 0; j < p.n; j++) {
      double sum = 0, size = 0;
      for (int64_t k = 0; k < p.k; k++) {
        double term = rows[size_t(i * p.k + k)] * columns[size_t(j * p.k + k)];
        sum += term, size += fabs(term);
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

#endif
