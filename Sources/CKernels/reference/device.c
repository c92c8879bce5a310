// The reference device: one thread, and what plain loops reach on this machine.
// The rates are those of the reference's own kind of code, not of the processor.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "reference.h"

/// One thread, however many are offered.
struct kernel_context *runexp_reference_create(const struct device_options *options, char *reason,
                                               int64_t capacity) {
  struct device_options alone = {.threads = 1, .ordinal = options->ordinal};
  return runexp_host_create(&alone, reason, capacity);
}

void runexp_reference_describe(struct kernel_context *context, char *text, int64_t capacity) {
  snprintf(text, (size_t)capacity, "reference (plain loops in double), 1 thread");
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

enum { CHAINS = 8, LINKS = 1000000 };
static const double DURATION = 0.1; // seconds

// Independent chains of scalar multiply-adds in double, enough of them to hide the latency of one.
// The type makes no difference: the reference computes everything in double.
double runexp_reference_measure_peak(struct kernel_context *context, element_type type) {
  volatile double factor = 0.999999;
  double start = seconds(), elapsed = 0, operations = 0;
  volatile double sink = 0;
  while (elapsed < DURATION) {
    double chain[CHAINS] = {1, 2, 3, 4, 5, 6, 7, 8};
    double multiplier = factor;
    for (int64_t link = 0; link < LINKS; link++) {
      for (int c = 0; c < CHAINS; c++) chain[c] = chain[c] * multiplier + 1e-6;
    }
    for (int c = 0; c < CHAINS; c++) sink = sink + chain[c];
    operations += 2.0 * CHAINS * LINKS;
    elapsed = seconds() - start;
  }
  return operations / elapsed;
}

// Sums a block that no cache holds, again and again.
double runexp_reference_measure_bandwidth(struct kernel_context *context) {
  const int64_t count = 8 << 20; // doubles: 64 MiB
  double *block = malloc((size_t)count * sizeof *block);
  if (!block) return 0;
  for (int64_t i = 0; i < count; i++) block[i] = (double)i;
  double start = seconds(), elapsed = 0, bytes = 0;
  volatile double sink = 0;
  while (elapsed < DURATION) {
    double sum[CHAINS] = {0};
    for (int64_t i = 0; i < count; i += CHAINS) {
      for (int c = 0; c < CHAINS; c++) sum[c] += block[i + c];
    }
    for (int c = 0; c < CHAINS; c++) sink = sink + sum[c];
    bytes += (double)count * sizeof *block;
    elapsed = seconds() - start;
  }
  free(block);
  return bytes / elapsed;
}
