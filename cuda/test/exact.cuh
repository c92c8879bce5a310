// What tests of layouts are made of: memory on both sides, and small numbers whose sums are exact.
#ifndef RUNEXP_TEST_EXACT_CUH
#define RUNEXP_TEST_EXACT_CUH

#include <cstdio>
#include <cstring>
#include <vector>

#include "../entries.cuh"

namespace plugin {

static kernel_context *context;
static int failures = 0;

static void expect(bool holds, const char *what, int first = 0, int second = 0, int third = 0) {
  printf("%s: %s (%d, %d, %d)\n", holds ? "ok" : "NOT SO", what, first, second, third);
  failures += !holds;
}

/// Memory of the device, and what it holds on the host.
template <typename T> struct Block {
  std::vector<T> values;
  T *device;
  explicit Block(size_t count)
      : values(count), device(static_cast<T *>(allocate(context, int64_t(count * sizeof(T))))) {}
  ~Block() { release(context, device, int64_t(values.size() * sizeof(T))); }
  void to_device() { upload(context, device, values.data(), int64_t(values.size() * sizeof(T))); }
  bool to_host() {
    return download(context, values.data(), device, int64_t(values.size() * sizeof(T)));
  }
};

/// Small whole numbers, whose products and sums are exact.
static float number(int i, int seed) { return float((i * 7 + seed * (i / 5)) % 9 - 4); }

/// A float that bf16 holds.
static uint16_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return uint16_t(bits >> 16);
}

static float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

} // namespace plugin

#endif
