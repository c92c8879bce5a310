// What devices on the host share: a context with a pool of threads, and memory that is the host's
// own. Not the kernels: cpu/, reference/ and meta/ have those.
#ifndef RUNEXP_HOST_H
#define RUNEXP_HOST_H

#include "kernels.h"

/// No pool has more threads than these.
enum { RUNEXP_MAX_THREADS = 1024 };

int64_t runexp_host_count(void);
/// A pool of `threads` threads, at least 1, the caller's included.
struct kernel_context *runexp_host_create(const struct device_options *options, char *reason,
                                          int64_t capacity);
/// The same without a thread of its own: it counts for what scratch memory depends on, and nothing
/// runs in it.
struct kernel_context *runexp_host_create_idle(const struct device_options *options, char *reason,
                                               int64_t capacity);
void runexp_host_destroy(struct kernel_context *context);
int64_t runexp_host_threads(struct kernel_context *context);
struct device_memory runexp_host_memory(struct kernel_context *context);
/// Nothing fails here that was begun.
const char *runexp_host_error(struct kernel_context *context);

void *runexp_host_allocate(struct kernel_context *context, int64_t bytes);
void runexp_host_release(struct kernel_context *context, void *block, int64_t bytes);
bool runexp_host_upload(struct kernel_context *context, void *block, const void *host,
                        int64_t bytes);
bool runexp_host_download(struct kernel_context *context, void *host, const void *block,
                          int64_t bytes);
bool runexp_host_copy(struct kernel_context *context, void *to, const void *from, int64_t bytes);
bool runexp_host_zero(struct kernel_context *context, void *block, int64_t bytes);
bool runexp_host_synchronise(struct kernel_context *context);

struct kernel_event *runexp_host_create_event(struct kernel_context *context);
void runexp_host_destroy_event(struct kernel_context *context, struct kernel_event *event);
bool runexp_host_record_event(struct kernel_context *context, struct kernel_event *event);
double runexp_host_elapsed(struct kernel_context *context, struct kernel_event *from,
                           struct kernel_event *to);

bool runexp_host_supports_gemm(struct kernel_context *context, const struct gemm *call,
                               char *reason, int64_t capacity);
bool runexp_host_supports_attention(struct kernel_context *context, const struct attention *shape,
                                    bool backward, char *reason, int64_t capacity);

/// Where a context has the graph that it captures; null in it while it captures none.
struct kernel_graph **runexp_host_capture(struct kernel_context *context);
bool runexp_host_begin_capture(struct kernel_context *context);
struct kernel_graph *runexp_host_end_capture(struct kernel_context *context);
bool runexp_host_replay(struct kernel_context *context, struct kernel_graph *graph);
void runexp_host_release_graph(struct kernel_context *context, struct kernel_graph *graph);

/// A device that another one stands for.
struct original {
  const struct kernels *table;
  struct kernel_context *context;
};

/// Where a context has the device that it stands for; only the meta device's has one.
struct original *runexp_host_original(struct kernel_context *context);

/// What all tables of the host have in common: ABI, events, capture.
#define HOST_DEVICE                                                                                \
  .abi = RUNEXP_KERNELS_ABI, .size = sizeof(struct kernels), .count = runexp_host_count,           \
  .destroy = runexp_host_destroy, .threads = runexp_host_threads, .memory = runexp_host_memory,    \
  .error = runexp_host_error, .create_event = runexp_host_create_event,                            \
  .destroy_event = runexp_host_destroy_event, .record_event = runexp_host_record_event,            \
  .elapsed = runexp_host_elapsed, .begin_capture = runexp_host_begin_capture,                      \
  .end_capture = runexp_host_end_capture, .replay = runexp_host_replay,                            \
  .release_graph = runexp_host_release_graph

/// And those that compute: real memory, and answers of their own.
#define HOST_COMPUTES                                                                              \
  .allocate = runexp_host_allocate, .release = runexp_host_release,                                \
  .allocate_host = runexp_host_allocate, .release_host = runexp_host_release,                      \
  .upload = runexp_host_upload, .download = runexp_host_download, .copy = runexp_host_copy,        \
  .zero = runexp_host_zero, .synchronise = runexp_host_synchronise,                                \
  .supports_gemm = runexp_host_supports_gemm

// Names of this library alone, so that they meet no other's where programs are linked.
#define parallel_for runexp_host_parallel_for
#define parallel_ranges runexp_host_parallel_ranges

/// Calls run(argument, task, worker) once for each task in 0 ..< tasks, in any order, and returns
/// when all are done. `worker` is in 0 ..< threads and no two calls with the same worker overlap:
/// it selects scratch memory. What a task computes must not depend on `worker`: results never
/// depend on the number of threads. Regions on one context run one after another; a task must not
/// open another region.
void parallel_for(struct kernel_context *context, int64_t tasks,
                  void (*run)(void *argument, int64_t task, int64_t worker), void *argument);

/// Splits 0 ..< n into ranges of `grain` items (the last may be shorter) and calls run(argument,
/// begin, end) for each. The ranges depend on n and grain alone, so a range may own a partial sum.
/// `argument` is only read where it is a kernel's call.
void parallel_ranges(struct kernel_context *context, int64_t n, int64_t grain,
                     void (*run)(void *argument, int64_t begin, int64_t end), const void *argument);

#endif
