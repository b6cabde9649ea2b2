"""`photochrom colorize` of large images and of many small ones, and its memory.

A large image is a photograph that comes with photochrom, enlarged, with noise as a camera has
it, as a JPEG of quality 95 and full colors: the same that the command writes by `--format jpeg`.
A gray one is encoded in color by both sides. The process is warm and the model loaded. All run
with torch's threads as they are set. Photographs of 256² become PNG, as by default, and the
network sees them one by one at its working size, on both sides.
"""

import io
import tempfile
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import photochrom
from benchmarks.measure import Row, ratio, report, times
from photochrom.config import ColorizeConfig
from photochrom.image_io import SourceImage, find
from photochrom.inference.pipeline import colorize_all, read_original
from photochrom.models import AnyColorizer, load_model
from photochrom.rendering.predict import Model
from photochrom.runtime.memory import forget_peak, peak_megabytes

_SAMPLES = Path(photochrom.__file__).parent / "assets" / "samples"
_SIZES = {12: (4000, 3000), 100: (12_500, 8_000)}  # width and height by megapixels
_SMALL, _MANY, _REPEATS = 256, 300, 15
_JPEG = {"quality": 95, "subsampling": 0}
_NOISE = 4.0  # of 8-bit values: about ISO 800


def main() -> None:
    """Measure, print and write the rows."""
    model = load_model("photochrom")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [_time(folder, model, kind) for kind in ("color", "gray")]
        rows.append(_throughput(folder / "small", model))
        for megapixels, limit in ((12, 700), (100, 1500)):
            with get_context("spawn").Pool(1) as pool:
                peak = pool.apply(_peak, (folder, megapixels))
            row = f"peak memory of {megapixels} megapixels on top of the model"
            rows.append(Row.of(row, peak, f"<= {limit}", "MB"))
    report("originals", rows)


def large(path: Path, megapixels: int, kind: str) -> SourceImage:
    """Write a large photograph as a JPEG."""
    with Image.open(_SAMPLES / "coffee.jpg") as opened:
        image = opened.convert("RGB" if kind == "color" else "L")
    image = image.resize(_SIZES[megapixels], Image.Resampling.BICUBIC)
    rng = np.random.default_rng(0)
    for top in range(0, image.height, 500):
        box = (0, top, image.width, min(top + 500, image.height))
        strip = np.asarray(image.crop(box)).astype(np.float32)
        noise = rng.normal(0, _NOISE, strip.shape[:2]).astype(np.float32)
        strip += noise if strip.ndim == 2 else noise[..., None]
        image.paste(Image.fromarray(strip.round().clip(0, 255).astype(np.uint8)), box)
    image.save(path, "JPEG", **_JPEG)
    return SourceImage(path.name, str(path))


def _command(images: list[SourceImage], model: Model, out: Path, config: ColorizeConfig) -> None:
    outcomes = list(colorize_all(images, model, str(out), config, overwrite=True))
    assert all(one.became == "done" for one in outcomes), outcomes


def _time(folder: Path, model: Model, kind: str) -> Row:
    image, config = large(folder / f"{kind}.jpg", 12, kind), ColorizeConfig(format="jpeg")

    def by_pillow() -> None:
        with Image.open(image.path) as opened:
            opened.convert("RGB").save(io.BytesIO(), "JPEG", **_JPEG)

    whole = partial(_command, [image], model, folder / "out", config)
    ours, theirs = times(whole, by_pillow, repeats=_REPEATS)
    row = f"12-megapixel JPEG in {kind}: whole command / decoding and encoding by Pillow"
    return Row.of(row, ratio(ours, theirs), "<= 3")


def _throughput(folder: Path, model: AnyColorizer) -> Row:
    """Photographs of 256² to PNG, against the network on their L as the command gives it."""
    images, config = _small(folder), ColorizeConfig()
    pages = [read_original(one, config).pages[0] for one in images]
    Ls = [page.scaled_lightness(model.size) for page in pages]

    @torch.inference_mode()
    def forward() -> None:
        for L in Ls:
            model.small(L, None, config.decoder)

    whole = partial(_command, images, model, folder / "out", config)
    ours, theirs = times(whole, forward, repeats=2)
    side = tuple(Ls[0].shape[-2:])
    row = f"{_MANY} photographs of 256²: throughput / forward passes alone ({side[0]} × {side[1]})"
    return Row.of(row, 1 / ratio(ours, theirs), ">= 0.8")


def _small(folder: Path) -> list[SourceImage]:
    folder.mkdir()
    samples = sorted(_SAMPLES.glob("*.jpg"))
    for place in range(_MANY):
        with Image.open(samples[place % len(samples)]) as opened:
            image = opened.convert("RGB").resize((_SMALL, _SMALL), Image.Resampling.BICUBIC)
        image.save(folder / f"{place:03}.jpg", quality=95)
    return find([str(folder)]).images


def _peak(folder: Path, megapixels: int) -> int:
    """How much the process grows while it colorizes an image, in MB."""
    image = large(folder / f"{megapixels}.jpg", megapixels, "color")
    model, small = load_model("photochrom"), _small(folder / f"warm-{megapixels}")[:1]
    _command(small, model, folder / "out", ColorizeConfig(format="jpeg"))
    forget_peak()
    before = peak_megabytes()
    _command([image], model, folder / "out", ColorizeConfig(format="jpeg"))
    after = peak_megabytes()
    assert before is not None
    assert after is not None
    return after - before


if __name__ == "__main__":
    main()
