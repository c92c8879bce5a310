// What is done before and after the tiles of a product: operands become bf16 with aligned lines,
// and the sums of the parts of k are added.
#include "gemm_store.cuh"

namespace plugin {

constexpr int pack_block = 256;

/// Runs of a line whose memory is not aligned are read and written a run a thread all the same: its
/// neighbours read the rest of the same sectors.
template <typename T>
__global__ void __launch_bounds__(pack_block)
    gemm_pack_lines(bf16 *to, operand x, int64_t lines, int64_t length, int64_t stride) {
  int64_t runs = stride / run_length, all = lines * runs;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * pack_block + threadIdx.x; i < all;
       i += static_cast<int64_t>(gridDim.x) * pack_block) {
    int64_t line = i / runs, first = (i - line * runs) * run_length;
    run values;
    load(values, static_cast<const T *>(x.data) + line * x.stride + first,
         extent(first, length, x.is_aligned));
    store_whole(to + line * stride + first, values);
  }
}

void pack_operand(kernel_context *context, const packing &what, bf16 *to, int64_t stride) {
  unsigned blocks = blocks_for(what.lines * (stride / run_length), pack_block);
  with_type(what.from.is_f32 ? ELEMENT_F32 : ELEMENT_BF16, [&](auto zero) {
    launch(context, gemm_pack_lines<decltype(zero)>, blocks, pack_block, 0, to, what.from,
           what.lines, what.length, stride);
  });
}

/// c as one line of m * n elements, `splits` partial sums each.
__global__ void __launch_bounds__(pack_block) gemm_add_partials(product p, bool c_is_aligned) {
  int64_t size = partial_size(p.m, p.n), all = p.m * p.n;
  for (int64_t i = (static_cast<int64_t>(blockIdx.x) * pack_block + threadIdx.x) * run_length;
       i < all; i += static_cast<int64_t>(gridDim.x) * pack_block * run_length) {
    run sums = {};
    extent e(i, all, c_is_aligned);
#pragma unroll 4
    for (int64_t split = 0; split < p.splits; split++) {
      run part; // beyond the last element there is room, and what is there is not used
      load_whole(part, p.partials + split * size + i);
#pragma unroll
      for (int c = 0; c < run_length; c++) sums[c] += part[c];
    }
    if (p.bias) { // a run may go on in the next row
      int64_t column = i % p.n;
#pragma unroll
      for (int c = 0; c < run_length; c++) {
        sums[c] += p.bias[column * p.bias_step];
        column = column + 1 < p.n ? column + 1 : 0;
      }
    }
    if (p.c_is_f32)
      store_or_add(static_cast<float *>(p.c) + i, sums, e, p.accumulate);
    else
      store_or_add(static_cast<bf16 *>(p.c) + i, sums, e, p.accumulate);
  }
}

void add_partials(kernel_context *context, const product &p) {
  launch(context, gemm_add_partials, blocks_for(ceil_div(p.m * p.n, run_length), pack_block),
         pack_block, 0, p, are_aligned(p.c));
}

} // namespace plugin
