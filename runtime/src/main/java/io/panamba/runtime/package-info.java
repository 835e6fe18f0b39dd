/**
 * Devices, tensors and plans. A list of {@linkplain io.panamba.runtime.operation.Operation
 * operations} over {@link io.panamba.runtime.Tensor tensors} is planned once for a {@link
 * io.panamba.runtime.Device device} and then run any number of times without allocating.
 */
package io.panamba.runtime;
