package io.panamba.runtime.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panamba.bindings.cuda.cudnn_h;
import io.panamba.runtime.DType;
import io.panamba.runtime.internal.library.Attempts;
import io.panamba.runtime.internal.library.LoaderSettings;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The engines that NVIDIA's cuDNN has for GPUs that are described, since nothing else of it runs on
 * a machine without one. Engines and knobs are those of 9.24.0: where another version gives others,
 * bits change, and somebody should look at what they are.
 */
@EnabledIfSystemProperty(
    named = DnnEnginesTest.FOLDER,
    matches = ".+",
    disabledReason = "-Dpanamba.cudnn names no folder with cuDNN and cuBLAS")
class DnnEnginesTest {
  /** A place as of {@link CudaSettings#PATH}. */
  static final String FOLDER = "panamba.cudnn";

  private static final long BATCH = 8;

  private final Cleanups cleanups = new Cleanups();

  @BeforeAll
  static void load() {
    CudaLoader loader =
        new CudaLoader(
            new CudaSettings(Optional.of(System.getProperty(FOLDER)), Optional.empty()),
            LoaderSettings.of(_ -> null, _ -> null),
            new Attempts());
    loader.find(CudaLoader.PRODUCTS, "Install cuBLAS 13");
    DnnLibrary.describe(loader.findDnn());
  }

  @AfterEach
  void release() {
    cleanups.run();
  }

  private DnnEngines.Plan plan(DescribedGpu gpu, DnnGraph graph) throws DnnRefusal {
    DnnApi api = new DnnBindings();
    DnnDescriptors descriptors = new DnnDescriptors(api, cleanups);
    MemorySegment device = descriptors.create(cudnn_h.CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR());
    descriptors.setText(device, cudnn_h.CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION(), gpu.json());
    descriptors.finish(device);
    return new DnnEngines(api, new DnnEngines.Target(device, true)).plan(graph, cleanups);
  }

  private static DnnGraph convolution(
      DType type, long side, long channels, long columns, int stride, long batch) {
    Grid grid = new Grid(side, side);
    Kernel kernel = Kernel.square(3, stride, 1);
    return new DnnGraph.Convolution(
        batch,
        grid,
        channels,
        channels,
        kernel,
        kernel.over(grid),
        columns,
        kernel.taps() * channels,
        true,
        type);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          A100 | BF16 | 56 | 96 | 192 | 2 | engine 10{2=1, 13=1, 14=2, 18=1, 23=0}
          A100 | BF16 | 28 | 192 | 384 | 2 | engine 10{2=5, 13=1, 14=3, 18=0, 23=0}
          A100 | BF16 | 14 | 384 | 768 | 2 | engine 10{2=8, 13=1, 14=4, 18=0, 23=0}
          A100 | BF16 | 56 | 512 | 512 | 1 | engine 10{2=0, 13=0, 14=3, 18=0, 23=0}
          A100 | BF16 | 14 | 256 | 256 | 1 | engine 10{2=5, 13=1, 14=3, 18=0, 23=0}
          A100 | F32 | 56 | 96 | 192 | 2 | engine 11{2=3, 3=0}
          A100 | F32 | 28 | 192 | 384 | 2 | engine 11{2=3, 3=0}
          A100 | F32 | 14 | 384 | 768 | 2 | engine 11{2=3, 3=0}
          A100 | F32 | 56 | 512 | 512 | 1 | engine 11{2=3, 3=0}
          A100 | F32 | 14 | 256 | 256 | 1 | engine 11{2=3, 3=0}
          H200 | BF16 | 56 | 96 | 192 | 2 | engine 41{2=1, 13=0, 18=0, 25=0, 27=1, 28=3}
          H200 | BF16 | 28 | 192 | 384 | 2 | engine 41{2=5, 13=1, 18=0, 25=1, 27=2, 28=2}
          H200 | BF16 | 14 | 384 | 768 | 2 | engine 41{2=5, 13=1, 18=0, 25=1, 27=2, 28=2}
          H200 | BF16 | 56 | 512 | 512 | 1 | engine 41{2=3, 13=1, 18=0, 25=0, 27=1, 28=2}
          H200 | BF16 | 14 | 256 | 256 | 1 | engine 41{2=5, 13=1, 18=0, 25=1, 27=2, 28=2}
          H200 | F32 | 56 | 96 | 192 | 2 | engine 11{2=4, 3=0}
          H200 | F32 | 28 | 192 | 384 | 2 | engine 44{2=12, 18=0}
          H200 | F32 | 14 | 384 | 768 | 2 | engine 44{2=12, 18=0}
          H200 | F32 | 56 | 512 | 512 | 1 | engine 11{2=4, 3=0}
          H200 | F32 | 14 | 256 | 256 | 1 | engine 44{2=12, 18=0}
          RTX_4090 | BF16 | 56 | 96 | 192 | 2 | engine 10{2=5, 13=1, 14=3, 18=1, 23=0}
          RTX_4090 | BF16 | 28 | 192 | 384 | 2 | engine 10{2=8, 13=1, 14=4, 18=1, 23=0}
          RTX_4090 | BF16 | 14 | 384 | 768 | 2 | engine 10{2=8, 13=1, 14=4, 18=0, 23=0}
          RTX_4090 | BF16 | 56 | 512 | 512 | 1 | engine 10{2=0, 13=0, 14=3, 18=0, 23=0}
          RTX_4090 | BF16 | 14 | 256 | 256 | 1 | engine 10{2=5, 13=1, 14=3, 18=0, 23=0}
          RTX_4090 | F32 | 56 | 96 | 192 | 2 | engine 11{2=1, 3=0}
          RTX_4090 | F32 | 28 | 192 | 384 | 2 | engine 11{2=3, 3=0}
          RTX_4090 | F32 | 14 | 384 | 768 | 2 | engine 11{2=3, 3=0}
          RTX_4090 | F32 | 56 | 512 | 512 | 1 | engine 11{2=1, 3=0}
          RTX_4090 | F32 | 14 | 256 | 256 | 1 | engine 11{2=3, 3=0}
          """)
  void convolutions(
      DescribedGpu gpu,
      DType type,
      long side,
      long channels,
      long columns,
      int stride,
      String expected)
      throws DnnRefusal {
    DnnEngines.Plan plan = plan(gpu, convolution(type, side, channels, columns, stride, BATCH));
    assertThat(plan.choice()).hasToString(expected);
    for (long batch : new long[] {1, 33}) {
      assertThat(plan(gpu, convolution(type, side, channels, columns, stride, batch)).choice())
          .isEqualTo(plan.choice());
    }
  }

  /** Compiled engines load what they have compiled at once. */
  @ParameterizedTest
  @EnumSource
  void attention(DescribedGpu gpu) throws DnnRefusal {
    assumeTrue(CudaLoader.hasDriver(), "there is no driver");
    DnnGraph graph = new DnnGraph.SelfAttention(BATCH, 3, 197, 197, 64, 576, 576, 576, 192);
    assertThat(plan(gpu, graph).choice().isCompiled()).isTrue();
  }

  @Test
  void withoutADriverAttentionIsRefused() {
    assumeTrue(!CudaLoader.hasDriver(), "there is a driver");
    DnnGraph graph = new DnnGraph.SelfAttention(BATCH, 3, 197, 197, 64, 576, 576, 576, 192);
    assertThat(catchThrowable(() -> plan(DescribedGpu.H200, graph)))
        .isInstanceOfSatisfying(
            DnnRefusal.class, refusal -> assertThat(refusal.isLimit()).isTrue());
  }
}
