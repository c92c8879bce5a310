// The CPU's kernels for any other processor, such as Arm: vectors of 4 floats, 32 registers. They
// are compiled on x86 too, for tests and for who asks for them by name.
// Not their code: table.inc includes that, the same for every instruction set.
#include "cpu.h"

#define ISA(name) name##_generic
#define ISA_NAME "generic"
#define VECTOR_FLOATS 4
#define GEMM_ROWS 8
#define GEMM_VECTORS 2
#define GEMM_DEPTH 256
#define GEMM_DEEP 512
#define GEMM_COLUMNS_IN_PLACE false
#define GEMM_BLOCK_ROWS 96
#define GEMM_TASKS 6
#define FLASH_ROWS 8
#define FLASH_VECTORS 2

#include "table.inc"
