// Filling a cache of keys or of values: each token's row is put where the layout says, as f32, bf16
// or Q8.
#include "attention.h"

/// Rounds to the nearest half, ties to even; beyond its range to the largest finite one.
static uint16_t to_f16(double value) {
  if (isnan(value)) return 0x7e00;
  uint16_t sign = signbit(value) ? 0x8000 : 0;
  double size = fabs(value);
  if (size >= 65504) return sign | 0x7bff;
  int exponent = -99;                   // of 0, to which frexp gives 0
  if (size > 0) frexp(size, &exponent); // size = m 2^exponent with m in [1/2, 1)
  int unit = exponent - 11 > -24 ? exponent - 11 : -24;
  int64_t steps = llrint(ldexp(size, -unit)); // to even, as the rounding mode says
  // Subnormals have the exponent bits 0; a carry into the next exponent comes out right by itself.
  return sign | (uint16_t)(unit == -24 ? steps : ((unit + 25) << 10) + (steps - 1024));
}

static void append_q8(int8_t *row, uint16_t *scales, const void *x, int64_t at, int64_t head_dim,
                      element_type type) {
  for (int64_t first = 0; first < head_dim; first += Q8_BLOCK) {
    int64_t n = head_dim - first < Q8_BLOCK ? head_dim - first : Q8_BLOCK;
    double largest = 0;
    bool is_number = true;
    for (int64_t c = first; c < first + n; c++) {
      double value = load(x, at + c, type);
      if (isnan(value)) is_number = false;
      largest = fmax(largest, fabs(value));
    }
    uint16_t scale = is_number ? to_f16(largest / 127) : 0x7e00;
    // Numbers are chosen for the scale as it is kept, so that its rounding costs nothing more.
    double step = from_f16(scale);
    scales[first / Q8_BLOCK] = scale;
    for (int64_t c = first; c < first + n; c++) {
      double steps = step > 0 ? load(x, at + c, type) / step : 0;
      row[c] = (int8_t)llrint(steps > 127 ? 127 : steps < -127 ? -127 : steps);
    }
  }
}

void runexp_reference_cache_append(struct kernel_context *context,
                                   const struct cache_append *call) {
  for (int64_t n = 0; n < call->batch * call->tokens * call->kv_heads; n++) {
    int64_t sequence = n / call->kv_heads / call->tokens, token = n / call->kv_heads % call->tokens;
    int64_t row = key_row(&call->layout, sequence, n % call->kv_heads, token),
            at = row * call->head_dim;
    if (call->layout.type == ROWS_Q8) {
      append_q8((int8_t *)call->rows + at, call->scales + row * runexp_q8_blocks(call->head_dim),
                call->x, n * call->head_dim, call->head_dim, call->type);
      continue;
    }
    element_type kept = call->layout.type == ROWS_F32 ? ELEMENT_F32 : ELEMENT_BF16;
    for (int64_t c = 0; c < call->head_dim; c++)
      store(call->rows, at + c, load(call->x, n * call->head_dim + c, call->type), kept);
  }
}
