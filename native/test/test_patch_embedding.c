/* Patch embedding against plain loops in double precision. */
#include <math.h>

#include "harness.h"
#include "memory.h"
#include "refusal.h"

/*
 * A chain of depth multiply-adds, cut into parts whose sums are added, then the bias and the position: each rounds by
 * at most 2^-24 of what can't exceed the sum of the absolute terms.
 */
#define EMBEDDING_BOUND(depth) ((double)((depth) + 4) * 0x1p-24)

typedef struct {
  int64_t channels;
  int64_t height;
  int64_t width;
  int64_t patch_height;
  int64_t patch_width;
  int64_t stride_height;
  int64_t stride_width;
  int64_t dim;
} embedding_shape;

/* Where class tokens go: nowhere, first, in the middle, last, at two places. */
enum { TOKEN_LAYOUTS = 7 };

static int64_t patches_of(const embedding_shape *s) {
  return ((s->height - s->patch_height) / s->stride_height + 1) * ((s->width - s->patch_width) / s->stride_width + 1);
}

static void place_tokens(panamba_patch_embedding_args *args, int64_t patches, int layout) {
  const int64_t places[TOKEN_LAYOUTS][3] = {{0, 0, 0},       {1, 0, 0},           {1, patches / 2, 0},
                                            {1, patches, 0}, {2, 0, patches + 1}, {2, patches / 2, patches / 2 + 1},
                                            {2, 0, 1}};
  args->class_tokens = places[layout][0];
  args->class_index[0] = places[layout][1];
  args->class_index[1] = places[layout][2];
}

static panamba_patch_embedding_args take_arguments(const embedding_shape *s, int64_t batch, int layout, int biased,
                                                   int positioned, int bytes, int32_t dtype, float **weight) {
  panamba_patch_embedding_args args = {.batch = batch,
                                       .channels = s->channels,
                                       .height = s->height,
                                       .width = s->width,
                                       .patch_height = s->patch_height,
                                       .patch_width = s->patch_width,
                                       .stride_height = s->stride_height,
                                       .stride_width = s->stride_width,
                                       .dim = s->dim,
                                       .dtype = dtype};
  place_tokens(&args, patches_of(s), layout);
  int64_t length = patches_of(s) + args.class_tokens;
  int64_t depth = s->channels * s->patch_height * s->patch_width;
  int64_t pixels = batch * s->channels * s->height * s->width;
  args.image = bytes ? (const void *)take_pixels(pixels) : take_filled(pixels, -1, 1);
  args.pixel_values = bytes ? take_filled(s->channels * 256, -1, 1) : 0;
  *weight = take_filled(s->dim * depth, -1, 1);
  args.weight = take_packed_of(dtype, *weight, s->dim, depth);
  args.bias = biased ? take_filled(s->dim, -1, 1) : 0;
  args.position = positioned ? take_filled(length * s->dim, -1, 1) : 0;
  args.class_token = args.class_tokens ? take_filled(args.class_tokens * s->dim, -1, 1) : 0;
  args.out = take_output(batch * length * s->dim);
  return args;
}

static float pixel_of(const panamba_patch_embedding_args *a, int64_t channel, int64_t place) {
  return a->pixel_values ? a->pixel_values[channel * 256 + ((const uint8_t *)a->image)[place]]
                         : ((const float *)a->image)[place];
}

/* Element i of the token made from the patch whose first pixel is at `origin`. */
static void check_patch(const panamba_patch_embedding_args *a, const float *weight, int64_t origin, int64_t token,
                        const float *out, int64_t i) {
  double sum = a->bias ? (double)a->bias[i] : 0;
  double position = a->position ? (double)a->position[token * a->dim + i] : 0;
  double magnitude = fabs(sum) + fabs(position);
  const float *w = weight + i * a->channels * a->patch_height * a->patch_width;
  for (int64_t channel = 0; channel < a->channels; channel++) {
    for (int64_t y = 0; y < a->patch_height; y++) {
      for (int64_t x = 0; x < a->patch_width; x++) {
        float pixel = pixel_of(a, channel, origin + (channel * a->height + y) * a->width + x);
        double term = rounded(a->dtype, *w++) * rounded(a->dtype, pixel);
        sum += term;
        magnitude += fabs(term);
      }
    }
  }
  int64_t depth = a->channels * a->patch_height * a->patch_width;
  check_close("patch", token * a->dim + i, (double)out[i], sum + position, EMBEDDING_BOUND(depth) * magnitude);
}

static void check_class_token(const panamba_patch_embedding_args *a, int64_t which, int64_t token, const float *out) {
  for (int64_t i = 0; i < a->dim; i++) {
    float wanted = a->class_token[which * a->dim + i];
    if (a->position) {
      wanted += a->position[token * a->dim + i];
    }
    CHECK(out[i] == wanted, "class token %d, element %d is %g, not %g", (int)which, (int)i, (double)out[i],
          (double)wanted);
  }
}

static void check_embedding(const panamba_patch_embedding_args *a, const float *weight) {
  int64_t rows = (a->height - a->patch_height) / a->stride_height + 1;
  int64_t columns = (a->width - a->patch_width) / a->stride_width + 1;
  const float *out = a->out;
  for (int64_t image = 0; image < a->batch; image++) {
    int64_t pixels = image * a->channels * a->height * a->width;
    int64_t patch = 0;
    int64_t which = 0;
    for (int64_t token = 0; token < rows * columns + a->class_tokens; token++, out += a->dim) {
      if (which < a->class_tokens && a->class_index[which] == token) {
        check_class_token(a, which++, token, out);
        continue;
      }
      int64_t origin = pixels + patch / columns * a->stride_height * a->width + patch % columns * a->stride_width;
      for (int64_t i = 0; i < a->dim; i++) {
        check_patch(a, weight, origin, token, out, i);
      }
      patch++;
    }
  }
}

static void embedding_case(embedding_shape s, int32_t dtype, int64_t batch, int layout, placement where,
                           int misalignment) {
  int biased = (int)draw(2);
  int positioned = (int)draw(2);
  int bytes = (int)draw(2);
  describe(
      "patch embedding batch %d image (%d, %d, %d) patch (%d, %d) stride (%d, %d) dim %d tokens %d bias %d position "
      "%d bytes %d dtype %d, placed %d misaligned %d",
      (int)batch, (int)s.channels, (int)s.height, (int)s.width, (int)s.patch_height, (int)s.patch_width,
      (int)s.stride_height, (int)s.stride_width, (int)s.dim, layout, biased, positioned, bytes, dtype, where,
      misalignment);
  begin_case(where, misalignment);
  float *weight;
  panamba_patch_embedding_args args = take_arguments(&s, batch, layout, biased, positioned, bytes, dtype, &weight);
  run_operation(PANAMBA_PATCH_EMBEDDING, &args);
  check_embedding(&args, weight);
  end_case();
}

static const embedding_shape shapes[] = {
    {1, 1, 1, 1, 1, 1, 1, 1},          /* the smallest */
    {3, 4, 4, 4, 4, 4, 4, 5},          /* one patch */
    {3, 8, 12, 4, 4, 4, 4, 17},        /* not square */
    {3, 9, 7, 4, 4, 2, 2, 24},         /* strides below the patch's size, pixels left over */
    {1, 20, 20, 3, 5, 1, 2, 33},       /* patches not square, strides different */
    {2, 11, 30, 2, 3, 3, 7, 8},        /* strides above the patch's size */
    {4, 6, 50, 1, 2, 1, 1, 31},        /* many narrow patches */
    {3, 32, 48, 16, 16, 16, 16, 48},   /* deeper than one gathered part */
    {3, 32, 32, 16, 16, 8, 8, 49},     /* overlapping, deep */
    {7, 12, 12, 9, 9, 3, 3, 97},       /* a depth of no whole part */
    {11, 12, 12, 9, 9, 3, 3, 33},      /* the same, of one part and an odd rest */
    {1, 27, 27, 3, 3, 3, 3, 100},      /* 81 patches: more than a tile */
    {3, 17, 19, 2, 2, 1, 1, 16},       /* 288 patches */
    {3, 224, 224, 16, 16, 112, 96, 96} /* a real patch, few of them */
};

static void sweep_shapes(void) {
  for (size_t i = 0; i < COUNT(shapes); i++) {
    for (int layout = 0; layout < TOKEN_LAYOUTS; layout++) {
      embedding_case(shapes[i], layout % 2 ? PANAMBA_BF16 : PANAMBA_F32, 1 + draw(3), layout, IN_SENTINELS,
                     (int)draw(4));
    }
  }
}

static void sweep_dims(void) {
  static const int64_t dims[] = {1, 2, 3, 5, 7, 8, 15, 16, 17, 24, 31, 32, 33, 37, 47, 48, 49, 63, 64, 65, 100, 384};
  for (size_t i = 0; i < 2 * COUNT(dims); i++) {
    embedding_shape s = {3, 10, 13, 3, i / 2 % 2 ? 2 : 3, 2, 3, dims[i / 2]};
    embedding_case(s, i % 2 ? PANAMBA_BF16 : PANAMBA_F32, 2, (int)draw(TOKEN_LAYOUTS), IN_SENTINELS, (int)draw(4));
  }
}

static void sweep_guards(void) {
  for (int repeat = 0; repeat < THIN(1500, 500); repeat++) {
    embedding_shape s = {.channels = 1 + draw(4),
                         .patch_height = 1 + draw(5),
                         .patch_width = 1 + draw(5),
                         .stride_height = 1 + draw(6),
                         .stride_width = 1 + draw(6),
                         .dim = 1 + draw(60)};
    s.height = s.patch_height + draw(12);
    s.width = s.patch_width + draw(12);
    embedding_case(s, draw_dtype(), 1 + draw(3), (int)draw(TOKEN_LAYOUTS), draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
}

/* An image has the bits that it has alone, and NaN in one pixel reaches the patches that hold it and nothing else. */
static void images_and_patches_are_independent(void) {
  for (size_t i = 0; i < 2 * COUNT(shapes); i++) {
    const embedding_shape *s = &shapes[i / 2];
    int32_t dtype = i % 2 ? PANAMBA_BF16 : PANAMBA_F32;
    describe("patch embedding of shape %d, dtype %d, each image alone, one with NaN", (int)i / 2, dtype);
    begin_case(IN_SENTINELS, 2);
    float *weight;
    panamba_patch_embedding_args args = take_arguments(s, 3, 5, 1, 1, 0, dtype, &weight);
    int64_t count = (patches_of(s) + args.class_tokens) * args.dim;
    int64_t size = args.channels * args.height * args.width;
    float *alone = take_output(count);
    ((float *)args.image)[size + draw(size)] = NAN;
    run_operation(PANAMBA_PATCH_EMBEDDING, &args);
    check_embedding(&args, weight);
    for (int64_t image = 0; image < args.batch; image++) {
      panamba_patch_embedding_args one = args;
      one.batch = 1;
      one.image = (const float *)args.image + image * size;
      one.out = alone;
      run_operation(PANAMBA_PATCH_EMBEDDING, &one);
      check_same_bits("image", (float *)args.out + image * count, alone, count);
    }
    end_case();
  }
}

#define PATCH(change) REFUSED(panamba_patch_embedding_args, PANAMBA_PATCH_EMBEDDING, a, change)
#define PATCH_SIZE(field) REFUSED_SIZE(panamba_patch_embedding_args, PANAMBA_PATCH_EMBEDDING, a, field)

static void refusals(void) {
  begin_refusals("patch_embedding");
  panamba_patch_embedding_args a = {.image = take_filled(192, -1, 1),
                                    .weight = take_packed(take_filled(4 * 48, -1, 1), 4, 48),
                                    .class_token = take_filled(8, -1, 1),
                                    .out = take_output(24),
                                    .batch = 1,
                                    .channels = 3,
                                    .height = 8,
                                    .width = 8,
                                    .patch_height = 4,
                                    .patch_width = 4,
                                    .stride_height = 4,
                                    .stride_width = 4,
                                    .dim = 4,
                                    .class_tokens = 2,
                                    .class_index = {0, 5}};
  run_operation(PANAMBA_PATCH_EMBEDDING, &a);
  PATCH(image = 0);
  PATCH(weight = 0);
  PATCH(out = 0);
  PATCH(class_token = 0);
  PATCH_SIZE(batch);
  PATCH_SIZE(channels);
  PATCH_SIZE(height);
  PATCH_SIZE(width);
  PATCH_SIZE(patch_height);
  PATCH_SIZE(patch_width);
  PATCH_SIZE(stride_height);
  PATCH_SIZE(stride_width);
  PATCH_SIZE(dim);
  PATCH(patch_height = 9);
  PATCH(patch_width = 9);
  PATCH(class_tokens = -1);
  PATCH(class_tokens = PANAMBA_MAX_CLASS_TOKENS + 1);
  PATCH(class_tokens = INT64_MAX);
  PATCH(class_index[0] = -1);
  PATCH(class_index[0] = 5);
  PATCH(class_index[0] = INT64_MAX);
  PATCH(class_index[1] = 6);
  PATCH(class_index[1] = 0);
  PATCH(class_index[1] = INT64_MIN);
  PATCH(reserved = 1);
  REFUSED_DTYPE(panamba_patch_embedding_args, PANAMBA_PATCH_EMBEDDING, a, dtype);
  end_case();
}

static void test(void) {
  seed(7);
  sweep_shapes();
  sweep_dims();
  sweep_guards();
  images_and_patches_are_independent();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
