// What tests of a plugin are made of: the library's table, and a context on its first device.
#ifndef RUNEXP_TEST_PLUGIN_H
#define RUNEXP_TEST_PLUGIN_H

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <random>
#include <string>
#include <vector>

#include "kernels.h"

static int failures = 0;
static const kernels *table;
static kernel_context *context;
static std::mt19937 dice(1);

static inline void expect(bool holds, const std::string &what) {
  if (holds) return;
  failures++;
  printf("not so: %s\n", what.c_str());
}

/// The table of the library that the first argument names; ends the program where there is none.
static inline void open_table(int count, char **arguments) {
  void *library = count > 1 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : nullptr;
  if (!library) {
    fprintf(stderr, "usage: %s LIBRARY; %s\n", arguments[0], count > 1 ? dlerror() : "no library");
    exit(2);
  }
  typedef const kernels *(*entry_point)(int64_t);
  table = reinterpret_cast<entry_point>(dlsym(library, "runexp_kernels"))(RUNEXP_KERNELS_ABI);
}

/// A context on the first device; ends the program where there is none.
static inline kernel_context *open_context() {
  device_options options = {1, 0};
  char reason[512] = "";
  kernel_context *opened = table->create(&options, reason, sizeof reason);
  if (!opened) fprintf(stderr, "no device: %s\n", reason), exit(2);
  return opened;
}

/// Closes `context`, which must not have failed, and says how `what` is; the test's exit code.
static inline int close(const char *what) {
  expect(table->synchronise(context), table->error(context) ? table->error(context) : "");
  table->destroy(context);
  printf("%s: %s\n", what, failures ? "NOT RIGHT" : "right");
  return failures ? 1 : 0;
}

static inline float float_of_bf16(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  memcpy(&value, &wide, sizeof value);
  return value;
}

/// To the nearest, ties to even; of numbers.
static inline uint16_t bf16_of_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

#endif
