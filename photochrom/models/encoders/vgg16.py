"""The convolutions of VGG16, in the layout of torchvision's weights.

Simonyan and Zisserman, "Very Deep Convolutional Networks", ICLR 2015, table 1, column D.

Colorizers that freeze "the first 19 layers of VGG16" count as Keras does: the input,
13 convolutions (each with its ReLU) and 5 poolings, 19 in all, are everything before the
fully connected layers. torchvision counts a ReLU by itself and no input: the same network is
its features.0 … features.30.
"""

from jaxtyping import Float
from torch import Tensor, nn

from photochrom.models.encoders.base import Encoder

_CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
# Of ImageNet's RGB in 0–1, as torchvision's weights were trained with.
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VGG16(Encoder):
    """VGG16 up to its last pooling: 13 convolutions, 14,714,688 parameters.

    The taps are what each pooling sees, and what the last gives. New weights are drawn as
    He et al., "Delving Deep into Rectifiers", ICCV 2015, equation 14, and torchvision draw
    them: without batch normalization, PyTorch's own fade from layer to layer.
    """

    taps = ((1, 64), (2, 128), (4, 256), (8, 512), (16, 512), (32, 512))

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for block in _CHANNELS:
            for outputs in block:
                convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
                nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]  # it has a bias
                layers += [convolution, nn.ReLU(inplace=True)]
                inputs = outputs
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)

    def trunk(self, rgb: Float[Tensor, "B 3 H W"]) -> list[Float[Tensor, "B _ _ _"]]:
        """The taps of (R, G, B) in 0–1 less ImageNet's mean, by its standard deviation."""
        x, outputs = rgb, []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                outputs.append(x)
            x = layer(x)
        return [*outputs, x]

    def forward(self, L: Float[Tensor, "B 1 H W"]) -> list[Float[Tensor, "B _ _ _"]]:
        mean, std = (L.new_tensor(value)[:, None, None] for value in (_MEAN, _STD))
        return self.trunk((L / 100 - mean) / std)
