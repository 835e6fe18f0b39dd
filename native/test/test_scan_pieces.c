/* The scan of a sequence in pieces, and of each channel alone, has the bits of one call. */
#include <string.h>

#include "harness.h"
#include "scan_case.h"

/* What the pieces of a sequence write, beside what the whole wrote. */
typedef struct {
  const panamba_selective_scan_args *whole;
  void *out;
  float *state[2]; /* a piece reads one and writes the other */
  int64_t state_count;
} pieces;

/* Rows [from, to) of one direction; `index` counts the direction's pieces. */
static void run_piece(pieces *p, int backward, int64_t from, int64_t to, int index) {
  panamba_selective_scan_args args = *p->whole;
  panamba_scan_direction *d = backward ? &args.backward : &args.forward;
  int last = backward || !args.backward.u; /* the last direction to write out */
  memset(backward ? &args.forward : &args.backward, 0, sizeof(panamba_scan_direction));
  args.length = to - from;
  args.out = place_of(p->out, args.dtype, from * args.channels);
  args.accumulate = args.accumulate || (backward && p->whole->forward.u);
  args.gate = last && args.gate ? place_of(args.gate, args.dtype, from * args.gate_row_stride) : 0;
  args.scale = last ? args.scale : 1;
  d->u = place_of(d->u, args.dtype, from * args.channels);
  d->projected = d->projected + from * args.projected_row_stride;
  d->initial_state = index ? p->state[(index - 1) % 2] : d->initial_state;
  d->final_state = p->state[index % 2];
  d->saved_states = 0;
  run_operation(PANAMBA_SELECTIVE_SCAN, &args);
}

/* Cuts before the rows cuts[0] < cuts[1] < ...; then compares everything with the whole. */
static void check_cut(pieces *p, const void *old_out, const int64_t *cuts, int count) {
  const panamba_selective_scan_args *whole = p->whole;
  int64_t elements = whole->length * whole->channels;
  memcpy(p->out, old_out, (size_t)(elements * bytes_of(whole->dtype)));
  if (whole->forward.u) {
    for (int i = 0; i <= count; i++) {
      run_piece(p, 0, i ? cuts[i - 1] : 0, i < count ? cuts[i] : whole->length, i);
    }
    check_same_bits("final forward state", p->state[count % 2], whole->forward.final_state, p->state_count);
  }
  if (whole->backward.u) {
    for (int i = 0; i <= count; i++) {
      int64_t to = i ? cuts[count - i] : whole->length;
      run_piece(p, 1, i < count ? cuts[count - 1 - i] : 0, to, i);
    }
    check_same_bits("final backward state", p->state[count % 2], whole->backward.final_state, p->state_count);
  }
  check_same_elements("out", whole->dtype, p->out, whole->out, elements);
}

/* Two pieces cut at every row, as many pieces as rows, and some cuts by chance. */
static void cut_everywhere(scan_shape s, placement where) {
  s.kept = 1;
#if defined(PANAMBA_TEST_CUDA)
  /* There the directions of one call meet in the middle, so that a sum's order, and in bfloat16 its rounding between
   * them, depends on the row. */
  if (s.run == BOTH) {
    s.dtype = PANAMBA_F32;
    s.accumulated = 0;
  }
#endif
  describe_scan("pieces", &s, where, 0);
  begin_case(where, 0);
  panamba_selective_scan_args whole = take_scan(&s, &ordinary_ranges);
  int64_t elements = s.length * s.channels;
  int64_t state_count = s.states * s.channels;
  void *old_out = take_output_of(s.dtype, elements);
  memcpy(old_out, whole.out, (size_t)(elements * bytes_of(s.dtype)));
  pieces p = {
      &whole, take_output_of(s.dtype, elements), {take_output(state_count), take_output(state_count)}, state_count};
  run_operation(PANAMBA_SELECTIVE_SCAN, &whole);
  check_cut(&p, old_out, 0, 0);
  int64_t step = s.length < 40 ? 1 : 7;
  for (int64_t cut = 1 + draw(step); cut < s.length; cut += step) {
    check_cut(&p, old_out, &cut, 1);
  }
  int64_t cuts[1100];
  int count = 0;
  for (int64_t cut = 1; cut < s.length; cut++) {
    if (s.length < 10 || draw(12) == 0) {
      cuts[count++] = cut;
    }
  }
  check_cut(&p, old_out, cuts, count);
  end_case();
}

static void pieces_have_the_bits_of_the_whole(void) {
  static const int64_t lengths[] = {1, 2, 3, 4, 5, 9, 16, 31, 33, 63, 64, 65, 127, 128, 129, 197};
  static const int64_t states[] = {1, 7, 8, 16, 17, 40, 64};
  for (size_t l = 0; l < COUNT(lengths); l++) {
    for (int repeat = 0; repeat < THIN(12, 4); repeat++) {
      placement where = draw(2) ? BEFORE_GUARD : AFTER_GUARD;
      cut_everywhere(draw_scan_shape(1, lengths[l], 1 + draw(40), PICK(states)), where);
    }
  }
}

/* The direction that comes second adds to what the first left, whichever it is. */
static void either_direction_comes_first(void) {
  for (int repeat = 0; repeat < THIN(40, 12); repeat++) {
    scan_shape s = draw_scan_shape(1 + draw(2), 1 + draw(140), 1 + draw(40), 1 + draw(40));
    s.run = BOTH;
    s.accumulated = 0;
    s.kept = 0;
    describe_scan("backward first", &s, IN_SENTINELS, 0);
    begin_case(IN_SENTINELS, 0);
    panamba_selective_scan_args args = take_scan(&s, &ordinary_ranges);
    run_once(PANAMBA_SELECTIVE_SCAN, &args);
    int64_t elements = s.batch * s.length * s.channels;
    panamba_selective_scan_args first = args;
    first.out = take_output_of(s.dtype, elements);
    first.gate = 0;
    first.scale = 1;
    memset(&first.forward, 0, sizeof first.forward);
    run_once(PANAMBA_SELECTIVE_SCAN, &first);
    panamba_selective_scan_args second = args;
    second.out = first.out;
    second.accumulate = 1;
    memset(&second.backward, 0, sizeof second.backward);
    run_once(PANAMBA_SELECTIVE_SCAN, &second);
    check_same_elements("out", s.dtype, second.out, args.out, elements);
    end_case();
  }
}

/* Column `channel` of a (rows, channels) matrix. */
static void *take_column(const void *matrix, int32_t dtype, int64_t rows, int64_t channels, int64_t channel) {
  if (!matrix) {
    return 0;
  }
  char *column = take_input_of(dtype, rows);
  size_t size = (size_t)bytes_of(dtype);
  for (int64_t i = 0; i < rows; i++) {
    memcpy(place_of(column, dtype, i), place_of(matrix, dtype, i * channels + channel), size);
  }
  return column;
}

static void narrow(panamba_scan_direction *d, const scan_shape *s, int64_t channel) {
  if (!d->u) {
    return;
  }
  d->u = take_column(d->u, s->dtype, s->length, s->channels, channel);
  d->dt_weight = take_column(d->dt_weight, PANAMBA_F32, s->dt_rank, s->channels, channel);
  d->dt_bias = take_column(d->dt_bias, PANAMBA_F32, 1, s->channels, channel);
  d->a = take_column(d->a, PANAMBA_F32, s->states, s->channels, channel);
  d->d = take_column(d->d, PANAMBA_F32, 1, s->channels, channel);
  d->initial_state = take_column(d->initial_state, PANAMBA_F32, s->states, s->channels, channel);
  d->final_state = 0;
}

/* Whatever its place in a vector, a channel has the bits that it has alone; also where a neighbour's exponents leave
 * the range in which exp2 needs no clamp. */
static void channels_are_independent(void) {
  for (int repeat = 0; repeat < THIN(30, 10); repeat++) {
    scan_shape s = draw_scan_shape(1, 1 + draw(140), 37, 1 + draw(40));
    s.spiked = (int)draw(2);
    s.accumulated = 0;
    for (int64_t channel = 0; channel < s.channels; channel += 1 + draw(4)) {
      describe_scan("each channel alone", &s, IN_SENTINELS, 0);
      begin_case(IN_SENTINELS, 0);
      panamba_selective_scan_args args = take_scan(&s, &ordinary_ranges);
      run_once(PANAMBA_SELECTIVE_SCAN, &args);
      panamba_selective_scan_args one = args;
      void *out = take_output_of(s.dtype, s.length);
      one.channels = 1;
      one.out = out;
      one.gate = args.gate ? place_of(args.gate, s.dtype, channel) : 0;
      narrow(&one.forward, &s, channel);
      narrow(&one.backward, &s, channel);
      run_once(PANAMBA_SELECTIVE_SCAN, &one);
      for (int64_t t = 0; t < s.length; t++) {
        const void *whole = place_of(args.out, s.dtype, t * s.channels + channel);
        check_same_elements("row", s.dtype, place_of(out, s.dtype, t), whole, 1);
      }
      end_case();
    }
  }
}

/* The last state may take the place of the first. */
static void states_in_place(void) {
  for (int repeat = 0; repeat < THIN(40, 12); repeat++) {
    scan_shape s = draw_scan_shape(1 + draw(3), 1 + draw(70), 1 + draw(40), 1 + draw(40));
    s.accumulated = 0;
    s.started = 1;
    s.kept = 1;
    describe_scan("states in place", &s, IN_SENTINELS, 0);
    begin_case(IN_SENTINELS, 0);
    panamba_selective_scan_args args = take_scan(&s, &ordinary_ranges);
    run_once(PANAMBA_SELECTIVE_SCAN, &args);
    panamba_selective_scan_args one = args;
    int64_t elements = s.batch * s.length * s.channels;
    int64_t state_count = s.batch * s.states * s.channels;
    one.out = take_output_of(s.dtype, elements);
    panamba_scan_direction *both[] = {&one.forward, &one.backward};
    for (size_t i = 0; i < COUNT(both); i++) {
      if (both[i]->u) {
        float *state = take_output(state_count);
        memcpy(state, both[i]->initial_state, (size_t)state_count * sizeof(float));
        both[i]->initial_state = state;
        both[i]->final_state = state;
      }
    }
    run_operation(PANAMBA_SELECTIVE_SCAN, &one);
    check_same_elements("out", s.dtype, one.out, args.out, elements);
    if (args.forward.u) {
      check_same_bits("forward state", one.forward.final_state, args.forward.final_state, state_count);
    }
    if (args.backward.u) {
      check_same_bits("backward state", one.backward.final_state, args.backward.final_state, state_count);
    }
    end_case();
  }
}

#if !defined(PANAMBA_TEST_CUDA)
/* A scan of the first rows, in the order of time, ends with the states that the whole scan saves there. */
static void check_saved(const panamba_selective_scan_args *whole, int backward, float *out, float *state) {
  const panamba_scan_direction *d = backward ? &whole->backward : &whole->forward;
  int64_t count = whole->states * whole->channels;
  for (int64_t k = 0; k * whole->saved_interval < whole->length; k++) {
    const float *saved = d->saved_states + k * count;
    if (k == 0) {
      for (int64_t i = 0; i < count; i++) {
        float wanted = d->initial_state ? d->initial_state[i] : 0;
        CHECK(saved[i] == wanted, "state %d before all is %g, not %g", (int)i, (double)saved[i], (double)wanted);
      }
      continue;
    }
    int64_t to = k * whole->saved_interval;
    pieces p = {whole, out, {state, state}, count};
    run_piece(&p, backward, backward ? whole->length - to : 0, backward ? whole->length : to, 0);
    check_same_bits("saved state", saved, state, count);
  }
}

/* Saving states changes nothing, and the states are those of pieces; a scale per image is as one of all. */
static void states_are_saved(void) {
  static const int64_t lengths[] = {1, 2, 15, 16, 17, 64, 65, 197};
  static const int64_t intervals[] = {1, 3, 16, 63, 64};
  for (size_t i = 0; i < COUNT(lengths) * COUNT(intervals); i++) {
    scan_shape s = draw_scan_shape(1, lengths[i / COUNT(intervals)], 1 + draw(40), 1 + draw(20));
    describe_scan("saved states", &s, IN_SENTINELS, 0);
    begin_case(IN_SENTINELS, 0);
    panamba_selective_scan_args args = take_scan(&s, &ordinary_ranges);
    panamba_selective_scan_args plain = args;
    int64_t elements = s.length * s.channels;
    plain.out = take_output_of(s.dtype, elements);
    memcpy(plain.out, args.out, (size_t)(elements * bytes_of(s.dtype)));
    const float *image_scale = take_filled(1, 0.5, 2);
    plain.scale *= *image_scale;
    args.image_scale = image_scale;
    args.saved_interval = (int32_t)intervals[i % COUNT(intervals)];
    int64_t count = s.states * s.channels;
    int64_t chunks = (s.length + args.saved_interval - 1) / args.saved_interval;
    args.forward.saved_states = s.run & FORWARD ? take_output(chunks * count) : 0;
    args.backward.saved_states = s.run & BACKWARD ? take_output(chunks * count) : 0;
    run_operation(PANAMBA_SELECTIVE_SCAN, &args);
    run_once(PANAMBA_SELECTIVE_SCAN, &plain);
    check_same_elements("out", s.dtype, args.out, plain.out, elements);
    for (int backward = 0; backward < 2; backward++) {
      if (s.run & (backward ? BACKWARD : FORWARD)) {
        float *state = take_output(count);
        void *out = take_output_of(s.dtype, elements);
        fill_elements(out, s.dtype, 0, elements, -1, 1);
        check_saved(&args, backward, out, state);
      }
    }
    end_case();
  }
}
#endif

static void test(void) {
  seed(9);
  pieces_have_the_bits_of_the_whole();
  either_direction_comes_first();
  channels_are_independent();
  states_in_place();
#if !defined(PANAMBA_TEST_CUDA)
  states_are_saved();
#endif
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }
