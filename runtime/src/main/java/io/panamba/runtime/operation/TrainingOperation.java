package io.panamba.runtime.operation;

/**
 * One step of training, as data. Everything is float32. "The gradient of x" is the derivative of
 * the loss with respect to x.
 *
 * <p>Results depend neither on the number of threads nor on the run, bit for bit, per tier. What is
 * summed over the rows of a batch is cut by shape alone: an operation leaves one part per cut, and
 * {@link Sum} adds the parts up in their order.
 *
 * <p>The gradient of a rotary embedding is a {@link Rotary} of the gradient with {@code sin}
 * negated; those of biases and position embeddings are {@link Sum}s; those of a linear layer are
 * two {@link Product}s.
 */
public sealed interface TrainingOperation extends Operation
    permits Pack,
        Product,
        Pointwise,
        ActivationGradient,
        Scale,
        ScaleGradient,
        ScanGradient,
        CrossScanGradient,
        ConvGradient,
        Conv2dGradient,
        DepthwiseConvGradient,
        NormGradient,
        PoolGradient,
        AttentionGradient,
        ResizeGradient,
        WindowPoolGradient,
        Patches,
        PatchesGradient,
        CrossEntropy,
        Squares,
        Clip,
        AdamW {}
