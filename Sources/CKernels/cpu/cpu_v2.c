// The CPU's kernels for x86-64-v2: vectors of 4 floats, 16 registers, no fused multiply-add.
// Not their code: table.inc includes that, the same for every instruction set.
#include "cpu.h"

#if defined(__x86_64__) && !defined(RUNEXP_WITHOUT_V2)
#define ISA(name) name##_v2
#define ISA_NAME "x86-64-v2 (SSE4.2)"
#include "tuning_v2.h"

#pragma clang attribute push(__attribute__((target("arch=x86-64-v2"))), apply_to = function)
#include "table.inc"
#pragma clang attribute pop
#endif
