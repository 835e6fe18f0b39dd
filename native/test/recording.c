#include "recording.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "element.h"
#include "operations.h"
#include "panamba.h"
#include "panamba_training.h"

#define WORD 8
#define NAME_BYTES 32
#define LARGEST_ALIGNMENT 8

/* Far above what networks of tests take. */
#define MOST_BYTES ((int64_t)1 << 30)

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "recordings are little-endian"
#endif
_Static_assert(sizeof(void *) == WORD, "structs are recorded with pointers of 64 bits");
_Static_assert(sizeof(recorded_pointer) == 3 * WORD, "pointers are read in place");

#define ARGUMENT_SIZE(code, name, type) (int64_t)sizeof(type),
static const int64_t argument_sizes[] = {PANAMBA_CPU_OPERATIONS(ARGUMENT_SIZE)};

/* What is still to be read. The first failure stays; afterwards everything reads as zeros. */
typedef struct {
  const char *next;
  int64_t left;
  const char *failure;
} reader;

static int refuse(reader *r, const char *failure) {
  r->failure = r->failure ? r->failure : failure;
  return 0;
}

static const void *take_blob(reader *r, int64_t bytes) {
  if (r->failure || bytes < 0 || bytes > r->left) {
    refuse(r, "the file ends too early");
    return 0;
  }
  int64_t padded = (bytes + WORD - 1) / WORD * WORD;
  const char *blob = r->next;
  for (int64_t i = bytes; i < padded; i++) {
    if (blob[i] != 0) {
      refuse(r, "what pads a blob is not zero");
      return 0;
    }
  }
  r->next += padded;
  r->left -= padded;
  return blob;
}

static int64_t take_word(reader *r) {
  int64_t word = 0;
  const void *place = take_blob(r, WORD);
  if (place) {
    memcpy(&word, place, WORD);
  }
  return word;
}

static int64_t take_number(reader *r, int64_t least, int64_t most, const char *failure) {
  int64_t number = take_word(r);
  if (number < least || number > most) {
    refuse(r, failure);
  }
  return r->failure ? least : number;
}

/* The number of things of at least a word each, so that a wrong one asks for no more memory than the file is long. */
static int64_t take_count(reader *r, const char *failure) { return take_number(r, 1, r->left / WORD, failure); }

static int32_t take_type(reader *r) {
  return (int32_t)take_number(r, PANAMBA_F32, PANAMBA_BF16, "there is no such element type");
}

static void read_matrices(reader *r, recorded_region *region) {
  region->dtype = take_type(r);
  int64_t elements = r->left / bytes_of(region->dtype);
  region->count = take_number(r, 1, elements, "there are no such matrices");
  region->columns = take_number(r, 1, elements, "a matrix has no such columns");
  region->depth = take_number(r, 1, elements / region->columns, "a matrix has no such depth");
  int64_t bytes = region->columns * region->depth * bytes_of(region->dtype);
  region->data = take_blob(r, bytes);
  region->stride = (bytes + WORD - 1) / WORD * WORD;
  for (int64_t i = 1; i < region->count && !r->failure; i++) {
    take_blob(r, bytes);
  }
}

static void read_region(reader *r, recorded_region *region) {
  region->kind = (recorded_kind)take_number(r, RECORDED_CONSTANT, RECORDED_MATRICES, "there is no such kind of region");
  if (region->kind == RECORDED_MATRICES) {
    read_matrices(r, region);
    return;
  }
  int64_t alignment = take_number(r, 1, LARGEST_ALIGNMENT, "there is no such alignment");
  region->bytes = take_number(r, 1, MOST_BYTES, "a region has no such size");
  if ((alignment & (alignment - 1)) != 0 || region->bytes % alignment != 0) {
    refuse(r, "a region's size is no multiple of its alignment");
  }
  region->data = region->kind == RECORDED_CONSTANT ? take_blob(r, region->bytes) : 0;
}

static int is_zero(const char *bytes, int64_t count) {
  while (count > 0 && bytes[count - 1] == 0) {
    count--;
  }
  return count == 0;
}

static int has_place(const recording *read, int64_t region, int64_t offset, int64_t bytes) {
  if (region < 0 || region >= read->region_count || offset < 0) {
    return 0;
  }
  const recorded_region *r = &read->regions[region];
  return r->kind == RECORDED_MATRICES ? offset == 0 : bytes <= r->bytes && offset <= r->bytes - bytes;
}

static void read_step(reader *r, const recording *read, int is_last, recorded_step *step) {
  step->operation = (int32_t)take_number(r, 0, PANAMBA_OPERATION_COUNT - 1, "there is no such operation");
  step->with_next = (int32_t)take_number(r, 0, is_last ? 0 : 1, "a step can't run with the next");
  int64_t size = argument_sizes[step->operation];
  step->bytes = take_number(r, size, size, "a struct has not the size of its operation's");
  step->pointer_count = take_number(r, 1, size / WORD, "a struct has no so many pointers");
  step->args = take_blob(r, size);
  step->pointers = take_blob(r, step->pointer_count * (int64_t)sizeof(recorded_pointer));
  for (int64_t i = 0; i < step->pointer_count && !r->failure; i++) {
    recorded_pointer p = step->pointers[i];
    if (p.place < 0 || p.place > size - WORD || p.place % WORD != 0 || !is_zero(step->args + p.place, WORD)) {
      refuse(r, "a pointer lies where its struct has none");
    } else if (!has_place(read, p.region, p.offset, 1)) {
      refuse(r, "a pointer leads out of its region");
    }
  }
}

static void read_result(reader *r, const recording *read, recorded_result *result) {
  result->name = take_blob(r, NAME_BYTES);
  result->region = take_word(r);
  result->offset = take_word(r);
  result->dtype = take_type(r);
  result->count = take_number(r, 1, MOST_BYTES, "a result has no so many elements");
  result->expected = take_blob(r, result->count * (int64_t)sizeof(float));
  if (r->failure) {
    return;
  }
  if (result->name[NAME_BYTES - 1] != 0) {
    refuse(r, "a result's name is too long");
  } else if (!has_place(read, result->region, result->offset, result->count * bytes_of(result->dtype)) ||
             read->regions[result->region].kind != RECORDED_SPACE || result->offset % bytes_of(result->dtype) != 0) {
    refuse(r, "a result does not lie where steps write");
  }
}

static void *zeros(reader *r, int64_t count, size_t size) {
  void *memory = r->failure ? 0 : calloc((size_t)count, size);
  if (!memory) {
    refuse(r, "there is no memory for it");
  }
  return memory;
}

static void read_all(reader *r, recording *read) {
  const char *mark = take_blob(r, WORD);
  if (!mark || memcmp(mark, "recorded", WORD) != 0) {
    refuse(r, "it is no recording");
    return;
  }
  take_number(r, PANAMBA_ABI_VERSION, PANAMBA_ABI_VERSION, "its structs are not those of this library");
  int64_t bound = take_word(r);
  memcpy(&read->bound, &bound, WORD);
  if (!(read->bound >= 0 && read->bound < 1)) {
    refuse(r, "there is no such bound");
  }
  read->region_count = take_count(r, "it has no such number of regions");
  read->step_count = take_count(r, "it has no such number of steps");
  read->result_count = take_count(r, "it has no such number of results");
  read->regions = zeros(r, read->region_count, sizeof *read->regions);
  read->steps = zeros(r, read->step_count, sizeof *read->steps);
  read->results = zeros(r, read->result_count, sizeof *read->results);
  for (int64_t i = 0; i < read->region_count && !r->failure; i++) {
    read_region(r, &read->regions[i]);
  }
  for (int64_t i = 0; i < read->step_count && !r->failure; i++) {
    read_step(r, read, i + 1 == read->step_count, &read->steps[i]);
  }
  for (int64_t i = 0; i < read->result_count && !r->failure; i++) {
    read_result(r, read, &read->results[i]);
  }
  if (r->left > 0) {
    refuse(r, "something follows its last result");
  }
}

/* The bytes of a file in memory of their own. */
static char *read_file(const char *path, int64_t *bytes) {
  FILE *file = fopen(path, "rb");
  char *all = 0;
  if (file && fseek(file, 0, SEEK_END) == 0) {
    long size = ftell(file);
    *bytes = size;
    all = size > 0 && fseek(file, 0, SEEK_SET) == 0 ? malloc((size_t)size) : 0;
    if (all && fread(all, 1, (size_t)size, file) != (size_t)size) {
      free(all);
      all = 0;
    }
  }
  if (file) {
    fclose(file);
  }
  return all;
}

const char *read_recording(const char *path, recording *read) {
  *read = (recording){0};
  int64_t bytes = 0;
  read->file = read_file(path, &bytes);
  if (!read->file) {
    return "it can't be read";
  }
  reader r = {read->file, bytes, 0};
  if (bytes % WORD != 0) {
    refuse(&r, "it does not consist of whole words");
  }
  read_all(&r, read);
  if (r.failure) {
    free_recording(read);
  }
  return r.failure;
}

void free_recording(recording *read) {
  free(read->regions);
  free(read->steps);
  free(read->results);
  free(read->file);
  *read = (recording){0};
}
