// What the files of the emulated runtime share: what there is, and what went wrong.
#ifndef RUNEXP_EMULATION_RUNTIME_H
#define RUNEXP_EMULATION_RUNTIME_H

#include <mutex>

#include "cuda_runtime.h"

namespace emulation {

extern std::recursive_mutex lock; // contexts of several threads share the runtime
typedef std::lock_guard<std::recursive_mutex> Guard;

/// What a block of threads may have of shared memory, and what more than which must be asked for.
size_t most_shared();
constexpr size_t most_shared_unasked = 48 << 10;

extern std::string failure; // of a kernel: everything fails from then on

/// Notes an error for cudaGetLastError.
cudaError_t note(cudaError_t error);
/// Whether no kernel has failed.
cudaError_t works();

/// Takes memory of the device that no block is: code, graphs. Whether there is so much.
bool take_unseen(size_t bytes);
void give_unseen_back(size_t bytes);

/// Runs what was given to all streams.
void drain_all();

} // namespace emulation

#endif
