// The compression function of SHA-256 (FIPS 180-4, section 6.2.2), by the processor's own instructions where it has them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Takes `count` blocks of 64 bytes into the eight words of `state`.
void sha256_compress(uint32_t *state, const uint8_t *blocks, size_t count);

// The same in plain C, on any processor.
void sha256_compress_portable(uint32_t *state, const uint8_t *blocks, size_t count);

// Whether `sha256_compress` uses instructions made for it.
bool sha256_is_accelerated(void);
