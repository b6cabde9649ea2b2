"""One page of an original: its lightness out, its colors in."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from photochrom.color.gamut_mapping import brought_within, linear_and_outside
from photochrom.errors import ImageError
from photochrom.image_io.pixels import BytePixels, Depth, Encoded, Pixels, rows_of_strip
from photochrom.runtime.threads import in_threads

_TOGETHER = 2  # strips that one thread paints at once; fewer are done before it has begun

Colors = Callable[[slice, Float[Tensor, "1 1 h W"]], Float[Tensor, "1 2 h W"]]
"""ab of some rows of a page, whose L is given."""


@dataclass(eq=False)
class Page:
    """A page's pixels in sRGB, upright; worked on in strips, so that memory stays bounded."""

    pixels: Pixels = field(repr=False)
    dpi: tuple[float, float] | None = None
    """Across and down."""
    white: float = 1.0
    """Of floats: the value in the file that is white."""
    compressed: bool = True
    """False for a TIFF page that lay plain in its file."""
    _kept: dict[int, Float[Tensor, "1 1 _ W"]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )  # L of strips that are not painted yet, by their first row

    @property
    def height(self) -> int:
        """Of the upright page, in pixels."""
        return self.pixels.height

    @property
    def width(self) -> int:
        """Of the upright page, in pixels."""
        return self.pixels.width

    @property
    def depth(self) -> Depth:
        """8 or 16 bits a channel, or 32 for floats."""
        return self.pixels.depth

    @property
    def alpha(self) -> bool:
        """Whether the page has an alpha channel; it is never changed."""
        return self.pixels.alpha

    def strips(self, rows: slice = slice(None)) -> list[slice]:
        """Rows in order, some at a time, by default all: what is made of so many stays in cache."""
        rows = self._within(rows)
        step = rows_of_strip(self.height, self.width)
        return [
            slice(top, min(top + step, rows.stop)) for top in range(rows.start, rows.stop, step)
        ]

    def groups(self) -> list[slice]:
        """All rows in order, some strips at a time, which are painted together."""
        every = self.strips()
        some = [every[at : at + _TOGETHER] for at in range(0, len(every), _TOGETHER)]
        return [slice(group[0].start, group[-1].stop) for group in some]

    def threads(self, most: int | None = None) -> int:
        """How many threads are worth their while for its strips; of torch's own by default."""
        return min(most or torch.get_num_threads(), len(self.strips()) // _TOGETHER)

    def lightness(self, rows: slice) -> Float[Tensor, "1 1 h W"]:
        """L of some rows, 0–100, also of a page in color."""
        rows = self._within(rows)
        kept = self._kept.get(rows.start)
        if kept is not None and kept.shape[-2] == rows.stop - rows.start:
            return kept
        L = [self.pixels.lightness(strip) for strip in self.strips(rows)]
        return (torch.cat(L, dim=-2) if len(L) > 1 else L[0])[None]

    def scaled_lightness(self, short: float, *, keep: bool = False) -> Float[Tensor, "1 1 h w"]:
        """L of the whole page, its short side scaled to `short`.

        With `keep` the L of each strip, four bytes a pixel, is remembered until it is painted.

        Equal, to float32's rounding, to `F.interpolate(antialias=True)` of the whole L. That
        filter is separable: strips are scaled across at once, and what is left of them down.
        """
        scale = short / min(self.height, self.width)
        height, width = (max(1, round(side * scale)) for side in (self.height, self.width))

        def across(rows: slice) -> Tensor:
            L = self.lightness(rows)
            if keep and self.pixels.gray is None:
                self._kept[rows.start] = L
            return _resized(L, rows.stop - rows.start, width)

        narrow = in_threads(across, self.strips(), self.threads())
        return _resized(torch.cat(narrow, dim=-2), height, width)

    def paint(self, rows: slice, ab: Float[Tensor, "1 2 h W"]) -> None:
        """Replace the colors of some rows, in place; each pixel's L and alpha stay.

        Where ab lies outside sRGB it loses chroma. L moves by what rounding to the depth does.
        """
        rows = self._within(rows)
        expected = (1, 2, rows.stop - rows.start, self.width)
        if ab.shape != expected:
            raise ImageError(f"expected ab of shape {expected} for these rows, got {(*ab.shape,)}")
        made = self._encoded(rows, lambda strip, _: ab[..., _from(rows, strip), :])
        self.pixels.put(rows, made)
        self._forget(rows)

    def paint_by(self, colors: Colors, threads: int | None = None) -> None:
        """`paint` all rows by ab that `colors` is asked for, in so many threads."""

        def some(rows: slice) -> None:
            self.pixels.put(rows, self._encoded(rows, colors))
            self._forget(rows)

        in_threads(some, self.groups(), self.threads(threads))

    def painted(self, rows: slice, colors: Colors) -> Image.Image:
        """Some rows of an 8-bit page as `paint_by` would make them; the page stays as it is."""
        assert isinstance(self.pixels, BytePixels)
        rows = self._within(rows)
        strip = self.pixels.strip(self._encoded(rows, colors))
        self._forget(rows)
        return strip

    @torch.inference_mode()
    def _encoded(self, rows: slice, colors: Colors) -> Encoded:
        """Some rows in color as the page keeps them, one strip after the other."""
        encoded, outside, began = [], [], 0
        for strip in self.strips(rows):
            L = self.lightness(strip)
            linear, left = linear_and_outside(L, colors(strip, L).float())
            encoded.append(self.pixels.encoded(linear))
            outside.append(left._replace(places=left.places + began))
            began += linear.shape[1]
        pixels = torch.cat(encoded, dim=1) if len(encoded) > 1 else encoded[0]
        places = torch.cat([left.places for left in outside])
        pixels[:, places] = self.pixels.encoded(brought_within(outside))
        return pixels

    def copy(self) -> "Page":
        """The same page with pixels of its own, to be painted in other colors."""
        page = replace(self, pixels=self.pixels.copy())
        page._kept.update(self._kept)
        return page

    def _forget(self, rows: slice) -> None:
        """Let go the L of strips that are, in part, among these rows."""
        for start, L in list(self._kept.items()):  # other threads forget theirs meanwhile
            if start < rows.stop and start + L.shape[-2] > rows.start:
                self._kept.pop(start, None)

    def _within(self, rows: slice) -> slice:
        start, stop, step = rows.indices(self.height)
        if step != 1 or stop <= start:
            raise ImageError(f"expected some of {self.height} rows in order, got {rows}")
        return slice(start, stop)


def _from(rows: slice, strip: slice) -> slice:
    """A strip counted from where `rows` start."""
    return slice(strip.start - rows.start, strip.stop - rows.start)


def _resized(L: Float[Tensor, "1 1 _ _"], height: int, width: int) -> Float[Tensor, "1 1 _ _"]:
    if L.shape[-2:] == (height, width):
        return L
    return F.interpolate(L, (height, width), mode="bilinear", antialias=True)
