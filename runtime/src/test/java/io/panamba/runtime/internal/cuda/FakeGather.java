package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.panamba_cuda_gather_args;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The gather of {@link FakeCuda}: number by number, as the header describes it. */
final class FakeGather {
  private final MemorySegment args;
  private final boolean planar;
  private final boolean transposed;
  private final long height;
  private final long width;
  private final long channels;
  private final long kernelHeight;
  private final long kernelWidth;
  private final long padding;
  private final FakeNumbers input;
  private final FakeNumbers values;
  private final FakeNumbers patches;

  FakeGather(MemorySegment args) {
    this.args = args;
    planar = panamba_cuda_gather_args.planar(args) == 1;
    transposed = panamba_cuda_gather_args.transposed(args) == 1;
    height = panamba_cuda_gather_args.height(args);
    width = panamba_cuda_gather_args.width(args);
    channels = panamba_cuda_gather_args.channels(args);
    kernelHeight = panamba_cuda_gather_args.kernel_height(args);
    kernelWidth = panamba_cuda_gather_args.kernel_width(args);
    padding = panamba_cuda_gather_args.padding(args);
    int type = panamba_cuda_gather_args.dtype(args);
    MemorySegment from = panamba_cuda_gather_args.input(args);
    input = planar ? new FakeNumbers(from, false) : FakeNumbers.of(from, type);
    MemorySegment table = panamba_cuda_gather_args.pixel_values(args);
    values = table.address() == 0 ? null : new FakeNumbers(table, false);
    patches = FakeNumbers.of(panamba_cuda_gather_args.patches(args), type);
  }

  void run() {
    long outHeight = panamba_cuda_gather_args.out_height(args);
    long outWidth = panamba_cuda_gather_args.out_width(args);
    long rows = panamba_cuda_gather_args.batch(args) * outHeight * outWidth;
    long stride = panamba_cuda_gather_args.patch_row_stride(args);
    for (long row = 0; row < rows; row++) {
      long image = row / outWidth / outHeight;
      for (long k = 0; k < stride; k++) {
        float number =
            k < channels * kernelHeight * kernelWidth
                ? number(image, row / outWidth % outHeight, row % outWidth, k)
                : 0;
        patches.set(row * stride + k, number);
      }
    }
  }

  private float number(long image, long y, long x, long k) {
    long tap = planar ? k % (kernelHeight * kernelWidth) : k / channels;
    long channel = planar ? k / (kernelHeight * kernelWidth) : k % channels;
    long row = source(y, tap / kernelWidth, panamba_cuda_gather_args.stride_height(args));
    long column = source(x, tap % kernelWidth, panamba_cuda_gather_args.stride_width(args));
    if (row < 0 || row >= height || column < 0 || column >= width) {
      return 0;
    }
    if (!planar) {
      long pixel = (image * height + row) * width + column;
      return input.get(pixel * panamba_cuda_gather_args.input_pixel_stride(args) + channel);
    }
    long place = ((image * channels + channel) * height + row) * width + column;
    return values == null ? input.get(place) : values.get(channel * 256 + pixel(place));
  }

  private int pixel(long place) {
    MemorySegment pixels = panamba_cuda_gather_args.input(args).reinterpret(place + 1);
    return Byte.toUnsignedInt(pixels.get(ValueLayout.JAVA_BYTE, place));
  }

  private long source(long place, long tap, long stride) {
    if (!transposed) {
      return place * stride + tap - padding;
    }
    long shifted = place + padding - tap;
    return shifted >= 0 && shifted % stride == 0 ? shifted / stride : -1;
  }
}
