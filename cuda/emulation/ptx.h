// What the instructions of ptx.cuh do, on the host. Their functions' contracts are there.
#ifndef RUNEXP_EMULATION_PTX_H
#define RUNEXP_EMULATION_PTX_H

#include "builtins.h"

inline unsigned char *shared_memory() { return emulation::shared_memory; }

inline uint32_t shared_address(const void *pointer) {
  ptrdiff_t offset = static_cast<const unsigned char *>(pointer) - emulation::shared_memory;
  if (offset < 0 || size_t(offset) > emulation::shared_bytes)
    emulation::fault("a pointer that does not lead to shared memory is taken for one that does");
  return uint32_t(offset);
}

namespace emulation {

// Of cp.async: nothing lands before it is waited for, and until then what was there is gone.

inline void cp_async(uint32_t to, const void *from, int bytes, bool valid, const char *name) {
  memset(shared_at(to, size_t(bytes), size_t(bytes), name), 0xff, size_t(bytes));
  if (valid && reinterpret_cast<uintptr_t>(from) % uintptr_t(bytes) != 0)
    fault("%s: the global address is no multiple of %d", name, bytes);
  self->copies.push_back({to, from, bytes, valid ? bytes : 0, self->copy_group});
}

inline void land(int64_t groups) {
  auto &copies = self->copies;
  size_t kept = 0;
  for (const AsyncCopy &copy : copies) {
    if (copy.group >= groups) {
      copies[kept++] = copy;
      continue;
    }
    memset(shared_memory + copy.to, 0, size_t(copy.bytes));
    memcpy(shared_memory + copy.to, copy.from, size_t(copy.valid));
  }
  copies.resize(kept);
}

struct MatrixRows {
  uint32_t row;
  uint32_t *registers;
};

/// Rows of 16 bytes of `matrices` matrices, handed out to the lanes.
template <int matrices, bool transposed> void load_matrices(void *const *lanes) {
  for (int m = 0; m < matrices; m++) {
    uint16_t matrix[8][8];
    for (int row = 0; row < 8; row++) {
      uint32_t address = static_cast<MatrixRows *>(lanes[8 * m + row])->row;
      memcpy(matrix[row], shared_at(address, 16, 16, "ldmatrix"), 16);
    }
    for (int lane = 0; lane < 32; lane++) {
      int i = lane / 4, j = lane % 4 * 2;
      uint32_t low = transposed ? matrix[j][i] : matrix[i][j];
      uint32_t high = transposed ? matrix[j + 1][i] : matrix[i][j + 1];
      static_cast<MatrixRows *>(lanes[lane])->registers[m] = low | high << 16;
    }
  }
}

template <int matrices, bool transposed> void ldmatrix(uint32_t *registers, uint32_t row) {
  MatrixRows mine = {row, registers};
  const char *name = transposed ? "ldmatrix.trans" : "ldmatrix";
  warp(~0u, &mine, load_matrices<matrices, transposed>, {name, nullptr, 0});
}

inline float low_bf16(uint32_t pair) { return __uint_as_float(pair << 16); }
inline float high_bf16(uint32_t pair) { return __uint_as_float(pair & 0xffff0000); }

struct Fragments {
  float *c;
  const uint32_t *a, *b;
};

inline void multiply_m16n8k16(void *const *lanes) {
  float a[16][16], b[16][8];
  for (int lane = 0; lane < 32; lane++) {
    const Fragments &mine = *static_cast<Fragments *>(lanes[lane]);
    int g = lane / 4, t = lane % 4 * 2;
    for (int part = 0; part < 4; part++) {
      int row = g + part % 2 * 8, column = t + part / 2 * 8;
      a[row][column] = low_bf16(mine.a[part]);
      a[row][column + 1] = high_bf16(mine.a[part]);
    }
    for (int part = 0; part < 2; part++) {
      b[t + part * 8][g] = low_bf16(mine.b[part]);
      b[t + part * 8 + 1][g] = high_bf16(mine.b[part]);
    }
  }
  float c[16][8] = {};
  for (int i = 0; i < 16; i++)
    for (int k = 0; k < 16; k++)
      for (int j = 0; j < 8; j++) c[i][j] += a[i][k] * b[k][j];
  for (int lane = 0; lane < 32; lane++) {
    float *mine = static_cast<Fragments *>(lanes[lane])->c;
    int g = lane / 4, t = lane % 4 * 2;
    for (int part = 0; part < 4; part++) mine[part] += c[g + part / 2 * 8][t + part % 2];
  }
}

/// Rounds to the nearest bf16, to the even one where two are equally near.
inline uint16_t to_bf16(float value) {
  if (value != value) return 0x7fff;
  uint32_t bits = __float_as_uint(value);
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

} // namespace emulation

inline void cp_async_cg_16(uint32_t to, const void *from, bool valid = true) {
  emulation::cp_async(to, from, 16, valid, "cp.async.cg");
}

template <int bytes> void cp_async_ca(uint32_t to, const void *from, bool valid = true) {
  static_assert(bytes == 4 || bytes == 8, "for 16 there is cp_async_cg_16");
  emulation::cp_async(to, from, bytes, valid, "cp.async.ca");
}

inline void cp_async_commit_group() { emulation::self->copy_group++; }

template <int pending> void cp_async_wait_group() {
  emulation::land(emulation::self->copy_group - pending);
}

inline void ldmatrix_x4(uint32_t (&r)[4], uint32_t row) { emulation::ldmatrix<4, false>(r, row); }
inline void ldmatrix_x4_trans(uint32_t (&r)[4], uint32_t row) {
  emulation::ldmatrix<4, true>(r, row);
}
inline void ldmatrix_x2(uint32_t (&r)[2], uint32_t row) { emulation::ldmatrix<2, false>(r, row); }
inline void ldmatrix_x2_trans(uint32_t (&r)[2], uint32_t row) {
  emulation::ldmatrix<2, true>(r, row);
}

inline void mma_m16n8k16_bf16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  emulation::Fragments mine = {c, a, b};
  emulation::warp(~0u, &mine, emulation::multiply_m16n8k16, {"mma.m16n8k16", nullptr, 0});
}

inline void bar_sync(int barrier, int threads) {
  emulation::barrier(barrier, unsigned(threads), true, {"bar.sync", nullptr, 0});
}

inline void bar_arrive(int barrier, int threads) {
  emulation::barrier(barrier, unsigned(threads), false, {"bar.arrive", nullptr, 0});
}

template <typename T> void computed_here(T &) {}

inline uint16_t cvt_rn_bf16(float value) { return emulation::to_bf16(value); }

inline uint32_t cvt_rn_bf16x2(float low, float high) {
  return uint32_t(emulation::to_bf16(high)) << 16 | emulation::to_bf16(low);
}

inline float cvt_f32_f16(uint16_t half) {
  int exponent = half >> 10 & 31, fraction = half & 1023;
  float size = exponent == 0    ? ldexpf(float(fraction), -24)
               : exponent == 31 ? (fraction ? NAN : INFINITY)
                                : ldexpf(float(1024 + fraction), exponent - 25);
  return half >> 15 ? -size : size;
}

inline float ex2_approx(float x) { return exp2f(x); }
inline float ex2_approx_ftz(float x) { return x < -126 ? 0 : exp2f(x); }
inline float lg2_approx(float x) { return log2f(x); }

#endif
