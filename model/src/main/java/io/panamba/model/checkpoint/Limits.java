package io.panamba.model.checkpoint;

/**
 * What reading a checkpoint may cost, whatever the file says. Time and memory of the heap are
 * bounded by the bytes of the file's pickle or header; memory outside the heap by those of the
 * file. None of these is met by a checkpoint that a program has written for its own use.
 */
final class Limits {
  /** Of a safetensors header or an index of shards: the format's own bound. */
  static final int HEADER_BYTES = 100_000_000;

  /** Names and values in a header: a tensor takes some ten. */
  static final int HEADER_VALUES = 2_000_000;

  /** Of an entry's pickle, or of all pickles before the storages of the older container. */
  static final int PICKLE_BYTES = 1 << 26;

  /** Of a pickle: each makes at most one object. A state dict takes some forty for each tensor. */
  static final int PICKLE_OPCODES = 4_000_000;

  /** Values of a pickle that can be referred to again. */
  static final int PICKLE_MEMO = 2_000_000;

  /** Of text within a pickle. */
  static final int TEXT_BYTES = 1 << 24;

  /** Of a whole number within a pickle. */
  static final int NUMBER_BYTES = 1024;

  /** Axes of a tensor: PyTorch's own bound. */
  static final int RANK = 64;

  /** How often more bytes come out of compressed entries than the file has. */
  static final int INFLATION = 64;

  /** How often more bytes tensors have than the file: views may share a storage. */
  static final int SHARING = 8;

  /** Bytes that small files may take beyond these multiples. */
  static final long SMALL = 1 << 24;

  private Limits() {}

  /** The bytes that something may take of a file: so often its size. */
  static long of(long fileBytes, int times) {
    return fileBytes > (Long.MAX_VALUE - SMALL) / times
        ? Long.MAX_VALUE
        : fileBytes * times + SMALL;
  }
}
