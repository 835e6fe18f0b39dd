/** Checkpoints: PyTorch and safetensors files, memory-mapped, read as data and never executed. */
package io.panamba.model.checkpoint;
