// The device: which GPUs there are, a context on one of them, and why there can be none.
#include "entries.cuh"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>

namespace plugin {

/// The oldest generation whose instructions the kernels use: Ampere.
constexpr int oldest_capability = 80;

void fail(kernel_context *context, cudaError_t error, const char *what) {
  cudaGetLastError(); // else the next call would give it again
  if (context->has_failed) return;
  context->has_failed = true;
  if (error == cudaErrorMemoryAllocation)
    snprintf(context->failure, sizeof context->failure,
             RUNEXP_OUT_OF_MEMORY ": none was left for %s", what);
  else
    snprintf(context->failure, sizeof context->failure, "%s failed: %s (%s)", what,
             cudaGetErrorString(error), cudaGetErrorName(error));
}

void fail_to_launch(kernel_context *context, cudaError_t error, const void *kernel) {
  const char *name = nullptr;
  if (cudaFuncGetName(&name, kernel) != cudaSuccess || !name) name = "a kernel";
  char what[256];
  snprintf(what, sizeof what, "the launch of '%s'", name);
  fail(context, error, what);
}

int64_t count() {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) == cudaSuccess) return devices;
  cudaGetLastError();
  return 0;
}

/// CUDA's number of a version, 13000, as people write it.
struct version_text {
  char text[16];
  explicit version_text(int version) {
    snprintf(text, sizeof text, "%d.%d", version / 1000, version % 1000 / 10);
  }
};

__attribute__((format(printf, 3, 4))) static bool refuse(char *reason, int64_t capacity,
                                                         const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (capacity > 0) vsnprintf(reason, static_cast<size_t>(capacity), format, arguments);
  va_end(arguments);
  return false;
}

/// Whether there is such a device; how many there are is asked of the driver first, which may be
/// missing, too old, or without any.
static bool is_there(int64_t ordinal, char *reason, int64_t capacity) {
  int devices = 0, driver = 0;
  cudaError_t error = cudaGetDeviceCount(&devices);
  cudaGetLastError();
  if (cudaDriverGetVersion(&driver) != cudaSuccess) driver = 0;
  version_text needed(CUDART_VERSION / 1000 * 1000);
  if (error != cudaSuccess && driver == 0)
    return refuse(reason, capacity,
                  "there is no NVIDIA driver; install one of the 580 series or newer (CUDA %s)",
                  needed.text);
  if (error == cudaErrorInsufficientDriver)
    return refuse(reason, capacity,
                  "the NVIDIA driver is too old: it is for CUDA %s, and CUDA %s is needed; install "
                  "one of the 580 series or newer",
                  version_text(driver).text, needed.text);
  if (error == cudaErrorNoDevice || (error == cudaSuccess && devices == 0))
    return refuse(reason, capacity,
                  "the NVIDIA driver finds no GPU; nvidia-smi and CUDA_VISIBLE_DEVICES say which "
                  "there should be");
  if (error != cudaSuccess)
    return refuse(reason, capacity, "the NVIDIA driver does not start: %s (%s)",
                  cudaGetErrorString(error), cudaGetErrorName(error));
  if (ordinal < 0 || ordinal >= devices)
    return refuse(reason, capacity, "there is no GPU %lld; there %s %d, numbered from 0",
                  static_cast<long long>(ordinal), devices == 1 ? "is" : "are", devices);
  return true;
}

/// Asks for what the context wants to know, and makes its stream. False where CUDA fails.
static bool open(kernel_context *context) {
  int major = 0, minor = 0;
  auto ask = [&](int *value, cudaDeviceAttr attribute) {
    return check(context, cudaDeviceGetAttribute(value, attribute, context->ordinal),
                 "asking the GPU what it is");
  };
  if (!ask(&major, cudaDevAttrComputeCapabilityMajor) ||
      !ask(&minor, cudaDevAttrComputeCapabilityMinor) ||
      !ask(&context->multiprocessors, cudaDevAttrMultiProcessorCount) ||
      !ask(&context->shared_memory, cudaDevAttrMaxSharedMemoryPerBlockOptin))
    return false;
  context->capability = 10 * major + minor;
  if (context->capability < oldest_capability) return true; // it will be refused
  return enter(context) &&
         check(context, cudaStreamCreateWithFlags(&context->stream, cudaStreamNonBlocking),
               "making a stream") &&
         create_staging(context);
}

kernel_context *create(const device_options *options, char *reason, int64_t capacity) {
  if (!is_there(options->ordinal, reason, capacity)) return nullptr;
  kernel_context *context = new (std::nothrow) kernel_context();
  if (!context) return refuse(reason, capacity, "the host has no memory left"), nullptr;
  context->ordinal = static_cast<int>(options->ordinal);
  cudaDeviceProp properties;
  if (cudaGetDeviceProperties(&properties, context->ordinal) != cudaSuccess)
    strcpy(properties.name, "the GPU");
  if (!open(context)) {
    refuse(reason, capacity, "%s does not start: %s", properties.name, context->failure);
  } else if (context->capability < oldest_capability) {
    refuse(reason, capacity,
           "%s is too old: its compute capability is %d.%d, and 8.0 (Ampere) or newer is needed",
           properties.name, context->capability / 10, context->capability % 10);
  } else {
    return context;
  }
  destroy(context);
  return nullptr;
}

void destroy(kernel_context *context) {
  if (context->stream) {
    cudaSetDevice(context->ordinal);
    cudaStreamSynchronize(context->stream);
    destroy_staging(context);
    close_library(context);
    cudaStreamDestroy(context->stream);
    cudaGetLastError();
  }
  delete context;
}

void describe(kernel_context *context, char *text, int64_t capacity) {
  cudaDeviceProp properties;
  int driver = 0;
  if (cudaGetDeviceProperties(&properties, context->ordinal) != cudaSuccess)
    strcpy(properties.name, "a GPU");
  cudaDriverGetVersion(&driver);
  snprintf(text, static_cast<size_t>(capacity),
           "%s, compute capability %d.%d, driver for CUDA %s, GPU %d", properties.name,
           context->capability / 10, context->capability % 10, version_text(driver).text,
           context->ordinal);
}

int64_t threads(kernel_context *context) { return 1; } // no processor of the host computes

device_memory memory(kernel_context *context) {
  size_t free = 0, total = 0;
  if (enter(context)) check(context, cudaMemGetInfo(&free, &total), "asking for the memory");
  return {static_cast<int64_t>(free), static_cast<int64_t>(total)};
}

const char *error(kernel_context *context) {
  return context->has_failed ? context->failure : nullptr;
}

} // namespace plugin
