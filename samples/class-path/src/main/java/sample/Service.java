package sample;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.panamba.model.Network;
import io.panamba.model.architecture.Settings;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.ImageException;
import io.panamba.model.image.ImageLimits;
import io.panamba.model.task.Classification;
import io.panamba.model.task.Classifier;
import io.panamba.runtime.Device;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.json.JsonMapper;

/**
 * Names what is on pictures, over HTTP:
 *
 * <pre>
 * curl --data-binary @digit-7.png http://localhost:8080/classify
 * [{"index":7,"label":"7","logit":5.0,"probability":0.85}, ...]
 * </pre>
 *
 * A virtual thread waits for each client's bytes. Decoding and inference need a processor, so a
 * fixed number of platform threads does them, and their queue has an end: what comes beyond it is
 * told to come back later.
 */
final class Service {
  private static final int CORES = Runtime.getRuntime().availableProcessors();
  private static final int QUEUE = 64;
  private static final int LARGEST_BODY = 8 << 20;
  private static final int SECONDS_TO_END = 10;

  private final Classifier classifier;
  private final ExecutorService workers;
  private final ImageDecoder decoder =
      new ImageDecoder(ImageLimits.DEFAULT.withPixels(50_000_000).withTime(Duration.ofSeconds(5)));

  private Service(Classifier classifier, ExecutorService workers) {
    this.classifier = classifier;
    this.workers = workers;
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    int port = args.length == 0 ? 8080 : Integer.parseInt(args[0]);
    // Each worker has its inference, each inference one thread: see docs/embedding.md.
    try (Device device = Device.cpu(1);
        Network network = Network.openDefault(device, Settings.none());
        Classifier classifier = new Classifier(network, network.labels(), CORES);
        ExecutorService workers =
            new ThreadPoolExecutor(
                CORES, CORES, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(QUEUE));
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      classifier.warmUp();
      Service service = new Service(classifier, workers);
      HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
      server.setExecutor(callers);
      server.createContext("/classify", service::handle);
      server.start();
      System.out.println("listening on http://localhost:" + server.getAddress().getPort());
      awaitSignal();
      // Takes no more requests, and answers those that it has.
      server.stop(SECONDS_TO_END);
      System.out.println("stopped");
    }
  }

  /** Waits for SIGTERM or Ctrl-C. The virtual machine then waits until this thread has ended. */
  private static void awaitSignal() throws InterruptedException {
    CountDownLatch signalled = new CountDownLatch(1);
    Thread main = Thread.currentThread();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  signalled.countDown();
                  try {
                    main.join(Duration.ofSeconds(2 * SECONDS_TO_END));
                  } catch (InterruptedException e) {
                    // The process ends anyway.
                  }
                }));
    signalled.await();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (!exchange.getRequestMethod().equals("POST")) {
        refuse(exchange, 405, "POST a picture");
        return;
      }
      byte[] picture = exchange.getRequestBody().readNBytes(LARGEST_BODY + 1);
      if (picture.length > LARGEST_BODY) {
        refuse(exchange, 413, "a picture has at most " + LARGEST_BODY + " bytes");
        return;
      }
      answer(exchange, picture);
    }
  }

  private void answer(HttpExchange exchange, byte[] picture) throws IOException {
    try {
      Future<List<Classification>> classes =
          workers.submit(() -> classifier.classify(decoder.decode(picture, "the picture"), 3));
      send(exchange, 200, classes.get());
    } catch (RejectedExecutionException e) {
      exchange.getResponseHeaders().set("Retry-After", "1");
      refuse(exchange, 503, "too many requests at once");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ImageException bad) {
        // The client's fault; the message says what is wrong with the picture.
        refuse(exchange, 400, bad.getMessage());
      } else {
        System.getLogger("service").log(System.Logger.Level.ERROR, "a request failed", e);
        refuse(exchange, 500, "internal error");
      }
    } catch (InterruptedException e) {
      refuse(exchange, 503, "shutting down");
    }
  }

  private static void refuse(HttpExchange exchange, int status, String reason) throws IOException {
    send(exchange, status, Map.of("error", reason));
  }

  private static void send(HttpExchange exchange, int status, Object body) throws IOException {
    byte[] json = JsonMapper.shared().writeValueAsBytes(body);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, json.length);
    exchange.getResponseBody().write(json);
  }
}
