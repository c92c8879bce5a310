// Whether a table is whole: a plugin's is looked through once, before anything is called in it.
#include "kernels.h"

#define ENTRY(name)                                                                                \
  if (!table->name) return #name;
#define ENTRY_WITH_WORKSPACE(name) ENTRY(name) ENTRY(name##_workspace)
/// An algorithm that is there must be whole.
#define ATTENTION(name)                                                                            \
  if (table->name) {                                                                               \
    PART(name, supports)                                                                           \
    PART(name, saved_floats)                                                                       \
    PART(name, workspace)                                                                          \
    PART(name, forward)                                                                            \
    PART(name, backward)                                                                           \
  }
#define PART(name, part)                                                                           \
  if (!table->name->part) return #name "." #part;

/// A null is what is looked for, where the header promises that there is none.
#pragma clang diagnostic ignored "-Wpointer-bool-conversion"

const char *runexp_missing_entry(const struct kernels *table) {
  ENTRY(name)
  ENTRY(count)
  ENTRY(create)
  ENTRY(destroy)
  ENTRY(describe)
  ENTRY(threads)
  ENTRY(memory)
  ENTRY(measure_peak)
  ENTRY(measure_bandwidth)
  ENTRY(error)
  ENTRY(allocate)
  ENTRY(release)
  ENTRY(allocate_host)
  ENTRY(release_host)
  ENTRY(upload)
  ENTRY(download)
  ENTRY(copy)
  ENTRY(zero)
  ENTRY(synchronise)
  ENTRY(create_event)
  ENTRY(destroy_event)
  ENTRY(record_event)
  ENTRY(elapsed)
  ENTRY(begin_capture)
  ENTRY(end_capture)
  ENTRY(replay)
  ENTRY(release_graph)
  ENTRY(supports_gemm)
  if (!table->gemm_packed_bytes && table->gemm_pack) return "gemm_packed_bytes";
  if (table->gemm_packed_bytes && !table->gemm_pack) return "gemm_pack";
  if (!table->gemm_group && table->gemm_group_workspace) return "gemm_group";
  if (table->gemm_group && !table->gemm_group_workspace) return "gemm_group_workspace";
  RUNEXP_KERNELS(ENTRY, ENTRY_WITH_WORKSPACE)
  RUNEXP_ATTENTIONS(ATTENTION)
  return NULL;
}
