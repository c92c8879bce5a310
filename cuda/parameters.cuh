// Going over all parameters of a model in one kernel: they stand in a list in the device's memory,
// and are shared out to the blocks in chunks, so that large and small ones are equally well done.
#ifndef RUNEXP_PARAMETERS_CUH
#define RUNEXP_PARAMETERS_CUH

#include "elements.cuh"

namespace plugin {

constexpr int parameter_threads = 256;
constexpr int64_t parameter_chunk = 2 * parameter_threads * run_length; // elements

/// So many of the list are in shared memory at a time: a list that is read one by one costs a wait
/// for the memory each.
constexpr int64_t listed = 64;
constexpr size_t list_bytes = listed * sizeof(parameter_update);

/// Calls work(parameter, element, extent, aligned) for this thread's runs of the chunks that are
/// this block's: every gridDim.x-th of all chunks of parameters that have a gradient. The list lies
/// at the start of shared memory.
template <typename Work>
__device__ void for_parameters(const parameter_update *list, int64_t count, const Work &work) {
  parameter_update *some = reinterpret_cast<parameter_update *>(shared_memory());
  int64_t blocks = gridDim.x, next = blockIdx.x; // this block's next chunk, from here on
  for (int64_t first = 0; first < count; first += listed) {
    int64_t here = count - first < listed ? count - first : listed;
    __syncthreads(); // the last ones have been read
    for (int64_t i = threadIdx.x; i < here; i += parameter_threads) some[i] = list[first + i];
    __syncthreads();
    for (int64_t p = 0; p < here; p++) {
      const parameter_update &parameter = some[p];
      if (!parameter.gradient) continue;
      int64_t n = parameter.n, chunks = (n + parameter_chunk - 1) / parameter_chunk;
      // As bits of one number: are all four multiples of 16?
      uintptr_t bits = reinterpret_cast<uintptr_t>(parameter.parameter) |
                       reinterpret_cast<uintptr_t>(parameter.first_moment) |
                       reinterpret_cast<uintptr_t>(parameter.second_moment) |
                       reinterpret_cast<uintptr_t>(parameter.gradient);
      bool aligned = bits % 16 == 0;
      for (; next < chunks; next += blocks) {
        int64_t end = (next + 1) * parameter_chunk < n ? (next + 1) * parameter_chunk : n;
        for (int64_t i = next * parameter_chunk + threadIdx.x * run_length; i < end;
             i += parameter_threads * run_length)
          work(parameter, i, extent(i, n, aligned));
      }
      next -= chunks;
    }
  }
}

} // namespace plugin

#endif
