/** The panamba command. */
module io.panamba.cli {
  requires info.picocli;
  requires io.panamba.model;
  requires java.management;
  requires jdk.management;

  opens io.panamba.cli to
      info.picocli;
}
