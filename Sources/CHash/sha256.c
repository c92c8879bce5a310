// SHA-256's compression function in plain C, and with the SHA extensions of x86-64, which are looked for when it is called.

#include "sha256.h"

// K0 to K63, section 4.2.2: the fraction bits of the cube roots of the first 64 primes.
static const uint32_t k[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate(uint32_t x, int bits) { return x >> bits | x << (32 - bits); }

static void compress_block(uint32_t *state, const uint8_t *block) {
  uint32_t w[64];
  for (int t = 0; t < 16; t++) {
    const uint8_t *b = block + 4 * t;
    w[t] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
  }
  for (int t = 16; t < 64; t++) {
    uint32_t x = w[t - 15], y = w[t - 2];
    uint32_t small0 = rotate(x, 7) ^ rotate(x, 18) ^ x >> 3;
    uint32_t small1 = rotate(y, 17) ^ rotate(y, 19) ^ y >> 10;
    w[t] = small1 + w[t - 7] + small0 + w[t - 16];
  }
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
  for (int t = 0; t < 64; t++) {
    uint32_t big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    uint32_t first = h + big1 + ((e & f) ^ (~e & g)) + k[t] + w[t];
    uint32_t big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
    h = g, g = f, f = e, e = d + first;
    d = c, c = b, b = a, a = first + big0 + majority;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void sha256_compress_portable(uint32_t *state, const uint8_t *blocks, size_t count) {
  for (size_t i = 0; i < count; i++) compress_block(state, blocks + 64 * i);
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

bool sha256_is_accelerated(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

// The instructions keep a, b, e, f in one register and c, d, g, h in another, the first of each in the highest lane, and do
// two rounds at a time (Intel, "Intel SHA Extensions", 2013).
__attribute__((target("sha,ssse3,sse4.1"))) static void compress_accelerated(uint32_t *state,
                                                                             const uint8_t *blocks,
                                                                             size_t count) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i abef = _mm_set_epi32((int)state[0], (int)state[1], (int)state[4], (int)state[5]);
  __m128i cdgh = _mm_set_epi32((int)state[2], (int)state[3], (int)state[6], (int)state[7]);
  for (size_t i = 0; i < count; i++) {
    const __m128i old_abef = abef, old_cdgh = cdgh;
    // The words of four rounds, and those of the twelve after them.
    __m128i w[4];
    for (int t = 0; t < 4; t++) {
      __m128i bytes = _mm_loadu_si128((const __m128i *)(blocks + 64 * i) + t);
      w[t] = _mm_shuffle_epi8(bytes, big_endian);
    }
#pragma clang loop unroll(full)
    for (int t = 0; t < 16; t++) {
      __m128i sum = _mm_add_epi32(w[t % 4], _mm_load_si128((const __m128i *)k + t));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      if (t < 12) {
        __m128i last = w[(t + 3) % 4];
        __m128i seven_before = _mm_alignr_epi8(last, w[(t + 2) % 4], 4);
        __m128i partial = _mm_sha256msg1_epu32(w[t % 4], w[(t + 1) % 4]);
        w[t % 4] = _mm_sha256msg2_epu32(_mm_add_epi32(partial, seven_before), last);
      }
    }
    abef = _mm_add_epi32(abef, old_abef);
    cdgh = _mm_add_epi32(cdgh, old_cdgh);
  }
  uint32_t first[4], second[4];
  _mm_storeu_si128((__m128i *)first, abef);
  _mm_storeu_si128((__m128i *)second, cdgh);
  state[0] = first[3], state[1] = first[2], state[4] = first[1], state[5] = first[0];
  state[2] = second[3], state[3] = second[2], state[6] = second[1], state[7] = second[0];
}

void sha256_compress(uint32_t *state, const uint8_t *blocks, size_t count) {
  // CPUID takes long in a virtual machine: once is enough.
  static int known; // 0: not yet; 1: no; 2: yes
  int found = __atomic_load_n(&known, __ATOMIC_RELAXED);
  if (found == 0) {
    found = sha256_is_accelerated() ? 2 : 1;
    __atomic_store_n(&known, found, __ATOMIC_RELAXED);
  }
  if (found == 2)
    compress_accelerated(state, blocks, count);
  else
    sha256_compress_portable(state, blocks, count);
}
#else
bool sha256_is_accelerated(void) { return false; }

void sha256_compress(uint32_t *state, const uint8_t *blocks, size_t count) {
  sha256_compress_portable(state, blocks, count);
}
#endif
