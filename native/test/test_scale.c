/* Rows scaled by channel and by image, against double precision. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* Two products, each rounded once. */
#define SCALE_BOUND 0x1p-23

/* A product is zero where it is no normal number, and so is the one before it. */
#define PRODUCT_FLOOR 0x1p-124

static void check_scaled(const panamba_scale_args *a, const float *x, int64_t row, int64_t i) {
  double channel = a->channel_scale ? (double)a->channel_scale[i] : 1;
  double image = a->image_scale ? (double)a->image_scale[row / a->length] : 1;
  double wanted = channel * image * (double)x[row * a->x_row_stride + i];
  int64_t place = row * a->out_row_stride + i;
  check_close("out", place, (double)a->out[place], wanted, SCALE_BOUND * fabs(wanted) + PRODUCT_FLOOR);
}

static void scale_case(int64_t length, int64_t channels, placement where, int misalignment) {
  begin_case(where, misalignment);
  panamba_scale_args a = {
      .batch = 1 + draw(4), .length = length, .channels = channels, .x_row_stride = channels + draw(3)};
  int in_place = draw(2) == 0;
  int which = 1 + (int)draw(3);
  a.out_row_stride = in_place ? a.x_row_stride : channels + draw(3);
  describe("scale of (%d, %d, %d) by %d in place %d, placed %d misaligned %d", (int)a.batch, (int)length, (int)channels,
           which, in_place, where, misalignment);
  int64_t rows = a.batch * length;
  a.channel_scale = which & 1 ? take_filled(channels, -2, 2) : 0;
  a.image_scale = which & 2 ? take_filled(a.batch, 0, 2) : 0;
  a.out = take_output((rows - 1) * a.out_row_stride + channels);
  a.x = in_place ? a.out : take_rows(rows, channels, a.x_row_stride, -2, 2);
  for (int64_t row = 0; in_place && row < rows; row++) {
    fill(a.out + row * a.out_row_stride, channels, -2, 2);
  }
  run_operation(PANAMBA_SCALE, &a);
  const float *x = in_place ? before_run(a.out) : a.x;
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t i = 0; i < channels; i++) {
      check_scaled(&a, x, row, i);
    }
  }
  check_gaps("the gap between rows of out", a.out, PANAMBA_F32, rows, channels, a.out_row_stride);
  end_case();
}

#define SCALE(change) REFUSED(panamba_scale_args, PANAMBA_SCALE, a, change)
#define SCALE_SIZE(field) REFUSED_SIZE(panamba_scale_args, PANAMBA_SCALE, a, field)

static void refusals(void) {
  begin_refusals("scale");
  panamba_scale_args a = {.x = take_filled(12, -1, 1),
                          .channel_scale = take_filled(3, -1, 1),
                          .out = take_output(12),
                          .batch = 2,
                          .length = 2,
                          .channels = 3,
                          .x_row_stride = 3,
                          .out_row_stride = 3};
  run_operation(PANAMBA_SCALE, &a);
  SCALE(channel_scale = 0);
  a.image_scale = take_filled(2, -1, 1);
  run_operation(PANAMBA_SCALE, &a);
  SCALE(x = 0);
  SCALE(out = 0);
  SCALE(out = (float *)a.channel_scale);
  SCALE(out = (float *)a.image_scale);
  SCALE_SIZE(batch);
  SCALE_SIZE(length);
  SCALE_SIZE(channels);
  SCALE(x_row_stride = 2);
  SCALE(x_row_stride = INT64_MAX);
  SCALE(out_row_stride = 2);
  SCALE(out_row_stride = INT64_MAX);
  a.x = a.out;
  SCALE(out_row_stride = 4);
  end_case();
}

static void test(void) {
  static const int64_t all_channels[] = {1, 3, 7, 8, 15, 16, 17, 33, 192, 384, 8193};
  seed(36);
  for (size_t c = 0; c < COUNT(all_channels); c++) {
    for (int repeat = 0; repeat < 6; repeat++) {
      placement where = repeat < 2 ? IN_SENTINELS : repeat < 4 ? BEFORE_GUARD : AFTER_GUARD;
      scale_case(1 + draw(6), all_channels[c], where, where == IN_SENTINELS ? (int)draw(4) : 0);
    }
  }
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
