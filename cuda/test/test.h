// What the emulation's own tests are made of.
#ifndef RUNEXP_EMULATION_TEST_H
#define RUNEXP_EMULATION_TEST_H

#include <cstdio>
#include <string>

#include "cuda_runtime.h"

extern int failures;
extern cudaStream_t stream;
extern const char *order;

/// Hopper's instructions, in the order that is set; and what must have been caught in one of them.
void test_hopper();
void test_proxies();
void expect_hopper_mistakes_caught();

inline void expect(bool holds, const char *what, const std::string &more = "") {
  if (holds) return;
  failures++;
  printf("not so (order %s): %s%s%s\n", order, what,
         more.empty() ? "" : "; it was: ", more.c_str());
}

template <typename T> struct Block {
  T *data = nullptr;
  size_t count;
  explicit Block(size_t count) : count(count) {
    cudaMalloc(reinterpret_cast<void **>(&data), count * sizeof(T));
  }
  ~Block() { cudaFree(data); }
};

/// Runs a kernel; what went wrong, else nothing.
template <typename... Parameters, typename... Arguments>
std::string run(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
                Arguments... arguments) {
  emulation::reset();
  cudaError_t error = emulation::launch(kernel, grid, block, shared_bytes, stream, arguments...);
  if (error == cudaSuccess) error = cudaStreamSynchronize(stream);
  std::string text = error == cudaSuccess ? "" : cudaGetErrorString(error);
  emulation::reset();
  return text;
}

inline bool has(const std::string &text, const char *part) {
  return text.find(part) != std::string::npos;
}

#endif
