// The CPU's kernels for x86-64-v3: vectors of 8 floats, 16 registers.
// Not their code: table.inc includes that, the same for every instruction set.
#include "cpu.h"

#if defined(__x86_64__) && !defined(RUNEXP_WITHOUT_V3)
#define ISA(name) name##_v3
#define ISA_NAME "x86-64-v3 (AVX2, FMA)"
#define HAS_F16C
#define HAS_INT16_DOT
#include "tuning_v3.h"

#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#include "table.inc"
#pragma clang attribute pop
#endif
