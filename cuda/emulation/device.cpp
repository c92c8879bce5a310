// The emulated runtime's device, its errors and its memory.
#include "runtime.h"

#include <cstdio>
#include <cstdlib>
#include <map>

using namespace emulation;

std::recursive_mutex emulation::lock;
std::string emulation::failure;

namespace {

std::map<uintptr_t, size_t> blocks, host_blocks;
size_t used = 0;
cudaError_t last = cudaSuccess;

double setting(const char *name, double otherwise) {
  const char *text = getenv(name);
  return text && *text ? atof(text) : otherwise;
}

size_t total() { return size_t(setting("RUNEXP_EMULATION_MEMORY", 4.0 * (1 << 30))); }
int driver() { return int(setting("RUNEXP_EMULATION_DRIVER", 13000)); }
int devices() { return int(setting("RUNEXP_EMULATION_DEVICES", 1)); }
/// Tenfold: 90 for 9.0.
int capability() { return int(setting("RUNEXP_EMULATION_CAPABILITY", 9.0) * 10 + 0.5); }

/// Whether all bytes lie in one block.
bool lies_in(const std::map<uintptr_t, size_t> &where, const void *pointer, size_t bytes) {
  uintptr_t start = reinterpret_cast<uintptr_t>(pointer);
  auto after = where.upper_bound(start);
  if (after == where.begin()) return false;
  --after;
  return start + bytes <= after->first + after->second;
}

cudaError_t take(std::map<uintptr_t, size_t> &where, void **block, size_t bytes) {
  *block = nullptr;
  if (posix_memalign(block, 256, bytes ? bytes : 1) != 0) return note(cudaErrorMemoryAllocation);
  memset(*block, 0xff, bytes);
  where[reinterpret_cast<uintptr_t>(*block)] = bytes;
  return cudaSuccess;
}

cudaError_t drop(std::map<uintptr_t, size_t> &where, void *block) {
  if (!block) return cudaSuccess;
  if (where.erase(reinterpret_cast<uintptr_t>(block)) == 0) return note(cudaErrorInvalidValue);
  free(block);
  return cudaSuccess;
}

} // namespace

/// By the compute capability (CUDA C++ Programming Guide, technical specifications).
size_t emulation::most_shared() {
  int has = capability();
  return size_t(has == 80 || has == 87 ? 163 : has < 90 || has >= 120 ? 99 : 227) << 10;
}

cudaError_t emulation::note(cudaError_t error) {
  if (error != cudaSuccess && error != cudaErrorNotReady) last = error;
  return error;
}

cudaError_t emulation::works() {
  return failure.empty() ? cudaSuccess : note(cudaErrorLaunchFailure);
}

const char *cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "cudaSuccess";
    case cudaErrorInvalidValue: return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration: return "cudaErrorInvalidConfiguration";
    case cudaErrorInsufficientDriver: return "cudaErrorInsufficientDriver";
    case cudaErrorNoDevice: return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice: return "cudaErrorInvalidDevice";
    case cudaErrorNotReady: return "cudaErrorNotReady";
    case cudaErrorLaunchFailure: return "cudaErrorLaunchFailure";
    case cudaErrorStreamCaptureUnsupported: return "cudaErrorStreamCaptureUnsupported";
  }
  return "unknown";
}

const char *cudaGetErrorString(cudaError_t error) {
  if (error == cudaErrorLaunchFailure && !failure.empty()) return failure.c_str();
  return error == cudaSuccess ? "no error" : "an error of the emulated runtime";
}

cudaError_t cudaGetLastError() {
  cudaError_t error = last;
  last = cudaSuccess;
  return error;
}

// The device.

cudaError_t cudaDriverGetVersion(int *version) {
  *version = driver();
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count) {
  *count = 0;
  if (driver() < CUDART_VERSION) return cudaErrorInsufficientDriver;
  *count = devices();
  return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}

cudaError_t cudaSetDevice(int device) {
  int count = 0;
  cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess) return error;
  return device >= 0 && device < count ? works() : note(cudaErrorInvalidDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
  snprintf(properties->name, sizeof properties->name, "emulation on the host");
  return works();
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device) {
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount: *value = 4; break;
    case cudaDevAttrComputeCapabilityMajor: *value = capability() / 10; break;
    case cudaDevAttrComputeCapabilityMinor: *value = capability() % 10; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = int(most_shared()); break;
  }
  return works();
}

cudaError_t cudaMemGetInfo(size_t *free, size_t *all) {
  Guard guard(lock);
  *all = total();
  *free = *all - used;
  return works();
}

// Memory.

cudaError_t cudaMalloc(void **block, size_t bytes) {
  Guard guard(lock);
  *block = nullptr;
  if (used + bytes > total()) return note(cudaErrorMemoryAllocation);
  cudaError_t error = take(blocks, block, bytes);
  if (error == cudaSuccess) used += bytes;
  return error;
}

bool emulation::take_unseen(size_t bytes) {
  if (used + bytes > total()) return false;
  used += bytes;
  return true;
}

void emulation::give_unseen_back(size_t bytes) { used -= bytes; }

cudaError_t cudaFree(void *block) {
  Guard guard(lock);
  drain_all();
  auto found = blocks.find(reinterpret_cast<uintptr_t>(block));
  if (found != blocks.end()) used -= found->second;
  return drop(blocks, block);
}

cudaError_t cudaMallocHost(void **block, size_t bytes) {
  Guard guard(lock);
  return take(host_blocks, block, bytes);
}

cudaError_t cudaFreeHost(void *block) {
  Guard guard(lock);
  drain_all();
  return drop(host_blocks, block);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  Guard guard(lock);
  bool fits = (kind == cudaMemcpyHostToDevice || lies_in(blocks, from, bytes)) &&
              (kind == cudaMemcpyDeviceToHost || lies_in(blocks, to, bytes));
  if (!fits) return note(cudaErrorInvalidValue);
  return emulation::give(stream, [=] { memcpy(to, from, bytes); });
}

cudaError_t cudaMemsetAsync(void *block, int byte, size_t bytes, cudaStream_t stream) {
  Guard guard(lock);
  if (!lies_in(blocks, block, bytes)) return note(cudaErrorInvalidValue);
  return emulation::give(stream, [=] { memset(block, byte, bytes); });
}
