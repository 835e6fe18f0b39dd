package io.panamba.model.cascade;

import io.panamba.model.architecture.PartedProgram;
import io.panamba.model.boxes.AnchorGrid;
import io.panamba.model.boxes.BoxDeltas;
import io.panamba.model.boxes.DetectionSelection;
import io.panamba.model.boxes.MaskPaste;
import io.panamba.model.boxes.ProposalSelection;
import io.panamba.model.boxes.Proposals;
import io.panamba.model.boxes.PyramidLevel;
import io.panamba.model.boxes.SelectedBoxes;
import io.panamba.runtime.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * One run of a detector (Cascade R-CNN, arXiv 1712.00726, section 4): the image, proposals, box
 * head after box head, detections, their masks. It belongs to the caller of the program.
 */
public final class CascadeRun {
  private static final int SIDES = 4;

  /** What a box head's deltas are divided by, times its number from 1. */
  private static final double CENTRE_WEIGHT = 10;

  private static final double SIZE_WEIGHT = 5;

  private final PartedProgram program;
  private final CascadeConfig config;
  private final int height;
  private final int width;

  /**
   * What was found, in the frame of the network's input.
   *
   * @param boxes the detections
   * @param masks probabilities, (detections, 28, 28), or null
   * @param logits of each stage, (proposals, classes and the background)
   * @param moved the last stage's boxes, (proposals, 4)
   */
  public record Found(SelectedBoxes boxes, float[] masks, List<float[]> logits, float[] moved) {}

  /**
   * Prepares a run.
   *
   * @param program whose first part has run on an image
   * @param config of its network
   * @param height of the picture in the image, without padding
   * @param width likewise
   */
  public CascadeRun(PartedProgram program, CascadeConfig config, int height, int width) {
    this.program = program;
    this.config = config;
    this.height = height;
    this.width = width;
  }

  /**
   * Runs all parts but the first, which has run.
   *
   * @param selection of detections
   * @param masks whether masks are wanted
   * @return what was found
   */
  public Found run(DetectionSelection selection, boolean masks) {
    Proposals proposals = propose();
    int count = proposals.count();
    float[] boxes = proposals.boxes();
    List<float[]> logits = new ArrayList<>();
    for (int stage = 0; stage < config.stages(); stage++) {
      int columns = config.boxPerClass() ? SIDES * config.classes() : SIDES;
      float[] scores = new float[count * (config.classes() + 1)];
      float[] deltas = new float[count * columns];
      classify(stage, boxes, count, scores, deltas);
      logits.add(scores);
      BoxDeltas rule = new BoxDeltas(CENTRE_WEIGHT * (stage + 1), SIZE_WEIGHT * (stage + 1));
      boxes = move(rule, boxes, deltas, count);
      if (stage + 1 < config.stages()) {
        BoxDeltas.clip(boxes, count, height, width);
      }
    }
    float[] probabilities =
        DetectionSelection.meanProbabilities(logits, count, config.classes() + 1);
    SelectedBoxes selected = select(selection, boxes, probabilities, count);
    float[] pictures = masks && config.masks() ? masks(selected) : null;
    return new Found(selected, pictures, logits, boxes);
  }

  /**
   * Returns the proposals of the last run's image.
   *
   * @return at most 1000
   */
  public Proposals propose() {
    ProposalSelection selection = new ProposalSelection(height, width);
    List<AnchorGrid> anchors = config.anchors();
    for (int level = 0; level < anchors.size(); level++) {
      selection.add(
          anchors.get(level),
          output(CascadeNetwork.objectness(level)).toFloats(),
          output(CascadeNetwork.proposalDeltas(level)).toFloats());
    }
    return selection.finish();
  }

  private Tensor output(String name) {
    return program.tap(name).orElseThrow();
  }

  private void classify(int stage, float[] boxes, int count, float[] scores, float[] deltas) {
    for (int first = 0; first < count; first += CascadeNetwork.BOXES) {
      int some = Math.min(CascadeNetwork.BOXES, count - first);
      write(CascadeNetwork.BOXES_INPUT, boxes, first, some, CascadeNetwork.BOXES);
      program.run(CascadeNetwork.stage(stage));
      copy(CascadeNetwork.scores(stage), some, first, scores);
      copy(CascadeNetwork.boxDeltas(stage), some, first, deltas);
    }
  }

  /** Writes boxes and the indices of their levels. Boxes that are not there are of no level. */
  private void write(String input, float[] boxes, int first, int count, int most) {
    float[] rows = new float[most * (SIDES + 1)];
    for (int i = 0; i < most; i++) {
      int row = i * (SIDES + 1);
      if (i < count) {
        int at = (first + i) * SIDES;
        System.arraycopy(boxes, at, rows, row, SIDES);
        rows[row + SIDES] = PyramidLevel.of(boxes, at) - PyramidLevel.FIRST;
      } else {
        rows[row + SIDES] = -1;
      }
    }
    program.input(input).copyFrom(rows);
  }

  private void copy(String name, int rows, int first, float[] all) {
    float[] some = output(name).slice(0, rows).toFloats();
    System.arraycopy(some, 0, all, first * (some.length / rows), some.length);
  }

  /** Where there is a box for each class, rows become rows times classes. */
  private float[] move(BoxDeltas rule, float[] boxes, float[] deltas, int count) {
    if (!config.boxPerClass()) {
      return rule.decode(boxes, deltas, count);
    }
    int classes = config.classes();
    float[] repeated = new float[count * classes * SIDES];
    for (int i = 0; i < count * classes; i++) {
      System.arraycopy(boxes, i / classes * SIDES, repeated, i * SIDES, SIDES);
    }
    return rule.decode(repeated, deltas, count * classes);
  }

  private SelectedBoxes select(
      DetectionSelection selection, float[] boxes, float[] probabilities, int count) {
    int classes = config.classes();
    if (!config.boxPerClass()) {
      return selection.select(boxes, probabilities, count, classes, height, width);
    }
    // A box of one class has no probability of another.
    float[] own = new float[count * classes * (classes + 1)];
    for (int i = 0; i < count * classes; i++) {
      int index = i % classes;
      own[i * (classes + 1) + index] = probabilities[i / classes * (classes + 1) + index];
    }
    return selection.select(boxes, own, count * classes, classes, height, width);
  }

  private float[] masks(SelectedBoxes selected) {
    int pixels = CascadeConfig.MASK * CascadeConfig.MASK;
    int classes = config.classes();
    float[] masks = new float[selected.count() * pixels];
    for (int first = 0; first < selected.count(); first += CascadeNetwork.MASKS) {
      int some = Math.min(CascadeNetwork.MASKS, selected.count() - first);
      write(CascadeNetwork.MASK_BOXES_INPUT, selected.boxes(), first, some, CascadeNetwork.MASKS);
      program.run(CascadeNetwork.MASK_PART);
      float[] logits = output(CascadeNetwork.MASK_PART).slice(0, some).toFloats();
      for (int i = 0; i < some * pixels; i++) {
        int index = selected.classes()[first + i / pixels];
        masks[first * pixels + i] = logits[i * classes + index];
      }
    }
    MaskPaste.sigmoid(masks);
    return masks;
  }
}
