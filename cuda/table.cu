// The plugin's table, and the one function that it exports.
#include "entries.cuh"

namespace plugin {

#define ENTRY(name) .name = name,
#define WITH_WORKSPACE(name) ENTRY(name) ENTRY(name##_workspace)

static const kernels table = {
    .abi = RUNEXP_KERNELS_ABI,
    .size = sizeof(kernels),
    .name = "cuda",
    ENTRY(count) ENTRY(create) ENTRY(destroy) ENTRY(describe) ENTRY(threads) ENTRY(memory)
        ENTRY(measure_peak) ENTRY(measure_bandwidth) ENTRY(error) ENTRY(allocate) ENTRY(release)
            ENTRY(allocate_host) ENTRY(release_host) ENTRY(upload) ENTRY(download) ENTRY(copy)
                ENTRY(zero) ENTRY(synchronise) ENTRY(create_event) ENTRY(destroy_event)
                    ENTRY(record_event) ENTRY(elapsed) ENTRY(begin_capture) ENTRY(end_capture)
                        ENTRY(replay) ENTRY(release_graph)
                            .naive_attention = &naive_attention,
    .flash1_attention = &flash1_attention,
    .flash2_attention = nullptr,
    .flash3_attention = &flash3_attention,
    ENTRY(supports_gemm) RUNEXP_KERNELS(ENTRY, WITH_WORKSPACE)};

} // namespace plugin

extern "C" __attribute__((visibility("default"))) const kernels *runexp_kernels(int64_t abi) {
  return abi == RUNEXP_KERNELS_ABI ? &plugin::table : nullptr;
}
