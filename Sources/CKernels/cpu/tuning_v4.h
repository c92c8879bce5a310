// Sizes for vectors of 16 floats and 32 registers, measured on Zen 5: see docs/performance.md.
#define VECTOR_FLOATS 16
#define GEMM_ROWS 14
#define GEMM_VECTORS 2
#define GEMM_DEPTH 1024
#define GEMM_DEEP 512
#define GEMM_COLUMNS_IN_PLACE true
#define GEMM_BLOCK_ROWS 168
#define GEMM_TASKS 6
#define FLASH_ROWS 8
#define FLASH_VECTORS 3
