// A plugin that computes on the CPU, and notes how each kernel's work is split: what the CPU's
// kernels would do with any number of threads, whatever this machine has. Not the prediction that
// is made of it: see scripts/scaling, which compiles this with TABLE, a file such as cpu_v4.c.
//
// With RUNEXP_SCALING=split, a context of T threads plans for T and the tasks run one after
// another, each timed by itself. With =time the threads are there, and calls are timed. Either is
// written to the file RUNEXP_SCALING_NOTES when the device is given back, a line for each kernel
// and shape:
//
//     calls, the least ns of one, the same of what is outside of tasks, the bytes that a product's
//     tasks read and write (else 0), the kernel and its shape, and for each of its regions the
//     least ns of each task
#include "host.h"

#include <stdlib.h>

#include "capture.h"

struct kernel_call {
  const char *kernel, *type; // the entry of the table, and its struct
  const void *call;
};

static void begin_call(struct kernel_context *context, struct kernel_call call);
static void end_call(void);

// The entries of the table, as those of capture.h, noted.
#undef CAPTURED
#define CAPTURED(name, kernel, type)                                                               \
  static void name##_run(struct kernel_context *context, const void *call) {                       \
    begin_call(context, (struct kernel_call){#name, #type, call});                                 \
    kernel(context, call);                                                                         \
    end_call();                                                                                    \
  }                                                                                                \
  static void name(struct kernel_context *context, const struct type *call) {                      \
    if (!runexp_host_captures(context, name##_run, call, sizeof *call)) name##_run(context, call); \
  }

#undef parallel_for
#undef parallel_ranges
static void parallel_for(struct kernel_context *context, int64_t tasks,
                         void (*run)(void *argument, int64_t task, int64_t worker), void *argument);
static void parallel_ranges(struct kernel_context *context, int64_t n, int64_t grain,
                            void (*run)(void *argument, int64_t begin, int64_t end),
                            const void *argument);

#include TABLE

enum { MOST_SHAPES = 512, MOST_REGIONS = 64 };

/// All calls of a kernel with the same sizes.
struct shape {
  char name[128];
  int64_t calls, least, least_alone, bytes;
  int64_t tasks[MOST_REGIONS], *least_of[MOST_REGIONS];
};

static struct shape shapes[MOST_SHAPES], *current;
// Of the call: the region it is in, when it began, what its tasks took, and taking notes.
static int64_t region, started, working, noting;

static int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * (int64_t)1000000000 + now.tv_nsec;
}

static bool is_split(void) {
  const char *mode = getenv("RUNEXP_SCALING");
  return mode && strcmp(mode, "split") == 0;
}

/// What the tasks of a product read and write, by its plan: each block of rows reads b, and each
/// group of columns a.
static int64_t product_bytes(struct kernel_context *context, const struct gemm *g) {
  if (is_skinny(g)) return 0;
  struct gemm_plan plan = gemm_plan(g, runexp_host_threads(context));
  int64_t words = (g->k + plan.kernel->steps - 1) / plan.kernel->steps; // of b, along k
  int64_t a = g->m * g->k * (g->a_type ? 2 : 4), b = words * g->n * 4;
  int64_t c = g->m * g->n * (g->c_type ? 2 : 4);
  return plan.groups * a + plan.blocks.parts * b + c;
}

static void begin_call(struct kernel_context *context, struct kernel_call call) {
  const struct gemm *g = strcmp(call.type, "gemm") ? NULL : call.call;
  char name[sizeof current->name];
  snprintf(name, sizeof name, "%s", call.kernel + strlen("captured_"));
  if (g)
    snprintf(name, sizeof name, "gemm %lld x %lld x %lld %c%c", (long long)g->m, (long long)g->n,
             (long long)g->k, g->a_transposed ? 'T' : 'N', g->b_transposed ? 'T' : 'N');
  current = shapes;
  while (current->calls > 0 && strcmp(current->name, name) != 0) current++;
  if (current == shapes + MOST_SHAPES - 1) abort();
  memcpy(current->name, name, sizeof name);
  if (g) current->bytes = product_bytes(context, g);
  current->calls++, region = 0, working = 0, noting = 0;
  started = nanoseconds();
}

static void end_call(void) {
  int64_t took = nanoseconds() - started - noting, alone = took - working;
  if (current->calls == 1 || took < current->least) current->least = took;
  if (current->calls == 1 || alone < current->least_alone) current->least_alone = alone;
  current = NULL;
}

static void parallel_for(struct kernel_context *context, int64_t tasks,
                         void (*run)(void *argument, int64_t task, int64_t worker),
                         void *argument) {
  if (!current || !is_split()) { // the peak is measured outside of calls
    runexp_host_parallel_for(context, tasks, run, argument);
    return;
  }
  if (region == MOST_REGIONS) abort();
  int64_t begin = nanoseconds(), before = working;
  bool is_new = current->tasks[region] != tasks;
  if (is_new) {
    current->tasks[region] = tasks;
    current->least_of[region] = calloc((size_t)tasks + 1, sizeof(int64_t));
  }
  for (int64_t task = 0; task < tasks; task++) {
    int64_t start = nanoseconds();
    run(argument, task, 0);
    int64_t took = nanoseconds() - start, *least = &current->least_of[region][task];
    if (is_new || took < *least) *least = took;
    working += took;
  }
  region++;
  noting += nanoseconds() - begin - (working - before);
}

struct ranges {
  int64_t n, grain;
  void (*run)(void *, int64_t, int64_t);
  void *argument;
};

static void run_range(void *argument, int64_t task, int64_t worker) {
  const struct ranges *r = argument;
  int64_t begin = task * r->grain, end = begin + r->grain;
  r->run(r->argument, begin, end < r->n ? end : r->n);
}

static void parallel_ranges(struct kernel_context *context, int64_t n, int64_t grain,
                            void (*run)(void *argument, int64_t begin, int64_t end),
                            const void *argument) {
  if (grain < 1) grain = 1;
  struct ranges ranges = {n, grain, run, (void *)argument};
  parallel_for(context, (n + grain - 1) / grain, run_range, &ranges);
}

static struct kernel_context *create(const struct device_options *options, char *reason,
                                     int64_t capacity) {
  return (is_split() ? runexp_host_create_idle : runexp_host_create)(options, reason, capacity);
}

static void destroy(struct kernel_context *context) {
  FILE *notes = fopen(getenv("RUNEXP_SCALING_NOTES"), "w");
  for (const struct shape *s = shapes; notes && s->calls > 0; s++) {
    fprintf(notes, "%lld\t%lld\t%lld\t%lld\t%s", (long long)s->calls, (long long)s->least,
            (long long)s->least_alone, (long long)s->bytes, s->name);
    for (int64_t i = 0; i < MOST_REGIONS && s->least_of[i]; i++) {
      fprintf(notes, "\t");
      for (int64_t task = 0; task < s->tasks[i]; task++)
        fprintf(notes, "%lld ", (long long)s->least_of[i][task]);
    }
    fprintf(notes, "\n");
  }
  if (notes) fclose(notes);
  runexp_host_destroy(context);
}

const struct kernels *runexp_kernels(int64_t abi) {
  static struct kernels table;
  table = ISA(runexp_cpu_table);
  table.create = create;
  table.destroy = destroy;
  return abi == RUNEXP_KERNELS_ABI ? &table : NULL;
}
