package io.panamba.model.deit;

import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.ShapeReader;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.SidecarConfig;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.image.Preprocessing;
import io.panamba.runtime.Shape;
import io.panamba.runtime.operation.Attention;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** Tells a network from the shapes of its checkpoint, its names, and the files beside it. */
final class DeitConfigReader {
  /** The one published width of another rule: 16 heads of 80, of "huge". */
  private static final int HUGE_WIDTH = 1280;

  private static final int HUGE_HEADS = 16;
  private static final double TRANSFORMERS_EPSILON = 1e-12;

  private final Checkpoint checkpoint;
  private final Settings settings;
  private final ShapeReader shapes;
  private final Shape projection;
  private final int dim;

  /** The files beside the checkpoint, if they are those of such a network. */
  private final Optional<SidecarConfig> beside;

  DeitConfigReader(Checkpoint checkpoint, Settings settings) {
    this.checkpoint = checkpoint;
    this.settings = settings;
    this.shapes = new ShapeReader(checkpoint, settings);
    this.projection = shapes.shape(DeitKeys.PROJECTION, "dim, colours, patch, patch");
    this.dim = (int) projection.size(0);
    this.beside =
        Optional.of(SidecarConfig.beside(checkpoint))
            .filter(
                config ->
                    config
                        .wholeNumber("hidden_size", "embed_dim")
                        .filter(said -> said != dim)
                        .isEmpty());
  }

  DeitConfig read() {
    if (projection.size(2) != projection.size(3)) {
      throw new WeightsException(
          "%s is %s; expected square patches"
              .formatted(checkpoint.nameBefore(DeitKeys.PROJECTION), projection));
    }
    int patch = (int) projection.size(2);
    Set<DeitTrait> traits = traits();
    int extra = traits.contains(DeitTrait.DISTILLED) ? 2 : 1;
    if (isOfPatches()) {
      traits.add(DeitTrait.POSITIONS_OF_PATCHES);
      extra = 0;
    }
    int side = shapes.trainedSide(DeitKeys.POSITIONS, extra);
    return new DeitConfig(
        shapes.image(patch, patch, side),
        new DeitSizes(
            (int) projection.size(1),
            patch,
            shapes.depth("blocks."),
            dim,
            heads(),
            shapes.size("blocks.0.mlp.fc1.weight", "hidden, dim", 0),
            shapes.size(DeitKeys.POSITIONS, "1, tokens, dim", 1)),
        shapes.has(DeitKeys.HEAD) || shapes.has("head.bias")
            ? shapes.size(DeitKeys.HEAD, "classes, dim", 0)
            : 0,
        traits,
        epsilon(),
        settings.orStandard(Deit.POSITION_INTERPOLATION),
        PreprocessingSettings.read(
            settings,
            checkpoint.metadata(),
            beside
                .map(config -> PreprocessingSettings.beside(config, Preprocessing.IMAGENET))
                .orElse(Preprocessing.IMAGENET)),
        settings.orStandard(Settings.PRECISION));
  }

  private Set<DeitTrait> traits() {
    Set<DeitTrait> traits = EnumSet.noneOf(DeitTrait.class);
    if (shapes.has(DeitKeys.DISTILLATION_TOKEN)) {
      traits.add(DeitTrait.DISTILLED);
      if (shapes.has(DeitKeys.HEAD) && !shapes.has(DeitKeys.DISTILLATION_HEAD)) {
        traits.add(DeitTrait.ONE_HEAD);
      }
    }
    if (shapes.hasAny(".gamma_1") || shapes.hasAny(".gamma_2")) {
      traits.add(DeitTrait.LAYER_SCALE);
    }
    if (shapes.hasAny(".attn.qkv.bias")) {
      traits.add(DeitTrait.QKV_BIAS);
    }
    return traits;
  }

  /** A square number of rows has none for a class token. */
  private boolean isOfPatches() {
    int rows = shapes.size(DeitKeys.POSITIONS, "1, tokens, dim", 1);
    int side = (int) Math.sqrt(rows);
    return side * side == rows
        && shapes.hasAny(".gamma_1")
        && !shapes.has(DeitKeys.DISTILLATION_TOKEN);
  }

  /** A wrong number of heads would load and run, to wrong answers. */
  private int heads() {
    Optional<Integer> chosen = settings.get(Deit.HEADS);
    if (chosen.isPresent()) {
      return chosen.get();
    }
    Optional<Integer> stored = shapes.stored(Deit.HEADS);
    Optional<Integer> said =
        stored.or(
            () -> beside.flatMap(file -> file.wholeNumber("num_attention_heads", "num_heads")));
    if (said.filter(heads -> !fits(heads)).isPresent()) {
      throw new WeightsException(
          "%s %d heads; a width of %d is not that of so many of at most %d"
              .formatted(
                  stored.isPresent()
                      ? "the file's metadata have"
                      : "the files beside the weights say",
                  said.get(),
                  dim,
                  Attention.MAX_HEAD_DIM));
    }
    if (said.isEmpty() && dim % Deit.HEAD_WIDTH != 0) {
      throw new WeightsException(
          "a width of %d is no multiple of %d, and nothing says how many heads there are; say so by the setting '%s'"
              .formatted(dim, Deit.HEAD_WIDTH, Deit.HEADS.name()));
    }
    return said.orElse(dim == HUGE_WIDTH ? HUGE_HEADS : dim / Deit.HEAD_WIDTH);
  }

  private boolean fits(int heads) {
    return heads >= 1 && dim % heads == 0 && dim / heads <= Attention.MAX_HEAD_DIM;
  }

  private double epsilon() {
    Optional<Double> said = beside.flatMap(config -> config.number("layer_norm_eps"));
    if (said.filter(number -> !Deit.isEpsilon(number)).isPresent()) {
      throw new WeightsException(
          "the files beside the weights have a layer_norm_eps of %s; expected %s"
              .formatted(said.get(), Deit.NORM_EPSILON.expected()));
    }
    boolean ofTransformers = checkpoint.nameBefore("norm.weight").endsWith("layernorm.weight");
    return shapes
        .said(Deit.NORM_EPSILON)
        .or(() -> said)
        .orElse(ofTransformers ? TRANSFORMERS_EPSILON : Deit.EPSILON);
  }
}
