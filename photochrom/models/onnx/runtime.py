"""A colorizer as one ONNX file, written by `photochrom export` and run by onnxruntime.

The graph takes L (batch, 1, height, width) in 0–100 and gives "ab" (batch, 2, height, width) and
"small", ab before it is enlarged, of 1 / stride of the size. Batch, height and width are free. What
else is to be known is in its metadata.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from photochrom.config import ColorizeConfig, Decoder
from photochrom.errors import ModelError
from photochrom.models.colorizer import Colorizer
from photochrom.models.fuse import folded
from photochrom.models.image_types import ImageLike, in_color
from photochrom.models.io.cache import checksum
from photochrom.models.onnx.metadata import count, is_exported, number, read_exported, refuse_others
from photochrom.rendering.input_size import scaled

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_ENDS = [(name, "tensor(float)", axes) for name, axes in (("L", 1), ("ab", 2), ("small", 2))]
_SILENT = 4  # onnxruntime's severity "fatal": it raises what it would print besides
_TOGETHER = 2**17  # pixels of the head that go through at once: 160 MB a tensor of 313 bins


class OnnxColorizer:
    """L → ab by an ONNX file, on the CPU: gamut, decoder and temperature are inside."""

    def __init__(self, place: str, session: "InferenceSession") -> None:
        """`ValueError` for a session of another file than `photochrom export` writes."""
        told = session.get_modelmeta().custom_metadata_map
        refuse_others(place, told)
        ends = [
            (end.name, end.type, *end.shape[1:2])
            for end in (*session.get_inputs(), *session.get_outputs())
        ]
        if ends != _ENDS:
            raise ModelError(
                f"{place}: expected a graph from L to ab and small, got {ends}: export it anew"
            )
        self.place = place
        self.label = told.get("label", "")
        self.size = count(place, told, "size")
        self.stride = count(place, told, "stride")
        self.method = told.get("method", "")
        self.temperature = (
            None if self.method == "regression" else number(place, told, "temperature")
        )
        self._session = session

    def __call__(
        self,
        images: ImageLike | Sequence[ImageLike],
        *,
        temperature: float | None = None,
        decoder: Decoder = "annealed",
        input_size: int | None = None,
        upsample: Literal["guided", "bilinear"] = "guided",
    ) -> ImageLike | list[ImageLike]:
        """Images in color, as `Colorizer.forward` gives them, to rounding.

        `ValueError` for a temperature or decoder of a classifier, too.
        """
        config = ColorizeConfig(
            temperature=temperature, decoder=decoder, input_size=input_size, upsample=upsample
        )
        return in_color(images, self, config)

    def small(
        self, L: Float[Tensor, "B 1 H W"], temperature: float | None, how: Decoder
    ) -> Float[Tensor, "B 2 h w"]:
        """As `Colorizer.small`, but `ValueError` for a temperature or decoder of a classifier."""
        return self._run("small", L, temperature, how)

    def predict(
        self,
        L: Float[Tensor, "B 1 H W"],
        temperature: float | None = None,
        how: Decoder = "annealed",
    ) -> Float[Tensor, "B 2 H W"]:
        """As `Colorizer.predict`, but `ValueError` for a temperature or decoder of a classifier."""
        ab = self._run("ab", scaled(L, self.size, self.stride), temperature, how)
        return Colorizer.as_large_as(ab.to(L), L)

    def _run(
        self,
        output: Literal["ab", "small"],
        L: Float[Tensor, "B 1 H W"],
        temperature: float | None,
        how: Decoder,
    ) -> Float[Tensor, "B 2 _ _"]:
        """One output of the graph: enlarging adds nothing to its time that could be measured.

        So many images at a time as have bearably many distributions, or one.
        """
        if reason := self.refusal(temperature, how):
            raise ModelError(f"{self.place}: {reason}")
        pixels = -(-L.shape[-2] // self.stride) * -(-L.shape[-1] // self.stride)
        lots = L.float().cpu().split(max(1, _TOGETHER // pixels))
        made = [self._session.run([output], {"L": lot.numpy()})[0] for lot in lots]
        return torch.cat([torch.from_numpy(ab) for ab in made])

    def refusal(self, temperature: float | None, how: Decoder) -> str | None:
        """Why it cannot give such colors, if it cannot: a regression ignores both."""
        if self.temperature is None or (temperature is None and how == "annealed"):
            return None
        return (
            "expected no temperature and no decoder, as they are inside an ONNX file (temperature "
            f"{self.temperature:g}): export it anew with photochrom export --temperature, or name "
            "the model that it was made from"
        )

    @staticmethod
    def load(place: str | Path) -> "OnnxColorizer":
        """The file at a path or URL, run by as many threads as torch would take.

        `ValueError` says what is wrong with it, or that onnxruntime is not installed.
        """
        path = str(place)
        ort = _onnxruntime()
        data = read_exported(path)
        options = _options(ort)
        try:
            session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's have no class of their own in common
            reason = str(error).splitlines()[0]
            raise ModelError(
                f"{path}: expected an ONNX file of photochrom export, got a damaged one or one "
                f"that this onnxruntime cannot run ({reason})"
            ) from None
        colorizer = OnnxColorizer(path, session)
        told = session.get_modelmeta().custom_metadata_map
        if checksum(data[: count(path, told, "bytes")]) != told.get("sha256"):
            raise ModelError(
                f"{path}: expected the graph whose checksum its metadata tells, got a damaged or "
                "changed one: export it anew"
            )
        return colorizer


AnyColorizer = Colorizer | OnnxColorizer


def load_model(model: str | Path) -> AnyColorizer:
    """What colorizes: an ONNX file (`is_exported`), or what `Colorizer.load` takes, `folded`."""
    if is_exported(str(model)):
        return OnnxColorizer.load(model)
    colorizer = Colorizer.load(model)
    colorizer.network = folded(colorizer.network)
    return colorizer


def _onnxruntime() -> Any:
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise ModelError(
            "expected onnxruntime, which runs .onnx models, found none: "
            "pip install 'photochrom[onnx]'"
        ) from None
    return onnxruntime


def _options(ort: Any) -> Any:
    """How a session runs beside others, and beside threads that paint."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that wait by spinning take cores from those that paint.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Memory is given back after an image: else what the largest one took is held for good.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    # Not its own format, which it would know by its bytes: nobody has looked through that.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.log_severity_level = _SILENT
    return options
