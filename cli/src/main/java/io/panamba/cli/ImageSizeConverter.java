package io.panamba.cli;

import io.panamba.model.architecture.ImageSize;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code 224} or {@code 224x320}. */
final class ImageSizeConverter implements ITypeConverter<ImageSize> {
  private static final Pattern FORM = Pattern.compile("(\\d{1,6})(?:x(\\d{1,6}))?");

  @Override
  public ImageSize convert(String value) {
    Matcher matcher = FORM.matcher(value);
    if (!matcher.matches()) {
      throw new TypeConversionException(
          "expected pixels, such as 224, or HEIGHTxWIDTH, such as 224x320, not '" + value + "'");
    }
    int height = Integer.parseInt(matcher.group(1));
    int width = matcher.group(2) == null ? height : Integer.parseInt(matcher.group(2));
    if (height < 1 || width < 1) {
      throw new TypeConversionException("an image has at least one pixel, not '" + value + "'");
    }
    return new ImageSize(height, width);
  }
}
