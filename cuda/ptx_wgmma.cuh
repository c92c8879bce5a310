// Products of a warpgroup on Hopper (PTX ISA 9.0, section 9.7.15): what ptx_hopper.cuh includes for
// a GPU.
#ifndef RUNEXP_PTX_WGMMA_CUH
#define RUNEXP_PTX_WGMMA_CUH

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

// `r` is the number of accumulator registers, `r0`... are the operands after them.
#define RUNEXP_WGMMA_SS(n, r, r0, r1, r2, r3, r4)                                                  \
  asm volatile("{\n"                                                                               \
               ".reg .pred p;\n"                                                                   \
               "setp.ne.b32 p, %" #r2 ", 0;\n"                                                     \
               "wgmma.mma_async.sync.aligned.m64n" #n "k16.f32.bf16.bf16 {" RUNEXP_LIST_##r        \
               "}, %" #r0 ", %" #r1 ", p, 1, 1, %" #r3 ", %" #r4 ";\n"                             \
               "}"                                                                                 \
               : RUNEXP_OUT_##r                                                                    \
               : "l"(a), "l"(b), "r"(static_cast<int>(accumulate)), "n"(a_is_m_major ? 1 : 0),     \
                 "n"(b_is_n_major ? 1 : 0))
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
/// a and b lie where descriptors say: a M-major or K-major, b N-major or K-major.
template <int n, bool b_is_n_major, bool a_is_m_major = false>
__device__ __forceinline__ void wgmma(float (&d)[n / 2], uint64_t a, uint64_t b, bool accumulate) {
  static_assert(n == 64 || n == 80 || n == 128 || n == 176 || n == 256, "add a line below");
  if constexpr (n == 64) RUNEXP_WGMMA_SS(64, 32, 32, 33, 34, 35, 36);
  if constexpr (n == 80) RUNEXP_WGMMA_SS(80, 40, 40, 41, 42, 43, 44);
  if constexpr (n == 128) RUNEXP_WGMMA_SS(128, 64, 64, 65, 66, 67, 68);
  if constexpr (n == 176) RUNEXP_WGMMA_SS(176, 88, 88, 89, 90, 91, 92);
  if constexpr (n == 256) RUNEXP_WGMMA_SS(256, 128, 128, 129, 130, 131, 132);
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

// The same of 8-bit numbers: k is 32, and both operands are K-major.
#define RUNEXP_WGMMA_E4M3_SS(n, r, r0, r1, r2)                                                     \
  asm volatile("{\n"                                                                               \
               ".reg .pred p;\n"                                                                   \
               "setp.ne.b32 p, %" #r2 ", 0;\n"                                                     \
               "wgmma.mma_async.sync.aligned.m64n" #n "k32.f32.e4m3.e4m3 {" RUNEXP_LIST_##r        \
               "}, %" #r0 ", %" #r1 ", p, 1, 1;\n"                                                 \
               "}"                                                                                 \
               : RUNEXP_OUT_##r                                                                    \
               : "l"(a), "l"(b), "r"(static_cast<int>(accumulate)))
#define RUNEXP_WGMMA_E4M3_RS(n, r, r0, r1, r2, r3, r4, r5)                                         \
  asm volatile("{\n"                                                                               \
               ".reg .pred p;\n"                                                                   \
               "setp.ne.b32 p, %" #r5 ", 0;\n"                                                     \
               "wgmma.mma_async.sync.aligned.m64n" #n "k32.f32.e4m3.e4m3 {" RUNEXP_LIST_##r        \
               "}, {%" #r0 ", %" #r1 ", %" #r2 ", %" #r3 "}, %" #r4 ", p, 1, 1;\n"                 \
               "}"                                                                                 \
               : RUNEXP_OUT_##r                                                                    \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b),                               \
                 "r"(static_cast<int>(accumulate)))

/// d = a b, or d += a b where `accumulate` is set, of e4m3 a [64, 32] and b [32, n], f32 d as for
/// bf16.
template <int n>
__device__ __forceinline__ void wgmma_e4m3(float (&d)[n / 2], uint64_t a, uint64_t b,
                                           bool accumulate) {
  static_assert(n == 64 || n == 128 || n == 256, "add a line below");
  if constexpr (n == 64) RUNEXP_WGMMA_E4M3_SS(64, 32, 32, 33, 34);
  if constexpr (n == 128) RUNEXP_WGMMA_E4M3_SS(128, 64, 64, 65, 66);
  if constexpr (n == 256) RUNEXP_WGMMA_E4M3_SS(256, 128, 128, 129, 130);
}

/// The same with a in registers. Within a warp's 16 rows, with g = lane / 4 and t = lane % 4,
///   a[0] = row g, columns 4 t to 4 t + 3, the first in the lowest byte    a[1] = row g + 8
///   a[2], a[3] = the same rows, columns 16 further
template <int n>
__device__ __forceinline__ void wgmma_e4m3(float (&d)[n / 2], const uint32_t (&a)[4], uint64_t b,
                                           bool accumulate) {
  static_assert(n == 64 || n == 128 || n == 256, "add a line below");
  if constexpr (n == 64) RUNEXP_WGMMA_E4M3_RS(64, 32, 32, 33, 34, 35, 36, 37);
  if constexpr (n == 128) RUNEXP_WGMMA_E4M3_RS(128, 64, 64, 65, 66, 67, 68, 69);
  if constexpr (n == 256) RUNEXP_WGMMA_E4M3_RS(256, 128, 128, 129, 130, 131, 132, 133);
}

#endif
