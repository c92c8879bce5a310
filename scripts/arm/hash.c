// Holds SHA-256 as a foreign processor computes it to the standard's example of one block, under an
// emulator. Exits with 1 where the digest is another.
#include "sha256.h"

#include <stdio.h>
#include <string.h>

int main(void) {
  // "abc", the bit that ends a message, and its 24 bits counted in the last byte.
  const uint8_t block[64] = {'a', 'b', 'c', 0x80, [63] = 24};
  const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                             0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  const uint32_t digest[8] = {0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
                              0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad};
  uint32_t chosen[8], portable[8];
  memcpy(chosen, start, sizeof start), memcpy(portable, start, sizeof start);
  sha256_compress(chosen, block, 1), sha256_compress_portable(portable, block, 1);
  int fails = memcmp(chosen, digest, sizeof digest) || memcmp(portable, digest, sizeof digest);
  printf("SHA-256: %s\n", fails ? "FAILS, it is not the standard's" : "that of the standard");
  return fails;
}
