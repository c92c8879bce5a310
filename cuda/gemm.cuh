// A matrix product as its kernels see it, and which of them computes it: c[m, n] = op(a) op(b).
//
// - gemm_wgmma: bf16 by Hopper's warpgroups, tiles of 128 x 256 or 128 x 128
// - gemm_tensor: bf16 by tensor cores, tiles of 128 x 128 or 64 x 64
// - gemm_fma: f32 by multiply-adds, tiles of the same sizes
// - gemm_thin: up to 8 rows of c, bound by the reading of b; gemm_thin_tensor for two and more in bf16,
//   gemm_thin_q8 where b is Q8
// - cublaslt: the library, where there is one
//
// Where c has too few tiles to fill the GPU, k is split: each part's sums go into the workspace and
// are added in order, so that the bits do not depend on who comes first.
#ifndef RUNEXP_GEMM_CUH
#define RUNEXP_GEMM_CUH

#include "elements.cuh"

namespace plugin {

/// One operand: rows of op(a) or columns of op(b), by k. Its lines in memory lie along k or across.
struct operand {
  const void *data;
  int64_t stride;  // elements from one line to the next
  bool is_f32;     // else bf16
  bool along_k;    // a line is a row of op(a) or a column of op(b); else it is a step of k
  bool is_aligned; // each line begins at a multiple of 16 bytes
};

/// A product, as kernels get it.
struct product {
  operand a, b;
  void *c;
  const float *bias;
  int64_t bias_step; // 0 where one number serves all columns
  int64_t m, n, k;
  bool c_is_f32, accumulate;
  bool c_is_aligned; // each row begins at a multiple of 16 bytes
  bool rounds;       // operands to bf16, where they are f32
  int64_t splits;    // parts of k; of one alone the sums go straight into c
  int64_t split_k;   // steps of k in a part, a multiple of 64 but for the last
  float *partials;   // [splits][partial_size], row-major as c
};

/// One that the library knows how to compute.
struct library_product;

/// From one part's sums to the next: whole runs, so that each part is aligned.
__host__ __device__ constexpr int64_t partial_size(int64_t m, int64_t n) {
  return (m * n + run_length - 1) / run_length * run_length;
}

/// An operand that becomes bf16 with aligned lines before the product.
struct packing {
  bool wanted;
  operand from;
  int64_t lines, length; // as in memory
  int64_t at;            // where in the workspace the lines go, in bytes
};

/// How a product is computed, and where in the workspace it has what, in bytes.
struct gemm_plan {
  enum way { nothing, bias_alone, thin, wgmma, tensor, fma } way; // ours
  product p;
  packing a, b;
  bool large;             // tiles of 128 x 128, else of 64 x 64; not of wgmma
  bool wide;              // of wgmma: tiles of 128 x 256, else of 128 x 128
  bool converts;          // operands on their way into shared memory
  library_product *found; // the library's way, which comes first; null: it has none
  int64_t scratch, bytes; // where partial sums or the library's scratch begin; the end of all
};

constexpr int wide_tile = 256, large_tile = 128, small_tile = 64;
constexpr int thin_rows = 8; // products of at most so many rows are thin

/// Copies an operand's lines, rounded, to others of `stride` elements, a multiple of 8, that end in
/// zeros.
void pack_operand(kernel_context *context, const packing &what, bf16 *to, int64_t stride);
/// c from the sums of all parts; of none, from zeros.
void add_partials(kernel_context *context, const product &p);
void multiply_thin(kernel_context *context, const product &p);
/// The same where b is a Q8 matrix along k, and c has several columns.
void multiply_thin_q8(kernel_context *context, const product &p, const void *b);
/// False, and nothing is done, where this way does not suit p.
bool multiply_thin_tensor(kernel_context *context, const product &p);
void multiply_fma(kernel_context *context, const product &p, bool large);
/// Both operands are bf16 with aligned lines, and the GPU is Hopper's.
void multiply_wgmma(kernel_context *context, const product &p, bool wide);
/// Both operands are bf16 with aligned lines, and tiles are large.
void multiply_tensor(kernel_context *context, const product &p);
/// Operands may be anything.
void multiply_tensor_converting(kernel_context *context, const product &p, bool large);

/// The library's way to compute p, whose operands lie as it says; null where it has none. Found
/// once for each shape.
library_product *find_library_product(kernel_context *context, const product &p);
int64_t scratch_of(const library_product *found);
/// False where the library has failed, which is asked for no product any more: p is to be computed
/// otherwise.
bool multiply_library(kernel_context *context, const product &p, library_product *found,
                      void *scratch);

} // namespace plugin

#endif
