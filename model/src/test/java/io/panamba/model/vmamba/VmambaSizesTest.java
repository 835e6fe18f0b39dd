package io.panamba.model.vmamba;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.architecture.Cost;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.Settings;
import io.panamba.model.weights.Weight;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The published networks have the numbers of parameters and the arithmetic of the original's. */
class VmambaSizesTest {
  @ParameterizedTest
  @CsvSource({
    "tiny, 30249064, 4.813, 6.32",
    "small, 50147752, 8.499, 16.86",
    "base, 88557800, 15.070, 22.48",
    "tiny-s2l5, 30705832, 4.716, 10.84",
    "small-s1l20, 49012840, 8.470, 9.93",
    "base-s1l20, 86614504, 15.031, 13.25",
    "vanilla-tiny, 22893448, 3.677, 211.9",
    "vanilla-small, 44417416, 7.690, 385.4",
    "vanilla-base, 76254056, 13.297, 513.8"
  })
  void published(String preset, long parameters, double billions, double millionUpdates) {
    VmambaConfig config = Vmamba.FAMILY.preset(preset, Settings.none());
    assertThat(Vmamba.FAMILY.blueprint(config).weights().stream().mapToLong(Weight::elements).sum())
        .isEqualTo(parameters);
    Cost cost = config.cost();
    assertThat(cost.multiplyAdds() * 1e-9).isCloseTo(billions, within(0.0006));
    assertThat(cost.scanUpdates() * 1e-6).isCloseTo(millionUpdates, within(0.06));
  }

  @Test
  void whatCannotBe() {
    VmambaConfig vanilla = Vmamba.FAMILY.preset("vanilla-tiny", Settings.none());
    assertThatThrownBy(() -> vanilla.withImage(new ImageSize(3, 224)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("smaller than a patch");
    assertThatThrownBy(() -> Vmamba.FAMILY.preset("giant", Settings.none()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no size of VMamba is called 'giant'");
  }
}
