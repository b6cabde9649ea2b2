"""How each stage is done: one frozen dataclass a stage, plain values, no torch.

The defaults stand here and nowhere else; the docstring under a field is the help of its flag.
"""

from photochrom.config.app import AppConfig as AppConfig
from photochrom.config.colorize import ColorizeConfig as ColorizeConfig, Decoder as Decoder
from photochrom.config.evaluation import EvaluateConfig as EvaluateConfig
from photochrom.config.network import (
    Activation as Activation,
    Architecture as Architecture,
    EncoderName as EncoderName,
    Method as Method,
    NetworkConfig as NetworkConfig,
    Norm as Norm,
)
from photochrom.config.prior import (
    PriorConfig as PriorConfig,
    ViewConfig as ViewConfig,
    fitted_bins as fitted_bins,
)
from photochrom.config.serve import ServeConfig as ServeConfig
from photochrom.config.side_outputs import ExtrasConfig as ExtrasConfig
from photochrom.config.study import (
    BUDGETS as BUDGETS,
    IMAGES_SEEN as IMAGES_SEEN,
    OBJECTIVES as OBJECTIVES,
    MethodConfig as MethodConfig,
    SharedConfig as SharedConfig,
    StudyConfig as StudyConfig,
)
from photochrom.config.training import (
    Adversarial as Adversarial,
    GameConfig as GameConfig,
    ProtocolConfig as ProtocolConfig,
    TrainConfig as TrainConfig,
)
