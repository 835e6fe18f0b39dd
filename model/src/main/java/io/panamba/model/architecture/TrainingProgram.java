package io.panamba.model.architecture;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Operation;
import java.util.List;

/**
 * The forward and the backward pass of a network as operations.
 *
 * @param operations in their order; gradients are left in the weights' gradients
 * @param images where the caller writes pixels, (batch, colours, height, width)
 * @param labels where the caller writes classes, I32 (batch)
 * @param losses of the images, (batch)
 * @param logits (batch, classes)
 * @param imageScales (depth, batch), where the caller writes what each layer's output is multiplied
 *     by for each image, or null if layers are not dropped
 * @param bytes of memory, that of weights excluded
 * @param savedBytes those that are kept from the forward to the backward pass
 */
public record TrainingProgram(
    List<Operation> operations,
    Tensor images,
    Tensor labels,
    Tensor losses,
    Tensor logits,
    Tensor imageScales,
    long bytes,
    long savedBytes) {}
