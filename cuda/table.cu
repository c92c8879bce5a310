// The plugin's table, and the one function that it exports.
#include "entries.cuh"

namespace plugin {

#define ENTRY(name) .name = name,
#define WITH_WORKSPACE(name) .name = name, .name##_workspace = name##_workspace,

static const kernels table = {.abi = RUNEXP_KERNELS_ABI,
                              .size = sizeof(kernels),
                              .name = "cuda",
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
                              .allocate_host = allocate_host,
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
                              .flash3_attention = &flash3_attention,
                              .flash3_fp8_attention = &flash3_fp8_attention,
                              .supports_gemm = supports_gemm,
                              .gemm_packed_bytes = nullptr,
                              .gemm_pack = nullptr,
                              .gemm_group = nullptr,
                              .gemm_group_workspace = nullptr,
                              RUNEXP_KERNELS(ENTRY, WITH_WORKSPACE)};

} // namespace plugin

extern "C" __attribute__((visibility("default"))) const kernels *runexp_kernels(int64_t abi) {
  return abi == RUNEXP_KERNELS_ABI ? &plugin::table : nullptr;
}
