// The CPU's kernels for 64-bit Arm: vectors of 4 floats, 32 registers.
// Not their code: table.inc includes that, the same for every instruction set.
#include "cpu.h"

#if defined(__aarch64__)
#define ISA(name) name##_neon
#define ISA_NAME "Arm (NEON)"
#include "tuning_neon.h"

#include "table.inc"
#endif
