"""What must be known to build a network before its weights are loaded."""

from dataclasses import dataclass, fields
from typing import Literal

from photochrom.config.checks import at_least, goes_with, one_of, share

Method = Literal["classification", "regression"]
EncoderName = Literal["unet", "vgg16", "lite0"]
Norm = Literal["batch", "instance", "group", "none"]
Activation = Literal["relu", "leaky-relu"]


@dataclass(frozen=True)
class NetworkConfig:
    """The network, whatever comes out of its head."""

    width: int = 32
    """Channels of the U-Net at full size; each level below doubles them."""
    size: int = 128
    """Short side that an image is scaled to: by the model, and before a crop in training."""
    encoder: EncoderName = "unet"
    """The U-Net's own, VGG16's convolutions, or EfficientNet-Lite0."""
    pooling: Literal["max", "strided"] = "max"
    """How the U-Net's own encoder halves: 3 × 3 convolution and max-pool, or 4 × 4 by stride 2."""
    up: Literal["transposed", "upsample"] = "transposed"
    """How the decoder doubles: transposed convolution, or nearest neighbor and convolution."""
    skips: bool = True
    """Hand the encoder's maps across to the decoder."""
    norm: Norm = "batch"
    """Normalization after each convolution."""
    activation: Activation = "relu"
    """Activation on the way down; leaky-relu has slope 0.2."""
    up_activation: Activation = "relu"
    """Activation on the way up."""
    dropout: float = 0.0
    """Share of values dropped in the two deepest blocks of the decoder while it trains."""
    head: Literal["linear", "tanh"] = "linear"
    """A regression's ab: any value, or within ±110 by tanh."""
    stride: Literal[1, 2, 4] = 1
    """The network's ab is smaller than its image by this, and enlarged by interpolation."""

    def __post_init__(self) -> None:
        at_least("width", self.width, 1)
        at_least("size", self.size, 1)
        share("dropout", self.dropout)
        one_of("stride", self.stride, (1, 2, 4))
        if self.encoder != "unet" and self.pooling != "max":
            goes_with("pooling", self.pooling, "--encoder unet", self.encoder)
        if self.up == "upsample" and self.pooling == "strided":
            goes_with("up", self.up, "--pooling max", self.pooling)


@dataclass(frozen=True)
class Architecture(NetworkConfig):
    """The network and its head."""

    method: Method = "classification"
    """Distributions over the gamut's bins, or ab itself."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.head == "tanh" and self.method != "regression":
            goes_with("head", self.head, "--method regression", self.method)

    @staticmethod
    def of(config: "Architecture") -> "Architecture":
        """What a training's config says of the network, and no more."""
        return Architecture(**{f.name: getattr(config, f.name) for f in fields(Architecture)})
