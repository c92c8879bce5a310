// A plugin that works as late as kernels.h allows, on memory that the host cannot reach: the CPU's
// kernels behind a queue. What calls it must obey the contract, and may rely on no more: whoever
// reads too early or frees too soon gets other numbers, and whoever confuses the host's memory and
// the device's is told so.
#include "delayed.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t count(void) { return 1; }

static void find_pointers(void) {
  delayed_find_parameters();
  delayed_find_transfers();
  delayed_find_kernels();
}

static void destroy(struct kernel_context *c) {
  delayed_synchronise(c);
  delayed_destroy_queue(c);
  cpu()->destroy(c->cpu);
  delayed_free_lists(c);
  free(c);
}

static struct kernel_context *create(const struct device_options *options, char *reason,
                                     int64_t capacity) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, find_pointers);
  if (delayed_absence()) {
    snprintf(reason, (size_t)capacity, "%s", delayed_absence());
    return NULL;
  }
  struct kernel_context *cpu_context = cpu()->create(options, reason, capacity);
  if (!cpu_context) return NULL;
  struct kernel_context *c = calloc(1, sizeof *c);
  if (!c) abort();
  *c = (struct kernel_context){.cpu = cpu_context, .faults = delayed_read_faults()};
  if (!delayed_create_queue(c)) abort();
  return c;
}

static void describe(struct kernel_context *c, char *text, int64_t capacity) {
  snprintf(text, (size_t)capacity, "%s", delayed_name());
}

static int64_t threads(struct kernel_context *c) { return cpu()->threads(c->cpu); }

static double measure_bandwidth(struct kernel_context *c) {
  return cpu()->measure_bandwidth(c->cpu);
}

static double measure_peak(struct kernel_context *c, element_type type) {
  return cpu()->measure_peak(c->cpu, type);
}

static const char *error(struct kernel_context *c) { return c->error[0] ? c->error : NULL; }

#define WORKSPACE(name)                                                                            \
  static int64_t name##_workspace(struct kernel_context *c, const struct name *call) {             \
    return cpu()->name##_workspace(c->cpu, call);                                                  \
  }
#define NO_WORKSPACE(name)
RUNEXP_KERNELS(NO_WORKSPACE, WORKSPACE)

static int64_t gemm_packed_bytes(struct kernel_context *c, const struct gemm *call) {
  return cpu()->gemm_packed_bytes(c->cpu, call);
}

#define ENTRY(name) .name = delayed_##name,
#define ENTRY_WITH_WORKSPACE(name) ENTRY(name).name##_workspace = name##_workspace,

static const struct kernels table = {.abi = RUNEXP_KERNELS_ABI,
                                     .size = sizeof(struct kernels),
                                     .name = "delayed",
                                     .count = count,
                                     .create = create,
                                     .destroy = destroy,
                                     .describe = describe,
                                     .threads = threads,
                                     .memory = delayed_memory,
                                     .measure_peak = measure_peak,
                                     .measure_bandwidth = measure_bandwidth,
                                     .error = error,
                                     .allocate = delayed_allocate,
                                     .release = delayed_release,
                                     .allocate_host = delayed_allocate_host,
                                     .release_host = delayed_release_host,
                                     .upload = delayed_upload,
                                     .download = delayed_download,
                                     .copy = delayed_copy,
                                     .zero = delayed_zero,
                                     .synchronise = delayed_synchronise,
                                     .create_event = delayed_create_event,
                                     .destroy_event = delayed_destroy_event,
                                     .record_event = delayed_record_event,
                                     .elapsed = delayed_elapsed,
                                     .begin_capture = delayed_begin_capture,
                                     .end_capture = delayed_end_capture,
                                     .replay = delayed_replay,
                                     .release_graph = delayed_release_graph,
                                     .naive_attention = &delayed_naive,
                                     .flash1_attention = &delayed_flash1,
                                     .flash2_attention = &delayed_flash2,
                                     .supports_gemm = delayed_supports_gemm,
                                     .gemm_packed_bytes = gemm_packed_bytes,
                                     .gemm_pack = delayed_gemm_pack,
                                     RUNEXP_KERNELS(ENTRY, ENTRY_WITH_WORKSPACE)};

const struct kernels *runexp_kernels(int64_t abi) {
  static struct kernels with_flash3;
  if (abi != delayed_abi() || abi != RUNEXP_KERNELS_ABI) return NULL;
  if (!delayed_flash3_refusal()) return &table;
  with_flash3 = table;
  with_flash3.flash3_attention = &delayed_flash3;
  return &with_flash3;
}
