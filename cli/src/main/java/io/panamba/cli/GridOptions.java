package io.panamba.cli;

import io.panamba.model.block.ClassToken;
import io.panamba.model.VimOptions;
import picocli.CommandLine.Option;

/** What decides the tokens of a network. */
final class GridOptions {
  @Option(
      names = "--image-size",
      paramLabel = "S|HxW",
      converter = ImageSize.Converter.class,
      description = "Size of images in pixels (default: the size that the model was trained for).")
  private ImageSize imageSize;

  @Option(
      names = "--stride",
      paramLabel = "N",
      converter = Count.class,
      description = "Pixels from patch to patch (default: as the model was trained).")
  private Integer stride;

  @Option(
      names = "--class-token",
      paramLabel = "PLACE",
      description = "middle, head, double or none (default: as the model was trained).")
  private ClassToken classToken;

  ImageSize imageSize() {
    return imageSize;
  }

  VimOptions vimOptions() {
    VimOptions options = VimOptions.defaults();
    if (imageSize != null) {
      options = options.withImageSize(imageSize.height(), imageSize.width());
    }
    if (stride != null) {
      options = options.withStride(stride);
    }
    return classToken == null ? options : options.withClassToken(classToken);
  }
}
