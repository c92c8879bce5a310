// The instructions of PTX that only Hopper has, sm_90a (PTX ISA 9.0, section 9.7): barriers that
// count bytes, bulk copies of boxes of a tensor (TMA), products of a warpgroup, registers that
// change hands. Kernels that use them keep their bodies within RUNEXP_IS_HOPPER. For the host:
// emulation/ptx_hopper.h.
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
///   K-major: `stride` bytes from 8 rows of m or n to the next 8; `leading` is not used.
///   MN-major: `stride` from 8 rows of k to the next 8; `leading` from one row's length to the next
///   along m or n.
__device__ __forceinline__ uint64_t matrix_descriptor(uint32_t start, uint32_t leading,
                                                      uint32_t stride, swizzle mode) {
  auto encode = [](uint32_t bytes) { return static_cast<uint64_t>((bytes & 0x3ffff) >> 4); };
  return encode(start) | encode(leading) << 16 | encode(stride) << 32 |
         static_cast<uint64_t>(mode) << 62;
}

#if defined(__CUDACC__)

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

// wgmma. From its issue until the wait for its group, nobody may touch its registers or overwrite
// the shared memory that it reads.

/// Orders accesses to registers: to be called before the first wgmma after accumulators or A's
/// registers were touched otherwise.
__device__ __forceinline__ void wgmma_fence() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

__device__ __forceinline__ void wgmma_commit_group() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

/// Waits until all but the last `pending` groups are complete.
template <int pending> __device__ __forceinline__ void wgmma_wait_group() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(pending) : "memory");
}

/// Keeps the compiler from moving what it does with these registers across this place: it does not
/// know that a wgmma is still busy with them.
template <int n> __device__ __forceinline__ void fence_registers(float (&registers)[n]) {
#pragma unroll
  for (int i = 0; i < n; i++) asm volatile("" : "+f"(registers[i])::"memory");
}

// An accumulator's registers as the instruction lists them.
#define RUNEXP_LIST_32                                                                             \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                         \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define RUNEXP_LIST_40 RUNEXP_LIST_32 ", %32, %33, %34, %35, %36, %37, %38, %39"
#define RUNEXP_LIST_64                                                                             \
  RUNEXP_LIST_40 ", %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, "   \
                 "%55, %56, %57, %58, %59, %60, %61, %62, %63"
#define RUNEXP_LIST_88                                                                             \
  RUNEXP_LIST_64 ", %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, "   \
                 "%79, %80, %81, %82, %83, %84, %85, %86, %87"
#define RUNEXP_LIST_128                                                                            \
  RUNEXP_LIST_88 ", %88, %89, %90, %91, %92, %93, %94, %95, %96, %97, %98, %99, %100, %101, "      \
                 "%102, %103, %104, %105, %106, %107, %108, %109, %110, %111, %112, %113, %114, "  \
                 "%115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define RUNEXP_OUT_8(i)                                                                            \
  "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]),      \
      "+f"(d[i + 6]), "+f"(d[i + 7])
#define RUNEXP_OUT_32 RUNEXP_OUT_8(0), RUNEXP_OUT_8(8), RUNEXP_OUT_8(16), RUNEXP_OUT_8(24)
#define RUNEXP_OUT_40 RUNEXP_OUT_32, RUNEXP_OUT_8(32)
#define RUNEXP_OUT_64 RUNEXP_OUT_40, RUNEXP_OUT_8(40), RUNEXP_OUT_8(48), RUNEXP_OUT_8(56)
#define RUNEXP_OUT_88 RUNEXP_OUT_64, RUNEXP_OUT_8(64), RUNEXP_OUT_8(72), RUNEXP_OUT_8(80)
#define RUNEXP_OUT_128                                                                             \
  RUNEXP_OUT_88, RUNEXP_OUT_8(88), RUNEXP_OUT_8(96), RUNEXP_OUT_8(104), RUNEXP_OUT_8(112),         \
      RUNEXP_OUT_8(120)

// `%r` is the number of accumulator registers, `%r0`... the operands after them.
#define RUNEXP_WGMMA_SS(n, r, r0, r1, r2, r3)                                                      \
  asm volatile("{\n"                                                                               \
               ".reg .pred p;\n"                                                                   \
               "setp.ne.b32 p, %" #r2 ", 0;\n"                                                     \
               "wgmma.mma_async.sync.aligned.m64n" #n "k16.f32.bf16.bf16 {" RUNEXP_LIST_##r        \
               "}, %" #r0 ", %" #r1 ", p, 1, 1, 0, %" #r3 ";\n"                                    \
               "}"                                                                                 \
               : RUNEXP_OUT_##r                                                                    \
               : "l"(a), "l"(b), "r"(static_cast<int>(accumulate)), "n"(b_is_n_major ? 1 : 0))
#define RUNEXP_WGMMA_RS(n, r, r0, r1, r2, r3, r4, r5, r6)                                          \
  asm volatile("{\n"                                                                               \
               ".reg .pred p;\n"                                                                   \
               "setp.ne.b32 p, %" #r5 ", 0;\n"                                                     \
               "wgmma.mma_async.sync.aligned.m64n" #n "k16.f32.bf16.bf16 {" RUNEXP_LIST_##r        \
               "}, {%" #r0 ", %" #r1 ", %" #r2 ", %" #r3 "}, %" #r4 ", p, 1, 1, %" #r6 ";\n"       \
               "}"                                                                                 \
               : RUNEXP_OUT_##r                                                                    \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b),                               \
                 "r"(static_cast<int>(accumulate)), "n"(b_is_n_major ? 1 : 0))

/// d = a b, or d += a b where `accumulate` is set, of bf16 a [64, 16] and b [16, n], f32 d [64, n].
/// Warp w of the warpgroup has the rows 16 w to 16 w + 15; within them, with g = lane / 4 and
/// t = lane % 4,
///   d[4 j], d[4 j + 1] = row g, columns 8 j + 2 t and the next
///   d[4 j + 2], d[4 j + 3] = row g + 8, the same columns
/// a and b lie where descriptors say: a K-major, b N-major or K-major.
template <int n, bool b_is_n_major>
__device__ __forceinline__ void wgmma(float (&d)[n / 2], uint64_t a, uint64_t b, bool accumulate) {
  static_assert(n == 64 || n == 80 || n == 128 || n == 176 || n == 256, "add a line below");
  if constexpr (n == 64) RUNEXP_WGMMA_SS(64, 32, 32, 33, 34, 35);
  if constexpr (n == 80) RUNEXP_WGMMA_SS(80, 40, 40, 41, 42, 43);
  if constexpr (n == 128) RUNEXP_WGMMA_SS(128, 64, 64, 65, 66, 67);
  if constexpr (n == 176) RUNEXP_WGMMA_SS(176, 88, 88, 89, 90, 91);
  if constexpr (n == 256) RUNEXP_WGMMA_SS(256, 128, 128, 129, 130, 131);
}

/// The same with a in registers, as mma_m16n8k16_bf16 has it for each warp's rows.
template <int n, bool b_is_n_major>
__device__ __forceinline__ void wgmma(float (&d)[n / 2], const uint32_t (&a)[4], uint64_t b,
                                      bool accumulate) {
  static_assert(n == 64 || n == 80 || n == 128 || n == 176 || n == 256, "add a line below");
  if constexpr (n == 64) RUNEXP_WGMMA_RS(64, 32, 32, 33, 34, 35, 36, 37, 38);
  if constexpr (n == 80) RUNEXP_WGMMA_RS(80, 40, 40, 41, 42, 43, 44, 45, 46);
  if constexpr (n == 128) RUNEXP_WGMMA_RS(128, 64, 64, 65, 66, 67, 68, 69, 70);
  if constexpr (n == 176) RUNEXP_WGMMA_RS(176, 88, 88, 89, 90, 91, 92, 93, 94);
  if constexpr (n == 256) RUNEXP_WGMMA_RS(256, 128, 128, 129, 130, 131, 132, 133, 134);
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

#else
#include "emulation/ptx_hopper.h"
#endif

#endif
