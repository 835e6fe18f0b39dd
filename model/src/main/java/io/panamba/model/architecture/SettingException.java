package io.panamba.model.architecture;

import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Printable;

/** A setting that a network's family does not have, or a value of it that it does not know. */
public final class SettingException extends PanambaException {
  private static final long serialVersionUID = 1L;

  private SettingException(String message) {
    super(Printable.line(message));
  }

  static SettingException unknown(String title, String name) {
    return new SettingException("%s has no setting '%s'".formatted(title, name));
  }

  static SettingException noValue(String title, Setting<?> setting, String text) {
    return new SettingException(
        "%s has no %s '%s'; expected %s"
            .formatted(title, setting.name(), text, setting.expected()));
  }
}
