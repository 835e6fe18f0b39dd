package io.panamba.fuzz;

import io.panamba.model.NetworkParsers;
import io.panamba.model.checkpoint.CheckpointException;
import io.panamba.model.checkpoint.CheckpointParsers;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.image.ImageException;
import io.panamba.model.image.ImageParsers;
import io.panamba.model.training.DatasetException;
import io.panamba.model.training.ResumeException;
import io.panamba.model.training.TrainingParsers;
import io.panamba.runtime.LibraryParsers;
import io.panamba.runtime.PanambaException;
import java.io.IOException;
import java.util.List;

/** Every parser of the project. */
final class Targets {
  /** Text, numbers and containers: nothing that a byte says takes more than a few objects. */
  private static final Budget DATA = new Budget(500, 100, 2 << 20, 2048);

  /** At most 256 x 256 pixels: 64 bytes for each beside the readers' own tables. */
  private static final Budget PICTURE = new Budget(2000, 200, 24 << 20, 4096);

  private static final int KILOBYTE = 1024;

  private static final List<Class<? extends Exception>> CHECKPOINT =
      List.of(CheckpointException.class);

  private Targets() {}

  private static Target data(
      String name, int kilobytes, Parser parser, List<Class<? extends Exception>> refusals) {
    return new Target(name, parser, DATA, kilobytes * KILOBYTE, refusals);
  }

  private static Target picture(String name, Parser parser) {
    return new Target(name, parser, PICTURE, 8 * KILOBYTE, List.of(ImageException.class));
  }

  static List<Target> all() {
    return List.of(
        data("checkpoint", 8, InputFile.parser(CheckpointParsers::checkpoint), CHECKPOINT),
        data("pickle", 4, CheckpointParsers::pickle, CHECKPOINT),
        data("zip", 4, CheckpointParsers::zip, CHECKPOINT),
        data("json", 4, CheckpointParsers::json, CHECKPOINT),
        data(
            "index",
            2,
            InputFile.parser("model.safetensors.index.json", CheckpointParsers::index),
            CHECKPOINT),
        data("safetensors", 4, CheckpointParsers::safetensors, CHECKPOINT),
        data(
            "network",
            8,
            NetworkParsers::config,
            List.of(CheckpointException.class, WeightsException.class)),
        data(
            "labels", 1, InputFile.parser(NetworkParsers::labels), List.of(PanambaException.class)),
        data(
            "dataset",
            2,
            InputFile.parser(TrainingParsers::dataset),
            List.of(CheckpointException.class, DatasetException.class)),
        data(
            "state",
            2,
            InputFile.parser(TrainingParsers::state),
            List.of(CheckpointException.class, ResumeException.class)),
        data(
            "library", 1, InputFile.parser(LibraryParsers::elf), List.of(LibraryParsers.refusal())),
        picture("jpeg", ImageParsers.decoder("JPEG")),
        picture("png", ImageParsers.decoder("PNG")),
        picture("gif", ImageParsers.decoder("GIF")),
        picture("bmp", ImageParsers.decoder("BMP")),
        picture("tiff", ImageParsers.decoder("TIFF")),
        picture("webp", ImageParsers.decoder("WEBP")),
        data("zstandard", 4, ImageParsers::zstandard, List.of(IOException.class)),
        data("jpeg-header", 2, ImageParsers::jpegHeader, List.of(IOException.class)),
        picture("rows", InputFile.parser(ImageParsers::rows)));
  }

  static Target of(String name) {
    return all().stream()
        .filter(target -> target.name().equals(name))
        .findAny()
        .orElseThrow(() -> new IllegalArgumentException("there is no parser " + name));
  }
}
