// The functions behind the table's entries, each in the file of its family.
#ifndef RUNEXP_ENTRIES_CUH
#define RUNEXP_ENTRIES_CUH

#include "context.cuh"

namespace plugin {

// The device: device.cu, memory.cu, events.cu, capture.cu, measure.cu.

int64_t count();
kernel_context *create(const device_options *options, char *reason, int64_t capacity);
void destroy(kernel_context *context);
void describe(kernel_context *context, char *text, int64_t capacity);
int64_t threads(kernel_context *context);
device_memory memory(kernel_context *context);
const char *error(kernel_context *context);
double measure_peak(kernel_context *context, element_type type);
double measure_bandwidth(kernel_context *context);

/// The staging memory comes and goes with the context.
bool create_staging(kernel_context *context);
void destroy_staging(kernel_context *context);
/// So does the library of products, once it was looked for.
void close_library(kernel_context *context);
void *allocate(kernel_context *context, int64_t bytes);
void release(kernel_context *context, void *block, int64_t bytes);
void *allocate_host(kernel_context *context, int64_t bytes);
void release_host(kernel_context *context, void *block, int64_t bytes);
bool upload(kernel_context *context, void *block, const void *host, int64_t bytes);
bool download(kernel_context *context, void *host, const void *block, int64_t bytes);
bool copy(kernel_context *context, void *to, const void *from, int64_t bytes);
bool zero(kernel_context *context, void *block, int64_t bytes);
bool synchronise(kernel_context *context);

kernel_event *create_event(kernel_context *context);
void destroy_event(kernel_context *context, kernel_event *event);
bool record_event(kernel_context *context, kernel_event *event);
double elapsed(kernel_context *context, kernel_event *from, kernel_event *to);

bool begin_capture(kernel_context *context);
kernel_graph *end_capture(kernel_context *context);
bool replay(kernel_context *context, kernel_graph *graph);
void release_graph(kernel_context *context, kernel_graph *graph);

// Attention, and questions.

extern const attention_kernel naive_attention, flash1_attention, flash2_attention, flash3_attention,
    flash3_fp8_attention;

bool supports_gemm(kernel_context *context, const struct gemm *call, char *reason,
                   int64_t capacity);

// The kernels: `gemm` and its like.
#define KERNEL(name) void name(kernel_context *context, const struct name *call);
#define WITH_WORKSPACE(name)                                                                       \
  KERNEL(name)                                                                                     \
  int64_t name##_workspace(kernel_context *context, const struct name *call);
RUNEXP_KERNELS(KERNEL, WITH_WORKSPACE)
#undef KERNEL
#undef WITH_WORKSPACE

} // namespace plugin

#endif
