/** Vision Mamba: checkpoints, images, networks and tasks. */
module io.panamba.model {
  requires java.desktop;
  requires transitive io.panamba.runtime;

  exports io.panamba.model;
  exports io.panamba.model.checkpoint;
  exports io.panamba.model.image;
}
