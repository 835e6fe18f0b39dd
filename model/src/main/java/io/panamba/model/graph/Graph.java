package io.panamba.model.graph;

import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Weight;
import io.panamba.runtime.Shape;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.PatchMerging;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.WindowPool;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;

/**
 * A network as it is written: each method adds a node and returns what that makes. Results are
 * named where they are made. What nobody reads is not computed.
 */
public final class Graph {
  /** Of {@link #drop}: nothing is dropped. */
  public static final int KEPT = -1;

  private final Wanted wanted;
  private final Numbers numbers;
  private final boolean trains;
  private final boolean drops;
  private final List<Node> nodes = new ArrayList<>();
  private final List<Integer> dropLayers = new ArrayList<>();
  private final SequencedMap<String, Value> taps = new LinkedHashMap<>();
  private final SequencedMap<String, Value> inputs = new LinkedHashMap<>();
  private final SequencedMap<String, Node> parts = new LinkedHashMap<>();
  private int values;
  private Value image;
  private Value tokens;
  private Value features;
  private Value logits;

  /** Null without one. */
  private Value auxiliary;

  private float auxiliaryShare;

  private boolean explains;
  private boolean freezes;

  /** How many of the first nodes get no gradients. */
  private int frozen;

  /** Null unless the graph explains. */
  private Focus focus;

  /** Null until everything is written. */
  private Liveness liveness;

  private Graph(Wanted wanted, Numbers numbers, boolean trains, boolean drops) {
    this.wanted = wanted;
    this.numbers = numbers;
    this.trains = trains;
    this.drops = drops;
  }

  /**
   * Starts a graph to run.
   *
   * @param wanted what is read of it
   * @param numbers of weights
   * @return no nodes
   */
  public static Graph of(Wanted wanted, Numbers numbers) {
    return new Graph(wanted, numbers, false, false);
  }

  /**
   * Starts a graph to train.
   *
   * @param batch images
   * @param numbers of weights
   * @param drops whether layers are dropped for some images
   * @return no nodes
   */
  public static Graph training(long batch, Numbers numbers, boolean drops) {
    return new Graph(Wanted.training(batch), numbers, true, drops);
  }

  /** Forms no gradients of what is written before {@link #endBackbone}. */
  public void freezeBackbone() {
    freezes = true;
  }

  /** Says that all that was written so far is a backbone, and what follows a head over it. */
  public void endBackbone() {
    frozen = freezes ? nodes.size() : 0;
  }

  /**
   * Starts a graph of one image of which gradients of answers and of features are formed.
   *
   * @param numbers of weights
   * @param logits whether logits are read
   * @return no nodes
   */
  public static Graph explaining(Numbers numbers, boolean logits) {
    Wanted wanted = new Wanted(1, true, logits, false, 0, false);
    Graph graph = new Graph(wanted, numbers, true, false);
    graph.explains = true;
    return graph;
  }

  /**
   * Names the map by which an answer is explained: all that the answer depends on of earlier layers
   * goes through it.
   *
   * @param map (batch, tokens, channels)
   * @param grid of the image's patches or pixels among the tokens
   * @param others places of the other tokens
   */
  public void focus(Value map, Grid grid, ClassIndex others) {
    if (explains) {
      focus = new Focus(map, grid, others);
    }
  }

  /**
   * Tells what the graph is for.
   *
   * @return what is read of it
   */
  public Wanted wanted() {
    return wanted;
  }

  /**
   * Tells whether it is trained, rather than run.
   *
   * @return whether gradients are formed
   */
  public boolean trains() {
    return trains;
  }

  /**
   * Reads a weight of which something is made.
   *
   * @param weight of the form {@link io.panamba.model.weights.Form#NUMBERS}
   * @return its elements, not to be changed
   */
  public float[] numbers(Weight weight) {
    return numbers.of(weight);
  }

  /**
   * The input.
   *
   * @param colours of a pixel
   * @param height pixels
   * @param width pixels
   * @return (batch, colours, height, width)
   */
  public Value image(long colours, long height, long width) {
    image = value(wanted.batch(), colours, height, width);
    return add(new InputNode(image), image);
  }

  /**
   * Another input, which the caller writes before a part of the network runs.
   *
   * @param name of the input
   * @param sizes of its axes
   * @return float32
   */
  public Value input(String name, long... sizes) {
    Value input = value(sizes);
    inputs.put(name, input);
    return add(new InputNode(input), input);
  }

  /**
   * Begins a part of the network that the caller runs apart from what comes before, as often as it
   * wants. Of what was made before, it reads only what is {@linkplain #keep kept}.
   *
   * @param name of the part
   */
  public void part(String name) {
    PartNode node = new PartNode(value(1));
    parts.put(name, node);
    add(node, node.out());
  }

  /**
   * Patches, class tokens and positions (Vim section 3.2).
   *
   * @param pixels of {@link #image}
   * @param projection (dim, colours, patch, patch)
   * @param bias (dim) or null
   * @param positions or null
   * @param classTokens (1, 1, dim) each
   * @param places of the class tokens, as many
   * @param stride pixels between patches
   * @param length of the sequence, class tokens included
   * @return (batch, length, dim)
   */
  public Value embed(
      Value pixels,
      Weight projection,
      Weight bias,
      Positions positions,
      List<Weight> classTokens,
      ClassIndex places,
      long stride,
      long length) {
    Value out = value(wanted.batch(), length, projection.shape().size(0));
    return add(
        new EmbedNode(pixels, projection, bias, positions, classTokens, places, stride, out), out);
  }

  /**
   * A norm of every row.
   *
   * @param kind of the norm
   * @param x (..., dim)
   * @param norm its weight and bias, (dim) each
   * @param eps added to the mean square
   * @return of x's shape
   */
  public Value norm(Norm.Kind kind, Value x, Affine norm, float eps) {
    Value out = value(x.shape());
    return add(new NormNode(kind, x, norm.weight(), norm.bias(), eps, out), out);
  }

  /**
   * A linear layer: {@code out = x . weight^T + bias}.
   *
   * @param x (..., inputs)
   * @param layer (outputs, inputs), and (outputs)
   * @return (..., outputs)
   */
  public Value linear(Value x, Affine layer) {
    long[] sizes = x.shape().toArray();
    sizes[sizes.length - 1] = layer.weight().outputs();
    Value out = value(sizes);
    return add(new LinearNode(x, layer.weight(), layer.bias(), out), out);
  }

  /**
   * Neighbouring columns of every row.
   *
   * @param x (..., width)
   * @param first the first one
   * @param count how many
   * @return (..., count)
   */
  public Value columns(Value x, long first, long count) {
    long[] sizes = x.shape().toArray();
    sizes[sizes.length - 1] = count;
    Value out = value(sizes);
    return add(new ColumnsNode(x, first, out), out);
  }

  /**
   * GELU of every element (arXiv 1606.08415, with erf).
   *
   * @param x of any shape
   * @return of x's shape
   */
  public Value gelu(Value x) {
    return activate(Linear.Activation.GELU, x);
  }

  /**
   * An activation of every element.
   *
   * @param activation which
   * @param x of any shape
   * @return of x's shape
   */
  public Value activate(Linear.Activation activation, Value x) {
    Value out = value(x.shape());
    return add(new ActivationNode(activation, x, out), out);
  }

  /**
   * A residual sum: {@code out = scale * a + b}.
   *
   * @param scale of the residual
   * @param a the residual
   * @param b of a's shape
   * @return of a's shape
   */
  public Value add(float scale, Value a, Value b) {
    Value out = value(a.shape());
    return add(new AddNode(scale, a, b, out), out);
  }

  /**
   * Layer scale (arXiv 2103.17239) and stochastic depth (arXiv 1603.09382) of a layer's output. To
   * run a network neither is needed: loading folds the factors into the weights that make x, as the
   * form of these says.
   *
   * @param x (batch, length, width)
   * @param factors (width) or null
   * @param drop of {@link #drop}
   * @return x, each channel times its factor, each image times its own
   */
  public Value scale(Value x, Weight factors, int drop) {
    if (!trains || (factors == null && drop == KEPT)) {
      return x;
    }
    Value out = value(x.shape());
    return add(new ScaleNode(x, factors, drop, out), out);
  }

  /**
   * A place where training drops a layer for some images (stochastic depth, arXiv 1603.09382).
   *
   * @param layer from 0: the deeper, the more often
   * @return what {@link #scale} and {@link #scan} take, {@link #KEPT} if nothing is dropped
   */
  public int drop(int layer) {
    if (!drops) {
      return KEPT;
    }
    dropLayers.add(layer);
    return dropLayers.size() - 1;
  }

  /**
   * A convolution of the image (a cross-correlation, as {@code torch.nn.Conv2d}).
   *
   * @param pixels of {@link #image}
   * @param layer (outputs, colours, side, side), of the form {@link
   *     io.panamba.model.weights.Form#MATRIX}, and (outputs)
   * @param kernel square
   * @return (batch, pixels, outputs)
   */
  public Value stem(Value pixels, Affine layer, Kernel kernel) {
    Value out =
        value(
            pixels.shape().size(0),
            StemNode.places(pixels, kernel).pixels(),
            layer.weight().shape().size(0));
    return add(new StemNode(pixels, layer.weight(), layer.bias(), kernel, out), out);
  }

  /**
   * A convolution of a map.
   *
   * @param x (batch, pixels, inputs)
   * @param grid of its pixels
   * @param layer (outputs, inputs, height, width), of the form {@link
   *     io.panamba.model.weights.Form#TAPS}, and (outputs)
   * @param kernel of the convolution
   * @return (batch, pixels of {@code kernel.over(grid)}, outputs)
   */
  public Value conv2d(Value x, Grid grid, Affine layer, Kernel kernel) {
    Weight weight = layer.weight();
    Value out = value(x.shape().size(0), kernel.over(grid).pixels(), weight.shape().size(0));
    return add(
        new Conv2dNode(x, grid, kernel.over(grid), weight, layer.bias(), kernel, false, out), out);
  }

  /**
   * A transposed convolution of a map whose places don't overlap ({@code torch.nn.ConvTranspose2d}
   * with a stride of the kernel's side).
   *
   * @param x (batch, pixels, inputs)
   * @param grid of its pixels
   * @param layer (inputs, outputs, side, side), of the form {@link
   *     io.panamba.model.weights.Form#TRANSPOSED_TAPS}, and (outputs)
   * @return (batch, side * side times as many pixels, outputs)
   */
  public Value enlarge(Value x, Grid grid, Affine layer) {
    Weight weight = layer.weight();
    int side = Math.toIntExact(weight.shape().size(-1));
    Grid large = new Grid(grid.height() * side, grid.width() * side);
    Value out = value(x.shape().size(0), large.pixels(), weight.shape().size(1));
    return add(
        new Conv2dNode(
            x, large, grid, weight, layer.bias(), Kernel.square(side, side, 0), true, out),
        out);
  }

  /**
   * A convolution of 3 x 3 taps, padded by 1, of maps side by side that are resized to the size of
   * the first.
   *
   * @param maps (batch, pixels, channels) each, all with as many channels as there are outputs
   * @param grids of their pixels
   * @param layer (outputs, maps * outputs, 3, 3), of the form {@link
   *     io.panamba.model.weights.Form.SplitTaps}, and (outputs)
   * @param corners whether the corners of the maps meet ({@code align_corners})
   * @return (batch, pixels of the first map, outputs)
   */
  public Value pyramidConv(List<Value> maps, List<Grid> grids, Affine layer, boolean corners) {
    Kernel kernel = Kernel.square(3, 1, 1);
    if (trains) {
      List<Value> resized = new ArrayList<>();
      for (int i = 0; i < maps.size(); i++) {
        resized.add(resize(maps.get(i), grids.get(i), grids.getFirst(), corners));
      }
      return conv2d(concat(resized), grids.getFirst(), layer, kernel);
    }
    Weight weight = layer.weight();
    Value first = maps.getFirst();
    Value out = value(first.shape().size(0), grids.getFirst().pixels(), weight.shape().size(0));
    return add(
        new PyramidConvNode(
            List.copyOf(maps), List.copyOf(grids), weight, layer.bias(), corners, out),
        out);
  }

  /**
   * Values with the same rows, side by side.
   *
   * @param parts (..., width) each
   * @return (..., sum of the widths)
   */
  public Value concat(List<Value> parts) {
    long[] sizes = parts.getFirst().shape().toArray();
    sizes[sizes.length - 1] = parts.stream().mapToLong(Value::width).sum();
    Value out = value(sizes);
    return add(new ConcatNode(List.copyOf(parts), out), out);
  }

  /**
   * A map in another size, bilinearly, without smoothing.
   *
   * @param x (batch, pixels, channels)
   * @param grid of its pixels
   * @param outGrid of the result
   * @param corners whether the corners of both meet ({@code align_corners})
   * @return (batch, pixels of the other grid, channels); x itself if that is its own
   */
  public Value resize(Value x, Grid grid, Grid outGrid, boolean corners) {
    if (grid.equals(outGrid)) {
      return x;
    }
    Value out = value(x.shape().size(0), outGrid.pixels(), x.width());
    return add(new ResizeNode(x, grid, outGrid, corners, out), out);
  }

  /**
   * The mean or the maximum of windows of a map.
   *
   * @param windows which
   * @param x (batch, pixels, channels)
   * @param grid of its pixels
   * @return (batch, windows, channels)
   */
  public Value windowPool(WindowPool.Windows windows, Value x, Grid grid) {
    Value out = value(x.shape().size(0), windows.over(grid).pixels(), x.width());
    return add(new WindowPoolNode(windows, x, grid, out), out);
  }

  /**
   * What boxes cover, each as a map of one size (Mask R-CNN, arXiv 1703.06870, section 3).
   *
   * @param maps of one image, (1, pixels, channels) each
   * @param grids of their pixels
   * @param scales pixels of each map for one of the image
   * @param boxes (boxes, 5): left, top, right, bottom in pixels of the image, and the index of the
   *     map
   * @param side of the result
   * @return (boxes, side * side, channels)
   */
  public Value roiAlign(
      List<Value> maps, List<Grid> grids, List<Float> scales, Value boxes, int side) {
    Value out = value(boxes.shape().size(0), (long) side * side, maps.getFirst().width());
    return add(
        new RoiAlignNode(
            List.copyOf(maps), List.copyOf(grids), List.copyOf(scales), boxes, side, out),
        out);
  }

  /**
   * A linear layer of all pixels of a small map.
   *
   * @param x (batch, pixels, channels)
   * @param layer (outputs, channels * pixels), of the form {@link
   *     io.panamba.model.weights.Form.PixelsFirst}, and (outputs)
   * @return (batch, outputs)
   */
  public Value flatLinear(Value x, Affine layer) {
    Value out = value(x.shape().size(0), layer.weight().shape().size(0));
    return add(new FlatLinearNode(x, layer.weight(), layer.bias(), out), out);
  }

  /**
   * A depthwise convolution of a map.
   *
   * @param x (batch, pixels, channels)
   * @param grid of its pixels
   * @param layer (channels, 1, side, side), of the form {@link
   *     io.panamba.model.weights.Form#TRANSPOSED}, and (channels)
   * @return of x's shape
   */
  public Value depthwise(Value x, Grid grid, Affine layer) {
    Value out = value(x.shape());
    return add(new DepthwiseNode(x, grid, layer.weight(), layer.bias(), out), out);
  }

  /**
   * A gate over channels of which the last ones go through a depthwise convolution: {@code gate *
   * [plain, depthwise(convolved)]} (MambaOut, arXiv 2405.07992, section 4.2).
   *
   * @param gate (batch, pixels, width)
   * @param plain the first channels, or null
   * @param convolved the others
   * @param grid of the pixels
   * @param conv (channels, 1, side, side), of the form {@link
   *     io.panamba.model.weights.Form#TRANSPOSED}, and (channels)
   * @return of the gate's shape
   */
  public Value gatedConv(Value gate, Value plain, Value convolved, Grid grid, Affine conv) {
    Value out = value(gate.shape());
    return add(
        new GatedConvNode(gate, plain, convolved, grid, conv.weight(), conv.bias(), out), out);
  }

  /**
   * Both ends of a convolution.
   *
   * @param forward (batch, length, channels), or null
   * @param backward likewise
   */
  public record Directions(Value forward, Value backward) {}

  /**
   * Depthwise causal convolution over the length and SiLU, from either end (Vim algorithm 1).
   *
   * @param x (batch, length, channels)
   * @param forward from first to last, or null
   * @param backward from last to first, or null
   * @return what each gives
   */
  public Directions convolve(Value x, Affine forward, Affine backward) {
    Directions out =
        new Directions(
            forward == null ? null : value(x.shape()), backward == null ? null : value(x.shape()));
    ConvNode node = new ConvNode(x, forward, backward, out);
    nodes.add(node);
    node.outputs().forEach(value -> value.madeBy(node));
    return out;
  }

  /**
   * The selective scan of one or both directions, gated by silu(z).
   *
   * @param forward from first to last, or null
   * @param backward from last to first, or null
   * @param z (batch, length, channels)
   * @param scale of the sum of the directions
   * @param drop of {@link #drop}
   * @return (batch, length, channels)
   */
  public Value scan(Walk forward, Walk backward, Value z, float scale, int drop) {
    Value out = value(z.shape());
    return add(new ScanNode(forward, backward, z, scale, drop, out), out);
  }

  /**
   * The selective scan along four walks over a grid (VMamba, arXiv 2401.10166, section 4.2).
   *
   * @param u (batch, pixels, channels)
   * @param projected (batch, pixels, 4 * (dtRank + 2 * states)): dt, B and C of each walk
   * @param grid of the pixels
   * @param walks their parameters
   * @return the sum of the walks, of u's shape
   */
  public Value crossScan(Value u, Value projected, Grid grid, CrossWalks walks) {
    Value out = value(u.shape());
    return add(new CrossScanNode(u, projected, grid, walks, out), out);
  }

  /**
   * The product of two values, element by element.
   *
   * @param gate of any shape
   * @param x of the gate's shape
   * @return of the gate's shape
   */
  public Value gate(Value gate, Value x) {
    Value out = value(gate.shape());
    return add(new GateNode(gate, x, out), out);
  }

  /**
   * Every 2 x 2 pixels as one (Swin, arXiv 2103.14030, section 3.1).
   *
   * @param x (batch, pixels, channels)
   * @param grid of its pixels
   * @return (batch, a quarter as many pixels, 4 * channels), sides rounded up
   */
  public Value merge(Value x, Grid grid) {
    Value out = value(x.shape().size(0), PatchMerging.merged(grid).pixels(), 4 * x.width());
    return add(new MergeNode(x, grid, out), out);
  }

  /**
   * Rotary embedding on adjacent pairs.
   *
   * @param x (batch, length, dim)
   * @param cos (positions, dim)
   * @param sin likewise
   * @param first the first token that is rotated
   * @return of x's shape
   */
  public Value rotary(Value x, float[] cos, float[] sin, long first) {
    Value out = value(x.shape());
    return add(new RotaryNode(x, cos, sin, first, out), out);
  }

  /**
   * Softmax attention of every image to itself.
   *
   * @param q (batch, length, width): queries of all heads, or (batch, width): those of one token
   * @param k (batch, length, width)
   * @param v likewise
   * @param heads how many
   * @return of q's shape
   */
  public Value attention(Value q, Value k, Value v, int heads) {
    Value out = value(q.shape());
    return add(new AttentionNode(q, k, v, heads, out), out);
  }

  /**
   * Mean or maximum of tokens {@code first, first + step, ...}.
   *
   * @param kind which of the two
   * @param x (batch, length, width)
   * @param first the first token
   * @param count how many
   * @param step from one to the next
   * @return (batch, width)
   */
  public Value pool(Pool.Kind kind, Value x, long first, long count, long step) {
    Value out = value(x.shape().size(0), x.width());
    return add(new PoolNode(kind, x, first, count, step, out), out);
  }

  /**
   * One token of every sequence.
   *
   * @param x (batch, length, width)
   * @param token its index
   * @return (batch, width)
   */
  public Value pick(Value x, long token) {
    return pool(Pool.Kind.MEAN, x, token, 1, 1);
  }

  /**
   * The mean of what several linear layers give.
   *
   * @param parts (batch, width) each, which nothing else in the graph reads
   * @return (batch, width)
   */
  public Value mean(List<Value> parts) {
    for (Value part : parts) {
      if (!(part.maker() instanceof LinearNode)) {
        throw new IllegalArgumentException("a mean is formed of what linear layers give");
      }
    }
    Value out = value(parts.getFirst().shape());
    return add(new MeanNode(List.copyOf(parts), out), out);
  }

  /**
   * An algorithm that a network writes itself, to be run and not trained.
   *
   * @param x what it reads
   * @param overwrites whether it leaves its result in x's memory
   * @param scratch what it needs meanwhile
   * @param algorithm its operations
   * @param sizes of its float32 result
   * @return the result
   */
  public Value written(
      Value x, boolean overwrites, List<Scratch> scratch, Algorithm algorithm, long... sizes) {
    Value out = value(sizes);
    return add(new AlgorithmNode(x, overwrites, List.copyOf(scratch), algorithm, out), out);
  }

  /**
   * Names something made on the way. It is read if taps are wanted.
   *
   * @param name of the tap
   * @param value what it is
   */
  public void tap(String name, Value value) {
    if (wanted.taps()) {
      taps.put(name, value);
    }
  }

  /**
   * Names answers of a head that helps in training alone.
   *
   * @param answers (batch, pixels, classes)
   * @param share of their loss
   */
  public void auxiliary(Value answers, float share) {
    if (trains) {
      auxiliary = answers;
      auxiliaryShare = share;
    }
  }

  /**
   * Names something that is read of every run, and stays as it is until the next.
   *
   * @param name as of a tap
   * @param value what it is
   */
  public void keep(String name, Value value) {
    taps.put(name, value);
  }

  /**
   * Names the results.
   *
   * @param normalised tokens, (batch, length, dim): what pooling takes
   * @param pooled features: of an image, or of every token
   * @param answers logits, or null without a head
   */
  public void results(Value normalised, Value pooled, Value answers) {
    tokens = normalised;
    features = Objects.requireNonNull(pooled, "pooled");
    logits = answers;
  }

  private Value value(long... sizes) {
    return value(Shape.of(sizes));
  }

  private Value value(Shape shape) {
    return new Value(values++, shape);
  }

  private Value add(Node node, Value out) {
    nodes.add(node);
    out.madeBy(node);
    return out;
  }

  /** The first nodes, of which no gradients are formed. */
  List<Node> frozenNodes() {
    return nodes.subList(0, frozen);
  }

  List<Node> nodes() {
    return nodes;
  }

  /** How many values there are. */
  int values() {
    return values;
  }

  Value image() {
    return image;
  }

  /** Null if nobody reads them. */
  Value tokens() {
    return wanted.tokens() || tokens == features ? tokens : null;
  }

  Value features() {
    return features;
  }

  /** Null if nobody reads them. */
  Value logits() {
    return wanted.logits() ? logits : null;
  }

  Focus focus() {
    return focus;
  }

  /** Answers that help in training, or null. */
  Value auxiliary() {
    return auxiliary;
  }

  float auxiliaryShare() {
    return auxiliaryShare;
  }

  SequencedMap<String, Value> taps() {
    return taps;
  }

  /** Those beside the image. */
  SequencedMap<String, Value> inputs() {
    return inputs;
  }

  /** The nodes with which parts begin, by their names. */
  SequencedMap<String, Node> parts() {
    return parts;
  }

  /** The layers of the places where training drops. */
  List<Integer> dropLayers() {
    return dropLayers;
  }

  /** What is read of the graph when it has run. */
  Set<Value> outputs() {
    Set<Value> outputs = new LinkedHashSet<>(taps.values());
    parts.values().forEach(part -> outputs.addAll(part.outputs()));
    for (Value value :
        new Value[] {
          tokens(), features(), logits(), auxiliary, focus == null ? null : focus.map()
        }) {
      if (value != null) {
        outputs.add(value);
      }
    }
    return outputs;
  }

  /** Takes all nodes away, to be put back or replaced. */
  List<Node> takeNodes() {
    List<Node> taken = List.copyOf(nodes);
    nodes.clear();
    return taken;
  }

  /**
   * Ends the writing: picks move, and it is found who reads what. Any number of programs may then
   * be made of the graph, by many threads.
   *
   * @param exact whether all values are float32
   * @return this graph
   */
  public Graph finish(boolean exact) {
    if (!trains) {
      RowPicks.move(this, exact);
    }
    liveness = new Liveness(this);
    return this;
  }

  Liveness liveness() {
    return liveness;
  }

  /** Makes a value anew, of another. */
  void alias(Value other, Value value) {
    add(new AliasNode(other, value), value);
  }
}
