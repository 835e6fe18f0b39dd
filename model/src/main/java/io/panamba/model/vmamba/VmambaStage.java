package io.panamba.model.vmamba;

/**
 * The blocks of one resolution.
 *
 * @param depth how many
 * @param dim channels of the stream
 * @param inner channels of the scan
 * @param states of a channel
 * @param dtRank numbers from which the steps are made
 * @param hidden width of the perceptron; 0 without one
 */
public record VmambaStage(int depth, int dim, int inner, int states, int dtRank, int hidden) {
  /** Numbers that a walk takes of every pixel. */
  int projected() {
    return dtRank + 2 * states;
  }
}
