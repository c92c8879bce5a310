// The CPU's kernels for any other processor, such as Arm: vectors of 4 floats, 32 registers. They
// are compiled and tested on x86 too, where nobody chooses them.
// Not their code: bodies.inc includes that, the same for every instruction set.
#include "cpu.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ISA(name) name##_generic
#define ISA_NAME "portable"
#define VECTOR_FLOATS 4
#define GEMM_ROWS 8
#define GEMM_VECTORS 2
#define FLASH_ROWS 8
#define FLASH_VECTORS 2

#include "bodies.inc"
