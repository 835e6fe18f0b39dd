/*
 * panamba_run() and what belongs to it, as the tests of operations call them, on top of the CUDA library: the same
 * tests run on its kernels. An executor of 1, 2 or 3 threads stands for a scan with 1, 4 or 16 lanes, whose bits
 * have to be the same.
 */
#include "cuda_program.h"

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

/* The product of the patches and the weight, as cuBLASLt is to compute it between the library's two parts. */
static void multiply(const panamba_patch_embedding_args *a, const void *patches, int64_t rows, int64_t depth,
                     float *product) {
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t column = 0; column < a->dim; column++) {
      double sum = 0;
      for (int64_t k = 0; k < depth; k++) {
        double weight;
        double pixel;
        if (a->dtype == PANAMBA_F32) {
          weight = (double)((const float *)a->weight)[column * depth + k];
          pixel = (double)((const float *)patches)[row * depth + k];
        } else {
          weight = value_of_bfloat(((const uint16_t *)a->weight)[column * depth + k]);
          pixel = value_of_bfloat(((const uint16_t *)patches)[row * depth + k]);
        }
        sum += weight * pixel;
      }
      product[row * a->dim + column] = (float)sum;
    }
  }
}

static int32_t run_embedding(const panamba_patch_embedding_args *args) {
  int64_t grid = ((args->height - args->patch_height) / args->stride_height + 1) *
                 ((args->width - args->patch_width) / args->stride_width + 1);
  int64_t rows = args->batch * grid;
  int64_t depth = args->channels * args->patch_height * args->patch_width;
  int64_t bytes = rows * depth * bytes_of(args->dtype);
  int64_t product_bytes = rows * args->dim * 4;
  panamba_cuda_embedding_args on_device = {.embedding = *args};
  TO_DEVICE(on_device.embedding);
  void *patches = take_device(bytes);
  float *product = take_device(product_bytes);
  on_device.patches = patches;
  on_device.product = product;
  int32_t status = run_on_device(PANAMBA_CUDA_GATHER_PATCHES, &on_device);
  if (status != PANAMBA_OK) {
    return status;
  }
  void *host_patches = malloc((size_t)bytes);
  float *host_product = malloc((size_t)product_bytes);
  if (!host_patches || !host_product) {
    abort();
  }
  copy_from_device(host_patches, patches, bytes);
  multiply(args, host_patches, rows, depth, host_product);
  copy_to_device(product, host_product, product_bytes);
  free(host_patches);
  free(host_product);
  return run_on_device(PANAMBA_CUDA_PLACE_TOKENS, &on_device);
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
