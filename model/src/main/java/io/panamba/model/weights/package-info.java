/**
 * The tensors of a network, declared once: to be loaded, drawn, trained and counted. Until version
 * 1 these types may change.
 */
package io.panamba.model.weights;
