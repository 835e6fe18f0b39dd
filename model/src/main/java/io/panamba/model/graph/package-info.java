/**
 * The memory of a network on a device, and what a family writes into it. Until version 1 these
 * types may change.
 */
package io.panamba.model.graph;
