package io.panamba.model.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Random;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.Test;

class StoredTilesTest {
  /** Around the size of a block, and several. */
  private static final int[] LENGTHS = {1, 65_534, 65_535, 65_536, 131_070, 131_071, 200_000};

  @Test
  void eachTileIsAStreamOfDeflate() throws IOException {
    byte[][] tiles = new byte[LENGTHS.length][];
    Random random = new Random(5);
    for (int i = 0; i < tiles.length; i++) {
      tiles[i] = new byte[LENGTHS[i]];
      random.nextBytes(tiles[i]);
    }
    StoredTiles stored = new StoredTiles(tiles);
    long end = 0;
    for (int i = 0; i < tiles.length; i++) {
      assertThat(stored.offsets()[i]).isEqualTo(end);
      byte[] stream = stored.read(end, (int) stored.counts()[i]);
      // To its end: the checksum is looked at.
      try (InflaterInputStream inflated =
          new InflaterInputStream(new ByteArrayInputStream(stream))) {
        assertThat(inflated.readAllBytes()).isEqualTo(tiles[i]);
      }
      end += stream.length;
    }
    assertThat(stored.length()).isEqualTo(end);
    assertThat(stored.read(end, new byte[1], 0, 1)).isEqualTo(-1);
  }
}
