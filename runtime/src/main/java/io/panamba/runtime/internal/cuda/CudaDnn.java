package io.panamba.runtime.internal.cuda;

import io.panamba.runtime.LibraryException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/**
 * A GPU's cuDNN: opened when a plan first has something for it, and the plans of its graphs, which
 * Panamba's plans share.
 *
 * <p>Releasing a handle waits for the whole GPU, and releasing a plan may unload code, neither of
 * which may happen while another thread records a graph. So handles are kept until the device is
 * closed, and plans are released when it is idle. A virtual thread that has waited for a lock may
 * be on another thread of the operating system, which then takes the device for its own.
 */
final class CudaDnn {
  private static final System.Logger LOG = System.getLogger("io.panamba.runtime");

  /** Compiling an engine takes more than a thread of Java's may have. */
  private static final long STACK_BYTES = 4L << 20;

  private final CudaDevice device;
  private final CudaContext context;
  private final Map<DnnGraph, Shared> plans = new HashMap<>();
  private final Set<DnnGraph> refused = new HashSet<>();
  private final Deque<MemorySegment> handles = new ArrayDeque<>();
  private boolean isMissing;

  /** Null before it is first asked for. */
  private DnnApi api;

  CudaDnn(CudaDevice device) {
    this.device = device;
    this.context = device.context();
  }

  /** A plan of a graph, and how many plans of Panamba's have it. */
  static final class Shared {
    private final DnnGraph graph;
    private final DnnEngines.Plan plan;
    private final Cleanups cleanups;
    private int users;
    private boolean hasRun;

    private Shared(DnnGraph graph, DnnEngines.Plan plan, Cleanups cleanups) {
      this.graph = graph;
      this.plan = plan;
      this.cleanups = cleanups;
    }

    DnnGraph graph() {
      return graph;
    }

    DnnEngines.Plan plan() {
      return plan;
    }
  }

  DnnApi api() {
    return api;
  }

  /**
   * Makes a plan of a graph, or shares the one that there is.
   *
   * @param handle of the plan that will execute it
   * @param owner gives it back
   * @return null if cuDNN does not do this
   */
  synchronized Shared plan(DnnGraph graph, MemorySegment handle, Cleanups owner) {
    context.use();
    if (refused.contains(graph)) {
      return null;
    }
    Shared shared = plans.get(graph);
    if (shared == null) {
      shared = make(graph, handle);
      if (shared == null) {
        return null;
      }
      plans.put(graph, shared);
    }
    shared.users++;
    Shared taken = shared;
    owner.add(() -> giveBack(taken));
    return shared;
  }

  private Shared make(DnnGraph graph, MemorySegment handle) {
    Cleanups cleanups = new Cleanups();
    DnnEngines engines = new DnnEngines(api, new DnnEngines.Target(handle, false));
    FutureTask<DnnEngines.Plan> task =
        new FutureTask<>(
            () -> {
              context.use();
              return engines.plan(graph, cleanups);
            });
    OwnThread.run("panamba-cudnn", STACK_BYTES, task);
    if (task.state() == Future.State.SUCCESS) {
      DnnEngines.Plan plan = task.resultNow();
      log(System.Logger.Level.DEBUG, graph, plan.choice().toString());
      return new Shared(graph, plan, cleanups);
    }
    switch (task.exceptionNow()) {
      case DnnRefusal refusal -> refuse(graph, refusal);
      case RuntimeException failure -> throw failure;
      case Error failure -> throw failure;
      case Throwable other -> throw new AssertionError("a graph is refused otherwise", other);
    }
    return null;
  }

  private void refuse(DnnGraph graph, DnnRefusal refusal) {
    if (refusal.isLimit()) {
      refused.add(graph);
    }
    log(
        refusal.isLimit() ? System.Logger.Level.DEBUG : System.Logger.Level.WARNING,
        graph,
        "not by cuDNN: " + refusal.getMessage());
  }

  private void log(System.Logger.Level level, Object graph, String what) {
    LOG.log(level, () -> "%s: %s: %s".formatted(context, graph, what));
  }

  private synchronized void giveBack(Shared shared) {
    shared.users--;
    if (shared.users == 0) {
      plans.remove(shared.graph);
      device.whenIdle(
          () -> {
            context.useToRelease();
            shared.cleanups.run();
          });
    }
  }

  /** Does something with a plan that has not been executed yet, once; one thread at a time. */
  void beforeFirstRun(Shared shared, Runnable run) {
    synchronized (shared) {
      context.use();
      if (!shared.hasRun) {
        run.run();
        shared.hasRun = true;
      }
    }
  }

  /**
   * Takes a handle, with which one thread at a time executes.
   *
   * @param owner gives it back
   * @return null if there is no cuDNN
   */
  synchronized MemorySegment handle(Cleanups owner) {
    context.use();
    if (isMissing || !DnnLibrary.isWanted() || !open()) {
      return null;
    }
    MemorySegment handle = handles.poll();
    if (handle == null) {
      handle = create();
    }
    if (handle != null) {
      MemorySegment taken = handle;
      owner.add(() -> keep(taken));
    }
    return handle;
  }

  private MemorySegment create() {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment result = local.allocate(ValueLayout.ADDRESS);
      int status = api.createHandle(result);
      if (DnnRefusal.isLimit(status)) {
        isMissing = true;
        log(System.Logger.Level.WARNING, "opening cuDNN", api.errorText());
        return null;
      }
      context.checkDnn(api, status, "opening cuDNN");
      return result.get(ValueLayout.ADDRESS, 0);
    }
  }

  private boolean open() {
    if (api == null) {
      try {
        api = context.dnn();
      } catch (LibraryException e) {
        isMissing = true;
        log(System.Logger.Level.DEBUG, "convolutions and attention", e.getMessage());
        return false;
      }
    }
    return true;
  }

  private synchronized void keep(MemorySegment handle) {
    handles.add(handle);
  }

  /** After everything has been given back. */
  synchronized void close() {
    while (!handles.isEmpty()) {
      context.released(api.destroyHandle(handles.poll()), "releasing cuDNN");
    }
  }
}
