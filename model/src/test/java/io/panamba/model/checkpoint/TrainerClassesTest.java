package io.panamba.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.checkpoint.Pickle.Dictionary;
import io.panamba.model.checkpoint.Pickle.Sequence;
import io.panamba.model.checkpoint.Pickle.Tuple;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Names and colours of classes that trainers write beside a state dict. */
class TrainerClassesTest {
  private static Dictionary dictionary(Object... keysAndValues) {
    Dictionary dictionary = new Dictionary();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      dictionary.entries.add(new Dictionary.Entry(keysAndValues[i], keysAndValues[i + 1]));
    }
    return dictionary;
  }

  private static Sequence list(Object... items) {
    Sequence sequence = new Sequence();
    sequence.items.addAll(Arrays.asList(items));
    return sequence;
  }

  private static Tuple tuple(Object... items) {
    return new Tuple(List.of(items));
  }

  private static Map<String, String> read(Object... meta) {
    return TrainerClasses.of(dictionary("meta", dictionary(meta)));
  }

  @Test
  void theOlderFormIsInMeta() {
    assertThat(
            read(
                "CLASSES",
                tuple("wall", "sky"),
                "PALETTE",
                list(list(120L, 120L, 120L), list(6L, 230L, 255L))))
        .containsEntry(Checkpoint.CLASSES, "wall\nsky\n")
        .containsEntry(Checkpoint.PALETTE, "787878\n06E6FF\n");
  }

  @Test
  void theNewerFormIsInItsDatasetMeta() {
    Dictionary dataset =
        dictionary("classes", list("wall", "sky"), "palette", list(tuple(1L, 2L, 3L)));
    assertThat(read("dataset_meta", dataset))
        .containsEntry(Checkpoint.CLASSES, "wall\nsky\n")
        .containsEntry(Checkpoint.PALETTE, "010203\n");
  }

  @Test
  void whatHasAnotherFormIsLeftOut() {
    assertThat(TrainerClasses.of(dictionary("meta", "text"))).isEmpty();
    assertThat(TrainerClasses.of(dictionary())).isEmpty();
    assertThat(read("CLASSES", tuple("wall", 1L))).isEmpty();
    assertThat(read("CLASSES", tuple("wall", " "))).isEmpty();
    assertThat(read("CLASSES", tuple("two\nlines"))).isEmpty();
    assertThat(read("PALETTE", list(list(1L, 2L)))).isEmpty();
    assertThat(read("PALETTE", list(list(1L, 2L, 256L)))).isEmpty();
    assertThat(read("PALETTE", list(list(1L, 2L, 0.5)))).isEmpty();
    Sequence itself = new Sequence();
    itself.items.add(itself);
    assertThat(read("CLASSES", itself, "PALETTE", itself)).isEmpty();
  }

  @Test
  void aNameThatIsRepeatedIsBounded() {
    Object[] names = new Object[100];
    Arrays.fill(names, "x".repeat(Limits.TEXT_BYTES / 50));
    assertThat(read("CLASSES", list(names))).isEmpty();
  }
}
