package io.panamba.model.deit;

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

/** The published networks have the numbers of parameters and the arithmetic of the original's. */
class DeitSizesTest {
  @ParameterizedTest
  @CsvSource({
    "tiny, 5717416, 152, 1.254",
    "small, 22050664, 152, 4.599",
    "base, 86567656, 152, 17.564",
    "tiny-distilled, 5910800, 155, 1.261",
    "small-distilled, 22436432, 155, 4.624",
    "base-distilled, 87338192, 155, 17.657",
    "base-384, 86859496, 152, 55.484",
    "base-distilled-384, 87630032, 155, 55.591"
  })
  void published(String preset, long parameters, int tensors, double billions) {
    DeitConfig config = Deit.FAMILY.preset(preset, Settings.none());
    List<Weight> weights = Deit.FAMILY.blueprint(config).weights();
    assertThat(weights).hasSize(tensors);
    assertThat(weights.stream().mapToLong(Weight::elements).sum()).isEqualTo(parameters);
    assertThat(config.cost().multiplyAdds() * 1e-9).isCloseTo(billions, within(0.0006));
  }

  @ParameterizedTest
  @CsvSource({"384, 4.682", "512, 10.434", "640, 20.546", "738, 32.202", "1248, 203.820"})
  void largerImages(int side, double billions) {
    DeitConfig config =
        Deit.FAMILY.preset("tiny", Settings.none()).withImage(new ImageSize(side, side));
    assertThat(config.cost().multiplyAdds() * 1e-9).isCloseTo(billions, within(0.001));
  }

  @Test
  void whatCannotBe() {
    DeitConfig tiny = Deit.FAMILY.preset("tiny", Settings.none());
    assertThatThrownBy(() -> tiny.withImage(new ImageSize(15, 224)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("smaller than a patch");
    assertThatThrownBy(() -> Deit.FAMILY.preset("tiny", Settings.of(Deit.HEADS, 5)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("192 is not that of 5 heads");
    assertThatThrownBy(() -> Deit.FAMILY.preset("giant", Settings.none()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no size of DeiT is called 'giant'");
    assertThatThrownBy(() -> Deit.FAMILY.atBirth(tiny.withImage(new ImageSize(32, 64))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("square grid");
  }
}
