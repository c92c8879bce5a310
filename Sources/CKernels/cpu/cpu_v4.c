// The CPU's kernels for x86-64-v4: vectors of 16 floats, 32 registers.
// Not their code: table.inc includes that, the same for every instruction set.
#include "cpu.h"

#if defined(__x86_64__) && !defined(RUNEXP_WITHOUT_V4)
#define ISA(name) name##_v4
#define ISA_NAME "x86-64-v4 (AVX-512)"
#include "tuning_v4.h"

#pragma clang attribute push(__attribute__((target("arch=x86-64-v4,no-prefer-256-bit"))),          \
                             apply_to = function)
#include "table.inc"
#pragma clang attribute pop
#endif
