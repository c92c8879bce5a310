// Opens a plugin as the program does and says what it finds: how many devices, and what the first
// one is or why it cannot be used.
#include <dlfcn.h>
#include <cstdio>
#include <cstdlib>

#include "kernels.h"

int main(int count, char **arguments) {
  if (count < 2) {
    fprintf(stderr, "usage: load PLUGIN [ORDINAL]\n");
    return 2;
  }
  void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    printf("%s\n", dlerror());
    return 1;
  }
  typedef const kernels *(*entry_point)(int64_t);
  entry_point entry = reinterpret_cast<entry_point>(dlsym(library, "runexp_kernels"));
  if (!entry || entry(RUNEXP_KERNELS_ABI + 1)) {
    printf("no entry, or one that knows another version\n");
    return 1;
  }
  const kernels *table = entry(RUNEXP_KERNELS_ABI);
  if (!table || table->abi != RUNEXP_KERNELS_ABI || table->size != sizeof *table) {
    printf("no table of this version\n");
    return 1;
  }
  device_options options = {1, count > 2 ? atoi(arguments[2]) : 0};
  char text[256] = "";
  kernel_context *context = table->create(&options, text, sizeof text);
  if (context) {
    table->describe(context, text, sizeof text);
    table->destroy(context);
  }
  printf("%lld: %s\n", static_cast<long long>(table->count()), text);
  return 0;
}
