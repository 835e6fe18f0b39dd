package io.panamba.model.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.model.checkpoint.SidecarConfig;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.image.CropMode;
import io.panamba.model.image.Preprocessing;
import io.panamba.model.image.Rgb;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who decides how pictures become input: settings, metadata, files beside, what is usual. */
class PreprocessingSettingsTest {
  private static final Preprocessing OTHER =
      new Preprocessing(CropMode.SQUASH, 0.9, new Rgb(0.1f, 0.2f, 0.3f), new Rgb(0.4f, 0.5f, 0.6f));

  @TempDir private Path folder;

  private SidecarConfig beside(String text) throws IOException {
    Path weights = folder.resolve("w.safetensors");
    SafetensorsWriter.write(
        weights, Map.of("w", Tensor.of(Arena.ofAuto(), Shape.of(1), 1)), Map.of());
    Files.writeString(folder.resolve("config.json"), text);
    try (Checkpoint checkpoint = Checkpoint.open(weights)) {
      return SidecarConfig.beside(checkpoint);
    }
  }

  @Test
  void whatIsWrittenIsRead() {
    Settings settings = PreprocessingSettings.write(Settings.none(), OTHER);
    assertThat(PreprocessingSettings.read(settings, Map.of(), Preprocessing.IMAGENET))
        .isEqualTo(OTHER);
    Map<String, String> metadata = settings.metadata();
    assertThat(metadata)
        .containsEntry("panamba.crop_mode", "SQUASH")
        .containsEntry("panamba.crop_ratio", "0.9")
        .containsEntry("panamba.mean", "0.1,0.2,0.3")
        .containsEntry("panamba.std", "0.4,0.5,0.6");
    assertThat(PreprocessingSettings.read(Settings.none(), metadata, Preprocessing.IMAGENET))
        .isEqualTo(OTHER);
    assertThat(
            PreprocessingSettings.read(
                    Settings.of(PreprocessingSettings.CROP_RATIO, 1.0), metadata, OTHER)
                .cropRatio())
        .isEqualTo(1);
    assertThat(PreprocessingSettings.read(Settings.none(), Map.of(), OTHER)).isEqualTo(OTHER);
  }

  @Test
  void ofTimm() throws IOException {
    SidecarConfig config =
        beside(
            """
            {"pretrained_cfg": {"crop_mode": "center", "crop_pct": 1.0, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.25],
             "input_size": [3, 384, 384]}}\
            """);
    assertThat(PreprocessingSettings.beside(config, OTHER))
        .isEqualTo(new Preprocessing(1, new Rgb(0.5f, 0.5f, 0.5f), new Rgb(0.5f, 0.5f, 0.25f)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | 0.9",
        "{\"size\": 256, \"crop_size\": 224} | 0.875",
        "{\"size\": {\"height\": 256, \"width\": 256}, \"crop_size\": {\"height\": 224}} | 0.875",
        "{\"size\": {\"shortest_edge\": 448}, \"crop_size\": 224, \"do_center_crop\": true} | 0.5",
        "{\"size\": 256, \"crop_size\": 224, \"do_center_crop\": false} | 1",
        "{\"size\": {\"height\": 224}} | 1",
        "{\"size\": {\"longest_edge\": 224}} | 0.9",
        "{\"crop_pct\": 0.95} | 0.95"
      })
  void theCrop(String config, double ratio) throws IOException {
    assertThat(PreprocessingSettings.beside(beside(config), OTHER))
        .isEqualTo(new Preprocessing(CropMode.SQUASH, ratio, OTHER.mean(), OTHER.deviation()));
  }

  @Test
  void squashed() throws IOException {
    assertThat(
            PreprocessingSettings.beside(
                    beside("{\"pretrained_cfg\": {\"crop_mode\": \"squash\"}}"),
                    Preprocessing.IMAGENET)
                .cropMode())
        .isEqualTo(CropMode.SQUASH);
  }

  @Test
  void withoutNormalisation() throws IOException {
    assertThat(PreprocessingSettings.beside(beside("{\"do_normalize\": false}"), OTHER))
        .isEqualTo(new Preprocessing(CropMode.SQUASH, 0.9, new Rgb(0, 0, 0), new Rgb(1, 1, 1)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"crop_mode\": \"border\"} | have crop_mode 'border'; expected center or squash",
        "{\"crop_pct\": 0} | a crop of 0.0 of the side; expected a number from 0.001 to 1",
        "{\"size\": 224, \"crop_size\": 256} | a crop of 1.14",
        "{\"size\": 0, \"crop_size\": 0} | a crop of NaN of the side",
        "{\"image_mean\": [0.5]} | have mean [0.5]; expected three numbers from 0 to 1",
        "{\"image_std\": [0, 1, 1]} | have std [0.0, 1.0, 1.0]; expected three numbers above 0",
        "{\"mean\": [123.7, 116.3, 103.5]} | have mean [123.7, 116.3, 103.5]"
      })
  void whatIsNone(String config, String message) throws IOException {
    SidecarConfig beside = beside(config);
    assertThatThrownBy(() -> PreprocessingSettings.beside(beside, OTHER))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("the files beside the weights")
        .hasMessageContaining(message);
  }
}
