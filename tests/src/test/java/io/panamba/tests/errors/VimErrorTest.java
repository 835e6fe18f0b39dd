package io.panamba.tests.errors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.Inference;
import io.panamba.model.InferencePool;
import io.panamba.model.Labels;
import io.panamba.model.Network;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Settings;
import io.panamba.model.block.ClassToken;
import io.panamba.model.block.Pooling;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.memory.WorkspaceException;
import io.panamba.model.task.Classifier;
import io.panamba.model.task.FeatureExtractor;
import io.panamba.model.vim.Vim;
import io.panamba.runtime.Device;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import io.panamba.tests.kit.GoldenFiles;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Networks that are asked for what they can't do, or used beyond their life. */
class VimErrorTest {
  private static final Path NANO = GoldenFiles.path("vim_nano.safetensors");

  private final Device device = Device.cpu(1);

  @AfterEach
  void close() {
    device.close();
  }

  private Network open(Settings options) {
    return Network.open(NANO, device, options);
  }

  private Network nano() {
    return open(Settings.none());
  }

  private static InferenceOptions logits(Network vim) {
    return InferenceOptions.logits(1, vim.config());
  }

  @Test
  void classTokensThatTheCheckpointDoesNotHave() {
    assertThatThrownBy(() -> open(Settings.none().with(Vim.CLASS_TOKEN, ClassToken.NONE)))
        .isInstanceOf(WeightsException.class)
        .hasMessage("the checkpoint has 1 class tokens; NONE needs 0");
    assertThatThrownBy(() -> open(Settings.none().with(Vim.CLASS_TOKEN, ClassToken.DOUBLE)))
        .isInstanceOf(WeightsException.class)
        .hasMessage("the checkpoint has 1 class tokens; DOUBLE needs 2");
  }

  @Test
  void stridesBelowOne() {
    for (int stride : new int[] {0, -1, Integer.MIN_VALUE}) {
      assertThatThrownBy(() -> open(Settings.none().with(Vim.STRIDE, stride)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("the stride is at least 1, not " + stride);
    }
  }

  @Test
  void imagesSmallerThanAPatch() {
    assertThatThrownBy(() -> open(Settings.none().withImageSize(7)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("images of 7 x 7 are smaller than a patch of 8");
    try (Network vim = nano()) {
      assertThatThrownBy(() -> vim.plan(new InferenceOptions(1, 32, 7, true, false, false)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("images of 32 x 7 are smaller than a patch of 8");
    }
  }

  @Test
  void inferencesOfNothing() {
    assertThatThrownBy(() -> new InferenceOptions(0, 32, 32, true, false, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no inference of 0 images of 32 x 32");
    assertThatThrownBy(() -> new InferenceOptions(1, -1, 32, true, false, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no inference of 1 images of -1 x 32");
    try (Network vim = nano()) {
      assertThatThrownBy(() -> new InferencePool(vim, logits(vim), 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("a pool has at least one inference, not 0");
    }
  }

  @Test
  void sizesBeyondAnyMemory() {
    int largest = Integer.MAX_VALUE;
    try (Network vim = nano()) {
      assertThatThrownBy(
              () -> vim.plan(new InferenceOptions(largest, largest, largest, true, false, false)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("is too large");
      // Beyond the address space: no machine begins to fill it.
      assertThatThrownBy(
              () -> vim.plan(new InferenceOptions(largest, 512, 512, true, false, false)))
          .isInstanceOf(WorkspaceException.class)
          .hasMessageContaining("take a smaller batch or image");
      vim.plan(logits(vim)).close();
    }
    assertThatThrownBy(() -> open(Settings.none().with(Vim.STRIDE, largest)))
        .isInstanceOf(WeightsException.class)
        .hasMessage(
            "pos_embed is for 4 x 4 patches: with a stride of 2147483647 and patches of 8, images"
                + " would be 6442450949 pixels wide");
  }

  @Test
  void imagesOfOtherSizesThanTrained() {
    try (Network vim = open(Settings.none().withImageSize(new ImageSize(40, 8)));
        Inference inference = vim.plan(logits(vim))) {
      inference.run();
      assertThat(inference.logits().toFloats()).hasSize(10).doesNotContain(Float.NaN);
    }
  }

  @Test
  void rotaryEmbeddingsThatDoNotFitTheSequence() {
    try (Network vim =
        Network.open(GoldenFiles.path("vim_nano_rope.safetensors"), device, Settings.none())) {
      assertThatThrownBy(() -> vim.plan(new InferenceOptions(1, 24, 24, true, false, false)))
          .isInstanceOf(WeightsException.class)
          .hasMessage("a rotary embedding of 9 patches does not fit a sequence of 10 tokens");
    }
  }

  @Test
  void logitsWithoutAHead() {
    try (Arena arena = Arena.ofConfined();
        Checkpoint file = Checkpoint.open(NANO)) {
      Map<String, Tensor> tensors = new HashMap<>();
      for (String key : file.keys()) {
        if (!key.startsWith("head.")) {
          tensors.put(key, GoldenFiles.tensor(file, key, arena));
        }
      }
      try (Network vim = Network.load(Checkpoint.of(tensors), device, Settings.none())) {
        assertThat(vim.config().classes()).isZero();
        assertThatThrownBy(() -> vim.plan(new InferenceOptions(1, 32, 32, true, false, false)))
            .isInstanceOf(WeightsException.class)
            .hasMessage("logits are wanted, but the checkpoint has no head.weight");
        assertThatThrownBy(() -> new Classifier(vim, Labels.imagenet(), 1))
            .isInstanceOf(WeightsException.class)
            .hasMessage(
                "a checkpoint without head.weight classifies nothing; extract features instead");
      }
    }
  }

  @Test
  void resultsThatWereNotAskedFor() {
    try (Network vim = nano();
        Inference inference = vim.plan(new InferenceOptions(1, 32, 32, false, false, false))) {
      inference.run();
      assertThatThrownBy(inference::logits)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("logits were not asked for when the inference was planned");
      assertThatThrownBy(inference::tokens)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("tokens were not asked for when the inference was planned");
      assertThat(inference.taps()).isEmpty();
      assertThat(inference.tap("embed")).isEmpty();
    }
  }

  @Test
  void anImageOfAnotherSize() {
    try (Network vim = nano();
        Inference inference = vim.plan(logits(vim))) {
      assertThatThrownBy(() -> inference.image().copyFrom(new float[3 * 32 * 31]))
          .isInstanceOf(ShapeException.class)
          .hasMessage("2976 values for a tensor of shape (1, 3, 32, 32)");
    }
  }

  @Test
  void classifiersOfEveryToken() {
    Settings options = Settings.none().with(Vim.POOLING, Pooling.ALL);
    try (Network vim =
        Network.open(GoldenFiles.path("vim_nano_nocls_mean.safetensors"), device, options)) {
      assertThatThrownBy(() -> new Classifier(vim, Labels.imagenet(), 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("pooling 'all' gives an answer for every token; a classifier needs one");
    }
  }

  @Test
  void extractorsOfBatches() {
    try (Network vim = nano()) {
      assertThatThrownBy(
              () -> new FeatureExtractor(vim, InferenceOptions.logits(2, vim.config()), 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("an extractor takes single images, not batches of 2");
    }
  }

  @Test
  void aClosedCheckpoint() {
    Checkpoint checkpoint = Checkpoint.open(NANO);
    checkpoint.close();
    assertThatThrownBy(() -> Network.load(checkpoint, device, Settings.none()))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aClosedNetwork() {
    Network vim = nano();
    InferenceOptions options = logits(vim);
    vim.close();
    assertThatThrownBy(() -> vim.plan(options)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aClosedNetworkWhosePositionsAreKnown() {
    Network vim = nano();
    InferenceOptions options = logits(vim);
    vim.plan(options).close();
    vim.close();
    assertThatThrownBy(() -> vim.plan(options)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aClosedDevice() {
    try (Network vim = nano();
        Inference inference = vim.plan(logits(vim))) {
      device.close();
      assertThatThrownBy(inference::run).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void aPoolAfterAFailure() {
    try (Network vim = nano();
        InferencePool pool = new InferencePool(vim, logits(vim), 1)) {
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(
                () ->
                    pool.withInference(
                        _ -> {
                          throw new UnsupportedOperationException();
                        }))
            .isInstanceOf(UnsupportedOperationException.class);
      }
      assertThat(pool.<Integer>withInference(inference -> inference.logits().toFloats().length))
          .isEqualTo(10);
    }
  }

  @Test
  void aPoolThatIsClosedInUse() {
    try (Network vim = nano()) {
      InferencePool pool = new InferencePool(vim, logits(vim), 2);
      Inference used =
          pool.withInference(
              inference -> {
                pool.close();
                inference.run();
                return inference;
              });
      assertThatThrownBy(used::run).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> pool.withInference(Inference::options))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the pool is closed");
      assertThatThrownBy(pool::warmUp).isInstanceOf(IllegalStateException.class);
      assertThatCode(pool::close).doesNotThrowAnyException();
    }
  }
}
