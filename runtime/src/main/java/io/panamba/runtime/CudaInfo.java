package io.panamba.runtime;

import io.panamba.runtime.LibraryInfo.Attempt;
import io.panamba.runtime.internal.cuda.CudaDevice;
import io.panamba.runtime.internal.cuda.CudaLibraries;
import io.panamba.runtime.internal.cuda.DnnLibrary;
import java.nio.file.Path;
import java.util.List;

/**
 * The libraries with which this process uses NVIDIA GPUs. They are loaded once, when a GPU is first
 * asked for, and never else.
 *
 * <p>NVIDIA's own, {@code libcudart.so.13} and {@code libcublasLt.so.13}, are looked for in these
 * places:
 *
 * <ol>
 *   <li>{@code -Dpanamba.cuda.path}: folders of libraries, toolkits, or Python environments with
 *       NVIDIA's packages ({@code site-packages/nvidia/*}{@code /lib}), with colons between them.
 *   <li>The toolkit that the environment variable {@code CUDA_HOME} names.
 *   <li>What the dynamic linker finds by itself.
 * </ol>
 *
 * <p>Panamba's kernels, {@code libpanamba_cuda.so}, are looked for in the first two, beside {@code
 * libpanamba.so} where that has been named, and then as a resource of the artefact
 * panamba-native-cuda, which is copied like the processor's library ({@link LibraryInfo}). No other
 * artefact depends on that one; its module, {@code io.panamba.natives.cuda}, has to be required or
 * given to {@code --add-modules}.
 *
 * <p>cuDNN, {@code libcudnn.so.9}, is looked for where NVIDIA's others are, when a plan first has
 * something for it to do. Without it Panamba does everything itself.
 *
 * @param runtime the file of the CUDA runtime
 * @param runtimeVersion such as 13000
 * @param products the file of cuBLASLt
 * @param productsVersion such as 130101
 * @param kernels the file of Panamba's kernels
 * @param build version, compiler and architectures of the kernels
 * @param driverVersion the newest CUDA that the driver knows, such as 13000; 0 if it does not say
 * @param attempts every place that was tried, in order, and what came of it
 */
public record CudaInfo(
    Path runtime,
    int runtimeVersion,
    Path products,
    long productsVersion,
    Path kernels,
    String build,
    int driverVersion,
    List<Attempt> attempts) {
  /** Copies the list. */
  public CudaInfo {
    attempts = List.copyOf(attempts);
  }

  /**
   * The cuDNN with which this process computes convolutions and attention.
   *
   * @param library the file
   * @param version such as 92400 for 9.24.0
   */
  public record Cudnn(Path library, long version) {}

  /**
   * Loads the libraries if that has not happened yet.
   *
   * @return what was loaded
   * @throws LibraryException if they can't be loaded
   */
  public static CudaInfo current() {
    return CudaLibraries.info();
  }

  /**
   * Loads the libraries if that has not happened yet, and tells where they were looked for.
   *
   * @return every place that was tried, in order, and what came of it
   * @throws LibraryException if the processor's library can't be loaded
   */
  public static List<Attempt> tried() {
    return CudaLibraries.attempts();
  }

  /**
   * Describes the GPUs that CUDA shows this process.
   *
   * @return one description for each, as {@link Device#description}, or why it can't be used
   * @throws LibraryException if the libraries can't be loaded
   * @throws CudaException if there is none
   */
  public static List<String> devices() {
    return CudaDevice.descriptions(CudaLibraries.api());
  }

  /**
   * Loads cuDNN if that has not happened yet.
   *
   * @return what was loaded
   * @throws LibraryException if it, or what it needs, can't be loaded
   */
  public static Cudnn cudnn() {
    return DnnLibrary.info();
  }

  /**
   * Loads cuDNN if that has not happened yet, and tells where it was looked for.
   *
   * @return every place that was tried, in order, and what came of it
   * @throws LibraryException if what it needs can't be loaded
   */
  public static List<Attempt> triedForCudnn() {
    return DnnLibrary.attempts();
  }
}
