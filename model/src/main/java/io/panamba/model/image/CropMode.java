package io.panamba.model.image;

/** How a picture of any proportions is resized before the crop, under timm's names. */
public enum CropMode {
  /** Keeping its proportions, so that it covers what is cropped. */
  CENTER,
  /** To the proportions of the input. */
  SQUASH
}
