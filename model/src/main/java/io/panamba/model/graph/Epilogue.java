package io.panamba.model.graph;

import io.panamba.runtime.operation.Linear;

/**
 * What the result of a linear layer passes through before it is written.
 *
 * @param activation a function of every element
 * @param value what is then written
 */
record Epilogue(Linear.Activation activation, Value value) {}
