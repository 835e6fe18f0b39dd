package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cudnn_h;
import io.panamba.runtime.DType;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Chooses cuDNN's engines: implementations, with knobs that say how they cut the work.
 *
 * <p>An engine and its knobs decide in which order an element's sum is taken. So that the bits of
 * an image do not depend on the batch that it is in, the choice does not look at the batch: of
 * those that suit {@link #BATCH} images it is the first that takes few and many too. Engines are
 * left out that say that their sums differ from run to run or are of reduced precision, or that
 * transform the input, and knobs that cut sums in pieces.
 */
final class DnnEngines {
  private static final System.Logger LOG = System.getLogger("io.panamba.runtime");

  private static final long BATCH = 4;
  private static final long[] BATCHES_TAKEN = {1, BATCH, 64};

  /** The most that an engine may need for those, in bytes. */
  private static final long MOST_WORKSPACE = 64L << 20;

  /** More than there are of an engine; of knobs cuDNN does not tell the number before. */
  private static final int MOST_NOTES = 16;

  private static final int MOST_KNOBS = 16;

  private static final Set<Integer> UNWANTED =
      Set.of(
          cudnn_h.CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC(),
          cudnn_h.CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION(),
          cudnn_h.CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS(),
          cudnn_h.CUDNN_NUMERICAL_NOTE_FFT(),
          cudnn_h.CUDNN_NUMERICAL_NOTE_WINOGRAD(),
          cudnn_h.CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4(),
          cudnn_h.CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6(),
          cudnn_h.CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13());

  private static final Set<Integer> CUTTING =
      Set.of(
          cudnn_h.CUDNN_KNOB_TYPE_SPLIT_K_BUF(),
          cudnn_h.CUDNN_KNOB_TYPE_SPLIT_K_SLC(),
          cudnn_h.CUDNN_KNOB_TYPE_STREAM_K());

  /**
   * The device that engines are to run on.
   *
   * @param pointer a handle, or the descriptor of a device that need not be there
   * @param isDescribed whether it is a descriptor
   */
  record Target(MemorySegment pointer, boolean isDescribed) {}

  /**
   * An engine and its knobs.
   *
   * @param index of the engine, among those of a graph
   * @param knobs values by kind
   * @param isCompiled whether the engine is compiled when a plan is made
   */
  record Choice(long index, Map<Integer, Long> knobs, boolean isCompiled) {
    @Override
    public String toString() {
      return "engine %d%s".formatted(index, knobs);
    }
  }

  /**
   * A graph that is ready to be executed.
   *
   * @param plan the descriptor
   * @param workspace bytes
   */
  record Plan(MemorySegment plan, long workspace, Choice choice) {}

  private final DnnApi api;
  private final Target target;

  DnnEngines(DnnApi api, Target target) {
    this.api = api;
    this.target = target;
  }

  /**
   * Makes a plan of a graph.
   *
   * @param cleanups what the plan needs until it is not executed any more
   */
  Plan plan(DnnGraph graph, Cleanups cleanups) throws DnnRefusal {
    Cleanups local = new Cleanups();
    try {
      DnnDescriptors descriptors = new DnnDescriptors(api, local);
      MemorySegment reference = graph(descriptors, graph.reference(BATCH));
      DnnRefusal last = null;
      for (int mode : new int[] {cudnn_h.CUDNN_HEUR_MODE_A(), cudnn_h.CUDNN_HEUR_MODE_FALLBACK()}) {
        for (MemorySegment configuration : configurations(descriptors, reference, mode)) {
          Choice choice = choice(descriptors, graph, configuration);
          if (choice == null) {
            continue;
          }
          try {
            requireTaken(graph, choice);
          } catch (DnnRefusal e) {
            last = e;
            continue;
          }
          try {
            return plan(graph, choice, cleanups);
          } catch (DnnRefusal e) {
            last = e;
            warn(graph, choice, e);
          }
        }
      }
      throw last != null
          ? last
          : DnnRefusal.limit("no engine has the same sums in every run and batch");
    } finally {
      local.run();
    }
  }

  private static void warn(DnnGraph graph, Object choice, DnnRefusal refusal) {
    LOG.log(
        System.Logger.Level.WARNING,
        () ->
            "%s: %s takes other batches, not this one, so that the bits of an image may depend on it: %s"
                .formatted(graph, choice, refusal.getMessage()));
  }

  private MemorySegment graph(DnnDescriptors descriptors, DnnGraph graph) throws DnnRefusal {
    MemorySegment[] operations = graph.operations(descriptors);
    MemorySegment descriptor =
        descriptors.create(cudnn_h.CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR());
    descriptors.setDescriptors(descriptor, cudnn_h.CUDNN_ATTR_OPERATIONGRAPH_OPS(), operations);
    if (!target.isDescribed) {
      setHandle(descriptors, descriptor, cudnn_h.CUDNN_ATTR_OPERATIONGRAPH_HANDLE());
    }
    descriptors.finish(descriptor);
    return descriptor;
  }

  private void setHandle(DnnDescriptors descriptors, MemorySegment descriptor, int attribute)
      throws DnnRefusal {
    descriptors.setPointers(descriptor, attribute, cudnn_h.CUDNN_TYPE_HANDLE(), target.pointer);
  }

  /** Where there is a handle, the graph has it. */
  private void setDevice(DnnDescriptors descriptors, MemorySegment descriptor, int attribute)
      throws DnnRefusal {
    if (target.isDescribed) {
      descriptors.setDescriptors(descriptor, attribute, target.pointer);
    }
  }

  /** What cuDNN recommends, the best first. */
  private MemorySegment[] configurations(DnnDescriptors descriptors, MemorySegment graph, int mode)
      throws DnnRefusal {
    MemorySegment heuristics = descriptors.create(cudnn_h.CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR());
    descriptors.setDescriptors(heuristics, cudnn_h.CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH(), graph);
    descriptors.setCode(
        heuristics, cudnn_h.CUDNN_ATTR_ENGINEHEUR_MODE(), cudnn_h.CUDNN_TYPE_HEUR_MODE(), mode);
    setDevice(descriptors, heuristics, cudnn_h.CUDNN_ATTR_ENGINEHEUR_DEVICEPROP());
    descriptors.finish(heuristics);
    int results = cudnn_h.CUDNN_ATTR_ENGINEHEUR_RESULTS();
    return descriptors.descriptors(
        heuristics,
        results,
        cudnn_h.CUDNN_BACKEND_ENGINECFG_DESCRIPTOR(),
        descriptors.count(heuristics, results));
  }

  /** What a configuration is, or null if it is not to be used. */
  private static Choice choice(
      DnnDescriptors descriptors, DnnGraph graph, MemorySegment configuration) throws DnnRefusal {
    MemorySegment engine =
        descriptors
            .descriptors(
                configuration,
                cudnn_h.CUDNN_ATTR_ENGINECFG_ENGINE(),
                cudnn_h.CUDNN_BACKEND_ENGINE_DESCRIPTOR(),
                1)[0];
    for (int note :
        descriptors.codes(
            engine,
            cudnn_h.CUDNN_ATTR_ENGINE_NUMERICAL_NOTE(),
            cudnn_h.CUDNN_TYPE_NUMERICAL_NOTE(),
            MOST_NOTES)) {
      // Of float32, tensor cores multiply the upper 19 bits: TF32.
      boolean isRounding =
          graph.dtype() == DType.F32 && note == cudnn_h.CUDNN_NUMERICAL_NOTE_TENSOR_CORE();
      if (UNWANTED.contains(note) || isRounding) {
        return null;
      }
    }
    boolean isCompiled = false;
    for (int note :
        descriptors.codes(
            engine,
            cudnn_h.CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE(),
            cudnn_h.CUDNN_TYPE_BEHAVIOR_NOTE(),
            MOST_NOTES)) {
      isCompiled |= note == cudnn_h.CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION();
    }
    if (isCompiled && !graph.isCompiled()) {
      return null;
    }
    Map<Integer, Long> knobs = knobs(descriptors, configuration);
    boolean cuts = knobs.entrySet().stream().anyMatch(DnnEngines::cuts);
    long index = descriptors.number(engine, cudnn_h.CUDNN_ATTR_ENGINE_GLOBAL_INDEX());
    return cuts ? null : new Choice(index, knobs, isCompiled);
  }

  private static boolean cuts(Map.Entry<Integer, Long> knob) {
    return CUTTING.contains(knob.getKey()) && knob.getValue() > 1;
  }

  private static Map<Integer, Long> knobs(DnnDescriptors descriptors, MemorySegment configuration)
      throws DnnRefusal {
    MemorySegment[] choices =
        descriptors.descriptors(
            configuration,
            cudnn_h.CUDNN_ATTR_ENGINECFG_KNOB_CHOICES(),
            cudnn_h.CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR(),
            MOST_KNOBS);
    if (choices.length == MOST_KNOBS) {
      throw DnnRefusal.limit("an engine has more knobs than are known of one");
    }
    Map<Integer, Long> knobs = new TreeMap<>();
    for (MemorySegment choice : choices) {
      int[] kind =
          descriptors.codes(
              choice,
              cudnn_h.CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE(),
              cudnn_h.CUDNN_TYPE_KNOB_TYPE(),
              1);
      knobs.put(kind[0], descriptors.number(choice, cudnn_h.CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE()));
    }
    return knobs;
  }

  /** Throws unless an engine takes few images and many. */
  private void requireTaken(DnnGraph graph, Choice choice) throws DnnRefusal {
    for (long batch : BATCHES_TAKEN) {
      Cleanups local = new Cleanups();
      try {
        DnnGraph other = graph.ofBatch(batch);
        if (choice.isCompiled) {
          // To compile it takes seconds.
          configuration(new DnnDescriptors(api, local), other, choice);
        } else if (plan(other, choice, local).workspace > MOST_WORKSPACE) {
          throw DnnRefusal.limit("%s needs more than %,d bytes".formatted(choice, MOST_WORKSPACE));
        }
      } finally {
        local.run();
      }
    }
  }

  private MemorySegment configuration(DnnDescriptors descriptors, DnnGraph graph, Choice choice)
      throws DnnRefusal {
    MemorySegment engine = descriptors.create(cudnn_h.CUDNN_BACKEND_ENGINE_DESCRIPTOR());
    descriptors.setDescriptors(
        engine, cudnn_h.CUDNN_ATTR_ENGINE_OPERATION_GRAPH(), graph(descriptors, graph));
    descriptors.setNumbers(engine, cudnn_h.CUDNN_ATTR_ENGINE_GLOBAL_INDEX(), choice.index);
    setDevice(descriptors, engine, cudnn_h.CUDNN_ATTR_ENGINE_DEVICEPROP());
    descriptors.finish(engine);

    MemorySegment[] knobs = new MemorySegment[choice.knobs.size()];
    int count = 0;
    for (Map.Entry<Integer, Long> knob : choice.knobs.entrySet()) {
      MemorySegment descriptor = descriptors.create(cudnn_h.CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR());
      descriptors.setCode(
          descriptor,
          cudnn_h.CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE(),
          cudnn_h.CUDNN_TYPE_KNOB_TYPE(),
          knob.getKey());
      descriptors.setNumbers(
          descriptor, cudnn_h.CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE(), knob.getValue());
      descriptors.finish(descriptor);
      knobs[count++] = descriptor;
    }
    MemorySegment configuration = descriptors.create(cudnn_h.CUDNN_BACKEND_ENGINECFG_DESCRIPTOR());
    descriptors.setDescriptors(configuration, cudnn_h.CUDNN_ATTR_ENGINECFG_ENGINE(), engine);
    if (count > 0) {
      descriptors.setDescriptors(configuration, cudnn_h.CUDNN_ATTR_ENGINECFG_KNOB_CHOICES(), knobs);
    }
    descriptors.finish(configuration);
    return configuration;
  }

  private Plan plan(DnnGraph graph, Choice choice, Cleanups cleanups) throws DnnRefusal {
    Cleanups own = new Cleanups();
    try {
      Plan plan = plan(new DnnDescriptors(api, own), graph, choice);
      cleanups.add(own::run);
      return plan;
    } catch (DnnRefusal | RuntimeException | Error e) {
      own.run();
      throw e;
    }
  }

  private Plan plan(DnnDescriptors descriptors, DnnGraph graph, Choice choice) throws DnnRefusal {
    MemorySegment configuration = configuration(descriptors, graph, choice);
    MemorySegment plan = descriptors.create(cudnn_h.CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR());
    descriptors.setDescriptors(
        plan, cudnn_h.CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG(), configuration);
    if (target.isDescribed) {
      setDevice(descriptors, plan, cudnn_h.CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP());
    } else {
      setHandle(descriptors, plan, cudnn_h.CUDNN_ATTR_EXECUTION_PLAN_HANDLE());
    }
    descriptors.finish(plan);
    long workspace = descriptors.number(plan, cudnn_h.CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE());
    return new Plan(plan, workspace, choice);
  }
}
