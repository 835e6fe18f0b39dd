/**
 * A network as values and nodes, written once: lowered to operations for inference and training,
 * with memory by lifetime and gradients by rule. Until version 1 these types may change.
 */
package io.panamba.model.graph;
