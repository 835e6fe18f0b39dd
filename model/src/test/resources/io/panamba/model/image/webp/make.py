"""Writes the test files of WebP with cwebp, and what Pillow makes of them: python3 make.py, in this folder.

The files named partitions-*.webp are kept: cwebp has no option for more than one partition.
"""
import glob
import json
import struct
import subprocess

import numpy
from PIL import Image

rng = numpy.random.default_rng(4)


def photo(width, height):
    """Smooth colours with some noise."""
    coarse = rng.normal(size=(height // 6 + 2, width // 6 + 2, 3)).astype(numpy.float32)
    channels = [Image.fromarray(coarse[..., c].copy()).resize((width, height), Image.BICUBIC) for c in range(3)]
    return numpy.clip(numpy.dstack(channels) * 60 + 128 + rng.normal(size=(height, width, 3)) * 5, 0, 255).astype(numpy.uint8)


def colours(width, height, count):
    """Blocks of few colours."""
    palette = rng.integers(0, 256, (count, 3), dtype=numpy.uint8)
    places = rng.integers(0, count, (height // 2 + 1, width // 2 + 1)).repeat(2, 0).repeat(2, 1)[:height, :width]
    places.flat[: min(count, places.size)] = numpy.arange(min(count, places.size))
    return palette[places]


def write(name, pixels, *options):
    Image.fromarray(pixels).save("in.png")
    subprocess.run(["cwebp", "-quiet", *options, "in.png", "-o", name + ".webp"], check=True)


for width, height in ((1, 1), (1, 17), (17, 1), (16, 16), (33, 2), (2, 33), (18, 35)):
    write("lossy-%dx%d" % (width, height), photo(width, height), "-q", "60")
for quality in (0, 20, 80, 100):
    write("lossy-q%d" % quality, photo(53, 38), "-q", str(quality), "-m", "6")
write("lossy-simple-filter", photo(49, 37), "-q", "15", "-nostrong", "-f", "80", "-sharpness", "3")
write("lossy-strong-filter", photo(49, 37), "-q", "15", "-strong", "-f", "100", "-sharpness", "7")
write("lossy-no-filter", photo(49, 37), "-q", "15", "-f", "0")
write("lossy-segments", numpy.concatenate([photo(64, 40), colours(64, 24, 3)]), "-q", "40", "-segments", "4", "-sns", "100")
write("lossy-graphic", colours(41, 39, 5), "-q", "50", "-m", "0")
write("lossy-skips", numpy.full((70, 70, 3), 99, numpy.uint8), "-q", "50")
alpha = rng.integers(0, 256, (29, 31, 1), dtype=numpy.uint8)
write("lossy-alpha", numpy.dstack([photo(31, 29), alpha]), "-q", "70", "-exact")
for count in (1, 2, 4, 16, 17, 200):
    write("lossless-%d-colours" % count, colours(37, 23, count), "-lossless")
write("lossless-photo", photo(43, 31), "-lossless", "-z", "9")
write("lossless-fast", photo(43, 31), "-lossless", "-z", "0")
write("lossless-near", photo(43, 31), "-lossless", "-near_lossless", "20")
write("lossless-groups", numpy.concatenate([photo(64, 40), colours(64, 40, 60)]), "-lossless", "-m", "6", "-q", "100")
write("lossless-alpha", numpy.dstack([photo(31, 29), alpha]), "-lossless", "-exact")
write("lossless-1x1", photo(1, 1), "-lossless")
write("lossless-200x1", photo(200, 1), "-lossless")
write("lossless-1x200", photo(1, 200), "-lossless")

header, body, at = {}, [], 0
for file in sorted(glob.glob("*.webp")):
    pixels = numpy.asarray(Image.open(file).convert("RGB"))
    header[file] = {"dtype": "U8", "shape": pixels.shape, "data_offsets": [at, at + pixels.size]}
    body.append(pixels.tobytes())
    at += pixels.size
head = json.dumps(header).encode()
head += b" " * (-len(head) % 8)
with open("expected.safetensors", "wb") as out:
    out.write(struct.pack("<Q", len(head)) + head + b"".join(body))
