package io.panamba.model.image.webp;

import java.io.IOException;
import java.util.Arrays;

/** Decodes a VP8 key frame: RFC 6386. */
final class FrameDecoder {
  private final FrameHeader header;
  private final Runnable check;
  private final Planes planes;
  private final Modes modes;
  private final Residual residual;
  private final Prediction prediction = new Prediction();
  private final int[] scratch = new int[16];
  private final byte[] beyond = new byte[4];

  /** The loop filter of each macroblock, and whether it works inside of it. */
  private final FilterStrength[] strengths;

  private final boolean[] inside;

  FrameDecoder(FrameHeader header, Runnable check) {
    this.header = header;
    this.check = check;
    planes = Planes.allocate(header.width(), header.height());
    modes = new Modes(header, planes.columns());
    residual = new Residual(header, planes.columns());
    strengths = new FilterStrength[planes.columns() * planes.rows()];
    inside = new boolean[strengths.length];
  }

  Planes decode() throws IOException {
    for (int row = 0; row < planes.rows(); row++) {
      check.run();
      BoolDecoder tokens = header.tokens()[row % header.tokens().length];
      modes.startRow();
      residual.startRow(tokens);
      for (int column = 0; column < planes.columns(); column++) {
        macroblock(column, row);
        if (tokens.damaged() || header.modes().damaged()) {
          throw new IOException("the frame is damaged or cut short");
        }
      }
    }
    // Only now: prediction takes samples that aren't filtered.
    LoopFilter filter = new LoopFilter(planes, header.simpleFilter());
    int at = 0;
    for (int row = 0; row < planes.rows(); row++) {
      check.run();
      for (int column = 0; column < planes.columns(); column++) {
        filter.filter(column, row, strengths[at], inside[at]);
        at++;
      }
    }
    return planes;
  }

  private void macroblock(int column, int row) {
    modes.read(column);
    boolean split = modes.luma() == Modes.SPLIT;
    FrameHeader.Segment segment = modes.segment();
    boolean filled = false;
    if (modes.skipped()) {
      residual.skip(column, split);
    } else {
      filled = residual.read(column, split, segment.quantiser());
    }
    int at = row * planes.columns() + column;
    strengths[at] = split ? segment.split() : segment.whole();
    inside[at] = split || filled;

    if (split) {
      subblocks(column, row);
    } else {
      Prediction.square(planes.luma(), 16 * column, 16 * row, 16, modes.luma());
      add(planes.luma(), 16 * column, 16 * row, 0, 4);
    }
    chroma(planes.blue(), column, row, Residual.BLUE);
    chroma(planes.red(), column, row, Residual.RED);
  }

  private void chroma(Plane plane, int column, int row, int firstBlock) {
    Prediction.square(plane, 8 * column, 8 * row, 8, modes.chroma());
    add(plane, 8 * column, 8 * row, firstBlock, 2);
  }

  private void subblocks(int column, int row) {
    Plane plane = planes.luma();
    int corner = plane.at(16 * column, 16 * row);
    readBeyond(column, row, corner - plane.stride() + 16);
    for (int i = 0; i < 16; i++) {
      int at = corner + (i >> 2) * 4 * plane.stride() + (i & 3) * 4;
      // The macroblock at the right isn't decoded: its place is taken by what is above of it.
      boolean last = (i & 3) == 3;
      prediction.subblock(
          plane,
          at,
          modes.subblocks[i],
          last ? beyond : plane.samples(),
          last ? 0 : at - plane.stride() + 4);
      addBlock(plane, at, i);
    }
  }

  /** Reads the four samples above of the macroblock at the right. */
  private void readBeyond(int column, int row, int at) {
    byte[] samples = planes.luma().samples();
    if (row == 0) {
      Arrays.fill(beyond, Plane.ABOVE);
    } else if (column == planes.columns() - 1) {
      Arrays.fill(beyond, samples[at - 1]);
    } else {
      System.arraycopy(samples, at, beyond, 0, beyond.length);
    }
  }

  private void add(Plane plane, int x, int y, int firstBlock, int blocksPerRow) {
    for (int i = 0; i < blocksPerRow * blocksPerRow; i++) {
      int at = plane.at(x + 4 * (i % blocksPerRow), y + 4 * (i / blocksPerRow));
      addBlock(plane, at, firstBlock + i);
    }
  }

  private void addBlock(Plane plane, int at, int block) {
    if (residual.filled(block)) {
      InverseTransform.add(residual.coefficients, 16 * block, scratch, plane, at);
    }
  }
}
