"""Of the corpus: files that declare the absurd, or inflate without end, or are no images."""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tifffile

WIDTH, HEIGHT = 13, 9


class Drawn(NamedTuple):
    """A file, and size, alpha and depth of the image in it, where it is whole."""

    name: str
    data: bytes
    size: tuple[int, int] | None = None
    alpha: bool = False
    depth: int = 8


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG's."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, kind: int, bits: int, lines: bytes, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, bits, kind, 0, 0, 0))
    parts = [*chunks, chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(parts)


def absurd() -> Iterator[Drawn]:
    """Small files that declare enormous images."""
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
    scan = b"\xff\xda\0\x0c\3\1\0\2\0\3\0\0\x3f\0" + bytes(50)
    yield Drawn("absurd-jpeg.jpg", b"\xff\xd8" + sof + scan)


def _declared_tiff(width: int, height: int, tiled: bool, tile: int = 64) -> bytes:
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 8)]
    entries += [(262, 3, 1, 1), (277, 3, 1, 1)]
    if tiled:
        entries += [(322, 4, 1, tile), (323, 4, 1, tile), (324, 4, 1, 8), (325, 4, 1, 200)]
    else:
        entries += [(273, 4, 1, 8), (278, 4, 1, height), (279, 4, 1, 200)]
    packed = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    directory = struct.pack("<H", len(entries)) + packed + bytes(4)
    strip = zlib.compress(bytes(99_999)).ljust(200, b"\0")
    return b"II*\0" + struct.pack("<I", 208) + strip + directory


def bombs() -> Iterator[Drawn]:
    """What inflates to far more than an image says of itself."""
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
    yield Drawn("bomb-pages.tif", endless_tiff(30_000))


def endless_tiff(count: int) -> bytes:
    """So many pages, each of one pixel."""
    entries = [(256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 0), (278, 1), (279, 1)]
    size = 2 + 12 * len(entries) + 4
    body = struct.pack("<H", len(entries))
    body += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    nexts = [8 + size * (number + 1) for number in range(count - 1)] + [0]
    return b"II*\0" + struct.pack("<I", 8) + b"".join(body + struct.pack("<I", at) for at in nexts)


def garbage(rng: np.random.Generator) -> Iterator[Drawn]:
    yield Drawn("empty.png", b"")
    starts = (b"", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0+", b"GIF89a", b"BM")
    for number, start in enumerate(starts):
        for length in (1, 20, 3000):
            yield Drawn(f"garbage-{number}-{length}.jpg", start + rng.bytes(length))
    yield Drawn("page.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    yield Drawn("html.jpg", b"<html><body>404 Not Found</body></html>")
