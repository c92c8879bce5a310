// What a context of the plugin holds, and how its functions give work to it: each error of CUDA is
// looked at where it appears, and the first becomes the context's sentence.
#ifndef RUNEXP_CONTEXT_CUH
#define RUNEXP_CONTEXT_CUH

#include <cstdint>
#include <cuda_runtime.h>
#include <type_traits>
#include <utility>

#include "kernels.h"

/// Memory of the host through which uploads go, one half while the other is on its way.
struct staging_memory {
  unsigned char *bytes;
  cudaEvent_t is_read[2];
  int64_t next; // which half
};

struct kernel_context {
  int ordinal;
  cudaStream_t stream;
  int multiprocessors;
  int capability;    // 90 for 9.0
  int shared_memory; // the most that a block may have, in bytes
  staging_memory staging;
  struct gemm_library *library; // cuBLASLt; null before the first product
  bool has_failed;
  char failure[512]; // what went wrong first, in a sentence
};

namespace plugin {

/// Notes what went wrong, unless something did before. `what` is what was tried, such as "an
/// upload".
void fail(kernel_context *context, cudaError_t error, const char *what);
/// The same for a kernel, by its name.
void fail_to_launch(kernel_context *context, cudaError_t error, const void *kernel);

inline bool check(kernel_context *context, cudaError_t error, const char *what) {
  if (error != cudaSuccess) fail(context, error, what);
  return error == cudaSuccess;
}

/// Whether the context still works. Makes its device the one that the calling thread means.
inline bool enter(kernel_context *context) {
  return !context->has_failed &&
         check(context, cudaSetDevice(context->ordinal), "choosing the device");
}

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Puts a kernel into the context's stream: grid x block threads, with so many bytes of dynamic
/// shared memory. An empty grid is no work. The arguments become the kernel's parameters.
template <typename... Parameters>
void launch(kernel_context *context, void (*kernel)(Parameters...), dim3 grid, dim3 block,
            size_t shared_bytes, std::type_identity_t<Parameters>... arguments) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || !enter(context)) return;
  const void *function = reinterpret_cast<const void *>(kernel);
  cudaError_t error = cudaSuccess;
  if (shared_bytes > 48 << 10) { // beyond which it must be asked for
    error = cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                 static_cast<int>(shared_bytes));
  }
  if (error == cudaSuccess) {
#if defined(__CUDACC__)
    void *pointers[] = {const_cast<void *>(static_cast<const void *>(&arguments))..., nullptr};
    error = cudaLaunchKernel(function, grid, block, pointers, shared_bytes, context->stream);
#else
    error = emulation::launch(kernel, grid, block, shared_bytes, context->stream,
                              std::move(arguments)...);
#endif
  }
  if (error != cudaSuccess) fail_to_launch(context, error, function);
}

/// A grid for n items, `per_block` each, of which a block may take several in turn: no larger than
/// what fills any GPU many times.
inline unsigned blocks_for(int64_t n, int64_t per_block) {
  int64_t blocks = ceil_div(n, per_block);
  return static_cast<unsigned>(blocks < 65535 ? blocks : 65535);
}

} // namespace plugin

#endif
