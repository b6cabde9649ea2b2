"""Some hundred odd picture files, drawn anew by each test run: what `photochrom colorize` may meet.

A file that is whole comes with what its output must have; of the others nothing is known but that
they may be refused.
"""

import io
import os
import socket
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tifffile
from PIL import Image, PngImagePlugin

WIDTH, HEIGHT = 13, 9
MODES = ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB"]
MODES += ["HSV", "I", "I;16", "I;16L", "I;16B", "I;16N", "F"]
# Of these Pillow writes files that are enormous, that it cannot read, or that need Ghostscript.
_LEFT_OUT = {"ICNS", "PDF", "EPS", "MPO"}
_ENDINGS = {"JPEG": "jpg", "TIFF": "tif", "GIF": "gif", "BMP": "bmp", "WEBP": "webp"}


class Drawn(NamedTuple):
    """A file, and size, alpha and depth of the picture in it, where it is whole."""

    name: str
    data: bytes
    size: tuple[int, int] | None = None
    alpha: bool = False
    depth: int = 8


def drawn(seed: int = 0) -> list[Drawn]:
    """All of them; no two have the same name but for its ending."""
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = [*_of_pillow(rng), *_deep(rng), *_animated(rng), *_said_much(rng)]
    return [*whole, *_misnamed(whole), *_damaged(whole, rng), *_absurd(), *_bombs(), *_garbage(rng)]


def picture(mode: str, rng: np.random.Generator) -> Image.Image:
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


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG's."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, kind: int, bits: int, lines: bytes, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, bits, kind, 0, 0, 0))
    parts = [*chunks, chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(parts)


def _of_pillow(rng: np.random.Generator) -> Iterator[Drawn]:
    """Each mode in each format that takes it, and that Pillow reads again."""
    Image.init()
    for format in sorted(set(Image.SAVE) - _LEFT_OUT):
        for mode in MODES:
            try:
                data = encoded(picture(mode, rng), format)
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
    frames = [picture("RGB", rng) for _ in range(3)]
    for format, ending in (("GIF", "gif"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif")):
        data = encoded(frames[0], format, save_all=True, append_images=frames[1:])
        with Image.open(io.BytesIO(data)) as again:
            alpha = again.has_transparency_data
        yield Drawn(f"several-{format}.{ending}", data, (WIDTH, HEIGHT), alpha)


def _said_much(rng: np.random.Generator) -> Iterator[Drawn]:
    """Whole pictures with much else in their files."""
    rgb, size = picture("RGB", rng), (WIDTH, HEIGHT)
    tags = Image.Exif()
    tags[0x010E] = "x" * 60_000
    for format, ending in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif")):
        yield Drawn(f"exif-{format}.{ending}", encoded(rgb, format, exif=tags), size)
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


def _absurd() -> Iterator[Drawn]:
    """Small files that declare enormous pictures."""
    most = 2**31 - 1
    for width, height in ((60_000, 60_000), (most, most), (most, 1), (1, most), (0, 5)):
        name = f"{width}x{height}"
        yield Drawn(f"absurd-{name}.png", png(width, height, 2, 8, bytes(5000)))
        header = struct.pack("<2IiiHHIIiiII", 40, 0, 0, 0, 1, 24, 0, 0, 0, 0, 0, 0)
        header = header[:8] + struct.pack("<ii", width, height) + header[16:]
        start = b"BM" + struct.pack("<IHHI", 500, 0, 0, 54)
        yield Drawn(f"absurd-bmp-{name}.bmp", start + header[4:] + bytes(400))
        yield Drawn(f"absurd-ppm-{name}.ppm", f"P6 {width} {height} 255\n".encode() + bytes(99))
        for tiled in (False, True):
            data = _declared_tiff(width, height, tiled)
            yield Drawn(f"absurd-tiff-{name}-{tiled}.tif", data)
    yield Drawn("absurd-tile.tif", _declared_tiff(8, 8, True, tile=1 << 20))
    yield Drawn("absurd-gif.gif", b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0xF7, 0, 0))
    lossless = struct.pack("<I", 16383 | 16383 << 14)
    body = b"VP8L" + struct.pack("<I", 15) + b"\x2f" + lossless + bytes(10) + b"\0"
    yield Drawn("absurd-webp.webp", b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body)
    sof = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, 65535, 65535, 3)
    sof += bytes([1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
    yield Drawn("absurd-jpeg.jpg", b"\xff\xd8" + sof + b"\xff\xda\0\x0c\3\1\0\2\0\3\0\0\x3f\0" + bytes(50))


def _declared_tiff(width: int, height: int, tiled: bool, tile: int = 64) -> bytes:
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 8)]
    entries += [(262, 3, 1, 1), (277, 3, 1, 1)]
    if tiled:
        entries += [(322, 4, 1, tile), (323, 4, 1, tile), (324, 4, 1, 8), (325, 4, 1, 200)]
    else:
        entries += [(273, 4, 1, 8), (278, 4, 1, height), (279, 4, 1, 200)]
    packed = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    directory = struct.pack("<H", len(entries)) + packed + bytes(4)
    return b"II*\0" + struct.pack("<I", 208) + zlib.compress(bytes(99_999)).ljust(200, b"\0") + directory


def _bombs() -> Iterator[Drawn]:
    """What inflates to far more than a picture says of itself."""
    much = zlib.compress(bytes(60_000_000), 9)
    lines = bytes(HEIGHT * (3 * WIDTH + 1))
    for kind, data in {
        b"zTXt": b"key\0\0" + much,
        b"iTXt": b"key\0\1\0\0\0" + much,
        b"iCCP": b"name\0\0" + much,
    }.items():
        bomb = png(WIDTH, HEIGHT, 2, 8, lines, chunk(kind, data))
        yield Drawn(f"bomb-{kind.decode()}.png", bomb)
    yield Drawn("bomb-idat.png", png(WIDTH, HEIGHT, 2, 8, bytes(30_000_000)))
    array = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    bomb = zlib.compress(bytes(30_000_000), 9)
    for kind in ("u1", "u2", "f4"):
        buffer = io.BytesIO()
        with tifffile.TiffWriter(buffer) as writer:
            shape = array.shape
            writer.write(
                iter([bomb]), shape=shape, dtype=kind, photometric="rgb", compression="zlib"
            )
        yield Drawn(f"bomb-tiff-{kind}.tif", buffer.getvalue())
    yield Drawn("bomb-pages.tif", _endless_tiff(30_000))


def _endless_tiff(count: int) -> bytes:
    """So many pages, each of one pixel."""
    entries = [(256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 0), (278, 1), (279, 1)]
    size = 2 + 12 * len(entries) + 4
    body = struct.pack("<H", len(entries))
    body += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    nexts = [8 + size * (number + 1) for number in range(count - 1)] + [0]
    return b"II*\0" + struct.pack("<I", 8) + b"".join(body + struct.pack("<I", at) for at in nexts)


def _garbage(rng: np.random.Generator) -> Iterator[Drawn]:
    yield Drawn("empty.png", b"")
    for number, start in enumerate((b"", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0+", b"GIF89a", b"BM")):
        for length in (1, 20, 3000):
            yield Drawn(f"garbage-{number}-{length}.jpg", start + rng.bytes(length))
    yield Drawn("page.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    yield Drawn("html.jpg", b"<html><body>404 Not Found</body></html>")


def put_odd_places(folder: Path) -> set[bytes]:
    """Names, links, pipes and folders that are unusual; the names of the pictures among them.

    Each picture that is taken for one by its name is told, whether it can be read or not.
    """
    good = png(3, 2, 2, 8, bytes(20))
    names = ["a\nb.png", "🎞️ négatif.png", "-x.png", "--output.png", " .png", "a b'\"$.png"]
    names += ["\x1b[31mred.png", "é" * 120 + ".png", "l" * 251 + ".png", "m" * 248 + ".jpeg"]
    told = {os.fsencode(name) for name in names} | {b"\xff\xfe.png", b"caf\xe9.png"}
    for name in told:
        (folder / os.fsdecode(name)).write_bytes(good)
    (folder / "x.png").mkdir()
    (folder / "x.png/y.png").write_bytes(good)
    (folder / "itself.png").symlink_to("itself.png")
    (folder / "nowhere.png").symlink_to("gone.png")
    (folder / "linked.png").symlink_to("-x.png")
    (folder / "loop").symlink_to(".")
    (folder / "loop.png").symlink_to(folder)
    (folder / "notes.md").write_text("no picture")
    (folder / ".png").write_bytes(good)  # a hidden file of the name png, without an ending
    os.mkfifo(folder / "pipe.png")
    (folder / "linked-pipe.png").symlink_to("pipe.png")
    with socket.socket(socket.AF_UNIX) as one:
        here = os.getcwd()
        os.chdir(folder)  # the path of a socket has at most 107 bytes
        one.bind("socket.png")
        os.chdir(here)
    return told | {b"x.png/y.png", b"itself.png", b"nowhere.png", b"linked.png"}
