package io.panamba.model.architecture;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Operation;
import java.util.List;
import java.util.Map;

/**
 * A network written as operations for one kind of input.
 *
 * @param operations in their order
 * @param image where the host writes pixels
 * @param tokens where the host reads normalised tokens, or null
 * @param features where the host reads features
 * @param logits where the host reads logits, or null
 * @param taps where the host reads what was made on the way, by name
 */
public record Program(
    List<Operation> operations,
    Tensor image,
    Tensor tokens,
    Tensor features,
    Tensor logits,
    Map<String, Tensor> taps) {}
