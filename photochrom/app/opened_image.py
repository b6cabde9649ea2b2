"""An image that somebody opened: as its file was, as it is shown, and as models see it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from photochrom import image_io
from photochrom.app.display import Display, jpeg
from photochrom.app.session import Fixed, Look, Seen, see
from photochrom.color import GRAY_REACH
from photochrom.color.lab import compose, lab_from_rgb
from photochrom.config import ColorizeConfig
from photochrom.image_io import OriginalFile, Written, packed_colors
from photochrom.metrics import Reference, Tally
from photochrom.models import AnyColorizer
from photochrom.prior.monochrome import are_toned
from photochrom.quantize import Gamut
from photochrom.rendering.predict import enlarged, side_seen

_SCORED = 192  # the short side at which scores are made: that of the models that are shipped
_MOST_NAME = 80  # characters
Works = tuple[int, int]
"""Size and stride of a model: what it sees of an image depends on no more."""


@dataclass(frozen=True)
class Score:
    """One number on an image in color against the true one."""

    name: str
    value: float
    told: str


@dataclass(frozen=True, eq=False)
class Result:
    """An image in the colors of a model, as large as it is shown."""

    name: str
    """The model's."""
    seen: Seen | Fixed
    ab: Float[Tensor, "1 2 h w"]
    jpeg: bytes


class Opened:
    """The bytes of an image file, what is shown of it, and what each model saw.

    Pixels at full size are not kept: they are decoded again for a download.
    """

    def __init__(self, data: bytes, name: str, *, most_pixels: int, works: Iterable[Works]) -> None:
        """`works` are those of the models that are likely. `ImageError` for no image."""
        self.data, self.name, self.most_pixels = data, name, most_pixels
        file = self._read()
        page = file.pages[0]
        self.width, self.height, self.notes = page.width, page.height, tuple(file.notes)
        self.suffix = image_io.suffix_of(file)
        self.display = Display(page)
        self._lightness = {
            work: page.scaled_lightness(side_seen(page, *work)) for work in set(works)
        }
        self.seen: dict[str, Seen | Fixed] = {}
        self._results: dict[str, tuple[object, Result]] = {}

    def _read(self) -> OriginalFile:
        return image_io.decode_original(self.data, most_pixels=self.most_pixels)

    def see(self, name: str, model: AnyColorizer) -> Seen | Fixed:
        """What a model sees; the network runs the first time."""
        if name not in self.seen:
            work = (model.size, model.stride)
            if work not in self._lightness:
                page = self._read().pages[0]
                self._lightness[work] = page.scaled_lightness(side_seen(page, *work))
            self.seen[name] = see(model, self._lightness[work])
        return self.seen[name]

    def shown(self, seen: Seen | Fixed, ab: Float[Tensor, "1 2 h w"]) -> Image.Image:
        """The image in colors of a model, as large as it is shown."""
        return self.display.colored(ab, seen.L, seen.model.stride)

    def result(self, name: str, look: Look) -> Result:
        """What a model, that has seen the image, makes of it: made anew only if it differs."""
        seen = self.seen[name]
        of = (look if seen.classifies else None, seen.choices)
        if name not in self._results or self._results[name][0] != of:
            ab = seen.ab(look)
            self._results[name] = of, Result(name, seen, ab, jpeg(self.shown(seen, ab)))
        return self._results[name][1]

    def download(self, seen: Seen | Fixed, look: Look) -> Written:
        """The whole image in color as a file of its format: what `colorize` would write."""
        return written(self._read(), seen, look)

    @property
    def download_name(self) -> str:
        """What the file is called at its way out: nothing in it leads anywhere."""
        return f"{safe_stem(self.name)}-color{self.suffix}"

    @cached_property
    def has_colors(self) -> bool:
        """Whether it is in color, not gray nor toned: then it is the truth."""
        small = self._small
        colors = packed_colors(np.array(small))
        gray = lab_from_rgb(_unit(small))[1:].abs().max() <= GRAY_REACH
        return not gray and not bool(are_toned([colors])[0])

    @cached_property
    def _small(self) -> Image.Image:
        image = self.display.image
        scale = min(1.0, _SCORED / min(image.size))
        return image.resize([max(1, round(side * scale)) for side in image.size])

    @cached_property
    def _reference(self) -> Reference:
        rgb = torch.from_numpy(np.array(self._small)).movedim(-1, 0)[None]
        lab = lab_from_rgb(_unit(self._small))[None]
        return Reference([self.name], lab[:, :1], lab[:, 1:], rgb, Gamut.srgb())

    @torch.inference_mode()
    def scores(self, seen: Seen | Fixed, ab: Float[Tensor, "1 2 h w"]) -> list[Score]:
        """How near the colors come to the true ones, at a short side of 192 pixels."""
        true = self._reference
        page = image_io.of_rgb(np.array(self._small)).pages[0]
        colors = enlarged(ab, seen.L, seen.model.stride, page, ColorizeConfig())
        large = colors.rows(slice(0, page.height), true.L)
        values = Tally.of(true, large, compose(true.L, large)).values
        told = {
            "auc_raw": ("raw AuC", "{:.1f}"),
            "delta_e": ("ΔE", "{:.1f}"),
            "psnr": ("PSNR", "{:.1f} dB"),
            "ssim": ("SSIM", "{:.3f}"),
            "colorfulness": ("colorfulness", "{:.0f}"),
        }
        return [
            Score(name, float(values[key][0]), how.format(values[key][0]))
            for key, (name, how) in told.items()
        ]


def written(file: OriginalFile, seen: Seen | Fixed, look: Look) -> Written:
    """A file painted in the colors of what a model saw of its first page."""
    page = file.pages[0]
    colors = enlarged(seen.ab(look), seen.L, seen.model.stride, page, ColorizeConfig())
    made = image_io.encode_original(file, colors=[colors.rows])
    return made._replace(notes=[*file.notes, *made.notes])


def safe_stem(name: str) -> str:
    """The name of a file without its folder and suffix, of letters that mean nothing to a disk.

    >>> safe_stem("../../etc/My photo: 1.jpg")
    'My photo_ 1'
    """
    stem = PurePosixPath(name.replace("\\", "/")).stem
    return re.sub(r"[^\w\-. ()]", "_", stem).strip(". ")[:_MOST_NAME] or "image"


def _unit(image: Image.Image) -> Float[Tensor, "3 H W"]:
    return torch.from_numpy(np.array(image)).movedim(-1, 0).float() / 255
