// The emulated runtime: memory, late streams, events, graphs, and launches that are held to a GPU's
// limits.
#include "cuda_runtime.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cxxabi.h>
#include <deque>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <unistd.h>

using Work = std::function<void()>;
using Clock = std::chrono::steady_clock;

struct emulated_graph {
  std::vector<Work> work;
};

struct emulated_stream {
  std::deque<Work> queue;
  emulated_graph *capture = nullptr; // what is given goes here
};

struct emulated_event {
  Clock::time_point time;
  emulated_stream *stream = nullptr; // in which it was recorded
};

namespace {

constexpr size_t most_shared = 227 << 10, most_shared_unasked = 48 << 10;

std::recursive_mutex lock; // contexts of several threads share what follows
std::map<uintptr_t, size_t> blocks, host_blocks;
std::map<const void *, size_t> shared_asked;
std::map<const void *, std::string> names;
std::vector<emulated_stream *> streams;
size_t used = 0;
std::string failure; // of a kernel: everything fails from then on
cudaError_t last = cudaSuccess;

using Guard = std::lock_guard<std::recursive_mutex>;

double setting(const char *name, double otherwise) {
  const char *text = getenv(name);
  return text && *text ? atof(text) : otherwise;
}

size_t total() { return size_t(setting("RUNEXP_EMULATION_MEMORY", 4.0 * (1 << 30))); }
int driver() { return int(setting("RUNEXP_EMULATION_DRIVER", 13000)); }
int devices() { return int(setting("RUNEXP_EMULATION_DEVICES", 1)); }

cudaError_t give_back(cudaError_t error) {
  if (error != cudaSuccess && error != cudaErrorNotReady) last = error;
  return error;
}

cudaError_t works() { return failure.empty() ? cudaSuccess : give_back(cudaErrorLaunchFailure); }

void drain(emulated_stream *stream) {
  while (!stream->queue.empty()) {
    Work work = std::move(stream->queue.front());
    stream->queue.pop_front();
    if (failure.empty()) work();
  }
}

void drain_all() {
  for (emulated_stream *stream : streams) drain(stream);
}

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
  if (posix_memalign(block, 256, bytes ? bytes : 1) != 0)
    return give_back(cudaErrorMemoryAllocation);
  memset(*block, 0xff, bytes);
  where[reinterpret_cast<uintptr_t>(*block)] = bytes;
  return cudaSuccess;
}

cudaError_t drop(std::map<uintptr_t, size_t> &where, void *block) {
  if (!block) return cudaSuccess;
  if (where.erase(reinterpret_cast<uintptr_t>(block)) == 0) return give_back(cudaErrorInvalidValue);
  free(block);
  return cudaSuccess;
}

} // namespace

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
  return device >= 0 && device < count ? works() : give_back(cudaErrorInvalidDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
  snprintf(properties->name, sizeof properties->name, "emulation on the host");
  return works();
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device) {
  double capability = setting("RUNEXP_EMULATION_CAPABILITY", 9.0);
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount: *value = 4; break;
    case cudaDevAttrComputeCapabilityMajor: *value = int(capability); break;
    case cudaDevAttrComputeCapabilityMinor: *value = int(capability * 10 + 0.5) % 10; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = int(most_shared); break;
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
  if (used + bytes > total()) return give_back(cudaErrorMemoryAllocation);
  cudaError_t error = take(blocks, block, bytes);
  if (error == cudaSuccess) used += bytes;
  return error;
}

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
  if (!fits) return give_back(cudaErrorInvalidValue);
  return emulation::give(stream, [=] { memcpy(to, from, bytes); });
}

cudaError_t cudaMemsetAsync(void *block, int byte, size_t bytes, cudaStream_t stream) {
  Guard guard(lock);
  if (!lies_in(blocks, block, bytes)) return give_back(cudaErrorInvalidValue);
  return emulation::give(stream, [=] { memset(block, byte, bytes); });
}

// Streams and events.

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags) {
  Guard guard(lock);
  streams.push_back(*stream = new emulated_stream);
  return works();
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  Guard guard(lock);
  drain(stream);
  streams.erase(std::find(streams.begin(), streams.end(), stream));
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  Guard guard(lock);
  if (stream->capture) return give_back(cudaErrorStreamCaptureUnsupported);
  drain(stream);
  return works();
}

cudaError_t emulation::give(cudaStream_t stream, Work work) {
  Guard guard(lock);
  if (!failure.empty()) return works();
  if (stream->capture)
    stream->capture->work.push_back(std::move(work));
  else
    stream->queue.push_back(std::move(work));
  return cudaSuccess;
}

void emulation::reset() {
  for (emulated_stream *stream : streams) stream->queue.clear();
  failure.clear();
  last = cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags) {
  *event = new emulated_event;
  return works();
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  Guard guard(lock);
  if (event->stream) drain(event->stream);
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  Guard guard(lock);
  event->stream = stream;
  return emulation::give(stream, [event] { event->time = Clock::now(); });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  Guard guard(lock);
  if (event->stream) drain(event->stream);
  return works();
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t from, cudaEvent_t to) {
  Guard guard(lock);
  *milliseconds = std::chrono::duration<float, std::milli>(to->time - from->time).count();
  return works();
}

// Graphs.

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  Guard guard(lock);
  if (stream->capture) return give_back(cudaErrorStreamCaptureUnsupported);
  stream->capture = new emulated_graph;
  return works();
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
  Guard guard(lock);
  *graph = stream->capture;
  stream->capture = nullptr;
  return *graph ? works() : give_back(cudaErrorInvalidValue);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long) {
  *exec = new emulated_graph(*graph);
  return works();
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  Guard guard(lock);
  for (const Work &work : exec->work) {
    cudaError_t error = emulation::give(stream, work);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  delete exec;
  return cudaSuccess;
}

// Kernels.

cudaError_t cudaFuncGetName(const char **name, const void *kernel) {
  Guard guard(lock);
  std::string &kept = names[kernel];
  Dl_info found;
  if (kept.empty() && dladdr(kernel, &found) && found.dli_sname) {
    int status = 0;
    char *readable = abi::__cxa_demangle(found.dli_sname, nullptr, nullptr, &status);
    kept = readable ? readable : found.dli_sname;
    free(readable);
    kept = kept.substr(0, kept.find('('));
  }
  *name = kept.empty() ? "a kernel" : kept.c_str();
  return cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void *kernel, cudaFuncAttribute attribute, int value) {
  Guard guard(lock);
  if (value < 0 || size_t(value) > most_shared) return give_back(cudaErrorInvalidValue);
  shared_asked[kernel] = size_t(value);
  return works();
}

cudaError_t emulation::give(cudaStream_t stream, const void *kernel, dim3 grid, dim3 block,
                            size_t shared_bytes, Work thread) {
  Guard guard(lock);
  uint64_t threads = uint64_t(block.x) * block.y * block.z;
  size_t asked = shared_asked.count(kernel) ? shared_asked[kernel] : most_shared_unasked;
  if (grid.x == 0 || grid.x > 0x7fffffff || grid.y == 0 || grid.y > 65535 || grid.z == 0 ||
      grid.z > 65535 || threads == 0 || threads > 1024 || block.z > 64 || shared_bytes > asked)
    return give_back(cudaErrorInvalidConfiguration);
  const char *name = nullptr;
  cudaFuncGetName(&name, kernel);
  Launch launch = {name, grid, block, shared_bytes, std::move(thread)};
  return give(stream, [launch] { failure = run(launch); });
}
