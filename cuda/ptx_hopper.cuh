// The instructions of PTX that only Hopper has, sm_90a (PTX ISA 9.0, section 9.7): barriers that
// count bytes, bulk copies of boxes of a tensor (TMA), 8-bit numbers, registers that change hands;
// products of a warpgroup are in ptx_wgmma.cuh. Kernels that use them keep their bodies within
// RUNEXP_IS_HOPPER. For the host: emulation/ptx_hopper.h.
#ifndef RUNEXP_PTX_HOPPER_CUH
#define RUNEXP_PTX_HOPPER_CUH

#include <cuda.h> // types alone: no function of the driver is linked

#include "ptx.cuh"

#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || !defined(__CUDACC__)
#define RUNEXP_IS_HOPPER 1
#else
#define RUNEXP_IS_HOPPER 0
#endif

/// A warpgroup: 4 warps, the first of which has a number that is a multiple of 4.
constexpr int warpgroup_size = 128;

/// Bits 62 and 63 of a matrix descriptor: how 16-byte pieces are shuffled. Rows of so many bytes, 8
/// of them: piece p of row r lies where piece p ^ (r % 8) would, with fewer bits of r for shorter
/// rows.
enum class swizzle : uint64_t { bytes_128 = 1, bytes_64 = 2, bytes_32 = 3 };

/// A matrix descriptor (9.7.15.5.1.2.2): where an operand of wgmma lies in shared memory. `start`
/// is where the instruction's part begins, in a pattern that begins at a multiple of 8 of its rows.
///   K-major: `stride` bytes from 8 rows of m or n to the next 8; `leading` is not used. 8-bit
///   operands must be so.
///   MN-major: `stride` from 8 rows of k to the next 8; `leading` from one row's length to the next
///   along m or n.
__device__ __forceinline__ uint64_t matrix_descriptor(uint32_t start, uint32_t leading,
                                                      uint32_t stride, swizzle mode) {
  auto encode = [](uint32_t bytes) { return static_cast<uint64_t>((bytes & 0x3ffff) >> 4); };
  return encode(start) | encode(leading) << 16 | encode(stride) << 32 |
         static_cast<uint64_t>(mode) << 62;
}

#if defined(__CUDACC__)
#include "ptx_wgmma.cuh"

// mbarriers: 8 bytes of shared memory. A phase is complete when all arrivals that it expects have
// come and all bytes that it expects have landed; then the next begins.

/// To be followed by fence_mbarrier_init in this thread and a barrier, before others use it.
__device__ __forceinline__ void mbarrier_init(uint32_t mbarrier, uint32_t arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(mbarrier), "r"(arrivals) : "memory");
}

/// Lets bulk copies see the mbarriers that this thread has made.
__device__ __forceinline__ void fence_mbarrier_init() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

/// Arrives, which releases what this thread did before.
__device__ __forceinline__ void mbarrier_arrive(uint32_t mbarrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(mbarrier) : "memory");
}

/// Lets the phase expect so many bytes more, then arrives.
__device__ __forceinline__ void mbarrier_arrive_expect_tx(uint32_t mbarrier, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(mbarrier), "r"(bytes)
               : "memory");
}

/// Whether the phase of this parity is complete: that of the current phase's predecessor is. Waits
/// a while for it.
__device__ __forceinline__ bool mbarrier_try_wait_parity(uint32_t mbarrier, uint32_t parity) {
  uint32_t is_complete;
  asm volatile("{\n"
               ".reg .pred p;\n"
               "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
               "selp.u32 %0, 1, 0, p;\n"
               "}"
               : "=r"(is_complete)
               : "r"(mbarrier), "r"(parity)
               : "memory");
  return is_complete != 0;
}

/// Lets bulk copies and wgmma see what this thread stored in shared memory.
__device__ __forceinline__ void fence_proxy_async() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

// Bulk copies. A box's coordinates are elements, the fastest dimension first; what of it lies
// outside the tensor reads as 0 and is not written. Its bytes all count, inside or not.

__device__ __forceinline__ void prefetch_tensormap(const CUtensorMap *map) {
  asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory");
}

/// A box of 4 dimensions from global to shared memory, an address that is a multiple of 128.
__device__ __forceinline__ void cp_async_bulk_tensor(uint32_t to, const CUtensorMap *map,
                                                     const int (&at)[4], uint32_t mbarrier) {
  asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
               "[%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(to),
               "l"(map), "r"(mbarrier), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3])
               : "memory");
}

__device__ __forceinline__ void cp_async_bulk_tensor(uint32_t to, const CUtensorMap *map,
                                                     const int (&at)[2], uint32_t mbarrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
               "[%0], [%1, {%3, %4}], [%2];" ::"r"(to),
               "l"(map), "r"(mbarrier), "r"(at[0]), "r"(at[1])
               : "memory");
}

/// Bytes that follow one another; addresses and their number are multiples of 16.
__device__ __forceinline__ void cp_async_bulk(uint32_t to, const void *from, uint32_t bytes,
                                              uint32_t mbarrier) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
               "[%0], [%1], %2, [%3];" ::"r"(to),
               "l"(from), "r"(bytes), "r"(mbarrier)
               : "memory");
}

/// A box from shared to global memory.
__device__ __forceinline__ void cp_async_bulk_tensor_store(const CUtensorMap *map,
                                                           const int (&at)[4], uint32_t from) {
  asm volatile("cp.async.bulk.tensor.4d.global.shared::cta.tile.bulk_group "
               "[%0, {%2, %3, %4, %5}], [%1];" ::"l"(map),
               "r"(from), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3])
               : "memory");
}

/// Ends a group of stores.
__device__ __forceinline__ void cp_async_bulk_commit_group() {
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}

/// Waits until all but the last `pending` groups of this thread have read their shared memory.
template <int pending> __device__ __forceinline__ void cp_async_bulk_wait_group_read() {
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(pending) : "memory");
}

/// The registers that each thread of this warpgroup may use from now on, a multiple of 8: fewer
/// than it had, or more, for which it waits until others have given up theirs. The kernel needs a
/// bound for its block's threads.
template <int registers> __device__ __forceinline__ void setmaxnreg_dec() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(registers));
}

template <int registers> __device__ __forceinline__ void setmaxnreg_inc() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(registers));
}

/// Two floats as e4m3, to nearest even; beyond 448 they become that, NaN becomes 0x7f.
__device__ __forceinline__ uint32_t cvt_rn_satfinite_e4m3x2(float low, float high) {
  uint16_t result;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(result) : "f"(high), "f"(low));
  return result;
}

#else
#include "emulation/ptx_hopper.h"
#endif

#endif
