/**
 * Checkpoints: PyTorch and safetensors files, read by checked copies as data and never executed.
 */
package io.panamba.model.checkpoint;
