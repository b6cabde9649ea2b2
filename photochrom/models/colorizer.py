"""A model as people use it: network, gamut and temperature in one folder.

    RUN/
    ├── config.json         format, version, network, temperature, how it was trained
    └── model.safetensors   the network's weights, and the gamut's bins as "bins"

`model.safetensors` is written last, so a folder that has it has the whole model. Nothing is
ever unpickled.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.config import Architecture
from photochrom.files import read_json, write_json, write_whole
from photochrom.models.unet import UNet
from photochrom.quantize import AB_LIMIT, Gamut, decode_features
from photochrom.quantize.annealed import annealed_mean_of_features

FORMAT = "photochrom model"
VERSION = 2
Decoder = Literal["annealed", "mode", "mean"]
_AB_SCALE = 100.0  # a linear head gives ab / 100, so that its weights start near its range


class Colorizer(nn.Module):
    """L → ab. Its gamut is a buffer and its temperature a value: a model needs no other file."""

    bins: Tensor

    def __init__(
        self, architecture: Architecture, gamut: Gamut, *, temperature: float = 0.38
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.temperature = temperature
        self.gamut = gamut
        self.register_buffer("bins", gamut.bins.clone())
        outputs = len(gamut) if architecture.method == "classification" else 2
        self.network = UNet(outputs, architecture)

    @property
    def parameters_count(self) -> int:
        """Trained numbers of the network."""
        return sum(p.numel() for p in self.network.parameters())

    def features(self, L: Float[Tensor, "B 1 H W"]) -> Float[Tensor, "B C h w"]:
        """What the head sees: `decode` makes any number of results of it."""
        return self.network.features(L)

    def full_size(
        self, ab: Float[Tensor, "B 2 h w"], L: Float[Tensor, "B 1 H W"]
    ) -> Float[Tensor, "B 2 H W"]:
        """The network's ab, enlarged where its stride made it smaller than L."""
        stride = self.architecture.stride
        if stride == 1:
            return ab
        enlarged: Tensor = F.interpolate(
            ab, scale_factor=stride, mode="bilinear", align_corners=False
        )
        return enlarged[..., : L.shape[-2], : L.shape[-1]]

    def decode(
        self, features: Float[Tensor, "B C h w"], temperatures: Sequence[float]
    ) -> Float[Tensor, "T B 2 h w"]:
        """A classifier's ab at each temperature, 0 for the mode and 1 for the mean."""
        head = self.network.head
        assert head.bias is not None
        weight = head.weight.flatten(1)
        return decode_features(features, weight, head.bias, self.gamut, temperatures)

    def annealed(self, features: Float[Tensor, "B C h w"]) -> Float[Tensor, "B 2 h w"]:
        """A classifier's ab at its own temperature, with a gradient."""
        head = self.network.head
        assert head.bias is not None
        weight = head.weight.flatten(1)
        ab: Tensor = annealed_mean_of_features(
            features, weight, head.bias, self.gamut, self.temperature
        )
        return ab

    def regressed(self, features: Float[Tensor, "B C h w"]) -> Float[Tensor, "B 2 h w"]:
        """The ab of a regression network."""
        out: Tensor = self.network.head(features)
        if self.architecture.head == "tanh":
            return AB_LIMIT * torch.tanh(out)
        return _AB_SCALE * out

    def forward(
        self,
        L: Float[Tensor, "B 1 H W"],
        temperature: float | None = None,
        how: Decoder = "annealed",
    ) -> Float[Tensor, "B 2 H W"]:
        """ab of L in 0–100; `temperature` and `how` matter to a classifier alone.

        A classifier's has no gradient: see `photochrom.quantize.decode_features`.
        """
        return self.colors(self.features(L), L, temperature, how)

    def predict(
        self,
        L: Float[Tensor, "B 1 H W"],
        temperature: float | None = None,
        how: Decoder = "annealed",
    ) -> Float[Tensor, "B 2 H W"]:
        """`forward` for pictures of any size, reduced to the short side that it was trained on.

        Of a larger picture the network would see less of each thing than it has learned from,
        and colour it in patches. ab comes back by bilinear interpolation.
        """
        ab: Tensor = self(self.working(L), temperature, how)
        return self.as_large_as(ab, L)

    def working(self, L: Float[Tensor, "B 1 H W"]) -> Float[Tensor, "B 1 _ _"]:
        """L as the network is given it: reduced to the short side that it was trained on."""
        height, width = L.shape[-2:]
        scale = min(1.0, self.architecture.size / min(height, width))
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        return F.interpolate(L, size, mode="bilinear", antialias=True)

    @staticmethod
    def as_large_as(
        ab: Float[Tensor, "B 2 _ _"], L: Float[Tensor, "B 1 H W"]
    ) -> Float[Tensor, "B 2 H W"]:
        """ab at the size of L."""
        return F.interpolate(ab, L.shape[-2:], mode="bilinear", align_corners=False)

    def colors(
        self,
        features: Float[Tensor, "B C h w"],
        L: Float[Tensor, "B 1 H W"],
        temperature: float | None = None,
        how: Decoder = "annealed",
    ) -> Float[Tensor, "B 2 H W"]:
        """`forward` of the features of L."""
        if self.architecture.method == "regression":
            return self.full_size(self.regressed(features).float(), L)
        annealed = self.temperature if temperature is None else temperature
        at = {"annealed": annealed, "mode": 0.0, "mean": 1.0}[how]
        return self.full_size(self.decode(features, [at])[0], L)

    def save(self, folder: Path, training: dict[str, Any]) -> None:
        """Write the model; `training` says how it was made and is kept beside it."""
        config = {
            "format": FORMAT,
            "version": VERSION,
            "network": asdict(self.architecture),
            "temperature": self.temperature,
            "bins": len(self.bins),
            "step": self.gamut.step,
            "training": training,
        }
        write_json(folder / "config.json", config)
        tensors = {name: value.contiguous() for name, value in self.state_dict().items()}
        write_whole(folder / "model.safetensors", save(tensors))

    @staticmethod
    def load(folder: Path) -> "Colorizer":
        """The model in a run folder, ready to use; `ValueError` says what is wrong with it."""
        config = read_config(folder)
        weights = folder / "model.safetensors"
        if not weights.is_file():
            raise ValueError(
                f"{folder}: expected a finished run with model.safetensors, found none: "
                "continue it with photochrom train … --resume"
            )
        try:
            tensors = load(weights.read_bytes())
            architecture = Architecture(**config["network"])
            gamut = Gamut(tensors["bins"], config["step"])
            colorizer = Colorizer(architecture, gamut, temperature=config["temperature"])
            colorizer.load_state_dict(tensors)
        except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"{weights}: expected the weights that config.json describes, got a damaged file "
                f"or another network's ({reason})"
            ) from None
        return colorizer.eval()


def read_config(folder: Path) -> dict[str, Any]:
    """The `config.json` of a run folder; `ValueError` if the folder is no run of ours."""
    if not folder.is_dir():
        raise ValueError(f"{folder}: expected the folder of a run, found no such folder")
    config = read_json(folder / "config.json", "a run folder with config.json")
    if config.get("format") != FORMAT or config.get("version") != VERSION:
        found = f"{config.get('format')!r} version {config.get('version')!r}"
        raise ValueError(f"{folder}: expected {FORMAT} version {VERSION}, got {found}")
    for name, value, sound in _judged(config):
        if not sound:
            raise ValueError(
                f"{folder / 'config.json'}: expected a {name} as photochrom train writes it, got "
                f"{value!r}: restore the file or train anew"
            )
    return config


def _judged(config: dict[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """Each name of a `config.json` that is relied upon, its value, and whether it is usable."""
    network: Any = config.get("network")
    yield "network", network, isinstance(network, dict)
    hints = get_type_hints(Architecture)
    for name in (field.name for field in fields(Architecture)):
        value = network.get(name)
        kinds = get_args(hints[name])
        yield f"network: {name}", value, value in kinds if kinds else _fits(value, hints[name])
    for name in ("temperature", "step"):
        yield name, config.get(name), _fits(config.get(name), float) and config[name] > 0
    training = config.get("training", {})
    yield "training", training, isinstance(training, dict)
    for name in ("steps", "minutes", "megabytes"):
        value = training.get(name)
        yield f"training: {name}", value, isinstance(value, int | float | None)


def _fits(value: Any, kind: type) -> bool:
    """Whether a value of JSON is a bool, a positive whole number or a finite number."""
    if kind is int:
        return type(value) is int and value > 0
    if kind is float:
        return type(value) in {int, float} and math.isfinite(value)
    return type(value) is kind


def is_finished(folder: Path) -> bool:
    """Whether the run in `folder` has written its model."""
    return (folder / "model.safetensors").is_file()
