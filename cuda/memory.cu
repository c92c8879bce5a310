// Memory and transfers, all in the order of the context's stream. Blocks are kept for reuse by the
// caller, so each allocation here is one of CUDA's.
#include "entries.cuh"

#include <cstring>

namespace plugin {

/// An upload goes through two halves of this size: large enough for a step's tokens, and for the
/// bus to be busy where a model's parameters go up.
constexpr int64_t half = 4 << 20;

bool create_staging(kernel_context *context) {
  staging_memory &staging = context->staging;
  void *bytes = nullptr;
  if (!check(context, cudaMallocHost(&bytes, 2 * half), "taking pinned memory")) return false;
  staging.bytes = static_cast<unsigned char *>(bytes);
  for (cudaEvent_t &event : staging.is_read) {
    if (!check(context, cudaEventCreateWithFlags(&event, cudaEventDisableTiming),
               "making an event"))
      return false;
  }
  return true;
}

void destroy_staging(kernel_context *context) {
  for (cudaEvent_t event : context->staging.is_read)
    if (event) cudaEventDestroy(event);
  cudaFreeHost(context->staging.bytes);
}

/// Whether there was memory. Where there is none, the caller may do with less: nothing has failed.
static bool there_is(kernel_context *context, cudaError_t error, const char *what) {
  if (error != cudaErrorMemoryAllocation) return check(context, error, what);
  cudaGetLastError();
  return false;
}

void *allocate(kernel_context *context, int64_t bytes) {
  void *block = nullptr;
  if (!enter(context)) return nullptr;
  return there_is(context, cudaMalloc(&block, static_cast<size_t>(bytes > 0 ? bytes : 1)),
                  "taking memory")
             ? block
             : nullptr;
}

// cudaFree waits until all work that was given has run.
void release(kernel_context *context, void *block, int64_t bytes) {
  if (enter(context)) check(context, cudaFree(block), "giving memory back");
}

void *allocate_host(kernel_context *context, int64_t bytes) {
  void *block = nullptr;
  if (!enter(context)) return nullptr;
  return there_is(context, cudaMallocHost(&block, static_cast<size_t>(bytes > 0 ? bytes : 1)),
                  "taking pinned memory")
             ? block
             : nullptr;
}

void release_host(kernel_context *context, void *block, int64_t bytes) {
  if (enter(context)) check(context, cudaFreeHost(block), "giving pinned memory back");
}

// A copy from pinned memory needs nobody to wait, and the host's bytes have been read when they are
// in there. A half is written again when the copy out of it has run.
bool upload(kernel_context *context, void *block, const void *host, int64_t bytes) {
  if (!enter(context)) return false;
  staging_memory &staging = context->staging;
  unsigned char *to = static_cast<unsigned char *>(block);
  const unsigned char *from = static_cast<const unsigned char *>(host);
  for (int64_t done = 0; done < bytes; done += half) {
    size_t part = static_cast<size_t>(bytes - done < half ? bytes - done : half);
    cudaEvent_t is_read = staging.is_read[staging.next];
    unsigned char *stage = staging.bytes + staging.next * half;
    staging.next ^= 1;
    // An event that was never recorded is not waited for.
    if (!check(context, cudaEventSynchronize(is_read), "an upload")) return false;
    memcpy(stage, from + done, part);
    if (!check(context,
               cudaMemcpyAsync(to + done, stage, part, cudaMemcpyHostToDevice, context->stream),
               "an upload") ||
        !check(context, cudaEventRecord(is_read, context->stream), "an upload"))
      return false;
  }
  return true;
}

bool download(kernel_context *context, void *host, const void *block, int64_t bytes) {
  if (!enter(context)) return false;
  cudaError_t error = bytes > 0 ? cudaMemcpyAsync(host, block, static_cast<size_t>(bytes),
                                                  cudaMemcpyDeviceToHost, context->stream)
                                : cudaSuccess;
  return check(context, error, "a download") && synchronise(context);
}

bool copy(kernel_context *context, void *to, const void *from, int64_t bytes) {
  return enter(context) && check(context,
                                 cudaMemcpyAsync(to, from, static_cast<size_t>(bytes),
                                                 cudaMemcpyDeviceToDevice, context->stream),
                                 "a copy");
}

bool zero(kernel_context *context, void *block, int64_t bytes) {
  if (bytes <= 0) return enter(context);
  return enter(context) &&
         check(context, cudaMemsetAsync(block, 0, static_cast<size_t>(bytes), context->stream),
               "filling with zeros");
}

// What fails on the GPU is seen by whoever waits next: here, as a rule.
bool synchronise(kernel_context *context) {
  return enter(context) &&
         check(context, cudaStreamSynchronize(context->stream), "work on the GPU");
}

} // namespace plugin
