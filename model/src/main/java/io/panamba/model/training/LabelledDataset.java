package io.panamba.model.training;

/** Pictures of one class each. */
public sealed interface LabelledDataset extends Dataset permits FolderDataset, TensorDataset {
  /**
   * Returns the class of a picture.
   *
   * @param index of the picture, from 0
   * @return the index of its class
   */
  int label(int index);
}
