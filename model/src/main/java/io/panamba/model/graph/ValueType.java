package io.panamba.model.graph;

/** The element type of a value. */
enum ValueType {
  /** Float32 in every precision. */
  FLOAT32,
  /** The type of the network's precision. */
  PRECISION,
  /** Whatever others need. */
  ANY
}
