#include "reference.h"
#include "support.h"

#define BOUND(depth) ((double)(depth)*0x1p-24 + 0x1p-22)

static void check(panamba_patch_embedding_args a, int bias, int position) {
  int64_t depth = a.channels * a.patch_height * a.patch_width;
  int64_t length =
      ((a.height - a.patch_height) / a.stride_height + 1) * ((a.width - a.patch_width) / a.stride_width + 1) +
      a.class_tokens;
  float *weight = random_floats(a.dim * depth, 1);
  void *packed = new_bytes(panamba_packed_size(a.dim, depth, PANAMBA_F32));
  panamba_pack_args pack = {weight, 0, packed, a.dim, depth, depth, 1, PANAMBA_F32, PANAMBA_F32};
  CHECK(panamba_pack(&pack, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
  a.image = random_floats(a.batch * a.channels * a.height * a.width, 2);
  a.weight = packed;
  a.bias = bias ? random_floats(a.dim, 1) : 0;
  a.position = position ? random_floats(length * a.dim, 1) : 0;
  a.class_token = a.class_tokens ? random_floats(a.class_tokens * a.dim, 1) : 0;
  int64_t count = a.batch * length * a.dim;
  float *out = new_floats(count);
  a.out = out;
  double *expected = new_doubles(count);
  double *scale = new_doubles(count);
  reference_patch_embedding(&a, weight, expected, scale);
  run_same_bits(PANAMBA_PATCH_EMBEDDING, &a, out, count);
  compare("patch embedding", out, expected, scale, count, BOUND(depth));
  release_buffers();
}

static panamba_patch_embedding_args grid(int64_t batch, int64_t channels, int64_t height, int64_t width, int64_t patch,
                                         int64_t stride, int64_t dim) {
  panamba_patch_embedding_args a = {
      .batch = batch,
      .channels = channels,
      .height = height,
      .width = width,
      .patch_height = patch,
      .patch_width = patch,
      .stride_height = stride,
      .stride_width = stride,
      .dim = dim,
  };
  return a;
}

static panamba_patch_embedding_args with_class(panamba_patch_embedding_args a, int64_t tokens, int64_t first,
                                               int64_t second) {
  a.class_tokens = tokens;
  a.class_index[0] = first;
  a.class_index[1] = second;
  return a;
}

static void test(void) {
  check(grid(1, 1, 1, 1, 1, 1, 1), 0, 0);
  check(with_class(grid(2, 3, 24, 24, 8, 8, 32), 1, 4, 0), 1, 1);
  check(with_class(grid(1, 3, 24, 40, 8, 4, 33), 1, 0, 0), 1, 1);
  check(with_class(grid(1, 3, 17, 23, 8, 4, 47), 1, 6, 0), 0, 1);
  check(with_class(grid(3, 2, 12, 9, 3, 3, 49), 2, 0, 13), 1, 1);
  check(with_class(grid(1, 3, 12, 12, 4, 4, 5), 2, 3, 4), 1, 0);
  for (int64_t dim = 1; dim <= 52; dim += 3) {
    check(grid(1, 3, 9 + dim % 4, 11, 4, 3, dim), 1, 1);
  }
  /* Deeper than one gathered block, and more patches than a tile. */
  check(with_class(grid(1, 3, 80, 144, 16, 16, 48), 1, 22, 0), 1, 1);
  check(with_class(grid(1, 5, 40, 48, 13, 5, 20), 1, 24, 0), 1, 1);
  check(with_class(grid(1, 3, 44, 44, 4, 4, 96), 1, 60, 0), 1, 1);
  panamba_patch_embedding_args oblong = grid(2, 3, 20, 31, 0, 0, 17);
  oblong.patch_height = 5;
  oblong.patch_width = 7;
  oblong.stride_height = 3;
  oblong.stride_width = 6;
  check(oblong, 1, 1);
}

int main(void) {
  on_every_tier(test);
  return 0;
}
