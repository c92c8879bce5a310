// Sizes for vectors of 16 floats and 32 registers, measured on Zen 5, products on Ice Lake as well.
// See docs/performance.md.
#define VECTOR_FLOATS 16
#define REGISTERS 32

// Products: a tile of c, words along k of a panel, rows of a block, tasks for each thread.
#define GEMM_ROWS 9
#define GEMM_VECTORS 3
#define GEMM_WORDS 4              // along k, of an iteration of the microkernel's loop
#define GEMM_POINTER_ROWS 3       // rows of a tile that one pointer leads to
#define GEMM_PREFETCH_PANELS true // whether words of packed operands are prefetched
#define GEMM_DEPTH 1024
#define GEMM_DEEP 512 // the same of a weight's gradient
#define GEMM_COLUMNS_IN_PLACE false
#define GEMM_B_READINGS 22 // panels of a, at most, that read b in place
#define GEMM_BLOCK_ROWS 162
#define GEMM_TASKS 6
#define SKINNY_TILES false // whether 2 to 8 rows are multiplied in tiles

// Attention: a tile of scores, and a block of keys.
#define FLASH_ROWS 8
#define FLASH_VECTORS 3
#define FLASH_KEYS 96

// Its backward pass: rows of a tile of dQ, and where rows that a panel of keys does not see end.
#define BACK_DQ_ROWS 12
#define BACK_STEP 24

// Bytes that are fetched ahead of a stream from memory; 0: none but what the processor fetches.
#define READ_AHEAD 4096
#define READ_AHEAD_NARROW 4096 // of weights in bf16 and Q8, whose lines take more instructions
