// Chooses the CPU's table of kernels: the best instruction set that this processor has, or the one
// that the environment asks for.
// Not the kernels: they are in the .inc files, compiled once for each set by cpu_<level>.c.
#include "cpu.h"

#include <string.h>

const struct kernels *runexp_cpu_kernels_for(const char *instruction_set) {
  if (strcmp(instruction_set, "generic") == 0) return &runexp_cpu_table_generic;
#if defined(__x86_64__)
  __builtin_cpu_init();
  // scripts/build-sanitized leaves out what nothing there would run.
#ifndef RUNEXP_WITHOUT_V2
  if (strcmp(instruction_set, "v2") == 0 && __builtin_cpu_supports("x86-64-v2"))
    return &runexp_cpu_table_v2;
#endif
#ifndef RUNEXP_WITHOUT_V3
  if (strcmp(instruction_set, "v3") == 0 && __builtin_cpu_supports("x86-64-v3"))
    return &runexp_cpu_table_v3;
#endif
#ifndef RUNEXP_WITHOUT_V4
  if (strcmp(instruction_set, "v4") == 0 && __builtin_cpu_supports("x86-64-v4"))
    return &runexp_cpu_table_v4;
#endif
#ifndef RUNEXP_WITHOUT_V4_BF16
  if (strcmp(instruction_set, "v4-bf16") == 0 && __builtin_cpu_supports("x86-64-v4") &&
      __builtin_cpu_supports("avx512bf16"))
    return &runexp_cpu_table_v4_bf16;
#endif
#elif defined(__aarch64__)
  if (strcmp(instruction_set, "neon") == 0) return &runexp_cpu_table_neon;
#endif
  return NULL;
}

const struct kernels *runexp_cpu_kernels(void) {
  static const char *const best_first[] = {"v4-bf16", "v4", "v3", "v2", "neon"};
  const char *asked = getenv("RUNEXP_ISA"); // the program refuses what the processor has not
  const struct kernels *chosen = asked ? runexp_cpu_kernels_for(asked) : NULL;
  if (chosen) return chosen;
  for (size_t i = 0; i < sizeof best_first / sizeof *best_first; i++) {
    const struct kernels *table = runexp_cpu_kernels_for(best_first[i]);
    if (table) return table;
  }
  return &runexp_cpu_table_generic;
}
