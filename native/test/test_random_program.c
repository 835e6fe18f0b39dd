/*
 * Random programs of several operations, each buffer beside a page that can't be touched: a program run whole, on any
 * number of threads and with steps side by side where they are independent, has the bits of its steps run one by one.
 */
#include <string.h>

#include "harness.h"
#include "memory.h"

enum { MOST_STEPS = 10, MOST_VALUES = 32, MOST_USES = 6 };

/* Rows of activations that a step has written: (batch * length, width). */
typedef struct {
  void *data;
  int64_t width;
  int32_t dtype;
} value;

typedef union {
  panamba_norm_args norm;
  panamba_linear_args linear;
  panamba_causal_conv_args conv;
  panamba_selective_scan_args scan;
  panamba_rotary_args rotary;
  panamba_attention_args attention;
  panamba_pool_args pool;
  panamba_conv2d_args conv2d;
  panamba_depthwise_args depthwise;
  panamba_gate_args gate;
  panamba_cross_scan_args cross;
  panamba_resize_args resize;
  panamba_window_pool_args windows;
  panamba_roi_align_args align;
} arguments;

/* What a step touches of what other steps write. */
typedef struct {
  const void *read[MOST_USES];
  const void *written[MOST_USES];
} uses;

typedef struct {
  int64_t batch;
  int64_t length;
  value values[MOST_VALUES];
  int64_t value_count;
  panamba_step steps[MOST_STEPS];
  arguments args[MOST_STEPS];
  uses uses[MOST_STEPS];
  int64_t step_count;
} program;

static int64_t rows_of(const program *p) { return p->batch * p->length; }

static void *add_value(program *p, int64_t width, int32_t dtype) {
  void *data = take_output_of(dtype, rows_of(p) * width);
  p->values[p->value_count++] = (value){data, width, dtype};
  return data;
}

/* A value by chance, of a width and a type if they are not -1; null if there is none. */
static const value *pick_value(const program *p, int64_t width, int32_t dtype) {
  int64_t first = draw(p->value_count);
  for (int64_t i = 0; i < p->value_count; i++) {
    const value *v = &p->values[(first + i) % p->value_count];
    if ((width < 0 || v->width == width) && (dtype < 0 || v->dtype == dtype)) {
      return v;
    }
  }
  return 0;
}

static void add_step(program *p, int32_t operation, arguments args, uses u) {
  int64_t i = p->step_count++;
  p->args[i] = args;
  p->steps[i] = (panamba_step){&p->args[i], operation, 0};
  p->uses[i] = u;
}

static void add_norm(program *p) {
  const value *residual = pick_value(p, -1, PANAMBA_F32);
  if (!residual) {
    return;
  }
  const value *addend = pick_value(p, residual->width, PANAMBA_F32);
  panamba_norm_args args = {.residual = residual->data,
                            .rows = rows_of(p),
                            .dim = residual->width,
                            .residual_row_stride = residual->width,
                            .residual_scale = 1,
                            .eps = 1e-5f,
                            .kind = (int32_t)draw(2),
                            .dtype = draw_dtype()};
  args.addend = addend->data != residual->data && draw(2) ? addend->data : 0;
  args.weight = take_filled(args.dim, 0.5, 1.5);
  args.bias = draw(2) ? take_filled(args.dim, -1, 1) : 0;
  args.out = add_value(p, args.dim, args.dtype);
  const void *changed = args.addend ? args.residual : 0;
  add_step(p, PANAMBA_NORM, (arguments){.norm = args}, (uses){{args.residual, args.addend}, {args.out, changed}});
}

/* `columns` and the type of the result are drawn if they are -1. */
static const void *add_linear(program *p, const value *input, int64_t columns, int32_t out_dtype) {
  panamba_linear_args args = {.input = input->data,
                              .rows = rows_of(p),
                              .depth = input->width,
                              .columns = columns < 0 ? 1 + draw(70) : columns,
                              .input_row_stride = input->width,
                              .dtype = input->dtype,
                              .out_dtype = out_dtype < 0 ? draw_dtype() : out_dtype,
                              .activation = out_dtype < 0 ? (int32_t)draw(4) : PANAMBA_ACTIVATION_NONE};
  args.out_row_stride = args.columns;
  double range = 1.0 / (double)args.depth;
  args.weight =
      take_packed_of(args.dtype, take_filled(args.columns * args.depth, -range, range), args.columns, args.depth);
  args.bias = draw(2) ? take_filled(args.columns, -1, 1) : 0;
  const value *sum = out_dtype < 0 && draw(2) ? pick_value(p, args.columns, args.out_dtype) : 0;
  args.accumulate = sum && sum->data != input->data ? 1 : 0;
  args.out = args.accumulate != 0 ? sum->data : add_value(p, args.columns, args.out_dtype);
  add_step(p, PANAMBA_LINEAR, (arguments){.linear = args},
           (uses){{args.input, args.accumulate != 0 ? args.out : 0}, {args.out}});
  return args.out;
}

static void add_convolution(program *p) {
  const value *x = pick_value(p, -1, -1);
  panamba_causal_conv_args args = {.x = x->data,
                                   .batch = p->batch,
                                   .length = p->length,
                                   .channels = x->width,
                                   .x_row_stride = x->width,
                                   .x_batch_stride = p->length * x->width,
                                   .kernel = 2 + (int32_t)draw(3),
                                   .dtype = x->dtype};
  int64_t which = 1 + draw(3);
  panamba_conv_direction *directions[] = {&args.forward, &args.backward};
  for (int i = 0; i < 2; i++) {
    if (which & 1 << i) {
      directions[i]->weight = take_filled(args.kernel * args.channels, -0.5, 0.5);
      directions[i]->bias = draw(2) ? take_filled(args.channels, -1, 1) : 0;
      directions[i]->out = add_value(p, args.channels, args.dtype);
    }
  }
  add_step(p, PANAMBA_CAUSAL_CONV, (arguments){.conv = args}, (uses){{args.x}, {args.forward.out, args.backward.out}});
}

static panamba_scan_direction draw_direction(program *p, const value *u, int64_t states, int64_t rank) {
  return (panamba_scan_direction){.u = u->data,
                                  .projected = add_linear(p, u, rank + 2 * states, PANAMBA_F32),
                                  .dt_weight = take_filled(rank * u->width, -0.5, 0.5),
                                  .dt_bias = draw(2) ? take_filled(u->width, -4, -1) : 0,
                                  .a = take_filled(states * u->width, -20, -0.5),
                                  .d = draw(2) ? take_filled(u->width, -1, 1) : 0};
}

/* The projections of its directions, and the scan. */
static void add_scan(program *p) {
  int64_t states = draw(2) ? 16 : 1 + draw(20);
  int64_t rank = 1 + draw(14);
  const value *u = pick_value(p, -1, -1);
  const value *gate = draw(2) ? pick_value(p, u->width, u->dtype) : 0;
  panamba_selective_scan_args args = {.gate = gate ? gate->data : 0,
                                      .batch = p->batch,
                                      .length = p->length,
                                      .channels = u->width,
                                      .states = states,
                                      .dt_rank = rank,
                                      .projected_row_stride = rank + 2 * states,
                                      .gate_row_stride = u->width,
                                      .scale = 0.5f,
                                      .dtype = u->dtype};
  int64_t which = 1 + draw(3);
  if (which & 1) {
    args.forward = draw_direction(p, u, states, rank);
  }
  if (which & 2) {
    args.backward = draw_direction(p, u, states, rank);
  }
  args.out = add_value(p, args.channels, args.dtype);
  add_step(p, PANAMBA_SELECTIVE_SCAN, (arguments){.scan = args},
           (uses){{u->data, args.gate, args.forward.projected, args.backward.projected}, {args.out}});
}

static void add_rotary(program *p) {
  const value *x = pick_value(p, -1, PANAMBA_F32);
  if (!x || x->width % 2) {
    return;
  }
  panamba_rotary_args args = {
      .x = x->data, .batch = p->batch, .length = p->length, .dim = x->width, .first = draw(p->length)};
  args.positions = 1 + draw(p->length - args.first);
  args.cos = take_filled(args.positions * args.dim, -1, 1);
  args.sin = take_filled(args.positions * args.dim, -1, 1);
  args.out = draw(2) ? x->data : add_value(p, args.dim, PANAMBA_F32);
  add_step(p, PANAMBA_ROTARY, (arguments){.rotary = args}, (uses){{args.x}, {args.out}});
}

/* Of heads that divide the width; q, k and v may be one. */
static void add_attention(program *p) {
  const value *q = pick_value(p, -1, -1);
  const value *k = pick_value(p, q->width, q->dtype);
  const value *v = pick_value(p, q->width, q->dtype);
  int64_t heads = q->width % 3 == 0 ? 3 : q->width % 2 == 0 ? 2 : 1;
  panamba_attention_args args = {.q = q->data,
                                 .k = k->data,
                                 .v = v->data,
                                 .batch = p->batch,
                                 .queries = draw(2) ? p->length : 1 + draw(p->length),
                                 .length = p->length,
                                 .heads = heads,
                                 .head_dim = q->width / heads,
                                 .q_row_stride = q->width,
                                 .k_row_stride = q->width,
                                 .v_row_stride = q->width,
                                 .out_row_stride = q->width,
                                 .scale = 0.5f,
                                 .dtype = q->dtype};
  /* The rows of fewer queries are no input of other steps. */
  args.out = args.queries == p->length ? add_value(p, q->width, args.dtype)
                                       : take_output_of(args.dtype, p->batch * args.queries * q->width);
  add_step(p, PANAMBA_ATTENTION, (arguments){.attention = args}, (uses){{args.q, args.k, args.v}, {args.out}});
}

static void add_pool(program *p) {
  const value *input = pick_value(p, -1, PANAMBA_F32);
  if (!input) {
    return;
  }
  panamba_pool_args args = {.input = input->data,
                            .out = take_output(p->batch * input->width),
                            .batch = p->batch,
                            .length = p->length,
                            .dim = input->width,
                            .first = draw(p->length),
                            .step = 1,
                            .kind = (int32_t)draw(2)};
  args.count = 1 + draw(p->length - args.first);
  add_step(p, PANAMBA_POOL, (arguments){.pool = args}, (uses){{args.input}, {args.out}});
}

/* The rows of a sequence as a grid. */
static int64_t height_of(const program *p) { return p->length % 3 == 0 ? 3 : p->length % 2 == 0 ? 2 : 1; }

static void add_conv2d(program *p) {
  const value *x = pick_value(p, -1, -1);
  panamba_conv2d_args args = {.input = x->data,
                              .batch = p->batch,
                              .height = height_of(p),
                              .width = p->length / height_of(p),
                              .channels = x->width,
                              .columns = 1 + draw(40),
                              .kernel_height = 1,
                              .kernel_width = 3,
                              .stride = 1,
                              .input_pixel_stride = x->width,
                              .dtype = x->dtype,
                              .out_dtype = draw_dtype(),
                              .activation = (int32_t)draw(4)};
  /* A padding is one of both sides: kernels of 3 x 3 keep the size, of 1 x 1 too. */
  int64_t side = draw(2) ? 3 : 1;
  args.kernel_height = args.kernel_width = side;
  args.padding = side / 2;
  args.out_height = args.height;
  args.out_width = args.width;
  double range = 1.0 / (double)(args.channels * side * side);
  args.weight = take_packed_taps(args.dtype, take_filled(side * side * args.columns * args.channels, -range, range),
                                 side * side, args.columns, args.channels);
  args.bias = draw(2) ? take_filled(args.columns, -1, 1) : 0;
  args.out = add_value(p, args.columns, args.out_dtype);
  add_step(p, PANAMBA_CONV2D, (arguments){.conv2d = args}, (uses){{args.input}, {args.out}});
}

static void add_depthwise(program *p) {
  static const int32_t sides[] = {3, 5, 7};
  const value *x = pick_value(p, -1, -1);
  const value *gate = draw(2) ? pick_value(p, x->width, x->dtype) : 0;
  panamba_depthwise_args args = {.x = x->data,
                                 .gate = gate ? gate->data : 0,
                                 .batch = p->batch,
                                 .height = height_of(p),
                                 .width = p->length / height_of(p),
                                 .channels = x->width,
                                 .x_pixel_stride = x->width,
                                 .gate_pixel_stride = x->width,
                                 .out_pixel_stride = x->width,
                                 .side = PICK(sides),
                                 .dtype = x->dtype,
                                 .activation = (int32_t)draw(4)};
  args.weight = take_filled(args.side * args.side * x->width, -0.2, 0.2);
  args.bias = draw(2) ? take_filled(x->width, -1, 1) : 0;
  args.out = gate && gate->data != x->data && draw(2) ? gate->data : add_value(p, x->width, x->dtype);
  add_step(p, PANAMBA_DEPTHWISE, (arguments){.depthwise = args}, (uses){{args.x, args.gate}, {args.out}});
}

static void add_gate(program *p) {
  const value *x = pick_value(p, -1, -1);
  const value *gate = pick_value(p, x->width, x->dtype);
  panamba_gate_args args = {.gate = gate->data,
                            .x = x->data,
                            .rows = rows_of(p),
                            .columns = x->width,
                            .gate_row_stride = x->width,
                            .x_row_stride = x->width,
                            .out_row_stride = x->width,
                            .dtype = x->dtype};
  args.out = draw(2) ? gate->data : add_value(p, x->width, x->dtype);
  add_step(p, PANAMBA_GATE, (arguments){.gate = args}, (uses){{args.x, args.gate}, {args.out}});
}

/* The projection of all walks, and the cross scan over rows as pixels. */
static void add_cross_scan(program *p) {
  int64_t states = draw(2) ? 1 : 1 + draw(6);
  int64_t rank = 1 + draw(8);
  const value *u = pick_value(p, -1, -1);
  panamba_cross_scan_args args = {.u = u->data,
                                  .batch = p->batch,
                                  .height = p->length % 3 ? p->length % 2 ? p->length : 2 : 3,
                                  .channels = u->width,
                                  .states = states,
                                  .dt_rank = rank,
                                  .projected_row_stride = PANAMBA_WALKS * (rank + 2 * states),
                                  .walks = (int32_t)draw(3),
                                  .dtype = u->dtype};
  args.width = p->length / args.height;
  args.projected = add_linear(p, u, args.projected_row_stride, PANAMBA_F32);
  args.dt_weight = take_filled(PANAMBA_WALKS * rank * u->width, -0.5, 0.5);
  args.dt_bias = draw(2) ? take_filled(PANAMBA_WALKS * u->width, -4, -1) : 0;
  args.a = take_filled(PANAMBA_WALKS * states * u->width, -20, -0.5);
  args.d = draw(2) ? take_filled(PANAMBA_WALKS * u->width, -1, 1) : 0;
  args.out = add_value(p, args.channels, PANAMBA_F32);
  add_step(p, PANAMBA_CROSS_SCAN, (arguments){.cross = args}, (uses){{u->data, args.projected}, {args.out}});
}

/* A grid whose sides are exchanged, so that it has as many pixels: of side 3 if there are nine products. */
static void add_resize(program *p) {
  const value *x = pick_value(p, -1, PANAMBA_F32);
  if (!x) {
    return;
  }
  panamba_resize_args args = {.x = x->data,
                              .batch = p->batch,
                              .height = height_of(p),
                              .width = p->length / height_of(p),
                              .channels = x->width,
                              .x_pixel_stride = x->width,
                              .side = 1,
                              .corners = (int32_t)draw(2),
                              .activation = (int32_t)draw(4)};
  if (x->width >= 9 && draw(2)) {
    args.side = 3;
    args.channels = x->width / 9;
  }
  args.out_height = args.width;
  args.out_width = args.height;
  args.out_pixel_stride = args.channels;
  const value *sum = draw(2) ? pick_value(p, args.channels, PANAMBA_F32) : 0;
  args.accumulate = sum && sum->data != x->data ? 0.5f : 0;
  args.out = args.accumulate != 0 ? sum->data : add_value(p, args.channels, PANAMBA_F32);
  add_step(p, PANAMBA_RESIZE, (arguments){.resize = args},
           (uses){{args.x, args.accumulate != 0 ? args.out : 0}, {args.out}});
}

/* Windows of a mean, as many as there are pixels, or of a maximum: fewer pixels are no input of other steps. */
static void add_window_pool(program *p) {
  const value *x = pick_value(p, -1, PANAMBA_F32);
  if (!x) {
    return;
  }
  panamba_window_pool_args args = {.x = x->data,
                                   .batch = p->batch,
                                   .height = height_of(p),
                                   .width = p->length / height_of(p),
                                   .channels = x->width,
                                   .x_pixel_stride = x->width,
                                   .out_pixel_stride = x->width,
                                   .kind = (int32_t)draw(2)};
  if (args.kind == PANAMBA_POOL_MEAN) {
    args.out_height = args.width;
    args.out_width = args.height;
    args.out = add_value(p, x->width, PANAMBA_F32);
  } else {
    args.window = 1 + draw(args.height < args.width ? args.height : args.width);
    args.stride = 1 + draw(3);
    args.out_height = (args.height - args.window) / args.stride + 1;
    args.out_width = (args.width - args.window) / args.stride + 1;
    args.out = take_output(p->batch * args.out_height * args.out_width * x->width);
  }
  add_step(p, PANAMBA_WINDOW_POOL, (arguments){.windows = args}, (uses){{args.x}, {args.out}});
}

/* Boxes of the first image. Some have a level that is none. */
static void add_roi_align(program *p) {
  const value *x = pick_value(p, -1, PANAMBA_F32);
  if (!x) {
    return;
  }
  panamba_roi_align_args args = {.maps = {x->data, x->data},
                                 .heights = {height_of(p), p->length},
                                 .widths = {p->length / height_of(p), 1},
                                 .channels = x->width,
                                 .count = 1 + draw(5),
                                 .scales = {1, 0.5f},
                                 .levels = 2,
                                 .side = 1 + (int32_t)draw(4)};
  float *boxes = take_filled(args.count * 5, -2, 14);
  for (int64_t i = 0; i < args.count; i++) {
    boxes[i * 5 + 4] = (float)draw(3);
  }
  args.boxes = boxes;
  args.out = take_output(args.count * args.side * args.side * x->width);
  add_step(p, PANAMBA_ROI_ALIGN, (arguments){.align = args}, (uses){{x->data}, {args.out}});
}

static int overlaps(const void *const *some, const void *const *others) {
  for (int i = 0; i < MOST_USES; i++) {
    for (int j = 0; j < MOST_USES; j++) {
      if (some[i] && some[i] == others[j]) {
        return 1;
      }
    }
  }
  return 0;
}

static int independent(const uses *a, const uses *b) {
  return !overlaps(a->written, b->written) && !overlaps(a->written, b->read) && !overlaps(a->read, b->written);
}

/* Marks steps that run with the next, by chance, where a step is independent of all that it would run with. */
static int64_t run_side_by_side(program *p) {
  int64_t together = 0;
  int64_t first = 0;
  for (int64_t i = 1; i < p->step_count; i++) {
    int free = draw(4) > 0;
    for (int64_t k = first; k < i; k++) {
      free = free && independent(&p->uses[k], &p->uses[i]);
    }
    p->steps[i - 1].with_next = free;
    together += free;
    first = free ? first : i;
  }
  return together;
}

static void draw_program(program *p) {
  memset(p, 0, sizeof *p);
  p->batch = 1 + draw(3);
  p->length = 1 + draw(40);
  for (int i = 0; i < 2; i++) {
    int64_t width = 1 + draw(50);
    int32_t dtype = i ? draw_dtype() : PANAMBA_F32;
    void *data = add_value(p, width, dtype);
    fill_elements(data, dtype, 0, rows_of(p) * width, -1, 1);
  }
  while (p->step_count < MOST_STEPS - 3) {
    switch (draw(15)) {
      case 0: add_norm(p); break;
      case 1: add_convolution(p); break;
      case 2: add_scan(p); break;
      case 3: add_rotary(p); break;
      case 4: add_pool(p); break;
      case 5: add_attention(p); break;
      case 6: add_conv2d(p); break;
      case 7: add_depthwise(p); break;
      case 8: add_gate(p); break;
      case 9: add_cross_scan(p); break;
      case 10: add_resize(p); break;
      case 11: add_window_pool(p); break;
      case 12: add_roi_align(p); break;
      default: add_linear(p, pick_value(p, -1, -1), -1, -1); break;
    }
  }
}

static void test(void) {
  static program p;
  int64_t together = 0;
  seed(10);
  for (int i = 0; i < THIN(3000, 100); i++) {
    placement where = draw(2) ? BEFORE_GUARD : AFTER_GUARD;
    describe("random program %d, placed %d", i, where);
    begin_case(where, 0);
    draw_program(&p);
    together += run_side_by_side(&p);
    run_program(p.steps, p.step_count);
    end_case();
  }
  CHECK(together > 0, "no steps ran side by side");
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
