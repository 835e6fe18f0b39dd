/* Packing is seen through a product with the identity: what comes out is the matrix. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static uint16_t to_bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (uint16_t)(bits >> 16);
}

/* Of values that binary16 holds exactly: signed multiples of 1/64 below 16. */
static uint16_t to_half(float value) {
  if (value == 0.0f) {
    return signbit(value) ? 0x8000u : 0;
  }
  int exponent;
  float mantissa = frexpf(fabsf(value), &exponent);
  uint16_t bits = (uint16_t)(((unsigned)(exponent - 1 + 15) << 10) | ((unsigned)ldexpf(mantissa, 11) & 0x3ffu));
  return (uint16_t)(bits | (value < 0 ? 0x8000u : 0));
}

static void check(int64_t columns, int64_t depth, int32_t dtype, int transposed, int scaled, int unaligned) {
  static const int64_t widths[] = {4, 2, 2, 8};
  int64_t width = widths[dtype];
  unsigned char *source = (unsigned char *)new_bytes(columns * depth * width + unaligned) + unaligned;
  float *matrix = new_floats(columns * depth);
  for (int64_t i = 0; i < columns * depth; i++) {
    float value = (float)((int)uniform(-128, 128)) / 64.0f;
    matrix[i] = value;
    int64_t at = transposed ? i % depth * columns + i / depth : i;
    double wide = (double)value;
    uint16_t brain = to_bf16(value);
    uint16_t half = to_half(value);
    const void *const bytes[] = {&value, &brain, &half, &wide};
    memcpy(source + at * width, bytes[dtype], (size_t)width);
  }
  float *scale = random_floats(columns, 1);
  void *packed = new_bytes(panamba_packed_size(columns, depth, PANAMBA_F32));
  panamba_pack_args pack = {
      source, scaled ? scale : 0, packed, columns, depth, transposed ? 1 : depth, transposed ? columns : 1,
      dtype,  PANAMBA_F32};
  CHECK(panamba_pack(&pack, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
  float *identity = new_floats(depth * depth);
  for (int64_t i = 0; i < depth * depth; i++) {
    identity[i] = i % (depth + 1) == 0 ? 1.0f : 0.0f;
  }
  float *out = new_floats(depth * columns);
  panamba_linear_args product = {.input = identity,
                                 .weight = packed,
                                 .out = out,
                                 .rows = depth,
                                 .depth = depth,
                                 .columns = columns,
                                 .input_row_stride = depth,
                                 .out_row_stride = columns};
  run_steps(&(panamba_step){&product, PANAMBA_LINEAR, 0}, 1);
  for (int64_t i = 0; i < columns * depth; i++) {
    float expected = matrix[i] * (scaled ? scale[i / depth] : 1.0f);
    float found = out[i % depth * columns + i / depth];
    CHECK(found == expected, "element %lld of (%lld, %lld), type %d: %g, expected %g", (long long)i, (long long)columns,
          (long long)depth, dtype, (double)found, (double)expected);
  }
  release_buffers();
}

static void check_halves(void) {
  /* Zero, the smallest denormal, the largest denormal, the largest number, infinity, NaN, and a negative. */
  static const uint16_t halves[] = {0x0000, 0x0001, 0x03ff, 0x7bff, 0x7c00, 0x7e00, 0xc000};
  static const float expected[] = {0.0f, 0x1p-24f, 0x1.ff8p-15f, 65504.0f, INFINITY, NAN, -2.0f};
  float *one = new_floats(1);
  one[0] = 1.0f;
  float *out = new_floats(COUNT(halves));
  void *packed = new_bytes(panamba_packed_size(COUNT(halves), 1, PANAMBA_F32));
  panamba_pack_args pack = {halves, 0, packed, COUNT(halves), 1, 1, 1, PANAMBA_F16, PANAMBA_F32};
  CHECK(panamba_pack(&pack, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
  panamba_linear_args product = {.input = one,
                                 .weight = packed,
                                 .out = out,
                                 .rows = 1,
                                 .depth = 1,
                                 .columns = COUNT(halves),
                                 .input_row_stride = 1,
                                 .out_row_stride = COUNT(halves)};
  run_steps(&(panamba_step){&product, PANAMBA_LINEAR, 0}, 1);
  for (int i = 0; i < COUNT(halves); i++) {
    CHECK(out[i] == expected[i] || (isnan(out[i]) && isnan(expected[i])), "half 0x%04x is %g", halves[i],
          (double)out[i]);
  }
  release_buffers();
}

static void test(void) {
  static const int64_t columns[] = {1, 2, 8, 15, 16, 17, 33, 48, 49, 97};
  for (int32_t dtype = PANAMBA_F32; dtype <= PANAMBA_F64; dtype++) {
    for (int i = 0; i < COUNT(columns); i++) {
      check(columns[i], 1 + i * 7, dtype, i & 1, i % 3 == 0, i & 1);
    }
  }
  check_halves();
  CHECK(panamba_packed_size(0, 1, PANAMBA_F32) < 0 && panamba_packed_size(1, -1, PANAMBA_F32) < 0, "empty matrices");
  CHECK(panamba_packed_size(INT64_MAX / 2, INT64_MAX / 2, PANAMBA_F32) < 0, "a size that overflows");
  CHECK(panamba_packed_size(1, 1, PANAMBA_F16) < 0, "a type that weights aren't packed to");
}

int main(void) {
  on_every_tier(test);
  return 0;
}
