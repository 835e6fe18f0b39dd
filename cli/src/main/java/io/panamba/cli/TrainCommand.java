package io.panamba.cli;

import io.panamba.model.Architectures;
import io.panamba.model.Architectures.Preset;
import io.panamba.model.Architectures.Recognised;
import io.panamba.model.Network;
import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Task;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.files.PathText;
import io.panamba.model.training.Dataset;
import io.panamba.model.training.EpochMetrics;
import io.panamba.model.training.MaskDataset;
import io.panamba.model.training.Recipe;
import io.panamba.model.training.TrainingRun;
import io.panamba.runtime.Device;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Trains a network. */
@Command(
    name = "train",
    description = {
      "Trains a network, from random weights or from a checkpoint with whatever classes and image"
          + " size. The result is for classify and for PyTorch, under the original keys.",
      "Beside FILE.safetensors stand FILE.state.safetensors, from which --resume goes on to the"
          + " same bits; FILE.csv, the metrics of every epoch; and FILE.svg, their curves. The same"
          + " seed, data and options give the same bits with any number of threads."
    })
final class TrainCommand implements Callable<Integer>, NetworkOptions.Holder {
  @Spec private CommandSpec spec;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "FOLDER|FILE",
      description =
          "A folder with a folder of images for each class; a .safetensors file with 'image'"
              + " (N,C,H,W) and 'label' (N); or for segmentation a folder with 'images', PNG"
              + " 'masks' of the same names, whose samples are classes, and perhaps a"
              + " 'labels.txt'.")
  private Path data;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FILE",
      description = "The .safetensors file of the trained network.")
  private Path output;

  @ArgGroup(multiplicity = "1")
  private Start start;

  /** Either of the two. */
  private static final class Start {
    @Option(
        names = "--model",
        paramLabel = "SIZE",
        converter = PresetConverter.class,
        description =
            "From random weights: tiny, small, base, mini or nano of Vim, or of another family,"
                + " such as deit-mini.")
    private Preset<?> model;

    @Option(
        names = "--weights",
        paramLabel = "START",
        description =
            "From a checkpoint: .pth or .safetensors. For other classes it gets a new head.")
    private Path weights;
  }

  @Option(
      names = "--backbone",
      paramLabel = "CLASSIFIER",
      description =
          "With --model: a checkpoint of a classifier like the network's backbone, whose weights it"
              + " starts from.")
  private Path backbone;

  @Option(
      names = "--zero-unlabelled",
      description =
          "0 in a mask is no class and 1 the first one, as in ADE20K (default: 0 is the first, and"
              + " 255 none).")
  private boolean zeroUnlabelled;

  @Option(
      names = "--resume",
      description =
          "Go on from the state of a run that was interrupted, or start if there is none yet.")
  private boolean resume;

  @Option(
      names = "--save-seconds",
      paramLabel = "S",
      defaultValue = "60",
      description =
          "How often the state is saved, beside the end of every epoch; 0 for every step (default:"
              + " ${DEFAULT-VALUE}).")
  private double saveSeconds;

  @Option(
      names = "--progress",
      negatable = true,
      description = "Draw a progress bar (default: if standard error is a terminal).")
  private Boolean progress;

  @Mixin private RecipeOptions recipeOptions;
  @Mixin private NetworkOptions networkOptions;
  @Mixin private DeviceOptions device;

  @Override
  public NetworkOptions network() {
    return networkOptions;
  }

  @Override
  public Integer call() throws IOException {
    if (!device.isCpu()) {
      throw new ParameterException(
          spec.commandLine(), "training runs on cpu; leave out --device " + device.deviceName());
    }
    if (backbone != null && start.model == null) {
      throw new ParameterException(
          spec.commandLine(), "--backbone is for --model; a checkpoint has a backbone of its own");
    }
    Recipe recipe = recipe();
    Inputs inputs = new Inputs().add("the data", data);
    if (start.weights != null) {
      inputs.addWeights(start.weights);
    }
    if (backbone != null) {
      inputs.addWeights(backbone);
    }
    PrintWriter err = spec.commandLine().getErr();
    try (TrainingFiles files =
        new TrainingFiles(
            output, inputs, line -> err.println(spec.qualifiedName() + ": " + line))) {
      boolean resumed = files.isToBeResumed(resume);
      try (Dataset dataset = zeroUnlabelled ? MaskDataset.open(data, true) : Dataset.open(data);
          Device opened = device.open();
          TrainingRun run = run(dataset, recipe, opened)) {
        if (resumed) {
          run.resume(files.state());
        }
        if (!dataset.leftOut().isEmpty()) {
          err.printf("%s: %s%n", PathText.printable(data), dataset.leftOut());
        }
        tell(run, resumed);
        train(run, files);
        files.finish(run);
        report(run);
      }
    }
    return 0;
  }

  private Recipe recipe() {
    try {
      return recipeOptions.recipe();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private TrainingRun run(Dataset dataset, Recipe recipe, Device opened) {
    if (start.model != null) {
      return drawn(start.model, dataset, recipe, opened);
    }
    try (Checkpoint checkpoint = Checkpoint.open(start.weights)) {
      return fitted(Architectures.recognise(checkpoint), dataset, recipe, opened);
    }
  }

  private <C extends NetworkConfig> TrainingRun drawn(
      Preset<C> preset, Dataset dataset, Recipe recipe, Device opened) {
    Architecture<C> family = preset.family();
    C usual = preset.config(networkOptions.settings());
    C config = family.withClasses(usual, dataset.classes().size());
    requireHead(config, recipe);
    try (Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> weights = drawn(family, config, arena);
      return new TrainingRun(family, config, weights, dataset, recipe, opened);
    }
  }

  private <C extends NetworkConfig> Map<String, Tensor> drawn(
      Architecture<C> family, C config, Arena arena) {
    if (backbone == null) {
      return Network.draw(family, config, recipeOptions.seed(), arena);
    }
    try (Checkpoint classifier = Checkpoint.open(backbone)) {
      return Network.drawOver(
          family, config, Architectures.recognise(classifier), recipeOptions.seed(), arena);
    }
  }

  private <C extends NetworkConfig> TrainingRun fitted(
      Recognised<C> recognised, Dataset dataset, Recipe recipe, Device opened) {
    Architecture<C> family = recognised.family();
    C found = recognised.read(networkOptions.settings());
    C config = family.withClasses(found, dataset.classes().size());
    requireHead(config, recipe);
    try (Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> weights = Network.fit(recognised, config, recipeOptions.seed(), arena);
      return new TrainingRun(family, config, weights, dataset, recipe, opened);
    }
  }

  private void requireHead(NetworkConfig config, Recipe recipe) {
    if (config.task() == Task.CLASSIFICATION
        && (backbone != null || recipe.step().frozenBackbone())) {
      throw new ParameterException(
          spec.commandLine(),
          "--backbone and --freeze-backbone are for segmentation; a classifier has no backbone"
              + " apart");
    }
  }

  private void train(TrainingRun run, TrainingFiles files) {
    int batch = recipeOptions.batch();
    long steps = run.allSteps() - run.steps();
    boolean shown = Objects.requireNonNullElseGet(progress, ProgressBar::isErrorTerminal);
    PrintWriter err = spec.commandLine().getErr();
    try (ProgressBar bar = new ProgressBar(err, shown, steps * batch, System::nanoTime)) {
      long saved = System.nanoTime();
      int epochs = run.epochs().size();
      while (!run.isDone()) {
        double loss = run.step();
        bar.note(String.format(Locale.ROOT, "loss %.4f", loss));
        bar.advance(batch);
        boolean ended = run.epochs().size() > epochs;
        if (ended) {
          epochs++;
          bar.println(line(run.epochs().getLast(), run.allEpochs()));
          files.writeMetrics(run.epochs());
        }
        if (ended || System.nanoTime() - saved >= saveSeconds * 1e9) {
          files.saveState(run);
          saved = System.nanoTime();
        }
      }
    }
  }

  private void tell(TrainingRun run, boolean resumed) {
    spec.commandLine()
        .getErr()
        .printf(
            Locale.ROOT,
            "%,d parameters; %d images, %d held out; %d steps an epoch%s; %.0f MB, of them %.1f MB"
                + " an image kept for gradients%n",
            run.trainer().parameters(),
            run.split().trained().length,
            run.split().heldOut().length,
            run.stepsPerEpoch(),
            resumed ? ", resumed at step " + run.steps() : "",
            run.trainer().bytes() / 1e6,
            run.trainer().savedBytesPerImage() / 1e6);
  }

  private static String line(EpochMetrics epoch, int epochs) {
    String heldOut = "";
    if (!Double.isNaN(epoch.heldOutIou())) {
      heldOut =
          String.format(
              Locale.ROOT,
              "  held out: mIoU %.2f %%, %.2f %% of pixels",
              100 * epoch.heldOutIou(),
              100 * epoch.heldOutAccuracy());
    } else if (!Double.isNaN(epoch.heldOutLoss())) {
      heldOut =
          String.format(
              Locale.ROOT,
              "  held out: loss %.4f, %.2f %%",
              epoch.heldOutLoss(),
              100 * epoch.heldOutAccuracy());
    }
    return String.format(
        Locale.ROOT,
        "epoch %d/%d  loss %.4f%s  lr %.2e  %.1f s",
        epoch.epoch(),
        epochs,
        epoch.trainingLoss(),
        heldOut,
        epoch.learningRate(),
        epoch.seconds());
  }

  private void report(TrainingRun run) {
    EpochMetrics last = run.epochs().getLast();
    int images = run.split().heldOut().length;
    String heldOut = "";
    if (!Double.isNaN(last.heldOutIou())) {
      heldOut =
          String.format(
              Locale.ROOT,
              ", mIoU %.2f %% and %.2f %% of the pixels of %d images held out are right",
              100 * last.heldOutIou(),
              100 * last.heldOutAccuracy(),
              images);
    } else if (!Double.isNaN(last.heldOutAccuracy())) {
      heldOut =
          String.format(
              Locale.ROOT,
              ", %.2f %% of %d images held out are right",
              100 * last.heldOutAccuracy(),
              images);
    }
    spec.commandLine()
        .getOut()
        .printf(
            Locale.ROOT,
            "%s: %d classes, %,d parameters%s%n",
            PathText.printable(output),
            run.trainer().config().classes(),
            run.trainer().parameters(),
            heldOut);
  }
}
