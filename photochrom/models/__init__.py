"""Networks, and the colorizer that makes a model of one."""

from photochrom.models.colorizer import AB_SCALE as AB_SCALE, Colorizer as Colorizer, exact as exact
from photochrom.models.discriminators import (
    PatchDiscriminator as PatchDiscriminator,
    PooledDiscriminator as PooledDiscriminator,
)
from photochrom.models.encoders.base import freeze as freeze
from photochrom.models.encoders.weights import read_encoder_weights as read_encoder_weights
from photochrom.models.io.checkpoint import (
    card as card,
    is_finished as is_finished,
    locate as locate,
    names as names,
    read_config as read_config,
    summary as summary,
)
from photochrom.models.io.registry import described as described, find_models as find_models
from photochrom.models.layers import init_normal as init_normal
from photochrom.models.onnx.runtime import (
    AnyColorizer as AnyColorizer,
    OnnxColorizer as OnnxColorizer,
    load_model as load_model,
)
from photochrom.models.unet import UNet as UNet
