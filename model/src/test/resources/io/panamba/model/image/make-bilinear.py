"""Writes bilinear.safetensors: pictures, and what Pillow's and OpenCV's bilinear resizes make of them."""
import json
import struct

import cv2
import numpy
import PIL
from PIL import Image

rng = numpy.random.default_rng(11)
pictures = {
    "noise": rng.integers(0, 256, (37, 53, 3), dtype=numpy.uint8),
    "extremes": rng.integers(0, 2, (6, 41, 3), dtype=numpy.uint8) * 255,
    "row": rng.integers(0, 256, (1, 19, 3), dtype=numpy.uint8),
}
sizes = {
    "noise": ((53, 74), (106, 37), (26, 18), (20, 37), (90, 64), (1, 1), (7, 50), (53, 36)),
    "extremes": ((82, 12), (20, 3), (41, 3), (20, 6), (13, 4), (100, 7)),
    "row": ((38, 2), (9, 1), (19, 3), (5, 1)),
}
tensors = dict(pictures)
for name, picture in pictures.items():
    for size in sizes[name]:
        key = "%s.%dx%d" % (name, *size)
        image = Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR)
        tensors["pillow." + key] = numpy.asarray(image)
        tensors["opencv." + key] = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)

header = {"__metadata__": {"pillow": PIL.__version__, "opencv": cv2.__version__,
                           "rule": "resize(size, BILINEAR), resize(size, INTER_LINEAR), uint8 (height, width, 3)"}}
at = 0
for key, tensor in tensors.items():
    header[key] = {"dtype": "U8", "shape": list(tensor.shape), "data_offsets": [at, at + tensor.size]}
    at += tensor.size
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open("bilinear.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + b"".join(t.tobytes() for t in tensors.values()))
