/*
 * panamba_run() and what belongs to it, as the tests of operations call them, on top of the CUDA library: the same
 * tests run on its kernels. An executor of 1, 2 or 3 threads stands for a scan with 1, 4 or 16 lanes, whose bits
 * have to be the same.
 */
#include "cuda_program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cuda_device.h"
#include "element.h"
#include "operations.h"
#include "panamba_cuda.h"

int64_t chunk_of_scans;
int32_t lanes_of_scans;

struct panamba_executor {
  int32_t threads;
};

static const char *message = "";

const char *panamba_message(void) { return *message ? message : panamba_cuda_message(); }

static const char *device = "none";

const char *panamba_tier(void) { return device; }

int32_t panamba_cap_tier(const char *name) {
  const char *missing = missing_device();
  if (missing) {
    message = missing;
    return PANAMBA_UNSUPPORTED;
  }
  device = name;
  return PANAMBA_OK;
}

int32_t panamba_executor_create(int32_t threads, panamba_executor **executor) {
  *executor = malloc(sizeof **executor);
  if (!*executor) {
    return PANAMBA_OUT_OF_MEMORY;
  }
  (*executor)->threads = threads;
  return PANAMBA_OK;
}

void panamba_executor_destroy(panamba_executor *executor) { free(executor); }

int64_t panamba_packed_size(int64_t columns, int64_t depth, int32_t dtype) {
  return panamba_cuda_packed_size(columns, depth, dtype);
}

int32_t panamba_pack(const panamba_pack_args *args, const void *keep0, const void *keep1, const void *keep2) {
  (void)keep2;
  return panamba_cuda_pack(args, keep0, keep1);
}

#define TO_DEVICE(args) to_device((int64_t *)(void *)&(args), (int64_t)(sizeof(args) / 8))

/* One step, with the workspace that it asks for. */
static int32_t run_on_device(int32_t operation, const void *args) {
  panamba_step step = {args, operation, 0};
  int64_t bytes = panamba_cuda_workspace(&step);
  return bytes < 0 ? PANAMBA_INVALID_ARGUMENT : panamba_cuda_run(&step, bytes ? take_device(bytes) : 0, 0);
}

static int32_t run_scan(const panamba_executor *executor, const panamba_selective_scan_args *args) {
  static const int32_t lanes[] = {1, 4, 16};
  panamba_cuda_scan_args scan = {.scan = *args,
                                 .chunk = chunk_of_scans < args->length ? chunk_of_scans : args->length,
                                 .state_lanes = lanes_of_scans ? lanes_of_scans : lanes[executor->threads - 1]};
  TO_DEVICE(scan.scan);
  return run_on_device(PANAMBA_CUDA_SCAN, &scan);
}

static void *allocate(int64_t bytes) {
  void *memory = malloc((size_t)bytes);
  if (!memory) {
    abort();
  }
  return memory;
}

/* Of a matrix of patches and the weight's, of which there is one for each tap, one behind the other. */
typedef struct {
  int64_t rows;
  int64_t columns;
  int64_t taps;
  int64_t depth; /* of a tap */
  int32_t dtype;
} product_shape;

/* An element of the product, as cuBLASLt is to compute it between two parts of the library. NaN if a row is not filled up
 * with zeros. */
static double multiply_row(const product_shape *s, const void *weight, const void *patches, int64_t row,
                           int64_t column) {
  int64_t stride = panamba_cuda_packed_depth(s->taps * s->depth, s->dtype);
  int64_t packed = panamba_cuda_packed_depth(s->depth, s->dtype);
  double sum = 0;
  for (int64_t tap = 0; tap < s->taps; tap++) {
    for (int64_t k = 0; k < s->depth; k++) {
      sum += element(weight, s->dtype, (tap * s->columns + column) * packed + k) *
             element(patches, s->dtype, row * stride + tap * s->depth + k);
    }
  }
  for (int64_t k = s->taps * s->depth; k < stride; k++) {
    sum += element(patches, s->dtype, row * stride + k) != 0 ? NAN : 0;
  }
  return sum;
}

/* Gathers, and multiplies with the weight: (rows, columns) in the device's memory. */
static int32_t gather_and_multiply(panamba_cuda_gather_args gather, const product_shape *s, const void *weight,
                                   float **product) {
  gather.patch_row_stride = panamba_cuda_packed_depth(s->taps * s->depth, s->dtype);
  int64_t bytes = s->rows * gather.patch_row_stride * bytes_of(s->dtype);
  gather.patches = take_device(bytes);
  int32_t status = run_on_device(PANAMBA_CUDA_GATHER, &gather);
  if (status != PANAMBA_OK) {
    return status;
  }
  void *patches = allocate(bytes);
  float *result = allocate(s->rows * s->columns * 4);
  copy_from_device(patches, gather.patches, bytes);
  for (int64_t row = 0; row < s->rows; row++) {
    for (int64_t column = 0; column < s->columns; column++) {
      result[row * s->columns + column] = (float)multiply_row(s, weight, patches, row, column);
    }
  }
  *product = take_device(s->rows * s->columns * 4);
  copy_to_device(*product, result, s->rows * s->columns * 4);
  free(patches);
  free(result);
  return PANAMBA_OK;
}

static int32_t run_embedding(const panamba_patch_embedding_args *args) {
  panamba_cuda_embedding_args on_device = {.embedding = *args};
  TO_DEVICE(on_device.embedding);
  panamba_cuda_gather_args gather = {
      .input = on_device.embedding.image,
      .pixel_values = on_device.embedding.pixel_values,
      .batch = args->batch,
      .height = args->height,
      .width = args->width,
      .channels = args->channels,
      .kernel_height = args->patch_height,
      .kernel_width = args->patch_width,
      .stride_height = args->stride_height,
      .stride_width = args->stride_width,
      .out_height = (args->height - args->patch_height) / args->stride_height + 1,
      .out_width = (args->width - args->patch_width) / args->stride_width + 1,
      .planar = 1,
      .dtype = args->dtype,
  };
  product_shape shape = {.rows = args->batch * gather.out_height * gather.out_width,
                         .columns = args->dim,
                         .taps = 1,
                         .depth = args->channels * args->patch_height * args->patch_width,
                         .dtype = args->dtype};
  float *product = 0;
  int32_t status = gather_and_multiply(gather, &shape, args->weight, &product);
  on_device.product = product;
  return status == PANAMBA_OK ? run_on_device(PANAMBA_CUDA_PLACE_TOKENS, &on_device) : status;
}

/* Adds what `out` holds to a product, as cuBLASLt is to do it. */
static void accumulate(const panamba_conv2d_args *args, float *product, int64_t count) {
  float *sums = allocate(count * 4);
  copy_from_device(sums, product, count * 4);
  for (int64_t i = 0; i < count; i++) {
    sums[i] += args->accumulate * (float)element(args->out, args->out_dtype, i);
  }
  copy_to_device(product, sums, count * 4);
  free(sums);
}

static int32_t run_conv2d(const panamba_conv2d_args *args) {
  panamba_conv2d_args on_device = *args;
  TO_DEVICE(on_device);
  panamba_cuda_gather_args gather = {
      .input = on_device.input,
      .pixel_values = on_device.pixel_values,
      .batch = args->batch,
      .height = args->height,
      .width = args->width,
      .channels = args->channels,
      .kernel_height = args->kernel_height,
      .kernel_width = args->kernel_width,
      .stride_height = args->stride,
      .stride_width = args->stride,
      .padding = args->padding,
      .out_height = args->out_height,
      .out_width = args->out_width,
      .input_pixel_stride = args->input_pixel_stride,
      .planar = args->planar,
      .transposed = args->transposed,
      .dtype = args->dtype,
  };
  int64_t taps = args->kernel_height * args->kernel_width;
  product_shape shape = {.rows = args->batch * args->out_height * args->out_width,
                         .columns = args->columns,
                         .taps = args->planar ? 1 : taps,
                         .depth = args->planar ? args->channels * taps : args->channels,
                         .dtype = args->dtype};
  float *product = 0;
  int32_t status = gather_and_multiply(gather, &shape, args->weight, &product);
  if (status != PANAMBA_OK) {
    return status;
  }
  if (args->accumulate != 0.0f) {
    accumulate(args, product, shape.rows * shape.columns);
  }
  panamba_cuda_epilogue_args epilogue = {.input = product,
                                         .bias = on_device.bias,
                                         .out = on_device.out,
                                         .rows = shape.rows,
                                         .columns = shape.columns,
                                         .input_row_stride = shape.columns,
                                         .out_row_stride = shape.columns,
                                         .input_dtype = PANAMBA_F32,
                                         .out_dtype = args->out_dtype,
                                         .activation = args->activation};
  return run_on_device(PANAMBA_CUDA_EPILOGUE, &epilogue);
}

#define CASE(code, name, type)                   \
  case PANAMBA_##code: {                         \
    type args;                                   \
    memcpy(&args, given, sizeof args);           \
    TO_DEVICE(args);                             \
    return run_on_device(PANAMBA_##code, &args); \
  }

static int32_t run_step(const panamba_executor *executor, int32_t operation, const void *given) {
  switch (operation) {
    PANAMBA_CUDA_OPERATIONS(CASE)
    case PANAMBA_PATCH_EMBEDDING: return run_embedding(given);
    case PANAMBA_CONV2D: return run_conv2d(given);
    case PANAMBA_SELECTIVE_SCAN: return run_scan(executor, given);
    default: return PANAMBA_UNSUPPORTED;
  }
}

int32_t panamba_run(panamba_executor *executor, const panamba_step *steps, int64_t count, const void *keep0,
                    const void *keep1, const void *keep2, const void *keep3, const void *keep4, const void *keep5) {
  (void)keep0, (void)keep1, (void)keep2, (void)keep3, (void)keep4, (void)keep5;
  int32_t status = PANAMBA_OK;
  for (int64_t i = 0; i < count && status == PANAMBA_OK; i++) {
    status = run_step(executor, steps[i].operation, steps[i].args);
    from_device();
  }
  return status;
}
