/*
 * One step of training of a network of one block, from pixels to new parameters, as a program of all operations of
 * training.
 */
#ifndef PANAMBA_TEST_TRAINING_PROGRAM_H
#define PANAMBA_TEST_TRAINING_PROGRAM_H

#include <stdint.h>

#include "panamba.h"
#include "panamba_training.h"

enum {
  BATCH = 3,
  SIDE = 10,
  PATCH = 2,
  LENGTH = 26, /* 25 patches and a class token; to convolutions, a grid */
  HEIGHT = 2,
  GRID_WIDTH = LENGTH / HEIGHT,
  MERGED = (GRID_WIDTH + 1) / 2, /* patches of 2 x 2 */
  WINDOWS = GRID_WIDTH - 1,      /* of 2 x 2 pixels */
  TAPS = 9,
  HEADS = 2,
  PIXELS = 3 * PATCH * PATCH,
  DIM = 20,
  INNER = 70, /* two parts of a scan's gradient */
  STATES = 8,
  RANK = 3,
  WIDTH = RANK + 2 * STATES,
  CROSS_RANK = 2,
  CROSS_STATES = 1,
  CROSS_WIDTH = PANAMBA_WALKS * (CROSS_RANK + 2 * CROSS_STATES),
  KERNEL = 4,
  CLASSES = 11,
  ROWS = BATCH * LENGTH,
  NORM_PARTS = (ROWS + PANAMBA_NORM_PART_ROWS - 1) / PANAMBA_NORM_PART_ROWS,
  SCALE_PARTS = (ROWS + PANAMBA_SCALE_PART_ROWS - 1) / PANAMBA_SCALE_PART_ROWS,
  SCAN_PARTS = (INNER + PANAMBA_SCAN_PART_CHANNELS - 1) / PANAMBA_SCAN_PART_CHANNELS,
  INTERVAL = 16,
  CHUNKS = (LENGTH + INTERVAL - 1) / INTERVAL,
  MOST_STEPS = 121
};

/* Room for a packed matrix in every tier. */
#define PACKED(columns, depth) (((columns) + 64) * (depth))

/* What one direction learns. Gradients that an operation leaves in one part follow each other in its order. */
typedef struct {
  float a_log[STATES * INNER];
  float dt_weight[RANK * INNER];
  float dt_bias[INNER];
  float d[INNER];
  float conv[KERNEL * INNER];
  float conv_bias[INNER];
  float x[WIDTH * INNER];
} direction_weights;

/* What the cross scan learns, in its order too. */
typedef struct {
  float a_log[PANAMBA_WALKS * CROSS_STATES * DIM];
  float dt_weight[PANAMBA_WALKS * CROSS_RANK * DIM];
  float dt_bias[PANAMBA_WALKS * DIM];
  float d[PANAMBA_WALKS * DIM];
  float x[CROSS_WIDTH * DIM];
} cross_weights;

typedef struct {
  float patches[DIM * PIXELS];
  float patch_bias[DIM];
  float token[DIM];
  float norm[DIM];
  float norm_bias[DIM];
  float depthwise[TAPS * DIM];
  float depthwise_bias[DIM];
  float taps[TAPS * DIM * DIM]; /* (taps, channels, columns) */
  float taps_bias[DIM];
  float in[2 * INNER * DIM];
  direction_weights directions[2];
  float out[DIM * INNER];
  cross_weights cross;
  float scale[DIM];
  float head[CLASSES * DIM];
  float head_bias[CLASSES];
} network;

enum {
  PARAMETERS = sizeof(network) / sizeof(float),
  SCAN_PARAMETERS = (STATES + RANK + 2) * INNER,
  CONV_PARAMETERS = (KERNEL + 1) * INNER,
  CROSS_PARAMETERS = PANAMBA_WALKS * (CROSS_STATES + CROSS_RANK + 2) * DIM,
  SQUARES_PARTS = (PARAMETERS + PANAMBA_SQUARES_PART - 1) / PANAMBA_SQUARES_PART
};

typedef struct {
  float packed_x[PACKED(WIDTH, INNER)];
  float a[STATES * INNER];
  float u[ROWS * INNER];
  float projected[ROWS * WIDTH];
  float saved_states[BATCH * CHUNKS * STATES * INNER];
  float u_gradient[ROWS * INNER];
  float projected_parts[SCAN_PARTS * ROWS * WIDTH];
  float projected_gradient[ROWS * WIDTH];
  float scan_parts[BATCH * SCAN_PARAMETERS];
  float conv_parts[BATCH * CONV_PARAMETERS];
} direction_values;

/* What one caller writes, the parameters first. */
typedef struct {
  network parameters;
  network gradient;
  network first_moment;
  network second_moment;
  network average;
  direction_values directions[2];
  float packed_patches[PACKED(DIM, PIXELS)];
  float packed_in[PACKED(2 * INNER, DIM)];
  float packed_out[PACKED(DIM, INNER)];
  float packed_cross[PACKED(CROSS_WIDTH, DIM)];
  float packed_head[PACKED(CLASSES, DIM)];
  float residual[ROWS * DIM];
  float normed[ROWS * DIM];
  float packed_taps[TAPS * PACKED(DIM, DIM)];
  float packed_transposes[TAPS * PACKED(DIM, DIM)];
  float filtered[ROWS * DIM];
  float gated[ROWS * DIM];
  float merged[BATCH * MERGED * 4 * DIM];
  float unmerged[ROWS * DIM];
  float windows[BATCH * WINDOWS * DIM];
  float convolved[ROWS * DIM];
  float convolved_gradient[ROWS * DIM];
  float windows_gradient[BATCH * WINDOWS * DIM];
  float pooled_map_gradient[ROWS * DIM];
  float unmerged_gradient[ROWS * DIM];
  float merged_gradient[BATCH * MERGED * 4 * DIM];
  float gated_gradient[ROWS * DIM];
  float filtered_gradient[ROWS * DIM];
  float depthwise_gradient[ROWS * DIM];
  float depthwise_parts[BATCH * (TAPS + 1) * DIM];
  float xz[ROWS * 2 * INNER];
  float y[ROWS * INNER];
  float hidden[ROWS * DIM];
  float attended[ROWS * DIM];
  float attention_statistics[2 * HEADS * ROWS];
  float activated[ROWS * DIM];
  float cross_a[PANAMBA_WALKS * CROSS_STATES * DIM];
  float cross_projected[ROWS * CROSS_WIDTH];
  float cross_states[PANAMBA_WALKS * BATCH * CHUNKS * CROSS_STATES * DIM];
  float crossed[ROWS * DIM];
  float activated_gradient[ROWS * DIM];
  float cross_projected_gradient[ROWS * CROSS_WIDTH];
  float cross_parts[BATCH * CROSS_PARAMETERS];
  float attended_gradient[ROWS * DIM];
  float attention_gradients[3 * ROWS * DIM];
  float scaled[ROWS * DIM];
  float pooled[BATCH * DIM];
  float logits[BATCH * CLASSES];
  float losses[BATCH];
  float logits_gradient[BATCH * CLASSES];
  float pooled_gradient[BATCH * DIM];
  float hidden_gradient[ROWS * DIM];
  float y_gradient[ROWS * INNER];
  float y_again[ROWS * INNER];
  float xz_gradient[ROWS * 2 * INNER];
  float normed_gradient[ROWS * DIM];
  float residual_gradient[ROWS * DIM];
  float norm_parts[NORM_PARTS * 2 * DIM];
  float scale_parts[SCALE_PARTS * DIM];
  float patch_rows[ROWS * PIXELS];
  float patch_gradient[ROWS * PIXELS];
  float image_gradient[BATCH * 3 * SIDE * SIDE];
  float squares[SQUARES_PARTS];
  float clip[2];
} training_values;

/* What every caller reads. */
typedef struct {
  const float *image, *image_scale, *rates;
  int32_t *labels;
} training_batch;

typedef union {
  panamba_pack_args pack;
  panamba_patch_embedding_args embedding;
  panamba_norm_args norm;
  panamba_linear_args linear;
  panamba_causal_conv_args conv;
  panamba_selective_scan_args scan;
  panamba_pool_args pool;
  panamba_product_args product;
  panamba_sum_args sum;
  panamba_pointwise_args pointwise;
  panamba_scale_args scale;
  panamba_scale_gradient_args scale_gradient;
  panamba_scan_gradient_args scan_gradient;
  panamba_cross_scan_args cross_scan;
  panamba_cross_scan_gradient_args cross_scan_gradient;
  panamba_conv_gradient_args conv_gradient;
  panamba_norm_gradient_args norm_gradient;
  panamba_pool_gradient_args pool_gradient;
  panamba_patches_args patches;
  panamba_patches_gradient_args patches_gradient;
  panamba_conv2d_args conv2d;
  panamba_conv2d_gradient_args conv2d_gradient;
  panamba_depthwise_args depthwise;
  panamba_depthwise_gradient_args depthwise_gradient;
  panamba_gate_args gate;
  panamba_resize_args resize;
  panamba_resize_gradient_args resize_gradient;
  panamba_window_pool_args window_pool;
  panamba_window_pool_gradient_args window_pool_gradient;
  panamba_patch_merging_args merging;
  panamba_attention_args attention;
  panamba_attention_gradient_args attention_gradient;
  panamba_activation_gradient_args activation_gradient;
  panamba_cross_entropy_args cross_entropy;
  panamba_squares_args squares;
  panamba_clip_args clip;
  panamba_adamw_args adamw;
} arguments;

typedef struct {
  training_values values;
  arguments arguments[MOST_STEPS];
  panamba_step steps[MOST_STEPS];
  int count;
} training_program;

void write_training_program(training_program *p, const training_batch *b);

#endif
