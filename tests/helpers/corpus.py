"""Some hundred odd image files, drawn anew by each test run: what `photochrom colorize` may meet.

A file that is whole comes with what its output must have; of the others nothing is known but that
they may be refused.
"""

import io
import warnings
from collections.abc import Iterator

import numpy as np
import tifffile
from corpus_absurd import HEIGHT, WIDTH, Drawn, absurd, bombs, garbage, png
from originals_world import encoded
from PIL import Image, PngImagePlugin

MODES = ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB"]
MODES += ["HSV", "I", "I;16", "I;16L", "I;16B", "I;16N", "F"]
# Of these Pillow writes files that are enormous, that it cannot read, or that need Ghostscript.
_LEFT_OUT = {"ICNS", "PDF", "EPS", "MPO"}
_ENDINGS = {"JPEG": "jpg", "TIFF": "tif", "GIF": "gif", "BMP": "bmp", "WEBP": "webp"}


def drawn(seed: int = 0) -> list[Drawn]:
    """All of them; no two have the same name but for its ending."""
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = [*_of_pillow(rng), *_deep(rng), *_animated(rng), *_said_much(rng)]
    return [*whole, *_misnamed(whole), *_damaged(whole, rng), *absurd(), *bombs(), *garbage(rng)]


def image(mode: str, rng: np.random.Generator) -> Image.Image:
    """Noise in any mode of Pillow's."""
    if mode == "F":
        return Image.fromarray(rng.random((HEIGHT, WIDTH), np.float32))
    if mode == "I":
        return Image.fromarray(rng.integers(0, 65536, (HEIGHT, WIDTH)).astype(np.int32))
    channels = {"I;16": 2, "LAB": 3, "HSV": 3, "La": 2, "RGBa": 4, "RGBX": 4}.get(mode[:4])
    if channels:
        data = rng.integers(0, 256, HEIGHT * WIDTH * channels, dtype=np.uint8).tobytes()
        return Image.frombytes(mode, (WIDTH, HEIGHT), data)
    rgba = Image.fromarray(rng.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8))
    if mode == "PA":
        return rgba.convert("RGB").convert("P").convert("PA")
    return rgba.convert(mode) if mode in ("LA", "RGBA") else rgba.convert("RGB").convert(mode)


def _of_pillow(rng: np.random.Generator) -> Iterator[Drawn]:
    """Each mode in each format that takes it, and that Pillow reads again."""
    Image.init()
    for format in sorted(set(Image.SAVE) - _LEFT_OUT):
        for mode in MODES:
            try:
                data = encoded(image(mode, rng), format)
                with Image.open(io.BytesIO(data)) as again:
                    again.load()
            except Exception:  # it takes no such mode, or reads it not
                continue
            depth = 16 if again.mode.startswith("I") else 32 if again.mode == "F" else 8
            name = f"{format}-{mode.replace(';', '')}.{_ENDINGS.get(format, 'png')}"
            yield Drawn(name, data, again.size, again.has_transparency_data, depth)


def _deep(rng: np.random.Generator) -> Iterator[Drawn]:
    size = (WIDTH, HEIGHT)
    for kind, channels in ((0, 1), (2, 3), (4, 2), (6, 4)):
        words = rng.integers(0, 65536, (HEIGHT, WIDTH * channels), dtype=np.uint16).astype(">u2")
        lines = b"".join(b"\0" + line.tobytes() for line in words)
        yield Drawn(f"png16-{kind}.png", png(*size, kind, 16, lines), size, kind > 3, 16)
    kinds = ("u1", "u2", "u4", "i2", "i4", "f2", "f4", "f8")
    for kind in kinds:
        for channels in (1, 2, 3, 4):
            top = 1.0 if kind[0] == "f" else min(np.iinfo(kind).max, 2**17)
            array = (rng.random((HEIGHT, WIDTH, channels)) * top).astype(kind)
            depth = {"u1": 8, "u2": 16, "i2": 16}.get(kind, 32)
            for compression in (None, "zlib"):
                options = {
                    "photometric": "rgb" if channels > 2 else "minisblack",
                    "extrasamples": ["unassalpha"] if channels in (2, 4) else None,
                    "compression": compression,
                    "byteorder": "<>"[channels % 2],
                    "bigtiff": channels == 3,
                }
                shown = array if channels > 1 else array[..., 0]
                name = f"tiff-{kind}-{channels}-{compression}.tif"
                yield Drawn(name, _tiff(shown, **options), size, channels in (2, 4), depth)
    planes = rng.integers(0, 65536, (3, HEIGHT, WIDTH), dtype=np.uint16)
    data = _tiff(planes, photometric="rgb", planarconfig="separate")
    yield Drawn("tiff-planes.tif", data, size, False, 16)


def _tiff(array: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


def _animated(rng: np.random.Generator) -> Iterator[Drawn]:
    frames = [image("RGB", rng) for _ in range(3)]
    for format, ending in (("GIF", "gif"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif")):
        data = encoded(frames[0], format, save_all=True, append_images=frames[1:])
        with Image.open(io.BytesIO(data)) as again:
            alpha = again.has_transparency_data
        yield Drawn(f"several-{format}.{ending}", data, (WIDTH, HEIGHT), alpha)


def _said_much(rng: np.random.Generator) -> Iterator[Drawn]:
    """Whole images with much else in their files."""
    rgb, size = image("RGB", rng), (WIDTH, HEIGHT)
    tags = Image.Exif()
    tags[0x010E] = "x" * 60_000
    for format, ending in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif")):
        yield Drawn(f"exif-{format}.{ending}", encoded(rgb, format, exif=tags), size)
    tags[0x010E] = "x" * 3_000_000
    for format, ending in (("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif")):
        yield Drawn(f"exif-much-{format}.{ending}", encoded(rgb, format, exif=tags), size)
    tags[0x010E] = "x" * 60_000
    for number in range(8):
        tags[0x0112] = number  # an orientation; 0 is none
        turned = size[::-1] if number > 4 else size
        yield Drawn(f"turned-{number}.jpg", encoded(rgb, "JPEG", exif=tags), turned)
    yield Drawn("icc-large.jpg", encoded(rgb, "JPEG", icc_profile=rng.bytes(300_000)), size)
    yield Drawn("icc-noise.png", encoded(rgb, "PNG", icc_profile=rng.bytes(3000)), size)
    text = PngImagePlugin.PngInfo()
    for number in range(50):
        text.add_itxt(f"key{number}", "é" * 4000, zip=bool(number % 2))
    yield Drawn("texts.png", encoded(rgb, "PNG", pnginfo=text), size)


def _misnamed(whole: list[Drawn]) -> Iterator[Drawn]:
    """Files under the ending of another format."""
    for number, one in enumerate(whole[::17]):
        ending = ("jpg", "png", "gif", "webp", "bmp")[number % 5]
        yield one._replace(name=f"misnamed-{number}.{ending}")


def _damaged(whole: list[Drawn], rng: np.random.Generator) -> Iterator[Drawn]:
    for number in range(260):
        data = bytearray(whole[number * 7 % len(whole)].data)
        if number % 2:
            del data[rng.integers(len(data)) :]
        else:
            for place in rng.integers(0, min(len(data), 500), rng.integers(1, 6)):
                data[place] = rng.integers(256)
        ending = whole[number * 7 % len(whole)].name.rpartition(".")[2]
        yield Drawn(f"damaged-{number}.{ending}", bytes(data))
