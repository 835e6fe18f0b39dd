package io.panamba.model.boxes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SelectionTest {
  private static final float NAN = Float.NaN;
  private static final float INFINITY = Float.POSITIVE_INFINITY;

  @Test
  void theBestAreThoseOfAStableSort() {
    Random random = new Random(5);
    for (int count : new int[] {0, 1, 7, 100, 5000}) {
      float[] scores = new float[count];
      for (int i = 0; i < count; i++) {
        // Few values, so that many are equal.
        scores[i] = random.nextInt(-40, 40) / 8f;
      }
      int[] sorted =
          IntStream.range(0, count)
              .boxed()
              .sorted(Comparator.comparingDouble((Integer i) -> -scores[i]))
              .mapToInt(i -> i)
              .toArray();
      assertThat(Ranking.all(scores, count)).isEqualTo(sorted);
      for (int most : new int[] {1, 2, 99, 1000}) {
        assertThat(Ranking.best(scores, count, most))
            .isEqualTo(Arrays.copyOf(sorted, Math.min(count, most)));
      }
    }
  }

  @Test
  void zerosAreEqualAndNanIsFirst() {
    float[] scores = {-0f, 0f, -INFINITY, -1, NAN, INFINITY, Float.MIN_VALUE};
    assertThat(Ranking.all(scores, scores.length)).containsExactly(4, 5, 6, 0, 1, 3, 2);
  }

  @Test
  void suppressionEqualsAPlainLoop() {
    Random random = new Random(6);
    int count = 300;
    float[] boxes = new float[4 * count];
    float[] scores = new float[count];
    int[] groups = new int[count];
    for (int i = 0; i < count; i++) {
      boxes[4 * i] = random.nextInt(30);
      boxes[4 * i + 1] = random.nextInt(30);
      boxes[4 * i + 2] = boxes[4 * i] + random.nextInt(12);
      boxes[4 * i + 3] = boxes[4 * i + 1] + random.nextInt(12);
      scores[i] = random.nextInt(50);
      groups[i] = random.nextInt(4);
    }
    List<Integer> kept = new ArrayList<>();
    for (int i : Ranking.all(scores, count)) {
      if (kept.stream().noneMatch(j -> groups[i] == groups[j] && overlap(boxes, i, j) > 0.3)) {
        kept.add(i);
      }
    }
    assertThat(Suppression.keep(boxes, scores, groups, count, 0.3, count))
        .isEqualTo(kept.stream().mapToInt(i -> i).toArray());
  }

  private static double overlap(float[] boxes, int i, int j) {
    double width =
        Math.min(boxes[4 * i + 2], boxes[4 * j + 2]) - Math.max(boxes[4 * i], boxes[4 * j]);
    double height =
        Math.min(boxes[4 * i + 3], boxes[4 * j + 3]) - Math.max(boxes[4 * i + 1], boxes[4 * j + 1]);
    double both = Math.max(width, 0) * Math.max(height, 0);
    return both / (area(boxes, i) + area(boxes, j) - both);
  }

  private static double area(float[] boxes, int i) {
    return (boxes[4 * i + 2] - boxes[4 * i]) * (boxes[4 * i + 3] - boxes[4 * i + 1]);
  }

  @Test
  void emptyBoxesDoNotOverlap() {
    float[] boxes = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 9};
    float[] scores = {0.5f, 0.9f, 0.7f};
    assertThat(Suppression.keep(boxes, scores, new int[3], 3, 0.5, 3)).containsExactly(1, 2, 0);
    assertThat(Suppression.keep(boxes, scores, new int[3], 0, 0.5, 3)).isEmpty();
  }

  @Test
  void aDeltaGrowsABoxByAtMostAFactor() {
    float[] out = new float[4];
    float[] box = {10, 10, 12, 14};
    BoxDeltas.PROPOSALS.decode(box, 0, new float[4], 0, out, 0);
    assertThat(out).containsExactly(box);
    BoxDeltas.PROPOSALS.decode(box, 0, new float[] {0, 0, 5, INFINITY}, 0, out, 0);
    assertThat(out[2] - out[0]).isCloseTo(2 * 62.5f, within(1e-4f));
    assertThat(out[3] - out[1]).isCloseTo(4 * 62.5f, within(1e-4f));
    BoxDeltas.PROPOSALS.decode(box, 0, new float[] {0, 0, -INFINITY, 0}, 0, out, 0);
    assertThat(out[2]).isEqualTo(out[0]);
  }

  @Test
  void anchorsOfAPublishedModel() {
    int count = 0;
    int looked = 0;
    for (int level = 2; level <= 6; level++) {
      int cells = 1024 >> level;
      AnchorGrid anchors = new AnchorGrid(8 << level, 1 << level, cells, cells);
      count += anchors.count();
      looked += Math.min(anchors.count(), 1000);
    }
    assertThat(count).isEqualTo(261_888);
    assertThat(looked).isEqualTo(4768);
  }

  @Test
  void anchorsAreAtTheCornersOfCells() {
    float[] boxes = new AnchorGrid(32, 4, 2, 3).boxes();
    // The square one of the second row, third column.
    int at = (5 * AnchorGrid.PER_CELL + 1) * 4;
    assertThat(Arrays.copyOfRange(boxes, at, at + 4)).containsExactly(-8, -12, 24, 20);
    assertThatIllegalArgumentException().isThrownBy(() -> new AnchorGrid(32, 4, 0, 3));
    assertThatIllegalArgumentException().isThrownBy(() -> new AnchorGrid(32, 4, 40_000, 40_000));
  }

  @Test
  void proposalsThatAreNotFiniteOrOutsideAreDropped() {
    AnchorGrid anchors = new AnchorGrid(8, 16, 1, 4);
    float[] logits = {1, NAN, 2, INFINITY, 4, -INFINITY, 5, 6, 7, 8, 9, 10};
    float[] deltas = new float[48];
    deltas[4 * 2] = NAN;
    deltas[4 * 4 + 2] = INFINITY;
    // The cells at 32 and 48 are in the padding.
    ProposalSelection selection = new ProposalSelection(16, 24);
    selection.add(anchors, logits, deltas);
    Proposals proposals = selection.finish();
    assertThat(proposals.logits()).containsExactly(4, 1);
    assertThat(proposals.boxes()[4]).isZero();
    assertThat(proposals.boxes()[3]).isEqualTo(4);
  }

  @Test
  void paddingTakesPlacesOfALevel() {
    AnchorGrid anchors = new AnchorGrid(8, 16, 1, 2);
    ProposalSelection selection = new ProposalSelection(16, 8, 3, 10);
    // The three of the second cell are better, and outside.
    selection.add(anchors, new float[] {1, 2, 3, 4, 5, 6}, new float[24]);
    assertThat(selection.finish().count()).isZero();
  }

  @Test
  void levelsDoNotSuppressEachOther() {
    AnchorGrid anchors = new AnchorGrid(8, 16, 1, 1);
    ProposalSelection selection = new ProposalSelection(16, 16, 10, 4);
    for (int level = 0; level < 2; level++) {
      float[] logits = {level, level, 10 + level};
      selection.add(anchors, logits, new float[12]);
    }
    Proposals proposals = selection.finish();
    assertThat(proposals.count()).isEqualTo(4);
    assertThat(proposals.logits()).containsExactly(11, 10, 1, 1);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> selection.add(anchors, new float[2], new float[12]));
  }

  @Test
  void probabilitiesAreMeansOfSoftmaxes() {
    float[] mean =
        DetectionSelection.meanProbabilities(
            List.of(new float[] {0, 0, 1000, 0}, new float[] {0, 0, 0, 1000}), 2, 2);
    assertThat(mean).containsExactly(0.5f, 0.5f, 0.5f, 0.5f);
  }

  @Test
  void detectionsThatAreNotFiniteAreDropped() {
    float[] boxes = {0, 0, 9, 9, 0, 0, 9, NAN, 20, 0, 40, 9, 0, 0, 9, 9};
    float[] probabilities = {
      0.4f, 0.5f, 0.1f, //
      0.9f, 0.1f, 0f, //
      0.05f, 0.051f, 0.9f, //
      0.9f, NAN, 0f
    };
    // A probability at the threshold is not above it.
    SelectedBoxes selected = DetectionSelection.DEFAULT.select(boxes, probabilities, 4, 2, 10, 30);
    assertThat(selected.count()).isEqualTo(3);
    assertThat(selected.rows()).containsExactly(0, 0, 2);
    assertThat(selected.classes()).containsExactly(1, 0, 1);
    assertThat(selected.boxes()).endsWith(20, 0, 30, 9);
    assertThat(new DetectionSelection(0.05f, 1).select(boxes, probabilities, 4, 2, 10, 30).count())
        .isEqualTo(1);
    assertThatIllegalArgumentException().isThrownBy(() -> new DetectionSelection(NAN, 1));
  }

  @Test
  void levelsOfBoxes() {
    float[] sides = {0, 0, 224, 224, 0, 0, 112, 112, 0, 0, 448, 448, 5, 5, 5, 5, NAN, 0, 1, 1};
    int[] levels = IntStream.range(0, 5).map(i -> PyramidLevel.of(sides, 4 * i)).toArray();
    assertThat(levels).containsExactly(4, 3, 5, 2, 2);
  }
}
