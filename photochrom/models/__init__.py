"""Networks, and the colorizer that makes a model of one."""

from photochrom.models.colorizer import (
    Architecture as Architecture,
    Colorizer as Colorizer,
    Decoder as Decoder,
    is_finished as is_finished,
    read_config as read_config,
)
from photochrom.models.unet import UNet as UNet
