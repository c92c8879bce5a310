// Elements of tensors as kernels see them: f32 or bf16 in memory, f32 in registers, and 8
// neighbours at a time where they lie so that 16 bytes can be moved at once.
#ifndef RUNEXP_ELEMENTS_CUH
#define RUNEXP_ELEMENTS_CUH

#include "context.cuh"
#include "ptx.cuh"

namespace plugin {

/// The upper half of an f32: 1 sign, 8 exponent and 7 fraction bits.
struct bf16 {
  uint16_t bits;
};

/// 1 sign, 4 exponent and 3 fraction bits: numbers up to 448, NaN, no infinity (OCP 8-bit floating
/// point, 2023).
struct e4m3 {
  uint8_t bits;
};

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(bf16 x) {
  return __uint_as_float(static_cast<uint32_t>(x.bits) << 16);
}

__device__ __forceinline__ void set(float &x, float value) { x = value; }
__device__ __forceinline__ void set(bf16 &x, float value) { x.bits = cvt_rn_bf16(value); }

/// The lower and the upper of two bf16 in 32 bits.
__device__ __forceinline__ float low_bf16(uint32_t pair) { return __uint_as_float(pair << 16); }
__device__ __forceinline__ float high_bf16(uint32_t pair) {
  return __uint_as_float(pair & 0xffff0000u);
}

/// Where a kernel writes a gradient; see struct gradient.
template <typename T> struct target {
  T *data; // null: not wanted
  bool accumulate;
  target() = default;
  target(const gradient &g) : data(static_cast<T *>(g.data)), accumulate(g.accumulate) {}
};

/// x[i] = value, or x[i] += value.
template <typename T>
__device__ __forceinline__ void contribute(const target<T> &x, int64_t i, float value) {
  if (x.data) set(x.data[i], x.accumulate ? to_float(x.data[i]) + value : value);
}

// Runs of 8 elements.

constexpr int run_length = 8;
typedef float run[run_length];

/// A whole run from an address that is a multiple of 16.
__device__ __forceinline__ void load_whole(run &values, const float *x) {
  const float4 *from = reinterpret_cast<const float4 *>(x);
  float4 low = from[0], high = from[1];
  values[0] = low.x, values[1] = low.y, values[2] = low.z, values[3] = low.w;
  values[4] = high.x, values[5] = high.y, values[6] = high.z, values[7] = high.w;
}

__device__ __forceinline__ void load_whole(run &values, const bf16 *x) {
  uint4 pairs = *reinterpret_cast<const uint4 *>(x);
  values[0] = low_bf16(pairs.x), values[1] = high_bf16(pairs.x);
  values[2] = low_bf16(pairs.y), values[3] = high_bf16(pairs.y);
  values[4] = low_bf16(pairs.z), values[5] = high_bf16(pairs.z);
  values[6] = low_bf16(pairs.w), values[7] = high_bf16(pairs.w);
}

__device__ __forceinline__ void store_whole(float *x, const run &values) {
  float4 *to = reinterpret_cast<float4 *>(x);
  to[0] = make_float4(values[0], values[1], values[2], values[3]);
  to[1] = make_float4(values[4], values[5], values[6], values[7]);
}

__device__ __forceinline__ void store_whole(bf16 *x, const run &values) {
  *reinterpret_cast<uint4 *>(x) =
      make_uint4(cvt_rn_bf16x2(values[0], values[1]), cvt_rn_bf16x2(values[2], values[3]),
                 cvt_rn_bf16x2(values[4], values[5]), cvt_rn_bf16x2(values[6], values[7]));
}

/// Which of a run's 8 elements there are, and whether they may be moved at once.
struct extent {
  int count;
  bool whole;
  /// The run that begins at element i of n; `aligned` says that it begins at a multiple of 16
  /// bytes.
  __device__ extent(int64_t i, int64_t n, bool aligned)
      : count(n - i < run_length ? static_cast<int>(n - i) : run_length),
        whole(aligned && n - i >= run_length) {}
};

/// The run at x, 0 beyond its count.
template <typename T>
__device__ __forceinline__ void load(run &values, const T *x, const extent &e) {
  if (e.whole) {
    load_whole(values, x);
  } else {
#pragma unroll
    for (int i = 0; i < run_length; i++) values[i] = i < e.count ? to_float(x[i]) : 0;
  }
}

template <typename T>
__device__ __forceinline__ void store(T *x, const run &values, const extent &e) {
  if (e.whole) {
    store_whole(x, values);
  } else {
#pragma unroll
    for (int i = 0; i < run_length; i++)
      if (i < e.count) set(x[i], values[i]);
  }
}

/// The run at x.data + i becomes `values`, or is added to.
template <typename T>
__device__ __forceinline__ void contribute(const target<T> &x, int64_t i, const run &values,
                                           const extent &e) {
  if (!x.data) return;
  if (!x.accumulate) return store(x.data + i, values, e);
  run sums;
  load(sums, x.data + i, e);
#pragma unroll
  for (int c = 0; c < run_length; c++) sums[c] += values[c];
  store(x.data + i, sums, e);
}

// On the host.

/// Whether all of these begin at multiples of 16 bytes, as blocks do; null counts as such.
template <typename... Pointers> bool are_aligned(Pointers... pointers) {
  return ((reinterpret_cast<uintptr_t>(static_cast<const void *>(pointers)) % 16 == 0) && ...);
}

/// Calls `work` with a value of the type that the tensors have.
template <typename Work> void with_type(element_type type, const Work &work) {
  if (type == ELEMENT_F32)
    work(float());
  else
    work(bf16());
}

} // namespace plugin

#endif
