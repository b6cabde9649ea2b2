"""What a distribution of colors offers beyond one color: doubt, likely colors, alternatives."""

from photochrom.quantize.entropy import entropy as entropy, entropy_image as entropy_image
from photochrom.sampling.diverse import alternatives as alternatives
from photochrom.sampling.palette import LikelyColor as LikelyColor, palette as palette
from photochrom.sampling.recolor import (
    Choice as Choice,
    recolored as recolored,
    region as region,
)
