package io.panamba.model.weights;

import java.util.List;

/** The form in which an inference takes a weight. */
public sealed interface Form {
  /** Float32 in the published shape. */
  Form PLAIN = new Plain(null);

  /** A packed matrix in the network's precision. */
  Form MATRIX = new Matrix(List.of(), false, null, null);

  /** A packed matrix in float32, whatever the precision. */
  Form EXACT = new Matrix(List.of(), true, null, null);

  /**
   * Of a convolution, (outputs, inputs, height, width): packed matrices (outputs, inputs) in the
   * network's precision, one for each tap. Training keeps (taps, inputs, outputs).
   */
  Form TAPS = new Taps(false);

  /**
   * Of a transposed convolution, (inputs, outputs, height, width): packed matrices (outputs,
   * inputs) in the network's precision, one for each tap. Training keeps (taps, outputs, inputs).
   */
  Form TRANSPOSED_TAPS = new Taps(true);

  /** Float32, (n, ...) as (..., n); training keeps it so too. */
  Form TRANSPOSED = new Transposed(false, 1);

  /**
   * As {@link #TRANSPOSED}, of logarithms: A = -exp(A_log), times log2(e) because a scan raises 2
   * to powers. Training keeps the logarithms.
   */
  Form DECAY = new Transposed(true, 1);

  /**
   * A packed matrix in the network's precision of matrices of one width that lie one behind the
   * other, (matrices, outputs, inputs).
   */
  Form STACKED = new Stacked();

  /** Numbers on the heap, of which something is made when a program is written. */
  Form NUMBERS = new Numbers();

  /**
   * Float32 in the published shape.
   *
   * @param scale the key of factors by which elements are multiplied when they are loaded, or null
   */
  record Plain(String scale) implements Form {}

  /**
   * A packed matrix, the first axis being the outputs, all others the inputs.
   *
   * @param parts outputs that are packed apart from each other, how many in each part; empty if all
   *     are together
   * @param exact whether it is float32 whatever the network's precision
   * @param scale the key of factors by which rows are multiplied when they are loaded, or null
   * @param next the key of a {@link #MATRIX} of the same shape that lies behind this one in memory,
   *     so that a device can use both at once; or null
   */
  record Matrix(List<Integer> parts, boolean exact, String scale, String next) implements Form {
    /** Copies the list. */
    public Matrix {
      parts = List.copyOf(parts);
    }

    /**
     * A matrix in parts.
     *
     * @param parts how many outputs are in each
     * @return the form
     */
    public static Matrix ofParts(List<Integer> parts) {
      return new Matrix(parts, false, null, null);
    }

    /**
     * A matrix whose rows are multiplied by factors when it is loaded.
     *
     * @param factors their key, or null for none
     * @return the form
     */
    public static Matrix scaled(String factors) {
      return new Matrix(List.of(), false, factors, null);
    }

    /**
     * A matrix with one behind it.
     *
     * @param next the other one's key
     * @return the form
     */
    public static Matrix before(String next) {
      return new Matrix(List.of(), false, null, next);
    }
  }

  /**
   * A matrix for each tap of a convolution.
   *
   * @param transposed whether inputs come before outputs, as in a transposed convolution
   */
  record Taps(boolean transposed) implements Form {}

  /**
   * Of a convolution of maps side by side, each with as many channels as there are outputs,
   * (outputs, maps * outputs, height, width): for the first map packed matrices (outputs, outputs)
   * in the network's precision, one for each tap; for each of the others, and for each piece of the
   * outputs, packed matrices (outputs / pieces, outputs). Training keeps (taps, inputs, outputs).
   *
   * @param maps how many
   * @param pieces of the outputs, which they divide
   */
  record SplitTaps(int maps, int pieces) implements Form {
    /** Columns of a piece, at most: what a piece makes of a map fits a cache better. */
    private static final int PIECE = 64;

    /**
     * Chooses as few pieces as bound the memory of a piece.
     *
     * @param maps how many
     * @param outputs of the convolution
     * @return the form
     */
    public static SplitTaps of(int maps, int outputs) {
      int pieces = Math.ceilDiv(outputs, PIECE);
      while (outputs % pieces != 0) {
        pieces++;
      }
      return new SplitTaps(maps, outputs / pieces < PIECE / 4 ? 1 : pieces);
    }
  }

  /**
   * A packed matrix in the network's precision, whose inputs are channel after channel of some
   * pixels: (outputs, channels * pixels) becomes (outputs, pixels * channels).
   *
   * @param pixels of a channel
   */
  record PixelsFirst(int pixels) implements Form {}

  /**
   * A matrix transposed, or several of one size that lie one behind the other.
   *
   * @param logarithm whether it holds logarithms of decays
   * @param matrices how many
   */
  record Transposed(boolean logarithm, int matrices) implements Form {}

  /** Matrices of one width as one. */
  record Stacked() implements Form {}

  /** Numbers on the heap. */
  record Numbers() implements Form {}
}
