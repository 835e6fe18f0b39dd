package io.panamba.model.image;

import java.io.IOException;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.concurrent.ConcurrentHashMap;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;

/** Finds ImageIO's readers by their names, so that other plugins change nothing. */
final class ImageReaders {
  private static final Map<ImageFormat, ImageReaderSpi> PROVIDERS = new ConcurrentHashMap<>();

  private ImageReaders() {}

  static ImageReader create(ImageFormat format) throws IOException {
    ImageReaderSpi provider = PROVIDERS.computeIfAbsent(format, ImageReaders::find);
    return Objects.requireNonNull(provider.createReaderInstance());
  }

  /** The JDK's providers are in ImageIO's registry, the others are seen by this class's loader. */
  private static ImageReaderSpi find(ImageFormat format) {
    ImageReaderSpi provider =
        format.provider().startsWith("com.sun.") ? registered(format) : loaded(format);
    if (provider == null) {
      throw new ImageException(
          "%s pictures take %s; add its artefact, com.twelvemonkeys.imageio:imageio-tiff"
              .formatted(format, format.provider()));
    }
    return provider;
  }

  /**
   * The registry lives as long as the virtual machine, and when it is first asked for it registers
   * what the context class loader sees: a web application's loader would never be freed.
   */
  private static ImageReaderSpi registered(ImageFormat format) {
    Thread thread = Thread.currentThread();
    ClassLoader context = thread.getContextClassLoader();
    thread.setContextClassLoader(ClassLoader.getSystemClassLoader());
    try {
      Iterator<ImageReaderSpi> known =
          IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, false);
      while (known.hasNext()) {
        ImageReaderSpi provider = known.next();
        if (provider.getClass().getName().equals(format.provider())) {
          return provider;
        }
      }
      return null;
    } finally {
      thread.setContextClassLoader(context);
    }
  }

  private static ImageReaderSpi loaded(ImageFormat format) {
    return ServiceLoader.load(ImageReaderSpi.class, ImageReaders.class.getClassLoader()).stream()
        .filter(candidate -> candidate.type().getName().equals(format.provider()))
        .findFirst()
        .map(ServiceLoader.Provider::get)
        .orElse(null);
  }
}
