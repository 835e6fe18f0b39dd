package io.panamba.jmh;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * An ONNX graph that tells a few pictures apart: one linear layer, (1, pixels) to (1, 64), about as
 * many weights as the network of digits that comes with Panamba has, and less work. A row is the
 * nearest picture's by {@code argmin |x - c|^2 = argmax 2 x.c - |c|^2}; rows without a picture
 * never win. Written by the field numbers of onnx.proto3, IR version 8, operators of version 13.
 */
final class DigitGraph {
  private static final int ROWS = 64;
  private static final float NEVER = -1e30f;

  private static final int FLOAT = 1;
  private static final int LENGTH_DELIMITED = 2;

  private DigitGraph() {}

  /**
   * Writes the graph.
   *
   * @param pictures normalised pixels by row, null where there is none; at most 64
   * @return the model's bytes
   */
  static byte[] of(float[][] pictures) {
    int pixels = pictures[pictures.length - 1].length;
    float[] weight = new float[pixels * ROWS];
    float[] bias = new float[ROWS];
    for (int row = 0; row < ROWS; row++) {
      float[] picture = row < pictures.length ? pictures[row] : null;
      bias[row] = picture == null ? NEVER : 0;
      for (int i = 0; picture != null && i < pixels; i++) {
        weight[i * ROWS + row] = 2 * picture[i];
        bias[row] -= picture[i] * picture[i];
      }
    }
    byte[] graph =
        join(
            field(1, node("MatMul", "image", "weight", "products")),
            field(1, node("Add", "products", "bias", "logits")),
            text(2, "digits"),
            field(5, tensor("weight", weight, pixels, ROWS)),
            field(5, tensor("bias", bias, ROWS)),
            field(11, value("image", 1, pixels)),
            field(12, value("logits", 1, ROWS)));
    return join(number(1, 8), field(7, graph), field(8, number(2, 13)));
  }

  private static byte[] node(String operator, String left, String right, String output) {
    return join(text(1, left), text(1, right), text(2, output), text(4, operator));
  }

  private static byte[] tensor(String name, float[] values, long... dims) {
    ByteBuffer raw =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    raw.asFloatBuffer().put(values);
    byte[] shape = {};
    for (long dim : dims) {
      shape = join(shape, number(1, dim));
    }
    return join(shape, number(2, FLOAT), text(8, name), field(9, raw.array()));
  }

  private static byte[] value(String name, long... dims) {
    byte[] shape = {};
    for (long dim : dims) {
      shape = join(shape, field(1, number(1, dim)));
    }
    byte[] type = field(1, join(number(1, FLOAT), field(2, shape)));
    return join(text(1, name), field(2, type));
  }

  private static byte[] text(int field, String text) {
    return field(field, text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] field(int field, byte[] content) {
    return join(varint((long) field << 3 | LENGTH_DELIMITED), varint(content.length), content);
  }

  private static byte[] number(int field, long value) {
    return join(varint((long) field << 3), varint(value));
  }

  private static byte[] varint(long value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long left = value;
    while (left > 0x7f) {
      out.write((int) (left & 0x7f) | 0x80);
      left >>>= 7;
    }
    out.write((int) left);
    return out.toByteArray();
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
