/*
 * Packing from every element type, with strides, scales and sources without alignment. The layout belongs to the tier;
 * so a packed matrix is read by a linear layer with unit rows as input, which gives its elements exactly.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

typedef struct {
  int64_t columns;
  int64_t depth;
  int64_t column_stride;
  int64_t depth_stride;
  int32_t source_dtype;
  int32_t dtype;
  int scaled;
  int offset; /* bytes that the source is off its alignment */
} pack_shape;

/* binary16 by its definition: a sign, five bits of exponent, ten of fraction. */
static double value_of_half(uint16_t bits) {
  int exponent = bits >> 10 & 31;
  int fraction = bits & 1023;
  double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == 31) {
    return fraction ? NAN : sign * INFINITY;
  }
  return exponent ? sign * ldexp(1024 + fraction, exponent - 25) : sign * ldexp(fraction, -24);
}

/* Writes a random element at a place of any alignment, and returns it as the float that packing has to find. */
static float write_random(char *place, int32_t dtype) {
  double value = draw_between(-2, 2) * (1 + 0x1p-30 * (double)draw(1000));
  if (dtype == PANAMBA_F64) {
    memcpy(place, &value, 8);
    return (float)value;
  }
  if (dtype == PANAMBA_F32) {
    float single = (float)value;
    memcpy(place, &single, 4);
    return single;
  }
  /* Any sign and fraction, and an exponent that is neither zero's nor infinity's. */
  int64_t number =
      draw(2) << 15 | (dtype == PANAMBA_F16 ? (1 + draw(30)) << 10 | draw(1024) : (100 + draw(50)) << 7 | draw(128));
  uint16_t bits = (uint16_t)(number & 0xffff);
  memcpy(place, &bits, 2);
  return (float)(dtype == PANAMBA_F16 ? value_of_half(bits) : value_of_bfloat(bits));
}

/* Reads a packed matrix back: row k of the result is column k of the matrix. */
static float *read_packed(const void *packed, int32_t dtype, int64_t columns, int64_t depth) {
  void *unit = take_filled_of(dtype, depth * depth, 0, 0);
  for (int64_t k = 0; k < depth; k++) {
    set_element(unit, dtype, k * depth + k, 1);
  }
  float *out = take_output(depth * columns);
  panamba_linear_args args = {.input = unit,
                              .weight = packed,
                              .out = out,
                              .rows = depth,
                              .depth = depth,
                              .columns = columns,
                              .input_row_stride = depth,
                              .out_row_stride = columns,
                              .dtype = dtype};
  run_once(PANAMBA_LINEAR, &args);
  return out;
}

/*
 * Every byte is written, and what pads the columns and, in bfloat16, an odd depth is zero: there are as many zeros as
 * padding has elements, since no element of these matrices is zero.
 */
static void check_padding(const panamba_pack_args *args, int64_t bytes) {
  int64_t elements = bytes / bytes_of(args->dtype);
  int64_t zeros = 0;
  for (int64_t i = 0; i < elements; i++) {
    zeros += element(args->packed, args->dtype, i) == 0;
  }
  CHECK(zeros == elements - args->columns * args->depth, "%d of %d elements are zero", (int)zeros, (int)elements);
}

static void pack_case(pack_shape s, placement where) {
  describe("pack columns %d depth %d strides %d and %d dtypes %d and %d scaled %d, %d bytes off, placed %d",
           (int)s.columns, (int)s.depth, (int)s.column_stride, (int)s.depth_stride, s.source_dtype, s.dtype, s.scaled,
           s.offset, where);
  begin_case(where, 0);
  int64_t size = bytes_of(s.source_dtype);
  int64_t elements = (s.columns - 1) * s.column_stride + (s.depth - 1) * s.depth_stride + 1;
  char *source = (char *)take_bytes(elements * size + s.offset) + s.offset;
  float *wanted = take_input(s.columns * s.depth);
  for (int64_t n = 0; n < s.columns; n++) {
    for (int64_t k = 0; k < s.depth; k++) {
      int64_t place = n * s.column_stride + k * s.depth_stride;
      wanted[n * s.depth + k] = write_random(source + place * size, s.source_dtype);
    }
  }
  int64_t bytes = panamba_packed_size(s.columns, s.depth, s.dtype);
  panamba_pack_args args = {.source = source,
                            .row_scale = s.scaled ? take_filled(s.columns, -3, 3) : 0,
                            .packed = take_bytes(bytes),
                            .columns = s.columns,
                            .depth = s.depth,
                            .column_stride = s.column_stride,
                            .depth_stride = s.depth_stride,
                            .source_dtype = s.source_dtype,
                            .dtype = s.dtype};
  CHECK(bytes >= s.columns * s.depth * bytes_of(s.dtype), "%lld bytes are too few", (long long)bytes);
  CHECK(panamba_pack(&args, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
  check_padding(&args, bytes);
  const void *packed = args.packed;
  args.packed = take_output_of(s.dtype, bytes / bytes_of(s.dtype));
  run_operation(PANAMBA_PACK, &args);
  check_same_elements("packed by an operation", s.dtype, args.packed, packed, bytes / bytes_of(s.dtype));
  const float *got = read_packed(args.packed, s.dtype, s.columns, s.depth);
  for (int64_t n = 0; n < s.columns; n++) {
    for (int64_t k = 0; k < s.depth; k++) {
      float scale = s.scaled ? args.row_scale[n] : 1;
      double value = (double)got[k * s.columns + n];
      double want = rounded(s.dtype, scale * wanted[n * s.depth + k]);
      CHECK(value == want, "element (%d, %d) is %a, not %a", (int)n, (int)k, value, want);
    }
  }
  end_case();
}

static void sweep_shapes(void) {
  static const int64_t columns[] = {1, 7, 8, 9, 15, 16, 17, 31, 33, 47, 48, 49, 96, 97};
  static const int64_t depths[] = {1, 2, 3, 17, 63, 64, 65, 130};
  static const int64_t gaps[] = {0, 1, 5};
  for (size_t c = 0; c < COUNT(columns); c++) {
    for (size_t d = 0; d < COUNT(depths); d += THIN(1, 2)) {
      for (int32_t types = 0; types < 8; types++) {
        pack_shape s = {.columns = columns[c],
                        .depth = depths[d],
                        .column_stride = depths[d] + PICK(gaps),
                        .depth_stride = 1,
                        .source_dtype = types / 2,
                        .dtype = types % 2 ? PANAMBA_BF16 : PANAMBA_F32,
                        .scaled = draw(2) == 0,
                        .offset = draw(2) ? 1 : 0};
        if (draw(3) == 0) { /* a transposed view */
          s.column_stride = 1;
          s.depth_stride = columns[c] + PICK(gaps);
        }
        pack_case(s, (placement)draw(3));
      }
    }
  }
}

/* One vector repeated, as PyTorch's expand() makes it. */
static void strides_may_be_zero(void) {
  describe("pack with strides of zero");
  begin_case(BEFORE_GUARD, 0);
  float *source = take_filled(5, -1, 1);
  panamba_pack_args args = {.source = source,
                            .packed = take_bytes(panamba_packed_size(20, 5, PANAMBA_F32)),
                            .columns = 20,
                            .depth = 5,
                            .column_stride = 0,
                            .depth_stride = 1};
  CHECK(panamba_pack(&args, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
  const float *got = read_packed(args.packed, PANAMBA_F32, 20, 5);
  for (int i = 0; i < 100; i++) {
    CHECK(got[i] == source[i / 20], "element %d is %g, not %g", i, (double)got[i], (double)source[i / 20]);
  }
  end_case();
}

/* Each of the 65536 numbers of a half-width type, subnormals, infinities and NaN among them. */
static void every_number(int32_t dtype, double (*value_of)(uint16_t)) {
  const int64_t count = 65536;
  describe("pack every number of dtype %d", dtype);
  begin_case(IN_SENTINELS, 0);
  uint16_t *source = take_bytes(count * 2);
  for (int64_t i = 0; i < count; i++) {
    source[i] = (uint16_t)i;
  }
  panamba_pack_args args = {.source = source,
                            .packed = take_bytes(panamba_packed_size(count, 1, PANAMBA_F32)),
                            .columns = count,
                            .depth = 1,
                            .column_stride = 1,
                            .depth_stride = 1,
                            .source_dtype = dtype,
                            .dtype = PANAMBA_F32};
  CHECK(panamba_pack(&args, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
  const float *got = read_packed(args.packed, PANAMBA_F32, count, 1);
  for (int64_t i = 0; i < count; i++) {
    double value = got[i];
    double wanted = value_of((uint16_t)i);
    if (fabs(wanted) < 0x1p-126) {
      wanted = 0; /* what float32 holds as a denormal counts as zero */
    }
    CHECK(isnan(wanted) ? isnan(value) : value == wanted, "%#x is %a, not %a", (unsigned)i, value, wanted);
  }
  end_case();
}

/*
 * bfloat16 numbers and float32 numbers beside them and beside the middle to the next, where rounding turns, of every
 * sign and exponent: beyond the largest number is infinity, and NaN stays NaN.
 */
static void every_rounding(void) {
  static const uint32_t rests[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
  const int64_t count = 65536;
  begin_case(IN_SENTINELS, 0);
  uint32_t *source = take_bytes(count * 4);
  const float *values = (const float *)source;
  panamba_pack_args args = {.source = source,
                            .packed = take_bytes(panamba_packed_size(count, 1, PANAMBA_BF16)),
                            .columns = count,
                            .depth = 1,
                            .column_stride = 1,
                            .depth_stride = 1,
                            .source_dtype = PANAMBA_F32,
                            .dtype = PANAMBA_BF16};
  for (size_t r = 0; r < COUNT(rests); r++) {
    describe("pack every number of bfloat16 followed by %#x", rests[r]);
    for (uint32_t i = 0; i < count; i++) {
      source[i] = i << 16 | rests[r];
    }
    CHECK(panamba_pack(&args, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
    const float *got = read_packed(args.packed, PANAMBA_BF16, count, 1);
    for (int64_t i = 0; i < count; i++) {
      double value = (double)got[i];
      double wanted = rounded(PANAMBA_BF16, values[i]);
      if (fabs(wanted) < 0x1p-126) {
        wanted = 0; /* a denormal counts as zero */
      }
      CHECK(isnan(wanted) ? isnan(value) : value == wanted, "%a is %a, not %a", (double)values[i], value, wanted);
    }
  }
  end_case();
}

static void sizes_are_those_of_whole_vectors(void) {
  static const int64_t far = (int64_t)1 << 62;
  describe("packed sizes");
  int64_t before = 0;
  for (int64_t columns = 1; columns < 200; columns++) {
    int64_t size = panamba_packed_size(columns, 3, PANAMBA_F32);
    CHECK(size >= columns * 12 && size < (columns + 16) * 12 && size >= before, "%d columns are %lld bytes",
          (int)columns, (long long)size);
    before = size;
    for (int64_t depth = 1; depth < 6; depth++) {
      int64_t half = panamba_packed_size(columns, depth, PANAMBA_BF16);
      int64_t even = depth + depth % 2;
      CHECK(2 * half == panamba_packed_size(columns, even, PANAMBA_F32), "%d by %d columns are %lld bytes in bfloat16",
            (int)columns, (int)depth, (long long)half);
    }
  }
  CHECK(panamba_packed_size(0, 1, PANAMBA_F32) == -1, "0 columns have a size");
  CHECK(panamba_packed_size(1, 0, PANAMBA_F32) == -1, "0 rows have a size");
  CHECK(panamba_packed_size(-1, 1, PANAMBA_F32) == -1, "-1 columns have a size");
  CHECK(panamba_packed_size(1, -5, PANAMBA_F32) == -1, "-5 rows have a size");
  CHECK(panamba_packed_size(far, 1, PANAMBA_F32) == -1, "2^62 columns have a size");
  CHECK(panamba_packed_size(1, far, PANAMBA_F32) == -1, "2^62 rows have a size");
  CHECK(panamba_packed_size((int64_t)1 << 32, (int64_t)1 << 32, PANAMBA_F32) == -1, "2^64 elements have a size");
  CHECK(panamba_packed_size(INT64_MAX, INT64_MAX, PANAMBA_F32) == -1, "the largest sizes have a size");
  CHECK(panamba_packed_size(1, INT64_MAX - 1, PANAMBA_BF16) == -1, "2^63 rows in bfloat16 have a size");
  CHECK(panamba_packed_size(1, INT64_MAX, PANAMBA_BF16) == -1, "an odd 2^63 rows in bfloat16 have a size");
  for (int32_t dtype = -1; dtype < 6; dtype++) {
    CHECK(dtype == PANAMBA_F32 || dtype == PANAMBA_BF16 || panamba_packed_size(1, 1, dtype) == -1,
          "dtype %d has a size", dtype);
  }
}

static void pack_refused(const char *what, const panamba_pack_args *args) {
  CHECK(panamba_pack(args, 0, 0, 0) == PANAMBA_INVALID_ARGUMENT, "%s is not refused", what);
  CHECK(strstr(panamba_message(), "pack"), "%s: the message is '%s'", what, panamba_message());
}

#define PACK_ALONE(change)           \
  do {                               \
    panamba_pack_args changed = a;   \
    changed.change;                  \
    pack_refused(#change, &changed); \
  } while (0)

static void function_refusals(void) {
  begin_refusals("pack");
  panamba_pack_args a = {.source = take_filled(6, -1, 1),
                         .packed = take_bytes(panamba_packed_size(2, 3, PANAMBA_F32)),
                         .columns = 2,
                         .depth = 3,
                         .column_stride = 3,
                         .depth_stride = 1};
  CHECK(panamba_pack(&a, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
  pack_refused("nothing", 0);
  PACK_ALONE(source = 0);
  PACK_ALONE(packed = 0);
  PACK_ALONE(columns = 0);
  PACK_ALONE(columns = -2);
  PACK_ALONE(columns = INT64_MAX);
  PACK_ALONE(depth = 0);
  PACK_ALONE(depth = INT64_MIN);
  PACK_ALONE(depth = INT64_MAX);
  PACK_ALONE(source_dtype = -1);
  PACK_ALONE(source_dtype = 4);
  PACK_ALONE(dtype = PANAMBA_F16);
  PACK_ALONE(dtype = PANAMBA_F64);
  PACK_ALONE(dtype = -1);
  end_case();
}

#define PACK(change) REFUSED(panamba_pack_args, PANAMBA_PACK, a, change)

static void refusals(void) {
  begin_refusals("pack");
  panamba_pack_args a = {.source = take_filled(6, -1, 1),
                         .packed = take_output(panamba_packed_size(2, 3, PANAMBA_F32) / 4),
                         .columns = 2,
                         .depth = 3,
                         .column_stride = 3,
                         .depth_stride = 1};
  run_operation(PANAMBA_PACK, &a);
  PACK(source = 0);
  PACK(packed = 0);
  PACK(columns = 0);
  PACK(columns = INT64_MAX);
  PACK(depth = 0);
  PACK(depth = INT64_MAX);
  PACK(source_dtype = 4);
  PACK(dtype = PANAMBA_F16);
  end_case();
}

static void test(void) {
  seed(2);
  sweep_shapes();
  strides_may_be_zero();
  every_number(PANAMBA_F16, value_of_half);
  every_number(PANAMBA_BF16, value_of_bfloat);
  every_rounding();
  sizes_are_those_of_whole_vectors();
  on_processor(function_refusals);
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
