package io.panamba.model.graph;

import io.panamba.model.weights.Weight;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.PatchEmbedding;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.Sum;
import java.util.List;

/** Patches, class tokens and positions. */
record EmbedNode(
    Value pixels,
    Weight projection,
    Weight bias,
    Positions positions,
    List<Weight> classTokens,
    ClassIndex places,
    long stride,
    Value out)
    implements Node {
  @Override
  public List<Value> inputs() {
    return List.of(pixels);
  }

  @Override
  public List<Value> outputs() {
    return List.of(out);
  }

  private long length() {
    return out.shape().size(1);
  }

  private long patch() {
    return projection.shape().size(-1);
  }

  @Override
  public ValueType gives() {
    return ValueType.FLOAT32;
  }

  @Override
  public void lower(Lowering to) {
    Tensor position = to.weights().positions(positions, length());
    var matrix = to.weights().matrices(projection).getFirst();
    Place image = to.read(pixels);
    Place result = to.make(out);
    to.add(
        () ->
            new PatchEmbedding(
                image.tensor(),
                to.pixelValues(),
                matrix,
                to.weights().tensor(bias),
                position,
                to.weights().rows(classTokens),
                places,
                patch(),
                stride,
                result.tensor()));
  }

  @Override
  public void differentiate(Gradients to) {
    Place outGradient = to.of(out);
    long dim = out.width();
    // The sum over images is the position embedding's gradient. Of its rows those of class tokens
    // are the tokens' gradients, and the sum of the others is the bias's.
    boolean exact = positions != null && !positions.ofPatches();
    Gradients.WeightTarget embedding = exact ? to.into(positions.weight()) : null;
    Place scratch = exact ? null : to.scratch(length(), dim);
    to.add(
        () ->
            Sum.of(
                outGradient.tensor(),
                0,
                exact ? embedding.accumulate() : 0,
                rows(embedding, scratch)));
    splitRows(to, embedding, scratch);
    new ImageGradients(pixels, projection, places, stride, 0, out).differentiate(to, outGradient);
  }

  private Tensor rows(Gradients.WeightTarget embedding, Place scratch) {
    return embedding != null
        ? embedding.gradient().reshape(Shape.of(length(), out.width()))
        : scratch.tensor();
  }

  private void splitRows(Gradients to, Gradients.WeightTarget embedding, Place scratch) {
    Gradients.WeightTarget patches =
        positions != null && positions.ofPatches() ? to.into(positions.weight()) : null;
    long next = 0;
    long patch = 0;
    for (int i = 0; i <= places.count(); i++) {
      long end = i < places.count() ? places.place(i) : length();
      if (end > next) {
        if (bias != null) {
          sumRows(to, embedding, scratch, next, end - next, to.into(bias));
        }
        if (patches != null) {
          copyRows(to, scratch, next, end - next, patches, patch);
        }
        patch += end - next;
      }
      if (i < places.count()) {
        sumRows(to, embedding, scratch, end, 1, to.into(classTokens.get(i)));
      }
      next = end + 1;
    }
  }

  private void sumRows(
      Gradients to,
      Gradients.WeightTarget embedding,
      Place scratch,
      long first,
      long count,
      Gradients.WeightTarget target) {
    long dim = out.width();
    to.use(scratch);
    to.add(
        () ->
            new Sum(
                rows(embedding, scratch),
                first * dim,
                count,
                dim,
                target.accumulate(),
                1,
                target.gradient()));
  }

  private void copyRows(
      Gradients to,
      Place scratch,
      long first,
      long count,
      Gradients.WeightTarget target,
      long patch) {
    long dim = out.width();
    to.use(scratch);
    to.add(
        () -> {
          Tensor rows = target.gradient();
          Tensor all = rows.reshape(Shape.of(rows.shape().elements() / dim, dim));
          return new Sum(
              scratch.tensor(),
              first * dim,
              1,
              count * dim,
              target.accumulate(),
              1,
              all.slice(patch, count));
        });
  }
}
