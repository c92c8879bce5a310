// A plugin that works late, as a GPU does: each call is put into a queue, and a thread of its own
// runs the queue on the CPU's kernels after a pause. What calls it must obey the order that
// kernels.h promises, and no more: whoever reads too early or frees too soon gets other numbers.
//
// RUNEXP_DELAYED_FAILURE=N makes the N-th call from now on fail, as a fault on a GPU would.
#include "delayed_plugin.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// A call in the queue, with its own copy of what it was given.
struct item {
  struct item *next;
  void (*run)(struct kernel_context *, void *call);
  struct kernel_graph *replayed; // instead of a call of its own
  _Alignas(16) char call[];
};

/// Calls in their order: a queue, or what was captured.
struct kernel_graph {
  struct item *first, *last;
};

struct kernel_context {
  struct kernel_context *cpu;
  pthread_t worker;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct kernel_graph queue;
  struct kernel_graph *capture; // what is given goes here; null: into the queue
  bool is_busy, stops;
  int64_t until_failure; // calls; negative: never
  bool has_failed;
};

static const struct kernels *cpu(void) { return runexp_cpu_kernels(); }

static void append(struct kernel_graph *calls, struct item *item) {
  *(calls->last ? &calls->last->next : &calls->first) = item;
  calls->last = item;
}

/// Runs one call, unless the device has failed or is to fail now.
static void run_one(struct kernel_context *c, struct item *item) {
  pthread_mutex_lock(&c->lock);
  if (c->until_failure >= 0 && c->until_failure-- == 0) c->has_failed = true;
  bool runs = !c->has_failed;
  pthread_mutex_unlock(&c->lock);
  if (runs) item->run(c->cpu, item->call);
}

static void *work(void *argument) {
  struct kernel_context *c = argument;
  pthread_mutex_lock(&c->lock);
  for (;;) {
    while (!c->queue.first && !c->stops) pthread_cond_wait(&c->changed, &c->lock);
    struct item *item = c->queue.first;
    if (!item) break;
    c->queue.first = item->next;
    if (!c->queue.first) c->queue.last = NULL;
    c->is_busy = true;
    pthread_mutex_unlock(&c->lock);
    // Whoever gave the call goes on in the meantime.
    for (int i = 0; i < 4; i++) sched_yield();
    if (item->replayed)
      for (struct item *one = item->replayed->first; one; one = one->next) run_one(c, one);
    else
      run_one(c, item);
    free(item);
    pthread_mutex_lock(&c->lock);
    c->is_busy = false;
    pthread_cond_broadcast(&c->changed);
  }
  pthread_mutex_unlock(&c->lock);
  return NULL;
}

static bool enqueue(struct kernel_context *c, struct item *item) {
  pthread_mutex_lock(&c->lock);
  append(&c->queue, item);
  bool works = !c->has_failed;
  pthread_cond_broadcast(&c->changed);
  pthread_mutex_unlock(&c->lock);
  return works;
}

/// Puts a call into the queue, or among what is captured; `more` bytes of `data` follow it.
static bool give(struct kernel_context *c, void (*run)(struct kernel_context *, void *),
                 const void *call, size_t bytes, const void *data, size_t more) {
  struct item *item = aligned_alloc(16, (sizeof *item + bytes + more + 15) / 16 * 16);
  if (!item) abort();
  *item = (struct item){.run = run};
  memcpy(item->call, call, bytes);
  if (more > 0) memcpy(item->call + bytes, data, more);
  if (!c->capture) return enqueue(c, item);
  append(c->capture, item);
  return true;
}

// The device.

static int64_t count(void) { return 1; }

static struct kernel_context *create(const struct device_options *options, char *reason,
                                     int64_t capacity) {
  struct kernel_context *cpu_context = cpu()->create(options, reason, capacity);
  if (!cpu_context) return NULL;
  struct kernel_context *c = calloc(1, sizeof *c);
  if (!c) abort();
  const char *failure = getenv("RUNEXP_DELAYED_FAILURE");
  c->until_failure = failure ? atoll(failure) : -1;
  c->cpu = cpu_context;
  pthread_mutex_init(&c->lock, NULL);
  pthread_cond_init(&c->changed, NULL);
  if (pthread_create(&c->worker, NULL, work, c) != 0) abort();
  return c;
}

static bool synchronise(struct kernel_context *c) {
  pthread_mutex_lock(&c->lock);
  while (c->queue.first || c->is_busy) pthread_cond_wait(&c->changed, &c->lock);
  bool works = !c->has_failed;
  pthread_mutex_unlock(&c->lock);
  return works;
}

static void destroy(struct kernel_context *c) {
  synchronise(c);
  pthread_mutex_lock(&c->lock);
  c->stops = true;
  pthread_cond_broadcast(&c->changed);
  pthread_mutex_unlock(&c->lock);
  pthread_join(c->worker, NULL);
  cpu()->destroy(c->cpu);
  pthread_cond_destroy(&c->changed);
  pthread_mutex_destroy(&c->lock);
  free(c);
}

static void describe(struct kernel_context *c, char *text, int64_t capacity) {
  snprintf(text, (size_t)capacity, "the CPU, late");
}

static int64_t threads(struct kernel_context *c) { return cpu()->threads(c->cpu); }
static struct device_memory memory(struct kernel_context *c) { return cpu()->memory(c->cpu); }
static double measure_bandwidth(struct kernel_context *c) {
  return cpu()->measure_bandwidth(c->cpu);
}

static double measure_peak(struct kernel_context *c, element_type type) {
  return cpu()->measure_peak(c->cpu, type);
}

static const char *error(struct kernel_context *c) {
  pthread_mutex_lock(&c->lock);
  bool has_failed = c->has_failed;
  pthread_mutex_unlock(&c->lock);
  return has_failed ? "it was told to fail" : NULL;
}

// Memory.

struct transfer {
  void *to;
  const void *from; // null: what follows the call
  int64_t bytes;
};

static void *allocate(struct kernel_context *c, int64_t bytes) {
  return cpu()->allocate(c->cpu, bytes);
}

static void run_release(struct kernel_context *context, void *call) {
  struct transfer *block = call;
  // What still reads it finds other numbers.
  memset(block->to, 0xff, (size_t)block->bytes);
  cpu()->release(context, block->to, block->bytes);
}

static void release(struct kernel_context *c, void *block, int64_t bytes) {
  struct transfer call = {.to = block, .bytes = bytes};
  // A device that has failed runs nothing, and its memory goes with it.
  give(c, run_release, &call, sizeof call, NULL, 0);
}

static void release_host(struct kernel_context *c, void *block, int64_t bytes) {
  cpu()->release_host(c->cpu, block, bytes);
}

static void run_copy(struct kernel_context *context, void *call) {
  struct transfer *transfer = call;
  cpu()->copy(context, transfer->to, transfer->from ? transfer->from : transfer + 1,
              transfer->bytes);
}

static bool copy(struct kernel_context *c, void *to, const void *from, int64_t bytes) {
  struct transfer call = {to, from, bytes};
  return give(c, run_copy, &call, sizeof call, NULL, 0);
}

static bool upload(struct kernel_context *c, void *block, const void *host, int64_t bytes) {
  struct transfer call = {.to = block, .bytes = bytes};
  if (c->capture) return false; // what is captured must not depend on the host
  return give(c, run_copy, &call, sizeof call, host, (size_t)bytes);
}

static bool download(struct kernel_context *c, void *host, const void *block, int64_t bytes) {
  if (c->capture || !synchronise(c)) return false;
  return cpu()->download(c->cpu, host, block, bytes);
}

static void run_zero(struct kernel_context *context, void *call) {
  struct transfer *block = call;
  cpu()->zero(context, block->to, block->bytes);
}

static bool zero(struct kernel_context *c, void *block, int64_t bytes) {
  struct transfer call = {.to = block, .bytes = bytes};
  return give(c, run_zero, &call, sizeof call, NULL, 0);
}

// Events.

static struct kernel_event *create_event(struct kernel_context *c) {
  return cpu()->create_event(c->cpu);
}

static void destroy_event(struct kernel_context *c, struct kernel_event *event) {
  synchronise(c);
  cpu()->destroy_event(c->cpu, event);
}

static void run_record(struct kernel_context *context, void *call) {
  cpu()->record_event(context, *(struct kernel_event **)call);
}

static bool record_event(struct kernel_context *c, struct kernel_event *event) {
  return give(c, run_record, &event, sizeof event, NULL, 0);
}

static double elapsed(struct kernel_context *c, struct kernel_event *from,
                      struct kernel_event *to) {
  return synchronise(c) ? cpu()->elapsed(c->cpu, from, to) : NAN;
}

// Capture.

static bool begin_capture(struct kernel_context *c) {
  if (c->capture) return false;
  c->capture = calloc(1, sizeof *c->capture);
  return c->capture != NULL;
}

static struct kernel_graph *end_capture(struct kernel_context *c) {
  struct kernel_graph *graph = c->capture;
  c->capture = NULL;
  return graph;
}

static bool replay(struct kernel_context *c, struct kernel_graph *graph) {
  struct item *item = calloc(1, sizeof *item);
  if (!item) abort();
  item->replayed = graph;
  return enqueue(c, item);
}

static void run_release_graph(struct kernel_context *context, void *call) {
  struct kernel_graph *graph = *(struct kernel_graph **)call;
  for (struct item *item = graph->first, *next; item; item = next) {
    next = item->next;
    free(item);
  }
  free(graph);
}

static void release_graph(struct kernel_context *c, struct kernel_graph *graph) {
  give(c, run_release_graph, &graph, sizeof graph, NULL, 0);
}

// The kernels.

#define KERNEL(name)                                                                               \
  static void run_##name(struct kernel_context *context, void *call) {                             \
    cpu()->name(context, call);                                                                    \
  }                                                                                                \
  static void give_##name(struct kernel_context *c, const struct name *call) {                     \
    give(c, run_##name, call, sizeof *call, NULL, 0);                                              \
  }
#define WITH_WORKSPACE(name)                                                                       \
  KERNEL(name)                                                                                     \
  static int64_t name##_workspace(struct kernel_context *c, const struct name *call) {             \
    return cpu()->name##_workspace(c->cpu, call);                                                  \
  }
RUNEXP_KERNELS(KERNEL, WITH_WORKSPACE)

static bool supports_gemm(struct kernel_context *c, const struct gemm *call, char *reason,
                          int64_t capacity) {
  return cpu()->supports_gemm(c->cpu, call, reason, capacity);
}

#define ATTENTION(name)                                                                            \
  static bool name##_supports(struct kernel_context *c, const struct attention *shape,             \
                              bool backward, char *reason, int64_t capacity) {                     \
    return cpu()->name->supports(c->cpu, shape, backward, reason, capacity);                       \
  }                                                                                                \
  static int64_t name##_saved_floats(const struct attention *shape) {                              \
    return cpu()->name->saved_floats(shape);                                                       \
  }                                                                                                \
  static int64_t name##_workspace(struct kernel_context *c, const struct attention *shape,         \
                                  bool backward) {                                                 \
    return cpu()->name->workspace(c->cpu, shape, backward);                                        \
  }                                                                                                \
  static void run_##name##_forward(struct kernel_context *context, void *call) {                   \
    cpu()->name->forward(context, call);                                                           \
  }                                                                                                \
  static void run_##name##_backward(struct kernel_context *context, void *call) {                  \
    cpu()->name->backward(context, call);                                                          \
  }                                                                                                \
  static void name##_forward(struct kernel_context *c, const struct attention_forward *call) {     \
    give(c, run_##name##_forward, call, sizeof *call, NULL, 0);                                    \
  }                                                                                                \
  static void name##_backward(struct kernel_context *c, const struct attention_backward *call) {   \
    give(c, run_##name##_backward, call, sizeof *call, NULL, 0);                                   \
  }                                                                                                \
  static const struct attention_kernel name = {                                                    \
      .supports = name##_supports,                                                                 \
      .saved_floats = name##_saved_floats,                                                         \
      .workspace = name##_workspace,                                                               \
      .forward = name##_forward,                                                                   \
      .backward = name##_backward,                                                                 \
  };
ATTENTION(naive_attention)
ATTENTION(flash1_attention)
ATTENTION(flash2_attention)

#define ENTRY(name) .name = give_##name,
#define ENTRY_WITH_WORKSPACE(name) ENTRY(name).name##_workspace = name##_workspace,

static const struct kernels table = {.abi = RUNEXP_KERNELS_ABI,
                                     .size = sizeof(struct kernels),
                                     .name = "delayed",
                                     .count = count,
                                     .create = create,
                                     .destroy = destroy,
                                     .describe = describe,
                                     .threads = threads,
                                     .memory = memory,
                                     .measure_peak = measure_peak,
                                     .measure_bandwidth = measure_bandwidth,
                                     .error = error,
                                     .allocate = allocate,
                                     .release = release,
                                     .allocate_host = allocate,
                                     .release_host = release_host,
                                     .upload = upload,
                                     .download = download,
                                     .copy = copy,
                                     .zero = zero,
                                     .synchronise = synchronise,
                                     .create_event = create_event,
                                     .destroy_event = destroy_event,
                                     .record_event = record_event,
                                     .elapsed = elapsed,
                                     .begin_capture = begin_capture,
                                     .end_capture = end_capture,
                                     .replay = replay,
                                     .release_graph = release_graph,
                                     .naive_attention = &naive_attention,
                                     .flash1_attention = &flash1_attention,
                                     .flash2_attention = &flash2_attention,
                                     .supports_gemm = supports_gemm,
                                     RUNEXP_KERNELS(ENTRY, ENTRY_WITH_WORKSPACE)};

const struct kernels *runexp_kernels(int64_t abi) {
  return abi == RUNEXP_KERNELS_ABI ? &table : NULL;
}
