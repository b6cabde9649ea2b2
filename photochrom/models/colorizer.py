"""A model as people use it: network, gamut and temperature; its files are `saved`'s."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.config import Architecture
from photochrom.files import write_json, write_whole
from photochrom.models.saved import (
    CONFIG,
    FORMAT,
    VERSION,
    WEIGHTS,
    checksum,
    locate,
    read_config,
    read_weights,
)
from photochrom.models.unet import UNet
from photochrom.quantize import AB_LIMIT, Gamut, decode_features
from photochrom.quantize.annealed import annealed_mean_of_features

Decoder = Literal["annealed", "mode", "mean"]
_OF_CONVOLUTIONS = 4  # axes of their weights: out, in, height, width
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
        return reduced(L, self.architecture.size)

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

    def save(
        self, folder: Path, training: dict[str, Any], *, half: bool = False, **more: Any
    ) -> None:
        """Write the model; `training` says how it was made and is kept beside it, as is `more`.

        With `half` the weights of convolutions are written in 16 bit. Norms, biases and bins
        stay in 32: they are few, and variances may leave the range of 16.
        """
        tensors = {
            name: value.half() if half and value.ndim == _OF_CONVOLUTIONS else value
            for name, value in self.state_dict().items()
        }
        data = save({name: value.contiguous() for name, value in tensors.items()})
        config = {
            "format": FORMAT,
            "version": VERSION,
            "network": asdict(self.architecture),
            "temperature": self.temperature,
            "bins": len(self.bins),
            "step": self.gamut.step,
            "sha256": checksum(data),
            "training": training,
            **more,
        }
        write_json(folder / CONFIG, config)
        write_whole(folder / WEIGHTS, data)

    @staticmethod
    def load(model: str | Path) -> "Colorizer":
        """A model that comes with photochrom, in a run's folder or at a URL, ready to use.

        `ValueError` says what is wrong with it.
        """
        config = read_config(model)
        tensors = read_weights(model, config)
        try:
            architecture = Architecture(**config["network"])
            gamut = Gamut(tensors["bins"], config["step"])
            with torch.device("meta"):  # takes no memory, whatever a config asks for
                colorizer = Colorizer(architecture, gamut, temperature=config["temperature"])
            colorizer.load_state_dict(tensors, assign=True)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"{locate(model)}/{WEIGHTS}: expected the weights that {CONFIG} describes, got a "
                f"damaged file or another network's ({reason})"
            ) from None
        return colorizer.float().eval()


def reduced(L: Float[Tensor, "B 1 H W"], side: int) -> Float[Tensor, "B 1 _ _"]:
    """L with a short side of `side`, or as it is if that is smaller."""
    height, width = L.shape[-2:]
    scale = min(1.0, side / min(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    return F.interpolate(L, size, mode="bilinear", antialias=True)
