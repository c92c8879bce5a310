// The emulated runtime's streams, events and graphs, and launches that are held to a GPU's limits.
#include "runtime.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cxxabi.h>
#include <deque>
#include <dlfcn.h>
#include <map>
#include <set>

using namespace emulation;

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

std::vector<emulated_stream *> streams;
std::map<const void *, size_t> shared_asked;
std::map<const void *, std::string> names;

// Code is loaded when a kernel is first launched, and takes memory of the device then.
std::set<const void *> loaded;
constexpr size_t code_bytes = 64 << 10, graph_bytes = 64 << 10;

void drain(emulated_stream *stream) {
  while (!stream->queue.empty()) {
    Work work = std::move(stream->queue.front());
    stream->queue.pop_front();
    if (failure.empty()) work();
  }
}

} // namespace

void emulation::drain_all() {
  for (emulated_stream *stream : streams) drain(stream);
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
  if (stream->capture) return note(cudaErrorStreamCaptureUnsupported);
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
  cudaGetLastError();
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
  if (stream->capture) return note(cudaErrorStreamCaptureUnsupported);
  stream->capture = new emulated_graph;
  return works();
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
  Guard guard(lock);
  *graph = stream->capture;
  stream->capture = nullptr;
  return *graph ? works() : note(cudaErrorInvalidValue);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long) {
  Guard guard(lock);
  if (!take_unseen(graph_bytes)) return note(cudaErrorMemoryAllocation);
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
  Guard guard(lock);
  give_unseen_back(graph_bytes);
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
  if (value < 0 || size_t(value) > most_shared()) return note(cudaErrorInvalidValue);
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
    return note(cudaErrorInvalidConfiguration);
  if (!loaded.count(kernel)) {
    if (!take_unseen(code_bytes)) return note(cudaErrorMemoryAllocation);
    loaded.insert(kernel);
  }
  const char *name = nullptr;
  cudaFuncGetName(&name, kernel);
  Launch launch = {name, grid, block, shared_bytes, std::move(thread)};
  return give(stream, [launch] {
    static int64_t until_failure = [] {
      const char *text = getenv("RUNEXP_EMULATION_FAILURE");
      return text && *text ? atoll(text) : -1;
    }();
    failure = until_failure >= 0 && until_failure-- == 0
                  ? "the kernel '" + launch.kernel + "' was told to fail"
                  : run(launch);
  });
}
