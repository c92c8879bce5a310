// Exponentials of numbers up to 0, in doubles: a loop that the compiler vectorises, once for any
// processor and once for those with AVX2.
#include "exponentials.h"

#include <stdint.h>
#include <string.h>

/// 2^x for x from -1000 to 0.
static inline __attribute__((always_inline)) double power_of_two(double x) {
  const double to_integer = 0x1.8p52; // a sum with it has no fraction bits left: it rounds
  double shifted = x + to_integer;
  double r = x - (shifted - to_integer);
  // The series of 2^r for |r| <= 1/2, whose next term is below 7e-12.
  double p = 1.0178086009239699e-07;
  p = p * r + 1.3215486790144307e-06;
  p = p * r + 1.5252733804059841e-05;
  p = p * r + 1.5403530393381608e-04;
  p = p * r + 1.3333558146428443e-03;
  p = p * r + 9.6181291076284769e-03;
  p = p * r + 5.5504108664821576e-02;
  p = p * r + 2.4022650695910072e-01;
  p = p * r + 6.9314718055994531e-01;
  p = p * r + 1.0;
  uint64_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 1023) << 52; // the exponent's bits
  double whole;
  memcpy(&whole, &bits, sizeof whole);
  return p * whole;
}

static inline __attribute__((always_inline)) double exponentials(double *out, const float *x,
                                                                 size_t count, double largest,
                                                                 double scale) {
  for (size_t i = 0; i < count; i++) {
    double power = ((double)x[i] - largest) * scale;
    out[i] = power_of_two(power < -1000 ? -1000 : power);
  }
  // Sums that do not wait for each other.
  enum { sums = 8 };
  double sum[sums] = {0};
  size_t i = 0;
  for (; i + sums <= count; i += sums)
    for (size_t j = 0; j < sums; j++) sum[j] += out[i + j];
  for (; i < count; i++) sum[0] += out[i];
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

#if defined(__x86_64__)
__attribute__((target("arch=x86-64-v3"))) static double exponentials_v3(double *out, const float *x,
                                                                        size_t count,
                                                                        double largest,
                                                                        double scale) {
  return exponentials(out, x, count, largest, scale);
}
#endif

double runexp_exponentials(double *out, const float *x, size_t count, double largest,
                           double scale) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v3")) return exponentials_v3(out, x, count, largest, scale);
#endif
  return exponentials(out, x, count, largest, scale);
}
