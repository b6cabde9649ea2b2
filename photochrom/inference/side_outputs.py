"""What only a classifier offers beside an image in color: entropy, palette, alternatives.

All of them are of a file's first page, and of the features that its own colors are decoded from.
"""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from photochrom import image_io
from photochrom.config import ColorizeConfig, Decoder, ExtrasConfig
from photochrom.errors import OutputError
from photochrom.image_io import OriginalFile, Page
from photochrom.models import Colorizer
from photochrom.rendering.predict import Enlarged, Model, enlarged, predicted
from photochrom.sampling import LikelyColor, alternatives, entropy, entropy_image, palette


@dataclass(frozen=True, eq=False)
class Extras:
    """Of one image, small still."""

    alternatives: tuple[Enlarged, ...] = ()
    entropy: Float[Tensor, "1 1 h w"] | None = None
    palette: list[dict[str, Any]] | None = None
    notes: tuple[str, ...] = ()
    """What could not be told."""

    def files(
        self, file: OriginalFile, format: str, quality: int | None
    ) -> list[Callable[[], bytes]]:
        """What makes each file, in the order of `outputs.extras_of`; the pages stay as they are.

        Pixels are copied when an alternative is made, so that one copy is there at a time.
        """
        page = file.pages[0]
        each = [partial(_painted, file, colors, format, quality) for colors in self.alternatives]
        made: list[Callable[[], bytes]] = [*each]
        if self.entropy is not None:
            made.append(partial(_gray, self.entropy, (page.height, page.width)))
        if self.palette is not None:
            made.append(partial(_json, self.palette))
        return made


def check(model: Model, extras: ExtrasConfig) -> None:
    """`ValueError` where something is asked that the model cannot tell."""
    if extras.asked and _classifier(model) is None:
        flags, needs = ", ".join(extras.asked), "needs" if len(extras.asked) == 1 else "need"
        raise OutputError(
            f"{flags} {needs} the distributions of a classifier, got a model that gives one color "
            "a pixel: name another by --model"
        )


def colors_and_extras(
    pages: Sequence[Page], model: Model, config: ColorizeConfig, extras: ExtrasConfig
) -> tuple[list[Enlarged], Extras]:
    """`predicted` of all pages, and what is asked of the first: the network's part.

    The network sees each page once, whatever is asked.
    """
    classifier = _classifier(model)
    if not extras.asked or classifier is None:
        return predicted(pages, model, config), Extras()
    watched = _Watched(classifier)
    colors = predicted(pages, watched, config)
    with torch.inference_mode():
        return colors, _extras(pages, watched, config, extras)


def _classifier(model: Model) -> Colorizer | None:
    if isinstance(model, Colorizer) and model.architecture.method == "classification":
        return model
    return None


class _Watched:
    """A classifier, and what its head saw of the first page."""

    features: Float[Tensor, "1 C h w"]
    L: Float[Tensor, "1 1 H W"]

    def __init__(self, classifier: Colorizer) -> None:
        self.classifier = classifier
        self.size, self.stride = classifier.size, classifier.stride
        weight, bias = classifier.network.head.weight, classifier.network.head.bias
        assert bias is not None
        self.head = (weight.flatten(1), bias)

    def small(
        self, L: Float[Tensor, "B 1 H W"], temperature: float | None, how: Decoder
    ) -> Float[Tensor, "B 2 h w"]:
        """As `Colorizer.small`."""
        features = self.classifier.features(L.to(self.classifier.bins.device))
        if not hasattr(self, "features"):
            self.features, self.L = features[:1], L[:1]
        return self.classifier.decoded(features, temperature, how).cpu()


def _extras(
    pages: Sequence[Page], watched: _Watched, config: ColorizeConfig, extras: ExtrasConfig
) -> Extras:
    notes: list[str] = []
    if len(pages) > 1:
        notes.append("what lies beside its output is of its first page")
    return Extras(
        _alternatives(pages[0], watched, config, extras) if extras.alternatives else (),
        _bits(watched) if extras.entropy else None,
        _palette(pages[0], watched, extras.points, notes) if extras.palette else None,
        tuple(notes),
    )


def _alternatives(
    page: Page, watched: _Watched, config: ColorizeConfig, extras: ExtrasConfig
) -> tuple[Enlarged, ...]:
    classifier, L = watched.classifier, watched.L
    made = alternatives(
        watched.features,
        *watched.head,
        classifier.gamut,
        L.to(watched.features.device),
        extras.alternatives,
        seed=extras.seed,
    )
    return tuple(enlarged(ab, L, watched.stride, page, config) for ab in made.cpu())


def _bits(watched: _Watched) -> Float[Tensor, "1 1 H W"]:
    """Entropy at the size of the L that the network saw, which its padding goes beyond."""
    bits = entropy(watched.features, *watched.head).cpu()
    height, width = watched.L.shape[-2:]
    large: Tensor = F.interpolate(bits, scale_factor=watched.stride, mode="nearest")
    return large[..., :height, :width]


def _palette(
    page: Page, watched: _Watched, points: Sequence[tuple[int, int]], notes: list[str]
) -> list[dict[str, Any]]:
    height, width = watched.L.shape[-2:]
    told = []
    for x, y in points:
        if x >= page.width or y >= page.height:
            notes.append(f"{page.width} × {page.height} pixels: has no point {x},{y}")
            continue
        row = y * height // page.height // watched.stride
        column = x * width // page.width // watched.stride
        one = watched.features[0, :, row : row + 1, column : column + 1]
        L = page.lightness(slice(y, y + 1))[0, ..., x : x + 1]
        found = palette(one, *watched.head, watched.classifier.gamut, L, (0, 0))
        told.append({"point": [x, y], "L": round(L.item(), 2), "colors": list(map(_plain, found))})
    return told


def _plain(color: LikelyColor) -> dict[str, Any]:
    a, b = color.ab
    return {
        "probability": round(color.probability, 4),
        "ab": [round(a, 2), round(b, 2)],
        "rgb": list(color.rgb),
    }


def _painted(file: OriginalFile, colors: Enlarged, format: str, quality: int | None) -> bytes:
    alone = replace(file, pages=[file.pages[0].copy()])
    return image_io.encode_original(
        alone, format=format, quality=quality, colors=[colors.rows]
    ).data


def _gray(bits: Float[Tensor, "1 1 H W"], size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(entropy_image(bits, size)[0, 0].numpy()).save(buffer, "PNG")
    return buffer.getvalue()


def _json(told: list[dict[str, Any]]) -> bytes:
    lines = ",\n".join(json.dumps(one) for one in told)  # a line a point
    return f"[\n{lines}\n]\n".encode()
