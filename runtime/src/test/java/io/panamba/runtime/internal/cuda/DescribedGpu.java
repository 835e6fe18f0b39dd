package io.panamba.runtime.internal.cuda;

import java.util.Locale;

/**
 * GPUs by what cuDNN asks of one, so that it chooses engines for them on a machine that has none.
 */
enum DescribedGpu {
  A100("NVIDIA A100-SXM4-40GB", 800, 108, 42_505_273_344L, 166_912, 167_936, 32, 2048, 41_943_040),
  H200("NVIDIA H200", 900, 132, 150_109_880_320L, 232_448, 233_472, 32, 2048, 62_914_560),
  RTX_4090(
      "NVIDIA GeForce RTX 4090", 890, 128, 25_386_352_640L, 101_376, 102_400, 24, 1536, 75_497_472);

  private final String model;
  private final int architecture;
  private final int multiprocessors;
  private final long memory;
  private final int blockShared;
  private final int shared;
  private final int blocks;
  private final int threads;
  private final int cache;

  DescribedGpu(
      String model,
      int architecture,
      int multiprocessors,
      long memory,
      int blockShared,
      int shared,
      int blocks,
      int threads,
      int cache) {
    this.model = model;
    this.architecture = architecture;
    this.multiprocessors = multiprocessors;
    this.memory = memory;
    this.blockShared = blockShared;
    this.shared = shared;
    this.blocks = blocks;
    this.threads = threads;
    this.cache = cache;
  }

  /** The text of cuDNN's descriptor of devices. */
  String json() {
    return String.format(
        Locale.ROOT,
        """
        {"cudaDeviceId": 0, "deviceVer": %d, "driverVer": 13000, "totalGlobalMem": %d,
         "maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64],
         "regsPerBlock": 65536, "multiProcessorCount": %d, "smCountOrigin": 0, "warpSize": 32,
         "maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": %d,
         "maxSharedMemoryPerSM": %d, "reservedSharedMemoryPerBlock": 1024, "maxRegistersPerSM": 65536,
         "maxCtasPerSM": %d, "maxThreadsPerBlock": 1024, "maxThreadsPerSM": %d, "pciDeviceId": 0,
         "isTccDriver": 0, "supportCoopLaunch": 1, "smClockRateKHz": 1980000,
         "memClockRateKHz": 3201000, "l2CacheSize": %d, "deviceName": "%s"}
        """,
        architecture,
        memory,
        multiprocessors,
        blockShared,
        shared,
        blocks,
        threads,
        cache,
        model);
  }
}
