// The CPU's kernels for any other processor, such as Arm: vectors of 4 floats, 32 registers. They
// are compiled on x86 too, for tests and for who asks for them by name.
// Not their code: table.inc includes that, the same for every instruction set.
#include "cpu.h"

#define ISA(name) name##_generic
#define ISA_NAME "generic"
#define VECTOR_FLOATS 4
#define GEMM_ROWS 8
#define GEMM_VECTORS 2
#define FLASH_ROWS 8
#define FLASH_VECTORS 2

#include "table.inc"
