/**
 * The memory of networks: on a device, in the host's or in a file, counted and bounded. Until
 * version 1 these types may change.
 */
package io.panamba.model.memory;
