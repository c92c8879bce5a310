// One formula for each element: outputs at i from inputs at i, 8 neighbours a thread.
#ifndef RUNEXP_MAP_CUH
#define RUNEXP_MAP_CUH

#include "elements.cuh"

namespace plugin {

constexpr int map_threads = 256;

/// What a formula reads and writes. A formula has `inputs` and `outputs`, how many there are of
/// each, and computes y at element i from x.
template <typename Formula, typename Out, typename In> struct tensors {
  target<Out> out[Formula::outputs];
  const In *in[Formula::inputs];
};

template <typename Formula, typename Out, typename In>
__global__ void __launch_bounds__(map_threads)
    map_elements(Formula formula, tensors<Formula, Out, In> t, int64_t n, bool aligned) {
  int64_t stride = static_cast<int64_t>(gridDim.x) * map_threads * run_length;
  int64_t first = (static_cast<int64_t>(blockIdx.x) * map_threads + threadIdx.x) * run_length;
  for (int64_t i = first; i < n; i += stride) {
    extent e(i, n, aligned);
    run x[Formula::inputs], y[Formula::outputs];
#pragma unroll
    for (int k = 0; k < Formula::inputs; k++) load(x[k], t.in[k] + i, e);
#pragma unroll
    for (int c = 0; c < run_length; c++) {
      float at_x[Formula::inputs], at_y[Formula::outputs];
#pragma unroll
      for (int k = 0; k < Formula::inputs; k++) at_x[k] = x[k][c];
      formula(i + c, at_x, at_y);
#pragma unroll
      for (int k = 0; k < Formula::outputs; k++) y[k][c] = at_y[k];
    }
#pragma unroll
    for (int k = 0; k < Formula::outputs; k++) contribute(t.out[k], i, y[k], e);
  }
}

template <typename Formula, typename Out, typename In>
void map(kernel_context *context, const Formula &formula, const tensors<Formula, Out, In> &t,
         int64_t n) {
  bool aligned = true;
  for (const target<Out> &out : t.out) aligned &= are_aligned(out.data);
  for (const In *in : t.in) aligned &= are_aligned(in);
  launch(context, map_elements<Formula, Out, In>, blocks_for(n, map_threads * run_length),
         map_threads, 0, formula, t, n, aligned);
}

/// The same where all tensors are of one type.
template <typename Formula>
void map(kernel_context *context, element_type type, const Formula &formula,
         const gradient (&out)[Formula::outputs], const void *const (&in)[Formula::inputs],
         int64_t n) {
  with_type(type, [&](auto zero) {
    using T = decltype(zero);
    tensors<Formula, T, T> t = {};
    for (int k = 0; k < Formula::outputs; k++) t.out[k] = out[k];
    for (int k = 0; k < Formula::inputs; k++) t.in[k] = static_cast<const T *>(in[k]);
    map(context, formula, t, n);
  });
}

} // namespace plugin

#endif
