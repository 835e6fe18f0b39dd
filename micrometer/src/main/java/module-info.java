/** Meters of pools for Micrometer. */
module io.panamba.micrometer {
  requires transitive io.panamba.model;
  requires transitive micrometer.core;

  exports io.panamba.micrometer;
}
