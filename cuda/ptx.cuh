// The instructions of PTX that kernels use and CUDA C++ has no words for, one small function each,
// named after it (PTX ISA 9.0, section 9.7). For a GPU they are the instruction; for the host,
// emulation/ptx.h has what it does. Those of Hopper alone are in ptx_hopper.cuh.
#ifndef RUNEXP_PTX_CUH
#define RUNEXP_PTX_CUH

#include <cstdint>
#include <cuda_runtime.h>

#if defined(__CUDACC__)

/// The block's dynamic shared memory, all of it. There is no other: what lies where in it is each
/// kernel's own arithmetic.
__device__ __forceinline__ unsigned char *shared_memory() {
  extern __shared__ __align__(1024) unsigned char dynamic_shared_memory[];
  return dynamic_shared_memory;
}

/// Where something lies in shared memory, as instructions want it.
__device__ __forceinline__ uint32_t shared_address(const void *pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

// Asynchronous copies from global to shared memory.

/// Copies 16 bytes past L1. Where `valid` is false, nothing is read and the 16 bytes become 0. Both
/// addresses are multiples of 16. Seen by the thread itself after its cp_async_wait_group, by
/// others after a barrier too.
__device__ __forceinline__ void cp_async_cg_16(uint32_t to, const void *from, bool valid = true) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from),
               "r"(valid ? 16 : 0)
               : "memory");
}

/// The same for 4 or 8 bytes, through L1.
template <int bytes>
__device__ __forceinline__ void cp_async_ca(uint32_t to, const void *from, bool valid = true) {
  static_assert(bytes == 4 || bytes == 8, "for 16 there is cp_async_cg_16");
  asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(to), "l"(from), "n"(bytes),
               "r"(valid ? bytes : 0)
               : "memory");
}

/// Ends a group of copies.
__device__ __forceinline__ void cp_async_commit_group() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

/// Waits until all but the last `pending` groups of this thread have landed.
template <int pending> __device__ __forceinline__ void cp_async_wait_group() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

// Matrices: fragments of 8 x 8 elements of 16 bits. Of each, lane l holds two elements of row l /
// 4, columns 2 (l % 4) and the next, the lower one in the lower half.

/// Loads 4 of them; lanes 8 i to 8 i + 7 give the addresses of the rows of matrix i, multiples of
/// 16.
__device__ __forceinline__ void ldmatrix_x4(uint32_t (&r)[4], uint32_t row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(row)
               : "memory");
}

/// Loads 4 of them transposed: lane l then holds elements of column l / 4.
__device__ __forceinline__ void ldmatrix_x4_trans(uint32_t (&r)[4], uint32_t row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(row)
               : "memory");
}

/// Loads 2; lanes 0 to 15 give the addresses, those of the others do not matter.
__device__ __forceinline__ void ldmatrix_x2(uint32_t (&r)[2], uint32_t row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(row)
               : "memory");
}

__device__ __forceinline__ void ldmatrix_x2_trans(uint32_t (&r)[2], uint32_t row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(row)
               : "memory");
}

/// c += a b for bf16 a [16, 16] (row-major) and b [16, 8] (column-major), f32 c [16, 8]. With
/// g = lane / 4 and t = lane % 4:
///   a[0] = rows g, columns 2t, 2t + 1    a[1] = rows g + 8, the same columns
///   a[2], a[3] = the same rows, columns 8 further
///   b[0] = rows 2t, 2t + 1, column g     b[1] = rows 8 further
///   c[0], c[1] = row g, columns 2t, 2t + 1    c[2], c[3] = row g + 8
__device__ __forceinline__ void mma_m16n8k16_bf16(float (&c)[4], const uint32_t (&a)[4],
                                                  const uint32_t (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, "
               "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// Barriers by number, 1 to 15 (0 is __syncthreads); `threads` is a multiple of 32.

/// Waits until `threads` threads have arrived, those that call this included.
__device__ __forceinline__ void bar_sync(int barrier, int threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(barrier), "r"(threads) : "memory");
}

/// Arrives and goes on.
__device__ __forceinline__ void bar_arrive(int barrier, int threads) {
  asm volatile("bar.arrive %0, %1;" ::"r"(barrier), "r"(threads) : "memory");
}

// Numbers.

/// Two floats as bf16, to nearest even; NaN becomes 0x7fff.
__device__ __forceinline__ uint32_t cvt_rn_bf16x2(float low, float high) {
  uint32_t result;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
  return result;
}

/// What follows from x is computed again from here on: the compiler does not carry it around a loop
/// in registers that are wanted for something else.
template <typename T> __device__ __forceinline__ void computed_here(T &x) {
  asm volatile("" : "+r"(x));
}

/// One; NaN becomes 0x7fff.
__device__ __forceinline__ uint16_t cvt_rn_bf16(float value) {
  uint16_t result;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result) : "f"(value));
  return result;
}

__device__ __forceinline__ float cvt_f32_f16(uint16_t half) {
  float result;
  asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(half));
  return result;
}

/// 2^x to 2 units in the last place; subnormal results are kept, -inf gives 0.
__device__ __forceinline__ float ex2_approx(float x) {
  float result;
  asm("ex2.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

/// 2^x to 2 units in the last place; subnormal results become 0. One instruction of the chip, of
/// which ex2_approx needs several.
__device__ __forceinline__ float ex2_approx_ftz(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

/// log2 x.
__device__ __forceinline__ float lg2_approx(float x) {
  float result;
  asm("lg2.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

#else
#include "emulation/ptx.h"
#endif

#endif
