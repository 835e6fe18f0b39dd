/*
 * Recordings: a network as one file, to be run without a JVM on any processor whose pointers have 64 bits and whose
 * numbers are little-endian.
 *
 * A file is a sequence of 64-bit words: whole numbers, and blobs, which are padded with zeros to whole words.
 *
 *   head      "recorded"; PANAMBA_ABI_VERSION, to which the structs belong; the bound of the results' errors relative to
 *             the largest expected number, a float64; the numbers of regions, steps and results
 *   regions   each its kind, and
 *     RECORDED_CONSTANT   alignment and size in bytes, and a blob: what no step writes
 *     RECORDED_SPACE      alignment and size in bytes: what steps write, of any contents before the first of them
 *     RECORDED_MATRICES   type, count, columns, depth, and for each matrix a blob (depth, columns) of that type. Their
 *                         packed layout belongs to a tier, so that who replays packs them: one behind the other, to the
 *                         same type, as a region of count * panamba_packed_size() bytes
 *   steps     each its operation, with_next, the size of its struct and the number of its pointers; the struct as a blob,
 *             with null for every pointer; and for each that is not null its place in the struct, a region, and the
 *             offset in that in bytes
 *   results   each a name of at most 31 bytes in a blob of 32, a region, the offset in that in bytes, the type, the
 *             number of elements, and what is expected, a blob of float32
 *
 * An alignment is the size of the region's largest element.
 */
#ifndef PANAMBA_TEST_RECORDING_H
#define PANAMBA_TEST_RECORDING_H

#include <stdint.h>

typedef enum { RECORDED_CONSTANT = 0, RECORDED_SPACE = 1, RECORDED_MATRICES = 2 } recorded_kind;

typedef struct {
  recorded_kind kind;
  int64_t bytes;    /* a multiple of the alignment; not of matrices */
  const char *data; /* null for a space */
  int32_t dtype;    /* this and what follows: of matrices */
  int64_t count;
  int64_t columns;
  int64_t depth;
  int64_t stride; /* bytes from one matrix in `data` to the next */
} recorded_region;

typedef struct {
  int64_t place; /* in the struct */
  int64_t region;
  int64_t offset; /* in the region */
} recorded_pointer;

typedef struct {
  int32_t operation;
  int32_t with_next;
  int64_t bytes;
  const char *args;
  int64_t pointer_count;
  const recorded_pointer *pointers;
} recorded_step;

typedef struct {
  const char *name;
  int64_t region;
  int64_t offset;
  int32_t dtype;
  int64_t count;
  const float *expected;
} recorded_result;

typedef struct {
  double bound;
  int64_t region_count;
  int64_t step_count;
  int64_t result_count;
  recorded_region *regions;
  recorded_step *steps;
  recorded_result *results;
  char *file; /* into which all of them point */
} recording;

/*
 * Reads a file. Sizes, types, places and offsets are checked, so that what is in it can be laid out and handed to
 * panamba_run(), which checks the rest. Returns null, or what is wrong with the file; the recording is empty then.
 */
const char *read_recording(const char *path, recording *read);

void free_recording(recording *read);

#endif
