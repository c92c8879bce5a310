// The CPU's kernels for x86-64-v4 with avx512_bf16: products of bf16 pairs, summed in f32.
// Not their code: table.inc includes that, the same for every instruction set.
#include "cpu.h"

#if defined(__x86_64__) && !defined(RUNEXP_WITHOUT_V4_BF16)
#define ISA(name) name##_v4_bf16
#define ISA_NAME "x86-64-v4 (AVX-512, BF16)"
#define HAS_BF16_DOT
#include "tuning_v4_bf16.h"

#pragma clang attribute push(                                                                      \
    __attribute__((target("arch=x86-64-v4,avx512bf16,no-prefer-256-bit"))), apply_to = function)
#include "table.inc"
#pragma clang attribute pop
#endif
