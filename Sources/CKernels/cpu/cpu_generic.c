// The CPU's kernels for any other processor: vectors of 4 floats. They are compiled on x86 and Arm
// too, for tests and for who asks for them by name.
// Not their code: table.inc includes that, the same for every instruction set.
#include "cpu.h"

#define ISA(name) name##_generic
#define ISA_NAME "generic"
#include "tuning_generic.h"

#include "table.inc"
