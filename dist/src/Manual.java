import io.panamba.cli.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.codegen.docgen.manpage.ManPageGenerator;

/** Writes the command's manual, in AsciiDoc, and its completion: {@code Manual FOLDER FILE}. */
final class Manual {
  private Manual() {}

  static void main(String[] args) throws IOException {
    Locale.setDefault(Locale.ROOT);
    CommandLine command = Main.commandLine();
    int code =
        ManPageGenerator.generateManPage(
            Path.of(args[0]).toFile(), null, new boolean[0], true, command.getCommandSpec());
    if (code != 0) {
      throw new IOException("no manual was written");
    }
    Path completion = Path.of(args[1]);
    Files.createDirectories(completion.getParent());
    Files.writeString(completion, AutoComplete.bash("panamba", command) + "\n");
  }
}
