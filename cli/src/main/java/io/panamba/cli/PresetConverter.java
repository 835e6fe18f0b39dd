package io.panamba.cli;

import io.panamba.model.Architectures;
import io.panamba.model.Architectures.Preset;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the name of a usual size. */
final class PresetConverter implements ITypeConverter<Preset<?>> {
  @Override
  public Preset<?> convert(String value) {
    try {
      return Architectures.preset(value);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
