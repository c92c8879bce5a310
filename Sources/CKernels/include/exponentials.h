// Weights of a softmax on the host, as who draws a token wants them. No part of the table: logits
// have been fetched by then, wherever they were computed.
#ifndef RUNEXP_EXPONENTIALS_H
#define RUNEXP_EXPONENTIALS_H

#include <stddef.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/// out[i] = 2^((x[i] - largest) * scale), within 2e-11 of it; 2^-1000 instead of what is less. No
/// x[i] may be above `largest`, or be no number.
/// Returns the sum of all.
double runexp_exponentials(double *out, const float *x, size_t count, double largest, double scale);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
