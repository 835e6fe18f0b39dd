package io.panamba.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.detection.Box;
import io.panamba.model.detection.Detection;
import io.panamba.model.detection.Mask;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CocoResultsTest {
  @ParameterizedTest
  @CsvSource({
    "000000397133.jpg,397133",
    "val/7.png,7",
    "12,12",
    "7.1.png,4",
    "a7.png,4",
    ".png,4",
    "-7.png,4",
    "\u0667.png,4",
    "99999999999999999999.jpg,99999999999999999999"
  })
  void anImageIsTheNumberInItsName(String file, String expected) {
    assertThat(CocoResults.imageId(Path.of(file), 4)).hasToString(expected);
  }

  @Test
  void detectionsAreResults() {
    BitSet inside = new BitSet();
    inside.set(1, 3);
    inside.set(5);
    Mask mask = Mask.of(2, 3, 0, 0, 3, 2, inside);
    List<Detection> detections =
        List.of(
            new Detection(new Box(1.5f, 2, 4, 2.25f), 79, "toothbrush", 0.5f, mask),
            new Detection(new Box(0, 0, 0, 0), 0, "person", 0.25f, null));
    assertThat(Json.compact(CocoResults.of(7, detections, 80)))
        .isEqualTo(
            "[{\"image_id\":7,\"category_id\":90,\"bbox\":[1.5,2.0,2.5,0.25],\"score\":0.5,"
                + "\"segmentation\":{\"size\":[2,3],\"counts\":\"122O\"}},"
                + "{\"image_id\":7,\"category_id\":1,\"bbox\":[0.0,0.0,0.0,0.0],\"score\":0.25}]");
    assertThat(Json.compact(CocoResults.of(7, detections, 90))).contains("\"category_id\":80,");
    assertThat(CocoResults.of(7, List.of(), 80)).isEmpty();
  }
}
