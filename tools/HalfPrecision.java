import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Rounds a safetensors file of float32 to half as many bytes, of float16: {@code HalfPrecision FROM
 * TO}. Names, shapes and metadata stay.
 */
final class HalfPrecision {
  private static final Pattern OFFSETS = Pattern.compile("\"data_offsets\":\\[(\\d+),(\\d+)\\]");
  private static final int LENGTH_BYTES = Long.BYTES;

  private HalfPrecision() {}

  static void main(String[] args) throws IOException {
    ByteBuffer file =
        ByteBuffer.wrap(Files.readAllBytes(Path.of(args[0]))).order(ByteOrder.LITTLE_ENDIAN);
    byte[] header = new byte[Math.toIntExact(file.getLong())];
    file.get(header);
    String text = new String(header, StandardCharsets.UTF_8).stripTrailing();
    long tensors = OFFSETS.matcher(text).results().count();
    if (tensors != text.split("\"dtype\":\"F32\"", -1).length - 1) {
      throw new IOException(args[0] + " has tensors that are not float32");
    }
    String halved =
        OFFSETS
            .matcher(text.replace("\"dtype\":\"F32\"", "\"dtype\":\"F16\""))
            .replaceAll(
                match ->
                    "\"data_offsets\":[%d,%d]"
                        .formatted(
                            Long.parseLong(match.group(1)) / 2,
                            Long.parseLong(match.group(2)) / 2));
    byte[] written = halved.getBytes(StandardCharsets.UTF_8);
    // Data begin at a multiple of eight bytes.
    int padding = -written.length & 7;
    ByteBuffer out =
        ByteBuffer.allocate(LENGTH_BYTES + written.length + padding + file.remaining() / 2)
            .order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(written.length + padding)
        .put(written)
        .put(" ".repeat(padding).getBytes(StandardCharsets.US_ASCII));
    while (file.hasRemaining()) {
      out.putShort(Float.floatToFloat16(file.getFloat()));
    }
    Files.write(Path.of(args[1]), out.array());
  }
}
