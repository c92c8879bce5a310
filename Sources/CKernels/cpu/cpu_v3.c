// The CPU's kernels for x86-64-v3: vectors of 8 floats, 16 registers.
// Not their code: table.inc includes that, the same for every instruction set.
#include "cpu.h"

#if defined(__x86_64__)
#define ISA(name) name##_v3
#define ISA_NAME "x86-64-v3 (AVX2, FMA)"
#define VECTOR_FLOATS 8
#define GEMM_ROWS 6
#define GEMM_VECTORS 2
#define GEMM_DEPTH 512
#define GEMM_DEEP 512
#define GEMM_COLUMNS_IN_PLACE false
#define GEMM_BLOCK_ROWS 96
#define GEMM_TASKS 6
#define FLASH_ROWS 4
#define FLASH_VECTORS 3

#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#include "table.inc"
#pragma clang attribute pop
#endif
