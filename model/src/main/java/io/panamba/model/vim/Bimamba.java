package io.panamba.model.vim;

/** The directions of a mixer ({@code bimamba_type}). */
public enum Bimamba {
  /** Forward alone. */
  NONE,
  /** Both, sharing everything but A. Never halved. */
  V1,
  /** Both, with convolutions and projections of their own. The published models. */
  V2
}
