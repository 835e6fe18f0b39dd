package io.panamba.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetEncoder;
import java.util.HexFormat;

/** Writes text in a charset; what it lacks becomes an escape rather than a question mark. */
final class EscapingWriter extends Writer {
  private final Writer target;
  private final CharsetEncoder encoder;

  EscapingWriter(OutputStream stream, Charset charset) {
    target = new OutputStreamWriter(stream, charset);
    encoder = charset.newEncoder();
  }

  @Override
  public void write(char[] text, int offset, int length) throws IOException {
    String part = new String(text, offset, length);
    if (encoder.canEncode(part)) {
      target.write(part);
      return;
    }
    StringBuilder escaped = new StringBuilder();
    part.codePoints()
        .forEach(
            c -> {
              String character = Character.toString(c);
              if (encoder.canEncode(character)) {
                escaped.append(character);
              } else {
                escaped.append("\\u").append(HexFormat.of().toHexDigits(c, c < 0x10000 ? 4 : 6));
              }
            });
    target.write(escaped.toString());
  }

  @Override
  public void flush() throws IOException {
    target.flush();
  }

  @Override
  public void close() throws IOException {
    target.close();
  }
}
