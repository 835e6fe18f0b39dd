package io.panamba.model.mambaout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.Settings;
import io.panamba.model.weights.Weight;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The published networks have the numbers of parameters and the arithmetic of the originals'. */
class MambaOutSizesTest {
  @ParameterizedTest
  @CsvSource({
    "femto, 7304536, 1.148, 1.897",
    "kobe, 9141208, 1.506, 2.488",
    "tiny, 26545096, 4.470, 7.386",
    "small, 48488072, 8.936, 14.770",
    "base, 84813092, 15.794, 26.105",
    "small-rw, 48495560, 8.936, 0",
    "base-short-rw, 88827688, 16.281, 0",
    "base-tall-rw, 86481448, 16.117, 0",
    "base-wide-rw, 94448104, 17.752, 0",
    "base-plus-rw, 101656552, 19.161, 0"
  })
  void published(String preset, long parameters, double billions, double at288) {
    MambaOutConfig config = MambaOut.FAMILY.preset(preset, Settings.none());
    List<Weight> weights = MambaOut.FAMILY.blueprint(config).weights();
    assertThat(weights.stream().mapToLong(Weight::elements).sum()).isEqualTo(parameters);
    assertThat(config.cost().multiplyAdds() * 1e-9).isCloseTo(billions, within(0.0006));
    if (at288 > 0) {
      assertThat(config.withImage(new ImageSize(288, 288)).cost().multiplyAdds() * 1e-9)
          .isCloseTo(at288, within(0.0006));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "femto, 172",
    "tiny, 172",
    "kobe, 220",
    "small, 324",
    "base, 324",
    "small-rw, 357",
    "base-plus-rw, 384"
  })
  void tensors(String preset, int tensors) {
    MambaOutConfig config = MambaOut.FAMILY.preset(preset, Settings.none());
    assertThat(MambaOut.FAMILY.blueprint(config).weights()).hasSize(tensors);
  }

  @ParameterizedTest
  @CsvSource({
    "femto, GELU",
    "base, GELU",
    "small-rw, GELU",
    "base-short-rw, GELU",
    "base-tall-rw, GELU",
    "base-wide-rw, SILU",
    "base-plus-rw, SILU"
  })
  void activations(String preset, MambaOutActivation activation) {
    assertThat(MambaOut.FAMILY.preset(preset, Settings.none()).activation()).isEqualTo(activation);
  }

  @Test
  void unknown() {
    assertThatThrownBy(() -> MambaOut.FAMILY.preset("giant", Settings.none()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no size of MambaOut is called 'giant'");
    assertThatThrownBy(() -> new MambaOutStage(1, 8, 8, 9))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("9 of 8 convolved");
  }
}
