package io.panamba.cli;

import io.panamba.model.architecture.SettingException;
import io.panamba.runtime.PanambaException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The panamba command. */
@Command(
    name = "panamba",
    description = "Vision Mamba on the JVM.",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      ClassifyCommand.class,
      SegmentCommand.class,
      DetectCommand.class,
      ExplainCommand.class,
      EmbedCommand.class,
      ForwardCommand.class,
      TrainCommand.class,
      InitCommand.class,
      InfoCommand.class,
      BenchCommand.class,
      AutoComplete.GenerateCompletion.class
    })
public final class Main implements Runnable {
  @Spec private CommandSpec spec;

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of an error.")
  private boolean verbose;

  private Main() {}

  /**
   * Runs the command and ends the process: with 0, or with 1 after an error, or with 2 if it was
   * called in a wrong way.
   *
   * @param args its arguments
   */
  public static void main(String[] args) {
    // Answers hold the messages of libraries too.
    Locale.setDefault(Locale.ROOT);
    PrintWriter err = writer(System.err);
    String[] restored;
    try {
      restored = Arguments.restore(args);
    } catch (PanambaException e) {
      err.println("panamba: " + Failure.oneLine(e.getMessage()));
      System.exit(CommandLine.ExitCode.USAGE);
      return;
    }
    int code = run(writer(System.out), err, restored);
    if (System.out.checkError()) {
      err.println("panamba: standard output can't be written");
      code = Math.max(code, CommandLine.ExitCode.SOFTWARE);
    }
    System.exit(code);
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(new EscapingWriter(stream, stream.charset()), true);
  }

  /**
   * Runs the command.
   *
   * @param out where results go
   * @param err where errors and progress go
   * @param args its arguments
   * @return the exit code: 0, 1 for an error, 2 for wrong arguments
   */
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    Main main = new Main();
    CommandLine line = commandLine(main).setOut(out).setErr(err);
    try {
      return line.execute(args);
    } catch (OutOfMemoryError e) {
      return failed(e, line, main.verbose);
    } finally {
      out.flush();
      err.flush();
    }
  }

  /** Returns the command with all its options, for its manual. */
  public static CommandLine commandLine() {
    return commandLine(new Main());
  }

  private static CommandLine commandLine(Main main) {
    CommandLine line =
        new CommandLine(main)
            .registerConverter(Path.class, new Arguments.PathConverter())
            // A picture may be called @cat.png.
            .setExpandAtFiles(false)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setParameterExceptionHandler((e, given) -> misused(e))
            .setExecutionExceptionHandler((e, command, result) -> failed(e, command, main.verbose));
    for (CommandLine command : line.getSubcommands().values()) {
      if (command.getCommand() instanceof NetworkOptions.Holder holder) {
        holder.network().addTo(command.getCommandSpec(), holder.task());
      }
    }
    return line;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command");
  }

  private static int misused(ParameterException e) {
    CommandLine command = e.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    String message = Failure.oneLine(e.getMessage() + Suggestions.question(e));
    command.getErr().printf("%s: %s (%s --help explains)%n", name, message, name);
    return CommandLine.ExitCode.USAGE;
  }

  /** The exit code of an error; a setting that the network does not have is a wrong argument. */
  static int failed(Throwable e, CommandLine command, boolean verbose) {
    if (e instanceof SettingException) {
      return misused(new ParameterException(command, e.getMessage(), e));
    }
    PrintWriter err = command.getErr();
    err.printf(
        "%s: %s%n", command.getCommandSpec().qualifiedName(), Failure.oneLine(Failure.message(e)));
    if (verbose) {
      e.printStackTrace(err);
    }
    return CommandLine.ExitCode.SOFTWARE;
  }
}
