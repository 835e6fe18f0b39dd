/** Vision Mamba: checkpoints, images, networks and tasks. */
@SuppressWarnings("module") // The command is compiled later.
module io.panamba.model {
  // Static: a runtime image without Flight Recorder runs Panamba too, only without its events.
  // Where the module is present it is resolved without being required.
  requires static jdk.jfr;
  requires jdk.management;
  requires transitive java.desktop;
  requires transitive io.panamba.runtime;

  uses javax.imageio.spi.ImageReaderSpi;

  exports io.panamba.model;
  exports io.panamba.model.architecture;
  exports io.panamba.model.block;
  exports io.panamba.model.checkpoint;
  exports io.panamba.model.deit;
  exports io.panamba.model.detection;
  exports io.panamba.model.files to
      io.panamba.cli;
  exports io.panamba.model.graph;
  exports io.panamba.model.image;
  exports io.panamba.model.memory;
  exports io.panamba.model.segmentation;
  exports io.panamba.model.task;
  exports io.panamba.model.training;
  exports io.panamba.model.vim;
  exports io.panamba.model.weights;
}
