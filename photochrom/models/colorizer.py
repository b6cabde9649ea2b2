"""A model as people use it: network, gamut and temperature; its files are `saved`'s."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from photochrom.config import Architecture, ColorizeConfig, Decoder
from photochrom.errors import ModelError
from photochrom.models.image_types import ImageLike, in_color
from photochrom.models.io.checkpoint import (
    CONFIG,
    WEIGHTS,
    locate,
    read_config,
    read_weights,
    write_model,
)
from photochrom.models.unet import UNet
from photochrom.quantize import AB_LIMIT, Gamut, decode_features
from photochrom.rendering.input_size import scaled

AB_SCALE = 100.0  # a linear head gives ab / 100, so that its weights start near its range


def exact(features: Tensor) -> Tensor:
    """Return features in float32, or as they are in float64: what every head computes in.

    In bfloat16 the logits of a classifier and the ab of a regression would be rounded to 8 bits,
    steps of 0.4 ab units for the latter.
    """
    return features if features.dtype == torch.float64 else features.float()


class Colorizer(nn.Module):
    """L → ab. Its gamut is a buffer and its temperature a value: a model needs no other file."""

    bins: Tensor

    def __init__(
        self,
        architecture: Architecture,
        gamut: Gamut,
        *,
        temperature: float = 0.38,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.temperature = temperature
        self.gain = gain
        """Factor of a regression's ab, chosen after training."""
        self.gamut = gamut
        self.register_buffer("bins", gamut.bins.clone())
        outputs = len(gamut) if architecture.method == "classification" else 2
        self.network = UNet(outputs, architecture)
        self.parameters_count = sum(p.numel() for p in self.network.parameters())

    @property
    def size(self) -> int:
        """The short side that it was trained on, in pixels."""
        return self.architecture.size

    @property
    def stride(self) -> int:
        """How many of L's pixels are one of its ab, across and down."""
        return self.architecture.stride

    @property
    def method(self) -> str:
        """`classification` or `regression`."""
        return self.architecture.method

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
        # Imports torch's compiler, more than a second: whoever only colorizes need not wait.
        from photochrom.quantize.differentiable_decode import annealed_mean_of_features

        head = self.network.head
        assert head.bias is not None
        weight = head.weight.flatten(1)
        with torch.autocast(features.device.type, enabled=False):
            ab: Tensor = annealed_mean_of_features(
                exact(features), weight, head.bias, self.gamut, self.temperature
            )
        return ab

    def regressed(self, features: Float[Tensor, "B C h w"]) -> Float[Tensor, "B 2 h w"]:
        """Return the ab of a regression network; the head computes in float32 at least."""
        with torch.autocast(features.device.type, enabled=False):
            out: Tensor = self.network.head(exact(features))
        if self.architecture.head == "tanh":
            return self.gain * AB_LIMIT * torch.tanh(out)
        return self.gain * AB_SCALE * out

    def forward(
        self,
        images: ImageLike | Sequence[ImageLike],
        *,
        temperature: float | None = None,
        decoder: Decoder = "annealed",
        input_size: int | None = None,
        upsample: Literal["guided", "bilinear"] = "guided",
    ) -> ImageLike | list[ImageLike]:
        """Images in color, of their own size and L, as what they came as.

        - A Pillow image of any mode gives one in RGB, or RGBA if it has alpha: 8 bits a channel,
          sRGB, lying as it lay.
        - An array (H, W), (H, W, C) or, a batch, (B, H, W, C) gives one with C of 3, or 4 if it
          has alpha (C of 2 or 4); a tensor (H, W), (C, H, W) or (B, C, H, W) likewise. Both
          keep their type: uint8, uint16, or floats in 0–1.
        - A list gives a list.

        Colors that come in are ignored. The flags are those of `photochrom colorize`.
        `ValueError` says what is no image.

        >>> from PIL import Image
        >>> colorizer = Colorizer.load("photochrom")
        >>> gray = Image.new("L", (64, 48), 128)
        >>> color = colorizer(gray)
        >>> color.mode, color.size
        ('RGB', (64, 48))
        """
        config = ColorizeConfig(
            temperature=temperature, decoder=decoder, input_size=input_size, upsample=upsample
        )
        return in_color(images, self, config)

    def small(
        self, L: Float[Tensor, "B 1 H W"], temperature: float | None, how: Decoder
    ) -> Float[Tensor, "B 2 h w"]:
        """ab of L in 0–100 at 1 / stride of its size, on the CPU."""
        return self.decoded(self.features(L.to(self.bins.device)), temperature, how).cpu()

    def ab(
        self,
        L: Float[Tensor, "B 1 H W"],
        temperature: float | None = None,
        how: Decoder = "annealed",
    ) -> Float[Tensor, "B 2 H W"]:
        """ab of L in 0–100, whatever its size; `temperature` and `how` matter to a classifier.

        A classifier's has no gradient: see `photochrom.quantize.decode_features`.
        """
        return self.colors(self.features(L), L, temperature, how)

    def predict(
        self,
        L: Float[Tensor, "B 1 H W"],
        temperature: float | None = None,
        how: Decoder = "annealed",
    ) -> Float[Tensor, "B 2 H W"]:
        """`ab` for L of any size, scaled to the short side that it was trained on.

        Of a larger image the network would see less of each thing than it has learned from,
        and color it in patches. ab comes back by bilinear interpolation.
        """
        ab = self.ab(self.working(L), temperature, how)
        return self.as_large_as(ab, L)

    def working(self, L: Float[Tensor, "B 1 H W"]) -> Float[Tensor, "B 1 _ _"]:
        """L as the network is given it: see `photochrom.rendering.input_size.working_side`."""
        return scaled(L, self.size, self.stride)

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
        """`ab` of the features of L."""
        return self.full_size(self.decoded(features, temperature, how), L)

    def decoded(
        self,
        features: Float[Tensor, "B C h w"],
        temperature: float | None = None,
        how: Decoder = "annealed",
    ) -> Float[Tensor, "B 2 h w"]:
        """ab at the network's own size, 1 / stride of its input's."""
        if self.architecture.method == "regression":
            return self.regressed(features).float()
        annealed = self.temperature if temperature is None else temperature
        at = {"annealed": annealed, "mode": 0.0, "mean": 1.0}[how]
        return self.decode(features, [at])[0]

    def save(
        self, folder: Path, training: dict[str, Any], *, half: bool = False, **more: Any
    ) -> None:
        """Write the model; `training` says how it was made and is kept beside it, as is `more`.

        `half` is `write_model`'s.
        """
        tensors = self.state_dict()
        tensors["bins"] = self.gamut.bins  # the buffer may have drifted in a mean of weights
        told = {
            "network": asdict(self.architecture),
            "temperature": self.temperature,
            "gain": self.gain,
            "bins": len(self.bins),
            "step": self.gamut.step,
            "training": training,
            **more,
        }
        write_model(folder, tensors, told, half=half)

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
                colorizer = Colorizer(
                    architecture,
                    gamut,
                    temperature=config["temperature"],
                    gain=config.get("gain", 1.0),
                )
            colorizer.load_state_dict(tensors, assign=True)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError(
                f"{locate(model)}/{WEIGHTS}: expected the weights that {CONFIG} describes, got a "
                f"damaged file or another network's ({reason})"
            ) from None
        # Convolutions of this layout take a CPU a fifth less time; torch's stubs do not know it.
        return colorizer.float().eval().to(memory_format=torch.channels_last)  # type: ignore
