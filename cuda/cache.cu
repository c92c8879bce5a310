// Filling a cache of keys or of values: each token's row is put where the layout says, as f32, bf16
// or Q8, whose bytes are those of the CPU's kernels.
#include "elements.cuh"
#include "entries.cuh"
#include "reduce.cuh"

namespace plugin {

constexpr int append_threads = 128;

/// Which row of x a row of the cache comes from. Of more tokens than there are slots only the last
/// ones stay, so that no row has two writers.
struct append_shape {
  int64_t tokens, first_token, rows; // rows: batch * kept tokens
  int kv_heads, head_dim;
  row_layout layout;

  __device__ int64_t from(int64_t row, int head) const {
    int64_t kept = tokens - first_token;
    return ((row / kept * tokens + first_token + row % kept) * kv_heads + head) * head_dim;
  }
  __device__ int64_t to(int64_t row, int head) const {
    int64_t kept = tokens - first_token, token = first_token + row % kept;
    return row / kept * layout.batch_rows + head * layout.head_rows +
           (layout.first_slot + token) % layout.slots * layout.slot_rows;
  }
};

/// A block takes one token of one sequence, a thread 8 elements of a head.
template <typename Kept, typename T>
__global__ void __launch_bounds__(append_threads)
    append_rows(Kept *cache, const T *x, append_shape s, bool aligned) {
  int runs = (s.head_dim + run_length - 1) / run_length;
  for (int64_t row = blockIdx.x; row < s.rows; row += gridDim.x) {
    for (int i = static_cast<int>(threadIdx.x); i < s.kv_heads * runs; i += append_threads) {
      int head = i / runs, c = i % runs * run_length;
      extent e(c, s.head_dim, aligned);
      run values;
      load(values, x + s.from(row, head) + c, e);
      store(cache + s.to(row, head) * s.head_dim + c, values, e);
    }
  }
}

/// The nearest half of a magnitude, to even where two are equally near; beyond their range the
/// largest finite one.
__device__ static uint16_t half_of(double size) {
  if (!(size < 65504)) return 0x7bff;
  // Below 2^-14 the step between halves stays 2^-24. Its scaling by a power of 2 is exact.
  int exponent = -14;
  if (size >= 0x1p-14) exponent = ilogb(size);
  int steps = static_cast<int>(rint(scalbn(size, 10 - exponent)));
  // 1024 steps or more carry into the exponent's bits, as they should.
  return static_cast<uint16_t>(steps + ((exponent + 14) << 10));
}

/// A warp takes a block of 32 numbers. They are chosen for the scale as it is kept, and divided in
/// double, whose rounding never crosses a half: an f32 has 24 bits, a half 11.
template <typename T>
__global__ void __launch_bounds__(append_threads)
    append_q8(int8_t *cache, uint16_t *scales, const T *x, append_shape s) {
  static_assert(Q8_BLOCK == warp_size, "a lane for each number");
  int blocks = (s.head_dim + Q8_BLOCK - 1) / Q8_BLOCK;
  int warp = static_cast<int>(threadIdx.x) / warp_size, lane = threadIdx.x % warp_size;
  for (int64_t row = blockIdx.x; row < s.rows; row += gridDim.x) {
    for (int i = warp; i < s.kv_heads * blocks; i += append_threads / warp_size) {
      int head = i / blocks, block = i % blocks, c = block * Q8_BLOCK + lane;
      int64_t to = s.to(row, head);
      float value = c < s.head_dim ? to_float(x[s.from(row, head) + c]) : 0;
      float largest = reduce_warp(fabsf(value), larger());
      bool is_number = largest == largest;
      uint16_t scale = is_number ? half_of(static_cast<double>(largest) / 127) : 0x7e00;
      double step = is_number ? cvt_f32_f16(scale) : 0;
      double steps = step > 0 ? value / step : 0;
      steps = steps > 127 ? 127 : steps < -127 ? -127 : steps;
      if (lane == 0) scales[to * blocks + block] = scale;
      if (c < s.head_dim) cache[to * s.head_dim + c] = static_cast<int8_t>(rint(steps));
    }
  }
}

void cache_append(kernel_context *context, const struct cache_append *call) {
  int64_t first = call->tokens > call->layout.slots ? call->tokens - call->layout.slots : 0;
  append_shape shape = {call->tokens,
                        first,
                        call->batch * (call->tokens - first),
                        static_cast<int>(call->kv_heads),
                        static_cast<int>(call->head_dim),
                        call->layout};
  unsigned blocks = blocks_for(shape.rows, 1);
  bool aligned = are_aligned(call->rows, call->x) && call->head_dim % run_length == 0;
  with_type(call->type, [&](auto zero) {
    using T = decltype(zero);
    const T *x = static_cast<const T *>(call->x);
    switch (call->layout.type) {
      case ROWS_F32:
        return launch(context, append_rows<float, T>, blocks, append_threads, 0,
                      static_cast<float *>(call->rows), x, shape, aligned);
      case ROWS_BF16:
        return launch(context, append_rows<bf16, T>, blocks, append_threads, 0,
                      static_cast<bf16 *>(call->rows), x, shape, aligned);
      case ROWS_Q8:
        return launch(context, append_q8<T>, blocks, append_threads, 0,
                      static_cast<int8_t *>(call->rows), call->scales, x, shape);
    }
  });
}

} // namespace plugin
