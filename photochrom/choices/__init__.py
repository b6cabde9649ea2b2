"""What a distribution of colours offers beyond one colour: doubt, likely colours, alternatives."""

from photochrom.choices.draws import alternatives as alternatives
from photochrom.choices.likely import LikelyColor as LikelyColor, palette as palette
from photochrom.choices.uncertainty import entropy as entropy, entropy_picture as entropy_picture
