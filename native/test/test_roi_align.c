/* RoIAlign against double precision, sample by sample, and boxes that no network should give. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

/* A chain of products with products of two rounded shares. */
#define ALIGN_BOUND(terms) (((double)(terms) + 8) * 0x1p-24)

/* A sample of one map, as Mask R-CNN's code has it. */
static double sample(const float *map, int64_t height, int64_t width, int64_t channels, double y, double x, int64_t i,
                     double *magnitude) {
  if (y < -1 || y > (double)height || x < -1 || x > (double)width) {
    return 0;
  }
  y = fmax(y, 0);
  x = fmax(x, 0);
  int64_t top = (int64_t)y;
  int64_t left = (int64_t)x;
  int64_t bottom = top + 1;
  int64_t right = left + 1;
  if (top >= height - 1) {
    top = bottom = height - 1;
    y = (double)top;
  }
  if (left >= width - 1) {
    left = right = width - 1;
    x = (double)left;
  }
  double down = y - (double)top;
  double across = x - (double)left;
  double terms[] = {(1 - down) * (1 - across) * (double)map[(top * width + left) * channels + i],
                    (1 - down) * across * (double)map[(top * width + right) * channels + i],
                    down * (1 - across) * (double)map[(bottom * width + left) * channels + i],
                    down * across * (double)map[(bottom * width + right) * channels + i]};
  double sum = 0;
  for (size_t t = 0; t < COUNT(terms); t++) {
    sum += terms[t];
    *magnitude += fabs(terms[t]);
  }
  return sum;
}

static void check_bin(const panamba_roi_align_args *a, int64_t box, int64_t py, int64_t px) {
  const float *corners = a->boxes + box * 5;
  int level = (int)corners[4];
  double scale = (double)a->scales[level];
  double top = (double)corners[1] * scale - 0.5;
  double left = (double)corners[0] * scale - 0.5;
  double height = ((double)corners[3] - (double)corners[1]) * scale / a->side;
  double width = ((double)corners[2] - (double)corners[0]) * scale / a->side;
  double rows = ceil(height);
  double columns = ceil(width);
  for (int64_t i = 0; i < a->channels; i++) {
    double sum = 0;
    double magnitude = 0;
    for (int64_t iy = 0; (double)iy < rows; iy++) {
      for (int64_t ix = 0; (double)ix < columns; ix++) {
        double y = top + height * ((double)py + ((double)iy + 0.5) / rows);
        double x = left + width * ((double)px + ((double)ix + 0.5) / columns);
        sum += sample(a->maps[level], a->heights[level], a->widths[level], a->channels, y, x, i, &magnitude);
      }
    }
    int none = rows <= 0 || columns <= 0;
    double count = none ? 1 : rows * columns;
    int64_t place = ((box * a->side + py) * a->side + px) * a->channels + i;
    check_close("out", place, (double)a->out[place], none ? 0 : sum / count,
                ALIGN_BOUND(4 * count) * magnitude / count + 0x1p-126);
  }
}

static void take_maps(panamba_roi_align_args *a) {
  for (int i = 0; i < a->levels; i++) {
    a->maps[i] = take_filled(a->heights[i] * a->widths[i] * a->channels, -1, 1);
  }
}

static void align_case(int64_t channels, int32_t side, placement where, int misalignment) {
  describe("roi align of %d channels, side %d, placed %d", (int)channels, side, where);
  begin_case(where, misalignment);
  panamba_roi_align_args a = {
      .channels = channels, .count = 1 + draw(6), .levels = (int32_t)(1 + draw(4)), .side = side};
  for (int i = 0; i < a.levels; i++) {
    a.heights[i] = 1 + draw(12);
    a.widths[i] = 1 + draw(12);
    a.scales[i] = 1.0f / (float)(1 << i);
  }
  take_maps(&a);
  float *boxes = take_input(a.count * 5);
  for (int64_t i = 0; i < a.count; i++) {
    float *box = boxes + i * 5;
    box[0] = draw_between(-6, 14);
    box[1] = draw_between(-6, 14);
    box[2] = box[0] + draw_between(draw(4) ? 0 : -3, 25);
    box[3] = box[1] + (draw(6) ? draw_between(0, 25) : 0);
    box[4] = (float)draw(a.levels);
  }
  a.boxes = boxes;
  a.out = take_output(a.count * side * side * channels);
  run_operation(PANAMBA_ROI_ALIGN, &a);
  for (int64_t i = 0; i < a.count * side * side; i++) {
    check_bin(&a, i / (side * side), i / side % side, i % side);
  }
  end_case();
}

/* Corners that are no numbers or far away, and levels that are none: zeros, at once. */
static void hostile_boxes(void) {
  static const float hostile[][5] = {
      {NAN, 0, 4, 4, 0},          {0, INFINITY, 4, 4, 0}, {0, 0, -INFINITY, 4, 0}, {0, 0, 4, 1e30f, 0},
      {-1e38f, 0, 1e38f, 4, 0},   {0, 0, 4, 4, 1},        {0, 0, 4, 4, -1},        {0, 0, 4, 4, 0.5f},
      {0, 0, 4, 4, NAN},          {4, 4, 0, 0, 0},        {2, 2, 2, 2, 0},         {-9e8f, -9e8f, -8e8f, -8e8f, 0},
      {1e9f, 1e9f, 1e9f, 1e9f, 0}};
  describe("roi align of hostile boxes");
  begin_case(BEFORE_GUARD, 0);
  panamba_roi_align_args a = {
      .heights = {3}, .widths = {5}, .channels = 17, .count = COUNT(hostile), .scales = {1}, .levels = 1, .side = 2};
  take_maps(&a);
  float *boxes = take_input(a.count * 5);
  for (int64_t i = 0; i < a.count * 5; i++) {
    boxes[i] = hostile[i / 5][i % 5];
  }
  a.boxes = boxes;
  a.out = take_output(a.count * 4 * a.channels);
  run_operation(PANAMBA_ROI_ALIGN, &a);
  for (int64_t i = 0; i < a.count * 4 * a.channels; i++) {
    CHECK(a.out[i] == 0, "out[%d] is %g", (int)i, (double)a.out[i]);
  }
  end_case();
  /* A box that is larger than its map by far has many samples, of which few are inside. */
  describe("roi align of a huge box");
  begin_case(BEFORE_GUARD, 0);
  a.count = 1;
  take_maps(&a);
  boxes = take_input(5);
  boxes[0] = boxes[1] = -5e8f;
  boxes[2] = boxes[3] = 5e8f;
  boxes[4] = 0;
  a.boxes = boxes;
  a.out = take_output(4 * a.channels);
  run_operation(PANAMBA_ROI_ALIGN, &a);
  for (int64_t i = 0; i < 4 * a.channels; i++) {
    CHECK(fabsf(a.out[i]) < 1e-6f, "out[%d] is %g", (int)i, (double)a.out[i]);
  }
  end_case();
}

#define ALIGN(change) REFUSED(panamba_roi_align_args, PANAMBA_ROI_ALIGN, a, change)
#define ALIGN_SIZE(field) REFUSED_SIZE(panamba_roi_align_args, PANAMBA_ROI_ALIGN, a, field)

static void refusals(void) {
  begin_refusals("roi_align");
  panamba_roi_align_args a = {
      .heights = {3, 2}, .widths = {5, 2}, .channels = 2, .count = 1, .scales = {1, 0.5f}, .levels = 2, .side = 2};
  take_maps(&a);
  a.boxes = take_filled(5, 0, 1);
  a.out = take_output(8);
  run_operation(PANAMBA_ROI_ALIGN, &a);
  ALIGN(maps[0] = 0);
  ALIGN(maps[1] = 0);
  ALIGN(maps[1] = a.out);
  ALIGN(boxes = 0);
  ALIGN(out = 0);
  ALIGN_SIZE(heights[0]);
  ALIGN_SIZE(widths[1]);
  ALIGN_SIZE(channels);
  ALIGN_SIZE(count);
  ALIGN(scales[0] = 0);
  ALIGN(scales[1] = NAN);
  ALIGN(scales[1] = 2);
  ALIGN(levels = 0);
  ALIGN(levels = 5);
  ALIGN(side = 0);
  ALIGN(side = 17);
  end_case();
}

static void test(void) {
  static const int64_t all_channels[] = {1, 3, 8, 15, 16, 17, 37, 64, 70};
  seed(65);
  for (int i = 0; i < 60; i++) {
    int64_t channels = all_channels[i % (int)COUNT(all_channels)];
    align_case(channels, (int32_t)(1 + draw(8)), (placement)draw(3), 0);
    align_case(channels, 7, IN_SENTINELS, (int)draw(4));
  }
  hostile_boxes();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
