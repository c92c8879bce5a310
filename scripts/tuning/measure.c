// Times variants of a kernel against each other, in turns, on the shapes of training steps.
// Not the search, nor what is made of the times: see scripts/tune, which compiles this.
//
//     measure products|attention f32|bf16 THREADS ROUNDS VARIANT.so...
//
// Each variant is a library whose table `tuned` has the kernel. For each shape a line: its name,
// and for each variant by how much it is faster than the first, the median over the rounds.
#include "host.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  MOST_VARIANTS = 64,
  MOST_ROUNDS = 64,
  COPIES = 3, // of a product's matrices, so that they are not in the cache because of the last call
};

struct measured {
  struct kernel_context *context;
  const struct kernels *variants[MOST_VARIANTS];
  int count, rounds;
  element_type type;
};

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/// Small numbers of either type, of both signs.
static void *numbers(struct measured *m, int64_t n, element_type type) {
  void *block = runexp_host_allocate(m->context, n * (type == ELEMENT_F32 ? 4 : 2));
  uint32_t state = 1;
  for (int64_t i = 0; i < n; i++) {
    state = state * 1664525 + 1013904223;
    float x = (float)(state >> 8) / 0x1p23f - 1;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (type == ELEMENT_F32)
      ((float *)block)[i] = x;
    else
      ((uint16_t *)block)[i] = (uint16_t)(bits >> 16);
  }
  return block;
}

static void release(struct measured *m, void *block, int64_t n, element_type type) {
  runexp_host_release(m->context, block, n * (type == ELEMENT_F32 ? 4 : 2));
}

/// Times run(argument, variant), some calls a turn, and prints the shape's line.
static void compare(struct measured *m, const char *name,
                    void (*run)(void *argument, int variant, int64_t turn), void *argument) {
  static double times[MOST_VARIANTS][MOST_ROUNDS];
  double start = seconds();
  run(argument, 0, 0);
  run(argument, 0, 1);
  int64_t calls = 1 + (int64_t)(0.006 / (seconds() - start));
  for (int round = -1; round < m->rounds; round++) {
    for (int i = 0; i < m->count; i++) {
      int variant = round % 2 ? m->count - 1 - i : i; // every other round in reverse order
      double begin = seconds();
      for (int64_t call = 0; call < calls; call++) run(argument, variant, call);
      if (round >= 0) times[variant][round] = seconds() - begin;
    }
  }
  printf("%s", name);
  for (int variant = 0; variant < m->count; variant++) {
    double ratios[MOST_ROUNDS];
    for (int round = 0; round < m->rounds; round++)
      ratios[round] = times[0][round] / times[variant][round];
    qsort(ratios, (size_t)m->rounds, sizeof *ratios, by_size);
    printf("\t%.4f", (ratios[m->rounds / 2] + ratios[(m->rounds - 1) / 2]) / 2);
  }
  printf("\n");
  fflush(stdout);
}

// Products.

struct product {
  struct measured *measured;
  struct gemm call;
  char *a, *b, *c;
  int64_t a_bytes, b_bytes, c_bytes;
  void *workspaces[MOST_VARIANTS];
};

static void run_product(void *argument, int variant, int64_t turn) {
  struct product *p = argument;
  int64_t copy = turn % COPIES;
  p->call.a = p->a + copy * p->a_bytes;
  p->call.b = p->b + copy * p->b_bytes;
  p->call.c = p->c + copy * p->c_bytes;
  p->call.workspace = p->workspaces[variant];
  p->measured->variants[variant]->gemm(p->measured->context, &p->call);
}

static int64_t workspace_of(struct measured *m, const struct gemm *call, int variant) {
  return m->variants[variant]->gemm_workspace(m->context, call) + 64;
}

/// Forward, a weight in f32 is rounded on the way; a weight's gradient is f32.
static void measure_product(struct measured *m, struct gemm call) {
  element_type type = m->type, weight = call.a_transposed ? type : ELEMENT_F32;
  call.compute = call.a_type = type, call.b_type = weight;
  call.c_type = call.a_transposed ? ELEMENT_F32 : type;
  int64_t a = call.m * call.k, b = call.k * call.n, c = call.m * call.n;
  int64_t size = type == ELEMENT_F32 ? 4 : 2;
  struct product p = {.measured = m,
                      .a = numbers(m, a * COPIES, type),
                      .b = numbers(m, b * COPIES, weight),
                      .c = numbers(m, c * COPIES, call.c_type),
                      .a_bytes = a * size,
                      .b_bytes = b * (weight == ELEMENT_F32 ? 4 : 2),
                      .c_bytes = c * (call.c_type == ELEMENT_F32 ? 4 : 2)};
  p.call = call;
  p.call.a = p.a, p.call.b = p.b, p.call.c = p.c;
  for (int i = 0; i < m->count; i++)
    p.workspaces[i] = runexp_host_allocate(m->context, workspace_of(m, &p.call, i));
  char name[64];
  snprintf(name, sizeof name, "%lld x %lld x %lld %c%c", (long long)call.m, (long long)call.n,
           (long long)call.k, call.a_transposed ? 'T' : 'N', call.b_transposed ? 'T' : 'N');
  compare(m, name, run_product, &p);
  for (int i = 0; i < m->count; i++)
    runexp_host_release(m->context, p.workspaces[i], workspace_of(m, &p.call, i));
  release(m, p.a, a * COPIES, type);
  release(m, p.b, b * COPIES, weight);
  release(m, p.c, c * COPIES, call.c_type);
}

/// The layers of the modern and the classic model, forward and both gradients.
static void measure_products(struct measured *m) {
  static const int64_t layers[][2] = {{256, 256},  {256, 128},  {256, 704}, {704, 256},
                                      {256, 1024}, {1024, 256}, {256, 65}};
  const int64_t rows = 4096;
  for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
    int64_t in = layers[i][0], out = layers[i][1];
    measure_product(m, (struct gemm){.m = rows, .n = out, .k = in, .b_transposed = true});
    measure_product(m, (struct gemm){.m = rows, .n = in, .k = out});
    measure_product(m, (struct gemm){.m = out, .n = in, .k = rows, .a_transposed = true});
  }
}

// Attention.

struct attending {
  struct measured *measured;
  struct attention_forward forward[MOST_VARIANTS];
  struct attention_backward backward[MOST_VARIANTS];
};

static void run_forward(void *argument, int variant, int64_t turn) {
  struct attending *a = argument;
  const struct kernels *table = a->measured->variants[variant];
  table->flash2_attention->forward(a->measured->context, &a->forward[variant]);
}

static void run_backward(void *argument, int variant, int64_t turn) {
  struct attending *a = argument;
  const struct kernels *table = a->measured->variants[variant];
  table->flash2_attention->backward(a->measured->context, &a->backward[variant]);
}

static void measure_one_attention(struct measured *m, struct attention s) {
  static struct attending a;
  a.measured = m;
  s.keys = s.queries, s.causal = true, s.scale = 0.125f, s.type = m->type;
  s.rows = (struct row_layout){.batch_rows = s.keys * s.kv_heads,
                               .head_rows = 1,
                               .slot_rows = s.kv_heads,
                               .slots = s.keys,
                               .type = m->type == ELEMENT_F32 ? ROWS_F32 : ROWS_BF16};
  int64_t n = s.batch * s.queries * s.heads * s.head_dim;
  int64_t kv = s.batch * s.keys * s.kv_heads * s.head_dim;
  void *q = numbers(m, n, s.type), *dout = numbers(m, n, s.type), *dq = numbers(m, n, s.type);
  void *k = numbers(m, kv, s.type), *dk = numbers(m, kv, s.type), *out = numbers(m, n, s.type);
  void *v = numbers(m, kv, s.type), *dv = numbers(m, kv, s.type);
  for (int i = 0; i < m->count; i++) {
    const struct attention_kernel *kernel = m->variants[i]->flash2_attention;
    float *saved = runexp_host_allocate(m->context, 4 * kernel->saved_floats(&s));
    a.forward[i] =
        (struct attention_forward){.out = out, .saved = saved, .q = q, .k = k, .v = v, .shape = s};
    a.backward[i] = (struct attention_backward){.dq.data = dq,
                                                .dk.data = dk,
                                                .dv.data = dv,
                                                .dout = dout,
                                                .q = q,
                                                .k = k,
                                                .v = v,
                                                .out = out,
                                                .saved = saved,
                                                .shape = s};
    a.forward[i].workspace =
        runexp_host_allocate(m->context, kernel->workspace(m->context, &s, false) + 64);
    a.backward[i].workspace =
        runexp_host_allocate(m->context, kernel->workspace(m->context, &s, true) + 64);
    run_forward(&a, i, 0);
  }
  char name[96];
  for (int backward = 0; backward < 2; backward++) {
    snprintf(name, sizeof name, "%lld x %lld, %lld:%lld heads of %lld%s %s", (long long)s.batch,
             (long long)s.queries, (long long)s.heads, (long long)s.kv_heads, (long long)s.head_dim,
             s.window ? ", window" : "", backward ? "bwd" : "fwd");
    compare(m, name, backward ? run_backward : run_forward, &a);
  }
}

static void measure_attention(struct measured *m) {
  static const struct attention shapes[] = {
      {.batch = 16, .queries = 256, .heads = 8, .kv_heads = 8, .head_dim = 32},
      {.batch = 16, .queries = 256, .heads = 8, .kv_heads = 4, .head_dim = 32},
      {.batch = 16, .queries = 256, .heads = 4, .kv_heads = 4, .head_dim = 64},
      {.batch = 1, .queries = 2048, .heads = 8, .kv_heads = 8, .head_dim = 64},
      {.batch = 1, .queries = 2048, .heads = 8, .kv_heads = 2, .head_dim = 64, .window = 256},
      {.batch = 1, .queries = 1024, .heads = 4, .kv_heads = 4, .head_dim = 80},
      {.batch = 1, .queries = 1024, .heads = 4, .kv_heads = 4, .head_dim = 128},
  };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) measure_one_attention(m, shapes[i]);
}

int main(int count, char **arguments) {
  struct device_options options = {.threads = atoi(arguments[3])};
  char reason[200];
  struct measured m = {.context = runexp_host_create(&options, reason, sizeof reason),
                       .rounds = atoi(arguments[4]),
                       .type = strcmp(arguments[2], "bf16") ? ELEMENT_F32 : ELEMENT_BF16};
  if (!m.context || m.rounds > MOST_ROUNDS || count - 5 > MOST_VARIANTS) return 64;
  for (; m.count < count - 5; m.count++) {
    void *library = dlopen(arguments[5 + m.count], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      fprintf(stderr, "%s\n", dlerror());
      return 1;
    }
    m.variants[m.count] = dlsym(library, "tuned");
    if (!m.variants[m.count]) {
      fprintf(stderr, "these kernels are for another kind of processor\n");
      return 1;
    }
  }
  (strcmp(arguments[1], "products") ? measure_attention : measure_products)(&m);
  return 0;
}
