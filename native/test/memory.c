#include "memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"

#if defined(PANAMBA_TEST_SANITIZED)
#include <sanitizer/asan_interface.h>
#define MARGIN 0
#else
#define MARGIN 128
#endif

#define SENTINEL 0xa5
#define MOST_BLOCKS 1024
#define MOST_REGIONS 1024

typedef struct {
  char *base; /* of everything that belongs to the block and may be touched */
  char *data;
  size_t total;
  size_t bytes;
  char *before; /* copies of data before the first and after the first run */
  char *after;
  int is_input;
} block;

/* Pages between two that can't be touched, kept for reuse. */
typedef struct {
  char *base;
  size_t bytes;
  int is_free;
} region;

static block blocks[MOST_BLOCKS];
static int block_count;
static region regions[MOST_REGIONS];
static int region_count;
static placement current_placement;
static int current_misalignment; /* in elements */

void begin_case(placement where, int misalignment) {
  current_placement = where;
  current_misalignment = misalignment;
}

static void *checked(void *memory) {
  if (!memory) {
    failed(__FILE__, __LINE__, "no memory for the test itself");
    exit(1);
  }
  return memory;
}

static char *take_region(size_t bytes) {
  for (int i = 0; i < region_count; i++) {
    if (regions[i].is_free && regions[i].bytes == bytes) {
      regions[i].is_free = 0;
      return regions[i].base;
    }
  }
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *base = mmap(0, bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED || mprotect(base + page, bytes, PROT_READ | PROT_WRITE)) {
    checked(0);
  }
  if (region_count < MOST_REGIONS) {
    regions[region_count++] = (region){base + page, bytes, 0};
  }
  return base + page;
}

static void place_in_region(block *b) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  b->total = (b->bytes + page - 1) / page * page;
  b->base = take_region(b->total);
  b->data = current_placement == BEFORE_GUARD ? b->base + b->total - b->bytes : b->base;
}

static void place_in_heap(block *b, int32_t dtype) {
  size_t alignment = PANAMBA_ALIGNMENT;
  size_t lead = MARGIN + (size_t)(current_misalignment * bytes_of(dtype));
  b->total = lead + b->bytes + MARGIN;
#if defined(PANAMBA_TEST_SANITIZED)
  if (posix_memalign((void **)&b->base, alignment, b->total)) {
    checked(0);
  }
#else
  b->base = checked(aligned_alloc(alignment, (b->total + alignment - 1) / alignment * alignment));
#endif
  b->data = b->base + lead;
}

static block *take(int64_t bytes, int32_t dtype) {
  if (block_count == MOST_BLOCKS || bytes <= 0) {
    checked(0);
  }
  block *b = &blocks[block_count++];
  *b = (block){.bytes = (size_t)bytes};
  if (current_placement == IN_SENTINELS) {
    place_in_heap(b, dtype);
  } else {
    place_in_region(b);
  }
  memset(b->base, SENTINEL, b->total);
#if defined(PANAMBA_TEST_SANITIZED)
  ASAN_POISON_MEMORY_REGION(b->base, (size_t)(b->data - b->base));
#endif
  return b;
}

static void *take_elements(int32_t dtype, int64_t count, int is_input) {
  block *b = take(count * bytes_of(dtype), dtype);
  b->is_input = is_input;
  for (int64_t i = 0; i < count; i++) {
    set_element(b->data, dtype, i, NAN);
  }
  return b->data;
}

void *take_input_of(int32_t dtype, int64_t count) { return take_elements(dtype, count, 1); }

float *take_input(int64_t count) { return take_input_of(PANAMBA_F32, count); }

void *take_output_of(int32_t dtype, int64_t count) { return take_elements(dtype, count, 0); }

void *take_space(int64_t bytes) {
  block *b = take(bytes, PANAMBA_F32);
  memset(b->data, 0xff, b->bytes);
  return b->data;
}

float *take_output(int64_t count) { return take_output_of(PANAMBA_F32, count); }

void *take_rows_of(int32_t dtype, int64_t rows, int64_t width, int64_t stride, double low, double high) {
  void *values = take_input_of(dtype, (rows - 1) * stride + width);
  for (int64_t row = 0; row < rows; row++) {
    fill_elements(values, dtype, row * stride, width, low, high);
  }
  return values;
}

float *take_rows(int64_t rows, int64_t width, int64_t stride, double low, double high) {
  return take_rows_of(PANAMBA_F32, rows, width, stride, low, high);
}

void *take_filled_of(int32_t dtype, int64_t count, double low, double high) {
  return take_rows_of(dtype, 1, count, count, low, high);
}

float *take_filled(int64_t count, double low, double high) { return take_filled_of(PANAMBA_F32, count, low, high); }

static void *take_input_bytes(int64_t bytes, int32_t dtype) {
  block *b = take(bytes, dtype);
  b->is_input = 1;
  return b->data;
}

void *take_bytes(int64_t bytes) { return take_input_bytes(bytes, PANAMBA_F32); }

uint8_t *take_pixels(int64_t count) {
  uint8_t *pixels = take_bytes(count);
  for (int64_t i = 0; i < count; i++) {
    pixels[i] = (uint8_t)draw(256);
  }
  return pixels;
}

void *take_packed_taps(int32_t dtype, const float *weight, int64_t taps, int64_t columns, int64_t depth) {
  int64_t bytes = panamba_packed_size(columns, depth, dtype);
  CHECK(bytes > 0, "a matrix of (%lld, %lld) can't be packed", (long long)columns, (long long)depth);
  char *packed = take_input_bytes(taps * bytes, dtype);
  for (int64_t tap = 0; tap < taps; tap++) {
    panamba_pack_args args = {.source = weight + tap * columns * depth,
                              .packed = packed + tap * bytes,
                              .columns = columns,
                              .depth = depth,
                              .column_stride = depth,
                              .depth_stride = 1,
                              .source_dtype = PANAMBA_F32,
                              .dtype = dtype};
    CHECK(panamba_pack(&args, 0, 0, 0) == PANAMBA_OK, "pack: %s", panamba_message());
  }
  return packed;
}

void *take_packed_of(int32_t dtype, const float *weight, int64_t columns, int64_t depth) {
  return take_packed_taps(dtype, weight, 1, columns, depth);
}

void *take_packed(const float *weight, int64_t columns, int64_t depth) {
  return take_packed_of(PANAMBA_F32, weight, columns, depth);
}

static const block *block_of(const void *data) {
  for (int i = 0; i < block_count; i++) {
    if (blocks[i].data == data) {
      return &blocks[i];
    }
  }
  failed(__FILE__, __LINE__, "the test asks for a buffer that it did not take");
  exit(1);
}

char *surroundings_of(const void *pointer, size_t *bytes) {
  const char *place = pointer;
  for (int i = 0; i < block_count; i++) {
    const block *b = &blocks[i];
    if (place >= b->data && place < b->data + b->bytes) {
      *bytes = b->total;
      return b->base;
    }
  }
  return 0;
}

const void *before_run(const void *buffer) { return block_of(buffer)->before; }

void check_gaps(const char *what, const void *buffer, int32_t dtype, int64_t rows, int64_t width, int64_t stride) {
  const void *before = before_run(buffer);
  for (int64_t row = 0; row + 1 < rows && stride > width; row++) {
    int64_t gap = row * stride + width;
    check_same_elements(what, dtype, place_of(buffer, dtype, gap), place_of(before, dtype, gap), stride - width);
  }
}

static int is_sentinel(const char *from, const char *to) {
  while (from < to && (unsigned char)*from == SENTINEL) {
    from++;
  }
  return from == to;
}

static void check_surroundings(const block *b) {
#if defined(PANAMBA_TEST_SANITIZED)
  if (current_placement == IN_SENTINELS) {
    return;
  }
  ASAN_UNPOISON_MEMORY_REGION(b->base, (size_t)(b->data - b->base));
#endif
  CHECK(is_sentinel(b->base, b->data), "something was written before a buffer of %zu bytes", b->bytes);
  CHECK(is_sentinel(b->data + b->bytes, b->base + b->total), "something was written after a buffer of %zu bytes",
        b->bytes);
}

static void free_block(block *b) {
  free(b->before);
  free(b->after);
  if (current_placement == IN_SENTINELS) {
#if defined(PANAMBA_TEST_SANITIZED)
    ASAN_UNPOISON_MEMORY_REGION(b->base, b->total);
#endif
    free(b->base);
    return;
  }
  for (int i = 0; i < region_count; i++) {
    if (regions[i].base == b->base) {
      regions[i].is_free = 1;
      return;
    }
  }
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  munmap(b->base - page, b->total + 2 * page);
}

void end_case(void) {
  for (int i = 0; i < block_count; i++) {
    check_surroundings(&blocks[i]);
    free_block(&blocks[i]);
  }
  block_count = 0;
}

static void copy_all(int after) {
  for (int i = 0; i < block_count; i++) {
    char **copy = after ? &blocks[i].after : &blocks[i].before;
    if (!*copy) {
      *copy = checked(malloc(blocks[i].bytes));
    }
    memcpy(*copy, blocks[i].data, blocks[i].bytes);
  }
}

void run_once(int32_t operation, const void *args) {
  panamba_step step = {args, operation, 0};
  copy_all(0);
  int32_t status = panamba_run(executor_of(1), &step, 1, 0, 0, 0, 0, 0, 0);
  CHECK(status == PANAMBA_OK, "status %d: %s", status, panamba_message());
}

void run_refused(const char *what, const char *named, const panamba_step *steps, int64_t count) {
  copy_all(0);
  for (int threads = 1; threads <= EXECUTORS; threads++) {
    int32_t status = panamba_run(executor_of(threads), steps, count, 0, 0, 0, 0, 0, 0);
    CHECK(status == PANAMBA_INVALID_ARGUMENT, "%s: status %d", what, status);
    CHECK(strstr(panamba_message(), named), "%s: '%s' is not named in '%s'", what, named, panamba_message());
    for (int i = 0; i < block_count; i++) {
      CHECK(memcmp(blocks[i].before, blocks[i].data, blocks[i].bytes) == 0, "%s: buffer %d has changed", what, i);
    }
  }
}

/* Every buffer that runs may write, as it was before the first. */
static void restore_all(void) {
  for (int i = 0; i < block_count; i++) {
    if (!blocks[i].is_input) {
      memcpy(blocks[i].data, blocks[i].before, blocks[i].bytes);
    }
  }
}

void run_program(const panamba_step *steps, int64_t count) {
  copy_all(0);
  for (int64_t i = 0; i < count; i++) {
    panamba_step alone = {steps[i].args, steps[i].operation, 0};
    int32_t status = panamba_run(executor_of(1), &alone, 1, 0, 0, 0, 0, 0, 0);
    CHECK(status == PANAMBA_OK, "step %d: status %d: %s", (int)i, status, panamba_message());
  }
  copy_all(1);
  for (int i = 0; i < block_count; i++) {
    CHECK(!blocks[i].is_input || memcmp(blocks[i].before, blocks[i].after, blocks[i].bytes) == 0,
          "input buffer %d of %zu bytes has changed", i, blocks[i].bytes);
  }
  for (int threads = count > 1 ? 1 : 2; threads <= EXECUTORS; threads++) {
    restore_all();
    int32_t status = panamba_run(executor_of(threads), steps, count, 0, 0, 0, 0, 0, 0);
    CHECK(status == PANAMBA_OK, "status %d: %s", status, panamba_message());
    for (int i = 0; i < block_count; i++) {
      CHECK(memcmp(blocks[i].data, blocks[i].after, blocks[i].bytes) == 0,
            "%d threads give other bits in buffer %d of %zu bytes", threads, i, blocks[i].bytes);
    }
  }
}

void run_operation(int32_t operation, const void *args) {
  panamba_step step = {args, operation, 0};
  run_program(&step, 1);
}
