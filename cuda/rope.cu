// Rotary position embedding (Su et al. 2021): turns each pair of a head's elements by its angle.
#include "elements.cuh"
#include "entries.cuh"

namespace plugin {

constexpr int rope_threads = 128;

/// 8 pairs: the elements of each, from where they lie apart or beside each other.
template <typename T>
__device__ static void load_pairs(run &first, run &second, const T *head, int pair, int half,
                                  bool interleaved, bool aligned) {
  if (!interleaved) {
    extent e(pair, half, aligned);
    load(first, head + pair, e);
    load(second, head + half + pair, e);
    return;
  }
  run both[2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int at = 2 * pair + i * run_length;
    load(both[i], head + at, extent(at, 2 * half, aligned));
  }
#pragma unroll
  for (int i = 0; i < run_length; i++) {
    first[i] = both[i / 4][2 * i % 8];
    second[i] = both[i / 4][2 * i % 8 + 1];
  }
}

template <typename T>
__device__ static void contribute_pairs(const target<T> &out, int64_t head, const run &first,
                                        const run &second, int pair, int half, bool interleaved,
                                        bool aligned) {
  if (!interleaved) {
    extent e(pair, half, aligned);
    contribute(out, head + pair, first, e);
    contribute(out, head + half + pair, second, e);
    return;
  }
  run both[2];
#pragma unroll
  for (int i = 0; i < run_length; i++) {
    both[i / 4][2 * i % 8] = first[i];
    both[i / 4][2 * i % 8 + 1] = second[i];
  }
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int at = 2 * pair + i * run_length;
    contribute(out, head + at, both[i], extent(at, 2 * half, aligned));
  }
}

/// The elements of a head, of which the first are turned.
struct head_parts {
  int head_dim, rotated;
  __device__ int rest() const { return head_dim - rotated; }
};

/// A block takes one token of one sequence, a thread 8 pairs of a head. out may be x.
template <typename T>
__global__ void __launch_bounds__(rope_threads)
    rotate(target<T> out, const T *x, const float *cosine, const float *sine, int64_t rows,
           int64_t tokens, int heads, head_parts parts, bool interleaved, float sign,
           bool aligned) {
  int half = parts.rotated / 2, runs = (half + run_length - 1) / run_length;
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    int64_t angles = row % tokens * half;
    for (int i = static_cast<int>(threadIdx.x); i < heads * runs; i += rope_threads) {
      int pair = i % runs * run_length;
      int64_t head = (row * heads + i / runs) * parts.head_dim;
      extent e(pair, half, aligned);
      run first, second, c, s;
      load_pairs(first, second, x + head, pair, half, interleaved, aligned);
      load(c, cosine + angles + pair, e);
      load(s, sine + angles + pair, e);
#pragma unroll
      for (int k = 0; k < run_length; k++) {
        float turned = first[k] * c[k] - sign * second[k] * s[k];
        second[k] = sign * first[k] * s[k] + second[k] * c[k];
        first[k] = turned;
      }
      contribute_pairs(out, head, first, second, pair, half, interleaved, aligned);
    }
    for (int i = static_cast<int>(threadIdx.x); i < heads * parts.rest(); i += rope_threads) {
      int64_t at =
          (row * heads + i / parts.rest()) * parts.head_dim + parts.rotated + i % parts.rest();
      contribute(out, at, to_float(x[at]));
    }
  }
}

void rope(kernel_context *context, const struct rope *call) {
  head_parts parts = {static_cast<int>(call->head_dim), static_cast<int>(call->rotated)};
  int64_t rows = call->batch * call->tokens;
  bool aligned = are_aligned(call->out.data, call->x, call->cosine, call->sine) &&
                 parts.head_dim % run_length == 0 && parts.rotated / 2 % run_length == 0;
  with_type(call->type, [&](auto zero) {
    using T = decltype(zero);
    launch(context, rotate<T>, blocks_for(rows, 1), rope_threads, 0, call->out,
           static_cast<const T *>(call->x), call->cosine, call->sine, rows, call->tokens,
           static_cast<int>(call->heads), parts, call->interleaved, call->inverse ? -1.0f : 1.0f,
           aligned);
  });
}

} // namespace plugin
