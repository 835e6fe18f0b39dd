package sample

import io.panamba.model.InferencePool
import io.panamba.model.Network
import io.panamba.model.architecture.InferenceOptions
import io.panamba.model.architecture.Settings
import io.panamba.model.image.ImageDecoder
import io.panamba.runtime.Device
import java.nio.file.Path

/**
 * Says which digits are on pictures. A Classifier does this in one call; here the steps are seen, as an application takes them that wants more than
 * the classes, such as features or tokens.
 */
fun main(pictures: Array<String>) {
  val decoder = ImageDecoder()
  Device.cpu(1).use { device ->
    Network.openDefault(device, Settings.none()).use { network ->
      val config = network.config()
      val transform = config.preprocessing().transform(config.image().height(), config.image().width())
      val options = network.forPictures(InferenceOptions.logits(1, config))
      InferencePool(network, options, 1).use { pool ->
        for (picture in pictures) {
          val image = decoder.decode(Path.of(picture))
          // The inference is lent: what leaves the block is a copy.
          val logits = pool.withInference { inference ->
            transform.apply(image, inference.image())
            inference.run()
            inference.logits().toFloats()
          }
          val best = logits.indices.maxBy { logits[it] }
          println("$picture: ${network.labels().name(best)}")
        }
      }
    }
  }
}
