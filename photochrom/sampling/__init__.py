"""What a distribution of colours offers beyond one colour: doubt, likely colours, alternatives."""

from photochrom.quantize.entropy import entropy as entropy, entropy_picture as entropy_picture
from photochrom.sampling.diverse import alternatives as alternatives
from photochrom.sampling.palette import LikelyColor as LikelyColor, palette as palette
from photochrom.sampling.recolor import (
    Choice as Choice,
    recolored as recolored,
    region as region,
)
