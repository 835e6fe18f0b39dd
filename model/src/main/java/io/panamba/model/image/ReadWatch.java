package io.panamba.model.image;

import java.io.IOException;
import java.util.function.Predicate;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadProgressListener;
import javax.imageio.event.IIOReadWarningListener;

/** Aborts a reader of ImageIO once the time is up, and keeps its first warning of damage. */
final class ReadWatch implements IIOReadProgressListener, IIOReadWarningListener {
  private final Budget budget;
  private final Predicate<String> isDamage;
  private String damage;

  private ReadWatch(Budget budget, Predicate<String> isDamage) {
    this.budget = budget;
    this.isDamage = isDamage;
  }

  /**
   * Watches a reader.
   *
   * @param isDamage tells the warnings that say that pixels are made up
   */
  static ReadWatch of(ImageReader reader, Budget budget, Predicate<String> isDamage) {
    ReadWatch watch = new ReadWatch(budget, isDamage);
    reader.addIIOReadProgressListener(watch);
    reader.addIIOReadWarningListener(watch);
    return watch;
  }

  static ReadWatch of(ImageReader reader, Budget budget) {
    return of(reader, budget, warning -> false);
  }

  /** Fails if what was read is incomplete or damaged. */
  void finish() throws IOException {
    budget.checkTime();
    if (damage != null) {
      throw new IOException(damage);
    }
  }

  @Override
  public void warningOccurred(ImageReader source, String warning) {
    if (damage == null && isDamage.test(warning)) {
      damage = warning;
    }
  }

  @Override
  public void imageProgress(ImageReader source, float percentageDone) {
    if (budget.isTimeUp()) {
      source.abort();
    }
  }

  @Override
  public void sequenceStarted(ImageReader source, int minIndex) {}

  @Override
  public void sequenceComplete(ImageReader source) {}

  @Override
  public void imageStarted(ImageReader source, int imageIndex) {}

  @Override
  public void imageComplete(ImageReader source) {}

  @Override
  public void thumbnailStarted(ImageReader source, int imageIndex, int thumbnailIndex) {}

  @Override
  public void thumbnailProgress(ImageReader source, float percentageDone) {}

  @Override
  public void thumbnailComplete(ImageReader source) {}

  @Override
  public void readAborted(ImageReader source) {}
}
