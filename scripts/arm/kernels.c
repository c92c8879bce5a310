// Holds an instruction set's kernels to the reference, without Swift, so that a foreign processor's
// can be tried under an emulator: products, their epilogues, norms, activations, rotary positions,
// attention, decoding, losses, the optimizer.
// Not the op cases, which try every operation at every odd size: `runexp kernels --check` on the
// processor itself.
//
//     kernels INSTRUCTION-SET THREADS
//
// Says how far each is from the reference and exits with 1 where one is too far.
#include "host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct kernels *tables[2]; // what is tried, and the reference
static struct kernel_context *contexts[2];
static int64_t failures, checks;

/// What a call computes: outputs of each device, to be compared.
struct output {
  const char *name;
  void *data[2];
  int64_t n;
  element_type type;
};

static uint32_t state = 1;

static float number(void) {
  state = state * 1664525 + 1013904223;
  return (float)(state >> 8) / 0x1p23f - 1;
}

static float value(const void *data, int64_t i, element_type type) {
  if (type == ELEMENT_F32) return ((const float *)data)[i];
  uint32_t bits = (uint32_t)((const uint16_t *)data)[i] << 16;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/// Numbers in -1 ..< 1; what is bf16 is cut off.
static void *numbers(int64_t n, element_type type) {
  float *block = malloc((size_t)n * 4 + 64);
  for (int64_t i = 0; i < n; i++) {
    float x = number();
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (type == ELEMENT_F32)
      block[i] = x;
    else
      ((uint16_t *)block)[i] = (uint16_t)(bits >> 16);
  }
  return block;
}

/// The same numbers for both devices, to be overwritten or added to.
static struct output output(const char *name, int64_t n, element_type type) {
  struct output o = {.name = name, .n = n, .type = type};
  o.data[0] = numbers(n, type);
  o.data[1] = malloc((size_t)n * 4 + 64);
  memcpy(o.data[1], o.data[0], (size_t)n * (type == ELEMENT_F32 ? 4 : 2));
  return o;
}

/// f32: 2e-6 of the largest number, some roundings of sums of a few hundred terms. bf16: the last
/// of its eight bits.
static void compare(const char *what, struct output *o) {
  double largest = 0, worst = 0;
  for (int64_t i = 0; i < o->n; i++) {
    double is = value(o->data[0], i, o->type), should = value(o->data[1], i, o->type);
    if (fabs(should) > largest) largest = fabs(should);
    double far = is == should ? 0 : fabs(is - should);
    if (!(far <= worst)) worst = isnan(far) ? INFINITY : far;
  }
  double bound = (o->type == ELEMENT_F32 ? 2e-6 : 0x1p-8) * largest;
  bool fails = !(worst <= bound);
  checks++, failures += fails;
  if (fails) printf("FAILS: %s, %s: %g from the reference, of %g\n", what, o->name, worst, largest);
  free(o->data[0]), free(o->data[1]);
}

static void *workspace(int64_t bytes) { return malloc((size_t)bytes + 64); }

/// Runs a kernel on both devices: `call` is a struct whose output pointers `set` names of device i.
#define RUN(kernel, call, ...)                                                                     \
  for (int i = 0; i < 2; i++) {                                                                    \
    __VA_ARGS__;                                                                                   \
    tables[i]->kernel(contexts[i], &call);                                                         \
  }
#define RUN_WITH_WORKSPACE(kernel, call, ...)                                                      \
  for (int i = 0; i < 2; i++) {                                                                    \
    __VA_ARGS__;                                                                                   \
    call.workspace = workspace(tables[i]->kernel##_workspace(contexts[i], &call));                 \
    tables[i]->kernel(contexts[i], &call);                                                         \
    free(call.workspace);                                                                          \
  }

static void check_product(struct gemm g, bool has_bias) {
  void *a = numbers(g.m * g.k, g.a_type), *b = numbers(g.k * g.n, g.b_type);
  float *bias = numbers(g.n, ELEMENT_F32);
  g.a = a, g.b = b, g.bias = has_bias ? bias : NULL;
  struct output c = output("c", g.m * g.n, g.c_type);
  RUN_WITH_WORKSPACE(gemm, g, g.c = c.data[i])
  char what[96];
  snprintf(what, sizeof what, "product %lld x %lld x %lld%s%s%s, types %d %d %d, in %d",
           (long long)g.m, (long long)g.n, (long long)g.k, g.a_transposed ? " a^T" : "",
           g.b_transposed ? " b^T" : "", g.accumulate ? " added" : "", g.a_type, g.b_type, g.c_type,
           g.compute);
  compare(what, &c);
  free(a), free(b), free(bias);
}

static void check_products(void) {
  static const int64_t sizes[][3] = {{1, 33, 70},   {5, 64, 129},  {9, 7, 5},       {23, 65, 31},
                                     {64, 96, 300}, {97, 50, 600}, {260, 130, 70},  {13, 1, 40},
                                     {40, 200, 1},  {96, 96, 256}, {150, 33, 1030}, {300, 64, 64}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (int bits = 0; bits < 16; bits++) {
      struct gemm g = {.m = sizes[i][0], .n = sizes[i][1], .k = sizes[i][2]};
      g.a_transposed = bits & 1, g.b_transposed = bits & 2, g.accumulate = bits & 4;
      if (bits & 8) g.a_type = g.c_type = g.compute = ELEMENT_BF16;
      check_product(g, !g.accumulate && i % 2);
    }
}

static void check_epilogue(epilogue_kind kind, element_type type) {
  enum { M = 70, N = 45, K = 90 };
  void *a = numbers(M * K, type), *b = numbers(K * N, type);
  void *gate = numbers(M * N, type), *up = numbers(M * N, type);
  void *residual = numbers(M * N, type);
  struct output c = output("c", M * N, type), kept = output("kept", M * N, type);
  struct output dup = output("dup", M * N, type);
  struct gemm g = {.a = a, .b = b, .m = M, .n = N, .k = K};
  g.a_type = g.b_type = g.c_type = g.compute = type;
  g.epilogue.kind = kind, g.epilogue.activation = ACTIVATION_SILU;
  bool keeps = kind == EPILOGUE_ACTIVATION || kind == EPILOGUE_GATED;
  bool is_residual = kind == EPILOGUE_RESIDUAL, has_dup = kind == EPILOGUE_DGATED;
  if (kind != EPILOGUE_ACTIVATION && !is_residual) g.epilogue.gate = gate;
  if (has_dup) g.epilogue.up = up;
  if (is_residual) g.epilogue.residual = residual;
  RUN_WITH_WORKSPACE(gemm, g, g.c = c.data[i]; if (keeps) g.epilogue.kept = kept.data[i];
                     if (has_dup) g.epilogue.dup.data = dup.data[i])
  char what[32];
  snprintf(what, sizeof what, "epilogue %d, type %d", kind, type);
  compare(what, &c);
  if (keeps) compare(what, &kept);
  if (has_dup) compare(what, &dup);
  free(a), free(b), free(gate), free(up), free(residual);
}

static void check_epilogues(element_type type) {
  for (int kind = EPILOGUE_ACTIVATION; kind <= EPILOGUE_RESIDUAL; kind++)
    check_epilogue((epilogue_kind)kind, type);
}

static void check_norms(int64_t n, int64_t d, element_type type) {
  void *x = numbers(n * d, type), *dout = numbers(n * d, type);
  float *weight = numbers(d, ELEMENT_F32), *bias = numbers(d, ELEMENT_F32);
  struct output out = output("out", n * d, type), rstd = output("rstd", n, ELEMENT_F32);
  struct output dx = output("dx", n * d, type), dweight = output("dweight", d, ELEMENT_F32);
  struct rms_norm_forward r = {.x = x, .weight = weight, .n = n, .d = d, .epsilon = 1e-5f};
  struct rms_norm_backward rb = {.dout = dout, .x = x, .weight = weight, .n = n, .d = d};
  r.type = rb.type = type;
  RUN(rms_norm_forward, r, r.out = out.data[i]; r.rstd = rstd.data[i])
  RUN_WITH_WORKSPACE(rms_norm_backward, rb, rb.dx.data = dx.data[i];
                     rb.dweight.data = dweight.data[i]; rb.rstd = rstd.data[1])
  compare("rms norm", &out), compare("rms norm", &rstd);
  compare("rms norm", &dx), compare("rms norm", &dweight);

  struct output mean = output("mean", n, ELEMENT_F32), dbias = output("dbias", d, ELEMENT_F32);
  out = output("out", n * d, type), rstd = output("rstd", n, ELEMENT_F32);
  dx = output("dx", n * d, type), dweight = output("dweight", d, ELEMENT_F32);
  struct layer_norm_forward l = {.x = x, .weight = weight, .bias = bias, .n = n, .d = d};
  struct layer_norm_backward lb = {.dout = dout, .x = x, .weight = weight, .n = n, .d = d};
  l.type = lb.type = type, l.epsilon = 1e-5f;
  RUN(layer_norm_forward, l, l.out = out.data[i]; l.rstd = rstd.data[i]; l.mean = mean.data[i])
  RUN_WITH_WORKSPACE(layer_norm_backward, lb, lb.dx.data = dx.data[i];
                     lb.dweight.data = dweight.data[i]; lb.dbias.data = dbias.data[i];
                     lb.rstd = rstd.data[1]; lb.mean = mean.data[1])
  compare("layer norm", &out), compare("layer norm", &rstd), compare("layer norm", &mean);
  compare("layer norm", &dx), compare("layer norm", &dweight), compare("layer norm", &dbias);
  free(x), free(dout), free(weight), free(bias);
}

/// Keys and values of Q8 are any numbers with any scales.
static void *key_rows(struct attention *s, uint16_t **scales) {
  int64_t rows = s->batch * s->keys * s->kv_heads, blocks = (s->head_dim + 31) / 32;
  *scales = malloc((size_t)(rows * blocks) * 2 + 64);
  for (int64_t i = 0; i < rows * blocks; i++) (*scales)[i] = (uint16_t)(0x2000 + i % 512);
  if (s->rows.type != ROWS_Q8)
    return numbers(rows * s->head_dim, s->rows.type == ROWS_F32 ? ELEMENT_F32 : ELEMENT_BF16);
  int8_t *q8 = malloc((size_t)(rows * s->head_dim) + 64);
  for (int64_t i = 0; i < rows * s->head_dim; i++) q8[i] = (int8_t)(127 * number());
  return q8;
}

static void check_attention(const char *what, struct attention s) {
  s.scale = 0.2f, s.rows.batch_rows = s.keys * s.kv_heads, s.rows.head_rows = 1;
  s.rows.slot_rows = s.kv_heads, s.rows.slots = s.keys;
  int64_t n = s.batch * s.queries * s.heads * s.head_dim;
  int64_t kv = s.batch * s.keys * s.kv_heads * s.head_dim;
  void *q = numbers(n, s.type), *dout = numbers(n, s.type);
  uint16_t *k_scales, *v_scales;
  void *k = key_rows(&s, &k_scales), *v = key_rows(&s, &v_scales);
  if (s.rows.type == ROWS_Q8) s.k_scales = k_scales, s.v_scales = v_scales;
  struct output out = output("out", n, s.type);
  struct output maxima = output("largest logit", s.batch * s.heads, ELEMENT_F32);
  void *saved[2];
  struct attention_forward f = {.q = q, .k = k, .v = v, .shape = s};
  for (int i = 0; i < 2; i++) {
    const struct attention_kernel *kernel = tables[i]->flash2_attention;
    saved[i] = workspace(4 * kernel->saved_floats(&s));
    f.out = out.data[i], f.saved = saved[i], f.max_logit = maxima.data[i];
    f.workspace = workspace(kernel->workspace(contexts[i], &s, false));
    kernel->forward(contexts[i], &f);
    free(f.workspace);
  }
  void *given = malloc((size_t)n * 4);
  memcpy(given, out.data[1], (size_t)n * (s.type == ELEMENT_F32 ? 4 : 2));
  compare(what, &out), compare(what, &maxima);
  if ((int)s.rows.type == (int)s.type) {
    struct output dq = output("dq", n, s.type), dk = output("dk", kv, s.type);
    struct output dv = output("dv", kv, s.type);
    struct attention_backward b = {.dout = dout, .q = q, .k = k, .v = v, .out = given, .shape = s};
    for (int i = 0; i < 2; i++) {
      const struct attention_kernel *kernel = tables[i]->flash2_attention;
      b.dq.data = dq.data[i], b.dk.data = dk.data[i], b.dv.data = dv.data[i];
      b.saved = saved[i], b.workspace = workspace(kernel->workspace(contexts[i], &s, true));
      kernel->backward(contexts[i], &b);
      free(b.workspace);
    }
    compare(what, &dq), compare(what, &dk), compare(what, &dv);
  }
  for (int i = 0; i < 2; i++) free(saved[i]);
  free(given), free(q), free(k), free(v), free(dout), free(k_scales), free(v_scales);
}

static void check_attentions(void) {
  const struct attention plain = {
      .batch = 2, .queries = 70, .keys = 70, .heads = 4, .kv_heads = 4, .head_dim = 32};
  for (int bf16 = 0; bf16 < 2; bf16++) {
    struct attention s = plain;
    s.type = bf16 ? ELEMENT_BF16 : ELEMENT_F32, s.rows.type = bf16 ? ROWS_BF16 : ROWS_F32;
    check_attention("attention", s);
    s.causal = true, s.kv_heads = 2, s.head_dim = 20;
    check_attention("causal attention, grouped heads", s);
    s.window = 9, s.queries = 300, s.keys = 300;
    check_attention("window", s);
    s.softcap = 5, s.queries = 33, s.keys = 150, s.offset = 117, s.head_dim = 80;
    check_attention("softcap, later queries", s);
  }
  for (int rows = ROWS_F32; rows <= ROWS_Q8; rows++)
    for (int64_t kv_heads = 1; kv_heads <= 4; kv_heads *= 2) {
      struct attention s = plain;
      s.queries = 1, s.keys = 700, s.offset = 699, s.kv_heads = kv_heads, s.causal = true;
      s.head_dim = 64, s.rows.type = (row_type)rows;
      check_attention(rows == ROWS_Q8     ? "decoding, Q8"
                      : rows == ROWS_BF16 ? "decoding, bf16"
                                          : "decoding, f32",
                      s);
    }
}

static void check_loss(int64_t n, int64_t vocabulary) {
  void *logits = numbers(n * vocabulary, ELEMENT_F32);
  int32_t *targets = malloc((size_t)n * 4);
  for (int64_t i = 0; i < n; i++) targets[i] = (int32_t)(i * 7 % vocabulary);
  struct output loss = output("loss", n, ELEMENT_F32), lse = output("lse", n, ELEMENT_F32);
  struct output dlogits = output("dlogits", n * vocabulary, ELEMENT_F32);
  struct cross_entropy_forward f = {
      .logits = logits, .targets = targets, .n = n, .vocabulary = vocabulary, .z = 1e-4f};
  struct cross_entropy_backward b = {.logits = logits,
                                     .targets = targets,
                                     .n = n,
                                     .vocabulary = vocabulary,
                                     .z = 1e-4f,
                                     .scale = 0.1f};
  RUN(cross_entropy_forward, f, f.loss = loss.data[i]; f.log_sum_exp = lse.data[i])
  RUN(cross_entropy_backward, b, b.dlogits.data = dlogits.data[i]; b.log_sum_exp = lse.data[1])
  compare("cross entropy", &loss), compare("cross entropy", &lse);
  compare("cross entropy", &dlogits);
  free(logits), free(targets);
}

static void check_optimizer(void) {
  enum { N = 1000 };
  struct output p = output("parameter", N, ELEMENT_F32), m = output("moment", N, ELEMENT_F32);
  struct output v = output("second moment", N, ELEMENT_F32);
  float *gradient = numbers(N, ELEMENT_F32);
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < N; j++) ((float *)v.data[i])[j] = fabsf(((float *)v.data[i])[j]);
  const struct step_scalars step = {.rate = 0.1f, .correction1 = 0.2f, .correction2 = 0.3f};
  double norm = 3;
  struct adamw a = {.step = &step,
                    .figures = &norm,
                    .count = 1,
                    .figure_count = 1,
                    .clip = 1,
                    .beta1 = 0.9f,
                    .beta2 = 0.99f,
                    .epsilon = 1e-8f};
  struct parameter_update update = {.gradient = gradient, .n = N, .weight_decay = 0.1f};
  a.list = &update;
  RUN(adamw, a, update.parameter = p.data[i]; update.first_moment = m.data[i];
      update.second_moment = v.data[i])
  compare("adamw", &p), compare("adamw", &m), compare("adamw", &v);
  free(gradient);
}

static void check_pointwise(element_type type) {
  enum { N = 1003 };
  void *x = numbers(N, type), *y = numbers(N, type), *dout = numbers(N, type);
  for (int kind = ACTIVATION_GELU; kind <= ACTIVATION_GELU_TANH; kind++) {
    struct output out = output("out", N, type), dx = output("dx", N, type);
    struct activation_forward f = {.x = x, .n = N, .kind = (activation_kind)kind, .type = type};
    struct activation_backward b = {.dout = dout, .x = x, .n = N, .type = type};
    b.kind = f.kind;
    RUN(activation_forward, f, f.out = out.data[i])
    RUN(activation_backward, b, b.dx.data = dx.data[i])
    compare("activation", &out), compare("activation", &dx);
  }
  struct output sum = output("sum", N, type);
  struct add add = {.a = x, .b = y, .n = N, .type = type};
  RUN(add, add, add.out = sum.data[i])
  compare("add", &sum);
  free(x), free(y), free(dout);
}

/// Rotates the first `rotated` elements of a head.
static void check_rope(int64_t rotated, element_type type) {
  enum { HEADS = 3, DIM = 40, TOKENS = 50 };
  void *x = numbers(TOKENS * HEADS * DIM, type);
  float *cosine = numbers(TOKENS * rotated / 2, ELEMENT_F32);
  float *sine = numbers(TOKENS * rotated / 2, ELEMENT_F32);
  for (int interleaved = 0; interleaved < 2; interleaved++) {
    struct output out = output("out", TOKENS * HEADS * DIM, type);
    struct rope r = {.x = x, .cosine = cosine, .sine = sine, .batch = 1, .tokens = TOKENS};
    r.heads = HEADS, r.head_dim = DIM, r.rotated = rotated;
    r.interleaved = interleaved, r.type = type;
    RUN(rope, r, r.out.data = out.data[i])
    compare(rotated < DIM ? "rope of a part" : "rope", &out);
  }
  free(x), free(cosine), free(sine);
}

int main(int count, char **arguments) {
  if (count != 3) return 64;
  tables[0] = runexp_cpu_kernels_for(arguments[1]);
  tables[1] = runexp_reference_kernels();
  if (!tables[0]) {
    printf("this processor has no %s\n", arguments[1]);
    return 64;
  }
  struct device_options options = {.threads = atoi(arguments[2])};
  char text[200];
  for (int i = 0; i < 2; i++) {
    contexts[i] = tables[i]->create(&options, text, sizeof text);
    if (!contexts[i]) return 1;
  }
  tables[0]->describe(contexts[0], text, sizeof text);
  check_products();
  for (int bf16 = 0; bf16 < 2; bf16++) {
    element_type type = bf16 ? ELEMENT_BF16 : ELEMENT_F32;
    check_epilogues(type);
    check_norms(37, 100, type), check_norms(130, 64, type), check_pointwise(type);
    check_rope(40, type), check_rope(22, type);
  }
  check_attentions();
  check_loss(30, 65), check_loss(9, 1000);
  check_optimizer();
  for (int i = 0; i < 2; i++) tables[i]->destroy(contexts[i]);
  printf("%s: %lld of %lld outputs are too far from the reference\n", text, (long long)failures,
         (long long)checks);
  return failures > 0;
}
