// What tests of attention are made of: a device, cases, and what they should give, by loops in
// double.
#ifndef RUNEXP_TEST_ATTENTION_H
#define RUNEXP_TEST_ATTENTION_H

#include "plugin.h"

typedef std::vector<uint16_t> Rows; // of bf16
typedef std::vector<double> Numbers;

static Rows noise(int64_t count) {
  std::normal_distribution<float> normal;
  Rows rows(size_t(count), 0);
  for (uint16_t &row : rows) row = bf16_of_float(normal(dice));
  return rows;
}

/// A block of the device.
template <typename T> struct Block {
  T *data;
  size_t count;
  explicit Block(size_t count)
      : data(static_cast<T *>(table->allocate(context, int64_t(count * sizeof(T))))), count(count) {
  }
  explicit Block(const std::vector<T> &values) : Block(values.size()) {
    table->upload(context, data, values.data(), int64_t(count * sizeof(T)));
  }
  ~Block() { table->release(context, data, 0); }
  std::vector<T> values() const {
    std::vector<T> result(count);
    table->download(context, result.data(), data, int64_t(count * sizeof(T)));
    return result;
  }
};

struct Case {
  const char *name;
  int64_t batch, queries, keys, heads, kv_heads;
  bool causal = false;
  int64_t offset = 0, window = 0;
  float softcap = 0, scale = 0; // 0: 1 / sqrt(head_dim)
  bool has_nan = false;         // in a key that many queries do not see

  attention shape(int64_t head_dim) const {
    attention s = {};
    s.batch = batch, s.queries = queries, s.keys = keys, s.heads = heads, s.kv_heads = kv_heads;
    s.head_dim = head_dim, s.scale = scale != 0 ? scale : 1 / std::sqrt(float(head_dim));
    s.softcap = softcap, s.causal = causal, s.offset = offset, s.window = window;
    s.type = ELEMENT_BF16;
    s.rows = {keys * kv_heads, 1, kv_heads, keys, 0, ROWS_BF16};
    return s;
  }
};

/// What a case is given, and what it should give.
struct Truth {
  attention s;
  Rows q, k, v, dout, before; // before: what gradients are added to
  Numbers out, log_sum_exp, max_logit, dq, dk, dv;

  Truth(const Case &one, int64_t head_dim) : s(one.shape(head_dim)) {
    int64_t rows = s.batch * s.queries * s.heads * head_dim;
    int64_t columns = s.batch * s.keys * s.kv_heads * head_dim;
    q = noise(rows), dout = noise(rows), k = noise(columns), v = noise(columns);
    before = noise(std::max(rows, columns));
    if (one.has_nan) {
      for (int64_t c = 0; c < head_dim; c++) {
        k[size_t(at_key(s.batch - 1, s.keys - 3, 0) + c)] = 0x7fff;
        v[size_t(at_key(s.batch - 1, s.keys - 3, 0) + c)] = c % 2 ? 0x7fff : 0x7f80;
      }
    }
    out.resize(q.size()), dq.resize(q.size()), dk.resize(k.size()), dv.resize(k.size());
  }

  int64_t at_query(int64_t b, int64_t i, int64_t h) const {
    return ((b * s.queries + i) * s.heads + h) * s.head_dim;
  }
  int64_t at_key(int64_t b, int64_t j, int64_t h) const {
    return ((b * s.keys + j) * s.kv_heads + h) * s.head_dim;
  }
  bool sees(int64_t i, int64_t j) const {
    int64_t away = i + s.offset - j;
    return !(s.causal && away < 0) && !(s.window > 0 && std::abs(away) >= s.window);
  }
  double dot(const Rows &a, int64_t i, const Rows &b, int64_t j) const {
    double sum = 0;
    for (int64_t c = 0; c < s.head_dim; c++)
      sum += double(float_of_bf16(a[size_t(i + c)])) * float_of_bf16(b[size_t(j + c)]);
    return sum;
  }
  void add(Numbers &to, int64_t i, double factor, const Rows &x, int64_t j) const {
    for (int64_t c = 0; c < s.head_dim; c++)
      to[size_t(i + c)] += factor * float_of_bf16(x[size_t(j + c)]);
  }

  /// `rounded` is the output that the kernel gave, which backward reads; null: forward alone.
  void compute(const Rows *rounded) {
    for (int64_t b = 0; b < s.batch; b++) {
      for (int64_t h = 0; h < s.heads; h++) {
        double largest = -INFINITY;
        for (int64_t i = 0; i < s.queries; i++) largest = compute_row(b, h, i, largest, rounded);
        max_logit.push_back(largest);
      }
    }
  }

  double compute_row(int64_t b, int64_t h, int64_t i, double largest, const Rows *rounded) {
    int64_t row = at_query(b, i, h), kv_head = h / (s.heads / s.kv_heads);
    Numbers logits(size_t(s.keys), -INFINITY), slopes(size_t(s.keys), 1);
    double maximum = -INFINITY, sum = 0;
    for (int64_t j = 0; j < s.keys; j++) {
      if (!sees(i, j)) continue;
      double logit = s.scale * dot(q, row, k, at_key(b, j, kv_head));
      if (s.softcap > 0) {
        double capped = std::tanh(logit / s.softcap);
        logit = s.softcap * capped;
        slopes[size_t(j)] = 1 - capped * capped;
      }
      logits[size_t(j)] = logit;
      maximum = logit > maximum || logit != logit ? logit : maximum;
      if (logit != logit) break;
    }
    for (double logit : logits)
      if (logit != -INFINITY) sum += std::exp(logit - maximum);
    double total = maximum + std::log(sum), delta = rounded ? dot(dout, row, *rounded, row) : 0;
    log_sum_exp.push_back(total);
    for (int64_t j = 0; j < s.keys; j++) {
      if (!sees(i, j)) continue;
      int64_t key = at_key(b, j, kv_head);
      double p = std::exp(logits[size_t(j)] - total);
      add(out, row, p, v, key);
      if (!rounded) continue;
      double ds = p * (dot(dout, row, v, key) - delta) * slopes[size_t(j)] * s.scale;
      add(dv, key, p, dout, row);
      add(dq, row, ds, k, key);
      add(dk, key, ds, q, row);
    }
    return maximum != maximum || maximum > largest ? maximum : largest;
  }
};

/// Whether all are as near as rounding allows, NaN and infinity where they should be.
template <typename T>
static bool agree(const std::vector<T> &given, const Numbers &wanted, double tolerance,
                  const Rows *before = nullptr) {
  double largest = 1e-3;
  for (double x : wanted)
    if (std::isfinite(x)) largest = std::fmax(largest, std::fabs(x));
  if (before) largest += 4;
  for (size_t i = 0; i < given.size(); i++) {
    double x = sizeof(T) == 2 ? float_of_bf16(uint16_t(given[i])) : double(given[i]);
    double y = wanted[i] + (before ? float_of_bf16((*before)[i]) : 0);
    bool same = std::isnan(y)   ? std::isnan(x)
                : std::isinf(y) ? x == y
                                : std::fabs(x - y) <= tolerance * largest;
    if (!same) return false;
  }
  return true;
}

/// Lengths around tiles, masks, and what is hidden.
static const Case flash3_cases[] = {
    {"one key", 1, 1, 1, 1, 1},
    {"no mask", 1, 70, 200, 2, 1},
    {"no mask, whole tiles", 1, 128, 352, 1, 1},
    {"causal", 2, 200, 300, 2, 2, true, 100},
    {"causal, queries before the keys", 1, 300, 180, 3, 1, true, -120},
    {"a window", 1, 257, 420, 1, 1, true, 163, 50},
    {"a window at both ends", 1, 150, 400, 1, 1, false, 100, 30},
    {"softcap", 1, 130, 260, 2, 1, true, 130, 0, 5},
    {"softcap without a mask", 1, 64, 250, 1, 1, false, 0, 0, 2},
    {"a negative scale", 1, 140, 140, 1, 1, true, 0, 0, 0, -0.05f},
    {"a scale of large logits", 1, 100, 100, 1, 1, true, 0, 0, 0, 3},
    {"a hidden key of NaN", 1, 140, 140, 2, 1, true, 0, 0, 0, 0, true},
    {"a key of NaN out of the window", 1, 200, 200, 1, 1, false, 0, 20, 0, 0, true},
    {"rows that see nothing", 1, 10, 50, 1, 1, true, -200},
};

/// Ends the program where the device has failed: it computes nothing any more.
static void stop_where_failed() {
  if (table->error(context)) printf("%s\n", table->error(context)), exit(1);
}

/// Whether an algorithm refuses these, each for its reason.
static void expect_refusals(const attention_kernel *kernel) {
  Case one = {"", 1, 8, 8, 4, 2};
  auto says = [&](const attention &s, const char *wanted) {
    char reason[100] = "";
    bool is_supported = kernel->supports(context, &s, false, reason, sizeof reason);
    expect(!is_supported && strcmp(reason, wanted) == 0,
           std::string("it refuses ") + wanted + ", not '" + reason + "'");
  };
  attention s = one.shape(80);
  says(s, "a head_dim of 80");
  s = one.shape(64), s.type = ELEMENT_F32;
  says(s, "f32 activations");
  uint8_t keep = 0;
  float slopes[4];
  s = one.shape(64), s.mask.keep = &keep;
  says(s, "an explicit mask");
  s = one.shape(64), s.slopes = slopes;
  says(s, "ALiBi");
  s = one.shape(64), s.rows.type = ROWS_Q8;
  says(s, "a cache");
  s = one.shape(64), s.rows = {16, 8, 1, 8, 0, ROWS_BF16};
  says(s, "a cache");
}

#endif
