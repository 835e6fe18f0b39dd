"""Writes the pictures of this folder and expected.safetensors, what Pillow's Image.open(file).convert("RGB") makes of each.

Usage: python make.py (with pillow, numpy and safetensors installed; Pillow 12.3.0 made the committed files).
"""

import io
import struct
import zlib

import numpy
import PIL
from PIL import Image
from safetensors.numpy import save_file

W, H = 17, 13
rng = numpy.random.default_rng(20)
y, x = numpy.mgrid[0:H, 0:W]
smooth = numpy.stack([x * 15, y * 19, (x * 7 + y * 11) % 256], axis=-1)
RGB = numpy.clip(smooth + rng.integers(-12, 13, smooth.shape), 0, 255).astype(numpy.uint8)
GREY = RGB[:, :, 0]
ALPHA = ((x * 29 + y * 17) % 256).astype(numpy.uint8)
CMYK = numpy.concatenate([RGB, (ALPHA // 2)[:, :, None]], axis=-1)
GREY16 = (GREY.astype(numpy.uint16) << 8 | RGB[:, :, 1]).astype(numpy.uint16)
DARK16 = (GREY.astype(numpy.uint16) * 2).astype(numpy.uint16)


def linear_profile():
    """An RGB matrix profile with linear curves and red and green swapped: a reader that applies it shows."""
    def xyz(a, b, c):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in (a, b, c))

    curve = b"curv\0\0\0\0" + struct.pack(">I", 0)
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    tags = {
        b"desc": text, b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.3851, 0.7169, 0.0971), b"gXYZ": xyz(0.4361, 0.2225, 0.0139), b"bXYZ": xyz(0.1431, 0.0606, 0.7139),
        b"rTRC": curve, b"gTRC": curve, b"bTRC": curve,
    }
    offset = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        value += bytes(-len(value) % 4)
        table += name + struct.pack(">II", offset + len(data), len(value))
        data += value
    head = struct.pack(">I4sI4s4s4s", offset + len(data), b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return (head + bytes(128 - len(head))) + table + data


ICC = linear_profile()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(bits, colour, rows, *extra, interlace=0):
    """A PNG of packed rows, for the kinds that Pillow does not write."""
    body = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, bits, colour, 0, 0, interlace))
            + b"".join(extra) + chunk(b"IDAT", body) + chunk(b"IEND", b""))


def packed(values, bits):
    """Rows of samples packed most significant bit first."""
    rows = []
    for row in values:
        text = "".join(format(int(v), "0%db" % bits) for v in row)
        text += "0" * (-len(text) % 8)
        rows.append(int(text, 2).to_bytes(len(text) // 8, "big"))
    return rows


def interlaced(values):
    """The rows of Adam7's seven passes."""
    rows = []
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        part = values[y0::dy, x0::dx]
        if part.size:
            rows += [row.tobytes() for row in part]
    return rows


files = {}


def pillow(name, array, mode=None, **options):
    image = Image.fromarray(array) if mode is None else Image.frombytes(mode, (W, H), array.tobytes())
    out = io.BytesIO()
    image.save(out, {"jpg": "JPEG", "png": "PNG", "tif": "TIFF", "webp": "WEBP", "gif": "GIF", "bmp": "BMP"}[name.split(".")[-1]], **options)
    files[name] = out.getvalue()


def exif():
    data = Image.Exif()
    data[0x0112] = 6
    return data


def palette(array, colours=200):
    return Image.fromarray(array).quantize(colours)


def save(name, image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    files[name] = out.getvalue()


# JPEG
for name, sampling in (("444", 0), ("422", 1), ("420", 2)):
    pillow(f"rgb-{name}.jpg", RGB, quality=90, subsampling=sampling)
pillow("progressive.jpg", RGB, quality=85, progressive=True)
pillow("restart.jpg", RGB, quality=85, restart_marker_blocks=1)
pillow("grey.jpg", GREY, quality=90)
pillow("grey-icc.jpg", GREY, quality=90, icc_profile=ICC)
pillow("rgb-icc.jpg", RGB, quality=90, icc_profile=ICC)
pillow("exif-orientation.jpg", RGB, quality=90, exif=exif())
pillow("rgb-kept.jpg", RGB, quality=90, keep_rgb=True)
pillow("cmyk.jpg", CMYK, "CMYK", quality=90)
pillow("cmyk-subsampled.jpg", CMYK, "CMYK", quality=90, subsampling=2)
# 4:4:0, half the chroma rows: the 4:2:2 file with both sampling factors of its first channel swapped, as turning it would.
turned = bytearray(files["rgb-422.jpg"])
frame = turned.index(b"\xff\xc0")
turned[frame + 5:frame + 9] = struct.pack(">HH", W, H)
turned[frame + 11] = 0x12
files["rgb-440.jpg"] = bytes(turned)
# Pillow writes CMYK with Adobe's marker, transform 0. The same file with transform 2 is YCCK, and without the marker plain CMYK.
adobe = files["cmyk.jpg"].index(b"\xff\xee")
files["ycck.jpg"] = files["cmyk.jpg"][: adobe + 15] + b"\2" + files["cmyk.jpg"][adobe + 16:]
files["cmyk-no-adobe.jpg"] = files["cmyk.jpg"][:adobe] + files["cmyk.jpg"][adobe + 16:]
# No JFIF marker: the component numbers 1, 2, 3 mean YCbCr.
jfif = files["rgb-444.jpg"]
files["no-jfif.jpg"] = jfif[:2] + jfif[20:]
files["trailing-bytes.jpg"] = jfif + b"the end" * 5

# PNG
pillow("rgb.png", RGB)
pillow("rgb-icc.png", RGB, icc_profile=ICC)
pillow("grey.png", GREY)
pillow("rgba.png", numpy.dstack([RGB, ALPHA]))
pillow("la.png", numpy.dstack([GREY, ALPHA]), "LA")
for bits in (1, 2, 4):
    files[f"grey{bits}.png"] = png(bits, 0, packed(GREY >> (8 - bits), bits))
files["grey-gamma.png"] = png(8, 0, GREY, chunk(b"gAMA", struct.pack(">I", 100000)))
files["rgb-gamma.png"] = png(8, 2, RGB.reshape(H, -1), chunk(b"gAMA", struct.pack(">I", 100000)))
files["grey16.png"] = png(16, 0, GREY16.astype(">u2").reshape(H, -1).view(numpy.uint8))
files["grey16-dark.png"] = png(16, 0, DARK16.astype(">u2").reshape(H, -1).view(numpy.uint8))
files["la16.png"] = png(16, 4, numpy.dstack([GREY16, GREY16[::-1]]).astype(">u2").reshape(H, -1).view(numpy.uint8))
rgb16 = (RGB.astype(numpy.uint16) << 8 | RGB[::-1]).astype(numpy.uint16)
files["rgb16.png"] = png(16, 2, rgb16.astype(">u2").reshape(H, -1).view(numpy.uint8))
files["rgba16.png"] = png(16, 6, numpy.dstack([rgb16, GREY16]).astype(">u2").reshape(H, -1).view(numpy.uint8))
files["grey-trns.png"] = png(8, 0, GREY, chunk(b"tRNS", struct.pack(">H", int(GREY[3, 3]))))
files["grey16-trns.png"] = png(16, 0, GREY16.astype(">u2").reshape(H, -1).view(numpy.uint8), chunk(b"tRNS", struct.pack(">H", int(GREY16[3, 3]))))
files["grey4-trns.png"] = png(4, 0, packed(GREY >> 4, 4), chunk(b"tRNS", struct.pack(">H", 3)))
files["rgb-trns.png"] = png(8, 2, RGB.reshape(H, -1), chunk(b"tRNS", struct.pack(">HHH", *map(int, RGB[3, 3]))))
files["rgb16-trns.png"] = png(16, 2, rgb16.astype(">u2").reshape(H, -1).view(numpy.uint8), chunk(b"tRNS", struct.pack(">HHH", *map(int, rgb16[3, 3]))))
save("palette.png", palette(RGB), "PNG")
save("palette-trns.png", palette(RGB), "PNG", transparency=bytes(range(0, 200)))
for bits in (1, 2, 4):
    save(f"palette{bits}.png", palette(RGB, 2 ** bits), "PNG", bits=bits)
save("palette-trns-one.png", palette(RGB, 16), "PNG", transparency=3)
files["rgb-interlaced.png"] = png(8, 2, interlaced(RGB), interlace=1)
files["grey-interlaced.png"] = png(8, 0, interlaced(GREY), interlace=1)

# TIFF
pillow("rgb.tif", RGB)
pillow("rgb-icc.tif", RGB, icc_profile=ICC)
pillow("grey.tif", GREY)
pillow("grey-icc.tif", GREY, icc_profile=ICC)
pillow("rgba.tif", numpy.dstack([RGB, ALPHA]))
pillow("la.tif", numpy.dstack([GREY, ALPHA]), "LA")
save("bilevel.tif", Image.fromarray(GREY).convert("1"), "TIFF")
save("bilevel-g4.tif", Image.fromarray(GREY).convert("1"), "TIFF", compression="group4")
save("palette.tif", palette(RGB), "TIFF")
pillow("grey16.tif", GREY16)
pillow("grey16-dark.tif", DARK16)
pillow("grey32.tif", (GREY.astype(numpy.int32) - 20) * 2)
pillow("float.tif", (GREY.astype(numpy.float32) - 20) * 1.25)
pillow("cmyk.tif", CMYK, "CMYK")
pillow("cmyk-lzw.tif", CMYK, "CMYK", compression="tiff_lzw")
pillow("rgb-lzw.tif", RGB, compression="tiff_lzw")
pillow("rgb-lzw-predictor.tif", RGB, compression="tiff_lzw", tiffinfo={317: 2})
pillow("rgb-deflate.tif", RGB, compression="tiff_adobe_deflate")
pillow("rgb-packbits.tif", RGB, compression="packbits")
pillow("rgb-jpeg.tif", RGB, compression="jpeg", quality=90)
pillow("grey-jpeg.tif", GREY, compression="jpeg", quality=90)
pillow("rgb-strips.tif", RGB, compression="tiff_lzw", tiffinfo={278: 4})
for orientation in range(2, 9):
    pillow(f"orientation-{orientation}.tif", RGB, tiffinfo={274: orientation})


def tiff(entries, data, order="<"):
    """A TIFF of one directory, for the kinds that Pillow does not write; entries are tag: (type, values)."""
    sizes = {3: ("H", 2), 4: ("I", 4)}
    count = len(entries)
    base = 8 + 2 + 12 * count + 4
    extra, table = b"", b""
    data_at = base + sum((len(v) * sizes[t][1] + 1) // 2 * 2 for t, v in entries.values() if len(v) * sizes[t][1] > 4)
    for tag, (kind, values) in sorted(entries.items()):
        values = [data_at + v if tag in (273, 324) else v for v in values]
        raw = struct.pack(order + sizes[kind][0] * len(values), *values)
        table += struct.pack(order + "HHI", tag, kind, len(values))
        if len(raw) <= 4:
            table += raw + bytes(4 - len(raw))
        else:
            table += struct.pack(order + "I", base + len(extra))
            extra += raw + bytes(len(raw) % 2)
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(order + "I", 8) + struct.pack(order + "H", count) + table + bytes(4) + extra + data


def plain(photometric, bits, samples, data, order="<", **more):
    entries = {256: (3, [W]), 257: (3, [H]), 258: (3, [bits] * samples), 259: (3, [1]), 262: (3, [photometric]), 273: (4, [0]),
               277: (3, [samples]), 278: (3, [H]), 279: (4, [len(data)])}
    entries.update({int(k[1:]): v for k, v in more.items()})
    return tiff(entries, data, order)


files["white-is-zero.tif"] = plain(0, 8, 1, GREY.tobytes())
files["white-is-zero1.tif"] = plain(0, 1, 1, b"".join(packed(GREY >> 7, 1)))
files["grey4.tif"] = plain(1, 4, 1, b"".join(packed(GREY >> 4, 4)))
files["rgb16.tif"] = plain(2, 16, 3, rgb16.astype("<u2").tobytes())
files["rgb16-big-endian.tif"] = plain(2, 16, 3, rgb16.astype(">u2").tobytes(), ">")
files["grey16-big-endian.tif"] = plain(1, 16, 1, DARK16.astype(">u2").tobytes(), ">")
files["rgba16.tif"] = plain(2, 16, 4, numpy.dstack([rgb16, GREY16]).astype("<u2").tobytes(), t338=(3, [2]))
files["rgba-associated.tif"] = plain(
    2, 8, 4, numpy.dstack([(RGB.astype(int) * ALPHA[:, :, None] // 255).astype(numpy.uint8), ALPHA]).tobytes(), t338=(3, [1]))
files["rgbx.tif"] = plain(2, 8, 4, numpy.dstack([RGB, ALPHA]).tobytes(), t338=(3, [0]))
planes = [RGB[:, :, c].tobytes() for c in range(3)]
files["rgb-planar.tif"] = plain(2, 8, 3, b"".join(planes), t273=(4, [0, W * H, 2 * W * H]), t279=(4, [W * H] * 3), t284=(3, [2]))
files["cmyk16.tif"] = plain(5, 16, 4, (CMYK.astype(numpy.uint16) << 8 | 77).astype("<u2").tobytes())
wide = numpy.zeros((16, 32, 3), numpy.uint8)
wide[:H, :W] = RGB
tiles = [wide[:, c:c + 16].tobytes() for c in (0, 16)]
entries = {256: (3, [W]), 257: (3, [H]), 258: (3, [8, 8, 8]), 259: (3, [1]), 262: (3, [2]), 277: (3, [3]), 322: (3, [16]), 323: (3, [16]),
           324: (4, [0, 768]), 325: (4, [768, 768])}
files["rgb-tiled.tif"] = tiff(entries, b"".join(tiles))

pillow("rgb-zstandard.tif", RGB, compression="zstd")
pillow("rgb-zstandard-predictor.tif", RGB, compression="zstd", tiffinfo={317: 2, 278: 5})
coloured = palette(RGB)
colours = numpy.frombuffer(bytes(coloured.getpalette("RGB")).ljust(768, b"\0"), numpy.uint8).reshape(256, 3).astype(int)
indexed = numpy.dstack([numpy.asarray(coloured), ALPHA]).tobytes()
files["palette-alpha.tif"] = plain(3, 8, 2, indexed, t320=(3, (colours.T * 257).ravel().tolist()), t338=(3, [2]))
pillow("rgb-jpeg-strips.tif", RGB, compression="jpeg", quality=90, tiffinfo={278: 8})
pillow("cmyk-jpeg.tif", CMYK, "CMYK", compression="jpeg", quality=90)


def jpeg(array, **options):
    out = io.BytesIO()
    Image.fromarray(array).save(out, "JPEG", quality=90, **options)
    return out.getvalue()


ycbcr = {256: (3, [W]), 257: (3, [H]), 258: (3, [8, 8, 8]), 259: (3, [7]), 262: (3, [6]), 277: (3, [3])}
tiles = [jpeg(wide[:, c:c + 16], subsampling=2) for c in (0, 16)]
files["rgb-jpeg-tiled.tif"] = tiff({**ycbcr, 322: (3, [16]), 323: (3, [16]), 324: (4, [0, len(tiles[0])]), 325: (4, [len(t) for t in tiles]),
                                    530: (3, [2, 2])}, b"".join(tiles))
files["white-is-zero-jpeg.tif"] = plain(0, 8, 1, jpeg(GREY), t259=(3, [7]))

# WebP
pillow("lossy.webp", RGB, quality=90)
pillow("lossy-alpha.webp", numpy.dstack([RGB, ALPHA]), quality=90)
pillow("lossless.webp", RGB, lossless=True)
pillow("lossless-alpha.webp", numpy.dstack([RGB, ALPHA]), lossless=True, exact=True)
pillow("lossless-icc.webp", RGB, lossless=True, icc_profile=ICC)
save("animated.webp", Image.fromarray(RGB), "WEBP", lossless=True, save_all=True, append_images=[Image.fromarray(RGB[::-1].copy())])

# GIF and BMP
save("palette.gif", palette(RGB), "GIF")
save("grey.gif", Image.fromarray(GREY), "GIF")
save("interlaced.gif", palette(RGB), "GIF", interlace=1)
save("transparent.gif", palette(RGB), "GIF", transparency=3)
save("animated.gif", palette(RGB), "GIF", save_all=True, append_images=[palette(RGB[::-1].copy())])


def on_screen(data, width, height, left, top):
    """The GIF with its first frame placed on a larger screen."""
    at = data.index(b",", 13 + 3 * (2 << (data[10] & 7)))
    return data[:6] + struct.pack("<HH", width, height) + data[10:at + 1] + struct.pack("<HH", left, top) + data[at + 5:]


files["small-frame.gif"] = on_screen(files["palette.gif"], 21, 19, 3, 2)
files["small-frame-transparent.gif"] = on_screen(files["transparent.gif"], 21, 19, 3, 2)
files["frame-beyond-screen.gif"] = on_screen(files["palette.gif"], 10, 10, 3, 2)


def wide_codes(indices, bits):
    """A GIF whose codes start with bits + 1 bits; each index is preceded by the code that clears the table."""
    pairs = [code for index in indices.ravel().tolist() for code in (1 << bits, index)] + [(1 << bits) + 1]
    stream = sum(code << i * (bits + 1) for i, code in enumerate(pairs)).to_bytes((len(pairs) * (bits + 1) + 7) // 8, "little")
    blocks = b"".join(bytes([len(stream[i:i + 255])]) + stream[i:i + 255] for i in range(0, len(stream), 255))
    head = b"GIF89a" + struct.pack("<HHBBB", W, H, 0xF7, 0, 0) + colours.astype(numpy.uint8).tobytes()
    return head + b"," + struct.pack("<HHHHB", 0, 0, W, H, 0) + bytes([bits]) + blocks + b"\0;"


for bits in (9, 11):
    files[f"codes-{bits + 1}.gif"] = wide_codes(numpy.asarray(coloured), bits)
pillow("rgb.bmp", RGB)
pillow("grey.bmp", GREY)
save("palette.bmp", palette(RGB), "BMP")
save("bilevel.bmp", Image.fromarray(GREY).convert("1"), "BMP")
pillow("rgba.bmp", numpy.dstack([RGB, ALPHA]))


def bmp(bits, compression, data, masks=b"", size=40):
    header = struct.pack("<IiiHHIIiiII", size, W, H, 1, bits, compression, len(data), 2835, 2835, 0, 0)
    offset = 14 + len(header) + len(masks)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + header + masks + data


def rows16(values):
    stride = (2 * W + 3) // 4 * 4
    return b"".join(row.astype("<u2").tobytes() + bytes(stride - 2 * W) for row in values[::-1])


wide16 = RGB.astype(numpy.uint16)
files["rgb555.bmp"] = bmp(16, 0, rows16((wide16[:, :, 0] >> 3) << 10 | (wide16[:, :, 1] >> 3) << 5 | wide16[:, :, 2] >> 3))
files["rgb565.bmp"] = bmp(16, 3, rows16((wide16[:, :, 0] >> 3) << 11 | (wide16[:, :, 1] >> 2) << 5 | wide16[:, :, 2] >> 3),
                          struct.pack("<III", 0xF800, 0x7E0, 0x1F))
files["rgbx.bmp"] = bmp(32, 0, numpy.dstack([RGB[::-1, :, ::-1], ALPHA]).tobytes())



def runs(rows, bits):
    """Run-length encoded rows, bottom first: a run of the first five pixels' first index, the rest as they are."""
    data = b""
    for row in rows[::-1].tolist():
        row = [row[0]] * 5 + row[5:]
        rest = row[5:] if bits == 8 else [a << 4 | b for a, b in zip(row[5::2], row[6::2] + [0])]
        first = row[0] if bits == 8 else row[0] * 17
        data += bytes([5, first, 0, len(row) - 5]) + bytes(rest) + bytes(len(rest) % 2) + b"\0\0"
    return data + b"\0\1"


for bits in (4, 8):
    table = (colours[:2 ** bits, ::-1]).astype(numpy.uint8)
    files[f"runs{bits}.bmp"] = bmp(bits, 3 - bits // 4, runs(numpy.asarray(coloured).astype(int) % 2 ** bits, bits),
                                   numpy.concatenate([table, numpy.zeros((2 ** bits, 1), numpy.uint8)], axis=1).tobytes())

expected = {}
for name in sorted(files):
    try:
        with Image.open(io.BytesIO(files[name])) as image:
            print(name, len(files[name]), image.mode, image.size)
            expected[name] = numpy.asarray(image.convert("RGB"))
        with open(name, "wb") as out:
            out.write(files[name])
    except Exception as error:
        print(name, "REFUSED", error)
save_file(expected, "expected.safetensors", {"pillow": PIL.__version__, "rule": 'Image.open(file).convert("RGB"), uint8 (height, width, 3)'})

# Resizing: Image.resize(size, BICUBIC) of two pictures, keys NAME.WIDTHxHEIGHT; noise reaches both ends of the clipping.
noise = rng.integers(0, 2, (3, 97, 3), dtype=numpy.uint8) * 255
resized = {}
for name, array, sizes in (
        ("smooth", RGB, ((40, 31), (5, 4), (17, 4), (5, 13), (17, 40), (40, 13), (1, 1), (16, 12), (18, 14), (200, 1))),
        ("noise", noise, ((97, 50), (224, 7), (11, 3), (10, 1), (1, 3), (96, 2), (300, 20)))):
    resized[name] = numpy.ascontiguousarray(array)
    for size in sizes:
        resized["%s.%dx%d" % (name, *size)] = numpy.asarray(Image.fromarray(array).resize(size, Image.Resampling.BICUBIC))
save_file(resized, "resized.safetensors", {"pillow": PIL.__version__, "rule": "Image.resize(size, BICUBIC), uint8 (height, width, 3)"})
