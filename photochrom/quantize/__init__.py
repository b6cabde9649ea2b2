"""The ab gamut, the encoding of colors as distributions over it, and the way back."""

from photochrom.quantize.chunked_decode import decode_features as decode_features
from photochrom.quantize.decode import (
    annealed_mean as annealed_mean,
    mean as mean,
    mode as mode,
    soft_mean as soft_mean,
)
from photochrom.quantize.encode import (
    SoftBins as SoftBins,
    hard_encode as hard_encode,
    soft_encode as soft_encode,
)
from photochrom.quantize.gamut import AB_LIMIT as AB_LIMIT, Gamut as Gamut
from photochrom.quantize.nearest import nearest_bins as nearest_bins
