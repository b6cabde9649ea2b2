"""What a distribution of colours offers beyond one colour: doubt, likely colours, alternatives."""

from photochrom.choices.alternatives import alternatives as alternatives
from photochrom.choices.entropy import entropy as entropy, entropy_picture as entropy_picture
from photochrom.choices.palette import LikelyColor as LikelyColor, palette as palette
