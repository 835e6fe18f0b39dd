/** Vision Mamba: checkpoints, images, networks and tasks. */
module io.panamba.model {
  requires transitive java.desktop;
  requires transitive io.panamba.runtime;

  uses javax.imageio.spi.ImageReaderSpi;

  exports io.panamba.model;
  exports io.panamba.model.checkpoint;
  exports io.panamba.model.image;
}
