// Kernels at sizes that the program's op cases do not have, on blocks of exactly their size, so
// that AddressSanitizer sees the first byte beyond: rows and lists of many parts, all short
// lengths, and pointers that stand at odd elements.
//   kernels LIBRARY
#include "plugin.h"

typedef std::vector<float> Values;

static Values noise(int64_t count) {
  Values values(static_cast<size_t>(count));
  for (float &value : values)
    value = static_cast<float>(static_cast<int>(dice() % 2001) - 1000) / 256;
  return values;
}

/// A block of the device with nothing beside its elements, but for `skipped` before the first.
template <typename T> struct Block {
  T *start, *data;
  int64_t count;
  explicit Block(const std::vector<T> &values, int64_t skipped = 0)
      : count(static_cast<int64_t>(values.size())) {
    int64_t bytes = (count + skipped) * static_cast<int64_t>(sizeof(T));
    start = static_cast<T *>(table->allocate(context, bytes));
    data = start + skipped;
    table->upload(context, data, values.data(), count * static_cast<int64_t>(sizeof(T)));
  }
  ~Block() { table->release(context, start, 0); }
  std::vector<T> values() const {
    std::vector<T> result(static_cast<size_t>(count));
    table->download(context, result.data(), data, count * static_cast<int64_t>(sizeof(T)));
    return result;
  }
};

struct Scratch {
  void *data;
  explicit Scratch(int64_t bytes) : data(table->allocate(context, bytes)) {}
  ~Scratch() { table->release(context, data, 0); }
};

/// Whether two rows are the same but for rounding, relative to the largest.
static bool agree(const Values &a, const std::vector<double> &b, double tolerance = 2e-5) {
  double largest = 0, off = 0;
  for (size_t i = 0; i < a.size(); i++) {
    largest = std::fmax(largest, std::fabs(b[i]));
    off = std::fabs(a[i] - b[i]) <= off ? off : std::fabs(a[i] - b[i]);
  }
  return off <= tolerance * largest;
}

static void test_columns() {
  for (int64_t m : {0, 1, 7, 128, 129, 1000, 2049}) {
    for (int64_t n : {1, 8, 33, 256, 300}) {
      for (bool adds : {false, true}) {
        Values x = noise(m * n), before = noise(n);
        std::vector<double> sums(before.begin(), before.end());
        for (int64_t c = 0; c < n; c++) {
          if (!adds) sums[c] = 0;
          for (int64_t row = 0; row < m; row++) sums[c] += x[row * n + c];
        }
        Block<float> in(x), out(before, 1);
        column_sum call = {{out.data, adds}, in.data, m, n, ELEMENT_F32, nullptr};
        Scratch scratch(table->column_sum_workspace(context, &call));
        call.workspace = scratch.data;
        table->column_sum(context, &call);
        expect(agree(out.values(), sums),
               "column sums of " + std::to_string(m) + " x " + std::to_string(n));
      }
    }
  }
}

static void test_embedding() {
  for (int64_t n : {0, 1, 127, 128, 129, 1000, 4200}) {
    for (int64_t d : {1, 40, 261}) {
      int32_t vocabulary = 37;
      Values dout = noise(n * d);
      std::vector<int32_t> ids(static_cast<size_t>(n));
      // Every third is the same, and some are never there.
      for (int64_t i = 0; i < n; i++) ids[i] = i % 3 ? static_cast<int32_t>(dice() % 30) : 35;
      std::vector<double> sums(static_cast<size_t>(vocabulary * d));
      for (int64_t i = 0; i < n; i++)
        for (int64_t c = 0; c < d; c++) sums[ids[i] * d + c] += dout[i * d + c];
      Block<float> in(dout), out(Values(static_cast<size_t>(vocabulary * d), NAN));
      Block<int32_t> named(ids);
      embedding_backward call = {{out.data, false}, in.data,     named.data, n, d,
                                 vocabulary,        ELEMENT_F32, nullptr};
      Scratch scratch(table->embedding_backward_workspace(context, &call));
      call.workspace = scratch.data;
      table->embedding_backward(context, &call);
      Values first = out.values();
      expect(agree(first, sums),
             "the embedding's gradient of " + std::to_string(n) + " x " + std::to_string(d));
      call.dtable.accumulate = true;
      table->embedding_backward(context, &call);
      for (double &sum : sums) sum *= 2;
      expect(agree(out.values(), sums), "and twice that, added up");
    }
  }
}

/// More parameters than are looked at in one go, some without a gradient.
static void test_parameters() {
  std::vector<parameter_update> list;
  std::vector<Block<float> *> blocks;
  double squares = 0;
  for (int i = 0; i < 150; i++) {
    int64_t n = i % 17 == 0 ? 9001 : 1 + i % 23;
    Block<float> *all[4];
    Values gradient = noise(n);
    for (int k = 0; k < 4; k++)
      blocks.push_back(
          all[k] = new Block<float>(k == 3 ? gradient : Values(static_cast<size_t>(n), 1), i % 2));
    bool has_gradient = i % 5 != 0;
    list.push_back({all[0]->data, all[1]->data, all[2]->data, has_gradient ? all[3]->data : nullptr,
                    n, 0.5f, 0});
    if (has_gradient)
      for (float g : gradient) squares += static_cast<double>(g) * g;
  }
  Block<parameter_update> kept(list);
  Block<double> figures(std::vector<double>{0});
  gradient_norm norm = {figures.data, kept.data, kept.count, nullptr};
  Scratch scratch(table->gradient_norm_workspace(context, &norm));
  norm.workspace = scratch.data;
  table->gradient_norm(context, &norm);
  expect(std::fabs(figures.values()[0] / std::sqrt(squares) - 1) < 1e-12,
         "the norm of all gradients");

  Block<step_scalars> step(std::vector<step_scalars>{{0, 0.125f, 0.5f, 0.25f, 0}});
  double clip = figures.values()[0] / 2;
  adamw call = {kept.data, step.data, figures.data, kept.count, 1, clip, 0.5f, 0.75f, 1e-8f};
  table->adamw(context, &call);
  for (size_t i = 0; i < list.size(); i++) {
    std::vector<double> expected;
    for (float gradient : blocks[4 * i + 3]->values()) {
      double g = gradient * 0.5, m = 0.5 + 0.5 * g, v = 0.75 + 0.25 * g * g;
      double p = 1 - 0.125 * 0.5 - 0.125 * (m / 0.5) / (std::sqrt(v / 0.25) + 1e-8);
      expected.push_back(list[i].gradient ? p : 1);
    }
    expect(agree(blocks[4 * i]->values(), expected),
           "AdamW's step of parameter " + std::to_string(i));
  }
  for (Block<float> *block : blocks) delete block;
}

/// Rows of 2 to 40 elements, and of some that a block shares, from even and odd elements.
static void test_rows() {
  std::vector<int64_t> lengths = {1023, 1024, 1025, 2050, 13000};
  for (int64_t d = 2; d <= 40; d++) lengths.push_back(d);
  for (int64_t d : lengths) {
    int64_t n = d > 1000 ? 3 : 11, odd = d % 3;
    Values x = noise(n * d), dout = noise(n * d), weight = noise(d),
           ones(static_cast<size_t>(n), 1);
    Block<float> in(x, odd), slopes(dout, odd), scale(weight), rstd(ones), out(x, odd), dx(x, odd),
        dweight(weight);
    rms_norm_forward forward = {out.data, rstd.data, in.data, scale.data, n, d, 1e-5f, ELEMENT_F32};
    table->rms_norm_forward(context, &forward);
    rms_norm_backward backward = {{dx.data, false},
                                  {dweight.data, false},
                                  slopes.data,
                                  in.data,
                                  scale.data,
                                  rstd.data,
                                  n,
                                  d,
                                  ELEMENT_F32,
                                  nullptr};
    Scratch scratch(table->rms_norm_backward_workspace(context, &backward));
    backward.workspace = scratch.data;
    table->rms_norm_backward(context, &backward);
    std::vector<double> normed, gradient, of_weight(static_cast<size_t>(d));
    for (int64_t row = 0; row < n; row++) {
      double squares = 0, projection = 0;
      for (int64_t c = 0; c < d; c++)
        squares += static_cast<double>(x[row * d + c]) * x[row * d + c];
      double factor = 1 / std::sqrt(squares / static_cast<double>(d) + 1e-5);
      for (int64_t c = 0; c < d; c++) {
        int64_t i = row * d + c;
        normed.push_back(x[i] * factor * weight[c]);
        of_weight[c] += dout[i] * x[i] * factor;
        projection +=
            static_cast<double>(dout[i]) * weight[c] * x[i] * factor / static_cast<double>(d);
      }
      for (int64_t c = 0; c < d; c++) {
        int64_t i = row * d + c;
        gradient.push_back(factor *
                           (static_cast<double>(dout[i]) * weight[c] - x[i] * factor * projection));
      }
    }
    std::string what = "RMSNorm of rows of " + std::to_string(d);
    expect(agree(out.values(), normed), what);
    expect(agree(dx.values(), gradient), what + ", the gradient");
    expect(agree(dweight.values(), of_weight), what + ", the weight's gradient");
  }
}

/// All lengths to 40 from all places within 16 bytes, there and back through bf16.
static void test_elements() {
  for (int64_t n = 0; n <= 40; n++) {
    for (int64_t odd = 0; odd < 4; odd++) {
      Values x(static_cast<size_t>(n));
      for (int64_t i = 0; i < n; i++) x[i] = static_cast<float>(i - 20) / 8; // what bf16 can hold
      Block<float> a(x, odd), b(x, odd), sum(Values(static_cast<size_t>(n), NAN), odd);
      Block<uint16_t> narrow(std::vector<uint16_t>(static_cast<size_t>(n)), odd);
      convert down = {narrow.data, a.data, n, ELEMENT_BF16, ELEMENT_F32};
      convert up = {b.data, narrow.data, n, ELEMENT_F32, ELEMENT_BF16};
      add call = {sum.data, a.data, b.data, n, ELEMENT_F32};
      table->convert(context, &down);
      table->convert(context, &up);
      table->add(context, &call);
      Values twice = sum.values();
      bool holds = true;
      for (int64_t i = 0; i < n; i++) holds &= twice[i] == 2 * x[i];
      expect(holds,
             "sums of " + std::to_string(n) + " elements from element " + std::to_string(odd));
    }
  }
}

int main(int count, char **arguments) {
  open_table(count, arguments);
  context = open_context();
  test_columns();
  test_embedding();
  test_parameters();
  test_rows();
  test_elements();
  return close("the kernels");
}
