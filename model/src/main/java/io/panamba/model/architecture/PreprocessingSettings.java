package io.panamba.model.architecture;

import io.panamba.model.checkpoint.SidecarConfig;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.image.CropMode;
import io.panamba.model.image.Preprocessing;
import io.panamba.model.image.Rgb;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * How pictures become a network's input, as settings of every family that takes pictures: such a
 * family lists {@link #ALL} among its own.
 */
public final class PreprocessingSettings {
  /** How pictures are resized before the crop. */
  public static final Setting<CropMode> CROP_MODE =
      Setting.choice(
          "crop-mode",
          "panamba.crop_mode",
          CropMode.CENTER,
          "MODE",
          "How pictures are resized before the crop: CENTER keeps their proportions, SQUASH does"
              + " not (default: as the model was trained).");

  /** The part of the resized picture's side that the crop keeps. */
  public static final Setting<Double> CROP_RATIO =
      Setting.of(
          "crop-ratio",
          "panamba.crop_ratio",
          "R",
          "a number from 0.001 to 1",
          "The part of the resized picture's side that the centre crop keeps, such as 0.875, 0.9 or"
              + " 1 (default: as the model was trained).",
          PreprocessingSettings::ratio);

  /** The mean of samples in 0..1. */
  public static final Setting<Rgb> MEAN =
      Setting.of(
          "mean",
          "panamba.mean",
          "R,G,B",
          "three numbers from 0 to 1, as R,G,B",
          "Mean of the pictures' samples, of 0 to 1 (default: as the model was trained).",
          text -> Rgb.parse(text).filter(PreprocessingSettings::isMean));

  /** The standard deviation of samples in 0..1. */
  public static final Setting<Rgb> DEVIATION =
      Setting.of(
          "std",
          "panamba.std",
          "R,G,B",
          "three numbers above 0, up to 1, as R,G,B",
          "Standard deviation of the pictures' samples, of 0 to 1 (default: as the model was"
              + " trained).",
          text -> Rgb.parse(text).filter(PreprocessingSettings::isDeviation));

  /** All of them. */
  public static final List<Setting<?>> ALL = List.of(CROP_MODE, CROP_RATIO, MEAN, DEVIATION);

  private static final int MAX_DIGITS = 40;

  private PreprocessingSettings() {}

  private static Optional<Double> ratio(String text) {
    if (text.length() > MAX_DIGITS || !text.matches("[0-9]*\\.?[0-9]+([eE][-+]?[0-9]+)?")) {
      return Optional.empty();
    }
    return Optional.of(Double.valueOf(text)).filter(PreprocessingSettings::isRatio);
  }

  /** A smaller crop of a large input would be that of a picture larger than any. */
  private static boolean isRatio(double ratio) {
    return ratio >= 1e-3 && ratio <= 1;
  }

  private static boolean isMean(Rgb mean) {
    for (float number : mean.toArray()) {
      if (!(number >= 0 && number <= 1)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isDeviation(Rgb deviation) {
    for (float number : deviation.toArray()) {
      if (!(number > 0 && number <= 1)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Chooses a preparation: what settings say, or else the file's metadata, or else what is usual.
   *
   * @param settings that come first
   * @param metadata of the file
   * @param usual of the family or the model
   * @return the preparation
   * @throws WeightsException if the metadata have a value that is none
   */
  public static Preprocessing read(
      Settings settings, Map<String, String> metadata, Preprocessing usual) {
    return new Preprocessing(
        value(settings, metadata, CROP_MODE).orElse(usual.cropMode()),
        value(settings, metadata, CROP_RATIO).orElse(usual.cropRatio()),
        value(settings, metadata, MEAN).orElse(usual.mean()),
        value(settings, metadata, DEVIATION).orElse(usual.deviation()));
  }

  /**
   * Reads the preparation that the files beside a checkpoint ask for, timm's ({@code crop_mode,
   * crop_pct, mean, std}) or transformers' ({@code size, crop_size, image_mean, image_std}). Where
   * transformers resizes both sides to one size, here pictures keep their proportions.
   *
   * @param config beside a checkpoint
   * @param usual for what it says nothing of
   * @return the preparation
   * @throws WeightsException if it is none
   */
  public static Preprocessing beside(SidecarConfig config, Preprocessing usual) {
    if (!config.flag("do_normalize").orElse(true)) {
      return new Preprocessing(
          cropMode(config, usual), cropRatio(config, usual), new Rgb(0, 0, 0), new Rgb(1, 1, 1));
    }
    return new Preprocessing(
        cropMode(config, usual),
        cropRatio(config, usual),
        colours(config, PreprocessingSettings::isMean, MEAN, "image_mean", "mean")
            .orElse(usual.mean()),
        colours(config, PreprocessingSettings::isDeviation, DEVIATION, "image_std", "std")
            .orElse(usual.deviation()));
  }

  private static CropMode cropMode(SidecarConfig config, Preprocessing usual) {
    return config
        .text("crop_mode")
        .map(
            mode ->
                switch (mode) {
                  case "center" -> CropMode.CENTER;
                  case "squash" -> CropMode.SQUASH;
                  default ->
                      throw new WeightsException(
                          "the files beside the weights have crop_mode '%s'; expected center or squash"
                              .formatted(mode));
                })
        .orElse(usual.cropMode());
  }

  private static double cropRatio(SidecarConfig config, Preprocessing usual) {
    Optional<Double> said = config.number("crop_pct").or(() -> croppedPart(config));
    if (said.filter(ratio -> !isRatio(ratio)).isPresent()) {
      throw new WeightsException(
          "the files beside the weights ask for a crop of %s of the side; expected %s"
              .formatted(said.get(), CROP_RATIO.expected()));
    }
    return said.orElse(usual.cropRatio());
  }

  /** Of transformers, which says the sizes before and after the crop. */
  private static Optional<Double> croppedPart(SidecarConfig config) {
    Optional<Double> size = config.number("size", "size.shortest_edge", "size.height");
    Optional<Double> crop = config.number("crop_size", "crop_size.height");
    boolean crops = config.flag("do_center_crop").orElse(crop.isPresent());
    return crops ? size.flatMap(all -> crop.map(part -> part / all)) : size.map(_ -> 1.0);
  }

  private static Optional<Rgb> colours(
      SidecarConfig config, Predicate<Rgb> fits, Setting<Rgb> setting, String... names) {
    return config
        .numbers(names)
        .map(
            numbers -> {
              if (numbers.size() == 3) {
                Rgb colours =
                    new Rgb(
                        numbers.get(0).floatValue(),
                        numbers.get(1).floatValue(),
                        numbers.get(2).floatValue());
                if (fits.test(colours)) {
                  return colours;
                }
              }
              throw new WeightsException(
                  "the files beside the weights have %s %s; expected %s"
                      .formatted(setting.name(), numbers, setting.expected()));
            });
  }

  private static <T> Optional<T> value(
      Settings settings, Map<String, String> metadata, Setting<T> setting) {
    return settings.get(setting).or(() -> setting.stored(metadata));
  }

  /**
   * Says a preparation.
   *
   * @param settings of a network
   * @param preprocessing of the same network
   * @return the settings, with crop, mean and deviation
   */
  public static Settings write(Settings settings, Preprocessing preprocessing) {
    return settings
        .with(CROP_MODE, preprocessing.cropMode())
        .with(CROP_RATIO, preprocessing.cropRatio())
        .with(MEAN, preprocessing.mean())
        .with(DEVIATION, preprocessing.deviation());
  }
}
