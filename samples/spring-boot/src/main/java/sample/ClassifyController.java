package sample;

import io.panamba.model.PoolTimeoutException;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.ImageException;
import io.panamba.model.task.Classification;
import io.panamba.model.task.Classifier;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;

/**
 * Answers uploads of pictures:
 *
 * <pre>
 * curl -F picture=@digit-7.png http://localhost:8080/classify
 * </pre>
 */
@RestController
class ClassifyController {
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final ImageDecoder decoder;
  private final Classifier classifier;

  ClassifyController(ImageDecoder decoder, Classifier classifier) {
    this.decoder = decoder;
    this.classifier = classifier;
  }

  @PostMapping("/classify")
  List<Classification> classify(@RequestParam MultipartFile picture) throws IOException {
    return classifier.classify(decoder.decode(picture.getBytes(), "the picture"), 3, PATIENCE);
  }

  @ExceptionHandler
  ProblemDetail bad(ImageException e) {
    return ProblemDetail.forStatusAndDetail(HttpStatus.BAD_REQUEST, e.getMessage());
  }

  @ExceptionHandler
  ProblemDetail busy(PoolTimeoutException e) {
    return ProblemDetail.forStatusAndDetail(
        HttpStatus.SERVICE_UNAVAILABLE, "too many requests at once");
  }
}
