// What CUDA C++ adds to C++, for the host: keywords, the indices of a thread, vectors, barriers,
// shuffles, votes, atomics and a few functions (CUDA C++ Programming Guide, language extensions).
// Kernels see it as they see nvcc's own.
#ifndef RUNEXP_EMULATION_BUILTINS_H
#define RUNEXP_EMULATION_BUILTINS_H

#include <math.h>
#include <cstring>
#include <type_traits>

#include "block.h"

#define __global__ __attribute__((visibility("default"))) // so that its name can be found
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__

#define threadIdx (::emulation::self->index)
#define blockIdx (::emulation::block_index)
#define blockDim (::emulation::block_size)
#define gridDim (::emulation::grid_size)

#define RUNEXP_PLACE const char *file = __builtin_FILE(), int line = __builtin_LINE()

// Vectors.

#define RUNEXP_VECTORS(type, name)                                                                 \
  struct alignas(2 * sizeof(type)) name##2 { type x, y; };                                         \
  struct alignas(4 * sizeof(type)) name##4 { type x, y, z, w; };                                   \
  inline name##2 make_##name##2(type x, type y) { return {x, y}; }                                 \
  inline name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }
RUNEXP_VECTORS(float, float)
RUNEXP_VECTORS(int, int)
RUNEXP_VECTORS(unsigned, uint)
#undef RUNEXP_VECTORS

// Barriers.

inline void __syncthreads(RUNEXP_PLACE) {
  emulation::barrier(0, emulation::threads_in_block(), true, {"__syncthreads", file, line});
}

/// A barrier at which all learn whether one of them says so.
inline int __syncthreads_or(int vote, RUNEXP_PLACE) {
  static int any; // 0 between two of these: blocks take turns
  emulation::Place place = {"__syncthreads_or", file, line};
  any |= vote != 0;
  emulation::barrier(0, emulation::threads_in_block(), true, place);
  int result = any;
  emulation::barrier(0, emulation::threads_in_block(), true, place);
  any = 0;
  emulation::barrier(0, emulation::threads_in_block(), true, place);
  return result;
}

inline void __threadfence() {}
inline void __threadfence_block() {}

namespace emulation {

/// What the lanes of a warp do together; see `together`.
inline void warp(uint32_t mask, void *operands, void (*compute)(void *const *), Place place) {
  unsigned first = self->number / 32 * 32, count = threads_in_block() - first;
  together(first, count < 32 ? count : 32, mask, operands, compute, place);
}

/// One lane's part in an exchange of values.
struct Exchange {
  unsigned long long value, result;
  int source; // the lane whose value it wants
  uint32_t mask;
};

inline void exchange(void *const *lanes) {
  for (int i = 0; i < 32; i++) {
    if (!lanes[i]) continue;
    Exchange &mine = *static_cast<Exchange *>(lanes[i]);
    void *source = lanes[mine.source];
    if (!source) {
      fault("a lane reads that of lane %d, which takes no part", mine.source);
    }
    mine.result = static_cast<Exchange *>(source)->value;
    if (mine.mask == 0) return;
  }
}

template <typename T>
T shuffle(uint32_t mask, T value, int source, int width, const char *name, const char *file,
          int line) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable<T>::value, "as in CUDA");
  if (width < 1 || width > 32 || (width & (width - 1)) != 0) fault("%s: width %d", name, width);
  Exchange mine = {0, 0, source, mask};
  memcpy(&mine.value, &value, sizeof value);
  warp(mask, &mine, exchange, {name, file, line});
  memcpy(&value, &mine.result, sizeof value);
  return value;
}

/// The lane that a shuffle reads; its own where that is beyond its segment of `width` lanes.
inline int within(int wanted, int width) {
  int mine = int(lane()), segment = mine / width * width;
  return wanted >= segment && wanted < segment + width ? wanted : mine;
}

} // namespace emulation

inline void __syncwarp(uint32_t mask = ~0u, RUNEXP_PLACE) {
  int nothing = 0;
  emulation::warp(mask, &nothing, [](void *const *) {}, {"__syncwarp", file, line});
}

// Shuffles.

template <typename T>
T __shfl_sync(uint32_t mask, T value, int source, int width = 32, RUNEXP_PLACE) {
  int first = int(emulation::lane()) / width * width;
  return emulation::shuffle(mask, value, first + (source & (width - 1)), width, "__shfl_sync", file,
                            line);
}

template <typename T>
T __shfl_xor_sync(uint32_t mask, T value, int bits, int width = 32, RUNEXP_PLACE) {
  // Another segment's lane may be read where it comes before one's own (PTX ISA, shfl.bfly).
  int wanted = int(emulation::lane()) ^ bits, mine = int(emulation::lane());
  return emulation::shuffle(mask, value, wanted <= (mine | (width - 1)) ? wanted : mine, width,
                            "__shfl_xor_sync", file, line);
}

template <typename T>
T __shfl_down_sync(uint32_t mask, T value, unsigned by, int width = 32, RUNEXP_PLACE) {
  int source = emulation::within(int(emulation::lane() + by), width);
  return emulation::shuffle(mask, value, source, width, "__shfl_down_sync", file, line);
}

template <typename T>
T __shfl_up_sync(uint32_t mask, T value, unsigned by, int width = 32, RUNEXP_PLACE) {
  int source = emulation::within(int(emulation::lane()) - int(by), width);
  return emulation::shuffle(mask, value, source, width, "__shfl_up_sync", file, line);
}

// Votes.

inline uint32_t __ballot_sync(uint32_t mask, int vote, RUNEXP_PLACE) {
  struct Vote {
    bool mine;
    uint32_t all;
  } operands = {vote != 0, 0};
  auto count = [](void *const *lanes) {
    uint32_t all = 0;
    for (int i = 0; i < 32; i++)
      if (lanes[i] && static_cast<Vote *>(lanes[i])->mine) all |= 1u << i;
    for (int i = 0; i < 32; i++)
      if (lanes[i]) static_cast<Vote *>(lanes[i])->all = all;
  };
  emulation::warp(mask, &operands, count, {"__ballot_sync", file, line});
  return operands.all;
}

inline int __any_sync(uint32_t mask, int vote, RUNEXP_PLACE) {
  return __ballot_sync(mask, vote, file, line) != 0;
}

inline int __all_sync(uint32_t mask, int vote, RUNEXP_PLACE) {
  return __ballot_sync(mask, !vote, file, line) == 0;
}

// Atomics: nobody else runs meanwhile. None on floating point, whose sums would depend on the
// order.

template <typename T> T atomicAdd(T *at, std::common_type_t<T> by) {
  static_assert(std::is_integral<T>::value, "a sum that does not depend on the order");
  T old = *at;
  *at = T(old + by);
  return old;
}

template <typename T> T atomicMax(T *at, std::common_type_t<T> value) {
  T old = *at;
  if (value > old) *at = value;
  return old;
}

// Numbers.

inline float __uint_as_float(unsigned bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

inline unsigned __float_as_uint(float value) {
  unsigned bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// Four of the eight bytes of y and x, by the nibbles of a selector whose highest bits are 0.
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  unsigned long long bytes = static_cast<unsigned long long>(y) << 32 | x;
  unsigned result = 0;
  for (int i = 0; i < 4; i++)
    result |= unsigned(bytes >> (selector >> 4 * i & 7) * 8 & 0xff) << 8 * i;
  return result;
}

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(unsigned(x)); }
inline float rsqrtf(float x) { return 1 / sqrtf(x); }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
/// A product that is rounded before anything is added to it.
inline float __fmul_rn(float a, float b) {
  float product = a * b;
  asm("" : "+x"(product));
  return product;
}
inline float __fdividef(float a, float b) { return a / b; }

template <typename A, typename B> constexpr std::common_type_t<A, B> min(A a, B b) {
  return b < a ? b : a;
}
template <typename A, typename B> constexpr std::common_type_t<A, B> max(A a, B b) {
  return a < b ? b : a;
}

template <typename T> T __ldg(const T *at) { return *at; }

#endif
