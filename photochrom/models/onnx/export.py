"""A model as one ONNX file, for programs without torch: `models.exported` tells what is in it.

The exporter is the one that traces, by TorchScript: deprecated, but there in every torch from 2.4
to 2.15, and without further packages. The newer one, by torch.export, has no free sizes in
torch 2.4, and needs a release of onnxscript that suits the one of torch.
"""

import contextlib
import logging
import math
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

import photochrom
from photochrom.errors import ModelError
from photochrom.models import Colorizer, locate, read_config
from photochrom.models.fuse import folded
from photochrom.models.io.cache import checksum
from photochrom.models.onnx.metadata import ENDING, ONNX_FORMAT, ONNX_VERSION
from photochrom.storage.atomic import write_whole

_OPSET = 17  # torch 2.4 writes up to 20; 17 is what onnxruntime has read since 2022
_FREE = {0: "batch", 2: "height", 3: "width"}
_FREE_SMALL = {0: "batch", 2: "small_height", 3: "small_width"}
_LARGE = 10_000  # weights; smaller convolutions are 2 % of a network, and suffer most in 8 bits


def export(
    model: str | Path, path: Path, *, temperature: float | None = None, int8: bool = False
) -> None:
    """Write what `Colorizer.load` takes as an ONNX file that gives the same ab, to rounding.

    A classifier's is the annealed mean at `temperature`, by default the model's own. Unlike
    `Colorizer.ab` the graph holds the distribution of every pixel of the head at once.
    With `int8` the weights and inputs of large convolutions are rounded to 8 bits, the inputs
    by the range that each image has ("dynamic quantization").

    `ValueError` where the path does not end in .onnx, for a temperature that is not positive or
    that a regression cannot have, and where onnx is not installed.
    """
    if path.suffix != ENDING:
        raise ModelError(f"{path}: expected an output that ends in {ENDING}, got {path.suffix!r}")
    if temperature is not None and not 0 < temperature < math.inf:
        raise ModelError(f"temperature must be positive, got {temperature:g}")
    onnx = _onnx()
    colorizer = Colorizer.load(model)
    if temperature is not None and colorizer.architecture.method == "regression":
        raise ModelError(
            f"{locate(model)}: expected no temperature for a regression, got {temperature:g}"
        )
    if temperature is not None:
        colorizer.temperature = temperature
    if not int8:  # transposed convolutions stay in 32 bit, and have more weights
        colorizer.network = folded(colorizer.network)
    graph = _graph(colorizer, int8=int8)
    metadata = onnx.ModelProto()
    onnx.helper.set_model_props(metadata, _told(model, colorizer, graph))
    write_whole(path, graph + metadata.SerializeToString())  # protobuf reads both as one message


def _told(model: str | Path, colorizer: Colorizer, graph: bytes) -> dict[str, str]:
    """The metadata."""
    told = {
        "format": ONNX_FORMAT,
        "version": ONNX_VERSION,
        "model": Path(locate(model)).name,
        "label": str(read_config(model).get("training", {}).get("label", "")),
        "size": str(colorizer.size),
        "stride": str(colorizer.stride),
        "method": colorizer.architecture.method,
        "photochrom": photochrom.__version__,
        "bytes": str(len(graph)),
        "sha256": checksum(graph),
    }
    if colorizer.architecture.method == "classification":
        told["temperature"] = repr(colorizer.temperature)
    return told


class _Graph(nn.Module):
    """`Colorizer.ab` and `Colorizer.small` by operations that ONNX has."""

    def __init__(self, colorizer: Colorizer) -> None:
        super().__init__()
        self.colorizer = colorizer

    def forward(
        self, L: Float[Tensor, "B 1 H W"]
    ) -> tuple[Float[Tensor, "B 2 H W"], Float[Tensor, "B 2 h w"]]:
        small = self.small(self.colorizer.features(L))
        return self.colorizer.full_size(small, L), small

    def small(self, features: Float[Tensor, "B C h w"]) -> Float[Tensor, "B 2 h w"]:
        colorizer = self.colorizer
        if colorizer.architecture.method == "regression":
            return colorizer.regressed(features)
        # `quantize.annealed_mean`, with the bins as the last axis: twice as fast in onnxruntime.
        head = colorizer.network.head
        rows = features.flatten(2).transpose(1, 2)  # B P C
        z = F.linear(rows, head.weight.flatten(1), head.bias)  # B P Q
        ab = torch.softmax(z / colorizer.temperature, dim=-1) @ colorizer.bins  # B P 2
        batch, _, height, width = features.shape
        return ab.transpose(1, 2).reshape(batch, 2, height, width)


def _graph(colorizer: Colorizer, *, int8: bool) -> bytes:
    """The ONNX file, without metadata."""
    # Sides of an odd size, which are neither alike nor whole multiples of a stride.
    example = torch.zeros(2, 1, 97, 131)
    with tempfile.TemporaryDirectory() as folder, _silence():
        path = f"{folder}/graph.onnx"
        torch.onnx.export(
            _Graph(colorizer).eval(),
            (example,),
            path,
            input_names=["L"],
            output_names=["ab", "small"],
            dynamic_axes={"L": _FREE, "ab": _FREE, "small": _FREE_SMALL},
            opset_version=_OPSET,
            dynamo=False,
        )
        if int8:
            _quantize(path)
        return Path(path).read_bytes()


def _quantize(path: str) -> None:
    """Replace an ONNX file by one whose large convolutions have 8 bits.

    Depthwise and small ones stay as they are: with them in 8 bits, too, the ab of an
    EfficientNet-Lite0 was off by 9.5 on average, without them by 0.6.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    graph = onnx.load(path).graph
    shapes = {tensor.name: tensor.dims for tensor in graph.initializer}
    quantize_dynamic(
        path,
        path,
        op_types_to_quantize=["Conv"],
        weight_type=QuantType.QUInt8,  # onnxruntime takes four times as long for signed ones
        nodes_to_exclude=[
            node.name
            for node in graph.node
            if node.op_type == "Conv" and not _is_large(shapes[node.input[1]])
        ],
    )


def _is_large(shape: Sequence[int]) -> bool:
    """Of a convolution's weights: outputs, inputs a group, height, width."""
    return shape[1] > 1 and math.prod(shape) >= _LARGE


def _onnx() -> Any:
    try:
        import onnx
        import onnxruntime  # noqa: F401  # what --int8 needs, and what reads the file
    except ModuleNotFoundError as error:
        raise ModelError(
            f"expected onnx and onnxruntime, found no {error.name}: pip install 'photochrom[onnx]'"
        ) from None
    return onnx


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep back what exporter and quantizer say: deprecations, and what they do not fold.

    That traced sizes stay free is what the tests look after, with images of other sizes.
    """
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
