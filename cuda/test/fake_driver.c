// A driver without a GPU, for machines that have neither: built as libcuda.so.1 and put into the
// loader's path. It has the version that RUNEXP_FAKE_DRIVER says, such as 12040, and its cuInit
// finds no device, as that of a machine whose GPU is gone.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CUDA_SUCCESS = 0, CUDA_ERROR_NO_DEVICE = 100, CUDA_ERROR_NOT_SUPPORTED = 801 };

static int cuInit(unsigned flags) { return flags == 0 ? CUDA_ERROR_NO_DEVICE : 1; }

static int cuDriverGetVersion(int *version) {
  const char *text = getenv("RUNEXP_FAKE_DRIVER");
  *version = text ? atoi(text) : 13000;
  return CUDA_SUCCESS;
}

static int unsupported(void) { return CUDA_ERROR_NOT_SUPPORTED; }

/// All that the runtime looks for by name; it asks for every function before it calls the first.
int cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags,
                        int *status) {
  if (strcmp(name, "cuInit") == 0)
    *function = (void *)cuInit;
  else if (strcmp(name, "cuDriverGetVersion") == 0)
    *function = (void *)cuDriverGetVersion;
  else if (strcmp(name, "cuGetProcAddress") == 0)
    *function = (void *)cuGetProcAddress_v2;
  else
    *function = (void *)unsupported;
  if (status) *status = 0;
  return version > 0 || flags == 0 ? CUDA_SUCCESS : CUDA_ERROR_NOT_SUPPORTED;
}
