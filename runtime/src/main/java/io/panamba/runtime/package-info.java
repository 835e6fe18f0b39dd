/**
 * Devices, tensors, operations and plans. A list of {@link io.panamba.runtime.Operation operations}
 * over {@link io.panamba.runtime.Tensor tensors} is planned once for a {@link
 * io.panamba.runtime.Device device} and then run any number of times without allocating.
 */
package io.panamba.runtime;
