package io.panamba.model.graph;

import io.panamba.runtime.Shape;

/** Something that a network computes, or its input: a tensor without memory. */
public final class Value {
  private final int id;
  private final Shape shape;
  private Node maker;

  Value(int id, Shape shape) {
    this.id = id;
    this.shape = shape;
  }

  /**
   * Returns its shape.
   *
   * @return (batch, length, width) or (batch, width)
   */
  public Shape shape() {
    return shape;
  }

  /**
   * Returns the length of its rows.
   *
   * @return the last axis
   */
  public long width() {
    return shape.size(-1);
  }

  /** Counts the values of a graph from 0. */
  int id() {
    return id;
  }

  /** The node that computes it. */
  Node maker() {
    return maker;
  }

  void madeBy(Node node) {
    maker = node;
  }

  @Override
  public String toString() {
    return "value " + id + shape;
  }
}
